/** One run of a named schedule: alone over all processes, and written down. */
import { type Kysely, sql } from 'kysely'
import { inTenant } from '../db/in-tenant.ts'
import type { Database } from '../db/schema.ts'
import { beginRun, endRun, findHome } from './queries.ts'

/** What a run did, in its own words: how many rows, which months. `until` tells the next run where to go on. */
export type Counts = Readonly<Record<string, number | string | readonly string[]>>

export interface ScheduledTask {
  /** As it is typed after `pasarela jobs run`: lower-case words joined by hyphens. */
  name: string
  /** One line, for `pasarela jobs list`. */
  about?: string
  /** From the end of one run to the next, over all processes. */
  everyMs: number
  /** After a run that failed; a minute when left out. */
  retryMs?: number
  /** Doing it twice must do no harm: a process may die between the work and its note. `previous`: what the last run that ended well told. */
  run: (context: RunContext) => Promise<Counts | void>
}

export interface RunContext { now: Date, signal: AbortSignal, previous: Counts }

export type Ran =
  | { ran: false, why: 'busy' | 'not_due' | 'no_platform' }
  | { ran: true, outcome: 'succeeded' | 'stopped', durationMs: number, counts: Counts }
  | { ran: true, outcome: 'failed', durationMs: number, error: unknown }

export interface RunOptions {
  db: Kysely<Database>
  now: () => Date
  signal: AbortSignal
  /** Also when it is not due: by hand. */
  force?: boolean
}

const retryMs = 60_000

/** Runs it unless another process is at it, or has been since it was due. It never throws what the task threw: that is `failed`, and tried again soon. */
export async function runTask (task: ScheduledTask, { db, now, signal, force = false }: RunOptions): Promise<Ran> {
  const home = await findHome(db)
  if (home === undefined) return { ran: false, why: 'no_platform' }
  return await alone(db, task.name, async () => {
    const startedAt = now()
    const row = await inTenant(db, home, async db => await beginRun(db, task.name, startedAt, force))
    if (row === undefined) return { ran: false, why: 'not_due' }
    const end = async (end: Omit<Parameters<typeof endRun>[2], 'finishedAt'>): Promise<number> => {
      const finishedAt = now()
      await inTenant(db, home, async db => { await endRun(db, task.name, { ...end, finishedAt }) })
      return finishedAt.getTime() - startedAt.getTime()
    }
    try {
      const counts = await task.run({ now: startedAt, signal, previous: row.counts }) ?? {}
      // Told to stop, it may have done only a part: another process does the rest at once.
      const outcome = signal.aborted ? 'stopped' : 'succeeded'
      const durationMs = await end({ outcome, dueAt: signal.aborted ? startedAt : new Date(now().getTime() + task.everyMs), ...(outcome === 'succeeded' && { counts }) })
      return { ran: true, outcome, durationMs, counts }
    } catch (error) {
      const durationMs = await end({ outcome: 'failed', error: error instanceof Error ? error.message.slice(0, 1000) : 'unknown', dueAt: new Date(now().getTime() + Math.min(task.everyMs, task.retryMs ?? retryMs)) })
      return { ran: true, outcome: 'failed', durationMs, error }
    }
  })
}

/**
 * The lock is a transaction's, not a session's: it is gone with the commit, with the connection and behind a pooler alike,
 * and cannot stay behind in a pool. The transaction does nothing else, so it holds back no vacuum while the task runs.
 */
async function alone (db: Kysely<Database>, name: string, work: () => Promise<Ran>): Promise<Ran> {
  return await db.transaction().execute(async trx => {
    const { rows } = await sql<{ mine: boolean }>`
      select pg_try_advisory_xact_lock(hashtext('pasarela maintenance'), hashtext(${name})) as mine`.execute(trx)
    return rows[0]?.mine === true ? await work() : { ran: false, why: 'busy' }
  })
}
