/** What is particular about PayU: accounts by country, what is sent and told by each method, two steps, refunds under review, pages. */
import t from 'tap'
import { type CreatePaymentInput, ProviderError } from '../../core/adapter/index.ts'
import payu from './adapter.ts'
import { decimalOf, moneyOf } from './amounts.ts'
import { localTime, momentOf } from './methods.ts'
import { ana, card, closesAgents, commandOf, id, key, open, order, refused, sent, simulated, soon } from './testing/simulated.ts'

closesAgents(t)
const { payments } = payu
const pesos = (amount: number) => ({ amount, currency: 'COP' })
const refundOf = (payment: { providerReference: string, reference?: string }, amount: { amount: number, currency: string }) =>
  ({ idempotencyKey: key(), refundReference: id('ref'), reference: payment.reference!, providerReference: payment.providerReference, amount })

t.test('amounts are written as they are signed, and read exactly', async t => {
  for (const [amount, currency, text] of [[1, 'MXN', '0.01'], [1999, 'MXN', '19.99'], [100_000, 'MXN', '1000'], [15_050, 'USD', '150.5'], [2_000_000, 'COP', '20000'], [5990, 'CLP', '5990'], [999_999_999_999, 'ARS', '9999999999.99']] as const) {
    t.equal(decimalOf({ amount, currency }), text)
    t.equal(String(Number(text)), text, 'as a JSON number it is the same text')
    t.same(moneyOf({ value: Number(text), currency }), { amount, currency })
    t.same(moneyOf({ value: text, currency }), { amount, currency })
  }
  for (const value of [19.999, -1, 1e21, 'x', '']) t.throws(() => moneyOf({ value, currency: 'MXN' }), ProviderError, String(value))
  t.throws(() => moneyOf({ value: 0.5, currency: 'CLP' }), ProviderError)
})

t.test('each country has its account; dollars are charged where the setting says', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  for (const [currency, country, amount] of [['MXN', 'MX', 5000], ['COP', 'CO', 500_000], ['ARS', 'AR', 5000], ['BRL', 'BR', 5000], ['CLP', 'CL', 5000], ['PEN', 'PE', 5000], ['USD', 'PA', 5000]] as const) {
    t.match(await payments.createPayment(context, order({ amount: { amount, currency } })), { status: 'succeeded' })
    t.match(sent(context), { paymentCountry: country, order: { accountId: context.credentials[`account_id_${country.toLowerCase()}`], additionalValues: { TX_VALUE: { currency } } } }, currency)
  }
  const mexico = open(simulator, { settings: { usd_country: 'MX' } })
  await payments.createPayment(mexico, order({ amount: { amount: 5000, currency: 'USD' } }))
  t.match(sent(mexico), { paymentCountry: 'MX' })
  const { account_id_co: _, ...others } = simulator.credentials('test')
  t.match(await refused(payments.createPayment(open(simulator, { credentials: others }), order({ amount: pesos(500_000) }))), { code: 'unsupported', reached: 'nowhere', param: 'currency' })
  t.match(await refused(payments.createPayment(context, order({ amount: { amount: 1, currency: 'EUR' } }))), { code: 'unsupported' })
})

t.test('what a card is charged with', async t => {
  const simulator = await simulated(t)
  const context = open(simulator, { settings: { without_cvv: true, request_digest: 'sha256', confirmation_url: 'https://hub.example/hooks/1' } })
  const paid = await payments.createPayment(context, order({ method: { type: 'card', token: 'sim-MASTERCARD-APPROVED', details: { device_session_id: 'vghs6tvkcle931686k1900o6e1', ip_address: '127.0.0.1' } }, installments: 6, saveMethod: true, taxBreakdown: [{ type: 'IVA', amount: 15_159 }] }))
  t.match(paid, { status: 'succeeded', savedMethodReference: 'sim-MASTERCARD-APPROVED', method: { type: 'card', brand: 'mastercard' } })
  t.match(sent(context), {
    creditCardTokenId: 'sim-MASTERCARD-APPROVED', paymentMethod: 'MASTERCARD', creditCard: { processWithoutCvv2: true }, extraParameters: { INSTALLMENTS_NUMBER: 6 }, deviceSessionId: 'vghs6tvkcle931686k1900o6e1',
    order: { signature: /^[0-9a-f]{64}$/, notifyUrl: 'https://hub.example/hooks/1', additionalValues: { TX_VALUE: { value: 1099 }, TX_TAX: { value: 151.59 }, TX_TAX_RETURN_BASE: { value: 947.41 } } }
  })
  t.same(context.exchanges.map(exchange => commandOf(exchange).command), ['GET_TOKENS', 'SUBMIT_TRANSACTION'], 'the brand that the page did not tell PayU knows')
  t.match(await payments.getPayment(context, paid.providerReference), { method: { type: 'card', brand: 'mastercard', last4: '1111' }, reference: paid.reference })
  t.match(await refused(payments.createPayment(context, order({ method: { type: 'card', token: 'unknown-token' } }))), { code: 'invalid_card', reached: 'answered' })
  t.match(await refused(payments.createPayment(context, order({ method: { type: 'card' } }))), { code: 'invalid_request', reached: 'nowhere', param: 'method.token' })
  const { method: _, ...bare } = order()
  t.match(await refused(payments.createPayment(context, bare as CreatePaymentInput)), { code: 'unsupported', reached: 'nowhere' })
  const rehearsed = open(simulator, { settings: { test_flag: true } })
  await payments.createPayment(rehearsed, order())
  t.equal(commandOf(rehearsed.exchanges[0]!).test, true)
  const live = open(simulator, { mode: 'live', settings: { test_flag: true } })
  await payments.createPayment(live, order())
  t.equal(commandOf(live.exchanges[0]!).test, false, 'nothing of a live connection is a rehearsal')
})

t.test('each other method, and what its payer is told', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const told = async (more: Partial<CreatePaymentInput>) => {
    const payment = await payments.createPayment(context, order(more))
    t.equal(payment.status, 'requires_action')
    t.same((await payments.getPayment(context, payment.providerReference)).nextAction, payment.nextAction, 'the order tells it again')
    simulator.pay(payment.providerReference)
    t.match(await payments.getPayment(context, payment.providerReference), { status: 'succeeded', amountCaptured: payment.amount.amount, method: { type: more.method!.type } })
    return payment.nextAction
  }
  for (const type of ['oxxo', 'seven_eleven', 'cash']) t.match(await told({ method: { type } }), { type: 'voucher', reference: /^\d{14}$/, url: /receipt/ })
  for (const type of ['efecty', 'baloto']) t.match(await told({ method: { type }, amount: pesos(5_000_000) }), { type: 'voucher', reference: /^\d+$/ })
  t.match(await told({ method: { type: 'boleto' }, amount: { amount: 5000, currency: 'BRL' } }), { type: 'voucher' })
  t.match(await told({ method: { type: 'spei' } }), { type: 'bank_transfer', clabe: '646180132800000009', bank: 'STP', reference: /^\d{1,7}$/, amount_remaining: 109_900 })
  t.match(await told({ method: { type: 'nequi' }, amount: pesos(5_000_000) }), { type: 'wallet_push' })
  t.match(await told({ method: { type: 'pse', details: { financial_institution_code: '1007' } }, amount: pesos(5_000_000) }), { type: 'redirect', url: /\/bank\// })
  t.match(sent(context), { paymentMethod: 'PSE', extraParameters: { FINANCIAL_INSTITUTION_CODE: '1007', USER_TYPE: 'N', PSE_REFERENCE2: 'CC', PSE_REFERENCE3: '123456789', RESPONSE_URL: 'https://shop.example/back' } })
})

t.test('what a method does not take is refused before it leaves', async t => {
  const context = open(await simulated(t))
  const cases: [string, Partial<CreatePaymentInput>, string][] = [
    ['efecty of less than 20,000', { method: { type: 'efecty' }, amount: pesos(1_999_999) }, 'amount_invalid'],
    ['efecty of more than 6,000,000', { method: { type: 'efecty' }, amount: pesos(600_000_001) }, 'amount_invalid'],
    ['oxxo in Colombian pesos', { method: { type: 'oxxo' }, amount: pesos(5_000_000) }, 'unsupported'],
    ['cash that is held', { method: { type: 'oxxo' }, capture: 'manual' }, 'unsupported'],
    ['cash in instalments', { method: { type: 'oxxo' }, installments: 3 }, 'unsupported'],
    ['pse without a bank', { method: { type: 'pse' }, amount: pesos(5_000_000) }, 'invalid_request'],
    ['nequi without a telephone', { method: { type: 'nequi' }, amount: pesos(5_000_000), customer: { name: 'Ana' } }, 'invalid_request'],
    ['a hold in Colombia', { amount: pesos(5_000_000), capture: 'manual' }, 'unsupported'],
    ['a hold in Panama', { amount: { amount: 5000, currency: 'USD' }, capture: 'manual' }, 'unsupported']
  ]
  for (const [what, more, code] of cases) t.match(await refused(payments.createPayment(context, order(more))), { code, reached: 'nowhere' }, what)
  t.equal(context.exchanges.length, 0)
})

t.test('times are local ones of the country', async t => {
  const at = new Date('2026-11-21T05:30:00Z')
  t.equal(localTime(at, 'America/Mexico_City'), '2026-11-20T23:30:00')
  t.equal(momentOf('2026-11-20 23:30:00', 'America/Mexico_City')?.toISOString(), at.toISOString())
  t.equal(momentOf('nonsense', 'America/Bogota'), undefined)
  const context = open(await simulated(t))
  const expiresAt = new Date(Math.floor(Date.now() / 1000) * 1000 + 2 * 86_400_000)
  for (const type of ['oxxo', 'spei']) {
    const { nextAction } = await payments.createPayment(context, order({ method: { type }, expiresAt }))
    t.equal((nextAction as { expires_at: string }).expires_at, expiresAt.toISOString(), type)
  }
})

t.test('a sale declined first and approved then: what has money on it is the payment', async t => {
  const context = open(await simulated(t))
  const first = order({ method: card('REJECTED') })
  const declined = await payments.createPayment(context, first)
  t.match(await payments.findPayment(context, { reference: first.reference, ...soon() }), { providerReference: declined.providerReference, status: 'requires_payment_method' })
  const paid = await payments.createPayment(context, { ...first, attempt: 2, method: card() })
  await payments.createPayment(context, { ...first, attempt: 3, method: card('REJECTED') })
  t.match(await payments.findPayment(context, { reference: first.reference, ...soon() }), { providerReference: paid.providerReference, status: 'succeeded' })
})

t.test('a hold of Colombia is let go by nobody', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const held = await payments.createPayment(context, order({ capture: 'manual' }))
  const told = { ...simulator.orders().find(({ id }) => String(id) === held.providerReference)! }
  const there = { ...context, http: async () => ({ status: 200, headers: {}, body: Buffer.from(JSON.stringify({ code: 'SUCCESS', result: { payload: { ...told, transactions: told.transactions.map(one => ({ ...one, paymentCountry: 'CO' })) } } })) }) }
  t.match(await refused(payments.cancel(there, { idempotencyKey: key(), providerReference: held.providerReference, reference: held.reference! })), { code: 'unsupported', reached: 'nowhere' })
})

t.test('a refund waits for its review, and is approved or not', async t => {
  const simulator = await simulated(t)
  const context = open(simulator, { settings: { refunds_are_listed: true } })
  const paid = await payments.createPayment(context, order())
  const first = await payments.refund(context, refundOf(paid, { amount: 9900, currency: 'MXN' }))
  t.match(first, { status: 'pending', amount: { amount: 9900 } })
  t.match(sent(context), { type: 'PARTIAL_REFUND', additionalValues: { TX_VALUE: { value: '99', currency: 'MXN' } }, reason: /./ })
  simulator.reviewRefunds(paid.providerReference, true)
  t.match(await payments.getRefund(context, first.providerReference), { status: 'succeeded', providerReference: first.providerReference })
  t.match(await payments.getPayment(context, paid.providerReference), { status: 'succeeded', amountRefunded: 9900, refunds: [{ providerReference: first.providerReference, status: 'succeeded' }] })
  const second = await payments.refund(context, refundOf(paid, { amount: 100_000, currency: 'MXN' }))
  simulator.reviewRefunds(paid.providerReference, false)
  t.match(await payments.getRefund(context, second.providerReference), { status: 'failed', error: { code: 'card_declined', providerCode: 'ENTITY_DECLINED' } })
  t.match(await payments.getPayment(context, paid.providerReference), { amountRefunded: 9900 })

  const whole = await payments.createPayment(context, order({ amount: { amount: 1999, currency: 'MXN' } }))
  t.match(await refused(payments.refund(context, refundOf(whole, { amount: 150, currency: 'MXN' }))), { code: 'amount_invalid', reached: 'nowhere' }, 'Mexico gives back whole pesos')
  t.match(await payments.refund(context, refundOf(whole, { amount: 1999, currency: 'MXN' })), { amount: { amount: 1999 } }, 'all of it names no amount')
  t.match(sent(context), { type: 'REFUND', additionalValues: undefined })
  simulator.reviewRefunds(whole.providerReference, true)
  t.match(await payments.getPayment(context, whole.providerReference), { status: 'succeeded', amountRefunded: 1999 })
  t.match(await refused(payments.refund(context, refundOf(whole, { amount: 100, currency: 'MXN' }))), { code: 'already_refunded' })

  const colombian = await payments.createPayment(context, order({ amount: pesos(500_000) }))
  t.match(await refused(payments.refund(context, refundOf(colombian, pesos(9999)))), { code: 'amount_invalid', reached: 'nowhere' }, 'Colombia: 100 pesos at least')
  t.match(await payments.refund(context, refundOf(colombian, pesos(10_050))), { status: 'pending' }, 'and decimals are no matter')
})

t.test('where a refund under review is not shown, nobody takes it for lost', async t => {
  const simulator = await simulated(t, { showsRefunds: false })
  const context = open(simulator)
  const paid = await payments.createPayment(context, order())
  const asked = refundOf(paid, { amount: 9900, currency: 'MXN' })
  const where = { reference: paid.reference!, providerReference: paid.providerReference, refundReference: asked.refundReference, amount: asked.amount, others: [], ...soon() }
  t.match(await refused(payments.findRefund(context, where)), { code: 'timeout_unknown', reached: 'unknown' }, 'not seen is not known: a person decides')
  const made = await payments.refund(context, asked)
  t.match(made, { status: 'pending', providerStatus: 'PENDING_REVIEW' })
  t.match(await payments.getRefund(context, made.providerReference), { status: 'pending', providerReference: made.providerReference })
  simulator.reviewRefunds(paid.providerReference, true)
  t.match(await payments.getRefund(context, made.providerReference), { status: 'succeeded', providerReference: made.providerReference }, 'under the name that it was given')
  t.match(await payments.findRefund(context, where), { status: 'succeeded' })
  const after = await payments.getPayment(context, paid.providerReference)
  t.match(after, { amountRefunded: 9900 })
  t.equal(after.refunds, undefined, 'told by its other name it would be counted twice')
})

t.test('a page is a signed form that PayU opens', async t => {
  const simulator = await simulated(t)
  const context = open(simulator, { settings: { confirmation_url: 'https://hub.example/hooks/1' } })
  const input = { idempotencyKey: key(), reference: id('chk'), amount: { amount: 15_025, currency: 'USD' }, capture: 'automatic' as const, description: 'Pedido 1', successUrl: 'https://shop.example/ok', customer: ana }
  const page = await payments.createCheckout(context, input)
  const form = new URL(page.url!)
  t.match(Object.fromEntries(form.searchParams), { merchantId: context.credentials.merchant_id!, accountId: context.credentials.account_id_pa!, referenceCode: input.reference, amount: '150.25', currency: 'USD', tax: '0', taxReturnBase: '0', signature: /^[0-9a-f]{32}$/, test: '0', responseUrl: input.successUrl, confirmationUrl: 'https://hub.example/hooks/1', buyerEmail: ana.email })
  t.equal((await fetch(form)).status, 200)
  form.searchParams.set('amount', '1')
  t.equal((await fetch(form)).status, 400, 'the payer cannot change the price')
  await simulator.payPage(page.url!, 'REJECTED')
  t.match(await payments.getCheckout(context, page.providerReference), { status: 'open', reference: input.reference }, 'declined: the page is still there')
  await simulator.payPage(page.url!)
  const done = await payments.getCheckout(context, page.providerReference)
  t.match(done, { status: 'complete', amount: input.amount })
  t.match(await payments.getPayment(context, done.paymentProviderReference!), { status: 'succeeded', reference: input.reference, amount: input.amount })
  for (const [what, more] of [['held', { capture: 'manual' as const }], ['that ends', { expiresAt: new Date() }], ['that keeps the card', { saveMethod: true }], ['of some methods', { methods: ['pse'] }]] as const) {
    t.match(await refused(payments.createCheckout(context, { ...input, ...more } as typeof input)), { code: 'unsupported', reached: 'nowhere' }, what)
  }
  const [, ...rest] = page.providerReference.split('/')
  t.match(await refused(payments.getCheckout(context, [id('chk'), ...rest].join('/'))), { code: 'not_found' }, 'a name that this account did not sign')
})

t.test('a chargeback is told with the payment', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const paid = await payments.createPayment(context, order())
  simulator.chargeBack(paid.providerReference)
  t.match(await payments.getPayment(context, paid.providerReference), { status: 'succeeded', disputed: true, amountCaptured: 109_900 })
})

t.test('everybody’s sandbox account is of test mode', async t => {
  t.equal(payu.detectMode({ merchant_id: '508029' }), 'test')
  t.equal(payu.detectMode({ merchant_id: '1' }), undefined)
  const simulator = await simulated(t)
  const { merchant_id, api_login, api_key } = simulator.credentials('test') as Record<'merchant_id' | 'api_login' | 'api_key', string>
  t.match(await refused(payu.test(open(simulator, { credentials: { merchant_id, api_login, api_key } }))), { code: 'invalid_credentials', param: 'account_id_mx' })
})

t.test('scrub leaves ids and takes people out', async t => {
  const text = payu.scrub('{"creditCardTokenId":"0b6b1c2d-1234-4abc-8def-0123456789ab","fullName":"Ana Pérez","dniNumber":"123","orderId":1400000001,"merchant":{"apiKey":"k123456789","apiLogin":"a123456789"}}', { api_key: 'k123456789', api_login: 'a123456789' })
  t.notMatch(text, /Ana|0b6b1c2d|k123456789|a123456789|"123"/)
  t.match(text, /1400000001/)
  t.match(text, /89ab/)
})
