import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import t from 'tap'
import { testDatabase, type TestDatabase } from '../../test/support/database.ts'
import { manualAfter } from './fixtures/manual-after.ts'
import { kept, silent } from './fixtures/silent.ts'
import { inbox, until } from './fixtures/waiting.ts'
import type { JobKind, JobRef } from './kinds.ts'
import { startSweeper } from './sweeper.ts'

const day = new Date('2026-11-10T12:00:00Z')
const later = new Date('2026-11-10T12:01:00Z')

t.test('a sweep enqueues what is due, of all tenants, the oldest first and no more than a batch', async t => {
  const { db, owner } = await testDatabase(t)
  const insert = async (nextRunAt: Date | null): Promise<string> => {
    const tenantId = randomUUID()
    await sql`
      insert into inbound_events (tenant_id, id, connection_id, mode, provider, verdict, event_type, dedupe_key, body_sealed, headers, url, received_at, next_run_at)
      values (${tenantId}, uuidv7(), ${randomUUID()}, 'test', 'simulator', 'verified', 'x', 'x', '', '{}', '/', ${day}, ${nextRunAt})`.execute(owner)
    return tenantId
  }
  await insert(later)
  await insert(null)
  const [second, first] = [await insert(day), await insert(new Date(day.getTime() - 1))]
  const enqueued: { kind: JobKind, tenants: string[] }[] = []
  const queues = { enqueue: async (kind: JobKind, jobs: readonly JobRef[]) => { enqueued.push({ kind, tenants: jobs.map(job => job.tenantId) }) } }
  const { after } = manualAfter()

  const sweeper = startSweeper({ db, queues, intervalMs: 1_000, batch: 10, now: () => day, log: silent, after })
  t.equal(await sweeper.sweepNow(), 2)
  t.same(enqueued, [{ kind: 'inbound', tenants: [first, second] }])

  const small = startSweeper({ db, queues, intervalMs: 1_000, batch: 1, now: () => later, log: silent, after })
  t.equal(await small.sweepNow(), 1)
  t.same(enqueued[1], { kind: 'inbound', tenants: [first] })
})

t.test('sweeps do not overlap, and go on until they are stopped', async t => {
  const database = await testDatabase(t)
  await due(database, 'inbound')
  const entered = inbox<string>()
  let release = Promise.withResolvers<void>()
  let inside = 0
  const queues = {
    enqueue: async (kind: JobKind) => {
      t.equal(++inside, 1, 'alone')
      entered.put(kind)
      await release.promise
      inside--
    }
  }
  const clock = manualAfter()
  const sweeper = startSweeper({ db: database.db, queues, intervalMs: 5_000, batch: 10, now: () => day, log: silent, after: clock.after })
  t.same(clock.scheduled, [0], 'the first one is at the start: a crash may have dropped something')
  clock.fire()
  await entered.take(1)
  const asked = sweeper.sweepNow()
  t.same(clock.scheduled, [], 'the next one is only planned when this one has ended')
  release.resolve()
  t.equal(await asked, 1)
  await until('the next one is planned', async () => clock.scheduled[0] === 5_000)

  release = Promise.withResolvers()
  clock.fire()
  await entered.take(3)
  const stopped = sweeper.stop()
  release.resolve()
  await stopped
  t.equal(inside, 0, 'stopping waits for the sweep under way')
  t.same(clock.scheduled, [])
})

t.test('what the database answers does not end it: errors, and kinds of a newer version', async t => {
  const database = await testDatabase(t)
  const { log, lines } = kept()
  const clock = manualAfter()
  const queues = { enqueue: async () => { t.fail('nothing of ours is due') } }
  await sql`drop function gate.due_work`.execute(database.owner)
  const sweeper = startSweeper({ db: database.db, queues, intervalMs: 5_000, batch: 10, now: () => day, log, after: clock.after })
  for (let failures = 0; failures < 3; failures++) {
    clock.fire()
    await until('the sweep failed and the next is planned', async () => clock.scheduled[0] === 5_000)
  }
  t.match(lines, [{ level: 'error' }], 'told once')
  t.equal(lines.length, 1)
  await t.rejects(sweeper.sweepNow(), { code: '42883' }, 'but told to who asks')

  await due(database, 'kind_of_tomorrow')
  t.equal(await sweeper.sweepNow(), 0)
  clock.fire()
  await until('it works again', async () => lines.length === 2)
  t.match(lines[1], { level: 'info', fields: { failures: 3 } })
  await sweeper.stop()
})

/** Makes `gate.due_work` answer one row of a kind, whatever is asked. */
async function due ({ owner }: TestDatabase, kind: string): Promise<void> {
  await sql`drop function if exists gate.due_work`.execute(owner)
  await sql`create function gate.due_work (timestamptz, integer) returns table (kind text, tenant_id uuid, id uuid) language sql as ${sql.lit(`select '${kind}', uuidv7(), uuidv7()`)}`.execute(owner)
  await sql`grant execute on function gate.due_work to pasarela_app`.execute(owner)
}
