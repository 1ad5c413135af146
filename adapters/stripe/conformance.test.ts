import Stripe from 'stripe'
import t from 'tap'
import { conformance } from '../../core/adapter/conformance.ts'
import { closeHttpAgents, type ConnectionContext, type NextAction, type Simulator } from '../../core/adapter/index.ts'
import { consentAt } from '../../test/support/consent.ts'
import stripe from './adapter.ts'
import { startStripeSimulator, type StripeSimulator } from './simulator.ts'
import { invoiceFields, payPage, pressButton } from './testing/payer.ts'

t.teardown(() => { closeHttpAgents() })
// As long as the runner gives it; alone, tap gives half a minute.
t.setTimeout(560_000)

const card = (name: string) => ({ type: 'card', token: `pm_card_${name}` })
const at = (simulator: Simulator) => simulator as StripeSimulator
const ana = { name: 'Ana Pérez', email: 'fill_never@shop.example' }

/** What is done or counted there without the adapter: Stripe's own SDK, as the tenant would use it. */
function sdk ({ url }: Simulator, { credentials }: ConnectionContext): Stripe {
  const { port } = new URL(url)
  return new Stripe(credentials.secret_key!, { host: '127.0.0.1', port, protocol: 'http', maxNetworkRetries: 0, telemetry: false })
}

/** The payment of a link's newest payer; undefined of what is no link. */
async function newestOf (providerReference: string, simulator: Simulator, context: ConnectionContext): Promise<unknown> {
  if (!providerReference.startsWith('plink_')) return undefined
  const { data: [newest] } = await sdk(simulator, context).checkout.sessions.list({ payment_link: providerReference, limit: 1 })
  return newest?.payment_intent
}

function pageOf (action: NextAction | undefined): string {
  if (action !== undefined && 'url' in action && action.url !== undefined) return action.url
  throw new Error(`no page in ${JSON.stringify(action)}`)
}

/** How much later it is at each simulator. */
const later = new WeakMap<Simulator, { ms: number }>()

await conformance(t, {
  adapter: stripe,
  async simulator () {
    const ahead = { ms: 0 }
    const simulator = await startStripeSimulator({ seed: 7, now: () => new Date(Date.now() + ahead.ms) })
    later.set(simulator, ahead)
    return simulator
  },
  oauth: {
    application: (simulator, mode, redirectUri) => at(simulator).application(mode, [redirectUri]),
    consent: async (url, decision, _, account) => await consentAt(url, { decision, ...(account !== undefined && { account }) }),
    revoke: (account, simulator) => at(simulator).revoke(account),
    wrongSecret: secret => `${secret.slice(0, 8)}invalid${secret.slice(15)}`,
    pkce: false
  },
  payments: {
    approved: card('visa'),
    declined: [
      { method: card('chargeDeclined'), code: 'card_declined' },
      { method: card('chargeDeclinedInsufficientFunds'), code: 'insufficient_funds' },
      { method: card('chargeDeclinedExpiredCard'), code: 'expired_card' },
      { method: card('chargeDeclinedIncorrectCvc'), code: 'incorrect_cvc' },
      { method: card('chargeDeclinedStolenCard'), code: 'fraud_suspected' },
      { method: card('radarBlock'), code: 'fraud_suspected' }
    ],
    redirect: {
      method: card('threeDSecure2Required'),
      complete: (snapshot, simulator) => at(simulator).authenticate(snapshot.providerReference, true)
    },
    more: { returnUrl: 'https://shop.example/return' },
    async made (reference, simulator, context) {
      const { checkout, paymentLinks, customers, prices, subscriptions } = sdk(simulator, context)
      const lists = await Promise.all([checkout.sessions.list({ limit: 100 }), paymentLinks.list({ limit: 100 }), customers.list({ limit: 100 }), prices.list({ limit: 100 }), subscriptions.list({ limit: 100, status: 'all' })])
      return lists.flatMap(({ data }): { metadata: Stripe.Metadata | null }[] => data).filter(({ metadata }) => ['checkout', 'link', 'customer', 'plan', 'subscription'].some(kind => metadata?.[`pasarela_${kind}`] === reference)).length
    },
    voucher: {
      method: { type: 'oxxo' },
      more: { customer: ana },
      pay: ({ nextAction }) => pressButton(pageOf(nextAction), 'outcome', 'pay'),
      expire: ({ nextAction }) => pressButton(pageOf(nextAction), 'outcome', 'expire'),
      refundable: false
    },
    transfer: {
      method: { type: 'spei' },
      more: { customer: ana },
      send: ({ customerProviderReference }, { amount, currency }, simulator, context) => sdk(simulator, context).testHelpers.customers.fundCashBalance(String(customerProviderReference), { amount, currency })
    },
    inPage: { method: card('threeDSecure2Required') },
    saved: {
      type: 'card',
      token: 'pm_card_visa',
      declined: { token: 'pm_card_chargeDeclinedInsufficientFunds', code: 'insufficient_funds' },
      challenged: { token: 'pm_card_authenticationRequired', complete: ({ nextAction }) => pressButton(pageOf(nextAction), 'outcome', 'complete') },
      needsPayer: { token: 'pm_card_authenticationRequired' },
      failing: { token: 'pm_card_chargeCustomerFail' }
    },
    checkout: {
      async pay ({ providerReference, url }, simulator, context) {
        await payPage(String(url))
        return await newestOf(providerReference, simulator, context)
      },
      async fill ({ providerReference, url }, typed, simulator, context) {
        await payPage(String(url), invoiceFields(typed))
        return await newestOf(providerReference, simulator, context)
      }
    },
    subscription: {
      advance (to, simulator) {
        // The period ends, and an hour later its invoice is finished and paid.
        for (const hours of [0, 2]) {
          later.get(simulator)!.ms = to.getTime() + hours * 3_600_000 - Date.now()
          at(simulator).advance()
        }
      }
    },
    dispute: {
      method: card('createDispute'),
      async open ({ providerReference }, simulator, context) {
        const { data: [opened] } = await sdk(simulator, context).disputes.list({ payment_intent: providerReference })
        return String(opened?.id)
      }
    }
  }
})
