/** Periodic work that no row asks for: partitions ahead of time, forgetting what has expired, roll-ups. */
import { sql, type Kysely } from 'kysely'
import type { JobsLog } from './log.ts'
import { longestTimerMs, realAfter, type After } from './timers.ts'

export interface MaintenanceTask {
  name: string
  /** From the end of one run to the next, in each process. So it may run more often than that over all: it must do no harm twice. */
  everyMs: number
  run: (context: { now: Date, signal: AbortSignal }) => Promise<void>
}

export interface MaintenanceOptions<Tables> {
  /** For the locks; a run holds one connection of it. */
  db: Kysely<Tables>
  tasks: readonly MaintenanceTask[]
  now: () => Date
  log: JobsLog
  after?: After
}

export interface Maintenance {
  /** Runs a task now; false when another process is at it. Rejects with what the task threw. */
  runNow: (name: string) => Promise<boolean>
  /** Starts nothing more, aborts the `signal` of what runs, and waits for it. */
  stop: () => Promise<void>
}

const retryMs = 60_000

/** Each task runs at the start and then every `everyMs`, in one process at a time. One that failed is tried again after a minute. */
export function startMaintenance<Tables> ({ db, tasks, now, log, after = realAfter }: MaintenanceOptions<Tables>): Maintenance {
  const stopping = new AbortController()
  const pending = new Map<string, () => void>()
  const running = new Set<Promise<unknown>>()

  function run (task: MaintenanceTask): Promise<boolean> {
    const done = alone(db, task.name, async () => {
      await task.run({ now: now(), signal: stopping.signal })
    })
    const settled = done.catch(() => {}).finally(() => running.delete(settled))
    running.add(settled)
    return done
  }

  function schedule (task: MaintenanceTask, ms: number): void {
    if (!stopping.signal.aborted) pending.set(task.name, after(ms, () => tick(task)))
  }

  async function tick (task: MaintenanceTask): Promise<void> {
    try {
      if (!await run(task)) log.debug({ task: task.name }, 'another process runs this maintenance task')
      schedule(task, task.everyMs)
    } catch (err) {
      log.error({ err, task: task.name }, 'a maintenance task failed')
      schedule(task, Math.min(task.everyMs, retryMs))
    }
  }

  for (const task of tasks) {
    if (!(task.everyMs > 0 && task.everyMs <= longestTimerMs)) throw new RangeError(`maintenance task ${task.name}: everyMs must be between 1 and ${longestTimerMs}`)
    if (pending.has(task.name)) throw new Error(`two maintenance tasks are named ${task.name}`)
    schedule(task, 0)
  }
  return {
    runNow: async name => {
      const task = tasks.find(task => task.name === name)
      if (!task) throw new Error(`there is no maintenance task ${name}`)
      return await run(task)
    },
    stop: async () => {
      stopping.abort()
      for (const cancel of pending.values()) cancel()
      await Promise.all(running)
    }
  }
}

/**
 * The lock is a transaction's, not a session's: it is gone with the commit, with the connection and behind a pooler alike,
 * and cannot stay behind in a pool. The transaction does nothing else, so it holds back no vacuum while the task runs.
 */
async function alone<Tables> (db: Kysely<Tables>, name: string, work: () => Promise<void>): Promise<boolean> {
  return await db.transaction().execute(async trx => {
    const { rows } = await sql<{ mine: boolean }>`
      select pg_try_advisory_xact_lock(hashtext('pasarela maintenance'), hashtext(${name})) as mine`.execute(trx)
    if (!rows[0]?.mine) return false
    await work()
    return true
  })
}
