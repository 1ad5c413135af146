import { sql } from 'kysely'
import type { Hub } from './hub.ts'
import { type JobHandler, jobHandlers } from './job-handlers.ts'
import { watchProviders } from './inbound/share.ts'
import type { JobKind } from './jobs/kinds.ts'
import { type Maintenance, startMaintenance } from './jobs/maintenance.ts'
import type { Queues } from './jobs/queues.ts'
import { startSweeper, type Sweeper } from './jobs/sweeper.ts'

export interface RunningWorker {
  sweeper: Sweeper
  maintenance: Maintenance
  stop: () => Promise<void>
}

const hourMs = 3600_000

/** Everything that happens in the background. */
export function runWorker (hub: Hub, queues: Queues): RunningWorker {
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
  const maintenance = startMaintenance({
    db: hub.db,
    now: hub.now,
    log: hub.log,
    tasks: [
      { name: 'months ahead', everyMs: 24 * hourMs, run: async () => { await sql`select maintenance.ensure_partitions(3)`.execute(hub.db) } },
      { name: 'refused webhooks by provider', everyMs: hourMs / 12, run: async () => { await watchProviders(hub) } },
      { name: 'forget idempotency keys', everyMs: hourMs, run: async ({ now }) => { await sql`select gate.forget_idempotency_keys(${now}, 10000)`.execute(hub.db) } }
    ]
  })
  return {
    sweeper,
    maintenance,
    stop: async () => { await Promise.all([sweeper.stop(), maintenance.stop()]) }
  }
}
