/** Every problem of the vocabulary, and how Mercado Pago brings it about. */
import t from 'tap'
import { ProviderError, type ProviderProblem } from '../../core/adapter/index.ts'
import { everyProblem } from '../../test/support/connection.ts'
import mercadopago from './adapter.ts'
import { errors, failureOf, refusalOf } from './errors.ts'
import type { MercadoPagoSimulator } from './simulator.ts'
import { answering, card, closesAgents, key, open, type Opened, order, refused, simulated } from './testing/simulated.ts'
import { snapshotOf } from './wire.ts'

closesAgents(t)
const { payments } = mercadopago
type Told = { code: ProviderProblem, providerCode?: string } | ProviderError | undefined
const declined = (holder: string) => async (context: Opened): Promise<Told> => (await payments.createPayment(context, order({ method: card(holder) }))).error
const error = (code?: number | string, message = 'No.') => ({ message, error: 'bad_request', status: 400, cause: code === undefined ? [] : [{ code, description: message, data: null }] })
const asked = (context: Opened, status: number, code?: number | string) => refused(payments.createPayment(answering(context, status, error(code)), order()))
const refund = async (context: Opened, ...parts: number[]): Promise<Told> => {
  const { providerReference, reference } = await payments.createPayment(context, order())
  let told: Told
  for (const amount of parts) told = await payments.refund(context, { idempotencyKey: key(), refundReference: 'ref_1', reference: reference!, providerReference, amount: { amount, currency: 'MXN' } }).then(() => undefined, (thrown: unknown) => thrown as ProviderError)
  return told
}

const problems: Record<ProviderProblem, (context: Opened, simulator: MercadoPagoSimulator) => Promise<Told>> = {
  card_declined: declined('OTHE'),
  insufficient_funds: declined('FUND'),
  expired_card: declined('EXPI'),
  incorrect_cvc: declined('SECU'),
  invalid_card: declined('CARD'),
  authentication_required: declined('MAND'),
  authentication_failed: async (context, simulator) => {
    const { providerReference } = await payments.createPayment(context, order({ method: card('CHAL') }))
    simulator.authenticate(providerReference, false)
    return (await payments.getPayment(context, providerReference)).error
  },
  fraud_suspected: declined('RISK'),
  limit_exceeded: declined('LIMI'),
  unsupported: context => refused(payments.createPayment(context, order({ amount: { amount: 100_000, currency: 'COP' } }))),
  amount_invalid: context => refund(context, 10_051),
  invalid_request: context => refused(payments.createPayment(context, order({ method: { type: 'card', token: 'nobodys-token-at-all' } }))),
  invalid_credentials: (_, simulator) => refused(mercadopago.test(open(simulator, { credentials: simulator.wrongCredentials('test') }))),
  permission_denied: context => asked(context, 403),
  not_found: context => refused(payments.getPayment(context, '123')),
  invalid_state: async context => {
    const { providerReference, reference } = await payments.createPayment(context, order())
    return refused(payments.cancel(context, { idempotencyKey: key(), providerReference, reference: reference! }))
  },
  already_refunded: context => refund(context, 10_050, 1),
  duplicate: declined('DUPL'),
  idempotency_conflict: async context => {
    const { providerReference } = await payments.createPayment(context, order())
    const again = { idempotencyKey: key(), refundReference: 'ref_1', reference: 'pay_1', providerReference }
    await payments.refund(context, { ...again, amount: { amount: 100, currency: 'MXN' } })
    return refused(payments.refund(context, { ...again, amount: { amount: 200, currency: 'MXN' } }))
  },
  conflict: context => asked(context, 423),
  expired: async (context, simulator) => {
    const { providerReference } = await payments.createPayment(context, order({ method: { type: 'oxxo' } }))
    simulator.expire(providerReference)
    return (await payments.getPayment(context, providerReference)).error
  },
  merchant_balance_insufficient: async () => undefined, // nothing that we read names it
  rate_limited: (context, simulator) => {
    simulator.inject({ kind: 'rate_limit', method: 'POST' })
    return refused(payments.createPayment(context, order()))
  },
  provider_unavailable: declined('BANK'),
  timeout_unknown: (context, simulator) => {
    simulator.inject({ kind: 'cut_after', method: 'POST', path: '/v1/payments' })
    return refused(payments.createPayment(context, order()))
  },
  unknown: async context => {
    try {
      return snapshotOf({ id: 1, status: 'brand_new', transaction_amount: 1, currency_id: 'MXN' }, context).error
    } catch (thrown) {
      return thrown as ProviderError
    }
  }
}

t.test('every problem', async t => {
  await everyProblem(t, {
    problems, never: ['merchant_balance_insufficient'], simulated, open: simulator => open(simulator, { country: 'MX' }), also: (code, told) => {
      if (told !== undefined && !(told instanceof ProviderError && told.httpStatus === undefined)) t.ok((told as ProviderError).providerCode ?? (told as ProviderError).httpStatus, `${code}: their own word is kept`)
    }
  })
})

t.test('every word of the table, of a payment and of a refusal', async t => {
  for (const [word, code] of Object.entries(errors)) {
    if (/^[a-z]/.test(word)) t.same(failureOf({ status: 'rejected', status_detail: word }), { code, providerCode: word }, word)
    else t.match(refusalOf({ status: 400, headers: {}, body: Buffer.from(JSON.stringify(error(word))) }, new Date()), { code, providerCode: word, reached: 'answered' }, word)
  }
  t.same(failureOf({ status: 'rejected', status_detail: 'cc_rejected_never_heard_of' }), { code: 'card_declined', providerCode: 'cc_rejected_never_heard_of' })
})

t.test('how far it got', async t => {
  const read = (status: number, body: unknown, headers: Record<string, string> = {}) => refusalOf({ status, headers, body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)) }, new Date())
  t.match(read(500, error()), { code: 'timeout_unknown', reached: 'unknown' })
  t.match(read(502, '<html>'), { code: 'timeout_unknown', reached: 'unknown' })
  for (const status of [408, 424]) t.match(read(status, ''), { code: 'timeout_unknown', reached: 'unknown' }, String(status))
  t.match(read(423, ''), { code: 'conflict', reached: 'unknown' })
  t.match(read(429, '', { 'retry-after': '3' }), { code: 'rate_limited', reached: 'nowhere', retryAfterMs: 3000 })
  t.match(read(429, error(), { 'retry-after': '3' }), { code: 'rate_limited', reached: 'nowhere', retryAfterMs: 3000 })
  t.match(read(422, error()), { code: 'invalid_request', reached: 'answered' })
  t.match(read(401, error(undefined, 'invalid access token')), { code: 'invalid_credentials', reached: 'answered', providerMessage: 'invalid access token' })
  t.match(read(400, { message: 'bad', error: 'bad_request', status: 400, cause: { code: 3016, description: 'Invalid card_number' } }), { code: 'invalid_card', providerCode: '3016' }, 'a cause that is no list')
})
