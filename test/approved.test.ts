/** Where the payer only agrees and the hub takes the money (PayPal): it is taken once, whoever sees the agreement, and only where it is wanted. */
import t from 'tap'
import { startPaypalSimulator } from '../adapters/paypal/simulator.ts'
import { createConnection, registerWebhook } from '../core/connections/service.ts'
import { uuidOf } from '../core/ids.ts'
import { createPayment, getPayment } from '../core/payments/service.ts'
import { startAudit } from '../core/reconciliation/audits.ts'
import { hookedHub } from './support/hooked-hub.ts'

t.setTimeout(120_000)

let clock = () => new Date()
const paypal = await startPaypalSimulator({ seed: 7, localHooks: true, now: () => clock() })
t.teardown(() => paypal.close())
const made = await hookedHub(t, { env: { PASARELA_PROVIDER_URL_PAYPAL: paypal.url, PASARELA_PROVIDER_RATE_PAYPAL: '10000', RESOLVER_SCHEDULE: '1s,5s,30s,1m', INBOUND_SCHEDULE: '1s,5s,30s' } })
const { hub, work, advance, database } = made
clock = hub.now

async function shop ({ hooks = true } = {}) {
  const { access, tenantId } = await made.tenant()
  const { id: connection } = await createConnection(hub, access, { provider: 'paypal', mode: 'test', credentials: paypal.credentials('test') }, null)
  if (hooks) await registerWebhook(hub, access, connection)
  const open = async (more: object = {}) => await createPayment(hub, access, { amount: 19_900, currency: 'MXN', connection, method: { type: 'paypal' }, return_url: 'https://shop.example/back', ...more } as never, null)
  const taken = async (id: string) => await database.owner.selectFrom('operations').select(['idempotency_key', 'outcome']).where('tenant_id', '=', tenantId).where('subject_id', '=', uuidOf('payment', id)).where('kind', '=', 'complete_payment').orderBy('id').execute()
  return { access, connection, open, taken, read: async (id: string) => await getPayment(hub, access, id) }
}

t.test('webhooks doubled, workers side by side: one charge for each, under one key', async t => {
  const { open, taken, read } = await shop()
  const opened = await Promise.all(Array.from({ length: 8 }, async () => await open()))
  paypal.deliver({ how: 'duplicate' })
  made.busy(true)
  for (const { provider_reference: order } of opened) paypal.approve(order!)
  await paypal.settled()
  await made.idle()
  made.busy(false)
  paypal.deliver({ how: 'now' })
  for (let round = 0; round < 4; round++) {
    advance(6000)
    await work()
  }
  for (const { id } of opened) {
    t.match(await read(id), { status: 'succeeded', amount_captured: 19_900, review: null })
    t.equal(paypal.effects(id).charges, 1)
    const asked = await taken(id)
    t.ok(asked.length >= 1)
    t.equal(new Set(asked.map(({ idempotency_key: key }) => key)).size, 1, 'one agreement, one key')
  }
})

t.test('what is to be held is held', async t => {
  const { open, read } = await shop()
  const { id, provider_reference: order } = await open({ capture: 'manual' })
  paypal.approve(order!)
  await paypal.settled()
  await work()
  t.match(await read(id), { status: 'authorized', amount_capturable: 19_900, amount_captured: 0 })
})

t.test('nobody heard of it: the next look takes it, and the audit takes nothing by itself', async t => {
  const { access, connection, open, taken, read } = await shop({ hooks: false })
  const { id, provider_reference: order } = await open()
  paypal.approve(order!)
  t.match(await startAudit(hub, access, connection, {}, null), { status: 'completed' })
  t.equal(paypal.effects(id).charges, 0, 'to list is to look')
  advance(11 * 60_000)
  await work()
  t.match(await read(id), { status: 'succeeded' })
  t.equal((await taken(id)).length, 1)
})

t.test('an order that is not what was asked for is not taken', async t => {
  const { open, taken, read } = await shop()
  const { id, provider_reference: order } = await open()
  paypal.orders().find(({ id }) => id === order)!.purchase_units[0].amount.value = '19900.00'
  paypal.approve(order!)
  await paypal.settled()
  await work()
  t.match(await read(id), { status: 'processing', amount_captured: 0 })
  t.equal(paypal.effects(id).charges, 0)
  t.same(await taken(id), [])
})

t.test('while nobody knows whether it was taken it is neither paid nor failed, and it is asked again', async t => {
  const { open, taken, read } = await shop()
  const { id, provider_reference: order } = await open()
  paypal.inject({ kind: 'cut_before', method: 'POST', path: '/capture', times: 2 })
  paypal.approve(order!)
  await paypal.settled()
  await work()
  t.match(await read(id), { status: 'processing', amount_captured: 0 })
  for (let round = 0; round < 4; round++) {
    advance(31_000)
    await work()
  }
  t.match(await read(id), { status: 'succeeded', amount_captured: 19_900 })
  t.equal(paypal.effects(id).charges, 1)
  t.match((await taken(id)).map(({ outcome }) => outcome), ['unknown', 'unknown', 'succeeded'])
})
