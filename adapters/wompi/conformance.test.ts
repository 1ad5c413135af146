import t from 'tap'
import { conformance } from '../../core/adapter/conformance.ts'
import { closeHttpAgents, type Simulator } from '../../core/adapter/index.ts'
import wompi from './adapter.ts'
import { startWompiSimulator, type WompiSimulator } from './simulator.ts'

t.teardown(() => { closeHttpAgents() })
// As long as the runner gives it; alone, tap gives half a minute.
t.setTimeout(560_000)

const card = (name: string) => ({ type: 'card', token: `tok_test_sim_${name}` })
const at = (simulator: Simulator) => simulator as WompiSimulator
const ana = { name: 'Ana Pérez', email: 'ana@shop.example', phone: '3991111111', tax_id: '1099888777' }
const pse = (bank: string) => ({ type: 'pse', details: { bank } })

await conformance(t, {
  adapter: wompi,
  simulator: () => startWompiSimulator({ seed: 7 }),
  settings: { poll_ms: 0 },
  payments: {
    approved: card('approved'),
    declined: [
      { method: card('declined'), code: 'card_declined' },
      { method: card('funds'), code: 'insufficient_funds' },
      { method: card('expired'), code: 'expired_card' },
      { method: card('cvc'), code: 'incorrect_cvc' },
      { method: card('stolen'), code: 'fraud_suspected' },
      { method: card('limit'), code: 'limit_exceeded' },
      { method: card('number'), code: 'invalid_card' },
      { method: card('broken'), code: 'provider_unavailable' }
    ],
    redirect: { method: pse('1'), complete: ({ providerReference }, simulator) => { at(simulator).settle(providerReference) } },
    more: { customer: ana },
    // Only a card's payment goes back, and only whole.
    wholeRefunds: true,
    sendsNothing: ['create_checkout', 'create_customer'],
    made: (reference, simulator) => at(simulator).made(reference),
    voucher: {
      method: { type: 'cash' },
      pay: ({ providerReference }, simulator) => { at(simulator).settle(providerReference) },
      expire: ({ providerReference }, simulator) => { at(simulator).settle(providerReference, { status: 'DECLINED', message: 'La intención de pago expiró' }) },
      refundable: false
    },
    saved: { type: 'card', token: 'tok_test_sim_approved', failing: { token: 'tok_test_sim_declined' } },
    checkout: { pay: ({ url, providerReference }, simulator) => at(simulator).payPage(url ?? providerReference) }
  },
  // The time that is signed stands in the body.
  webhooks: { timed: false }
})
