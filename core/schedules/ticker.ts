/** Periodic work that no row asks for: months to come, what is old enough to be forgotten, roll-ups, backups. */
import type { Kysely } from 'kysely'
import { inTenant } from '../db/in-tenant.ts'
import type { Database } from '../db/schema.ts'
import type { JobsLog } from '../jobs/log.ts'
import type { Queues } from '../jobs/queues.ts'
import { realAfter, type After } from '../jobs/timers.ts'
import { dueSchedules, findHome, planSchedules } from './queries.ts'
import { type Counts, runTask, type ScheduledTask } from './run.ts'

export interface TickerOptions {
  db: Kysely<Database>
  queues: Pick<Queues, 'enqueue' | 'work'>
  tasks: readonly ScheduledTask[]
  /** Between two looks at what is due. */
  intervalMs: number
  now: () => Date
  log: JobsLog
  after?: After
}

export interface Ticker {
  /** Looks now; tells what it put on the queue. Rejects when the database does not answer. */
  tick: () => Promise<string[]>
  /** Puts nothing more on the queue, aborts the `signal` of what runs, and waits for it. */
  stop: () => Promise<void>
}

/** The last so many runs stay on the board: some that come every minute must not push out what comes once a day. */
const kept = 3000
/** Two may run at once in a process: a long backup holds nothing up. Each holds a connection for its lock. */
const concurrency = 2
/** Of a run whose process died: its lock is gone, and only its note says that it runs. */
const presumedDeadMs = 600_000
const roundMs = 60_000
/** From process to process, until the next minute brings it anew. */
const passesAtMost = 20
const dayMs = 86_400_000

/**
 * Every worker process has one, and there is no leader: what is due is a row, whoever sees it first puts it on the queue, and the
 * run looks at the row again under its lock. So the same tick never runs twice, however many processes there are.
 */
export function startTicker ({ db, queues, tasks, intervalMs, now, log, after = realAfter }: TickerOptions): Ticker {
  const byName = new Map(tasks.map(task => [task.name, checked(task)]))
  if (byName.size < tasks.length) throw new Error('two schedules have the same name')
  const stopping = new AbortController()
  const running = new Set<Promise<unknown>>()
  let cancel = (): void => {}
  let planned = false
  let failures = 0
  let last: Promise<unknown> = Promise.resolve()

  queues.work('maintenance', async ({ tenantId, id }) => {
    const [name = '', passed = '0'] = id.split('~')
    const task = byName.get(name)
    if (task === undefined) {
      // Another version's, or one that only some processes can do: one of them has put it here.
      const next = Number(passed) + 1
      if (next <= passesAtMost) await queues.enqueue('maintenance', [{ tenantId, id: `${name}~${next}` }], { round: roundOf(now()), board: { name, kept } })
      return { skipped: 'passed on: this process has no such schedule' }
    }
    const run = runTask(task, { db, now, signal: stopping.signal })
    const settled = run.catch(() => {}).finally(() => running.delete(settled))
    running.add(settled)
    const ran = await run
    if (!ran.ran) return { skipped: ran.why }
    if (ran.outcome === 'failed') throw ran.error
    return { outcome: ran.outcome, duration_ms: ran.durationMs, ...shown(ran.counts) }
  }, { concurrency, told: true })

  async function look (): Promise<string[]> {
    const home = await findHome(db)
    if (home === undefined) return [] // before the first start has made the platform
    const moment = now()
    const due = await inTenant(db, home, async db => {
      if (!planned) await planSchedules(db, tasks, moment)
      return await dueSchedules(db, moment, new Date(moment.getTime() - presumedDeadMs))
    })
    planned = true
    // While another version runs beside this one, there may be schedules that we do not know.
    const ours = due.filter(name => byName.has(name))
    // One job a minute at most: a second one of the same minute would be the same tick.
    for (const name of ours) await queues.enqueue('maintenance', [{ tenantId: home, id: name }], { round: roundOf(moment), board: { name, kept } })
    return ours
  }

  function inTurn (): Promise<string[]> {
    const turn = last.then(look)
    last = turn.catch(() => {})
    return turn
  }

  async function tick (): Promise<void> {
    try {
      await inTurn()
      failures = 0
    } catch (err) {
      if (failures++ === 0) log.error({ err }, 'schedules could not be looked at; it goes on trying')
    }
    schedule(intervalMs)
  }

  function schedule (ms: number): void {
    if (!stopping.signal.aborted) cancel = after(ms, tick)
  }

  schedule(0)
  return {
    tick: inTurn,
    stop: async () => {
      stopping.abort()
      cancel()
      await last
      await Promise.all(running)
    }
  }
}

const roundOf = (moment: Date): number => Math.floor(moment.getTime() / roundMs)

/** On the board; where the next run goes on is of no interest there. */
function shown ({ until: _until, ...counts }: Counts): Counts {
  return counts
}

function checked (task: ScheduledTask): ScheduledTask {
  if (!/^[a-z]+(-[a-z]+)*$/.test(task.name)) throw new Error(`the name of a schedule is lower-case words joined by hyphens: ${task.name}`)
  if (!(task.everyMs >= roundMs && task.everyMs <= 400 * dayMs)) throw new RangeError(`schedule ${task.name}: everyMs must be a minute at least`)
  return task
}
