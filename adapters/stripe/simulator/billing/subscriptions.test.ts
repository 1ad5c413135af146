import t from 'tap'
import type Stripe from 'stripe'
import type { StripeSimulatorOptions } from '../../simulator.ts'
import { eventTypes, failure, sdk, start, submit } from '../testing.ts'

const day = 86_400
const began = Date.parse('2026-01-31T10:00:00Z') / 1000

/** A customer in a time of its own, with a card and a monthly price. */
async function scene (t: Test, options: StripeSimulatorOptions & { card?: string } = {}) {
  const simulator = await start(t, options)
  const { secret_key: key, publishable_key: browserKey } = simulator.credentials('test') as { secret_key: string, publishable_key: string }
  const stripe = sdk(simulator, key)
  const clock = await stripe.testHelpers.testClocks.create({ frozen_time: began, name: 'c' })
  const customer = await stripe.customers.create({ email: 'ana@shop.test', test_clock: clock.id })
  const method = await stripe.paymentMethods.attach(options.card ?? 'pm_card_visa', { customer: customer.id })
  await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: method.id } })
  const price = await stripe.prices.create({ currency: 'mxn', unit_amount: 30_000, recurring: { interval: 'month' }, product_data: { name: 'Gimnasio' } })
  const yearly = await stripe.prices.create({ currency: 'mxn', unit_amount: 300_000, recurring: { interval: 'year' }, product: price.product as string })
  const better = await stripe.prices.create({ currency: 'mxn', unit_amount: 60_000, recurring: { interval: 'month' }, product_data: { name: 'Gimnasio y alberca' } })
  const to = async (time: number) => {
    t.equal((await stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: time })).status, 'advancing')
    t.match(await stripe.testHelpers.testClocks.retrieve(clock.id), { status: 'ready', frozen_time: time })
  }
  const subscribe = (more: object = {}) => stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }], metadata: { subscription: 'sub_1' }, expand: ['latest_invoice.confirmation_secret', 'latest_invoice.payments'], ...more })
  const invoicesOf = async (id: string) => (await stripe.invoices.list({ subscription: id, limit: 100 })).data
  return { simulator, stripe, browserKey, clock, customer, method, price, yearly, better, to, subscribe, invoicesOf }
}
type Test = Parameters<typeof start>[0] & { equal: (found: unknown, wanted: unknown) => unknown, match: (found: any, wanted: any) => unknown }
const at = (text: string) => Date.parse(text) / 1000
const invoiceOf = ({ latest_invoice: invoice }: Stripe.Subscription) => invoice as Stripe.Invoice

t.test('a subscription is paid at once and renews by its anchor', async t => {
  const { simulator, stripe, subscribe, to, invoicesOf } = await scene(t)
  const made = await subscribe()
  t.match(made, { object: 'subscription', status: 'active', start_date: began, billing_cycle_anchor: began, metadata: { subscription: 'sub_1' }, cancel_at_period_end: false })
  t.match(made.items.data, [{ quantity: 1, current_period_start: began, current_period_end: at('2026-02-28T10:00:00Z'), price: { unit_amount: 30_000 } }])
  t.match(invoiceOf(made), {
    status: 'paid', billing_reason: 'subscription_create', amount_paid: 30_000, number: /-0001$/, parent: { type: 'subscription_details', subscription_details: { subscription: made.id, metadata: { subscription: 'sub_1' } } },
    lines: { data: [{ amount: 30_000, description: '1 × Gimnasio (at $300.00 / month)', parent: { type: 'subscription_item_details', subscription_item_details: { subscription: made.id, proration: false } } }] },
    payments: { data: [{ status: 'paid', amount_paid: 30_000, payment: { type: 'payment_intent', payment_intent: /^pi_/ } }] },
    confirmation_secret: { type: 'payment_intent', client_secret: /^pi_.*_secret_/ }
  })
  const seen = await eventTypes(stripe)
  t.ok(seen.indexOf('invoice.paid') < seen.indexOf('customer.subscription.created'), 'it is announced as what it has become')
  t.match((await stripe.events.list({ type: 'customer.subscription.created' })).data, [{ data: { object: { status: 'active' } } }])
  t.notOk(seen.includes('customer.subscription.updated'))

  await to(at('2026-02-28T10:00:00Z'))
  const [draft] = await invoicesOf(made.id)
  t.match(draft, { status: 'draft', billing_reason: 'subscription_cycle', automatically_finalizes_at: at('2026-02-28T11:00:00Z'), auto_advance: true, period_start: began, period_end: at('2026-02-28T10:00:00Z') })
  await to(at('2026-02-28T11:00:00Z'))
  t.match(await stripe.invoices.retrieve(draft!.id), { status: 'paid', attempt_count: 1, number: /-0002$/ })
  t.match(await stripe.subscriptions.retrieve(made.id), { status: 'active', items: { data: [{ current_period_start: at('2026-02-28T10:00:00Z'), current_period_end: at('2026-03-31T10:00:00Z') }] } })
  await to(at('2026-03-31T12:00:00Z'))
  await to(at('2026-04-30T12:00:00Z'))
  t.match((await stripe.subscriptions.retrieve(made.id)).items.data[0]!.current_period_end, at('2026-05-31T10:00:00Z'), 'the last day of shorter months, and the 31st again')
  t.strictSame((await invoicesOf(made.id)).map(each => each.status), ['paid', 'paid', 'paid', 'paid'])
  t.equal(simulator.effects('sub_1').charges, 4, 'its payments are found under the reference of the subscription')
  const payment = invoiceOf(made).payments!.data[0]!.payment.payment_intent as string
  t.match((await stripe.invoicePayments.list({ payment: { type: 'payment_intent', payment_intent: payment } })).data, [{ invoice: invoiceOf(made).id }])
  t.match((await stripe.paymentIntents.retrieve(payment)).created, began, 'its payments live in its time')
})

t.test('default_incomplete: the payer pays the first invoice, or it expires', async t => {
  const { simulator, stripe, browserKey, subscribe, to, customer } = await scene(t)
  await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: '' } })
  const open = () => subscribe({ payment_behavior: 'default_incomplete', payment_settings: { save_default_payment_method: 'on_subscription' } })
  const made = await open()
  t.match(made, { status: 'incomplete', default_payment_method: null })
  t.match(invoiceOf(made), { status: 'open', amount_due: 30_000, attempt_count: 0, hosted_invoice_url: /\/i\/test_/ })
  const secret = invoiceOf(made).confirmation_secret!.client_secret
  t.match(await failure(sdk(simulator, browserKey).balance.retrieve()), { code: 'secret_key_required', statusCode: 401 })
  // The payer's browser confirms with the publishable key and the secret of the payment.
  const browser = await fetch(`${simulator.url}/v1/payment_intents/${secret.split('_secret')[0]}/confirm`, {
    method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ key: browserKey, client_secret: secret, 'payment_method_data[type]': 'card', 'payment_method_data[card][token]': 'tok_visa' })
  })
  t.match(await browser.json(), { status: 'succeeded' })
  const active = await stripe.subscriptions.retrieve(made.id)
  t.match(active, { status: 'active', default_payment_method: /^pm_/ })
  t.match((await stripe.paymentMethods.retrieve(active.default_payment_method as string)).customer, customer.id)
  await to(at('2026-02-28T12:00:00Z'))
  t.match((await stripe.subscriptions.retrieve(made.id, { expand: ['latest_invoice'] })).latest_invoice, { status: 'paid' }, 'the card that was saved pays the renewal')

  const second = await open()
  await to(second.created + 23 * 3600 - 1)
  t.equal((await stripe.subscriptions.retrieve(second.id)).status, 'incomplete')
  await to(second.created + 23 * 3600)
  t.match(await stripe.subscriptions.retrieve(second.id, { expand: ['latest_invoice'] }), { status: 'incomplete_expired', ended_at: Number, latest_invoice: { status: 'void' } })
})

t.test('what becomes of a first payment that fails', async t => {
  const { stripe, subscribe, customer, price } = await scene(t, { card: 'pm_card_chargeCustomerFail' })
  const incomplete = await subscribe()
  t.match(incomplete, { status: 'incomplete', latest_invoice: { status: 'open', attempt_count: 1, next_payment_attempt: null } })
  const count = async () => (await stripe.subscriptions.list({ customer: customer.id, status: 'all' })).data.length
  const before = await eventTypes(stripe)
  t.match(await failure(subscribe({ payment_behavior: 'error_if_incomplete' })), { statusCode: 402, code: 'card_declined' })
  t.equal(await count(), 1, 'nothing is left')
  t.strictSame(await eventTypes(stripe), before, 'and nobody hears of it')
  const good = await stripe.paymentMethods.attach('pm_card_mastercard', { customer: customer.id })
  t.match(await stripe.invoices.pay(invoiceOf(incomplete).id, { payment_method: good.id }), { status: 'paid' })
  t.equal((await stripe.subscriptions.retrieve(incomplete.id)).status, 'active')
  t.match(await failure(stripe.invoices.pay(invoiceOf(incomplete).id)), { message: 'Invoice is already paid' })
  const poor = await stripe.customers.create({ email: 'b@shop.test' })
  t.match(await failure(stripe.subscriptions.create({ customer: poor.id, items: [{ price: price.id }] })), { code: 'resource_missing', message: /no attached payment source/ })
  t.match(await failure(subscribe({ default_payment_method: 'pm_none' })), { code: 'resource_missing', param: 'default_payment_method' })
  const other = await stripe.paymentMethods.attach('pm_card_authenticationRequired', { customer: customer.id })
  const asked = await subscribe({ default_payment_method: other.id, expand: ['latest_invoice.payments'] })
  t.match(asked, { status: 'incomplete' })
  const payment = invoiceOf(asked).payments!.data[0]!.payment.payment_intent as string
  t.match(await stripe.paymentIntents.retrieve(payment), { status: 'requires_action', next_action: { type: 'use_stripe_sdk' }, setup_future_usage: 'off_session' })
  t.ok((await eventTypes(stripe)).includes('invoice.payment_action_required'))
  t.match(await failure(subscribe({ default_payment_method: other.id, payment_behavior: 'error_if_incomplete' })), { statusCode: 402, code: 'subscription_payment_intent_requires_action' })
})

t.test('a renewal that fails is tried three times', async t => {
  for (const [afterRetries, status] of [['cancel', 'canceled'], ['unpaid', 'unpaid'], ['past_due', 'past_due']] as const) {
    const { stripe, subscribe, to, customer } = await scene(t, { rules: { afterRetries } })
    const made = await subscribe()
    const bad = await stripe.paymentMethods.attach('pm_card_chargeCustomerFail', { customer: customer.id })
    await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: bad.id } })
    const first = at('2026-02-28T11:00:00Z')
    await to(first)
    const latest = async () => (await stripe.subscriptions.retrieve(made.id, { expand: ['latest_invoice'] }))
    t.match(await latest(), { status: 'past_due', latest_invoice: { status: 'open', attempt_count: 1, next_payment_attempt: first + 3 * day } }, afterRetries)
    await to(first + 3 * day)
    t.match(await latest(), { status: 'past_due', latest_invoice: { attempt_count: 2, next_payment_attempt: first + 8 * day } })
    await to(first + 8 * day)
    t.match(await latest(), { status, latest_invoice: { attempt_count: 3, next_payment_attempt: null, status: 'open' } })
    t.equal((await eventTypes(stripe, 'invoice.payment_failed')).length, 3)
    if (status === 'canceled') t.match(await latest(), { cancellation_details: { reason: 'payment_failed' }, ended_at: first + 8 * day })
    else {
      const good = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id })
      await stripe.invoices.pay(invoiceOf(await latest()).id, { payment_method: good.id })
      t.match(await latest(), { status: 'active' }, 'paid late, it goes on')
    }
  }
})

t.test('a retry that goes well ends the dunning', async t => {
  const { stripe, subscribe, to, customer, method } = await scene(t)
  const made = await subscribe()
  const bad = await stripe.paymentMethods.attach('pm_card_chargeCustomerFail', { customer: customer.id })
  await stripe.subscriptions.update(made.id, { default_payment_method: bad.id })
  await to(at('2026-02-28T11:00:00Z'))
  await stripe.subscriptions.update(made.id, { default_payment_method: method.id })
  await to(at('2026-03-03T11:00:00Z'))
  t.match(await stripe.subscriptions.retrieve(made.id, { expand: ['latest_invoice'] }), { status: 'active', latest_invoice: { status: 'paid', attempt_count: 2, next_payment_attempt: null } })
  t.strictSame((await eventTypes(stripe, 'invoice.')).slice(-3), ['invoice.payment_failed', 'invoice.paid', 'invoice.payment_succeeded'])
})

t.test('trials', async t => {
  const { stripe, subscribe, to, customer } = await scene(t)
  const made = await subscribe({ trial_period_days: 14 })
  t.match(made, { status: 'trialing', trial_start: began, trial_end: began + 14 * day, billing_cycle_anchor: began + 14 * day, latest_invoice: { status: 'paid', amount_due: 0, lines: { data: [{ amount: 0, description: 'Trial period for Gimnasio' }] } } })
  await to(began + 11 * day)
  t.equal((await eventTypes(stripe, 'customer.subscription.trial_will_end')).length, 1)
  await to(began + 14 * day + 3600)
  t.match(await stripe.subscriptions.retrieve(made.id, { expand: ['latest_invoice'] }), { status: 'active', latest_invoice: { status: 'paid', amount_paid: 30_000, billing_reason: 'subscription_cycle' } })

  await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: '' } })
  for (const [missing, status] of [['cancel', 'canceled'], ['pause', 'paused'], ['create_invoice', 'past_due']] as const) {
    const open = await subscribe({ trial_period_days: 2, payment_behavior: 'default_incomplete', trial_settings: { end_behavior: { missing_payment_method: missing } } })
    t.match(open.pending_setup_intent, /^seti_/)
    await to(open.trial_end! + 3600)
    t.match((await stripe.subscriptions.retrieve(open.id)).status, status, missing)
  }
  const kept = await subscribe({ trial_period_days: 2, payment_behavior: 'default_incomplete', payment_settings: { save_default_payment_method: 'on_subscription' } })
  await stripe.setupIntents.confirm(kept.pending_setup_intent as string, { payment_method: 'pm_card_visa', return_url: 'https://shop.test' })
  t.match(await stripe.subscriptions.retrieve(kept.id), { pending_setup_intent: null, default_payment_method: /^pm_/ })
  t.match(await stripe.subscriptions.update(kept.id, { trial_end: 'now' }), { status: 'active' })
})

t.test('an end: now, at the end of the period, on a day, and taken back', async t => {
  const { stripe, subscribe, to, customer } = await scene(t)
  const now = await subscribe()
  t.match(await stripe.subscriptions.cancel(now.id, { cancellation_details: { comment: 'too dear' } }), { status: 'canceled', ended_at: began, cancellation_details: { reason: 'cancellation_requested', comment: 'too dear' } })
  t.match(await failure(stripe.subscriptions.cancel(now.id)), { statusCode: 404, code: 'resource_missing' })
  t.match(await failure(stripe.subscriptions.update(now.id, { description: 'x' })), { statusCode: 400 })
  t.match(await stripe.subscriptions.update(now.id, { metadata: { a: 'b' } }), { metadata: { a: 'b' } })

  const later = await subscribe()
  t.match(await stripe.subscriptions.update(later.id, { cancel_at_period_end: true }), { status: 'active', cancel_at_period_end: true, cancel_at: at('2026-02-28T10:00:00Z'), canceled_at: began })
  t.match(await stripe.subscriptions.update(later.id, { cancel_at_period_end: false }), { cancel_at_period_end: false, cancel_at: null, canceled_at: null })
  await stripe.subscriptions.update(later.id, { cancel_at_period_end: true })
  const dated = await subscribe({ cancel_at: began + 10 * day })
  await to(began + 10 * day)
  t.equal((await stripe.subscriptions.retrieve(dated.id)).status, 'canceled')
  await to(at('2026-02-28T12:00:00Z'))
  t.match(await stripe.subscriptions.retrieve(later.id), { status: 'canceled', ended_at: at('2026-02-28T10:00:00Z') })
  t.equal((await eventTypes(stripe, 'customer.subscription.deleted')).length, 3)
  t.equal((await stripe.subscriptions.list({ customer: customer.id })).data.length, 0)
  t.equal((await stripe.subscriptions.list({ customer: customer.id, status: 'ended' })).data.length, 3)

  const prorated = await subscribe()
  const start = prorated.start_date
  await to(start + 7 * day)
  await stripe.subscriptions.cancel(prorated.id, { invoice_now: true, prorate: true })
  const [last] = (await stripe.invoices.list({ subscription: prorated.id })).data
  const { current_period_end: end } = prorated.items.data[0]!
  t.match(last, { status: 'paid', amount_due: 0, total: -Math.round(30_000 * (end - start - 7 * day) / (end - start)) }, 'the time that was not used is credited')
  t.match((await stripe.customers.retrieve(customer.id) as Stripe.Customer).balance, last!.total)
})

t.test('pauses', async t => {
  const { stripe, subscribe, to, invoicesOf } = await scene(t)
  const made = await subscribe()
  const until = at('2026-04-15T00:00:00Z')
  t.match(await stripe.subscriptions.update(made.id, { pause_collection: { behavior: 'void', resumes_at: until } }), { status: 'active', pause_collection: { behavior: 'void', resumes_at: until } })
  await to(at('2026-03-31T10:00:00Z'))
  t.strictSame((await invoicesOf(made.id)).map(each => each.status), ['void', 'void', 'paid'])
  await stripe.subscriptions.update(made.id, { pause_collection: { behavior: 'mark_uncollectible', resumes_at: until } })
  await to(until)
  t.equal((await stripe.subscriptions.retrieve(made.id)).pause_collection, null)
  await stripe.subscriptions.update(made.id, { pause_collection: { behavior: 'keep_as_draft' } })
  await to(at('2026-04-30T12:00:00Z'))
  t.match((await invoicesOf(made.id))[0], { status: 'draft', auto_advance: false })
  t.match(await stripe.subscriptions.update(made.id, { pause_collection: '' }), { pause_collection: null })

  t.match(await stripe.subscriptions.pause(made.id), { status: 'paused' })
  t.match(await failure(stripe.subscriptions.pause(made.id)), { statusCode: 400 })
  await to(at('2026-05-31T12:00:00Z'))
  await to(at('2026-06-15T12:00:00Z'))
  t.equal((await invoicesOf(made.id)).length, 4, 'a pause is not billed')
  const resumed = await stripe.subscriptions.resume(made.id, { billing_cycle_anchor: { type: 'now' } })
  t.match(resumed, { status: 'active', billing_cycle_anchor: at('2026-06-15T12:00:00Z') })
  t.match((await invoicesOf(made.id))[0], { status: 'paid', billing_reason: 'subscription_update' })
  t.match(await failure(stripe.subscriptions.resume(made.id)), { statusCode: 400 })
  t.strictSame((await eventTypes(stripe, 'customer.subscription.')).filter(type => /paused|resumed/.test(type)), ['customer.subscription.paused', 'customer.subscription.resumed'])
})

t.test('changes: what they cost is told before, and is then so', async t => {
  const { stripe, subscribe, to, customer, better, yearly, invoicesOf } = await scene(t)
  const made = await subscribe()
  const [item] = made.items.data
  const half = began + 14 * day
  await to(half)
  const change = { id: item!.id, price: better.id, quantity: 2 }
  const preview = await stripe.invoices.createPreview({ customer: customer.id, subscription: made.id, subscription_details: { items: [change], proration_date: half } })
  t.match(preview.lines.data.map(line => [line.amount, line.parent?.subscription_item_details?.proration]), [[-15_000, true], [60_000, true], [120_000, false]])
  t.match(preview, { amount_due: 165_000, billing_reason: 'upcoming', status: 'draft' })
  t.equal((await invoicesOf(made.id)).length, 1, 'a preview changes nothing')
  await stripe.subscriptions.update(made.id, { items: [change], proration_date: half })
  t.match((await stripe.invoiceItems.list({ customer: customer.id, pending: true })).data.map(each => each.amount).sort(), [-15_000, 60_000].sort())
  await to(at('2026-02-28T11:00:00Z'))
  t.match((await invoicesOf(made.id))[0], { status: 'paid', amount_paid: 165_000 })

  const immediate = await stripe.subscriptions.update(made.id, { items: [{ id: item!.id, quantity: 3 }], proration_behavior: 'always_invoice', expand: ['latest_invoice'] })
  const share = (at('2026-03-31T10:00:00Z') - at('2026-02-28T11:00:00Z')) / (at('2026-03-31T10:00:00Z') - at('2026-02-28T10:00:00Z'))
  t.match(immediate.latest_invoice, { status: 'paid', billing_reason: 'subscription_update', total: Math.round(180_000 * share) - Math.round(120_000 * share) })
  t.match(await stripe.subscriptions.update(made.id, { items: [{ id: item!.id, quantity: 1 }], proration_behavior: 'none' }), { items: { data: [{ quantity: 1 }] } })
  t.equal((await stripe.invoiceItems.list({ customer: customer.id, pending: true })).data.length, 0)

  const toYear = await stripe.subscriptions.update(made.id, { items: [{ id: item!.id, price: yearly.id }], expand: ['latest_invoice'] })
  t.match(toYear, { billing_cycle_anchor: at('2026-02-28T11:00:00Z'), items: { data: [{ current_period_end: at('2027-02-28T11:00:00Z') }] }, latest_invoice: { status: 'paid', total: 300_000 - Math.round(60_000 * share) } }, 'another interval starts anew')

  const second = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: better.id }] })
  const bad = await stripe.paymentMethods.attach('pm_card_chargeCustomerFail', { customer: customer.id })
  await stripe.subscriptions.update(second.id, { default_payment_method: bad.id })
  const up = { items: [{ id: second.items.data[0]!.id, quantity: 5 }], proration_behavior: 'always_invoice' as const }
  t.match(await failure(stripe.subscriptions.update(second.id, { ...up, payment_behavior: 'error_if_incomplete' })), { statusCode: 402 })
  t.match(await stripe.subscriptions.retrieve(second.id), { status: 'active', items: { data: [{ quantity: 1 }] } }, 'all or nothing')
  t.match(await stripe.subscriptions.update(second.id, up), { status: 'past_due', items: { data: [{ quantity: 5 }] } })
  const fresh = await stripe.invoices.createPreview({ customer: customer.id, subscription_details: { items: [{ price: better.id, quantity: 2 }] } })
  t.match(fresh.lines.data, [{ amount: 120_000 }])
  t.match((await stripe.invoices.createPreview({ subscription: second.id, subscription_details: { cancel_now: true } })).total < 0, true)
})

t.test('invoices by hand, and the page of one', async t => {
  const { stripe, customer } = await scene(t)
  await stripe.invoiceItems.create({ customer: customer.id, amount: 12_000, currency: 'mxn', description: 'Asesoría' })
  const made = await stripe.invoices.create({ customer: customer.id, collection_method: 'send_invoice', days_until_due: 30, pending_invoice_items_behavior: 'include', metadata: { invoice: 'inv_1' } })
  t.match(made, { status: 'draft', amount_due: 12_000, due_date: began + 30 * day, number: null })
  const open = await stripe.invoices.sendInvoice(made.id)
  t.match(open, { status: 'open', number: /-0001$/ })
  const page = await (await fetch(open.hosted_invoice_url!)).text()
  t.match(page, /Asesoría[\s\S]*\$120\.00 MXN/)
  t.match(await submit(open.hosted_invoice_url!, { card: '4000000000009995' }), { status: 402, text: /insufficient funds/ })
  t.match(await submit(open.hosted_invoice_url!), { status: 200, text: /paid/ })
  t.match(await stripe.invoices.retrieve(made.id), { status: 'paid' })

  const draft = async () => {
    const invoice = await stripe.invoices.create({ customer: customer.id })
    await stripe.invoiceItems.create({ customer: customer.id, invoice: invoice.id, amount: 5000, currency: 'mxn' })
    return invoice.id
  }
  const voided = await draft()
  t.match(await failure(stripe.invoices.voidInvoice(voided)), { statusCode: 400 })
  const final = await stripe.invoices.finalizeInvoice(voided, { expand: ['payments'] })
  t.match(final, { status: 'open', amount_due: 5000 })
  t.match(await failure(stripe.invoices.finalizeInvoice(voided)), { statusCode: 400 })
  t.match(await stripe.invoices.voidInvoice(voided), { status: 'void' })
  t.match(await stripe.paymentIntents.retrieve(final.payments!.data[0]!.payment.payment_intent as string), { status: 'canceled', cancellation_reason: 'void_invoice' })
  t.match(await failure(stripe.invoices.pay(voided)), { statusCode: 400 })
  const lost = await draft()
  await stripe.invoices.finalizeInvoice(lost)
  t.match(await stripe.invoices.markUncollectible(lost), { status: 'uncollectible' })
  t.match(await stripe.invoices.pay(lost), { status: 'paid' }, 'it may still be paid')
  t.match(await stripe.invoices.pay(await draft(), { paid_out_of_band: true }), { status: 'paid', amount_paid: 5000 })
  t.match(await stripe.invoices.del(await draft()), { deleted: true })
})

t.test('a hosted page sells a subscription', async t => {
  const { simulator, stripe, price } = await scene(t)
  const open = (more: object = {}) => stripe.checkout.sessions.create({ mode: 'subscription', line_items: [{ price: price.id, quantity: 1 }], success_url: 'https://shop.test/ok', subscription_data: { metadata: { subscription: 'sub_9' }, ...more } })
  const made = await open()
  t.match(made, { customer_creation: 'always', amount_total: 30_000 })
  t.match(await submit(made.url!, { email: 'a@b.mx', card: '4000000000000341' }), { status: 402 })
  t.match(await submit(made.url!, { email: 'a@b.mx' }), { status: 303, location: 'https://shop.test/ok' })
  const done = await stripe.checkout.sessions.retrieve(made.id, { expand: ['subscription', 'invoice'] })
  t.match(done, { status: 'complete', payment_status: 'paid', customer: /^cus_/, subscription: { status: 'active', metadata: { subscription: 'sub_9' }, default_payment_method: /^pm_/ }, invoice: { status: 'paid' } })
  t.equal(simulator.effects('sub_9').charges, 1)
  const secure = await open()
  const bank = await submit(secure.url!, { email: 'a@b.mx', card: '4000002760003184' })
  const back = await submit(bank.location!, { outcome: 'complete' })
  t.equal((await fetch(back.location!, { redirect: 'manual' })).headers.get('location'), 'https://shop.test/ok')
  t.match(await stripe.checkout.sessions.retrieve(secure.id, { expand: ['subscription'] }), { status: 'complete', subscription: { status: 'active' } })
  const trial = await open({ trial_period_days: 7 })
  t.equal((await submit(trial.url!, { email: 'a@b.mx' })).status, 303)
  t.match(await stripe.checkout.sessions.retrieve(trial.id, { expand: ['subscription'] }), { payment_status: 'no_payment_required', subscription: { status: 'trialing' } })
  const link = await stripe.paymentLinks.create({ line_items: [{ price: price.id, quantity: 1 }], subscription_data: { metadata: { subscription: 'sub_10' } } })
  const page = (await fetch(link.url, { redirect: 'manual' })).headers.get('location')!
  t.match(await submit(page, { email: 'a@b.mx' }), { status: 200 })
  t.equal(simulator.effects('sub_10').charges, 1)
})

t.test('time: only forwards, and not too far', async t => {
  const { stripe, clock, subscribe, customer } = await scene(t)
  const go = (to: number) => stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: to })
  t.match(await failure(go(began)), { param: 'frozen_time' })
  await subscribe()
  t.match(await failure(go(at('2026-04-01T00:00:00Z'))), { param: 'frozen_time', message: /two intervals/ })
  t.match(await stripe.testHelpers.testClocks.del(clock.id), { deleted: true })
  t.match(await stripe.customers.retrieve(customer.id), { deleted: true })
  t.equal((await stripe.subscriptions.list({ status: 'canceled' })).data.length, 1)
  t.match(await failure(go(began + 1)), { statusCode: 404 })
})
