/** Every problem of the vocabulary, how PayPal brings it about, and what else only this adapter does. */
import t from 'tap'
import fc from 'fast-check'
import { ProviderError, type ProviderProblem } from '../../core/adapter/index.ts'
import { everyProblem } from '../../test/support/connection.ts'
import paypal from './adapter.ts'
import { currencies, moneyOf, onWire } from './amounts.ts'
import { vaultCustomerOf } from './asking.ts'
import { errors, problemOf, refusalOf } from './errors.ts'
import type { PaypalSimulator } from './simulator.ts'
import { answering, card, closesAgents, id, key, memory, open, type Opened, order, refused, sent, simulated, soon } from './testing/simulated.ts'

closesAgents(t)
const { payments } = paypal
type Told = { code: ProviderProblem, providerCode?: string } | ProviderError | undefined
const declined = (name: string) => async (context: Opened): Promise<Told> => (await payments.createPayment(context, order({ method: card(name) }))).error
const error = (issue: string, name = 'UNPROCESSABLE_ENTITY') => ({ name, message: 'No.', debug_id: '1', details: [{ issue, description: 'No.' }] })
const asked = (context: Opened, status: number, issue: string, name?: string) => refused(payments.createPayment(answering(context, status, error(issue, name)), order()))
const refundOf = async (context: Opened, ...parts: number[]): Promise<Told> => {
  const { providerReference, reference } = await payments.createPayment(context, order())
  let told: Told
  for (const amount of parts) told = await payments.refund(context, { idempotencyKey: key(), refundReference: id('ref'), reference: reference!, providerReference, amount: { amount, currency: 'MXN' } }).then(() => undefined, (thrown: unknown) => thrown as ProviderError)
  return told
}

const problems: Record<ProviderProblem, (context: Opened, simulator: PaypalSimulator) => Promise<Told>> = {
  card_declined: declined('5100'),
  insufficient_funds: declined('5120'),
  expired_card: declined('5400'),
  incorrect_cvc: declined('5110'),
  invalid_card: async context => refused(payments.createPayment(answering(context, 422, error('1330')), order())),
  authentication_required: async context => (await payments.createPayment(context, order({ method: card('3ds'), offSession: true }))).error,
  authentication_failed: context => asked(context, 422, 'AUTHENTICATION_FAILED'),
  fraud_suspected: declined('9500'),
  limit_exceeded: declined('5200'),
  unsupported: context => refused(payments.createPayment(context, order({ amount: { amount: 100, currency: 'COP' } }))),
  amount_invalid: context => refundOf(context, 109_901),
  invalid_request: context => asked(context, 400, 'INVALID_PARAMETER_SYNTAX', 'INVALID_REQUEST'),
  invalid_credentials: (_, simulator) => refused(paypal.test(open(simulator, { credentials: simulator.wrongCredentials('test') }))),
  permission_denied: context => asked(context, 403, 'PERMISSION_DENIED', 'NOT_AUTHORIZED'),
  not_found: context => refused(payments.getPayment(context, '5O190127TN364715T')),
  invalid_state: async context => {
    const { providerReference, reference } = await payments.createPayment(context, order())
    return refused(payments.cancel(context, { idempotencyKey: key(), providerReference, reference: reference! }))
  },
  already_refunded: context => refundOf(context, 109_900, 1),
  duplicate: async context => {
    const once = order()
    await payments.createPayment(context, once)
    return refused(payments.createPayment(context, { ...once, idempotencyKey: key() }))
  },
  idempotency_conflict: async () => undefined, // an old key is answered with the old answer
  conflict: context => asked(context, 409, 'PREVIOUS_REQUEST_IN_PROGRESS', 'RESOURCE_CONFLICT'),
  expired: context => asked(context, 422, 'ORDER_EXPIRED'),
  merchant_balance_insufficient: context => asked(context, 422, 'REFUND_FAILED_INSUFFICIENT_FUNDS'),
  rate_limited: (context, simulator) => {
    simulator.inject({ kind: 'rate_limit', path: '/orders' })
    return refused(payments.createPayment(context, order()))
  },
  provider_unavailable: (context, simulator) => {
    simulator.inject({ kind: 'cut_after', path: '/oauth2/token' })
    return refused(payments.createPayment(context, order()))
  },
  timeout_unknown: (context, simulator) => {
    simulator.inject({ kind: 'cut_after', path: '/orders' })
    return refused(payments.createPayment(context, order()))
  },
  unknown: context => refused(payments.getPayment(answering(context, 200, { id: '5O190127TN364715T', status: 'BRAND_NEW', purchase_units: [{ amount: { currency_code: 'MXN', value: '1.00' } }] }), '5O190127TN364715T'))
}

t.test('every problem', async t => {
  await everyProblem(t, { problems, never: ['idempotency_conflict'], simulated, open })
  for (const [word, code] of Object.entries(errors)) t.equal(problemOf(word, 'unknown'), code, word)
  t.equal(problemOf('NEVER_HEARD_OF', 'card_declined'), 'card_declined')
})

t.test('how far it got', async t => {
  const read = (status: number, body: unknown, headers: Record<string, string> = {}) => refusalOf({ status, headers, body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)) }, new Date())
  t.match(read(500, error('x', 'INTERNAL_SERVER_ERROR')), { code: 'timeout_unknown', reached: 'unknown' })
  t.match(read(502, '<html>'), { code: 'timeout_unknown', reached: 'unknown' })
  t.match(read(429, error('x', 'RATE_LIMIT_REACHED'), { 'retry-after': '3' }), { code: 'rate_limited', reached: 'nowhere', retryAfterMs: 3000 })
  t.match(read(401, { error: 'invalid_client', error_description: 'Client Authentication failed' }), { code: 'invalid_credentials', reached: 'answered', providerCode: 'invalid_client' })
  t.match(read(422, error('SOMETHING_NEW')), { code: 'invalid_request', reached: 'answered' })
})

t.test('amounts: as PayPal counts each currency, there and back', async t => {
  t.same(onWire({ amount: 109_905, currency: 'MXN' }), { currency_code: 'MXN', value: '1099.05' })
  t.same([onWire({ amount: 1500, currency: 'JPY' }).value, onWire({ amount: 150_000, currency: 'HUF' }).value, onWire({ amount: 5, currency: 'USD' }).value], ['1500', '1500', '0.05'])
  t.throws(() => onWire({ amount: 150_050, currency: 'HUF' }), { code: 'amount_invalid', reached: 'nowhere' })
  t.same(moneyOf({ currency_code: 'USD', value: '-10.5' }), { amount: -1050, currency: 'USD' })
  t.throws(() => moneyOf({ currency_code: 'USD', value: '1.005' }), { code: 'unknown' })
  fc.assert(fc.property(fc.constantFrom(...currencies), fc.integer({ min: 1, max: 99_999_999 }), (currency, n) => {
    const amount = currency === 'HUF' || currency === 'TWD' ? n * 100 : n
    const back = moneyOf(onWire({ amount, currency }))
    return back.amount === amount && back.currency === currency
  }), { numRuns: 500, seed: 7 })
})

t.test('a token is lent once, and replaced when PayPal forgot it', async t => {
  const simulator = await simulated(t)
  const context = open(simulator, { memory: memory() })
  const tokens = () => simulator.requests().filter(({ path }) => path === '/v1/oauth2/token').length
  const { providerReference } = await payments.createPayment(context, order())
  await payments.getPayment(context, providerReference)
  t.equal(tokens(), 1)
  simulator.forgetTokens()
  t.match(await payments.getPayment(context, providerReference), { status: 'succeeded' })
  t.equal(tokens(), 2, 'once more, and no more')
  const bad = answering(context, 401, { name: 'AUTHENTICATION_FAILURE' })
  t.match(await refused(payments.getPayment(bad, providerReference)), { code: 'invalid_credentials', reached: 'answered' })
  const dark = open(simulator)
  await payments.getPayment(open(simulator, { credentials: context.credentials as Record<string, string> }), providerReference)
  t.equal(dark.memory, undefined, 'without a memory a token is asked for each time')
})

t.test('what an order is asked for', async t => {
  const simulator = await simulated(t)
  const context = open(simulator, { settings: { brand_name: 'Tienda', partner_attribution_id: 'BN_1' } })
  const asked = order({ method: { type: 'paypal' }, orderReference: 'A-1', capture: 'manual', lines: [{ name: 'Silla', quantity: 2, unitAmount: 54_950 }] })
  t.match(await payments.createPayment(context, asked), { status: 'requires_action', nextAction: { type: 'redirect', url: /checkoutnow/ } })
  t.match(sent(context), {
    intent: 'AUTHORIZE',
    purchase_units: [{ custom_id: asked.reference, invoice_id: `${asked.reference}-1`, amount: { currency_code: 'MXN', value: '1099.00', breakdown: { item_total: { value: '1099.00' } } }, items: [{ name: 'Silla', quantity: '2', unit_amount: { value: '549.50' } }] }],
    payment_source: { paypal: { experience_context: { return_url: 'https://shop.example/back', user_action: 'PAY_NOW', shipping_preference: 'NO_SHIPPING', brand_name: 'Tienda' } } }
  })
  t.match(context.exchanges.at(-1)?.requestHeaders, { 'paypal-request-id': asked.idempotencyKey, prefer: 'return=representation', 'paypal-partner-attribution-id': 'BN_1' })
  const cases: [string, object, string][] = [
    ['a card number', { method: { type: 'card', token: '4111111111111111' } }, 'method.token'], ['a card without a token', { method: { type: 'card' } }, 'method.token'], ['cash', { method: { type: 'oxxo' } }, 'method.type'],
    ['lines that do not add up', { lines: [{ name: 'Mesa', quantity: 3, unitAmount: 1 }] }, 'lines'], ['a wallet of nobody', { method: { type: 'paypal' }, saveMethod: true }, 'customer'], ['a page for who is away', { method: { type: 'paypal' }, offSession: true }, 'method.token']
  ]
  const before = context.exchanges.length
  for (const [what, more, param] of cases) t.match(await refused(payments.createPayment(context, order(more))), { reached: 'nowhere', param }, what)
  t.equal(context.exchanges.filter(({ url }) => !url.endsWith('/oauth2/token')).length, context.exchanges.slice(0, before).filter(({ url }) => !url.endsWith('/oauth2/token')).length, 'none of them left')
})

t.test('approved is not paid: what is refused then goes back to the page, and another way is taken once', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const { providerReference, reference } = await payments.createPayment(context, order({ method: { type: 'paypal' } }))
  const complete = async () => await payments.completePayment(context, { idempotencyKey: key(), providerReference, reference: reference! })
  t.match(await complete(), { status: 'requires_action', approval: undefined }, 'nobody agreed yet')
  simulator.approve(providerReference, 'refused')
  const first = await payments.getPayment(context, providerReference)
  t.match(first, { status: 'processing', approval: /T/, amountCaptured: 0 }, 'a look takes nothing')
  t.match(await complete(), { status: 'requires_action', nextAction: { type: 'redirect', url: /checkoutnow/ }, error: { code: 'card_declined', providerCode: 'INSTRUMENT_DECLINED' }, approval: undefined, amountCaptured: 0 })
  simulator.approve(providerReference)
  t.not((await payments.getPayment(context, providerReference)).approval, first.approval, 'another agreement')
  for (const told of await Promise.all([complete(), complete()])) t.match(told, { status: 'succeeded', amountCaptured: 109_900, approval: undefined })
  t.equal(simulator.effects(reference!).charges, 1)
})

t.test('where the payer goes, and what is not offered', async t => {
  const context = open(await simulated(t))
  const action = async (more: object) => (await payments.createPayment(context, order(more))).nextAction
  t.match(await action({ method: { type: 'paypal' } }), { type: 'redirect', url: /checkoutnow/ }, 'the wallet’s page')
  t.match(await action({ method: card('3ds') }), { type: 'redirect', url: /checkoutnow/ }, '3-D Secure is asked on PayPal’s page too')
  t.match(await refused(payments.createPayment(context, order({ installments: 3 }))), { code: 'unsupported', reached: 'nowhere', param: 'installments' }, 'instalments are the payer’s choice on its page')
})

t.test('an approval is held where the shop wants to capture later', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const { providerReference, reference } = await payments.createPayment(context, order({ method: { type: 'paypal' }, capture: 'manual' }))
  simulator.approve(providerReference)
  const asked = { idempotencyKey: key(), providerReference, reference: reference! }
  t.match(await payments.completePayment(context, asked), { status: 'authorized', amountCapturable: 109_900, amountCaptured: 0 })
  t.equal(context.exchanges.at(-1)?.requestHeaders['paypal-request-id'], asked.idempotencyKey)
})

t.test('a review, a void, and what PayPal has no word for', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const waits = await payments.createPayment(context, order({ method: card('pending') }))
  t.match(waits, { status: 'processing', providerStatus: 'PENDING', amountCaptured: 0 })
  simulator.settle(waits.providerReference)
  t.match(await payments.getPayment(context, waits.providerReference), { status: 'succeeded' })
  const open2 = await payments.createPayment(context, order({ method: { type: 'paypal' } }))
  t.match(await refused(payments.cancel(context, { idempotencyKey: key(), providerReference: open2.providerReference, reference: open2.reference! })), { code: 'invalid_state', reached: 'answered' }, 'an order that waits cannot be ended')
  t.match(await payments.createPayment(context, order({ method: { type: 'card', token: 'vault-refused' } })).catch((thrown: unknown) => thrown), { code: 'card_declined', reached: 'answered', providerCode: 'INSTRUMENT_DECLINED' }, 'a decline that left no order')
})

t.test('what is not in a late report is not known', async t => {
  const context = open(await simulated(t), { settings: { report_lag_minutes: 180 } })
  t.match(await refused(payments.findPayment(context, { reference: id('pay'), ...soon() })), { reached: 'unknown' })
  const long = { from: new Date(Date.now() - 5 * 3600_000), to: new Date(Date.now() - 4 * 3600_000) }
  t.equal(await payments.findPayment(context, { reference: id('pay'), ...long }), undefined, 'four hours later it is sure')
})

t.test('without Transaction Search the connection says so', async t => {
  const context = open(await simulated(t, { reports: false }))
  t.match(await paypal.test(context), { account: { id: context.credentials.client_id }, evidence: [{}, { en: /lacks "Transaction Search"/ }] })
})

t.test('a vault’s customer is our id in 22 characters', async t => {
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 32, maxLength: 32 }), hex => {
    const name = vaultCustomerOf(`cus_${hex}`)
    return /^[0-9a-zA-Z_-]{22}$/.test(name) && Buffer.from(name, 'base64url').toString('hex') === hex
  }), { numRuns: 100, seed: 7 })
  t.equal(vaultCustomerOf('anything').length, 22)
})
