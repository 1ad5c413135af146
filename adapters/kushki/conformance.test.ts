import t from 'tap'
import { conformance } from '../../core/adapter/conformance.ts'
import { closeHttpAgents, type Simulator } from '../../core/adapter/index.ts'
import kushki from './adapter.ts'
import { type KushkiSimulator, startKushkiSimulator } from './simulator.ts'

t.teardown(() => { closeHttpAgents() })
// As long as the runner gives it; alone, tap gives half a minute.
t.setTimeout(560_000)

const card = (name: string) => ({ type: 'card', token: `sim_${name}` })
const at = (simulator: Simulator) => simulator as KushkiSimulator
const ana = { name: 'Ana Pérez', email: 'ana@shop.example', phone: '+573991111111', tax_id: '1099888777' }

await conformance(t, {
  adapter: kushki,
  simulator: () => startKushkiSimulator({ seed: 7 }),
  payments: {
    approved: card('approved'),
    declined: [
      { method: card('declined'), code: 'card_declined' },
      { method: card('funds'), code: 'insufficient_funds' },
      { method: card('cvv'), code: 'incorrect_cvc' },
      { method: card('blocked'), code: 'card_declined' },
      { method: card('fraud'), code: 'fraud_suspected' },
      { method: card('unreachable'), code: 'provider_unavailable' },
      { method: card('unsupported'), code: 'unsupported' },
      { method: card('expired'), code: 'expired_card' },
      { method: card('limit'), code: 'limit_exceeded' },
      { method: card('number'), code: 'invalid_card' }
    ],
    more: { customer: ana },
    sendsNothing: ['create_customer', 'create_plan'],
    made: (reference, simulator) => at(simulator).made(reference),
    voucher: {
      method: { type: 'cash' },
      pay: ({ providerReference }, simulator) => { at(simulator).settle(providerReference) },
      expire: ({ providerReference }, simulator) => { at(simulator).settle(providerReference, 'expiredTransaction') },
      refundable: false
    },
    transfer: { method: { type: 'spei' }, send: ({ providerReference }, _amount, simulator) => { at(simulator).settle(providerReference) }, parts: false },
    saved: { type: 'card', token: 'sim_approved', failing: { token: 'sim_failing' } },
    subscription: { lacks: ['period_end'] }
  }
})
