/** What a person runs by name: a schedule, or the work that rows ask for. */
import type { Hub } from '../hub.ts'
import { jobHandlers } from '../job-handlers.ts'
import { type JobKind, jobKinds } from '../jobs/kinds.ts'
import { inTenant } from '../db/in-tenant.ts'
import { bringForward, findHome, listSchedules, type ScheduleRow, waitingWork, type Work, workByKind } from './queries.ts'
import type { ScheduledTask } from './run.ts'

export interface RowWork {
  name: string
  about: string
  kinds: readonly RowKind[]
  /** A run by hand also takes what is planned for later: where a look too early only finds that it is too early. */
  forward: boolean
}
type RowKind = keyof typeof jobHandlers

const named: readonly RowWork[] = [
  { name: 'fiscal-status-sync', about: 'Asks SAT, SRI and FACe what became of documents, and whether one was cancelled elsewhere', kinds: ['invoice', 'invoice_watch'], forward: true },
  { name: 'certificate-watch', about: 'Tells of certificates that end soon, and of those whose turn has come', kinds: ['certificate'], forward: true },
  { name: 'completeness-audit', about: 'Compares what providers list with what we hold', kinds: ['completeness_audit'], forward: true },
  { name: 'provider-transactions', about: 'Reads the books of the providers: fees, payouts', kinds: ['balance_transactions'], forward: true },
  { name: 'self-invoices', about: 'Reminds buyers of their self-invoicing link, and ends links whose time is over', kinds: ['sale'], forward: true },
  { name: 'global-invoices', about: 'Makes the global invoices of periods that are over', kinds: ['global_schedule', 'global_invoice'], forward: true },
  { name: 'sales-audit', about: 'Looks whether every sale is in exactly one document, or lawfully waits', kinds: ['sales_audit'], forward: true },
  { name: 'stamps', about: 'Asks the PACs how many stamps are left', kinds: ['stamps'], forward: true },
  { name: 'disputes', about: 'Asks providers about disputes', kinds: ['dispute', 'dispute_listing'], forward: true },
  { name: 'unknown-outcomes', about: 'Asks providers about payments and refunds whose outcome is not known', kinds: ['payment', 'refund'], forward: true },
  { name: 'webhook-retries', about: 'Processes webhooks that failed and wait for their next try', kinds: ['inbound'], forward: true }
]

/** Every kind of work is in exactly one of them: what has no name of its own is called as its queue. */
export const rowWork: readonly RowWork[] = [
  ...named,
  ...jobKinds.filter((kind): kind is RowKind => kind in jobHandlers && !named.some(({ kinds }) => kinds.includes(kind as RowKind)))
    .map(kind => ({ name: kind.replaceAll('_', '-'), about: `The queue ${kind}: does what is due`, kinds: [kind], forward: false }))
]

export type ListedJob =
  | { name: string, type: 'schedule', about: string, every_seconds: number, due_at: string | null, last: LastRun | null }
  | { name: string, type: 'rows', about: string, queues: readonly JobKind[], planned: number, due: number, next_at: string | null }

export interface LastRun { outcome: string, started_at: string, finished_at: string | null, duration_ms: number | null, counts: unknown, error: string | null }

/** Every schedule with its last run, and every kind of work that rows ask for with how many rows wait. It counts all rows that have a plan. */
export async function listJobs (hub: Pick<Hub, 'db' | 'now'>, tasks: readonly ScheduledTask[]): Promise<ListedJob[]> {
  const home = await findHome(hub.db)
  const rows = home === undefined ? [] : await inTenant(hub.db, home, async db => await listSchedules(db))
  const work = await workByKind(hub.db, hub.now())
  return [
    ...tasks.map(({ name, about = '', everyMs }): ListedJob => {
      const row = rows.find(row => row.name === name)
      return { name, type: 'schedule', about, every_seconds: everyMs / 1000, due_at: row?.due_at.toISOString() ?? null, last: row === undefined ? null : lastRun(row) }
    }),
    ...rowWork.map(({ name, about, kinds }): ListedJob => {
      const mine = work.filter(({ kind }) => (kinds as readonly string[]).includes(kind))
      const next = mine.flatMap(({ nextAt }) => nextAt === null ? [] : [nextAt.getTime()])
      const sum = (what: 'planned' | 'due') => mine.reduce((total, each) => total + each[what], 0)
      return { name, type: 'rows', about, queues: kinds, planned: sum('planned'), due: sum('due'), next_at: next.length === 0 ? null : new Date(Math.min(...next)).toISOString() }
    })
  ]
}

function lastRun ({ outcome, started_at: started, finished_at: finished, counts, error }: ScheduleRow): LastRun | null {
  if (started === null || outcome === null) return null
  return { outcome, started_at: started.toISOString(), finished_at: finished?.toISOString() ?? null, duration_ms: finished === null ? null : finished.getTime() - started.getTime(), counts, error }
}

export interface RowsRun {
  /** Rows that were planned for later and are due now. */
  brought_forward: number
  /** Rows that were worked on, and those of them whose work threw. */
  rows: number
  failed: number
}

/** Longer than any lease: what is planned sooner may be in a worker's hands, and comes by itself. */
const leaseAtMostMs = 15 * 60_000
const farAway = new Date('9999-01-01T00:00:00Z')
const batch = 500
const atOnce = 4
/** Work that makes itself due again goes on, and not for ever. */
const timesAtMost = 50

/**
 * Brings forward what rows of those kinds are planned for, then does what is due until nothing is: of one tenant or of all, beside
 * running workers. A row that a worker has is left to it. `progress` is told the rows so far.
 */
export async function runRows (hub: Hub, { kinds, forward }: RowWork, { tenantId, signal, progress = () => {} }: { tenantId?: string | undefined, signal?: AbortSignal, progress?: (rows: number) => void } = {}): Promise<RowsRun> {
  const { db } = hub
  let broughtForward = 0
  if (forward) {
    const now = hub.now()
    const after = new Date(now.getTime() + leaseAtMostMs)
    for (;;) {
      const later = await waitingWork(db, { kinds, tenantId, from: after, to: farAway, limit: batch })
      if (later.length === 0 || signal?.aborted === true) break
      let moved = 0
      for (const [owner, kind, ids] of byOwner(later)) moved += await bringForward(db, owner, kind, ids, { now, after })
      broughtForward += moved
      if (moved === 0) break // others take them
    }
  }
  const times = new Map<string, number>()
  const failed = new Set<string>()
  for (;;) {
    const due = (await waitingWork(db, { kinds, tenantId, from: new Date(0), to: hub.now(), limit: batch })).filter(row => (times.get(keyOf(row)) ?? 0) < timesAtMost)
    if (due.length === 0 || signal?.aborted === true) break
    const queue = [...due]
    await Promise.all(Array.from({ length: atOnce }, async () => {
      for (let row = queue.shift(); row !== undefined && signal?.aborted !== true; row = queue.shift()) {
        times.set(keyOf(row), (times.get(keyOf(row)) ?? 0) + 1)
        try {
          await jobHandlers[row.kind as RowKind].run(hub, row.tenantId, row.id)
          failed.delete(keyOf(row))
        } catch (err) {
          // Its row says when it runs again; here it is not tried a second time.
          times.set(keyOf(row), timesAtMost)
          failed.add(keyOf(row))
          hub.log.error({ err, kind: row.kind, tenantId: row.tenantId, id: row.id }, 'work that was run by hand failed')
        }
      }
    }))
    progress(times.size)
  }
  return { brought_forward: broughtForward, rows: times.size, failed: failed.size }
}

const keyOf = ({ kind, tenantId, id }: Work): string => `${kind} ${tenantId} ${id}`

function byOwner (rows: readonly Work[]): [tenantId: string, kind: string, ids: string[]][] {
  return [...Map.groupBy(rows, ({ tenantId, kind }) => `${tenantId} ${kind}`).values()].map(group => [group[0]!.tenantId, group[0]!.kind, group.map(({ id }) => id)])
}
