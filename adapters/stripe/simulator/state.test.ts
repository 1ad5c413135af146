import t from 'tap'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { startStripeSimulator } from '../simulator.ts'
import { payment, receiver, sdk } from './testing.ts'

t.test('the books outlive a restart', async t => {
  const folder = t.testdir()
  const stateFile = join(folder, 'deep', 'stripe.json')
  const partner = await receiver(t)
  const key = 'sk_test_persistent0001'
  const first = await startStripeSimulator({ stateFile, seed: 5, asyncMs: 3_600_000 })
  const before = sdk(first, key)
  const { secret, id: endpoint } = await before.webhookEndpoints.create({ url: partner.url, enabled_events: ['payment_intent.succeeded', 'refund.updated'] })
  first.deliver({ how: 'hold' })
  const paid = await before.paymentIntents.create({ ...payment, metadata: { payment: 'p' } }, { idempotencyKey: 'k' })
  const asked = await before.paymentIntents.create({ ...payment, payment_method: 'pm_card_authenticationRequired' })
  const slow = await before.paymentIntents.create({ ...payment, payment_method: 'pm_card_pendingRefund' })
  const refund = await before.refunds.create({ payment_intent: slow.id })
  await first.close()
  t.ok(existsSync(stateFile))
  t.strictSame(readdirSync(join(folder, 'deep')), ['stripe.json'], 'no draft is left')

  const second = await startStripeSimulator({ stateFile, seed: 5, asyncMs: 3_600_000 })
  t.teardown(() => second.close())
  const after = sdk(second, key)
  t.match(await after.paymentIntents.retrieve(paid.id), { status: 'succeeded' })
  t.equal((await after.paymentIntents.create({ ...payment, metadata: { payment: 'p' } }, { idempotencyKey: 'k' })).id, paid.id)
  t.equal(second.effects('p').charges, 1)
  t.equal((await after.accounts.retrieveCurrent()).id, (await after.accounts.retrieveCurrent()).id)
  await second.settled()
  t.equal(partner.received.length, 2, 'what was not delivered comes now')
  t.ok(after.webhooks.constructEvent(partner.received[0]!.body, partner.received[0]!.headers['stripe-signature'] as string, secret!))
  t.equal((await after.webhookEndpoints.list()).data[0]!.id, endpoint)
  t.equal(second.authenticate(asked.id, true), 'succeeded')
  t.equal((await after.refunds.retrieve(refund.id)).status, 'pending')
  second.advance()
  t.equal((await after.refunds.retrieve(refund.id)).status, 'succeeded')
  const ids = (await after.paymentIntents.list()).data.map(each => each.id)
  const fresh = await after.paymentIntents.create(payment)
  t.notOk(ids.includes(fresh.id), 'chance goes on where it stopped')
})

t.test('pages, plans and what is due outlive it too', async t => {
  const stateFile = join(t.testdir(), 'stripe.json')
  const key = 'sk_test_persistent0002'
  let now = Date.parse('2026-11-01T12:00:00Z')
  const options = { stateFile, seed: 5, port: 0, now: () => new Date(now) }
  const first = await startStripeSimulator(options)
  const before = sdk(first, key)
  const account = first.connect(key)
  const product = { name: 'x' }
  const page = { mode: 'payment' as const, success_url: 'https://shop.test/ok', line_items: [{ price_data: { currency: 'mxn', unit_amount: 5000, product_data: product }, quantity: 1 }] }
  const open = await before.checkout.sessions.create(page)
  const left = await before.checkout.sessions.create(page)
  const voucher = await before.paymentIntents.create({ amount: 5000, currency: 'mxn', confirm: true, allowed_payment_method_types: ['oxxo'], payment_method_data: { type: 'oxxo', billing_details: { name: 'Ana Luna', email: 'fill_never@a.mx' } } })
  const customer = await before.customers.create({ payment_method: 'pm_card_visa', email: 'a@b.mx' })
  const [card] = (await before.customers.listPaymentMethods(customer.id)).data
  const price = await before.prices.create({ currency: 'mxn', unit_amount: 9900, recurring: { interval: 'day' }, product_data: product })
  const subscription = await before.subscriptions.create({ customer: customer.id, items: [{ price: price.id }], default_payment_method: card!.id, metadata: { subscription: 's' } })
  const removed = await before.customers.create({})
  await before.customers.del(removed.id)
  await first.close()

  const second = await startStripeSimulator(options)
  t.teardown(() => second.close())
  const after = sdk(second, key)
  t.match(second.completeCheckout(open.id), { status: 'complete', next: 'https://shop.test/ok' })
  t.match(await after.balance.retrieve({}, { stripeAccount: account }), { object: 'balance' })
  t.match(await after.customers.retrieve(removed.id), { deleted: true })
  now += 86_400_000
  second.advance()
  t.equal((await after.checkout.sessions.retrieve(left.id)).status, 'expired')
  now += 3_600_000
  second.advance()
  t.match(await after.subscriptions.retrieve(subscription.id, { expand: ['latest_invoice'] }), { latest_invoice: { billing_reason: 'subscription_cycle', status: 'paid' } })
  t.equal(second.effects('s').charges, 2)
  now = Date.parse('2026-11-05T12:00:00Z')
  second.advance()
  t.equal((await after.paymentIntents.retrieve(voucher.id)).status, 'requires_payment_method')
})

t.test('a seed gives the same ids again', async t => {
  const make = async () => {
    const simulator = await startStripeSimulator({ seed: 42 })
    t.teardown(() => simulator.close())
    return (await sdk(simulator, 'sk_test_deterministic1').paymentIntents.create(payment)).id
  }
  t.equal(await make(), await make())
})
