/** Workers that really run, side by side: nothing is lost when one dies, an object's events keep their order, and who is slow delays nobody. */
import t, { type Test } from 'tap'
import { sql } from 'kysely'
import { deliveriesHouse, type DeliveriesHouse } from '../../test/support/deliveries-house.ts'
import { eventually } from '../../test/support/eventually.ts'
import { receiver } from '../../test/support/receiver.ts'
import type { TestTenant } from '../../test/support/access-app.ts'
import { inTenant } from '../db/in-tenant.ts'
import { recordEvents } from '../events/record.ts'
import { newUuid } from '../ids.ts'
import { createDeliverer } from './deliver.ts'
import { startDeliveries } from './run.ts'

const workers = (t: Test, house: DeliveriesHouse, count: number) => Array.from({ length: count }, () => {
  const running = startDeliveries({ hub: house.hub, url: house.database.appUrl })
  t.teardown(running.stop)
  return running
})

/** `count` events of `objects` objects in turn, each with its number. */
async function happen (house: DeliveriesHouse, tenant: TestTenant, count: number, objects: number, from = 0): Promise<void> {
  const subjects = Array.from({ length: objects }, (_, index) => `00000000-0000-7000-8000-${String(index).padStart(12, '0')}`)
  for (let start = from; start < from + count; start += 500) {
    const events = Array.from({ length: Math.min(500, from + count - start) }, (_, index) => ({ type: 'payment.succeeded', mode: 'test', subjectId: subjects[(start + index) % objects]!, data: { number: start + index } }))
    await inTenant(house.hub.db, tenant.uuid, async db => { await recordEvents(db, house.hub.now(), events as never) })
  }
}

t.test('two thousand events, four workers, one of which dies in the middle: none lost, each object’s in order', async t => {
  const house = await deliveriesHouse(t, { WEBHOOK_TIMEOUT_MS: '30000', WEBHOOK_CONCURRENCY: '64' })
  const server = await receiver(t)
  const tenant = await house.tenant()
  const { key } = await house.key(tenant)
  for (const ordering of ['per_object', 'none']) {
    const { status } = await house.ask('POST', '/v1/webhook_endpoints', { key, body: { url: `${server.url}/${ordering}`, event_types: ['*'], ordering } })
    t.equal(status, 201)
  }
  const total = 1000
  await happen(house, tenant, total, 200)
  // It takes what it can, and dies with all of it: some were sent, and nobody wrote down which.
  const dying = createDeliverer(house.hub)
  const held = await dying.claim()
  await eventually('some have arrived', () => server.received.length > 3)
  dying.abandon()
  t.ok(held >= 8, `${held} died with it`)
  const pending = async (): Promise<number> => Number((await sql<{ n: string }>`select count(*) as n from deliveries where next_attempt_at is not null`.execute(house.database.owner)).rows[0]!.n)
  // What it held, and what follows on the objects that it held.
  const { rows: [{ left }] } = await sql<{ left: string }>`
    select count(*) as left from deliveries d join webhook_endpoints w on w.id = d.endpoint_id where d.leased_until is not null
      or w.ordered and exists (select 1 from deliveries e where e.endpoint_id = d.endpoint_id and e.subject_id = d.subject_id and e.leased_until is not null)`.execute(house.database.owner) as { rows: [{ left: string }] }
  workers(t, house, 4)
  await eventually('all others are delivered while the lease of the dead lasts', async () => await pending() <= Number(left), { withinMs: 60_000, everyMs: 50 })
  house.advance(60_000)
  await eventually('what died with it is delivered by others', async () => await pending() === 0, { withinMs: 60_000, everyMs: 50 })
  for (const path of ['/per_object', '/none']) {
    const numbers = server.at(path).map(({ event }) => event.data.number as number)
    t.equal(new Set(numbers).size, total, `${path}: none lost`)
    t.ok(numbers.length - total <= held, `${path}: ${numbers.length - total} came twice, of the ${held} that died`)
  }
  const last = new Map<number, number>()
  const firsts = new Map(server.at('/per_object').map(({ event }, place) => [event.data.number as number, place] as const).reverse())
  const wrong = [...firsts].sort(([, a], [, b]) => a - b).filter(([number]) => {
    const before = last.get(number % 200) ?? -1
    last.set(number % 200, number)
    return number < before
  })
  t.same(wrong, [], 'each object’s events came in their order')
  const { rows: [kept] } = await sql<{ succeeded: string, distinct: string }>`select count(*) filter (where status = 'succeeded') as succeeded, count(distinct (endpoint_id, event_id)) as distinct from deliveries`.execute(house.database.owner)
  t.match(kept, { succeeded: String(2 * total), distinct: String(2 * total) })
})

t.test('endpoints that hang or are away delay no other, and what a worker held when it was stopped goes on at the next', async t => {
  const house = await deliveriesHouse(t, { WEBHOOK_TIMEOUT_MS: '20000', WEBHOOK_CONCURRENCY: '64' })
  const server = await receiver(t)
  const tenant = await house.tenant()
  const { key } = await house.key(tenant)
  let hung = 0
  server.answer('/hangs', () => { hung++ })
  const urls = [`${server.url}/hangs`, 'http://127.0.0.1:9/refused', 'http://nothing.invalid/', `${server.url}/good`]
  for (const url of urls) t.equal((await house.ask('POST', '/v1/webhook_endpoints', { key, body: { url, event_types: ['*'] } })).status, 201)
  const [worker] = workers(t, house, 1)
  await happen(house, tenant, 150, 150)
  await eventually('the good one has everything', () => server.at('/good').length === 150)
  t.ok(hung > 0 && hung <= 8, `while ${hung} requests hang`)
  const attempts = async (): Promise<object[]> => (await sql<object>`select sum(attempts)::int as attempts, count(*) filter (where status = 'pending')::int as pending from deliveries where endpoint_id in (select id from webhook_endpoints where url like '%/hangs')`.execute(house.database.owner)).rows
  t.same(await attempts(), [{ attempts: 0, pending: 150 }], 'none of which has ended')
  await worker!.stop()
  t.same(await attempts(), [{ attempts: 0, pending: 150 }], 'a stop counts as no attempt')
  const { rows } = await sql`select 1 from deliveries where leased_until is not null`.execute(house.database.owner)
  t.same(rows, [], 'and holds nothing back')
  server.answer('/hangs', 204)
  workers(t, house, 1)
  await eventually('it gets its own', async () => ((await attempts())[0] as { pending: number }).pending === 0)
})

t.test('a worker that sleeps is woken by the event itself', async t => {
  const house = await deliveriesHouse(t)
  const server = await receiver(t)
  const tenant = await house.tenant()
  const { key } = await house.key(tenant)
  await house.ask('POST', '/v1/webhook_endpoints', { key, body: { url: `${server.url}/`, event_types: ['*'] } })
  workers(t, house, 2)
  const bells: string[] = []
  const { default: pg } = await import('pg')
  const listener = new pg.Client({ connectionString: house.database.appUrl })
  await listener.connect()
  t.teardown(async () => { await listener.end() })
  listener.on('notification', ({ channel }) => { bells.push(channel) })
  await listener.query('listen deliveries_due')
  await house.happens(tenant, 'payment.succeeded')
  await eventually('the bell rings, for all are asleep', () => bells.length === 1)
  await eventually('it is delivered', () => server.received.length === 1)
  // Awake now, they look by themselves, and commits need not queue for the bell.
  const { rows: [lock] } = await sql<{ held: boolean }>`select exists (select 1 from pg_locks where locktype = 'advisory' and mode = 'ShareLock' and granted) as held`.execute(house.database.owner)
  if (lock!.held) {
    await house.happens(tenant, 'payment.failed', { subject: newUuid(house.hub.now()) })
    t.equal(bells.length, 1)
  }
  await eventually('so it is delivered as well', () => server.received.length === (lock!.held ? 2 : 1))
})
