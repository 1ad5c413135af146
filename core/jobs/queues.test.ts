import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import path from 'node:path'
import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { testDatabase, type TestDatabase } from '../../test/support/database.ts'
import { redisIsInstalled, startRedis } from './fixtures/redis-server.ts'
import { kept, silent } from './fixtures/silent.ts'
import { inbox, until } from './fixtures/waiting.ts'
import { jobKinds, type JobRef } from './kinds.ts'
import { createQueues, type Job, type Queues, type QueuesOptions } from './queues.ts'
import { startSweeper } from './sweeper.ts'
import { endsWithin } from './timers.ts'

interface Place {
  database: TestDatabase
  urls: { databaseQueueUrl: string, queueUrl?: string }
  /** Cuts every connection, and lets none be made until `up`. */
  down: () => Promise<void>
  up: () => Promise<void>
}

const times = { lockMs: 2_000, stalledMs: 1_000 }
const ref = (): JobRef => ({ tenantId: randomUUID(), id: randomUUID() })
const refs = (count: number): JobRef[] => Array.from({ length: count }, ref)

async function postgres (t: Test): Promise<Place> {
  const database = await testDatabase(t)
  const name = new URL(database.ownerUrl).pathname.slice(1)
  await sql`grant temporary on database ${sql.id(name)} to pasarela_queue`.execute(database.owner)
  return {
    database,
    urls: { databaseQueueUrl: database.queueUrl },
    down: async () => {
      await sql`revoke connect on database ${sql.id(name)} from pasarela_queue`.execute(database.owner)
      await until('no connection is left', async () => {
        const { rows } = await sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name} and usename = 'pasarela_queue'`.execute(database.owner)
        return rows.length === 0
      })
    },
    up: async () => { await sql`grant connect on database ${sql.id(name)} to pasarela_queue`.execute(database.owner) }
  }
}

async function redis (t: Test): Promise<Place> {
  const database = await testDatabase(t)
  const server = await startRedis()
  t.teardown(server.stop)
  return { database, urls: { databaseQueueUrl: database.queueUrl, queueUrl: server.url }, down: server.down, up: server.up }
}

async function open (t: Test, { urls }: Place, more: Partial<QueuesOptions> = {}): Promise<Queues> {
  const queues = await createQueues({ ...urls, ...times, log: silent, ...more })
  t.teardown(async () => { await queues.close(2_000) })
  return queues
}

async function idle (queues: Queues): Promise<void> {
  await until('the queue is empty', async () => Object.values(await queues.counts()).every(({ waiting, active }) => waiting + active === 0))
}

t.test('workers of all kinds listen on one connection, and all are notified', async t => {
  const here = await postgres(t)
  const queues = await open(t, here)
  const jobs = inbox<string>()
  for (const kind of jobKinds) queues.work(kind, async () => { jobs.put(kind) }, { concurrency: 4 })
  await queues.ready()
  const connections = async () => {
    const { rows } = await sql<{ n: number }>`select count(*) as n from pg_stat_activity where datname = current_database() and usename = 'pasarela_queue'`.execute(here.database.owner)
    return rows[0]!.n
  }
  for (const kind of jobKinds) await queues.enqueue(kind, [ref()])
  await jobs.take(jobKinds.length)
  t.same(jobs.items.toSorted(), jobKinds.toSorted())
  t.ok(await connections() <= 9, `${await connections()} connections for ${jobKinds.length} kinds`)
  await here.down()
  await here.up()
  await until('it answers again', async () => await queues.counts().then(() => true, () => false))
  for (const kind of jobKinds) await queues.enqueue(kind, [ref()])
  await jobs.take(2 * jobKinds.length)
  t.ok(await connections() <= 9)
})

for (const [name, place] of [['PostgreSQL', postgres], ['Redis', redis]] as const) {
  const skip = place === redis && !redisIsInstalled ? 'redis-server is not installed' : false

  t.test(`on ${name}`, { skip }, async t => {
    const here = await place(t)

    t.test('a job runs once, and nothing is kept of it', async t => {
      const queues = await open(t, here)
      const jobs = inbox<Job>()
      queues.work('payment', async job => { jobs.put(job) }, { concurrency: 5 })
      const [first, second] = refs(2) as [JobRef, JobRef]
      await queues.enqueue('payment', [first])
      await jobs.take(1)
      await queues.enqueue('payment', [second])
      await idle(queues)
      t.same(jobs.items, [{ ...first, attempt: 1 }, { ...second, attempt: 1 }])
      t.same(await queues.boardQueues[1]?.getJobCounts('completed', 'failed', 'delayed'), { completed: 0, failed: 0, delayed: 0 })
    })

    t.test('two thousand jobs at once each run once', async t => {
      const queues = await open(t, here)
      const many = refs(2_000)
      const jobs = inbox<string>()
      queues.work('inbound', async ({ id }) => { jobs.put(id) }, { concurrency: 20 })
      await queues.enqueue('inbound', many)
      await jobs.take(many.length)
      await idle(queues)
      t.same([...jobs.items].sort(), many.map(({ id }) => id).sort())
    })

    t.test('a row is queued once at a time: waiting, in one batch, and while it runs', async t => {
      const queues = await open(t, here)
      const row = ref()
      await queues.enqueue('refund', [row])
      await queues.enqueue('refund', [row])
      await queues.enqueue('refund', [row, row, ref()])
      t.equal((await queues.counts()).refund.waiting, 2, 'one for each row')

      const jobs = inbox<Job>()
      const held = Promise.withResolvers<void>()
      queues.work('refund', async job => { jobs.put(job); await held.promise }, { concurrency: 5 })
      await jobs.take(2)
      await queues.enqueue('refund', [row])
      t.same((await queues.counts()).refund, { waiting: 0, active: 2 }, 'left to the sweeper')
      await queues.enqueue('refund', [row], { round: 2 })
      await jobs.take(3)
      t.equal(jobs.items.filter(({ id }) => id === row.id).length, 2, 'but for a caller that asks for a round of its own')
      held.resolve()
      await idle(queues)
      await queues.enqueue('refund', [row])
      await jobs.take(4)
    })

    t.test('a handler that throws loses nothing: its row is due, and the sweeper brings it back', async t => {
      const { log, lines } = kept()
      const queues = await open(t, here, { log })
      const row = await dueInbound(here.database)
      const sweeper = startSweeper({ db: here.database.db, queues, intervalMs: 3_600_000, batch: 100, now: () => new Date(), log: silent })
      t.teardown(sweeper.stop)
      const jobs = inbox<Job>()
      queues.work('inbound', async job => {
        jobs.put(job)
        if (jobs.items.length === 1) throw new Error('the provider is away')
        await sql`update inbound_events set next_run_at = null where id = ${job.id}`.execute(here.database.owner)
      }, { concurrency: 1 })
      await jobs.take(1) // the sweep at the start
      await idle(queues)
      t.match(lines, [{ level: 'error', fields: { kind: 'inbound', id: row.id, err: { message: 'the provider is away' } } }])
      t.equal(await sweeper.sweepNow(), 1)
      await jobs.take(2)
      await idle(queues)
      t.same(jobs.items, [{ ...row, attempt: 1 }, { ...row, attempt: 1 }])
      t.equal(await sweeper.sweepNow(), 0, 'a row without work is left alone')
    })

    t.test('the job of a process that is killed goes to another', async t => {
      const row = ref()
      const child = fork(path.join(import.meta.dirname, 'fixtures/worker-process.ts'), [JSON.stringify(here.urls)], { execArgv: [] })
      t.teardown(() => child.kill('SIGKILL'))
      const queues = await open(t, here)
      await queues.enqueue('payment', [row])
      const [held] = await once(child, 'message', { signal: AbortSignal.timeout(30_000) }) as [Job]
      t.same(held, { ...row, attempt: 1 })
      child.kill('SIGKILL')
      await once(child, 'exit')
      const jobs = inbox<Job>()
      const from = Date.now()
      queues.work('payment', async job => { jobs.put(job) }, { concurrency: 1 })
      t.same(await jobs.take(1), [{ ...row, attempt: 2 }], 'and is told that somebody died over it')
      t.ok(Date.now() - from < 10_000, `${Date.now() - from} ms`)
      await idle(queues)
    })

    t.test('closing waits for the handler that runs, and takes no further job', async t => {
      const queues = await open(t, here)
      const started = inbox<string>()
      const release = Promise.withResolvers<void>()
      let ended = false
      queues.work('payment', async ({ id }) => {
        started.put(id)
        await release.promise
        ended = true
      }, { concurrency: 1 })
      await queues.enqueue('payment', refs(2))
      await started.take(1)
      const closing = queues.close()
      t.notOk(await endsWithin(closing, 100))
      release.resolve()
      await closing
      t.ok(ended)
      t.equal(started.items.length, 1)
      t.equal(await endsWithin(queues.enqueue('payment', [ref()]), 1_000), true, 'enqueueing afterwards does no harm')
      const later = await open(t, here)
      t.same((await later.counts()).payment, { waiting: 1, active: 0 }, 'the other job waits')
      await later.boardQueues[1]?.drain()
    })

    t.test('closing does not wait for ever: a handler that hangs is left, its job goes to another worker', async t => {
      const { log, lines } = kept()
      const queues = await open(t, here, { log })
      const started = inbox<string>()
      const release = Promise.withResolvers<void>()
      t.teardown(() => release.resolve())
      queues.work('refund', async ({ id }) => { started.put(id); await release.promise }, { concurrency: 1 })
      const row = ref()
      await queues.enqueue('refund', [row])
      await started.take(1)
      const from = Date.now()
      await queues.close(500)
      t.ok(Date.now() - from < 3_000)
      t.match(lines.at(0), { level: 'warn', fields: { running: { refund: 1 } } })
      const jobs = inbox<Job>()
      const others = await open(t, here)
      others.work('refund', async job => { jobs.put(job) }, { concurrency: 1 })
      t.same(await jobs.take(1), [{ ...row, attempt: 2 }])
    })

    t.test('workers outlive an outage of the queues, also those that start in it; who enqueues does not notice', async t => {
      const { log, lines } = kept()
      const queues = await open(t, here, { log })
      const jobs = inbox<string>()
      queues.work('payment', async ({ id }) => { jobs.put(id) }, { concurrency: 3 })
      queues.work('refund', async ({ id }) => { jobs.put(id) }, { concurrency: 3 })
      await queues.ready()
      await here.down()
      await queues.enqueue('payment', [ref()]) // is told to the log
      t.match(lines, [{ level: 'warn' }])
      queues.work('inbound', async ({ id }) => { jobs.put(id) }, { concurrency: 3 })
      await here.up()
      const after = refs(3) as [JobRef, JobRef, JobRef]
      await until('all three run', async () => {
        // What cannot be queued is no error: here the test is the sweeper.
        await Promise.all((['payment', 'refund', 'inbound'] as const).map(async (kind, index) => { await queues.enqueue(kind, after.slice(index, index + 1)) }))
        return after.every(({ id }) => jobs.items.includes(id))
      })
      await queues.ready()
      t.ok(lines.length < 30, `${lines.length} lines in the log, not one for each attempt`)
      await idle(queues)
    })
  })
}

t.test('fifteen kinds at work share a few connections', async t => {
  const here = await postgres(t)
  const kinds = Array.from({ length: 15 }, (_, index) => `kind-${index}`)
  const queues = await createQueues({ ...here.urls, ...times, log: silent, kinds })
  t.teardown(async () => { await queues.close(2_000) })
  const jobs = inbox<string>()
  for (const kind of kinds) queues.work(kind, async ({ id }) => { jobs.put(id) }, { concurrency: 10 })
  await queues.ready()
  await Promise.all(kinds.map(async kind => { await queues.enqueue(kind, refs(50)) }))
  await jobs.take(15 * 50)
  const count = async (): Promise<number> => {
    const { rows: [row] } = await sql<{ count: number }>`select count(*) as count from pg_stat_activity where usename = 'pasarela_queue' and datname = current_database()`.execute(here.database.owner)
    return row?.count ?? 0
  }
  const open = await count()
  t.ok(open > 0 && open <= 9, `${open} connections`)
  await queues.close()
  await until('every connection is closed', async () => await count() === 0)
})

t.test('a queue that cannot be reached', async t => {
  const database = await testDatabase(t)
  const nowhere = new URL(database.queueUrl)
  nowhere.port = '1'
  await t.rejects(createQueues({ databaseQueueUrl: nowhere.href, ...times, log: silent }), { code: 'ECONNREFUSED' }, 'is an error at the start')
  await t.rejects(createQueues({ databaseQueueUrl: database.queueUrl, queueUrl: 'http://localhost', ...times, log: silent }), /QUEUE_URL/)
})

t.test('a role without the right to temporary tables is told what to grant', async t => {
  const database = await testDatabase(t)
  const name = new URL(database.ownerUrl).pathname.slice(1)
  await sql`revoke temporary on database ${sql.id(name)} from pasarela_queue, public`.execute(database.owner)
  await t.rejects(createQueues({ databaseQueueUrl: database.queueUrl, ...times, log: silent }), { message: /grant temporary on database/ })
})

t.test('mistakes are told at once', async t => {
  const here = await postgres(t)
  const queues = await open(t, here)
  queues.work('payment', async () => {}, { concurrency: 1 })
  t.throws(() => queues.work('payment', async () => {}, { concurrency: 1 }), /handler already/)
  t.throws(() => queues.work('pament' as 'payment', async () => {}, { concurrency: 1 }), /no queue/)
  await t.rejects(queues.enqueue('pament' as 'payment', [ref()]), /no queue/)
  await queues.close()
  t.throws(() => queues.work('refund', async () => {}, { concurrency: 1 }), /closing/)
})

async function dueInbound ({ owner }: TestDatabase): Promise<JobRef> {
  const row = ref()
  await sql`
    insert into inbound_events (tenant_id, id, connection_id, mode, provider, verdict, event_type, dedupe_key, body_sealed, headers, url, received_at, next_run_at)
    values (${row.tenantId}, uuidv7(), ${randomUUID()}, 'test', 'simulator', 'verified', 'x', ${row.id}, '', '{}', '/', now(), now())`.execute(owner)
  const { rows: [stored] } = await sql<{ id: string }>`select id from inbound_events where tenant_id = ${row.tenantId}`.execute(owner)
  return { tenantId: row.tenantId, id: stored?.id ?? '' }
}
