import t from 'tap'
import { conformance } from '../../../core/adapter/conformance.ts'
import { closeHttpAgents } from '../../../core/adapter/index.ts'
import acme from './adapter.ts'
import { startAcmeSimulator } from './simulator.ts'

t.teardown(() => closeHttpAgents())

await conformance(t, {
  adapter: acme,
  simulator: startAcmeSimulator,
  payments: {
    approved: { type: 'card', token: 'TODO: a token that pays' },
    declined: [{ method: { type: 'card', token: 'TODO: a token that is declined' }, code: 'card_declined' }]
    // redirect: { method: …, complete: (snapshot, simulator) => … }
    // made: (reference, simulator) => how many sessions, links, customers, plans and subscriptions carry it
    // voucher, transfer, inPage, saved, checkout, subscription, dispute: what the simulator can do (docs/adapter-authors.md)
  }
})
