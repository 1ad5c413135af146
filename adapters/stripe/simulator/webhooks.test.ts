import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import Stripe from 'stripe'
import { failure, payment, receiver, sdk, start } from './testing.ts'

t.test('webhook endpoints are made, shown, changed and deleted', async t => {
  const simulator = await start(t)
  const key = simulator.credentials('test').secret_key!
  const stripe = sdk(simulator, key)
  const made = await stripe.webhookEndpoints.create({ url: 'http://127.0.0.1:9/a', enabled_events: ['charge.succeeded'], api_version: '2026-07-29.dahlia', description: 'd', metadata: { a: 'b' } })
  t.match(made, { object: 'webhook_endpoint', secret: /^whsec_.{32}$/, status: 'enabled', api_version: '2026-07-29.dahlia', livemode: false })
  t.equal((await stripe.webhookEndpoints.retrieve(made.id)).secret, undefined, 'the secret is shown once')
  t.match(await stripe.webhookEndpoints.update(made.id, { disabled: true, url: 'https://shop.test/b', enabled_events: ['*'] }), { status: 'disabled', url: 'https://shop.test/b', enabled_events: ['*'] })
  t.match(await failure(stripe.webhookEndpoints.create({ url: 'https://a.test', enabled_events: ['payment.done' as never] })), { param: 'enabled_events[0]' })
  t.match(await failure(stripe.webhookEndpoints.create({ url: 'a.test', enabled_events: ['*'] })), { param: 'url' })
  t.match(await failure(sdk(simulator, key.replace('test', 'live')).webhookEndpoints.create({ url: 'http://a.test', enabled_events: ['*'] })), { param: 'url' }, 'live mode wants https')
  for (let i = 1; i < 16; i++) await stripe.webhookEndpoints.create({ url: 'https://a.test', enabled_events: ['*'] })
  t.match(await failure(stripe.webhookEndpoints.create({ url: 'https://a.test', enabled_events: ['*'] })), { message: /maximum of 16/ })
  t.equal((await stripe.webhookEndpoints.list({ limit: 100 })).data.length, 16)
  t.match(await stripe.webhookEndpoints.del(made.id), { deleted: true })
  t.match(await failure(stripe.webhookEndpoints.retrieve(made.id)), { statusCode: 404 })
})

t.test('events arrive signed, in the endpoint\'s version, and say what happened in its order', async t => {
  const simulator = await start(t)
  const stripe = sdk(simulator)
  const partner = await receiver(t)
  const endpoint = await stripe.webhookEndpoints.create({ url: partner.url, enabled_events: ['*'], api_version: '2026-07-29.dahlia' })
  const paid = await stripe.paymentIntents.create(payment, { idempotencyKey: 'our-key' })
  await stripe.refunds.create({ payment_intent: paid.id })
  await simulator.settled()
  const list = (await stripe.events.list()).data
  t.strictSame(list.map(event => event.type).reverse(), [
    'payment_intent.created', 'charge.succeeded', 'payment_intent.succeeded', 'charge.updated', 'refund.created', 'charge.refunded', 'refund.updated', 'charge.refund.updated'
  ])
  t.strictSame(new Set(partner.received.map(({ event }) => event.id)), new Set(list.map(event => event.id)))
  for (const { body, headers } of partner.received) {
    const event = stripe.webhooks.constructEvent(body, headers['stripe-signature'] as string, endpoint.secret!)
    t.equal(event.api_version, '2026-07-29.dahlia')
    t.match(headers, { 'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)', 'content-type': 'application/json; charset=utf-8' })
    t.match(body, /^\{\n {2}"id": "evt_/, 'pretty-printed')
  }
  t.throws(() => stripe.webhooks.constructEvent(partner.received[0]!.body + ' ', partner.received[0]!.headers['stripe-signature'] as string, endpoint.secret!))
  const succeeded = partner.received.find(({ event }) => event.type === 'payment_intent.succeeded')!.event
  t.match(succeeded, { request: { idempotency_key: 'our-key', id: /^req_/ }, data: { object: { id: paid.id, status: 'succeeded' } } })
  t.notOk('allowed_payment_method_types' in succeeded.data.object, 'as the older version shows it')
  t.match(partner.received.find(({ event }) => event.type === 'charge.refunded')!.event.data, { object: { amount_refunded: 10990 }, previous_attributes: { amount_refunded: 0, refunded: false } })
  t.match(partner.received.find(({ event }) => event.type === 'payment_intent.created')!.event.data.object, { status: 'requires_confirmation' }, 'an event keeps the object as it was')
  t.equal((await stripe.events.list({ delivery_success: false })).data.length, 0)
  t.match(await stripe.events.retrieve(succeeded.id), { pending_webhooks: 0, type: 'payment_intent.succeeded' })
  t.equal((await stripe.events.list({ type: 'charge.*' })).data.length, 4)
})

t.test('the events of every other flow', async t => {
  const simulator = await start(t)
  const stripe = sdk(simulator)
  const after = async (act: () => Promise<unknown>) => {
    const [last] = (await stripe.events.list({ limit: 1 })).data
    await act().catch(() => undefined)
    return (await stripe.events.list({ limit: 50, ...(last === undefined ? {} : { ending_before: last.id }) })).data.map(event => event.type).reverse()
  }
  t.strictSame(await after(() => stripe.paymentIntents.create({ ...payment, payment_method: 'pm_card_chargeDeclined' })), ['payment_intent.created', 'charge.failed', 'payment_intent.payment_failed'])
  let held: Stripe.PaymentIntent
  t.strictSame(await after(async () => { held = await stripe.paymentIntents.create({ ...payment, capture_method: 'manual' }) }), ['payment_intent.created', 'charge.succeeded', 'payment_intent.amount_capturable_updated'])
  t.strictSame(await after(() => stripe.paymentIntents.capture(held.id)), ['charge.captured', 'payment_intent.succeeded'])
  t.strictSame(await after(() => stripe.paymentIntents.capture(held.id)), [], 'what is refused makes no event')
  let asked: Stripe.PaymentIntent
  t.strictSame(await after(async () => { asked = await stripe.paymentIntents.create({ ...payment, payment_method: 'pm_card_threeDSecure2Required', capture_method: 'automatic' }) }), ['payment_intent.created', 'payment_intent.requires_action'])
  t.strictSame(await after(async () => simulator.authenticate(asked.id, true)), ['charge.succeeded', 'payment_intent.succeeded'])
  t.strictSame(await after(async () => stripe.paymentIntents.cancel((await stripe.paymentIntents.create({ amount: 5000, currency: 'mxn' })).id)), ['payment_intent.created', 'payment_intent.canceled'])
  t.strictSame(await after(() => stripe.customers.create({})), ['customer.created'])
  const pending = await stripe.paymentIntents.create({ ...payment, payment_method: 'pm_card_pendingRefund' })
  t.strictSame(await after(() => stripe.refunds.create({ payment_intent: pending.id })), ['refund.created', 'charge.refunded'])
  t.strictSame(await after(async () => simulator.advance()), ['refund.updated', 'charge.refund.updated'])
})

t.test('an endpoint gets only what it asked for, and nothing while disabled', async t => {
  const simulator = await start(t)
  const stripe = sdk(simulator)
  const partner = await receiver(t)
  const endpoint = await stripe.webhookEndpoints.create({ url: partner.url, enabled_events: ['payment_intent.succeeded'] })
  await stripe.paymentIntents.create(payment)
  await sdk(simulator).paymentIntents.create(payment)
  await simulator.settled()
  t.strictSame(partner.received.map(({ event }) => event.type), ['payment_intent.succeeded'], 'nothing from another account either')
  await stripe.webhookEndpoints.update(endpoint.id, { disabled: true })
  await stripe.paymentIntents.create(payment)
  await simulator.settled()
  t.equal(partner.received.length, 1)
})

t.test('an answer that is not 2xx brings the event again, signed anew', async t => {
  let now = 1_700_000_000_000
  const simulator = await start(t, { webhookRetryBaseMs: 1, now: () => new Date(now) })
  const stripe = sdk(simulator)
  const partner = await receiver(t, count => count < 3 ? [500, 302][count - 1]! : 200)
  const endpoint = await stripe.webhookEndpoints.create({ url: partner.url, enabled_events: ['payment_intent.succeeded'] })
  await stripe.paymentIntents.create(payment)
  await partner.until(received => received.length >= 1)
  now += 1000
  await partner.until(received => received.length === 3)
  await simulator.settled()
  t.equal(new Set(partner.received.map(({ event }) => event.id)).size, 1)
  t.ok(stripe.webhooks.constructEvent(partner.received[2]!.body, partner.received[2]!.headers['stripe-signature'] as string, endpoint.secret!, 3e9))
  t.match((await stripe.events.list({ type: 'payment_intent.succeeded' })).data, [{ pending_webhooks: 0 }])
})

t.test('a sandbox gives up after three repetitions', async t => {
  const simulator = await start(t, { webhookRetryBaseMs: 1 })
  const stripe = sdk(simulator)
  const partner = await receiver(t, () => 500)
  await stripe.webhookEndpoints.create({ url: partner.url, enabled_events: ['payment_intent.succeeded'] })
  await stripe.paymentIntents.create(payment)
  await simulator.settled()
  t.equal(partner.received.length, 4)
  t.match((await stripe.events.list({ delivery_success: false })).data, [{ type: 'payment_intent.succeeded', pending_webhooks: 1 }])
})

t.test('the order of deliveries is ours to choose', async t => {
  const simulator = await start(t)
  const stripe = sdk(simulator)
  const partner = await receiver(t)
  await stripe.webhookEndpoints.create({ url: partner.url, enabled_events: ['payment_intent.created', 'charge.succeeded', 'payment_intent.succeeded', 'charge.updated'] })
  const types = () => partner.received.splice(0).map(({ event }) => event.type)

  simulator.deliver({ how: 'hold' })
  await stripe.paymentIntents.create(payment)
  await simulator.settled()
  t.strictSame(types(), [], 'held')
  simulator.deliver({ how: 'release' })
  await simulator.settled()
  t.equal(types().length, 4)

  simulator.deliver({ how: 'duplicate' })
  await stripe.paymentIntents.create(payment)
  await simulator.settled()
  t.equal(partner.received.length, 8)
  t.equal(new Set(partner.received.map(({ event }) => event.id)).size, 4)
  types()

  const orders = []
  for (const seed of [3, 3, 4]) {
    simulator.deliver({ how: 'shuffle', seed })
    await stripe.paymentIntents.create(payment)
    simulator.deliver({ how: 'release' })
    await simulator.settled()
    orders.push(types())
  }
  t.strictSame(orders[0], orders[1], 'a seed gives the same order again')
  t.not(orders[0]!.join(), orders[2]!.join())
  t.strictSame(orders[0]!.toSorted(), orders[2]!.toSorted())

  simulator.deliver({ how: 'hold' })
  await stripe.paymentIntents.create(payment)
  simulator.deliver({ how: 'shuffle', seed: 3 })
  await simulator.settled()
  t.strictSame(types(), orders[0], 'what is held already is shuffled and sent')
})

t.test('deliveries never hold up an answer', async t => {
  const simulator = await start(t)
  const stripe = sdk(simulator)
  let answer = (): void => undefined
  const slow = createServer((_, response) => { answer = () => { response.end() } }).listen(0, '127.0.0.1')
  await once(slow, 'listening')
  t.teardown(() => {
    slow.closeAllConnections()
    slow.close()
  })
  await stripe.webhookEndpoints.create({ url: `http://127.0.0.1:${(slow.address() as AddressInfo).port}/`, enabled_events: ['payment_intent.succeeded'] })
  t.equal((await stripe.paymentIntents.create(payment)).status, 'succeeded', 'while the receiver still thinks')
  t.equal((await stripe.paymentIntents.create(payment)).status, 'succeeded')
  answer()
})

t.test('two secrets sign while one is rolled', async t => {
  let now = 1_700_000_000_000
  const simulator = await start(t, { now: () => new Date(now) })
  const stripe = sdk(simulator)
  const partner = await receiver(t)
  const { id, secret } = await stripe.webhookEndpoints.create({ url: partner.url, enabled_events: ['payment_intent.succeeded'] })
  const fresh = simulator.rollWebhookSecret(id, 3600)
  const verify = (with_: string) => {
    const { body, headers } = partner.received.at(-1)!
    return Stripe.webhooks.constructEvent(body, headers['stripe-signature'] as string, with_, 1e9)
  }
  await stripe.paymentIntents.create(payment)
  await simulator.settled()
  t.ok(verify(secret!))
  t.ok(verify(fresh))
  now += 3601_000
  await stripe.paymentIntents.create(payment)
  await simulator.settled()
  t.ok(verify(fresh))
  t.throws(() => verify(secret!), 'the old secret has run out')
})

t.test('a delivery can be made by hand', async t => {
  const simulator = await start(t)
  const stripe = sdk(simulator)
  t.throws(() => simulator.signedWebhook({ secret: 'whsec_x', now: new Date() }), /nothing has happened/)
  const paid = await stripe.paymentIntents.create(payment)
  const { headers, body } = simulator.signedWebhook({ secret: 'whsec_x', now: new Date(), type: 'payment_intent.succeeded' })
  t.match(stripe.webhooks.constructEvent(Buffer.from(body), headers['stripe-signature']!, 'whsec_x'), { type: 'payment_intent.succeeded', data: { object: { id: paid.id } } })
  const stale = simulator.signedWebhook({ secret: 'whsec_x', now: new Date(Date.now() - 400_000) })
  t.throws(() => stripe.webhooks.constructEvent(Buffer.from(stale.body), stale.headers['stripe-signature']!, 'whsec_x'), /Timestamp outside/)
})
