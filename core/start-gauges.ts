import { sql } from 'kysely'
import type pg from 'pg'
import type { Hub } from './hub.ts'
import type { JobKind } from './jobs/kinds.ts'
import type { Queues } from './jobs/queues.ts'
import { troubledSchedules } from './schedules/queries.ts'
import { version } from './version.ts'

/**
 * What is asked for when the metrics are read. Those from the database (`work`, `queue`, `alerts`) are the same in every
 * process, so dashboards take the greatest of them; `db_pool` is each process's own. No label names a tenant.
 */
export function registerGauges ({ hub, pool, queues }: { hub: Pick<Hub, 'db' | 'metrics' | 'now'>, pool: pg.Pool, queues: Pick<Queues, 'counts'> }): void {
  const { gauge } = hub.metrics
  const due = shared(async () => (await sql<{ kind: string, waiting: number, oldest_seconds: number }>`select * from gate.queue_health(${hub.now()})`.execute(hub.db)).rows)
  const late = shared(async () => (await sql<{ waiting: number, oldest_seconds: number }>`select * from gate.deliveries_health(${hub.now()})`.execute(hub.db)).rows)
  const jobs = shared(async () => Object.entries(await queues.counts()) as [JobKind, { waiting: number, active: number }][])

  gauge('pasarela_build_info', 'The version that runs', ['version'], async () => [{ labels: { version }, value: 1 }])
  gauge('pasarela_work_due', 'Rows that wait for a job', ['kind'], async () => (await due()).map(row => ({ labels: { kind: row.kind }, value: row.waiting })))
  gauge('pasarela_work_oldest_seconds', 'How long the oldest of them has waited', ['kind'], async () => (await due()).map(row => ({ labels: { kind: row.kind }, value: row.oldest_seconds })))
  gauge('pasarela_deliveries_due', 'Deliveries to webhook endpoints whose time has come', [], async () => (await late()).map(row => ({ labels: {}, value: row.waiting })))
  gauge('pasarela_deliveries_oldest_seconds', 'How long the oldest of them has waited', [], async () => (await late()).map(row => ({ labels: {}, value: row.oldest_seconds })))
  gauge('pasarela_queue_jobs', 'Jobs in the queues, which are a copy of what is due', ['queue', 'state'], async () => (await jobs()).flatMap(([queue, { waiting, active }]) => [
    { labels: { queue, state: 'waiting' }, value: waiting }, { labels: { queue, state: 'active' }, value: active }
  ]))
  gauge('pasarela_alerts_open', 'Alerts of all tenants that nobody has acknowledged and that did not resolve by themselves', ['kind', 'severity'], async () => {
    const { rows } = await sql<{ kind: string, severity: string, count: number }>`select kind, severity, count from gate.open_alerts()`.execute(hub.db)
    return rows.map(({ kind, severity, count }) => ({ labels: { kind, severity }, value: count }))
  })
  gauge('pasarela_schedule_troubled', 'Whether the last run of a schedule failed, or the next is an hour late', ['schedule'], async () =>
    (await troubledSchedules(hub.db, hub.now())).map(({ name, troubled }) => ({ labels: { schedule: name }, value: troubled ? 1 : 0 })))
  gauge('pasarela_db_pool_connections', 'Connections of this process to the database', ['state'], async () => [
    { labels: { state: 'busy' }, value: pool.totalCount - pool.idleCount }, { labels: { state: 'idle' }, value: pool.idleCount }
  ])
  gauge('pasarela_db_pool_waiting', 'Who waits for one of them', [], async () => [{ labels: {}, value: pool.waitingCount }])
}

/** One question for several gauges: what is asked while it is under way, or within a second, gets the same answer. */
function shared<T> (ask: () => Promise<T>): () => Promise<T> {
  let last: { at: number, answer: Promise<T> } | undefined
  return async () => {
    if (last === undefined || performance.now() - last.at > 1_000) last = { at: performance.now(), answer: ask() }
    return await last.answer
  }
}
