import t from 'tap'
import { conformance, type Harness, outcomes } from '../../core/adapter/conformance.ts'
import { closeHttpAgents, type IdempotencyKey, type Simulator } from '../../core/adapter/index.ts'
import paypal from './adapter.ts'
import { type PaypalSimulator, startPaypalSimulator } from './simulator.ts'

t.teardown(() => { closeHttpAgents() })
// As long as the runner gives it; alone, tap gives half a minute.
t.setTimeout(560_000)

const card = (name: string) => ({ type: 'card', token: `vault-${name}` })
const at = (simulator: Simulator) => simulator as PaypalSimulator

/** Each has ids of its own: a webhook's id is a secret here, and an order elsewhere must not be called so. */
let seed = 7
/** How much later it is at each simulator. */
const later = new WeakMap<Simulator, { ms: number }>()

const harness: Harness = {
  adapter: paypal,
  async simulator () {
    const ahead = { ms: 0 }
    const simulator = await startPaypalSimulator({ seed: ++seed, localHooks: true, now: () => new Date(Date.now() + ahead.ms) })
    later.set(simulator, ahead)
    return simulator
  },
  // The simulator's report is never late.
  settings: { report_lag_minutes: 0 },
  // A token moves nothing.
  reads: ({ method, url }) => method === 'GET' || url.endsWith('/v1/oauth2/token'),
  payments: {
    approved: card('visa'),
    currencies: ['MXN', 'USD', 'JPY', 'HUF', 'TWD'],
    declined: [
      { method: card('5100'), code: 'card_declined' },
      { method: card('5120'), code: 'insufficient_funds' },
      { method: card('5400'), code: 'expired_card' },
      { method: card('5110'), code: 'incorrect_cvc' },
      { method: card('9500'), code: 'fraud_suspected' },
      { method: card('5200'), code: 'limit_exceeded' }
    ],
    redirect: { method: { type: 'paypal' }, complete: ({ providerReference }, simulator) => at(simulator).approve(providerReference) },
    // A customer is only an id that we choose.
    sendsNothing: ['create_customer'],
    made: (reference, simulator) => at(simulator).made(reference),
    saved: { type: 'card', token: 'setup-visa', declined: { token: 'setup-refused', code: 'card_declined' }, needsPayer: { token: 'setup-3ds' } },
    subscription: {
      lacks: ['period_end'],
      approve: ({ providerReference }, simulator) => at(simulator).approve(providerReference),
      advance (to, simulator) {
        later.get(simulator)!.ms = to.getTime() - Date.now()
        at(simulator).bill()
      }
    },
    dispute: { open: ({ providerReference }, simulator) => at(simulator).dispute(providerReference) }
  },
  webhooks: { timed: false }
}

await conformance(t, harness)

t.test('an adapter whose look takes the money is found out', async t => {
  const { payments } = paypal
  const getPayment: typeof payments.getPayment = async (context, providerReference) => {
    const seen = await payments.getPayment(context, providerReference)
    return seen.approval === undefined ? seen : await payments.completePayment(context, { idempotencyKey: 'a look' as IdempotencyKey, providerReference, reference: seen.reference! })
  }
  const told = await outcomes({ ...harness, adapter: { ...paypal, payments: { ...payments, getPayment } } }, ({ name }) => name.endsWith('by no look'))
  t.match(told, [{ kept: false, why: /status, captured and charges by a look/ }])
})
