/** Every problem of the vocabulary, and how Kushki brings it about; every code of its own. */
import t from 'tap'
import { ProviderError, type ProviderProblem } from '../../core/adapter/index.ts'
import { everyProblem } from '../../test/support/connection.ts'
import kushki from './adapter.ts'
import { errors, problemOf, refusalOf } from './errors.ts'
import type { KushkiSimulator } from './simulator.ts'
import { answering, card, closesAgents, key, open, type Opened, order, refused, simulated } from './testing/simulated.ts'
import { statusOf } from './wire.ts'

closesAgents(t)
const { payments } = kushki
type Told = { code: ProviderProblem, providerCode?: string } | ProviderError | undefined
const declined = (name: string) => async (context: Opened): Promise<Told> => (await payments.createPayment(context, order({ method: card(name) }))).error
const asked = (context: Opened, status: number, body: object, headers = {}) => refused(payments.createPayment(answering(context, status, body, headers), order()))
const said = (code: string) => (context: Opened): Promise<Told> => asked(context, 400, { code, message: 'No' })
const refund = async (context: Opened, amount: number, times = 1): Promise<Told> => {
  const { providerReference, reference } = await payments.createPayment(context, order())
  let told: Told
  for (let time = 0; time < times; time++) told = await payments.refund(context, { idempotencyKey: key(), refundReference: 'ref_1', reference: reference!, providerReference, amount: { amount, currency: 'MXN' } }).then(() => undefined, (thrown: unknown) => thrown as ProviderError)
  return told
}

const problems: Record<ProviderProblem, (context: Opened, simulator: KushkiSimulator) => Promise<Told>> = {
  card_declined: declined('declined'),
  insufficient_funds: declined('funds'),
  expired_card: declined('expired'),
  incorrect_cvc: declined('cvv'),
  invalid_card: declined('number'),
  authentication_required: async () => undefined, // the shop's page asks before the charge, and kept cards are not asked
  authentication_failed: declined('secure'),
  fraud_suspected: declined('fraud'),
  limit_exceeded: declined('limit'),
  unsupported: declined('unsupported'),
  amount_invalid: said('220'),
  invalid_request: context => refused(payments.createPayment(context, order({ method: { type: 'card', token: 'nobodys_token' } }))),
  invalid_credentials: (_, simulator) => refused(kushki.test(open(simulator, { credentials: simulator.wrongCredentials('test') }))),
  permission_denied: said('K026'),
  not_found: context => refused(payments.getPayment(context, '170384522771700083')),
  invalid_state: async context => {
    const { providerReference, reference } = await payments.createPayment(context, order({ method: card('declined') }))
    return refused(payments.refund(context, { idempotencyKey: key(), refundReference: 'ref_1', reference: reference!, providerReference, amount: { amount: 19_990, currency: 'MXN' } }))
  },
  already_refunded: context => refund(context, 19_990, 2),
  duplicate: async () => undefined, // nothing is refused for being there already: it is looked for first
  idempotency_conflict: async () => undefined, // no key is relied on
  conflict: context => asked(context, 409, { message: 'Conflict' }),
  expired: async () => undefined, // cash that nobody paid is a state, not an error
  merchant_balance_insufficient: async () => undefined, // no code of it is known
  rate_limited: context => asked(context, 429, {}, { 'retry-after': '2' }),
  provider_unavailable: declined('unreachable'),
  timeout_unknown: (context, simulator) => {
    simulator.inject({ kind: 'cut_after', method: 'POST', path: '/charges' })
    return refused(payments.createPayment(context, order()))
  },
  unknown: async () => {
    try {
      statusOf({ transaction_status: 'BRAND_NEW' })
    } catch (thrown) {
      return thrown as ProviderError
    }
  }
}
const never: ProviderProblem[] = ['authentication_required', 'duplicate', 'idempotency_conflict', 'expired', 'merchant_balance_insufficient']

t.test('every problem', async t => await everyProblem(t, { problems, never, simulated, open }))

t.test('every code, as a refusal and as a decline', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  for (const [word, code] of Object.entries(errors)) {
    const bare = await asked(context, 400, { code: word, message: 'No' })
    t.match(bare, { code, providerCode: word, reached: word === '006' || word === 'K003' ? 'unknown' : 'answered' }, `${word} without a transaction`)
    if (bare.reached === 'unknown' || word === '577') continue
    t.match(await payments.createPayment(answering(context, 400, { code: word, message: 'No', ticketNumber: '170384522771700083' }), order()), { status: 'requires_payment_method', providerReference: '170384522771700083', error: { code, providerCode: word } }, `${word} with one`)
  }
  const sentences: [string, ProviderProblem][] = [
    ['Tarjeta vencida', 'expired_card'], ['Excede el límite diario', 'limit_exceeded'], ['Falló la autenticación 3DS', 'authentication_failed'], ['El número de tarjeta no existe', 'invalid_card'], ['algo que nadie leyó', 'card_declined'], ['', 'card_declined']
  ]
  for (const [sentence, code] of sentences) t.equal(problemOf('999', sentence), code, sentence)
  t.equal(problemOf('021', 'Tarjeta vencida'), 'insufficient_funds', 'the code goes before the sentence')
})

t.test('how far it got', async t => {
  const read = (status: number, body: unknown, headers: Record<string, string> = {}) => refusalOf({ status, headers, body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)) }, new Date())
  t.match(read(500, { code: 'K003', message: 'Error inesperado' }), { code: 'timeout_unknown', reached: 'unknown' })
  t.match(read(504, { message: 'Endpoint request timed out' }), { code: 'timeout_unknown', reached: 'unknown' })
  t.match(read(502, '<html>'), { reached: 'unknown' })
  t.match(read(408, ''), { reached: 'unknown' })
  t.match(read(429, { message: 'Too Many Requests' }, { 'retry-after': '3' }), { code: 'rate_limited', reached: 'nowhere', retryAfterMs: 3000 })
  t.match(read(403, { Message: 'User is not authorized to access this resource because no identity-based policy allows it' }), { code: 'invalid_credentials', reached: 'answered' })
  t.match(read(403, { message: 'Missing Authentication Token' }), { code: 'unsupported', reached: 'answered' }, 'a route that is not there')
  t.match(read(403, { message: 'Forbidden' }), { code: 'permission_denied', reached: 'answered' })
  t.match(read(401, { code: 'K004', message: 'Id de comercio no válido' }), { code: 'invalid_credentials' })
  t.match(read(400, { code: 17, message: 'x' }), { providerCode: '17', code: 'invalid_request' })
  t.match(read(400, 'no JSON'), { code: 'invalid_request', reached: 'answered' })
  t.match(read(404, { code: 'X9', message: 'x' }), { code: 'not_found' })
})
