import fc from 'fast-check'
import t from 'tap'
import wompi from './adapter.ts'
import { endOfDay } from './asking.ts'
import { ana, answering, card, closesAgents, id, key, open, order, refused, sent, simulated, soon } from './testing/simulated.ts'

closesAgents(t)
const { payments } = wompi
const whole = { amount: 4_990_000, currency: 'COP' }

t.test('a card: what is asked, and with which key', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const input = order({ installments: 3, taxBreakdown: [{ type: 'IVA', amount: 796_723 }], description: 'Pedido 1' })
  t.match(await payments.createPayment(context, input), { status: 'succeeded', providerStatus: 'APPROVED', reference: input.reference, amountCaptured: 4_990_000, method: { type: 'card', brand: 'visa', last4: '4242', funding: 'credit' } })
  const body = sent(context)
  t.match(body, { amount_in_cents: 4_990_000, currency: 'COP', reference: input.reference, customer_email: ana.email, payment_method: { type: 'CARD', installments: 3 }, taxes: [{ type: 'VAT', amount_in_cents: 796_723 }] })
  t.match(body, { acceptance_token: /^eyJ/, accept_personal_auth: /^eyJ/, signature: /^[0-9a-f]{64}$/ })
  const write = context.exchanges.find(({ method }) => method === 'POST')
  t.match(JSON.stringify(write?.requestHeaders), /pub_test_/, 'the public key')
  const other = { ...context, settings: { ...context.settings, acceptance: 'required' } }
  t.match(await refused(payments.createPayment(other, order())), { code: 'invalid_request', reached: 'nowhere', param: 'method.details.acceptance_token' })
})

t.test('what waits, and for what', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const waits = async (method: { type: string, details?: Record<string, string> }, more: object = {}) => await payments.createPayment(context, order({ method, ...more }))
  t.match(await waits({ type: 'pse', details: { bank: '1' } }), { status: 'requires_action', nextAction: { type: 'redirect', url: /\/pages\// } })
  t.match(sent(context).payment_method, { type: 'PSE', user_type: 0, user_legal_id_type: 'CC', user_legal_id: '1099888777', financial_institution_code: '1' })
  t.match(await waits({ type: 'bancolombia_transfer' }, { description: 'Pan d\'ici' }), { status: 'requires_action', nextAction: { type: 'redirect' } })
  t.notMatch(sent(context).payment_method.payment_description, /'/)
  t.match(await waits({ type: 'bancolombia_qr' }), { status: 'requires_action', nextAction: { type: 'qr', image: /^data:image\/svg\+xml;base64,/ } })
  t.match(await waits({ type: 'daviplata' }), { status: 'requires_action', nextAction: { type: 'redirect' } })
  t.match(await waits({ type: 'su_plus' }), { status: 'requires_action' })
  t.match(await waits({ type: 'bnpl' }), { status: 'requires_action' })
  const push = await waits({ type: 'nequi' })
  t.match(push, { status: 'requires_action', nextAction: { type: 'wallet_push' } })
  simulator.settle(push.providerReference)
  t.match(await payments.getPayment(context, push.providerReference), { status: 'succeeded', method: { type: 'nequi' } })
  const no = await waits({ type: 'nequi', details: { phone_number: '3992222222' } })
  simulator.settle(no.providerReference)
  t.match(await payments.getPayment(context, no.providerReference), { status: 'requires_payment_method', error: { code: 'card_declined', providerCode: 'DECLINED' } })
  const cash = await waits({ type: 'cash' })
  t.match(cash, { status: 'requires_action', nextAction: { type: 'voucher', reference: /^12345-\d+$/, expires_at: endOfDay(new Date(), 3).toISOString() } })
  t.equal(endOfDay(new Date('2026-11-21T03:00:00Z'), 0).toISOString(), '2026-11-21T04:59:59.000Z', 'it is still the 20th in Colombia')
  for (const [method, more, param] of [
    [{ type: 'pse', details: {} }, {}, 'method.details.bank'], [{ type: 'pse', details: { bank: '1' } }, { returnUrl: undefined }, 'return_url'], [{ type: 'pse', details: { bank: '1' } }, { customer: { email: 'a@b.co' } }, 'customer.tax_id'],
    [{ type: 'nequi' }, { customer: { email: 'a@b.co', phone: '6015551234' } }, 'customer.phone'], [{ type: 'card', token: 'x' }, {}, 'method.token'], [{ type: 'oxxo' }, {}, 'method.type'], [card('approved'), { customer: {} }, 'customer.email'],
    [card('approved'), { capture: 'manual' }, 'capture'], [card('approved'), { amount: { amount: 1000, currency: 'USD' } }, 'currency']
  ] as const) t.match(await refused(payments.createPayment(context, order({ method, ...more } as object))), { reached: 'nowhere', param }, param)
})

t.test('a payment that is not yet decided is looked at again, and a look that fails is no failure', async t => {
  const simulator = await simulated(t)
  const still = open(simulator, { settings: { poll_times: 0 } })
  t.match(await payments.createPayment(still, order()), { status: 'processing' })
  const context = open(simulator)
  simulator.inject({ kind: 'error_500_before', method: 'GET', path: '/transactions/', times: 1 })
  const made = await payments.createPayment(context, order())
  t.match(made, { status: 'processing' }, 'it was made: nobody says otherwise')
  t.match(await payments.getPayment(context, made.providerReference), { status: 'succeeded' })
  simulator.inject({ kind: 'cut_before', method: 'GET', path: '/merchants/' })
  const input = order()
  t.match(await refused(payments.createPayment(context, input)), { reached: 'nowhere', code: 'provider_unavailable' }, 'without the acceptance nothing was asked')
  t.equal(simulator.effects(input.reference).charges, 0)
})

t.test('each attempt is a transaction of its own, and one reference is taken once', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const first = order({ method: card('declined') })
  t.match(await payments.createPayment(context, first), { status: 'requires_payment_method', error: { code: 'card_declined' } })
  const second = { ...first, attempt: 2, method: card('approved') }
  const paid = await payments.createPayment(context, second)
  t.match(paid, { status: 'succeeded', reference: first.reference })
  t.equal(sent(context).reference, `${first.reference}-2`)
  t.match(await payments.findPayment(context, { reference: first.reference, ...soon() }), { providerReference: paid.providerReference }, 'the one with money on it')
  t.match(await payments.createPayment(context, second), { providerReference: paid.providerReference }, 'sent again, it is the same')
  t.equal(simulator.effects(first.reference).charges, 1)
  // A decline closes nothing (facts, complaint 8): on the page the same reference is tried again.
  const page = await payments.createCheckout(context, { idempotencyKey: key(), reference: id('chk'), amount: whole, capture: 'automatic', successUrl: 'https://shop.example/ok' })
  simulator.payPage(page.url!, 'declined')
  t.match(await payments.getCheckout(context, page.providerReference), { status: 'open', providerStatus: 'DECLINED' })
  const approved = simulator.payPage(page.url!)
  t.match(await payments.getCheckout(context, page.providerReference), { status: 'complete', paymentProviderReference: approved })
})

t.test('a void is the only refund: a card, whole, today', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const back = (providerReference: string, amount = whole.amount, on = context) => payments.refund(on, { idempotencyKey: key(), refundReference: id('ref'), reference: 'pay_1', providerReference, amount: { amount, currency: 'COP' } })
  const { providerReference } = await payments.createPayment(context, order())
  t.match(await refused(back(providerReference, 100_000)), { code: 'unsupported' })
  const tomorrow = open(simulator, { credentials: { ...context.credentials }, now: () => new Date(Date.now() + 86_400_000) })
  t.match(await refused(back(providerReference, whole.amount, tomorrow)), { code: 'unsupported' }, 'another day')
  t.match(await back(providerReference), { status: 'succeeded', providerReference: `${providerReference}/void`, amount: whole })
  t.match(await payments.getPayment(context, providerReference), { status: 'succeeded', providerStatus: 'VOIDED', amountCaptured: whole.amount, amountRefunded: whole.amount, refunds: [{ status: 'succeeded' }] }, 'taken and given back')
  t.match(await payments.getRefund(context, `${providerReference}/void`), { status: 'succeeded' })
  t.match(await refused(back(providerReference)), { code: 'already_refunded' })
  const pse = await payments.createPayment(context, order({ method: { type: 'pse', details: { bank: '1' } } }))
  simulator.settle(pse.providerReference)
  t.match(await refused(back(pse.providerReference)), { code: 'unsupported' }, 'PSE does not go back')
  const other = await payments.createPayment(context, order())
  const told = (data: object) => back(other.providerReference, whole.amount, answering(context, 201, { data }) as typeof context)
  t.match(await told({ status: 'DECLINED', status_message: 'No se pudo anular' }), { status: 'failed', error: { providerCode: 'DECLINED' } })
  t.match(await told({ status: 'PENDING' }), { status: 'pending' })
  t.match(await refused(told({ status: 'BRAND_NEW' })), { reached: 'unknown' })
})

t.test('points that pay a part are not paid', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const { providerReference } = await payments.createPayment(context, order())
  const points = simulator.transactions().find(({ id }) => id === providerReference)!
  Object.assign(points, { payment_method_type: 'PCOL', payment_method: { type: 'PCOL', extra: { remaining_amount_in_cents: 4_000_000, redeemed_amount_in_cents_pcol: 990_000 } } })
  t.match(await payments.getPayment(context, providerReference), { status: 'processing', amountCaptured: 0, amountReceived: 990_000, method: { type: 'puntos_colombia' } })
  points.payment_method.extra.remaining_amount_in_cents = 0
  t.match(await payments.getPayment(context, providerReference), { status: 'succeeded' })
})

t.test('kept methods: a number that is charged with the private key', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const customer = await payments.createCustomer(context, { idempotencyKey: key(), reference: id('cus'), email: ana.email })
  t.equal(customer.providerReference, ana.email, 'the mail is the customer')
  t.match(await refused(payments.createCustomer(context, { idempotencyKey: key(), reference: id('cus') })), { reached: 'nowhere', param: 'email' })
  const save = (type: string, token: string) => payments.saveMethod(context, { idempotencyKey: key(), reference: id('pmt'), customerProviderReference: ana.email, type, token })
  const kept = await save('card', 'tok_test_sim_approved')
  t.match(kept, { status: 'active', type: 'card', last4: '4242', expMonth: 12, expYear: 2031 })
  const paid = await payments.createPayment(context, order({ method: { type: 'card', token: kept.providerReference }, offSession: true, customer: { provider_reference: ana.email } }))
  t.match(paid, { status: 'succeeded', savedMethodReference: kept.providerReference })
  t.match(sent(context), { payment_source_id: Number(kept.providerReference), recurrent: true, customer_email: ana.email })
  const nequi = await save('nequi', 'nequi_test_3991111111')
  t.match(nequi, { status: 'requires_action', nextAction: { type: 'wallet_push' } })
  simulator.agree(nequi.setupReference!)
  t.match(await payments.getSetup(context, nequi.setupReference!), { status: 'active', type: 'nequi' })
  t.match(await payments.createPayment(context, order({ method: { type: 'nequi', token: nequi.providerReference }, offSession: true })), { status: 'succeeded' })
  await payments.removeMethod(context, { idempotencyKey: key(), customerProviderReference: ana.email, providerReference: kept.providerReference })
  await payments.removeMethod(context, { idempotencyKey: key(), customerProviderReference: ana.email, providerReference: kept.providerReference })
  t.match(await refused(payments.createPayment(context, order({ method: { type: 'card', token: kept.providerReference } }))), { reached: 'answered' })
})

t.test('a card that is kept with its payment, whatever answer is lost: one charge, one card', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const sources = () => new Set(simulator.requests().filter(({ method, path }) => method === 'POST' && path === '/v1/payment_sources').map(({ body }) => JSON.parse(body).acceptance_token as string)).size
  const lost = async (kind: 'cut_after' | 'cut_before' | 'error_500', path: string, on = context) => {
    const input = order({ saveMethod: true })
    const before = sources()
    simulator.inject({ kind, method: 'POST', path })
    const first = await payments.createPayment(on, input).catch((thrown: unknown) => thrown as { reached: string })
    const found = await payments.findPayment(on, { reference: input.reference, ...soon() })
    // As the resolver: what is not there is asked for again.
    const second = found ?? ('reached' in first && first.reached === 'unknown' ? await payments.createPayment(on, input) : undefined)
    return { first, second, kept: sources() - before, charges: simulator.effects(input.reference).charges, input }
  }
  const plain = order({ saveMethod: true })
  t.match(await payments.createPayment(context, plain), { status: 'succeeded', savedMethodReference: /^\d+$/ })
  t.equal(sources(), 1)
  t.match(await payments.createPayment(context, plain), { status: 'succeeded' }, 'sent once more, though it was answered')
  t.equal(sources(), 1, 'it is kept no second time')
  for (const kind of ['cut_after', 'cut_before', 'error_500'] as const) {
    const charged = await lost(kind, '/transactions')
    t.match(charged, { first: { reached: 'unknown' }, second: { status: 'succeeded' }, charges: 1 }, `the charge, ${kind}`)
    t.ok(charged.kept <= 1, `${charged.kept} cards`)
    t.match(await lost(kind, '/payment_sources'), { first: { status: 'succeeded', savedMethodReference: undefined }, charges: 1 }, `the keeping, ${kind}: it is paid, and nothing is asked again`)
  }
  const declined = sources()
  t.match(await payments.createPayment(context, order({ saveMethod: true, method: card('declined') })), { status: 'requires_payment_method' })
  t.equal(sources(), declined, 'a card that was declined is not kept')
  const early = open(simulator, { credentials: { ...context.credentials }, settings: { keep_card: 'before' } })
  t.match(await payments.createPayment(early, order({ saveMethod: true })), { status: 'succeeded', savedMethodReference: /^\d+$/ })
  t.match(sent(early), { payment_source_id: Number }, 'what was kept is charged')
  t.match(await lost('cut_after', '/payment_sources', early), { first: { reached: 'nowhere' }, second: undefined, charges: 0 }, 'nothing was charged, and that is said')
  t.match(await lost('cut_after', '/transactions', early), { first: { reached: 'unknown' }, second: { status: 'succeeded' }, charges: 1, kept: 1 })
  const twice = order({ saveMethod: true })
  await payments.createPayment(early, twice)
  const then = sources()
  t.match(await payments.createPayment(early, twice), { status: 'succeeded', savedMethodReference: /^\d+$/ })
  t.equal(sources(), then)
  t.match(await refused(payments.createPayment(context, order({ saveMethod: true, method: { type: 'nequi' } }))), { param: 'save_method', reached: 'nowhere' })
})

t.test('pages and links', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const expiresAt = new Date(Date.now() + 3_600_000)
  const page = await payments.createCheckout(context, { idempotencyKey: key(), reference: id('chk'), amount: whole, capture: 'automatic', successUrl: 'https://shop.example/ok', expiresAt, customer: ana })
  t.match(new URL(page.url!).searchParams.get('signature:integrity'), /^[0-9a-f]{64}$/)
  t.throws(() => simulator.payPage(page.url!.replace('4990000', '150000')), 'another amount is another signature')
  const later = { ...context, now: () => new Date(Date.now() + 7_200_000) }
  t.match(await payments.getCheckout(later, page.providerReference), { status: 'expired' })
  t.match(await refused(payments.getCheckout(context, page.providerReference.replace('4990000', '150000'))), { code: 'not_found' }, 'an amount that we did not write')
  t.match(await refused(payments.createPaymentLink(context, { idempotencyKey: key(), reference: id('lnk'), amount: whole, capture: 'automatic', maxPayments: 5 })), { code: 'unsupported', param: 'max_payments' })
  const link = await payments.createPaymentLink(context, { idempotencyKey: key(), reference: id('lnk'), amount: whole, capture: 'automatic', maxPayments: 1, expiresAt })
  t.match(link, { status: 'active', url: /\/l\// })
  t.match(sent(context), { single_use: true, expires_at: expiresAt.toISOString().slice(0, 19), sku: link.reference })
  const paid = simulator.payPage(link.url)
  t.match((await payments.listPayments(context, soon())).data.find(({ providerReference }) => providerReference === paid), { reference: link.reference, status: 'succeeded' })
  t.match(await payments.getPaymentLink(later, link.providerReference), { status: 'inactive' })
})

t.test('modes', async t => {
  const simulator = await simulated(t)
  const live = simulator.credentials('live')
  t.equal(wompi.detectMode(live), 'live')
  t.equal(wompi.detectMode({ ...live, events_secret: 'test_events_abcdef' }), 'contradictory', 'all four are of one mode')
  t.match(await refused(wompi.test(open(simulator, { mode: 'test', credentials: live }))), { code: 'invalid_credentials' })
  t.match(await wompi.test(open(simulator, { mode: 'live', credentials: live })), { mode: 'live', account: { country: 'CO', currency: 'COP' } })
  const mixed = { ...simulator.credentials('test'), private_key: simulator.credentials('test').private_key!.replace(/.$/, 'z') }
  t.match(await refused(wompi.test(open(simulator, { credentials: mixed }))), { code: 'invalid_credentials' })
})

t.test('pesos are told in hundredths, exactly', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  await fc.assert(fc.asyncProperty(fc.integer({ min: 150_000, max: 900_000_000_000 }), async amount => {
    const input = order({ amount: { amount, currency: 'COP' } })
    const { amountCaptured } = await payments.createPayment(context, input)
    return amountCaptured === amount && simulator.charged!(input.reference)?.amount === amount && sent(context).amount_in_cents === amount
  }), { numRuns: 40, seed: 20_261_121 })
})
