/** Brings back what the queue does not hold: rows whose time has come, and rows whose job was lost in a crash. */
import { sql, type QueryExecutorProvider } from 'kysely'
import { uuidAt } from '../ids.ts'
import { isTracing } from '../telemetry/spans.ts'
import { jobKinds, type JobKind, type JobRef } from './kinds.ts'
import type { JobsLog } from './log.ts'
import type { Queues } from './queues.ts'
import { realAfter, type After } from './timers.ts'

export interface SweeperOptions {
  /** As the application's role: it may call `gate.due_work`, and sees ids only. */
  db: QueryExecutorProvider
  queues: Pick<Queues, 'enqueue'>
  /** Between the end of one sweep and the next. */
  intervalMs: number
  /** Rows of each kind at most in one sweep: the oldest ones, so that `batch` / `intervalMs` bounds how fast a lost queue is filled again. */
  batch: number
  now: () => Date
  log: JobsLog
  after?: After
}

interface Due { kind: string, tenant_id: string, id: string }

export interface Sweeper {
  /** Resolves when the sweep under way has ended. */
  stop: () => Promise<void>
  /** Sweeps what is due at this moment; tells how many rows it enqueued. Rejects when the database does not answer. */
  sweepNow: () => Promise<number>
}

/**
 * Every worker process may run one: a row that two of them find is queued once, and the row's lock in the handler
 * decides what there is to do.
 */
export function startSweeper ({ db, queues, intervalMs, batch, now, log, after = realAfter }: SweeperOptions): Sweeper {
  let stopped = false
  let failures = 0
  let cancel = (): void => {}
  let last: Promise<unknown> = Promise.resolve()

  async function sweep (): Promise<number> {
    const { rows } = await sql<Due>`
      select kind, tenant_id, id from gate.due_work(${now()}, ${batch})`.execute(db)
    const due = Map.groupBy(rows, row => row.kind)
    const traces = isTracing() && rows.length > 0 ? await tracesOf(rows) : undefined
    let enqueued = 0
    for (const [kind, found] of due) {
      // While a newer version migrates and we still serve, the database may know a kind that we do not.
      if (!isJobKind(kind)) continue
      await queues.enqueue(kind, found.map((row): JobRef => {
        const trace = traces?.get(`${kind} ${row.id}`)
        return { tenantId: row.tenant_id, id: row.id, ...(trace !== undefined && { trace }) }
      }))
      enqueued += found.length
    }
    return enqueued
  }

  /** What was asked for within the last hour goes on in its trace; what is older is found by its ids. */
  async function tracesOf (due: readonly Due[]): Promise<Map<string, string>> {
    const since = uuidAt(new Date(now().getTime() - 3_600_000))
    const { rows } = await sql<{ kind: string, id: string, trace: string | null }>`
      select kind, id, trace from gate.traces_of(${due.map(row => row.kind)}::text[], ${due.map(row => row.tenant_id)}::uuid[], ${due.map(row => row.id)}::uuid[], ${since})`.execute(db)
    return new Map(rows.flatMap(({ kind, id, trace }) => trace === null ? [] : [[`${kind} ${id}`, trace]]))
  }

  /** One at a time, each with a look at the database that began after it was asked for. */
  function inTurn (): Promise<number> {
    const turn = last.then(sweep)
    last = turn.catch(() => {})
    return turn
  }

  async function tick (): Promise<void> {
    try {
      await inTurn()
      if (failures > 0) log.info({ failures }, 'the sweeper works again')
      failures = 0
    } catch (err) {
      if (failures++ === 0) log.error({ err }, 'the sweeper could not ask for due work; it goes on trying')
    }
    schedule(intervalMs)
  }

  function schedule (ms: number): void {
    if (!stopped) cancel = after(ms, tick)
  }

  schedule(0)
  return {
    stop: async () => {
      stopped = true
      cancel()
      await last
    },
    sweepNow: inTurn
  }
}

function isJobKind (kind: string): kind is JobKind {
  return (jobKinds as readonly string[]).includes(kind)
}
