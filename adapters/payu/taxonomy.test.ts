/** Every problem of the vocabulary, and how PayU brings it about. */
import t from 'tap'
import { ProviderError, type ProviderProblem, providerProblems } from '../../core/adapter/index.ts'
import payu from './adapter.ts'
import { errors, problemOfSentence } from './errors.ts'
import type { PayuSimulator } from './simulator.ts'
import { answering, card, closesAgents, key, open, type Opened, order, refused, simulated } from './testing/simulated.ts'

closesAgents(t)
const { payments } = payu
type Told = { code: ProviderProblem, providerCode?: string } | ProviderError | undefined
const declined = (code: string) => async (context: Opened): Promise<Told> => (await payments.createPayment(context, order({ method: card(code) }))).error
const says = (sentence: string) => (context: Opened) => refused(payments.createPayment(answering(context, { code: 'ERROR', error: sentence, transactionResponse: null }), order()))
const refund = async (context: Opened, ...parts: number[]): Promise<Told> => {
  const { providerReference, reference } = await payments.createPayment(context, order())
  let told: Told
  for (const amount of parts) told = await payments.refund(context, { idempotencyKey: key(), refundReference: 'ref_1', reference: reference!, providerReference, amount: { amount, currency: 'MXN' } }).then(() => undefined, (thrown: unknown) => thrown as ProviderError)
  return told
}

const problems: Record<ProviderProblem, (context: Opened, simulator: PayuSimulator) => Promise<Told>> = {
  card_declined: declined('ENTITY_DECLINED'),
  insufficient_funds: declined('INSUFFICIENT_FUNDS'),
  expired_card: declined('EXPIRED_CARD'),
  incorrect_cvc: declined('INVALID_EXPIRATION_DATE_OR_SECURITY_CODE'),
  invalid_card: declined('INVALID_CARD'),
  authentication_required: declined('CONTACT_THE_ENTITY'),
  authentication_failed: async () => undefined, // no word of PayU's says so
  fraud_suspected: declined('BANK_FRAUD_REJECTED'),
  limit_exceeded: declined('EXCEEDED_AMOUNT'),
  unsupported: context => refused(payments.createPayment(context, order({ method: { type: 'pix' } }))),
  amount_invalid: context => refund(context, 109_901),
  invalid_request: says('Invalid request format'),
  invalid_credentials: (_, simulator) => refused(payu.test(open(simulator, { credentials: simulator.wrongCredentials('test') }))),
  permission_denied: says('The merchant is not authorized to use this operation'),
  not_found: context => refused(payments.getPayment(context, '1399999999')),
  invalid_state: async context => {
    const { providerReference, reference } = await payments.createPayment(context, order())
    return refused(payments.cancel(context, { idempotencyKey: key(), providerReference, reference: reference! }))
  },
  already_refunded: context => refund(context, 109_900, 100),
  duplicate: says('The reference already exists'),
  idempotency_conflict: async () => undefined, // there are no keys
  conflict: context => refused(payments.createPayment(answering(context, {}, 409), order())),
  expired: async (context, simulator) => {
    const { providerReference } = await payments.createPayment(context, order({ method: { type: 'oxxo' } }))
    simulator.expire(providerReference)
    return (await payments.getPayment(context, providerReference)).error
  },
  merchant_balance_insufficient: says('Insufficient balance for the refund'),
  rate_limited: (context, simulator) => {
    simulator.inject({ kind: 'rate_limit' })
    return refused(payments.createPayment(context, order()))
  },
  provider_unavailable: declined('INTERNAL_PAYMENT_PROVIDER_ERROR'),
  timeout_unknown: (context, simulator) => {
    simulator.inject({ kind: 'cut_after' })
    return refused(payments.createPayment(context, order()))
  },
  unknown: context => refused(payments.createPayment(answering(context, { code: 'SUCCESS', transactionResponse: { orderId: 1, transactionId: 'a', state: 'BRAND_NEW' } }), order()))
}

const nothingSaysSo = new Set<ProviderProblem>(['authentication_failed', 'idempotency_conflict'])

for (const [code, bring] of Object.entries(problems) as [ProviderProblem, typeof problems[ProviderProblem]][]) {
  t.test(code, async t => {
    const simulator = await simulated(t)
    const told = await bring(open(simulator), simulator)
    if (nothingSaysSo.has(code)) return t.equal(told, undefined, `PayU does not say ${code}`)
    t.equal(told?.code, code)
    t.ok(providerProblems[code])
  })
}

t.test('every response code of the facts, as the order tells it', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  for (const [code, problem] of Object.entries(errors)) {
    const payment = await payments.createPayment(context, order({ method: card(code) }))
    t.match(payment.error, { code: problem, providerCode: code }, code)
    t.equal(payment.status, code === 'EXPIRED_TRANSACTION' ? 'expired' : 'requires_payment_method')
    t.equal(payment.amountCaptured, 0)
  }
  t.match(await payments.createPayment(context, order({ method: card('ABANDONED_TRANSACTION') })), { status: 'canceled' })
  t.match(await payments.createPayment(context, order({ method: card('PENDING') })), { status: 'processing' })
  t.match((await payments.createPayment(context, order({ method: card('A_NEW_WORD') }))).error, { code: 'card_declined', providerCode: 'A_NEW_WORD' })
  const error = await refused(payments.createPayment(answering(context, { code: 'SUCCESS', transactionResponse: { orderId: 1, state: 'ERROR', responseCode: 'A_NEW_WORD' } }), order()))
  t.match(error, { code: 'unknown', reached: 'unknown' }, 'ERROR with a word that nobody knows: the bank may have acted')
})

t.test('sentences', async t => {
  const told = [['Invalid credentials', 'invalid_credentials'], ['Credenciales inválidas', 'invalid_credentials'], ['The signature is invalid', 'invalid_credentials'], ['La orden no existe', 'not_found'], ['The value exceeds the maximum', 'amount_invalid'], ['The payment method is not available', 'unsupported'], ['', 'invalid_request']] as const
  for (const [sentence, problem] of told) t.equal(problemOfSentence(sentence), problem, sentence)
})
