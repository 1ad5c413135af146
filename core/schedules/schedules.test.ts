import { readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { testDatabase } from '../../test/support/database.ts'
import { testHub } from '../../test/support/hub.ts'
import { bootstrap } from '../access/first-run.ts'
import { loadConfig } from '../config.ts'
import type { Hub } from '../hub.ts'
import { inTenant } from '../db/in-tenant.ts'
import { setTimer } from '../db/timers.ts'
import { newUuid, parseId } from '../ids.ts'
import { manualAfter } from '../jobs/fixtures/manual-after.ts'
import { kept, silent } from '../jobs/fixtures/silent.ts'
import { inbox, until } from '../jobs/fixtures/waiting.ts'
import { createQueues, type Queues } from '../jobs/queues.ts'
import { scheduledTasks } from '../run-worker.ts'
import { listJobs, rowWork, runRows } from './by-hand.ts'
import { jobHandlers } from '../job-handlers.ts'
import { troubledSchedules } from './queries.ts'
import { type RunContext, runTask, type ScheduledTask } from './run.ts'
import { startTicker, type Ticker } from './ticker.ts'

const start = new Date('2026-11-10T12:00:00Z')
const hourMs = 3600_000

/** A database with a platform, and processes of it whose clocks are one that the test moves. */
async function world (t: Parameters<typeof testDatabase>[0]) {
  const database = await testDatabase(t)
  await bootstrap({ db: database.db, now: () => new Date() })
  let at = start.getTime()
  const now = (): Date => new Date(at)
  const process = async (tasks: ScheduledTask[], log = silent): Promise<{ ticker: Ticker, queues: Queues, close: () => Promise<void> }> => {
    const queues = await createQueues({ databaseQueueUrl: database.queueUrl, lockMs: 2000, stalledMs: 1000, log: silent, kinds: ['maintenance'] })
    const ticker = startTicker({ db: database.db, queues: queues as Queues, tasks, intervalMs: 5000, now, log, after: manualAfter().after })
    let closing: Promise<void> | undefined
    const close = async () => await (closing ??= (async () => {
      await ticker.stop()
      await queues.close(2000)
    })())
    t.teardown(close)
    return { ticker, queues: queues as Queues, close }
  }
  const row = async (name: string) => await database.owner.selectFrom('schedules').selectAll().where('name', '=', name).executeTakeFirst()
  return { database, now, process, row, advance: (ms: number) => { at += ms } }
}

t.test('a schedule runs once for each tick, in whichever process, and tells on the board what it did', async t => {
  const { database, process, row, advance } = await world(t)
  const runs = inbox<{ who: string, previous: RunContext['previous'] }>()
  const task = (who: string): ScheduledTask => ({ name: 'tidy-up', everyMs: hourMs, run: async ({ previous }) => { runs.put({ who, previous }); return { tidied: runs.items.length } } })
  const [one, two] = [await process([task('one')]), await process([task('two')])]
  await Promise.all([one.ticker.tick(), two.ticker.tick()])
  await until('it has run', async () => (await row('tidy-up'))?.outcome === 'succeeded')
  await Promise.all([one.ticker.tick(), two.ticker.tick()])
  t.equal(runs.items.length, 1, 'two processes, one tick')
  t.match(await row('tidy-up'), { due_at: new Date(start.getTime() + hourMs), counts: { tidied: 1 }, error: null })

  advance(hourMs)
  await Promise.all([one.ticker.tick(), two.ticker.tick(), two.ticker.tick()])
  await until('it has run again', async () => (await row('tidy-up'))?.counts?.valueOf() !== undefined && runs.items.length === 2 && (await row('tidy-up'))?.outcome === 'succeeded')
  t.same(runs.items[1]!.previous, { tidied: 1 }, 'it knows how far it came')
  const [queue] = one.queues.boardQueues
  await until('the board shows both', async () => (await queue!.getJobs(['completed'])).filter(job => job.returnvalue?.tidied > 0).length === 2)
  const shown = (await queue!.getJobs(['completed'])).find(job => job.returnvalue?.tidied === 2)
  t.match(shown, { name: 'tidy-up', returnvalue: { outcome: 'succeeded', duration_ms: 0, tidied: 2 } })

  t.test('one that fails is tried again after its time, and says why', async t => {
    const failing: ScheduledTask = { name: 'fails', everyMs: hourMs, retryMs: 300_000, run: async () => { throw new Error('the disk is full') } }
    const { ticker, queues } = await process([failing])
    await ticker.tick()
    await until('it failed', async () => (await row('fails'))?.outcome === 'failed')
    const failed = (await row('fails'))!
    t.equal(failed.error, 'the disk is full')
    t.same(await troubledSchedules(database.db, start), [{ name: 'fails', troubled: true }, { name: 'tidy-up', troubled: false }])
    t.ok((await troubledSchedules(database.db, new Date(start.getTime() + 4 * hourMs))).every(({ troubled }) => troubled), 'an hour late')
    t.equal(failed.due_at.getTime() - failed.finished_at!.getTime(), 300_000)
    await until('the board shows it', async () => (await queues.boardQueues[0]!.getJobs(['failed'])).some(job => job.name === 'fails' && /the disk is full/.test(job.failedReason)))
  })

  t.test('what another process is at is left to it; stopping tells what runs, and the rest is due at once', async t => {
    const started = inbox<AbortSignal>()
    const slow: ScheduledTask = {
      name: 'slow', everyMs: hourMs, run: async ({ signal }) => {
        started.put(signal)
        await new Promise(resolve => { signal.addEventListener('abort', resolve) })
        return { half: 1 }
      }
    }
    const { ticker, close } = await process([slow])
    await ticker.tick()
    const [signal] = await started.take(1)
    t.match(await runTask(slow, { db: database.db, now: () => start, signal: new AbortController().signal, force: true }), { ran: false, why: 'busy' })
    t.same(await ticker.tick(), [], 'nor is it queued again')
    await close()
    t.ok(signal?.aborted)
    const stopped = (await row('slow'))!
    t.match(stopped, { outcome: 'stopped', counts: {} })
    t.same(stopped.due_at, stopped.started_at, 'another process does the rest')
  })
})

t.test('a run by hand; a rhythm that was shortened; names that cannot be typed', async t => {
  const { database: { db }, now, process, row, advance } = await world(t)
  const signal = new AbortController().signal
  const task = (everyMs: number): ScheduledTask => ({ name: 'roll-up', everyMs, run: async () => ({ rows: 7 }) })
  t.match(await runTask(task(hourMs), { db, now, signal }), { ran: false, why: 'not_due' }, 'no process has planned it')
  t.match(await runTask(task(hourMs), { db, now, signal, force: true }), { ran: true, outcome: 'succeeded', counts: { rows: 7 } })
  t.match(await runTask(task(hourMs), { db, now, signal }), { ran: false, why: 'not_due' })
  advance(60_000)
  const { ticker } = await process([task(600_000)])
  t.same(await ticker.tick(), [])
  t.same((await row('roll-up'))!.due_at, new Date(now().getTime() + 600_000))
  const refuse = (...tasks: Partial<ScheduledTask>[]) => () => startTicker({ db, queues: { enqueue: async () => {}, work: () => {} }, tasks: tasks as ScheduledTask[], intervalMs: 1, now, log: silent, after: manualAfter().after })
  t.throws(refuse({ name: 'two words', everyMs: hourMs }), /joined by hyphens/)
  t.throws(refuse({ name: 'a', everyMs: 1000 }), RangeError)
  t.throws(refuse({ name: 'a', everyMs: hourMs }, { name: 'a', everyMs: hourMs }), /same name/)
})

t.test('before the first start there is nobody to run for, and a database that is away ends nothing', async t => {
  const { db } = await testDatabase(t)
  const task: ScheduledTask = { name: 'a', everyMs: hourMs, run: async () => {} }
  t.match(await runTask(task, { db, now: () => start, signal: new AbortController().signal, force: true }), { ran: false, why: 'no_platform' })
  const clock = manualAfter()
  const { log, lines } = kept()
  const gone = await testDatabase(t)
  await gone.close()
  const ticker = startTicker({ db: gone.db, queues: { enqueue: async () => {}, work: () => {} }, tasks: [task], intervalMs: 5000, now: () => start, log, after: clock.after })
  clock.fire()
  await until('it goes on', async () => clock.scheduled[0] === 5000)
  clock.fire()
  await until('it goes on', async () => clock.scheduled[0] === 5000)
  t.match(lines, [{ level: 'error' }], 'and is said once')
  t.equal(lines.length, 1)
  await ticker.stop()
})

t.test('every kind of work has one name', t => {
  const names = rowWork.map(({ name }) => name)
  t.equal(new Set(names).size, names.length)
  t.same(rowWork.flatMap(({ kinds }) => kinds).sort(), Object.keys(jobHandlers).sort())
  for (const name of names) t.match(name, /^[a-z]+(-[a-z]+)*$/)
  const page = readFileSync(path.join(import.meta.dirname, '../../docs/maintenance.md'), 'utf8')
  const hub = { config: loadConfig({ BACKUP_DIR: '/x' }) } as Hub
  const documented = [...scheduledTasks(hub, { ownerUrl: 'postgres://x' }), ...rowWork.filter(({ forward }) => forward)].map(({ name }) => name)
  t.same(documented.filter(name => !page.includes(`| \`${name}\` |`)), [], 'and stands in docs/maintenance.md')
  t.end()
})

t.test('work that rows ask for is brought forward and done, of one tenant or of all, and what a worker has is left to it', async t => {
  const { hub, database, tenant, work: settle } = await testHub(t)
  await bootstrap(hub)
  const [shop, other] = [await tenant(), await tenant()]
  for (const { connect, tenantId } of [shop, other]) {
    const connection = parseId('connection', await connect())!
    await inTenant(hub.db, tenantId, async db => { await setTimer(db, 'completeness_audit', connection, new Date(hub.now().getTime() + 24 * hourMs)) })
  }
  await settle()
  const tasks = scheduledTasks(hub)
  for (const task of tasks) t.match(await runTask(task, { db: hub.db, now: hub.now, signal: new AbortController().signal, force: true }), { ran: true, outcome: 'succeeded' }, task.name)
  t.match((await listJobs(hub, tasks)).filter(({ name }) => name === 'completeness-audit' || name === 'months-ahead'), [
    { name: 'months-ahead', every_seconds: 86_400, last: { outcome: 'succeeded', counts: { made: Number } } },
    { name: 'completeness-audit', queues: ['completeness_audit'], planned: 2, due: 0, next_at: String }
  ])
  const work = rowWork.find(({ name }) => name === 'completeness-audit')!
  const audits = async () => (await database.owner.selectFrom('completeness_audits').select('tenant_id').execute()).length
  t.same(await runRows(hub, work, { tenantId: shop.tenantId }), { brought_forward: 1, rows: 1, failed: 0 })
  t.equal(await audits(), 1, 'of the other tenant none')
  // As if a worker had claimed it a moment ago.
  await database.owner.updateTable('timers').set({ due_at: new Date(hub.now().getTime() + 600_000), tries: 1 }).where('kind', '=', 'completeness_audit').where('tenant_id', '=', shop.tenantId).execute()
  const told: number[] = []
  t.same(await runRows(hub, work, { progress: rows => { told.push(rows) } }), { brought_forward: 1, rows: 1, failed: 0 })
  t.same(told, [1])
  t.equal(await audits(), 2)

  // Rows whose time stands in themselves.
  const later = new Date(hub.now().getTime() + 5 * hourMs)
  for (const [n, { tenantId }] of [shop, other].entries()) {
    const { id } = await database.owner.selectFrom('connections').select('id').where('tenant_id', '=', tenantId).executeTakeFirstOrThrow()
    await database.owner.insertInto('inbound_events').values({
      tenant_id: tenantId, id: newUuid(hub.now()), connection_id: id, mode: 'test', provider: 'stripe', verdict: 'verified', event_type: 'x', dedupe_key: String(n), body_sealed: '', headers: '{}', url: '/', status: 'retrying', received_at: hub.now(), next_run_at: later
    }).execute()
  }
  t.same(await runRows(hub, rowWork.find(({ name }) => name === 'webhook-retries')!), { brought_forward: 2, rows: 2, failed: 0 })
  t.match(await database.owner.selectFrom('inbound_events').select(['status', 'reason', 'next_run_at']).execute(), [1, 2].map(() => ({ status: 'ignored', reason: /no longer kept/, next_run_at: null })), 'expunged: there is nothing to process')

  // Work that throws is told, tried once, and stops nothing.
  for (const tenantId of [shop.tenantId, other.tenantId]) await database.owner.insertInto('timers').values({ tenant_id: tenantId, kind: 'stamps', id: tenantId, due_at: new Date(1000) }).execute()
  const { stamps } = jobHandlers
  const whole = stamps.run
  stamps.run = async (_hub, tenantId) => { if (tenantId === shop.tenantId) throw new Error('broken'); await whole(hub, tenantId, tenantId) }
  t.teardown(() => { stamps.run = whole })
  t.same(await runRows(hub, { name: 'x', about: '', kinds: ['stamps'], forward: false }), { brought_forward: 0, rows: 2, failed: 1 })
})
