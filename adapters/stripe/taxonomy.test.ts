import t from 'tap'
import type Stripe from 'stripe'
import { type NextAction, type PaymentProblem, ProviderError, type ProviderProblem } from '../../core/adapter/index.ts'
import stripe from './adapter.ts'
import { problemOf } from './errors.ts'
import { card, closesAgents, id, key, open, type Opened, order, refused, returnUrl, simulated } from './testing/simulated.ts'
import { refundOf, snapshotOf } from './wire.ts'

/** Every row of the two tables of the unified API, each produced as Stripe produces it. A code or an action that is added has no test until it is here. */

const { payments } = stripe

closesAgents(t)

type Told = PaymentProblem | ProviderError | undefined

const declined = (token: string) => async (context: Opened): Promise<Told> => (await payments.createPayment(context, order({ method: card(`pm_card_${token}`), returnUrl }))).error
const paid = (context: Opened) => payments.createPayment(context, order({ method: card('pm_card_visa') }))
const refund = async (context: Opened, amount: number) => {
  const { providerReference, reference = '' } = await paid(context)
  const ask = (amount: number) => payments.refund(context, { idempotencyKey: key(), refundReference: id('ref'), reference, providerReference, amount: { amount, currency: 'MXN' } })
  await ask(amount)
  return refused(ask(1))
}
/** As if Stripe answered this to everything. */
const answering = (context: Opened, status: number, error: object): Opened => ({ ...context, http: async () => ({ status, headers: {}, body: Buffer.from(JSON.stringify({ error })) }) })

const problems: Record<ProviderProblem, (context: Opened, simulator: Awaited<ReturnType<typeof simulated>>) => Promise<Told>> = {
  card_declined: declined('chargeDeclined'),
  insufficient_funds: declined('chargeDeclinedInsufficientFunds'),
  expired_card: declined('chargeDeclinedExpiredCard'),
  incorrect_cvc: declined('chargeDeclinedIncorrectCvc'),
  invalid_card: async () => problemOf({ type: 'card_error', code: 'incorrect_number' }),
  authentication_required: async context => (await payments.createPayment(context, order({ method: card('pm_card_authenticationRequired'), offSession: true }))).error,
  authentication_failed: async (context, simulator) => {
    const asked = await payments.createPayment(context, order({ method: card('pm_card_threeDSecure2Required'), returnUrl }))
    simulator.authenticate(asked.providerReference, false)
    return (await payments.getPayment(context, asked.providerReference)).error
  },
  fraud_suspected: declined('radarBlock'),
  limit_exceeded: declined('chargeDeclinedVelocityLimitExceeded'),
  unsupported: context => refused(payments.createPayment(context, order({ method: { type: 'pse' } }))),
  amount_invalid: context => refused(payments.createPayment(context, order({ amount: { amount: 1, currency: 'MXN' } }))),
  invalid_request: context => refused(payments.createPayment(answering(context, 400, { type: 'invalid_request_error', code: 'parameter_unknown', param: 'foo' }), order())),
  invalid_credentials: (_context, simulator) => refused(stripe.test(open(simulator, { credentials: simulator.wrongCredentials('test') }))),
  permission_denied: (_context, simulator) => refused(stripe.test(open(simulator, { credentials: { secret_key: 'rk_test_51readonly00000000' } }))),
  not_found: context => refused(payments.getPayment(context, 'pi_none')),
  invalid_state: async context => {
    const { providerReference, reference = '' } = await paid(context)
    return refused(payments.cancel(context, { idempotencyKey: key(), providerReference, reference }))
  },
  already_refunded: context => refund(context, 109_900),
  duplicate: async () => problemOf({ type: 'card_error', code: 'card_declined', decline_code: 'duplicate_transaction' }),
  idempotency_conflict: async context => {
    const input = order()
    await payments.createPayment(context, input)
    return refused(payments.createPayment(context, { ...input, amount: { amount: 5000, currency: 'MXN' } }))
  },
  conflict: context => refused(payments.createPayment(answering(context, 409, { type: 'idempotency_error', code: 'idempotency_key_in_use' }), order())),
  expired: async (context, simulator) => {
    const voucher = await payments.createPayment(context, order({ method: { type: 'oxxo' }, customer: { name: 'Ana Pérez', email: 'expire_immediately@shop.example' } }))
    simulator.advance()
    return (await payments.getPayment(context, voucher.providerReference)).error
  },
  merchant_balance_insufficient: async () => refundOf({ id: 're_1', status: 'failed', failure_reason: 'insufficient_funds', amount: 1, currency: 'mxn' } as Stripe.Refund).error,
  rate_limited: (context, simulator) => {
    simulator.inject({ kind: 'rate_limit' })
    return refused(payments.createPayment(context, order()))
  },
  provider_unavailable: declined('chargeDeclinedProcessingError'),
  timeout_unknown: (context, simulator) => {
    simulator.inject({ kind: 'cut_after', method: 'POST' })
    return refused(payments.createPayment(context, order()))
  },
  unknown: async () => {
    try {
      return snapshotOf({ status: 'brand_new', amount: 1, currency: 'mxn', livemode: false } as never).error
    } catch (thrown) {
      return thrown instanceof ProviderError ? thrown : undefined
    }
  }
}

t.test('every problem', async t => {
  for (const [code, produce] of Object.entries(problems)) {
    const simulator = await simulated(t)
    const told = await produce(open(simulator), simulator)
    t.equal(told?.code, code, code)
    if (!(told instanceof ProviderError && told.reached === 'nowhere')) t.ok(told?.providerCode ?? (told as ProviderError).httpStatus ?? code === 'timeout_unknown', `${code}: Stripe's own word is kept`)
  }
})

const wire = (more: object) => snapshotOf({
  id: 'pi_1', amount: 5000, currency: 'mxn', status: 'requires_action', livemode: false, created: 1, metadata: {}, client_secret: 'pi_1_secret_x', ...more
} as unknown as Stripe.PaymentIntent, { publishableKey: 'pk_test_1' }).nextAction

/** `undefined`: Stripe has none in our market. */
const actions: Record<NextAction['type'], ((context: Opened) => Promise<NextAction | undefined>) | undefined> = {
  redirect: async context => (await payments.createPayment(context, order({ method: card('pm_card_threeDSecure2Required'), returnUrl }))).nextAction,
  client_secret: async context => (await payments.createPayment(context, order())).nextAction,
  voucher: async context => (await payments.createPayment(context, order({ method: { type: 'oxxo' }, customer: { name: 'Ana Pérez', email: 'fill_never@shop.example' } }))).nextAction,
  bank_transfer: async context => (await payments.createPayment(context, order({ method: { type: 'spei' } }))).nextAction,
  qr: async () => wire({ next_action: { type: 'pix_display_qr_code', pix_display_qr_code: { data: '000201', image_url_png: 'https://x.test/q.png', expires_at: 2 } } }),
  wallet_push: undefined,
  sdk_challenge: async context => (await payments.createPayment(context, order({ method: card('pm_card_threeDSecure2Required') }))).nextAction
}

t.test('every next action', async t => {
  for (const [type, produce] of Object.entries(actions)) {
    if (produce === undefined) continue
    const action = await produce(open(await simulated(t)))
    t.equal(action?.type, type, type)
  }
})
