import t from 'tap'
import fc from 'fast-check'
import type { IdempotencyKey } from '../../core/adapter/index.ts'
import mercadopago from './adapter.ts'
import { moneyOf, partOnWire } from './amounts.ts'
import { uuidOf } from './http.ts'
import { scrub } from './scrub.ts'
import { ana, answering, card, closesAgents, id, key, open, order, refused, sent, simulated, soon } from './testing/simulated.ts'
import { snapshotOf } from './wire.ts'

closesAgents(t)
const { payments } = mercadopago
const tomorrow = () => new Date(Date.now() + 86_400_000)

t.test('what a payment is asked for', async t => {
  const context = open(await simulated(t), { country: 'MX' })
  const asked = order({ installments: 6, orderReference: 'A-1', metadata: { room: '12' }, statementDescriptor: 'TIENDA', lines: [{ name: 'Silla', quantity: 2, unitAmount: 5025 }], customer: { ...ana, tax_id: 'XAXX010101000' } })
  await payments.createPayment(context, asked)
  t.match(sent(context), {
    transaction_amount: 100.5, description: 'A-1', external_reference: asked.reference, token: 'sim-token-visa-APRO', payment_method_id: 'visa', installments: 6, capture: true, statement_descriptor: 'TIENDA', three_d_secure_mode: 'optional',
    payer: { email: ana.email, first_name: 'Ana', last_name: 'Pérez Gil', identification: { type: 'RFC', number: 'XAXX010101000' } },
    metadata: { room: '12', pasarela_payment: asked.reference, pasarela_attempt: '1', pasarela_order: 'A-1' }, additional_info: { items: [{ title: 'Silla', quantity: 2, unit_price: 50.25 }] }
  })
  t.notOk('currency_id' in sent(context), 'the currency is the account’s')
  const { requestHeaders } = context.exchanges.at(-1)!
  t.equal(requestHeaders['x-idempotency-key'], uuidOf(asked.idempotencyKey))
  t.match(requestHeaders, { authorization: `Bearer ${context.credentials.access_token}` })
  const told = open(await simulated(t), { country: 'MX', settings: { three_ds_mode: 'not_supported' } })
  await payments.createPayment(told, order({ method: { ...card('APRO'), details: { payment_method_id: 'visa', issuer_id: '25' } }, capture: 'manual' }))
  t.match(sent(told), { capture: false, issuer_id: '25', metadata: { pasarela_held: '10050' } })
  t.equal(told.exchanges.length, 1, 'what the shop’s form said need not be asked')
  t.notOk('three_d_secure_mode' in sent(told))
})

t.test('a key is always the same UUID of version 4', async t => {
  t.doesNotThrow(() => fc.assert(fc.property(fc.string({ minLength: 1 }), text => {
    const key = text as IdempotencyKey
    const again = uuidOf(key)
    return uuidOf(key) === again && /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(uuidOf(key)) && uuidOf(key) !== uuidOf(`${key}x` as IdempotencyKey)
  }), { numRuns: 200, seed: 7 }))
})

t.test('amounts are decimals, and never divided', async t => {
  for (const [amount, currency, wire] of [[10_050, 'MXN', 100.5], [1, 'BRL', 0.01], [1999, 'ARS', 19.99], [110_003, 'PEN', 1100.03], [5000, 'CLP', 5000], [123_456_789_012_345, 'UYU', 1_234_567_890_123.45]] as const) {
    t.equal(partOnWire({ amount, currency }), wire)
    t.same(moneyOf(wire, currency), { amount, currency })
  }
  fc.assert(fc.property(fc.integer({ min: 1, max: 10 ** 13 }), fc.constantFrom('MXN', 'CLP', 'COP', 'BRL'), (amount, currency) => {
    const sent = JSON.parse(JSON.stringify({ amount: partOnWire({ amount, currency }) })) as { amount: number }
    return moneyOf(sent.amount, currency).amount === amount
  }), { numRuns: 300, seed: 7 })
  t.throws(() => partOnWire({ amount: 9_007_199_254_740_991, currency: 'MXN' }), { code: 'amount_invalid' }, 'what a number cannot say is not sent')
  t.throws(() => moneyOf(100.505, 'MXN'), { code: 'unknown' })
  t.throws(() => moneyOf(100.5, 'CLP'), { code: 'unknown' })
})

t.test('what is refused before anything is written', async t => {
  const simulator = await simulated(t)
  const pse = { type: 'pse', details: { bank: '1007', ip_address: '190.0.0.1' } }
  const cop = { amount: { amount: 500_000, currency: 'COP' }, customer: { ...ana, tax_id: '1020304050' }, returnUrl: 'https://shop.example/r' }
  const cases: [string, object, string, string?][] = [
    ['no method', { method: undefined }, 'method'],
    ['no mail', { customer: { name: 'Ana' } }, 'customer.email'],
    ['a card number', { method: { type: 'card', token: '4111 1111 1111 1111' } }, 'method.token'],
    ['a saved card of nobody', { method: { type: 'card', token: '1490022319978' } }, 'customer'],
    ['a card kept for nobody', { saveMethod: true }, 'customer'],
    ['another currency', { amount: { amount: 5000, currency: 'BRL' } }, 'currency'],
    ['a currency of nowhere', { amount: { amount: 5000, currency: 'USD' } }, 'currency'],
    ['lines that do not add up', { lines: [{ name: 'Mesa', quantity: 3, unitAmount: 1 }] }, 'lines'],
    ['cash that is held', { capture: 'manual', method: { type: 'oxxo' } }, 'capture'],
    ['cash in instalments', { installments: 3, method: { type: 'oxxo' } }, 'installments'],
    ['a way to pay that there is not', { method: { type: 'cheque' } }, 'method.type'],
    ['PSE without a bank', { ...cop, method: { type: 'pse', details: { ip_address: '1.1.1.1' } } }, 'method.details.bank', 'CO'],
    ['PSE from nowhere', { ...cop, method: { type: 'pse', details: { bank: '1' } } }, 'method.details.ip_address', 'CO'],
    ['PSE without a way back', { ...cop, method: pse, returnUrl: undefined }, 'return_url', 'CO'],
    ['PSE without a document', { ...cop, method: pse, customer: ana }, 'customer.tax_id', 'CO'],
    ['PSE with centavos', { ...cop, method: pse, amount: { amount: 500_001, currency: 'COP' } }, 'amount', 'CO']
  ]
  for (const [what, more, param, country = 'MX'] of cases) {
    const context = open(simulator, { country })
    t.match(await refused(payments.createPayment(context, order(more))), { reached: 'nowhere', param }, what)
    t.notOk(context.exchanges.some(({ method }) => method !== 'GET'), what)
  }
  const lent = open(simulator, { settings: { default_email: 'caja@shop.example' } })
  t.match(await payments.createPayment(lent, order({ customer: undefined })), { status: 'succeeded' }, 'the shop’s own mail, where it said so')
  t.match(await refused(payments.createPaymentLink(lent, { idempotencyKey: key(), reference: id('lnk'), amount: { amount: 5000, currency: 'MXN' }, capture: 'automatic', maxPayments: 1 })), { code: 'unsupported', param: 'max_payments' })
  t.match(await refused(payments.cancelSubscription(lent, { idempotencyKey: key(), providerReference: '1', reference: 'sub_1', at: 'period_end' })), { code: 'unsupported', param: 'at' })
})

t.test('next actions, each of its country', async t => {
  const simulator = await simulated(t)
  const at = (site: string, settings = {}) => open(simulator, { credentials: simulator.account({ mode: 'test', site }), settings })
  const brl = { amount: { amount: 10_050, currency: 'BRL' }, customer: { ...ana, tax_id: '12345678909' } }
  const cop = { amount: { amount: 5_000_000, currency: 'COP' }, customer: { ...ana, tax_id: '1020304050' } }
  const made = async (site: string, more: object) => (await payments.createPayment(at(site), order(more))).nextAction
  const ends = { expires_at: /Z$/ }
  t.match(await made('MLM', { method: { type: 'oxxo' } }), { type: 'voucher', reference: /^\d{14}$/, url: /\/ticket\//, ...ends })
  t.match(await made('MLM', { method: { type: 'bancomer' } }), { type: 'voucher' })
  t.match(await made('MLM', { method: { type: 'spei' } }), { type: 'bank_transfer', url: /\/ticket\//, reference: /^\d{14}$/, clabe: undefined, ...ends }, 'the CLABE is on the page')
  t.match(await made('MCO', { ...cop, method: { type: 'efecty' } }), { type: 'voucher', reference: /^\d{10}$/ }, 'what is said at the counter')
  t.match(await made('MCO', { ...cop, returnUrl: 'https://shop.example/r', method: { type: 'pse', details: { bank: '1007', ip_address: '190.0.0.1' } } }), { type: 'redirect', url: /\/bank\// })
  t.match(await made('MLB', { ...brl, method: { type: 'pix' } }), { type: 'qr', data: /^000201/, image: /^data:image\/png;base64,/, ...ends })
  t.match(await made('MLB', { ...brl, method: { type: 'boleto', details: { zip_code: '01310100' } } }), { type: 'voucher', url: /\/ticket\// })
  t.match(await made('MLM', { method: card('CHAL') }), { type: 'sdk_challenge', data: { external_resource_url: /\/challenge\//, creq: String } })
  const friday = tomorrow()
  const until = await made('MLM', { method: { type: 'oxxo' }, expiresAt: friday })
  t.equal((until as { expires_at: string }).expires_at, friday.toISOString(), 'to the second that was asked')
})

t.test('a payment that waits is pending, one that is looked at is processing', async t => {
  const context = open(await simulated(t))
  t.match(await payments.createPayment(context, order({ method: card('CONT') })), { status: 'processing', providerStatus: 'in_process' })
  const told = (more: object) => snapshotOf({ id: 1, status: 'approved', transaction_amount: 100.5, currency_id: 'MXN', ...more }, context)
  t.match(told({ status: 'cancelled', status_detail: 'by_collector' }), { status: 'canceled' })
  t.match(told({ status: 'cancelled', status_detail: 'expired' }), { status: 'expired', error: { code: 'expired' } })
  t.match(told({ status: 'charged_back', status_detail: 'settled' }), { status: 'succeeded', disputed: true })
  t.match(told({ status: 'charged_back', status_detail: 'reimbursed' }), { status: 'succeeded', disputed: false })
  t.match(told({ status: 'in_mediation' }), { status: 'succeeded', disputed: true })
  t.match(told({ status_detail: 'partially_refunded', transaction_amount_refunded: 10.5 }), { status: 'succeeded', amountRefunded: 1050 })
  t.match(told({ status: 'refunded', transaction_amount_refunded: 100.5 }), { status: 'succeeded', amountCaptured: 10_050, amountRefunded: 10_050 })
})

t.test('each attempt is a payment, and the one with money is found', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const asked = order({ method: card('FUND') })
  const first = await payments.createPayment(context, asked)
  t.match(first, { status: 'requires_payment_method', error: { code: 'insufficient_funds', providerCode: 'cc_rejected_insufficient_amount' } })
  const second = await payments.createPayment(context, { ...asked, idempotencyKey: key(), attempt: 2, method: card('APRO') })
  await payments.createPayment(context, { ...asked, idempotencyKey: key(), attempt: 3, method: card('OTHE') })
  t.match(await payments.findPayment(context, { reference: asked.reference, ...soon() }), { providerReference: second.providerReference })
  t.equal(simulator.effects(asked.reference).charges, 1)
})

t.test('a saved card that is sent again with another token is one charge', async t => {
  const simulator = await simulated(t)
  const context = open(simulator, { country: 'MX' })
  const customer = await payments.createCustomer(context, { idempotencyKey: key(), reference: id('cus'), ...ana })
  const saved = await payments.saveMethod(context, { idempotencyKey: key(), reference: id('pmt'), customerProviderReference: customer.providerReference, type: 'card', token: 'sim-token-visa-APRO' })
  const asked = order({ method: { type: 'card', token: saved.providerReference }, customer: { ...ana, provider_reference: customer.providerReference }, offSession: true })
  simulator.inject({ kind: 'cut_after', method: 'POST', path: '/v1/payments' })
  t.match(await refused(payments.createPayment(context, asked)), { reached: 'unknown' })
  t.match(await payments.createPayment(context, asked), { status: 'succeeded', savedMethodReference: saved.providerReference, customerProviderReference: customer.providerReference }, 'the key is refused with another body, and the payment found')
  t.equal(simulator.effects(asked.reference).charges, 1)
  const kept = order({ saveMethod: true, customer: { ...ana, provider_reference: customer.providerReference }, method: card('APRO', 'master') })
  simulator.inject({ kind: 'cut_after', method: 'POST', path: '/v1/payments' })
  t.match(await refused(payments.createPayment(context, kept)), { reached: 'unknown' })
  t.match(await payments.createPayment(context, kept), { status: 'succeeded', savedMethodReference: /^\d+$/ }, 'the token was used to keep it, and the payment found')
  t.equal(simulator.effects(kept.reference).charges, 1)
  const lost = answering(context, 409, { message: 'seen', error: 'conflict', status: 409, cause: [] })
  t.match(await refused(payments.createPayment(lost, order())), { code: 'timeout_unknown', reached: 'unknown' }, 'seen there and not found: nobody knows')
  const strict = open(simulator, { credentials: context.credentials, settings: { saved_card_token: 'browser' } })
  t.match(await refused(payments.createPayment(strict, { ...asked, reference: id('pay') })), { code: 'unsupported', param: 'method.token' })
})

t.test('what fails before the charge was never charged', async t => {
  const simulator = await simulated(t)
  for (const path of ['/users/me', '/v1/card_tokens', '/v1/payment_methods']) {
    const asked = order()
    simulator.inject({ kind: 'cut_after', method: 'GET', path })
    t.match(await refused(payments.createPayment(open(simulator), asked)), { reached: 'nowhere', code: 'provider_unavailable' }, path)
    t.equal(simulator.effects(asked.reference).charges, 0)
  }
})

t.test('held, and taken in part', async t => {
  const context = open(await simulated(t))
  const { providerReference, reference } = await payments.createPayment(context, order({ capture: 'manual' }))
  const taken = await payments.capture(context, { idempotencyKey: key(), providerReference, reference: reference!, amount: { amount: 6000, currency: 'MXN' } })
  t.match(taken, { status: 'succeeded', amount: { amount: 10_050 }, amountCaptured: 6000, amountCapturable: 0 })
  t.match((await payments.listPayments(context, soon())).data, [{ amountCaptured: 6000, amount: { amount: 10_050 } }])
  t.match((await payments.listTransactions(context, soon())).data, [{ type: 'payment', amount: { amount: 6000 }, fee: Number, net: Number, availableAt: Date, reference }])
})

t.test('cash goes back later', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const voucher = await payments.createPayment(context, order({ method: { type: 'oxxo' } }))
  simulator.pay(voucher.providerReference)
  const back = await payments.refund(context, { idempotencyKey: key(), refundReference: id('ref'), reference: voucher.reference!, providerReference: voucher.providerReference, amount: voucher.amount })
  t.match(back, { status: 'pending', providerStatus: 'in_process', providerReference: /^\d+\/\d+$/ })
  simulator.settleRefund(voucher.providerReference)
  t.match(await payments.getRefund(context, back.providerReference), { status: 'succeeded' })
  t.match(await payments.getPayment(context, voucher.providerReference), { status: 'succeeded', amountRefunded: 10_050, refunds: [{ providerReference: back.providerReference, status: 'succeeded' }] })
  t.match(await refused(payments.findRefund(context, { ...soon(), reference: 'pay_1', refundReference: 'ref_1', providerReference: voucher.providerReference })), { reached: 'unknown' }, 'without an amount it cannot be told')
})

t.test('there is one customer for each mail', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const asked = { idempotencyKey: key(), reference: id('cus'), ...ana }
  const first = await payments.createCustomer(context, asked)
  t.same(await payments.createCustomer(context, asked), first, 'asked for twice it is the same')
  t.match(await refused(payments.createCustomer(context, { ...asked, reference: id('cus') })), { code: 'duplicate', param: 'email', reached: 'answered' }, 'another of ours has other cards')
  t.match(await payments.findCustomer(context, { reference: asked.reference, ...soon() }), { providerReference: first.providerReference })
  t.match(await payments.findCustomer(context, { reference: asked.reference, email: ana.email, ...soon() }), { providerReference: first.providerReference })
  t.match(await refused(payments.createCustomer(context, { idempotencyKey: key(), reference: id('cus'), name: 'Luis' })), { param: 'email', reached: 'nowhere' })
  const older = { email: 'antes@shop.example' }
  await fetch(`${simulator.url}/v1/customers`, { method: 'POST', headers: { authorization: `Bearer ${context.credentials.access_token}` }, body: JSON.stringify(older) })
  const refuses = open(simulator, { credentials: context.credentials, settings: { existing_customers: 'refuse' } })
  t.match(await refused(payments.createCustomer(refuses, { ...asked, reference: id('cus'), ...older })), { code: 'duplicate' })
  const reference = id('cus')
  t.match(await payments.createCustomer(context, { ...asked, reference, ...older }), { reference, email: older.email }, 'one that was there before becomes ours')
})

t.test('what the specification and the libraries say otherwise can be chosen', async t => {
  const simulator = await simulated(t)
  const context = open(simulator, { settings: { customer_delete_path: 'delete', invoice_search_path: 'list' } })
  const { providerReference } = await payments.createCustomer(context, { idempotencyKey: key(), reference: id('cus'), ...ana })
  await payments.deleteCustomer(context, { idempotencyKey: key(), customerProviderReference: providerReference })
  t.match(simulator.requests().at(-1), { method: 'DELETE', path: `/v1/customers/${providerReference}/delete` })
})

t.test('the mode is found out, and a token of the other is refused', async t => {
  const simulator = await simulated(t)
  const user = simulator.account({ mode: 'test', testUser: true })
  const context = open(simulator, { credentials: user })
  t.match(await mercadopago.test(context), { mode: 'test', account: { country: 'MX', currency: 'MXN' } }, 'a test user’s production token is a test')
  t.equal((await payments.createPayment(context, order())).mode, undefined, 'live_mode of a test user says nothing')
  t.match(await refused(mercadopago.test(open(simulator, { mode: 'live', credentials: user }))), { code: 'invalid_credentials', param: 'access_token' })
  t.match(await refused(mercadopago.test(open(simulator, { credentials: simulator.credentials('live') }))), { code: 'invalid_credentials', param: 'access_token' }, 'a production token takes real money')
  t.match(await payments.createPayment(open(simulator, { mode: 'live' }), order()), { mode: 'live' })
  t.match(await payments.createPayment(open(simulator), order()), { mode: 'test' })
  t.equal(mercadopago.detectMode(simulator.credentials('test')), 'test')
  t.equal(mercadopago.detectMode(user), undefined)
})

t.test('disputes: who won the payment says', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  for (const [won, status] of [[true, 'won'], [false, 'lost']] as const) {
    const paid = await payments.createPayment(context, order())
    const dispute = simulator.dispute(paid.providerReference)
    t.match(await payments.getDispute(context, dispute), { status: 'needs_response', reason: 'product_not_received', providerReason: '4855', paymentProviderReference: paid.providerReference, reference: paid.reference })
    simulator.decideDispute(paid.providerReference, won)
    t.match(await payments.getDispute(context, dispute), { status, evidenceSubmitted: true })
    t.match(await payments.getPayment(context, paid.providerReference), { disputed: !won })
  }
  t.match((await payments.listTransactions(context, soon())).data.map(({ type }) => type).toSorted(), ['dispute', 'payment', 'payment'])
})

t.test('what is kept of a conversation', async t => {
  const token = 'APP_USR-1234567890123456-112110-0123456789abcdef0123456789abcdef-123456789'
  const text = scrub(`authorization: Bearer ${token}\n{"email":"ana@shop.example","first_name":"Ana","token":"ff8080814c11e237014c1ff593b57b4d","identification":{"type":"RFC","number":"XAXX010101000"},"id":1234567890,"external_reference":"pay_1"}`, { access_token: token })
  t.equal(text, 'authorization: Bearer [secret]\n{"email":"[personal]","first_name":"[personal]","token":"[token]7b4d","identification":"[personal]","id":1234567890,"external_reference":"pay_1"}')
  t.equal(scrub(text, { access_token: token }), text)
})
