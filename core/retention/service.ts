import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { claimTimer, clearTimer, setTimer } from '../db/timers.ts'
import type { Hub } from '../hub.ts'
import { uuidAt } from '../ids.ts'
import * as queries from './queries.ts'
import type { Expunges, Forgets, Monthly, Range } from './queries.ts'

const dayMs = 86_400_000
const batch = 2000
const firstUuid = '00000000-0000-0000-0000-000000000000'
/** A login that is over is of no use to anybody after that. */
const sessionsMs = 30 * dayMs

export interface Retained {
  /** Whole months that are gone, by the names of their partitions. */
  months: string[]
  /** Rows of other tables. */
  forgotten: number
  /** Rows whose content is gone, and whose facts stay. */
  expunged: number
  /** Everything before it is expunged. */
  until: string
}

/**
 * Ends what was kept long enough (RETENTION_…): months whole, other rows in batches, and of what stays the content after
 * RETENTION_PAYLOADS. Fiscal documents, payments, and all that reconciles them are never touched here. Safe to repeat; stops between
 * two batches when told to. `expungedUntil`: how far an earlier run came.
 */
export async function retain (hub: Pick<Hub, 'db' | 'config' | 'log'>, { now, signal, expungedUntil }: { now: Date, signal: AbortSignal, expungedUntil?: Date | undefined }): Promise<Retained> {
  const { db, config, log } = hub
  const ago = (ms: number): Date => new Date(now.getTime() - ms)
  const keptMs: Record<Monthly, number> = { events: config.retentionEvents, operations: config.retentionOperations, inbound_events: config.retentionInbound }
  const months: string[] = []
  for (const [table, ms] of Object.entries(keptMs) as [Monthly, number][]) {
    if (signal.aborted) break
    // A table that is busy is for tomorrow: nobody waits behind this.
    months.push(...await queries.dropMonths(db, table, ago(ms)).catch((err: unknown) => {
      log.warn({ err, table }, 'old months could not be dropped yet')
      return []
    }))
  }
  // Rows of months that had no partition of their own.
  const stray = (ms: number): string => uuidAt(startOfMonth(ago(ms)))
  const forget: [Forgets, string][] = [
    [queries.forgetAppendOnly('events'), stray(keptMs.events)],
    [queries.forgetOlder('operations'), stray(keptMs.operations)],
    [queries.forgetOlder('inbound_events'), stray(keptMs.inbound_events)],
    [queries.forgetSeen, stray(keptMs.inbound_events)],
    [queries.forgetOlder('inbound_refused'), uuidAt(ago(config.retentionPayloads))],
    [queries.forgetAppendOnly('audit_log'), uuidAt(ago(config.retentionAudit))],
    [queries.forgetSessions, uuidAt(ago(sessionsMs))]
  ]
  const before = ago(config.retentionPayloads)
  // A day twice: a clock that was set back, a webhook that was still at work.
  const range: Range = { from: expungedUntil === undefined ? firstUuid : uuidAt(new Date(expungedUntil.getTime() - dayMs)), before: uuidAt(before) }
  let forgotten = await inBatches(signal, async () => await queries.forgetDeliveries(db, ago(config.retentionDeliveries), batch))
  let expunged = 0
  for await (const tenantId of queries.everyTenant(db)) {
    if (signal.aborted) break
    for (const [rows, older] of forget) forgotten += await inBatches(signal, async () => await inTenant(db, tenantId, async db => await rows(db, older, batch)))
    for (const content of contents) expunged += await inBatches(signal, async () => await inTenant(db, tenantId, async db => await content(db, range, batch)))
  }
  return { months, forgotten, expunged, until: before.toISOString() }
}

const contents: readonly Expunges[] = [queries.expungeEvents, queries.expungeOperations, queries.expungeInbound]

/** While one is on its way to a webhook endpoint its content stays: attempts go on for some 75 hours. */
export const underWayMs = 4 * dayMs

export interface Expunged { events: number, operations: number, inbound_events: number }

const expungeTimer = 'expunge'
/** So that what happened in this very moment is old enough then. */
const marginMs = 3600_000

/**
 * The content of all that happened to these subjects of the tenant, in the caller's transaction: for a person who wants to be
 * forgotten. At once what is older than `underWayMs`, and the rest by itself when it is; the subjects need not be there any more then.
 */
export async function expungeSubjects (db: TenantDb, subjects: readonly string[], now: Date): Promise<Expunged> {
  for (const id of subjects) await setTimer(db, expungeTimer, id, new Date(now.getTime() + underWayMs + marginMs))
  return await expungeOld(db, subjects, now)
}

/** The job that does the rest. */
export async function expungeRest (hub: Pick<Hub, 'db' | 'now' | 'config'>, tenantId: string, subject: string): Promise<void> {
  const now = hub.now()
  await inTenant(hub.db, tenantId, async db => {
    if (await claimTimer(db, expungeTimer, subject, now, hub.config.jobLeaseMs) === undefined) return
    await expungeOld(db, [subject], now)
    await clearTimer(db, expungeTimer, subject)
  })
}

async function expungeOld (db: TenantDb, subjects: readonly string[], now: Date): Promise<Expunged> {
  if (subjects.length === 0) return { events: 0, operations: 0, inbound_events: 0 }
  const range: Range = { from: firstUuid, before: uuidAt(new Date(now.getTime() - underWayMs)), subjects }
  const all = async (content: Expunges): Promise<number> => await inBatches(undefined, async () => await content(db, range, batch))
  return { events: await all(queries.expungeEvents), operations: await all(queries.expungeOperations), inbound_events: await all(queries.expungeInbound) }
}

async function inBatches (signal: AbortSignal | undefined, work: () => Promise<number>): Promise<number> {
  let total = 0
  for (let last = batch; last === batch && signal?.aborted !== true; total += last) last = await work()
  return total
}

function startOfMonth (at: Date): Date {
  return new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), 1))
}
