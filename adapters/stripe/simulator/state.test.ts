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

t.test('a seed gives the same ids again', async t => {
  const make = async () => {
    const simulator = await startStripeSimulator({ seed: 42 })
    t.teardown(() => simulator.close())
    return (await sdk(simulator, 'sk_test_deterministic1').paymentIntents.create(payment)).id
  }
  t.equal(await make(), await make())
})
