import { sql } from 'kysely'
import { watchAlerts } from './alerts/watch.ts'
import { startDeliveries } from './deliveries/run.ts'
import { scheduledBackup } from './backup/scheduled.ts'
import type { Hub } from './hub.ts'
import { type JobHandler, jobHandlers } from './job-handlers.ts'
import { watchProviders } from './inbound/share.ts'
import type { JobKind } from './jobs/kinds.ts'
import type { Queues } from './jobs/queues.ts'
import { startSweeper, type Sweeper } from './jobs/sweeper.ts'
import { foldFigures } from './reports/fold.ts'
import { retain } from './retention/service.ts'
import type { Counts, RunContext, ScheduledTask } from './schedules/run.ts'
import { startTicker, type Ticker } from './schedules/ticker.ts'

export interface RunningWorker {
  sweeper: Sweeper
  ticker: Ticker
  stop: () => Promise<void>
}

/** What only some processes have. */
export interface Means {
  /** The owner of the database, who alone can read all of it. */
  ownerUrl?: string | undefined
}

const hourMs = 3600_000

/** What runs by the clock, under a name: by itself, and by hand with `pasarela jobs run`. What rows ask for has no line here (`core/db/timers.ts`). */
export function scheduledTasks (hub: Hub, { ownerUrl }: Means = {}): ScheduledTask[] {
  const { backupDir: folder } = hub.config
  return [
    { name: 'months-ahead', about: 'Makes the months to come of the tables that are kept by month', everyMs: 24 * hourMs, retryMs: hourMs, run: async () => await monthsAhead(hub) },
    { name: 'refused-webhooks', about: 'Looks whether a provider’s webhooks are refused at many tenants at once', everyMs: hourMs / 12, run: async () => { await watchProviders(hub) } },
    { name: 'alerts', about: 'Starts the looks at tenants where something happened or an alert stands, and sees how old the queues are', everyMs: hourMs / 12, run: async () => { await watchAlerts(hub) } },
    { name: 'report-figures', about: 'Adds up the figures of the dashboard', everyMs: hourMs / 60, run: async ({ signal }) => await foldFigures(hub, signal) },
    { name: 'idempotency-keys', about: 'Forgets the answers to Idempotency-Keys that have expired', everyMs: hourMs, run: async ({ now, signal }) => await forgetIdempotencyKeys(hub, now, signal) },
    { name: 'retention', about: 'Ends what was kept long enough: old months, old rows, what was said and about whom', everyMs: 24 * hourMs, run: async ({ now, signal, previous }) => ({ ...await retain(hub, { now, signal, expungedUntil: untilOf(previous) }) }) },
    // Only where there are both: of several processes, those that have them do it.
    ...(folder === undefined || ownerUrl === undefined
      ? []
      : [{ name: 'backup', about: `Writes a backup to ${folder}`, everyMs: Math.max(hub.config.backupEvery, hourMs / 60), retryMs: hourMs, run: async ({ now, signal }: RunContext) => ({ ...await scheduledBackup({ config: hub.config, documents: hub.documents, ownerUrl, folder, now, signal }) }) }])
  ]
}

/** Everything that happens in the background. `appUrl`: of the application's role, so that new events wake the deliveries at once. */
export function runWorker (hub: Hub, queues: Queues, { appUrl, ownerUrl }: { appUrl?: string } & Means = {}): RunningWorker {
  for (const [kind, { concurrency, run }] of Object.entries(jobHandlers) as [JobKind, JobHandler][]) {
    queues.work(kind, async ({ tenantId, id }) => {
      const done = hub.metrics.jobSeconds.startTimer({ queue: kind })
      let outcome = 'failed'
      try {
        await run(hub, tenantId, id)
        outcome = 'completed'
      } finally {
        done()
        hub.metrics.jobs.inc({ queue: kind, outcome })
      }
    }, { concurrency })
  }
  const sweeper = startSweeper({ db: hub.db, queues, intervalMs: hub.config.sweepIntervalMs, batch: 2000, now: hub.now, log: hub.log })
  const ticker = startTicker({ db: hub.db, queues, tasks: scheduledTasks(hub, { ownerUrl }), intervalMs: hub.config.sweepIntervalMs, now: hub.now, log: hub.log })
  const deliveries = startDeliveries({ hub, url: appUrl })
  return {
    sweeper,
    ticker,
    stop: async () => { await Promise.all([sweeper.stop(), ticker.stop(), deliveries.stop()]) }
  }
}

async function monthsAhead ({ db }: Hub): Promise<{ made: number }> {
  const { rows: [{ made } = { made: 0 }] } = await sql<{ made: number }>`select maintenance.ensure_partitions(3) as made`.execute(db)
  return { made }
}

const untilOf = ({ until }: Counts): Date | undefined => typeof until === 'string' ? new Date(until) : undefined

const keysAtOnce = 10_000

async function forgetIdempotencyKeys ({ db }: Hub, now: Date, signal: AbortSignal): Promise<{ forgotten: number }> {
  let forgotten = 0
  for (let last = keysAtOnce; last === keysAtOnce && !signal.aborted; forgotten += last) {
    const { rows: [row] } = await sql<{ n: number }>`select gate.forget_idempotency_keys(${now}, ${keysAtOnce}) as n`.execute(db)
    last = row?.n ?? 0
  }
  return { forgotten }
}
