import t from 'tap'
import type Stripe from 'stripe'
import { eventTypes, failure, formOf, post, receiver, sdk, start, submit } from '../testing.ts'

const room = { price_data: { currency: 'mxn', unit_amount: 150_000, product_data: { name: 'Habitación' } }, quantity: 2 }
const session = {
  mode: 'payment', line_items: [room], success_url: 'https://shop.test/ok?s={CHECKOUT_SESSION_ID}', cancel_url: 'https://shop.test/back', metadata: { checkout: 'chk_1' },
  payment_intent_data: { metadata: { payment: 'pay_1' }, description: 'Reserva' }
} as const satisfies Stripe.Checkout.SessionCreateParams

t.test('a hosted page: one payer pays once', async t => {
  const simulator = await start(t)
  const stripe = sdk(simulator)
  const made = await stripe.checkout.sessions.create({ ...session, line_items: [...session.line_items], client_reference_id: 'order 1', expand: ['line_items'] })
  t.match(made, { object: 'checkout.session', status: 'open', payment_status: 'unpaid', payment_intent: null, amount_total: 300_000, currency: 'mxn', metadata: { checkout: 'chk_1' }, client_reference_id: 'order 1', payment_method_types: ['card', 'oxxo'] })
  t.match(made.line_items!.data, [{ object: 'item', quantity: 2, amount_total: 300_000, description: 'Habitación', price: { type: 'one_time', unit_amount: 150_000 } }])
  const page = await (await fetch(made.url!)).text()
  t.match(page, /Habitación[\s\S]*\$3,000\.00 MXN[\s\S]*name="email"/)
  t.notMatch(page, /<script|src=/, 'nothing is loaded and nothing runs')
  t.match(page, /href="https:\/\/shop\.test\/back"/)

  const declined = await submit(made.url!, { email: 'ana@shop.test', card: '4000000000000002' })
  t.match(declined, { status: 402, text: /Your card was declined/ })
  const tried = await stripe.checkout.sessions.retrieve(made.id, { expand: ['payment_intent'] })
  t.match(tried, { status: 'open', payment_intent: { status: 'requires_payment_method', last_payment_error: { code: 'card_declined' }, metadata: { payment: 'pay_1' } } })

  const paid = await submit(made.url!, { email: 'ana@shop.test', name: 'Ana Luna' })
  t.match(paid, { status: 303, location: `https://shop.test/ok?s=${made.id}` })
  const done = await stripe.checkout.sessions.retrieve(made.id, { expand: ['payment_intent.latest_charge'] })
  t.match(done, { status: 'complete', payment_status: 'paid', url: null, customer: null, customer_details: { email: 'ana@shop.test', name: 'Ana Luna' } })
  t.match(done.payment_intent, { id: (tried.payment_intent as Stripe.PaymentIntent).id, status: 'succeeded', amount_received: 300_000, description: 'Reserva', latest_charge: { billing_details: { email: 'ana@shop.test', name: 'Ana Luna' } } })
  t.equal(simulator.effects('pay_1').charges, 1)
  t.match((await fetch(made.url!)).status, 200)
  t.match(await submit(made.url!, { email: 'again@shop.test' }), { status: 303 }, 'who pays again is sent on')
  t.equal(simulator.effects('pay_1').charges, 1, 'and pays nothing')
  t.strictSame(await eventTypes(stripe, 'checkout'), ['checkout.session.completed'])
  t.match((await stripe.checkout.sessions.list({ payment_intent: (done.payment_intent as Stripe.PaymentIntent).id })).data, [{ id: made.id }])
  t.equal((await stripe.checkout.sessions.list({ status: 'open' })).data.length, 0)
  t.match((await stripe.checkout.sessions.listLineItems(made.id)).data, [{ quantity: 2 }])
})

t.test('3-D Secure on the way', async t => {
  const simulator = await start(t)
  const stripe = sdk(simulator)
  for (const [outcome, status] of [['fail', 'open'], ['complete', 'complete']] as const) {
    const made = await stripe.checkout.sessions.create({ ...session, line_items: [room] })
    const bank = await submit(made.url!, { email: 'ana@shop.test', card: '4000002760003184' })
    t.match(bank.location, /\/redirect\/authenticate\//)
    const back = await submit(bank.location!, { outcome })
    t.match(back.location, new RegExp(`/c/pay/${made.id}/return`))
    const shown = await fetch(back.location!, { redirect: 'manual' })
    if (outcome === 'fail') t.match(await shown.text(), /failed authentication/)
    else t.equal(shown.headers.get('location'), `https://shop.test/ok?s=${made.id}`)
    t.equal((await stripe.checkout.sessions.retrieve(made.id)).status, status)
  }
})

t.test('a voucher completes the page and is paid later, or never', async t => {
  const simulator = await start(t)
  const stripe = sdk(simulator)
  const open = async () => {
    const made = await stripe.checkout.sessions.create({ ...session, line_items: [room], allowed_payment_method_types: ['oxxo'], payment_method_options: { oxxo: { expires_after_days: 1 } } })
    const voucher = await submit(made.url!, { email: 'fill_never@shop.test', name: 'Ana Luna', method: 'oxxo' })
    t.match(voucher.location, /\/oxxo\/voucher\//)
    t.match(await stripe.checkout.sessions.retrieve(made.id), { status: 'complete', payment_status: 'unpaid', payment_intent: /^pi_/ })
    return { made, voucher: voucher.location! }
  }
  const first = await open()
  const page = await (await fetch(first.voucher)).text()
  t.match(page, /Back to the shop/)
  await submit(first.voucher, { outcome: 'pay' })
  t.match(await stripe.checkout.sessions.retrieve(first.made.id), { payment_status: 'paid' })
  const second = await open()
  await submit(second.voucher, { outcome: 'expire' })
  t.match(await stripe.checkout.sessions.retrieve(second.made.id), { status: 'complete', payment_status: 'unpaid' })
  t.strictSame(await eventTypes(stripe, 'checkout'), ['checkout.session.completed', 'checkout.session.async_payment_succeeded', 'checkout.session.completed', 'checkout.session.async_payment_failed'])
})

t.test('who pays: a customer that exists, one that is made, tax id and questions', async t => {
  const simulator = await start(t)
  const stripe = sdk(simulator)
  const customer = await stripe.customers.create({ email: 'luz@shop.test', name: 'Luz' })
  const known = await stripe.checkout.sessions.create({ ...session, line_items: [room], customer: customer.id, payment_intent_data: { setup_future_usage: 'off_session' } })
  t.notMatch(await (await fetch(known.url!)).text(), /name="email"/)
  t.match(known.payment_method_types, ['card'], 'cash cannot be saved')
  await submit(known.url!)
  t.equal((await stripe.customers.listPaymentMethods(customer.id)).data.length, 1, 'the card is kept')

  const asked = await stripe.checkout.sessions.create({
    ...session, line_items: [room], customer_creation: 'always', tax_id_collection: { enabled: true }, phone_number_collection: { enabled: true }, locale: 'es',
    custom_fields: [
      { key: 'color', label: { type: 'custom', custom: 'Color' }, type: 'dropdown', dropdown: { options: [{ label: 'Rojo', value: 'red' }, { label: 'Azul', value: 'blue' }] } },
      { key: 'floor', label: { type: 'custom', custom: 'Piso' }, type: 'numeric', optional: true },
      { key: 'note', label: { type: 'custom', custom: 'Nota' }, type: 'text', text: { maximum_length: 5 } }
    ]
  })
  const form = formOf(await (await fetch(asked.url!)).text())
  t.strictSame(Object.keys(form).sort(), ['business_name', 'card', 'email', 'field_color', 'field_floor', 'field_note', 'method', 'name', 'phone', 'tax_id', 'tax_id_type'])
  t.match(await submit(asked.url!, { email: 'a@b.mx', field_color: 'green', field_note: 'x' }), { status: 402, text: /one of the choices/ })
  t.match(await submit(asked.url!, { email: 'a@b.mx', field_color: 'red', field_note: 'too long' }), { status: 402 })
  t.match(await submit(asked.url!, { email: 'a@b.mx', name: 'Ana', business_name: 'Luna SA', tax_id_type: 'mx_rfc', tax_id: 'LUN010101AAA', field_color: 'red', field_note: 'x', phone: '+525555555555' }), { status: 303 })
  const done = await stripe.checkout.sessions.retrieve(asked.id)
  t.match(done, {
    customer: /^cus_/, customer_details: { business_name: 'Luna SA', name: 'Luna SA', individual_name: 'Ana', phone: '+525555555555', tax_ids: [{ type: 'mx_rfc', value: 'LUN010101AAA' }] },
    custom_fields: [{ key: 'color', dropdown: { value: 'red' } }, { numeric: { value: null } }, { text: { value: 'x' } }]
  })
  t.match((await stripe.customers.listTaxIds(done.customer as string)).data, [{ type: 'mx_rfc', value: 'LUN010101AAA', country: 'MX' }])
})

t.test('a page that asks a business for its address and tax id', async t => {
  const simulator = await start(t)
  const stripe = sdk(simulator)
  const asked = { line_items: [room], tax_id_collection: { enabled: true }, billing_address_collection: 'required' } as const
  const made = await stripe.checkout.sessions.create({ ...session, ...asked, line_items: [room] })
  t.match(formOf(await (await fetch(made.url!)).text()), { country: /./, line1: '', postal_code: '' })
  const address = { line1: 'Calle 1', postal_code: '42501', country: 'MX' }
  const business = { business_name: 'Luna SA', tax_id_type: 'mx_rfc', tax_id: 'LUN010101AAA' }
  for (const [fields, says] of [[{ ...business }, /billing address/], [{ ...address, ...business, tax_id: 'LUN01' }, /not a valid mx_rfc/], [{ ...address, ...business, business_name: '' }, /business name/]] as [Record<string, string>, RegExp][]) {
    t.match(await submit(made.url!, { email: 'a@b.mx', ...fields }), { status: 402, text: says })
  }
  t.match(await submit(made.url!, { email: 'a@b.mx', ...address, ...business }), { status: 303 })
  t.match(await stripe.checkout.sessions.retrieve(made.id), { customer_details: { address: { line1: 'Calle 1', line2: null, postal_code: '42501', country: 'MX' }, business_name: 'Luna SA' } })
  const silent = await stripe.checkout.sessions.create({ ...session, line_items: [room] })
  t.match(await submit(silent.url!, { email: 'a@b.mx', ...business }), { status: 402, text: /asks for no tax id/ })
  const link = await stripe.paymentLinks.create({ ...asked, line_items: [room] })
  const page = (await fetch(link.url, { redirect: 'manual' })).headers.get('location')!
  t.match(await submit(page, { email: 'a@b.mx' }), { status: 402, text: /billing address/ })
})

t.test('a card is saved without a payment', async t => {
  const simulator = await start(t)
  const stripe = sdk(simulator)
  const customer = await stripe.customers.create({ email: 'luz@shop.test' })
  const made = await stripe.checkout.sessions.create({ mode: 'setup', currency: 'mxn', customer: customer.id, success_url: 'https://shop.test/ok', setup_intent_data: { metadata: { method: 'pm_1' } } })
  t.match(made, { setup_intent: /^seti_/, amount_total: null, payment_status: 'no_payment_required' })
  t.match(await submit(made.url!, { card: '4000000000000002' }), { status: 402 })
  const bank = await submit(made.url!, { card: '4000002500003155' })
  const back = await submit(bank.location!, { outcome: 'complete' })
  t.equal((await fetch(back.location!, { redirect: 'manual' })).headers.get('location'), 'https://shop.test/ok')
  const done = await stripe.checkout.sessions.retrieve(made.id, { expand: ['setup_intent'] })
  t.match(done, { status: 'complete', setup_intent: { status: 'succeeded', customer: customer.id, metadata: { method: 'pm_1' } } })
  const method = (done.setup_intent as Stripe.SetupIntent).payment_method as string
  t.match(await stripe.paymentIntents.create({ amount: 5000, currency: 'mxn', customer: customer.id, payment_method: method, off_session: true, confirm: true }), { status: 'succeeded' })
})

t.test('a page ends: by hand, or by the clock', async t => {
  let now = Date.parse('2026-11-01T12:00:00Z')
  const simulator = await start(t, { now: () => new Date(now) })
  const stripe = sdk(simulator)
  const seconds = now / 1000
  const made = await stripe.checkout.sessions.create({ ...session, line_items: [room], expires_at: seconds + 1800 })
  const left = await stripe.checkout.sessions.create({ ...session, line_items: [room] })
  t.equal(left.expires_at, seconds + 86_400)
  await submit(left.url!, { email: 'a@b.mx', card: '4000000000000002' })
  t.match(await stripe.checkout.sessions.expire(left.id), { status: 'expired', url: null })
  t.match(await stripe.paymentIntents.retrieve((await stripe.checkout.sessions.retrieve(left.id)).payment_intent as string), { status: 'canceled', cancellation_reason: 'expired' })
  t.match(await failure(stripe.checkout.sessions.expire(left.id)), { statusCode: 400, message: /status in \["open"\] can be expired.*status of expired/ })
  now += 1_799_000
  simulator.advance()
  t.equal((await stripe.checkout.sessions.retrieve(made.id)).status, 'open')
  now += 1000
  simulator.advance()
  t.equal((await stripe.checkout.sessions.retrieve(made.id)).status, 'expired')
  t.match(await (await fetch(made.url!)).text(), /expired/)
  t.match(await submit(made.url!, { email: 'late@b.mx', method: 'card' }), { status: 402 })
  t.equal(simulator.effects('pay_1').charges, 0)
  t.equal((await eventTypes(stripe, 'checkout.session.expired')).length, 2)
})

t.test('a hold is made on the page and captured later', async t => {
  const simulator = await start(t)
  const stripe = sdk(simulator)
  const made = await stripe.checkout.sessions.create({ ...session, line_items: [room], payment_intent_data: { capture_method: 'manual' } })
  t.equal((await submit(made.url!, { email: 'a@b.mx' })).status, 303)
  const done = await stripe.checkout.sessions.retrieve(made.id, { expand: ['payment_intent'] })
  t.match(done, { status: 'complete', payment_status: 'unpaid', payment_intent: { status: 'requires_capture', amount_capturable: 300_000 } })
  await stripe.paymentIntents.capture((done.payment_intent as Stripe.PaymentIntent).id)
  t.equal((await stripe.checkout.sessions.retrieve(made.id)).payment_status, 'paid')
})

t.test('links: a page for each visit, until they are closed or used up', async t => {
  const simulator = await start(t)
  const stripe = sdk(simulator)
  const product = await stripe.products.create({ name: 'Camiseta', metadata: { sku: '1' } })
  const price = await stripe.prices.create({ product: product.id, unit_amount: 25_000, currency: 'mxn' })
  const link = await stripe.paymentLinks.create({
    line_items: [{ price: price.id, quantity: 1 }], metadata: { link: 'lnk_1' }, payment_intent_data: { metadata: { payment: 'lnk_1' } },
    after_completion: { type: 'redirect', redirect: { url: 'https://shop.test/thanks?s={CHECKOUT_SESSION_ID}' } }, restrictions: { completed_sessions: { limit: 2 } }
  })
  t.match(link, { object: 'payment_link', active: true, currency: 'mxn', url: /\/b\/test_/ })
  const visit = async () => (await fetch(link.url, { redirect: 'manual' })).headers.get('location')!
  const pages = [await visit(), await visit(), await visit()]
  t.equal(new Set(pages).size, 3)
  for (const page of pages.slice(0, 2)) t.match((await submit(page, { email: 'a@b.mx' })).location, /^https:\/\/shop\.test\/thanks\?s=cs_test_/)
  t.match(await submit(pages[2]!, { email: 'a@b.mx' }), { status: 402, text: /no longer active/ })
  t.equal(simulator.effects('lnk_1').charges, 2)
  const sessions = (await stripe.checkout.sessions.list({ payment_link: link.id })).data
  t.match(sessions, [{ status: 'open' }, { status: 'complete', payment_link: link.id, metadata: { link: 'lnk_1' } }, { status: 'complete' }])
  t.match(await stripe.paymentLinks.retrieve(link.id), { active: false, restrictions: { completed_sessions: { count: 2, limit: 2 } } })
  t.match(await (await fetch(link.url)).text(), /no longer active/)

  const inline = await stripe.paymentLinks.create({ line_items: [{ price_data: { currency: 'mxn', unit_amount: 5000, product_data: { name: 'Café' } }, quantity: 1 }], after_completion: { type: 'hosted_confirmation', hosted_confirmation: { custom_message: 'Vuelva pronto' } }, inactive_message: 'Cerrado' })
  const page = (await fetch(inline.url, { redirect: 'manual' })).headers.get('location')!
  t.match(await submit(page, { email: 'a@b.mx' }), { status: 200, text: /Vuelva pronto/ })
  t.match(await stripe.paymentLinks.update(inline.id, { active: false, metadata: { a: 'b' } }), { active: false, metadata: { a: 'b' } })
  t.match(await (await fetch(inline.url)).text(), /Cerrado/)
  t.match((await stripe.paymentLinks.list({ active: false })).data.map(each => each.id), [inline.id, link.id])
  t.match((await stripe.paymentLinks.listLineItems(link.id)).data, [{ description: 'Camiseta', price: { id: price.id } }])
  t.equal((await fetch(`${simulator.url}/b/nothing`)).status, 404)
})

t.test('products and prices', async t => {
  const simulator = await start(t)
  const key = simulator.credentials('test').secret_key!
  const stripe = sdk(simulator, key)
  const product = await stripe.products.create({ name: 'Plan', default_price_data: { currency: 'mxn', unit_amount: 9900, recurring: { interval: 'month' } }, expand: ['default_price'] })
  t.match(product.default_price, { recurring: { interval: 'month', interval_count: 1 }, unit_amount: 9900, active: true })
  const price = await stripe.prices.create({ product: product.id, currency: 'mxn', unit_amount: 99_000, recurring: { interval: 'year' }, lookup_key: 'yearly' })
  t.match((await stripe.prices.list({ lookup_keys: ['yearly'] })).data, [{ id: price.id }])
  t.match(await failure(stripe.prices.create({ product: product.id, currency: 'mxn', unit_amount: 1, lookup_key: 'yearly' })), { param: 'lookup_key' })
  t.match(await stripe.prices.update(price.id, { active: false, nickname: 'old' }), { active: false, nickname: 'old' })
  t.equal((await stripe.prices.list({ product: product.id, active: true })).data.length, 1)
  t.match(await failure(stripe.products.del(product.id)), { statusCode: 400 })
  t.match(await stripe.products.update(product.id, { name: 'Otro' }), { name: 'Otro' })
  for (const [form, error] of [
    ['currency=mxn&product=prod_none&unit_amount=1', { code: 'resource_missing', param: 'product' }],
    ['currency=mxn&unit_amount=1', { param: 'product' }],
    [`currency=mxn&product=${product.id}`, { code: 'parameter_missing', param: 'unit_amount' }],
    [`currency=mxn&product=${product.id}&unit_amount=-1`, { param: 'unit_amount' }],
    [`currency=mxn&product=${product.id}&unit_amount=1&recurring[interval]=month&recurring[interval_count]=37`, { message: /three years/ }],
    [`currency=mxn&product=${product.id}&unit_amount=1&recurring[interval]=fortnight`, { param: 'recurring[interval]' }]
  ] as const) {
    t.match(await post(simulator, '/v1/prices', form, { authorization: `Bearer ${key}` }), { status: 400, body: { error } }, form)
  }
})

t.test('what a page cannot be', async t => {
  const dropdown = (...values: string[]) => `custom_fields[0][key]=k&custom_fields[0][type]=dropdown&custom_fields[0][label][type]=custom&custom_fields[0][label][custom]=L&${values.map((value, i) => `custom_fields[0][dropdown][options][${i}][label]=L&custom_fields[0][dropdown][options][${i}][value]=${value}`).join('&')}`
  const simulator = await start(t)
  const base = 'mode=payment&success_url=https://a.test&line_items[0][quantity]=1&line_items[0][price_data][currency]=mxn&line_items[0][price_data][unit_amount]=5000&line_items[0][price_data][product_data][name]=x'
  const now = Math.floor(Date.now() / 1000)
  const cases: [string, object][] = [
    ['success_url=https://a.test', { code: 'parameter_missing', param: 'mode' }],
    [base.replace('success_url=https://a.test&', ''), { code: 'parameter_missing', param: 'success_url' }],
    [base.replace('success_url=https://a.test', 'success_url=nowhere'), { code: 'url_invalid', param: 'success_url' }],
    ['mode=payment&success_url=https://a.test', { code: 'parameter_missing', param: 'line_items' }],
    [base.replace('5000', '999'), { code: 'amount_too_small' }],
    [`${base}&line_items[0][price_data][recurring][interval]=month`, { message: /recurring price/ }],
    [base.replace('mode=payment', 'mode=subscription'), { message: /at least one recurring price/ }],
    [`${base}&expires_at=${now + 1700}`, { param: 'expires_at', message: /at least 30 minutes/ }],
    [`${base}&expires_at=${now + 86_500}`, { param: 'expires_at', message: /less than 24 hours/ }],
    [`${base}&customer=cus_none`, { code: 'resource_missing', param: 'customer' }],
    [`${base}&allowed_payment_method_types[]=boleto`, { message: /"boleto" is invalid/ }],
    [`${base.replaceAll('mxn', 'usd')}&allowed_payment_method_types[]=oxxo`, { message: /cannot be used with the currency/ }],
    [`${base}&allowed_payment_method_types[]=customer_balance`, { param: 'customer' }],
    [`${base}&payment_method_types[]=card`, { code: 'parameter_unknown', param: 'payment_method_types' }],
    [`${base}&subscription_data[description]=x`, { param: 'subscription_data' }],
    [`${base}&ui_mode=embedded_page`, { param: 'ui_mode' }],
    [`${base}${'0123'.split('').map(i => `&custom_fields[${i}][key]=k${i}&custom_fields[${i}][type]=text&custom_fields[${i}][label][type]=custom&custom_fields[${i}][label][custom]=L`).join('')}`, { message: /exceeded maximum 3/ }],
    [`${base}&${dropdown('a-b')}`, { message: /alphanumeric/ }],
    [`${base}&${dropdown('a', 'a')}`, { message: /unique/ }],
    [`${base}&${dropdown(...Array.from({ length: 201 }, (_, i) => String(i)))}`, { message: /exceeded maximum 200/ }],
    [`${base}&line_items[0][price]=price_none`, { param: 'line_items[0][price]' }]
  ]
  for (const [form, error] of cases) t.match(await post(simulator, '/v1/checkout/sessions', form), { status: 400, body: { error } }, form)
  t.match(await post(simulator, '/v1/checkout/sessions', `${base}&payment_method_types[]=card`, { 'stripe-version': '2026-07-29.dahlia' }), { status: 200 })
})

t.test('webhooks of a page', async t => {
  const simulator = await start(t)
  const stripe = sdk(simulator)
  const partner = await receiver(t)
  await stripe.webhookEndpoints.create({ url: partner.url, enabled_events: ['checkout.session.completed', 'payment_link.updated'] })
  const made = await stripe.checkout.sessions.create({ ...session, line_items: [room] })
  await submit(made.url!, { email: 'a@b.mx' })
  await simulator.settled()
  t.match(partner.received, [{ event: { type: 'checkout.session.completed', data: { object: { id: made.id, payment_status: 'paid', payment_intent: /^pi_/ } } } }])
})

t.test('what the simulator does not know is refused, never ignored', async t => {
  const simulator = await start(t)
  const base = 'mode=payment&success_url=https://a.test&line_items[0][quantity]=1&line_items[0][price_data][currency]=mxn&line_items[0][price_data][unit_amount]=5000&line_items[0][price_data][product_data][name]=x'
  for (const more of ['discounts[0][coupon]=x', 'automatic_tax[enabled]=true', 'shipping_options[0][shipping_rate]=x', 'line_items[0][tax_rates][0]=txr_1']) {
    t.match(await post(simulator, '/v1/checkout/sessions', `${base}&${more}`), { status: 400, body: { error: { message: /not simulated/ } } }, more)
  }
  t.equal((await post(simulator, '/v1/checkout/sessions', `${base}&automatic_tax[enabled]=false`)).status, 200)
})
