import { sql } from 'kysely'
import type { TenantDb } from '../db/in-tenant.ts'
import { uuidAt } from '../ids.ts'
import { noDurations } from './latency.ts'

const slotMs = 5 * 60_000
const keptMs = 8 * 24 * 3600_000

/** The five minutes that a moment belongs to. */
export const slotOf = (at: Date): Date => new Date(Math.floor(at.getTime() / slotMs) * slotMs)

/** How the calls of one connection went, in some time. */
export interface Calls { succeeded: number, refused: number, unknown: number, nowhere: number, durations: number[], longestMs: number }
export const noCalls = (): Calls => ({ succeeded: 0, refused: 0, unknown: 0, nowhere: 0, durations: noDurations(), longestMs: 0 })

/** Adds what was counted since the last time. The first of five minutes also forgets what is older than eight days. */
export async function addCalls (db: TenantDb, connectionId: string, slot: Date, calls: Calls): Promise<void> {
  const { longestMs, durations, ...counts } = calls
  const made = await db.insertInto('connection_slots').values({ tenant_id: db.tenantId, connection_id: connectionId, slot, ...counts, durations, longest_ms: longestMs })
    .onConflict(oc => oc.columns(['tenant_id', 'connection_id', 'slot']).doUpdateSet({
      succeeded: sql`connection_slots.succeeded + excluded.succeeded`,
      refused: sql`connection_slots.refused + excluded.refused`,
      unknown: sql`connection_slots.unknown + excluded.unknown`,
      nowhere: sql`connection_slots.nowhere + excluded.nowhere`,
      durations: sql`array(select a + b from unnest(connection_slots.durations, excluded.durations) with ordinality as u (a, b, place) order by place)`,
      longest_ms: sql`greatest(connection_slots.longest_ms, excluded.longest_ms)`
    })).returning(sql<boolean>`xmax = 0`.as('fresh')).executeTakeFirstOrThrow()
  if (!made.fresh) return
  await db.deleteFrom('connection_slots').where('tenant_id', '=', db.tenantId).where('connection_id', '=', connectionId).where('slot', '<', new Date(slot.getTime() - keptMs)).execute()
}

/** By connection, of the slots that begin in this time. */
export async function callsSince (db: TenantDb, from: Date, connectionId?: string): Promise<Map<string, Calls>> {
  const rows = await db.selectFrom('connection_slots').select(['connection_id', 'succeeded', 'refused', 'unknown', 'nowhere', 'durations', 'longest_ms'])
    .where('tenant_id', '=', db.tenantId).where('slot', '>=', slotOf(from)).$if(connectionId !== undefined, q => q.where('connection_id', '=', connectionId!)).execute()
  const sums = new Map<string, Calls>()
  for (const row of rows) {
    const sum = sums.get(row.connection_id) ?? noCalls()
    sums.set(row.connection_id, {
      succeeded: sum.succeeded + row.succeeded,
      refused: sum.refused + row.refused,
      unknown: sum.unknown + row.unknown,
      nowhere: sum.nowhere + row.nowhere,
      durations: sum.durations.map((count, place) => count + (row.durations[place] ?? 0)),
      longestMs: Math.max(sum.longestMs, row.longest_ms)
    })
  }
  return sums
}

export interface Attempts { ended: number, failed: number, reason: string | null }
/** More than these are not looked at: a share of so many says enough. */
const attemptsAtMost = 20_000

/** Payment attempts that were begun in this time and have ended, by connection; `reason` is what most of the failed ones were told. */
export async function attemptsSince (db: TenantDb, from: Date, connectionId?: string): Promise<Map<string, Attempts>> {
  const { rows } = await sql<{ connection_id: string, ended: string, failed: string, reason: string | null }>`
    select connection_id, count(*) as ended, count(*) filter (where status <> 'succeeded') as failed, mode() within group (order by error ->> 'code') filter (where status <> 'succeeded') as reason
    from (
      select connection_id, status, error from payment_attempts
      where tenant_id = ${db.tenantId} and id >= ${uuidAt(from)} and status in ('succeeded', 'declined', 'never_sent') and (${connectionId ?? null}::uuid is null or connection_id = ${connectionId ?? null})
      order by id desc limit ${attemptsAtMost}
    ) a group by 1`.execute(db)
  return new Map(rows.map(row => [row.connection_id, { ended: Number(row.ended), failed: Number(row.failed), reason: row.reason }]))
}

/** The last documents that a connection was given to issue, newest first, at most so many and none older than `from`. */
export async function lastIssued (db: TenantDb, connectionId: string, from: Date, atMost: number): Promise<{ outcome: string, error_code: string | null, provider_code: string | null }[]> {
  return await db.selectFrom('operations').select(['outcome', 'error_code', 'provider_code']).where('tenant_id', '=', db.tenantId).where('connection_id', '=', connectionId)
    .where('id', '>=', uuidAt(from)).where('kind', '=', 'issue').where('outcome', '<>', 'running').orderBy('id', 'desc').limit(atMost).execute()
}

/** Webhooks of a connection that were stored in this time, at most so many, and how many of them are about nothing of ours. */
export async function hooksBetween (db: TenantDb, connectionId: string, from: Date, to: Date, atMost = 20_000): Promise<{ taken: number, unmatched: number }> {
  const { rows: [row] } = await sql<{ taken: string, unmatched: string }>`
    select count(*) as taken, count(*) filter (where status = 'unmatched') as unmatched
    from (select status from inbound_events where tenant_id = ${db.tenantId} and connection_id = ${connectionId} and id >= ${uuidAt(from)} and id < ${uuidAt(to)} order by id desc limit ${atMost}) e`.execute(db)
  return { taken: Number(row!.taken), unmatched: Number(row!.unmatched) }
}

/** Whether money was asked for at this provider in this time: then a webhook would have come. */
export async function askedSince (db: TenantDb, connectionId: string, from: Date): Promise<boolean> {
  const row = await db.selectFrom('operations').select('id').where('tenant_id', '=', db.tenantId).where('connection_id', '=', connectionId).where('id', '>=', uuidAt(from))
    .where('kind', 'in', ['create_payment', 'confirm_payment', 'refund']).where('outcome', '=', 'succeeded').limit(1).executeTakeFirst()
  return row !== undefined
}

/** Refused webhooks of a connection in this time. */
export async function refusedSince (db: TenantDb, connectionId: string, from: Date): Promise<number> {
  const { refused } = await db.selectFrom('inbound_refused_slots').select(sql<string>`coalesce(sum(refused), 0)`.as('refused')).where('tenant_id', '=', db.tenantId).where('connection_id', '=', connectionId)
    .where('slot', '>=', slotOf(from)).executeTakeFirstOrThrow()
  return Number(refused)
}

export interface WatchedConnection { id: string, mode: string, enabled: boolean, provider: string, last_event_at: Date | null, hook_registered_at: Date | null }

export async function watchedConnections (db: TenantDb): Promise<WatchedConnection[]> {
  return await db.selectFrom('connections').select(['id', 'mode', 'enabled', 'provider', 'last_event_at', 'hook_registered_at']).where('tenant_id', '=', db.tenantId).where('deleted_at', 'is', null).execute()
}
