import t from 'tap'
import { conformance } from '../../core/adapter/conformance.ts'
import { closeHttpAgents, type Simulator } from '../../core/adapter/index.ts'
import stripe from './adapter.ts'
import { startStripeSimulator, type StripeSimulator } from './simulator.ts'

t.teardown(() => { closeHttpAgents() })

const card = (name: string) => ({ type: 'card', token: `pm_card_${name}` })

/** The whole form: Stripe's API itself never sees the publishable key. */
async function simulator (): Promise<Simulator> {
  const started = await startStripeSimulator({ seed: 7 })
  const whole = (credentials: Record<string, string>) => ({ publishable_key: credentials.secret_key?.replace(/^sk/, 'pk') ?? '', ...credentials })
  return { ...started, credentials: mode => whole(started.credentials(mode)), wrongCredentials: mode => whole(started.wrongCredentials(mode)) }
}

await conformance(t, {
  adapter: stripe,
  simulator,
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
