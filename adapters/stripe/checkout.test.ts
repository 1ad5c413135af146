import t from 'tap'
import type { CreateCheckoutInput, CreatePaymentLinkInput } from '../../core/adapter/index.ts'
import stripe from './adapter.ts'
import { checkoutOf } from './checkout.ts'
import { card, closesAgents, id, key, open, order, refused, sent, simulated, soon } from './testing/simulated.ts'
import { invoiceFields, payPage } from './testing/payer.ts'

const { payments } = stripe

closesAgents(t)

const amount = { amount: 109_900, currency: 'MXN' }
const session = (more: Partial<CreateCheckoutInput> = {}): CreateCheckoutInput =>
  ({ idempotencyKey: key(), reference: id('chk'), amount, capture: 'automatic', successUrl: 'https://shop.example/thanks', ...more })
const link = (more: Partial<CreatePaymentLinkInput> = {}): CreatePaymentLinkInput => ({ idempotencyKey: key(), reference: id('lnk'), amount, capture: 'automatic', ...more })
const minutes = (n: number) => new Date(Date.now() + n * 60_000)

t.test('a page: what is sent, what comes back, and the payment that it makes', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const input = session({
    lines: [{ name: 'Silla', description: 'roble', quantity: 2, unitAmount: 40_000 }, { name: 'Envío', quantity: 1, unitAmount: 29_900 }], orderReference: 'A-7', description: 'Pedido A-7',
    cancelUrl: 'https://shop.example/back', expiresAt: minutes(45), locale: 'es', customer: { email: 'ana@shop.example' }, statementDescriptor: 'PEDIDO A7', metadata: { room: '12' }
  })
  const page = await payments.createCheckout(context, input)
  t.match(sent(context), {
    mode: 'payment', success_url: 'https://shop.example/thanks', cancel_url: 'https://shop.example/back', client_reference_id: input.reference, customer_email: 'ana@shop.example', locale: 'es',
    'line_items[0][quantity]': '2', 'line_items[0][price_data][unit_amount]': '40000', 'line_items[0][price_data][currency]': 'mxn', 'line_items[0][price_data][product_data][name]': 'Silla',
    'line_items[0][price_data][product_data][description]': 'roble', 'line_items[1][price_data][unit_amount]': '29900', 'metadata[pasarela_checkout]': input.reference, 'metadata[room]': '12',
    'payment_intent_data[metadata][pasarela_checkout]': input.reference, 'payment_intent_data[metadata][pasarela_order]': 'A-7', 'payment_intent_data[description]': 'Pedido A-7',
    'payment_intent_data[statement_descriptor_suffix]': 'PEDIDO A7', expires_at: /^\d{10}$/
  })
  t.match(page, { providerReference: /^cs_test_/, reference: input.reference, status: 'open', url: /^http/, amount, mode: 'test', expiresAt: Date, paymentProviderReference: undefined })
  t.match(await payments.createCheckout(context, input), { providerReference: page.providerReference }, 'the same key')

  await payPage(String(page.url))
  const complete = await payments.getCheckout(context, page.providerReference)
  t.match(complete, { status: 'complete', providerStatus: 'complete (paid)', paymentProviderReference: /^pi_/, payer: { email: 'ana@shop.example' } })
  t.match(await payments.getPayment(context, String(complete.paymentProviderReference)), { status: 'succeeded', reference: input.reference, amount, amountCaptured: 109_900 })
  t.match(await refused(payments.expireCheckout(context, { idempotencyKey: key(), providerReference: page.providerReference, reference: input.reference })), { code: 'invalid_state', reached: 'answered' })
})

t.test('a page with a hold, with a saved card, with cash and transfers, with a tax id', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const held = await payments.createCheckout(context, session({ capture: 'manual' }))
  await payPage(String(held.url))
  const { paymentProviderReference } = await payments.getCheckout(context, held.providerReference)
  t.match(await payments.getPayment(context, String(paymentProviderReference)), { status: 'authorized', amountCapturable: 109_900 })

  const customer = await payments.createCustomer(context, { idempotencyKey: key(), reference: id('cus'), name: 'Ana', email: 'ana@shop.example' })
  const keeping = await payments.createCheckout(context, session({ saveMethod: true, customer: { provider_reference: customer.providerReference }, collectTaxId: true }))
  t.match(sent(context), { customer: customer.providerReference, 'payment_intent_data[setup_future_usage]': 'off_session', 'tax_id_collection[enabled]': 'true', 'customer_update[name]': 'auto' })
  await payPage(String(keeping.url))
  const kept = await payments.getPayment(context, String((await payments.getCheckout(context, keeping.providerReference)).paymentProviderReference))
  t.match(kept, { status: 'succeeded', savedMethodReference: /^pm_/, customerProviderReference: customer.providerReference })
  t.match(await payments.createPayment(context, order({ method: card(String(kept.savedMethodReference)), offSession: true, customer: { provider_reference: customer.providerReference } })), { status: 'succeeded' })

  await payments.createCheckout(context, session({ methods: ['card', 'oxxo'] }))
  t.match(sent(context), { 'allowed_payment_method_types[0]': 'card', 'allowed_payment_method_types[1]': 'oxxo' })
  const transfer = await payments.createCheckout(context, session({ methods: ['spei'], customer: { email: 'ana@shop.example' } }))
  t.match(sent(context), { customer: /^cus_/, customer_email: undefined, 'allowed_payment_method_types[0]': 'customer_balance', 'payment_method_options[customer_balance][bank_transfer][type]': 'mx_bank_transfer' })
  t.equal(transfer.status, 'open')
})

t.test('what an invoice needs is asked on the page, by Stripe’s own means', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const choices = (codes: string[]) => ({ label: 'Régimen fiscal', choices: codes.map(value => ({ value, label: `${value} ${'x'.repeat(120)}` })) })
  const collect = { tax_id: true, name: true, postal_code: true, regime: choices(['601', '616']), use: choices(['G03']) } as const
  const page = await payments.createCheckout(context, session({ collect }))
  t.match(sent(context), {
    'tax_id_collection[enabled]': 'true', billing_address_collection: 'required', 'custom_fields[0][key]': 'invoiceregime', 'custom_fields[0][type]': 'dropdown', 'custom_fields[0][optional]': 'true', 'custom_fields[0][label][custom]': 'Régimen fiscal',
    'custom_fields[0][dropdown][options][1][value]': '616', 'custom_fields[0][dropdown][options][1][label]': /^616 x{96}$/, 'custom_fields[1][key]': 'invoiceuse'
  })
  t.equal(page.collected, undefined)
  await payPage(String(page.url), invoiceFields({ tax_id: 'EKU9003173C9', name: 'ESCUELA', address: { street: 'Calle 1', postal_code: '42501', country: 'MX' }, regime: '601' }))
  const done = await payments.getCheckout(context, page.providerReference)
  t.same(done.collected, { tax_id: 'EKU9003173C9', name: 'ESCUELA', email: 'ana@shop.example', address: { street: 'Calle 1', postal_code: '42501', country: 'MX' }, regime: '601' }, 'what was left empty is not there')
  t.same((await payments.getCheckoutOf(context, String(done.paymentProviderReference)))?.collected, done.collected)
  t.equal(await payments.getCheckoutOf(context, 'pi_none'), undefined)
  await payments.createPaymentLink(context, link({ collect: { tax_id: true } }))
  t.match(sent(context), { 'tax_id_collection[enabled]': 'true', billing_address_collection: undefined, 'custom_fields[0][key]': undefined })
  const kept = JSON.stringify(context.exchanges.map(exchange => stripe.scrub(JSON.stringify(exchange), context.credentials)))
  t.notMatch(kept, /EKU9003173C9|Calle 1|ESCUELA/, 'nothing of it is kept with the exchanges')
})

t.test('what Stripe would not take is refused before it leaves', async t => {
  const context = open(await simulated(t))
  for (const [more, param, code = 'invalid_request'] of [
    [{ expiresAt: minutes(29) }, 'expires_at'],
    [{ expiresAt: minutes(24 * 60 + 1) }, 'expires_at'],
    [{ lines: [{ name: 'x', quantity: 1, unitAmount: 1000 }] }, 'lines'],
    [{ methods: ['pse'] }, 'methods', 'unsupported'],
    [{ collect: { regime: { label: 'a', choices: Array.from({ length: 201 }, (_, i) => ({ value: String(i), label: 'a' })) } } }, 'collect.regime'],
    [{ collect: { use: { label: 'a', choices: [{ value: 'a-b', label: 'a' }] } } }, 'collect.use'],
    [{ collect: { use: { label: 'a', choices: [{ value: 'a', label: 'a' }, { value: 'a', label: 'b' }] } } }, 'collect.use'],
    [{ saveMethod: true }, 'customer'],
    [{ amount: { amount: 999, currency: 'MXN' } }, 'amount', 'amount_invalid'],
    [{ statementDescriptor: '***' }, 'statement_descriptor'],
    [{ metadata: { 'a[b]': 'c' } }, 'metadata.a[b]']
  ] as const) t.match(await refused(payments.createCheckout(context, session(more as object))), { code, param, reached: 'nowhere' }, JSON.stringify(more))
  for (const [more, param, code = 'invalid_request'] of [
    [{ methods: ['spei'] }, 'methods', 'unsupported'],
    [{ expiresAt: minutes(-1) }, 'expires_at'],
    [{ lines: [{ name: 'x', quantity: 1, unitAmount: 1000 }] }, 'lines']
  ] as const) t.match(await refused(payments.createPaymentLink(context, link(more as object))), { code, param, reached: 'nowhere' }, JSON.stringify(more))
  t.equal(context.exchanges.length, 0)
})

t.test('a page ends, once or twice, and is found', async t => {
  const context = open(await simulated(t))
  const input = session()
  const page = await payments.createCheckout(context, input)
  const end = () => payments.expireCheckout(context, { idempotencyKey: key(), providerReference: page.providerReference, reference: input.reference })
  t.match(await end(), { status: 'expired', url: undefined })
  t.match(await end(), { status: 'expired' })
  t.match(await payments.findCheckout(context, { reference: input.reference, ...soon() }), { providerReference: page.providerReference, status: 'expired' })
  t.equal(await payments.findCheckout(context, { reference: id('chk'), ...soon() }), undefined)
  t.match(await refused(payments.getCheckout(context, 'cs_test_none')), { code: 'not_found', reached: 'answered' })
  t.throws(() => checkoutOf({ id: 'cs_1', status: 'brand_new' } as never), { code: 'unknown', reached: 'unknown' })
})

t.test('a link: many pay it, each payment carries its id', async t => {
  const simulator = await simulated(t)
  const context = open(simulator)
  const input = link({ description: 'Donativo', successUrl: 'https://shop.example/thanks', maxPayments: 2, methods: ['card', 'oxxo'], metadata: { room: '12' } })
  const made = await payments.createPaymentLink(context, input)
  t.match(sent(context), {
    'line_items[0][price_data][unit_amount]': '109900', 'line_items[0][price_data][product_data][name]': 'Donativo', 'metadata[pasarela_link]': input.reference, 'payment_intent_data[metadata][pasarela_link]': input.reference,
    'after_completion[type]': 'redirect', 'after_completion[redirect][url]': 'https://shop.example/thanks', 'restrictions[completed_sessions][limit]': '2', 'payment_method_types[0]': 'card', 'payment_method_types[1]': 'oxxo'
  })
  t.equal(context.exchanges.length, 1, 'product, price and link in one request')
  t.match(made, { providerReference: /^plink_/, reference: input.reference, status: 'active', url: /^http/, amount, mode: 'test' })
  t.match(await payments.getPaymentLink(context, made.providerReference), { amount, status: 'active' })
  t.match(await payments.findPaymentLink(context, { reference: input.reference, ...soon() }), { providerReference: made.providerReference })
  t.equal(await payments.findPaymentLink(context, { reference: id('lnk'), ...soon() }), undefined)

  for (let payers = 0; payers < 2; payers++) await payPage(made.url)
  const { data } = await payments.listPayments(context, soon())
  t.match(data, [{ reference: input.reference, status: 'succeeded', amount }, { reference: input.reference, status: 'succeeded' }])
  t.equal(new Set(data.map(({ providerReference }) => providerReference)).size, 2)

  const other = await payments.createPaymentLink(context, link())
  t.match(await payments.expirePaymentLink(context, { idempotencyKey: key(), providerReference: other.providerReference, reference: String(other.reference) }), { status: 'inactive', amount })
  t.match(await payments.getPaymentLink(context, other.providerReference), { status: 'inactive' })
})
