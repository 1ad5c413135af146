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
