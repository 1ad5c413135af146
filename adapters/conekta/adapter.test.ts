import t from 'tap'
import fc from 'fast-check'
import conekta from './adapter.ts'
import { exactDigits } from './http.ts'
import { endOfDay } from './order-params.ts'
import { scrub } from './scrub.ts'
import { ana, answering, card, closesAgents, id, key, open, order, refused, sent, simulated, soon } from './testing/simulated.ts'
import { snapshotOf } from './wire.ts'

closesAgents(t)
const { payments } = conekta

t.test('what an order is asked for', async t => {
  const context = open(await simulated(t))
  const asked = order({ returnUrl: 'https://shop.example/r', installments: 6, orderReference: 'A-1', metadata: { room: '12' } })
  await payments.createPayment(context, asked)
  t.match(sent(context), {
    currency: 'MXN', customer_info: ana, line_items: [{ name: 'A-1', unit_price: 109_900, quantity: 1 }], return_url: 'https://shop.example/r',
    metadata: { room: '12', pasarela_payment: asked.reference, pasarela_attempt: '1', pasarela_order: 'A-1' },
    charges: [{ amount: 109_900, reference_id: `${asked.reference}-1`, payment_method: { type: 'card', token_id: 'tok_test_visa_4242', monthly_installments: 6 } }]
  })
  const [exchange] = context.exchanges
  t.match(exchange?.requestHeaders, { accept: 'application/vnd.conekta-v2.3.0+json', authorization: `Bearer ${context.credentials.private_key}`, 'accept-language': 'es' })
  t.notOk('idempotency-key' in exchange!.requestHeaders, 'there is no such header here')
  const strict = open(await simulated(t), { settings: { three_ds_mode: 'strict', child_company_id: '6441b6376b60c3a638da80af' } })
  await payments.createPayment(strict, order({ capture: 'manual', lines: [{ name: 'TV', quantity: 1, unitAmount: 109_900 }] }))
  t.match(sent(strict), { three_ds_mode: 'strict', pre_authorize: true, line_items: [{ name: 'TV (1)' }] })
  t.equal(strict.exchanges[0]?.requestHeaders['x-child-company-id'], '6441b6376b60c3a638da80af')
})

t.test('what is refused before anything leaves', async t => {
  const context = open(await simulated(t))
  const cases: [string, object, string][] = [
    ['no telephone', { customer: { name: 'Ana', email: 'a@b.mx' } }, 'customer.phone'],
    ['no customer', { customer: undefined }, 'customer.name'],
    ['a card number', { method: card('4242424242424242') }, 'method.token'],
    ['dollars in cash', { method: { type: 'oxxo' }, amount: { amount: 5000, currency: 'USD' } }, 'currency'],
    ['another currency', { amount: { amount: 5000, currency: 'COP' } }, 'currency'],
    ['lines that do not add up', { lines: [{ name: 'Mesa', quantity: 3, unitAmount: 1 }] }, 'lines'],
    ['cash that is held', { capture: 'manual', method: { type: 'cash' } }, 'capture'],
    ['cash in instalments', { installments: 3, method: { type: 'oxxo' } }, 'installments'],
    ['a card kept for nobody', { saveMethod: true }, 'customer']
  ]
  for (const [what, more, param] of cases) t.match(await refused(payments.createPayment(context, order(more))), { reached: 'nowhere', param }, what)
  t.equal(context.exchanges.length, 0)
  const lent = open(await simulated(t), { settings: { default_name: 'Tienda', default_email: 'caja@shop.example', default_phone: '5500000000' } })
  t.match(await payments.createPayment(lent, order({ customer: undefined })), { status: 'succeeded' }, 'the shop’s own, where it said so')
})

t.test('a declined card is 402 and an order all the same', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const asked = order({ method: card('tok_test_insufficient_funds') })
  const declined = await payments.createPayment(context, asked)
  t.match(declined, { providerReference: /^ord_/, status: 'requires_payment_method', providerStatus: 'declined', error: { code: 'insufficient_funds', providerCode: 'insufficient_funds' } })
  t.equal(simulator.orders().length, 1, 'the order is there, and known')
  t.match(await payments.findPayment(context, { reference: asked.reference, ...soon() }), { providerReference: declined.providerReference })
  const bare = answering(context, 402, { details: [{ code: 'conekta.errors.processing.bank.declined', message: 'No.' }], object: 'error', type: 'processing_error', data: { object: 'order', id: 'ord_9', livemode: false, amount: 109_900, currency: 'MXN', created_at: 1, metadata: {} } })
  t.match(await payments.createPayment(bare, asked), { providerReference: 'ord_9', status: 'requires_payment_method', error: { code: 'card_declined', providerCode: 'conekta.errors.processing.bank.declined' } }, 'also where the order does not tell of its charge')
  const none = answering(context, 402, { details: [{ code: 'conekta.errors.processing.bank.declined', message: 'No.' }], object: 'error', type: 'processing_error' })
  t.match(await refused(payments.createPayment(none, asked)), { code: 'card_declined', reached: 'answered' })
})

t.test('another attempt is another charge of the same order, never two', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const asked = order({ method: card('tok_test_card_declined') })
  const { providerReference } = await payments.createPayment(context, asked)
  const again = { idempotencyKey: key(), providerReference, reference: asked.reference, attempt: 2, amount: asked.amount, method: card('tok_test_visa_4242') }
  t.match(await payments.confirmPayment(context, { ...again, method: card('tok_test_stolen_card') }), { status: 'requires_payment_method', error: { code: 'fraud_suspected' } })
  simulator.inject({ kind: 'cut_after', method: 'POST', path: '/charges' })
  t.match(await refused(payments.confirmPayment(context, { ...again, attempt: 3 })), { reached: 'unknown' })
  t.match(await payments.confirmPayment(context, { ...again, attempt: 3 }), { status: 'succeeded' }, 'sent again, the charge is known by its reference')
  t.equal(simulator.effects(asked.reference).charges, 1)
  t.match(await refused(payments.confirmPayment(context, { ...again, attempt: 4 })), { code: 'invalid_state', reached: 'answered' }, 'Conekta refuses one too many')
})

t.test('what was held and taken in part is told by the balance', async t => {
  const context = open(await simulated(t))
  const { providerReference, reference } = await payments.createPayment(context, order({ capture: 'manual' }))
  const taken = await payments.capture(context, { idempotencyKey: key(), providerReference, reference: reference!, amount: { amount: 60_000, currency: 'MXN' } })
  t.match(taken, { status: 'succeeded', amount: { amount: 109_900 }, amountCaptured: 60_000, amountCapturable: 0 })
  t.match(await payments.getPayment(context, providerReference), { amountCaptured: 60_000, amount: { amount: 109_900 } })
  t.match((await payments.listPayments(context, soon())).data, [{ amountCaptured: 60_000 }])
  const shrunk = { id: 'ord_1', object: 'order' as const, livemode: false, amount: 60_000, currency: 'MXN', created_at: 1, payment_status: 'paid', metadata: { pasarela_held: 'manual 109900' } }
  t.match(snapshotOf(shrunk), { amount: { amount: 109_900 }, amountCaptured: 60_000 }, 'also where the order itself shrinks')
})

t.test('next actions', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const made = async (method: { type: string, token?: string }) => (await payments.createPayment(context, order({ method }))).nextAction
  t.match(await made(card('tok_test_3ds')), { type: 'redirect', url: /\/3ds\/ord_/ })
  t.match(await made({ type: 'oxxo' }), { type: 'voucher', reference: /^93000\d{9}$/, barcode_url: /^http/, expires_at: /Z$/ })
  t.match(await made({ type: 'cash' }), { type: 'voucher', reference: /^10001\d{15}$/ })
  t.match(await made({ type: 'pay_by_bank' }), { type: 'redirect', url: /\/bank\// })
  const clabes = [await made({ type: 'spei' }), await made({ type: 'spei' })]
  t.match(clabes.map(action => action?.type === 'bank_transfer' && [action.bank, action.clabe?.slice(0, 3)]).sort(), [['FINCO PAY', '734'], ['STP', '646']], 'a CLABE of any bank')
  const page = await payments.createPayment(context, order({ method: card('tok_test_3ds'), returnUrl: 'https://shop.example/back' }))
  const pressed = await fetch((page.nextAction as { url: string }).url, { method: 'POST', body: new URLSearchParams({ outcome: 'yes' }), redirect: 'manual' })
  t.equal(pressed.headers.get('location'), 'https://shop.example/back')
  t.match(await payments.getPayment(context, page.providerReference), { status: 'succeeded' })
})

t.test('of two cash charges the store’s is shown', async t => {
  const charge = (id: string, product: string, store: string) => ({ id, object: 'charge' as const, status: 'pending_payment', amount: 1, currency: 'MXN', created_at: 1, order_id: 'ord_1', payment_method: { object: 'cash_payment', type: 'cash', reference: `${id}0000`, product_type: product, service_name: store, expires_at: 1_743_724_800 } })
  const order = { id: 'ord_1', object: 'order' as const, livemode: true, amount: 1, currency: 'MXN', created_at: 1, payment_status: 'pending_payment', charges: { object: 'list' as const, has_more: false, data: [charge('b', 'bbva_cash_in', 'BBVA'), charge('a', 'cash_in', 'Cash')] } }
  t.match(snapshotOf(order), { status: 'requires_action', mode: 'live', method: { type: 'cash' }, nextAction: { type: 'voucher', reference: 'a0000', expires_at: '2025-04-04T00:00:00.000Z' } })
})

t.test('references of many digits keep the last of them', async t => {
  t.equal(exactDigits('{"reference": 10001140326893401915, "clabe":646180111805035472,"amount":12}'), '{"reference": "10001140326893401915", "clabe":"646180111805035472","amount":12}')
  const context = open(await simulated(t))
  const answer = '{"id":"ord_1","object":"order","livemode":false,"amount":100,"currency":"MXN","created_at":1,"payment_status":"pending_payment","charges":{"object":"list","has_more":false,"data":[{"id":"c","object":"charge","status":"pending_payment","amount":100,"currency":"MXN","created_at":1,"order_id":"ord_1","payment_method":{"object":"cash_payment","type":"cash","reference":10001140326893401915,"expires_at":1743724800}}]}}'
  const told = await payments.getPayment({ ...context, http: async () => ({ status: 200, headers: {}, body: Buffer.from(answer) }) }, 'ord_1')
  t.match(told.nextAction, { reference: '10001140326893401915' })
})

t.test('a day ends at 23:59:59 where the payer lives', async t => {
  const ends = (now: string, days: number, zone: string) => endOfDay(new Date(now), days, zone).toISOString()
  t.equal(ends('2026-11-21T18:00:00Z', 3, 'America/Mexico_City'), '2026-11-25T05:59:59.000Z')
  t.equal(ends('2026-11-21T03:00:00Z', 1, 'America/Mexico_City'), '2026-11-22T05:59:59.000Z', 'it is still the 20th there')
  t.equal(ends('2026-03-07T18:00:00Z', 1, 'America/Tijuana'), '2026-03-09T06:59:59.000Z', 'the clocks go forward that night')
  fc.assert(fc.property(fc.date({ min: new Date('2025-01-01'), max: new Date('2030-01-01'), noInvalidDate: true }), fc.integer({ min: 1, max: 30 }), fc.constantFrom('America/Mexico_City', 'America/Tijuana', 'America/Cancun'), (now, days, timeZone) =>
    new Intl.DateTimeFormat('en-GB', { timeZone, timeStyle: 'medium' }).format(endOfDay(now, days, timeZone)) === '23:59:59'), { numRuns: 200, seed: 7 })
})

t.test('the mode is found out, and a key of the other mode is refused', async t => {
  const simulator = await simulated(t)
  const live = simulator.credentials('live')
  t.match(await refused(conekta.test(open(simulator, { mode: 'test', credentials: live }))), { code: 'invalid_credentials', param: 'private_key' }, 'a token says so where there is nothing else')
  const testKey = simulator.credentials('test')
  await payments.createPayment(open(simulator, { credentials: testKey }), order())
  t.match(await refused(conekta.test(open(simulator, { mode: 'live', credentials: testKey }))), { code: 'invalid_credentials' }, 'its orders say so')
  t.match(await conekta.test(open(simulator, { mode: 'live', credentials: live })), { mode: 'live' })
})

t.test('lists: page by page, and not past the window', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const page = (data: object[], next?: string) => ({ object: 'list', has_more: next !== undefined, next_page_url: next === undefined ? null : `https://api.conekta.io/transactions?limit=250&next=${next}`, data })
  const move = (id: string, at: number) => ({ id, object: 'transaction', livemode: false, amount: 100, fee: 10, net: 90, currency: 'MXN', type: 'capture', status: 'pending', charge: 'c1', created_at: at })
  const asks: string[] = []
  const served = (settings: object) => ({
    ...context,
    settings: { ...context.settings, ...settings },
    http: async ({ url }: { url: string }) => {
      asks.push(new URL(url).search)
      const body = url.includes('next=b') ? page([move('c', 10)]) : url.includes('next=a') ? page([move('b', 50)], 'b') : page([move('a', 200)], 'a')
      return { status: 200, headers: {}, body: Buffer.from(JSON.stringify(body)) }
    }
  })
  const range = { from: new Date(100_000), to: new Date(300_000) }
  const first = await payments.listTransactions(served({}), range)
  t.match(first, { data: [{ providerReference: 'a', amount: { amount: 100 }, fee: 10, net: 90, paymentProviderReference: 'c1' }], next: 'a' })
  t.same(await payments.listTransactions(served({}), { ...range, cursor: 'a' }), { data: [] }, 'newest first: what follows is older still')
  t.equal((await payments.listTransactions(served({ newest_first: false }), { ...range, cursor: 'a' })).next, 'b', 'in no order: to the end')
  t.match(asks, ['?limit=250', '?limit=250&next=a', '?limit=250&next=a'])
})

t.test('a refund that waits is pending, and is told when it is done', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const voucher = await payments.createPayment(context, order({ method: { type: 'oxxo' } }))
  simulator.pay(voucher.providerReference)
  const back = await payments.refund(context, { idempotencyKey: key(), refundReference: id('ref'), reference: voucher.reference!, providerReference: voucher.providerReference, amount: voucher.amount })
  t.match(back, { status: 'pending', providerReference: /^ord_\w+\/[0-9a-f]{24}$/ })
  simulator.settleRefund(voucher.providerReference)
  t.match(await payments.getRefund(context, back.providerReference), { status: 'succeeded' })
  t.match(await payments.getPayment(context, voucher.providerReference), { status: 'succeeded', providerStatus: 'refunded', amountRefunded: 109_900 })
  t.match(await refused(payments.findRefund(context, { ...soon(), reference: 'pay_1', refundReference: 'ref_1', providerReference: voucher.providerReference })), { reached: 'unknown' }, 'without an amount it cannot be told')
})

t.test('subscriptions: what there is not', async t => {
  const context = open(await simulated(t))
  t.match(await refused(payments.createPlan(context, { idempotencyKey: key(), reference: id('pln'), name: 'Diario', amount: { amount: 100, currency: 'MXN' }, interval: 'day', intervalCount: 1 })), { code: 'unsupported', param: 'interval' })
  t.match(await refused(payments.cancelSubscription(context, { idempotencyKey: key(), providerReference: 'cus_1/sub_1', reference: 'sub_1', at: 'period_end' })), { code: 'unsupported', param: 'at' })
  t.match(await refused(payments.updateSubscription(context, { idempotencyKey: key(), providerReference: 'cus_1/sub_1', reference: 'sub_1', quantity: 2, proration: 'prorate' })), { code: 'unsupported', param: 'proration' })
  t.match(await refused(payments.createPaymentLink(context, { idempotencyKey: key(), reference: id('lnk'), amount: { amount: 5000, currency: 'MXN' }, capture: 'manual' })), { code: 'unsupported' })
})

t.test('what is kept of a conversation', async t => {
  const text = scrub('authorization: Bearer key_abcdefgh123456\n{"name":"Ana Pérez","email":"ana@shop.example","phone":"5522997233","token_id":"tok_2xayxSvfWzQ2TLz7r","id":"ord_2xayxSvfWzQ2TLz7r","clabe":"646180111805035472"}', { private_key: 'key_abcdefgh123456' })
  t.equal(text, 'authorization: Bearer [secret]\n{"name":"[personal]","email":"[personal]","phone":"[personal]","token_id":"tok_[token]Lz7r","id":"ord_2xayxSvfWzQ2TLz7r","clabe":"646180111805035472"}')
})
