import t from 'tap'
import { failure, payment, sdk, start } from './testing.ts'
import { openSpec } from './spec.ts'

const spec = openSpec()

t.test("Stripe's own specification agrees", { skip: spec === undefined ? 'the specifications (PASARELA_ORACLE_DATA) are not here' : false }, async t => {
  const { request, response } = spec!
  const judged: string[] = []
  const simulator = await start(t, {
    validate: each => {
      judged.push(each.route)
      return request(each)
    }
  })
  const stripe = sdk(simulator)
  const fits = (schema: string, value: object, what: string) => t.equal(response(schema, value), undefined, `${schema}: ${what}`)

  const paid = await stripe.paymentIntents.create({
    ...payment, description: 'd', metadata: { a: 'b' }, receipt_email: 'a@b.mx', statement_descriptor_suffix: 'ABC', allowed_payment_method_types: ['card'],
    shipping: { name: 'Ana', address: { line1: 'Calle 1', city: 'CDMX', country: 'MX', postal_code: '06000' } }
  })
  fits('payment_intent', paid, 'succeeded')
  fits('payment_intent', await stripe.paymentIntents.create({ amount: 5000, currency: 'mxn' }), 'requires_payment_method')
  const asked = await stripe.paymentIntents.create({ ...payment, payment_method: 'pm_card_authenticationRequired' })
  fits('payment_intent', asked, 'requires_action')
  simulator.authenticate(asked.id, false)
  fits('payment_intent', await stripe.paymentIntents.retrieve(asked.id), 'authentication failed')
  const held = await stripe.paymentIntents.create({ ...payment, capture_method: 'manual' })
  fits('payment_intent', held, 'requires_capture')
  fits('charge', await stripe.charges.retrieve(held.latest_charge as string), 'held')
  fits('payment_intent', await stripe.paymentIntents.capture(held.id, { amount_to_capture: 3000 }), 'captured')
  fits('payment_intent', await stripe.paymentIntents.cancel((await stripe.paymentIntents.create({ amount: 5000, currency: 'mxn' })).id, { cancellation_reason: 'duplicate' }), 'canceled')
  const declined = await failure(stripe.paymentIntents.create({ ...payment, payment_method: 'pm_card_visa_chargeDeclinedInsufficientFunds' }))
  fits('payment_intent', declined.payment_intent, 'declined')
  fits('api_errors', declined.raw, 'declined')
  fits('charge', await stripe.charges.retrieve(declined.charge), 'failed')
  const refund = await stripe.refunds.create({ payment_intent: paid.id, amount: 100, reason: 'requested_by_customer', metadata: { r: '1' } })
  fits('refund', refund, 'succeeded')
  fits('refund', await stripe.refunds.update(refund.id, { metadata: { r: '2' } }), 'updated')
  fits('charge', await stripe.charges.retrieve(paid.latest_charge as string, { expand: ['refunds'] }), 'refunded in part')
  const customer = await stripe.customers.create({ email: 'a@b.mx', name: 'Ana', metadata: { a: 'b' } })
  fits('customer', customer, 'new')
  fits('payment_method', await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id }), 'attached')
  const endpoint = await stripe.webhookEndpoints.create({ url: 'http://127.0.0.1:9/', enabled_events: ['charge.succeeded'], api_version: '2026-10-28.endive' })
  fits('webhook_endpoint', endpoint, 'new')
  fits('webhook_endpoint', await stripe.webhookEndpoints.update(endpoint.id, { disabled: true }), 'disabled')
  const events = (await stripe.events.list({ limit: 100 })).data
  for (const event of events) {
    fits('event', event, event.type)
    const schema = (event.data.object as { object: string }).object
    fits(schema, event.data.object, `in ${event.type}`)
  }
  fits('balance', await stripe.balance.retrieve(), 'now')
  fits('balance_transaction', (await stripe.balanceTransactions.list()).data[0]!, 'of a charge')
  fits('account', await stripe.accounts.retrieveCurrent(), 'own')
  t.ok(new Set(judged).size >= 8, `${judged.length} requests were judged`)
  t.match(await failure(stripe.paymentIntents.create({ ...payment, payment_method_options: { card: { request_three_d_secure: 5 } } } as never)), { message: /official specification/ }, 'and it does judge')
})

t.test('what was added since agrees with the newest samples, and with the older schemas as far as they go', { skip: spec === undefined ? 'the specifications (PASARELA_ORACLE_DATA) are not here' : false }, async t => {
  const { request, response, sample } = spec!
  const judged = new Set<string>()
  const simulator = await start(t, {
    validate: each => {
      judged.add(each.route)
      return request(each)
    }
  })
  const key = simulator.credentials('test').secret_key!
  const stripe = sdk(simulator, key)
  // Fields that were added, moved or became an object after the schema of 2023.
  const moved = new Set(['subscription', 'subscription_item', 'invoice', 'line_item', 'invoiceitem', 'invoice_payment', 'product', 'price', 'plan', 'checkout.session', 'item', 'payment_link', 'customer', 'dispute', 'funding_instructions', 'test_helpers.test_clock'])
  const seen = new Map<string, number>()
  const judge = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(judge)
    if (typeof value !== 'object' || value === null) return
    const { object } = value as { object?: unknown }
    if (typeof object === 'string' && object !== 'list') {
      seen.set(object, (seen.get(object) ?? 0) + 1)
      t.equal(sample(value), undefined, object)
      if (!moved.has(object)) t.equal(response(object, JSON.parse(JSON.stringify(value))), undefined, `${object}, by the schema of 2023`)
    }
    Object.values(value).forEach(judge)
  }
  const customer = await stripe.customers.create({ email: 'a@b.mx', tax_id_data: [{ type: 'mx_rfc', value: 'AAA010101AAA' }] })
  const method = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id })
  judge(await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: method.id }, preferred_locales: ['es'], expand: ['tax_ids'] }))
  const price = await stripe.prices.create({ currency: 'mxn', unit_amount: 30_000, recurring: { interval: 'month' }, product_data: { name: 'x' }, expand: ['product'] })
  judge(price)
  judge(await stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id, quantity: 2 }], payment_settings: { save_default_payment_method: 'on_subscription' }, expand: ['latest_invoice.payments'] }))
  judge(await stripe.invoiceItems.create({ customer: customer.id, amount: 5000, currency: 'mxn', description: 'x' }))
  const invoice = await stripe.invoices.create({ customer: customer.id, pending_invoice_items_behavior: 'include', auto_advance: false })
  judge(await stripe.invoices.finalizeInvoice(invoice.id))
  const line = { price_data: { currency: 'mxn', unit_amount: 5000, product_data: { name: 'y' } }, quantity: 1 }
  judge(await stripe.checkout.sessions.create({
    mode: 'payment', success_url: 'https://a.b', cancel_url: 'https://a.b', line_items: [line], expires_at: Math.floor(Date.now() / 1000) + 3600, metadata: { a: 'b' }, payment_intent_data: { capture_method: 'manual', metadata: { a: 'b' } },
    customer_creation: 'always', tax_id_collection: { enabled: true }, locale: 'es', custom_fields: [{ key: 'a', label: { type: 'custom', custom: 'A' }, type: 'text' }], expand: ['line_items']
  }))
  judge(await stripe.checkout.sessions.create({ mode: 'setup', currency: 'mxn', customer: customer.id, success_url: 'https://a.b' }))
  judge(await stripe.checkout.sessions.create({ mode: 'subscription', line_items: [{ price: price.id, quantity: 1 }], success_url: 'https://a.b', subscription_data: { trial_period_days: 3, metadata: { a: 'b' } } }))
  judge(await stripe.paymentLinks.create({ line_items: [line], metadata: { a: 'b' }, restrictions: { completed_sessions: { limit: 1 } }, after_completion: { type: 'redirect', redirect: { url: 'https://a.b' } }, expand: ['line_items'] }))
  judge(await stripe.setupIntents.create({ customer: customer.id, payment_method: 'pm_card_authenticationRequired', confirm: true, return_url: 'https://a.b' }))
  const transfer = await stripe.paymentIntents.create({
    amount: 50_000, currency: 'mxn', customer: customer.id, confirm: true, allowed_payment_method_types: ['customer_balance'], payment_method_data: { type: 'customer_balance' } as never,
    payment_method_options: { customer_balance: { funding_type: 'bank_transfer', bank_transfer: { type: 'mx_bank_transfer' } } }
  })
  judge(transfer)
  judge(await stripe.testHelpers.customers.fundCashBalance(customer.id, { amount: 60_000, currency: 'mxn', reference: 'x' }))
  judge(await stripe.customers.listCashBalanceTransactions(customer.id))
  judge(await stripe.customers.retrieveCashBalance(customer.id))
  judge(await stripe.customers.createFundingInstructions(customer.id, { currency: 'mxn', funding_type: 'bank_transfer', bank_transfer: { type: 'mx_bank_transfer' } }))
  judge(await stripe.paymentIntents.retrieve(transfer.id, { expand: ['latest_charge', 'payment_method'] }))
  const voucher = await stripe.paymentIntents.create({ amount: 50_000, currency: 'mxn', confirm: true, allowed_payment_method_types: ['oxxo'], payment_method_data: { type: 'oxxo', billing_details: { name: 'Ana Luna', email: 'a@b.mx' } }, payment_method_options: { oxxo: { expires_after_days: 1 } } })
  judge(voucher)
  simulator.expireVoucher(voucher.id)
  judge(await stripe.paymentIntents.retrieve(voucher.id))
  const disputed = await stripe.paymentIntents.create({ ...payment, amount: 90_000, payment_method: 'pm_card_createDispute' })
  const [dispute] = (await stripe.disputes.list({ payment_intent: disputed.id })).data
  judge(await stripe.disputes.update(dispute!.id, { evidence: { customer_name: 'Ana', uncategorized_text: 'x' }, submit: true, metadata: { a: 'b' } }))
  simulator.payOut(key)
  judge((await stripe.payouts.list()).data)
  judge(await stripe.balanceTransactions.list({ limit: 100 }))
  judge(await stripe.testHelpers.testClocks.create({ frozen_time: 1_800_000_000, name: 'c' }))
  for (const event of (await stripe.events.list({ limit: 100 })).data) judge(event.data.object)
  t.ok(seen.size >= 24, `${[...seen.keys()].sort().join(' ')}`)
  t.ok(judged.size >= 20, `${judged.size} routes were judged`)
})
