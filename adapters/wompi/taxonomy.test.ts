/** Every problem of the vocabulary, and how Wompi brings it about. */
import t from 'tap'
import { ProviderError, type ProviderProblem } from '../../core/adapter/index.ts'
import { everyProblem } from '../../test/support/connection.ts'
import wompi from './adapter.ts'
import { errors, failureOf, problemOfSentence, refusalOf } from './errors.ts'
import type { WompiSimulator } from './simulator.ts'
import { answering, card, closesAgents, key, open, type Opened, order, refused, simulated } from './testing/simulated.ts'
import { snapshotOf } from './wire.ts'

closesAgents(t)
const { payments } = wompi
type Told = { code: ProviderProblem, providerCode?: string } | ProviderError | undefined
const declined = (name: string) => async (context: Opened): Promise<Told> => (await payments.createPayment(context, order({ method: card(name) }))).error
const error = (type: string, said: object = { reason: 'No' }) => ({ error: { type, ...said } })
const asked = (context: Opened, status: number, body: object, headers = {}) => refused(payments.createPayment(answering(context, status, body, headers), order()))
const refund = async (context: Opened, amount: number, times = 1): Promise<Told> => {
  const { providerReference, reference } = await payments.createPayment(context, order())
  let told: Told
  for (let time = 0; time < times; time++) told = await payments.refund(context, { idempotencyKey: key(), refundReference: 'ref_1', reference: reference!, providerReference, amount: { amount, currency: 'COP' } }).then(() => undefined, (thrown: unknown) => thrown as ProviderError)
  return told
}
const transaction = { id: '1-2-3', amount_in_cents: 1, currency: 'COP', reference: 'pay_1', payment_method_type: 'CARD', status: 'DECLINED' }

const problems: Record<ProviderProblem, (context: Opened, simulator: WompiSimulator) => Promise<Told>> = {
  card_declined: declined('declined'),
  insufficient_funds: declined('funds'),
  expired_card: declined('expired'),
  incorrect_cvc: declined('cvc'),
  invalid_card: declined('number'),
  authentication_required: async () => undefined, // a 3-D Secure question is a next action, and kept cards are not asked
  authentication_failed: declined('failed3ds'),
  fraud_suspected: declined('stolen'),
  limit_exceeded: declined('limit'),
  unsupported: context => refund(context, 100_000),
  amount_invalid: context => refused(payments.createPayment(context, order({ amount: { amount: 149_999, currency: 'COP' } }))),
  invalid_request: context => refused(payments.createPayment(context, order({ method: { type: 'card', token: 'tok_test_nobody' } }))),
  invalid_credentials: (_, simulator) => refused(wompi.test(open(simulator, { credentials: simulator.wrongCredentials('test') }))),
  permission_denied: context => asked(context, 403, error('FORBIDDEN')),
  not_found: context => refused(payments.getPayment(context, '1-2-3')),
  invalid_state: async context => {
    const { providerReference, reference } = await payments.createPayment(context, order({ method: card('declined') }))
    return refused(payments.refund(context, { idempotencyKey: key(), refundReference: 'ref_1', reference: reference!, providerReference, amount: { amount: 4_990_000, currency: 'COP' } }))
  },
  already_refunded: context => refund(context, 4_990_000, 2),
  duplicate: async context => {
    const first = order()
    await payments.createPayment(context, first)
    return refused(payments.createPayment(context, { ...first, amount: { amount: 5_000_000, currency: 'COP' } }))
  },
  idempotency_conflict: async () => undefined, // there are no keys
  conflict: context => asked(context, 409, error('CONFLICT')),
  expired: async (context, simulator) => {
    const { providerReference } = await payments.createPayment(context, order({ method: { type: 'cash' } }))
    simulator.settle(providerReference, { status: 'DECLINED', message: 'La intención de pago expiró' })
    return (await payments.getPayment(context, providerReference)).error
  },
  merchant_balance_insufficient: async () => undefined, // a void takes nothing from a balance
  rate_limited: context => asked(context, 429, {}, { 'retry-after': '2' }),
  provider_unavailable: declined('broken'),
  timeout_unknown: (context, simulator) => {
    simulator.inject({ kind: 'cut_after', method: 'POST', path: '/transactions' })
    return refused(payments.createPayment(context, order()))
  },
  unknown: async () => {
    try {
      return snapshotOf({ ...transaction, status: 'BRAND_NEW' }, { mode: 'test' }).error
    } catch (thrown) {
      return thrown as ProviderError
    }
  }
}
const never: ProviderProblem[] = ['authentication_required', 'idempotency_conflict', 'merchant_balance_insufficient']

t.test('every problem', async t => await everyProblem(t, { problems, never, simulated, open }))

t.test('codes of the network, and sentences', async t => {
  for (const [word, code] of Object.entries(errors)) {
    if (/^[0-9N]/.test(word)) t.equal(failureOf({ ...transaction, payment_method: { extra: { processor_response_code: word } } }).code, code, word)
  }
  const sentences: [string, ProviderProblem][] = [
    ['Fondos Insuficientes', 'insufficient_funds'], ['La tarjeta está vencida', 'expired_card'], ['Código de seguridad inválido', 'incorrect_cvc'], ['Tarjeta reportada como robada', 'fraud_suspected'],
    ['Supera el límite diario', 'limit_exceeded'], ['Número de tarjeta inválido', 'invalid_card'], ['Autenticación 3DS fallida', 'authentication_failed'], ['El tiempo de la intención expiró', 'expired'],
    ['Servicio no disponible', 'provider_unavailable'], ['Método no permitido', 'unsupported'], ['algo que nadie leyó', 'card_declined'], ['', 'card_declined']
  ]
  for (const [sentence, code] of sentences) t.equal(problemOfSentence(sentence, 'card_declined'), code, sentence)
  t.match(failureOf({ ...transaction, status: 'ERROR', status_message: null }), { code: 'provider_unavailable', providerCode: 'ERROR' })
})

t.test('how far it got', async t => {
  const read = (status: number, body: unknown, headers: Record<string, string> = {}) => refusalOf({ status, headers, body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)) }, new Date())
  t.match(read(500, error('INTERNAL')), { code: 'timeout_unknown', reached: 'unknown' })
  t.match(read(502, '<html>'), { code: 'timeout_unknown', reached: 'unknown' })
  t.match(read(408, ''), { reached: 'unknown' })
  t.match(read(429, '', { 'retry-after': '3' }), { code: 'rate_limited', reached: 'nowhere', retryAfterMs: 3000 })
  t.match(read(401, error('INVALID_ACCESS_TOKEN')), { code: 'invalid_credentials', reached: 'answered' })
  t.match(read(422, error('INPUT_VALIDATION_ERROR', { messages: { reference: ['La referencia ya ha sido usada'] } })), { code: 'duplicate', reached: 'answered', providerCode: 'reference:used' })
  t.match(read(422, error('INPUT_VALIDATION_ERROR', { messages: { amount_in_cents: ['Debe ser mayor a 0'] } })), { code: 'amount_invalid', param: 'amount' })
  t.match(read(422, error('INPUT_VALIDATION_ERROR', { messages: { customer_email: ['Formato inválido'] } })), { code: 'invalid_request', param: 'customer.email' })
})
