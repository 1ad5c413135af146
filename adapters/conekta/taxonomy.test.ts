/** Every problem of the vocabulary, and how Conekta brings it about. */
import t from 'tap'
import { ProviderError, type ProviderProblem } from '../../core/adapter/index.ts'
import { everyProblem } from '../../test/support/connection.ts'
import conekta from './adapter.ts'
import { errors, problemOf, refusalOf } from './errors.ts'
import type { ConektaSimulator } from './simulator.ts'
import { answering, card, closesAgents, key, open, type Opened, order, refused, simulated } from './testing/simulated.ts'
import { snapshotOf } from './wire.ts'

closesAgents(t)
const { payments } = conekta
type Told = { code: ProviderProblem, providerCode?: string } | ProviderError | undefined
const declined = (name: string) => async (context: Opened): Promise<Told> => (await payments.createPayment(context, order({ method: card(`tok_test_${name}`) }))).error
const error = (code: string, type = 'parameter_validation_error') => ({ details: [{ code: `conekta.errors.${code}`, message: 'No.' }], object: 'error', type, log_id: '1' })
const asked = (context: Opened, status: number, code: string) => refused(payments.createPayment(answering(context, status, error(code)), order()))
const refund = async (context: Opened, ...parts: number[]): Promise<Told> => {
  const { providerReference, reference } = await payments.createPayment(context, order())
  let told: Told
  for (const amount of parts) told = await payments.refund(context, { idempotencyKey: key(), refundReference: 'ref_1', reference: reference!, providerReference, amount: { amount, currency: 'MXN' } }).then(() => undefined, (thrown: unknown) => thrown as ProviderError)
  return told
}

const problems: Record<ProviderProblem, (context: Opened, simulator: ConektaSimulator) => Promise<Told>> = {
  card_declined: declined('card_declined'),
  insufficient_funds: declined('insufficient_funds'),
  expired_card: declined('expired_card'),
  incorrect_cvc: declined('cvc'),
  invalid_card: context => asked(context, 422, 'parameter_validation.charge.invalid_number'),
  authentication_required: async context => (await payments.createPayment(context, order({ method: card('tok_test_3ds'), offSession: true }))).error,
  authentication_failed: async (context, simulator) => {
    const { providerReference } = await payments.createPayment(context, order({ method: card('tok_test_3ds') }))
    simulator.authenticate(providerReference, false)
    return (await payments.getPayment(context, providerReference)).error
  },
  fraud_suspected: declined('stolen_card'),
  limit_exceeded: declined('limit'),
  unsupported: context => refused(payments.createPayment(context, order({ method: { type: 'pse' } }))),
  amount_invalid: context => refused(payments.createPayment(context, order({ amount: { amount: 1_000_001, currency: 'MXN' }, method: { type: 'oxxo' } }))),
  invalid_request: context => refused(payments.createPayment(context, order({ method: card('tok_nobody') }))),
  invalid_credentials: (_, simulator) => refused(conekta.test(open(simulator, { credentials: simulator.wrongCredentials('test') }))),
  permission_denied: context => asked(context, 403, 'forbidden.authentication.invalid_whitelist_access'),
  not_found: context => refused(payments.getPayment(context, 'ord_nothing')),
  invalid_state: async context => {
    const { providerReference, reference } = await payments.createPayment(context, order())
    return refused(payments.cancel(context, { idempotencyKey: key(), providerReference, reference: reference! }))
  },
  already_refunded: context => refund(context, 109_900, 1),
  duplicate: context => asked(context, 422, 'parameter_validation.plan.id_collission'),
  idempotency_conflict: async () => undefined, // there are no keys
  conflict: context => asked(context, 409, 'anything'),
  expired: async (context, simulator) => {
    const { providerReference } = await payments.createPayment(context, order({ method: { type: 'oxxo' } }))
    simulator.expire(providerReference)
    return (await payments.getPayment(context, providerReference)).error
  },
  merchant_balance_insufficient: context => asked(context, 422, 'parameter_validation.refund.insufficient_balance'),
  rate_limited: (context, simulator) => {
    simulator.inject({ kind: 'rate_limit' })
    return refused(payments.createPayment(context, order()))
  },
  provider_unavailable: declined('timeout'),
  timeout_unknown: (context, simulator) => {
    simulator.inject({ kind: 'cut_after', method: 'POST', path: '/orders' })
    return refused(payments.createPayment(context, order()))
  },
  unknown: async () => {
    try {
      return snapshotOf({ id: 'ord_1', object: 'order', livemode: false, amount: 1, currency: 'MXN', created_at: 1, payment_status: 'brand_new' }).error
    } catch (thrown) {
      return thrown as ProviderError
    }
  }
}

t.test('every problem', async t => {
  await everyProblem(t, {
    problems, never: ['idempotency_conflict'], simulated, open, also: (code, told) => {
      if (told !== undefined && !(told instanceof ProviderError && told.httpStatus === undefined)) t.ok((told as ProviderError).providerCode ?? (told as ProviderError).httpStatus, `${code}: Conekta's own word is kept`)
    }
  })
})

t.test('every word of the table is read by the end of a code, and of a charge’s failure', async t => {
  for (const [word, code] of Object.entries(errors)) {
    t.equal(problemOf(`conekta.errors.processing.bank.${word}`, 'unknown'), code, word)
    t.equal(problemOf(word, 'unknown'), code)
  }
  t.equal(problemOf('conekta.errors.processing.bank.never_heard_of', 'card_declined'), 'card_declined')
})

t.test('how far it got', async t => {
  const read = (status: number, body: unknown, headers: Record<string, string> = {}) => refusalOf({ status, headers, body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)) }, new Date())
  t.match(read(500, error('api.system.general_failure', 'api_error')), { code: 'timeout_unknown', reached: 'unknown' })
  t.match(read(502, '<html>'), { code: 'timeout_unknown', reached: 'unknown' })
  t.match(read(408, ''), { reached: 'unknown' })
  t.match(read(429, '', { 'retry-after': '3' }), { code: 'rate_limited', reached: 'nowhere', retryAfterMs: 3000 })
  t.match(read(429, error('rate_limit'), { 'retry-after': '3' }), { code: 'rate_limited', reached: 'nowhere', retryAfterMs: 3000 })
  t.match(read(428, error('precondition_required.combo.order.anything')), { code: 'invalid_state', reached: 'answered' })
  t.match(read(422, error('parameter_validation.anything')), { code: 'invalid_request', reached: 'answered' })
  t.match(read(402, { ...error('processing.bank.insufficient_funds', 'processing_error'), data: { object: 'order', id: 'ord_1' } }), { code: 'insufficient_funds', declined: true, order: { id: 'ord_1' } })
  t.match(read(401, error('authentication.missing_key')), { code: 'invalid_credentials', reached: 'answered' })
})
