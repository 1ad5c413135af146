import { sql } from 'kysely'
import type { Hub } from './hub.ts'
import { processInbound } from './inbound/process.ts'
import { type Maintenance, startMaintenance } from './jobs/maintenance.ts'
import type { Queues } from './jobs/queues.ts'
import { startSweeper, type Sweeper } from './jobs/sweeper.ts'
import { resolveRefund } from './payments/refunds.ts'
import { resolvePayment } from './payments/resolver.ts'
import { carryOutCancel } from './payments/service.ts'

export interface RunningWorker {
  sweeper: Sweeper
  maintenance: Maintenance
  stop: () => Promise<void>
}

const hourMs = 3600_000

/** Everything that happens in the background. Rows say what there is to do; jobs only wake it. */
export function runWorker (hub: Hub, queues: Queues): RunningWorker {
  queues.work('inbound', async ({ tenantId, id }) => await processInbound(hub, tenantId, id), { concurrency: 8 })
  queues.work('payment', async ({ tenantId, id }) => await resolvePayment(hub, tenantId, id, { carryOutCancel }), { concurrency: 4 })
  queues.work('refund', async ({ tenantId, id }) => await resolveRefund(hub, tenantId, id), { concurrency: 2 })
  const sweeper = startSweeper({ db: hub.db, queues, intervalMs: hub.config.sweepIntervalMs, batch: 2000, now: hub.now, log: hub.log })
  const maintenance = startMaintenance({
    db: hub.db,
    now: hub.now,
    log: hub.log,
    tasks: [
      { name: 'months ahead', everyMs: 24 * hourMs, run: async () => { await sql`select maintenance.ensure_partitions(3)`.execute(hub.db) } },
      { name: 'forget idempotency keys', everyMs: hourMs, run: async ({ now }) => { await sql`select gate.forget_idempotency_keys(${now}, 10000)`.execute(hub.db) } }
    ]
  })
  return {
    sweeper,
    maintenance,
    stop: async () => { await Promise.all([sweeper.stop(), maintenance.stop()]) }
  }
}
