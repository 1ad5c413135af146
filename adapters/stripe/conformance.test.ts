import t from 'tap'
import { conformance } from '../../core/adapter/conformance.ts'
import { closeHttpAgents } from '../../core/adapter/index.ts'
import stripe from './adapter.ts'
import { startStripeSimulator, type StripeSimulator } from './simulator.ts'

t.teardown(() => { closeHttpAgents() })

const card = (name: string) => ({ type: 'card', token: `pm_card_${name}` })

await conformance(t, {
  adapter: stripe,
  simulator: async () => await startStripeSimulator({ seed: 7 }),
  payments: {
    approved: card('visa'),
    declined: [
      { method: card('chargeDeclined'), code: 'card_declined' },
      { method: card('chargeDeclinedInsufficientFunds'), code: 'insufficient_funds' },
      { method: card('chargeDeclinedExpiredCard'), code: 'expired_card' },
      { method: card('chargeDeclinedIncorrectCvc'), code: 'incorrect_cvc' },
      { method: card('chargeDeclinedStolenCard'), code: 'fraud_suspected' }
    ],
    redirect: {
      method: card('threeDSecure2Required'),
      complete: (snapshot, simulator) => (simulator as StripeSimulator).authenticate(snapshot.providerReference, true)
    },
    more: { returnUrl: 'https://shop.example/return' }
  }
})
