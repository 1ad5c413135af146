import fc from 'fast-check'
import t from 'tap'
import { hookedHub, type Shop } from '../../test/support/hooked-hub.ts'
import { bootstrap } from '../access/first-run.ts'
import { listAlerts } from '../alerts/service.ts'
import { connectionHealth } from '../connections/service.ts'
import { inTenant } from '../db/in-tenant.ts'
import { isJump, shareOf, watchProviders } from './share.ts'

const minute = 60_000
let serial = 0
const event = () => ({ id: `evt_${++serial}`, object: 'event', type: 'payment_intent.created', livemode: false, created: 1, data: { object: { id: 'pi_1', object: 'payment_intent', metadata: {} } } })

t.test('what a jump is', t => {
  const nothing = { refused: 0, taken: 0 }
  t.equal(shareOf(nothing), 0)
  t.ok(isJump({ refused: 5, taken: 0 }, nothing))
  t.ok(isJump({ refused: 5, taken: 45 }, { refused: 0, taken: 1000 }))
  t.notOk(isJump({ refused: 4, taken: 0 }, nothing), 'too few to speak of')
  t.notOk(isJump({ refused: 5, taken: 100 }, nothing), 'less than a tenth')
  t.notOk(isJump({ refused: 20, taken: 80 }, { refused: 10, taken: 90 }), 'twice the usual')
  t.ok(isJump({ refused: 30, taken: 70 }, { refused: 10, taken: 90 }))
  const some = fc.record({ refused: fc.nat(1000), taken: fc.nat(1000) })
  fc.assert(fc.property(some, some, fc.nat(100), (now, before, more) => {
    // More refused never makes it less of a jump; more taken never more of one.
    const jumps = isJump(now, before)
    return (!jumps || isJump({ ...now, refused: now.refused + more }, before)) && (jumps || !isJump({ ...now, taken: now.taken + more }, before)) && shareOf(now) >= 0 && shareOf(now) <= 1
  }), { numRuns: 200 })
  t.end()
})

t.test('a share that jumps raises an alert', async t => {
  const made = await hookedHub(t, { env: { INBOUND_REFUSED_PER_CONNECTION: '3' } })
  const { hub } = made
  const send = async (shop: Shop, good: number, bad: number) => {
    for (let n = 0; n < good; n++) if ((await shop.send(event())).status !== 200) throw new Error('a good one was refused')
    for (let n = 0; n < bad; n++) if ((await shop.send(event(), { secret: 'whsec_wrong' })).status !== 401) throw new Error('a bad one was taken')
  }
  const alerts = async (shop: Shop) => (await listAlerts(hub, shop.access, { kind: 'webhooks_refused' })).data
  const pass = async (minutes: number) => {
    made.advance(minutes * minute)
    await made.work()
  }

  t.test('a few among many do not', async t => {
    const shop = await made.shop()
    await send(shop, 60, 4)
    await pass(2)
    t.same(await alerts(shop), [])
  })

  t.test('a secret that is wrong from one day to the next does, within minutes, and says why', async t => {
    const shop = await made.shop()
    await send(shop, 20, 0)
    made.advance(3 * 60 * minute)
    await send(shop, 2, 6)
    await pass(2)
    t.match(await alerts(shop), [{ severity: 'critical', times: 1, subject: shop.connection, detail: { refused: 6, taken: 2, share: 0.75, share_before: 0, reason: /secret|signature/i } }])
    t.match((await connectionHealth(hub, shop.access, shop.connection)).webhook, { refused: 6 })
    t.equal((await made.database.owner.selectFrom('events').select('type').where('tenant_id', '=', shop.tenantId).where('type', '=', 'connection.webhooks_refused').execute()).length, 1)
    await pass(5)
    t.match(await alerts(shop), [{ times: 1 }], 'said once in half an hour')
    await send(shop, 0, 6)
    await pass(30)
    t.equal((await alerts(shop))[0]!.times, 2, 'and again while it lasts')
    await pass(60)
    await pass(60)
    t.same(await made.database.owner.selectFrom('timers').select('id').where('kind', '=', 'refused_share').where('tenant_id', '=', shop.tenantId).execute(), [], 'nothing looks on where nothing is refused')
  })

  t.test('a noise that was there the day before is no news', async t => {
    const shop = await made.shop()
    await send(shop, 20, 8)
    // The alert of the first time is not the question here.
    await made.database.owner.deleteFrom('alerts').where('tenant_id', '=', shop.tenantId).execute()
    await pass(2)
    await made.database.owner.deleteFrom('alerts').where('tenant_id', '=', shop.tenantId).execute()
    made.advance(5 * 60 * minute)
    await send(shop, 20, 8)
    await pass(2)
    t.same(await alerts(shop), [])
  })

  t.test('each connection has its own share', async t => {
    const [one, other] = [await made.shop(), await made.shop()]
    await send(one, 0, 6)
    await send(other, 6, 0)
    await pass(2)
    t.same([(await alerts(one)).length, (await alerts(other)).length], [1, 0])
  })

  t.test('a provider that many tenants no longer understand is told to the people who run the hub', async t => {
    const { platformTenantId } = await bootstrap(hub)
    made.advance(26 * 60 * minute)
    const told = async () => await inTenant(hub.db, platformTenantId, async db => await db.selectFrom('alerts').select(['kind', 'subject_id', 'detail', 'times']).where('tenant_id', '=', db.tenantId).execute())
    const shops = [await made.shop(), await made.shop(), await made.shop()]
    await send(shops[0]!, 3, 6)
    await watchProviders(hub)
    t.same(await told(), [], 'one connection is its own tenant’s matter')
    await send(shops[1]!, 0, 3)
    await send(shops[2]!, 0, 3)
    await made.work()
    await watchProviders(hub)
    t.match(await told(), [{ kind: 'provider_webhooks_refused', subject_id: 'stripe:test', detail: { provider: 'stripe', connections: 3, refused: 12, share_before: 0 } }])
    const detail = (await told())[0]!.detail as Record<string, number>
    t.ok(detail.taken! >= 3, 'what was taken counts')
    t.notOk(JSON.stringify(detail).includes('ten_') || JSON.stringify(detail).includes('con_'), 'numbers, and nobody’s name')
    await pass(24)
    made.advance(40 * minute)
    await watchProviders(hub)
    t.equal((await told())[0]!.times, 1, 'over when it is over')
  })
})
