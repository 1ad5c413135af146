import { sql } from 'kysely'
import type { Mode } from '../adapter/context.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import { shadowOf } from './shadow.ts'
import type { HookedConnection } from './targets.ts'

const shown = ['id', 'connection_id', 'mode', 'provider', 'verdict', 'event_type', 'status', 'reason', 'attempts', 'subject_id', 'subject_type', 'received_at', 'processed_at', 'next_run_at', 'dedupe_key'] as const
const duplicates = sql<number>`coalesce((select s.duplicates from inbound_seen s where s.tenant_id = inbound_events.tenant_id and s.connection_id = inbound_events.connection_id and s.dedupe_key = inbound_events.dedupe_key), 0)`

export interface InboundFilter {
  mode: Mode
  limit?: number
  /** Ids, which are also moments: exclusive and inclusive. */
  before?: string
  connectionId?: string
  status?: string
  verdict?: 'verified' | 'unverifiable'
  eventType?: string
  from?: string
}

const filtered = (db: TenantDb, filter: InboundFilter) => db.selectFrom('inbound_events')
  .where('inbound_events.tenant_id', '=', db.tenantId).where('mode', '=', filter.mode)
  .$if(filter.before !== undefined, q => q.where('id', '<', filter.before!))
  .$if(filter.connectionId !== undefined, q => q.where('connection_id', '=', filter.connectionId!))
  .$if(filter.status !== undefined, q => q.where('status', '=', filter.status!))
  .$if(filter.verdict !== undefined, q => q.where('verdict', '=', filter.verdict!))
  .$if(filter.eventType !== undefined, q => q.where('event_type', '=', filter.eventType!))
  .$if(filter.from !== undefined, q => q.where('id', '>=', filter.from!))

export async function listInbound (db: TenantDb, filter: InboundFilter & { limit: number }) {
  return await filtered(db, filter).select(shown).select([duplicates.as('duplicates'), shadowOf('inbound_events')]).orderBy('id', 'desc').limit(filter.limit).execute()
}
export type InboundRow = Awaited<ReturnType<typeof listInbound>>[number]

export async function findInbound (db: TenantDb, id: string) {
  return await db.selectFrom('inbound_events').select(shown).select(['headers', 'body_sealed', duplicates.as('duplicates'), shadowOf('inbound_events')])
    .where('tenant_id', '=', db.tenantId).where('id', '=', id).executeTakeFirst()
}

const refused = (db: TenantDb) => db.selectFrom('inbound_refused').innerJoin('connections as c', join => join.onRef('c.tenant_id', '=', 'inbound_refused.tenant_id').onRef('c.id', '=', 'inbound_refused.connection_id'))
  .select(['inbound_refused.id', 'inbound_refused.connection_id', 'inbound_refused.mode', 'c.provider', 'inbound_refused.reason', 'inbound_refused.received_at', 'inbound_refused.address', 'inbound_refused.body_bytes', 'inbound_refused.headers', 'inbound_refused.url', shadowOf('inbound_refused')])
  .where('inbound_refused.tenant_id', '=', db.tenantId)

const refusedOf = (db: TenantDb, filter: Pick<InboundFilter, 'mode' | 'before' | 'connectionId' | 'from'> & { limit: number }) => refused(db).where('inbound_refused.mode', '=', filter.mode)
  .$if(filter.before !== undefined, q => q.where('inbound_refused.id', '<', filter.before!))
  .$if(filter.connectionId !== undefined, q => q.where('inbound_refused.connection_id', '=', filter.connectionId!))
  .$if(filter.from !== undefined, q => q.where('inbound_refused.id', '>=', filter.from!))
  .orderBy('inbound_refused.id', 'desc').limit(filter.limit)

export async function listRefused (db: TenantDb, filter: Parameters<typeof refusedOf>[1]) {
  return await refusedOf(db, filter).execute()
}
export type RefusedRow = Awaited<ReturnType<typeof listRefused>>[number]

export async function findRefused (db: TenantDb, id: string) {
  return await refused(db).select('inbound_refused.body_sealed').where('inbound_refused.id', '=', id).executeTakeFirst()
}

/** With what has to be judged anew. */
export async function listRefusedWhole (db: TenantDb, filter: Parameters<typeof listRefused>[1]) {
  return await refusedOf(db, filter).select('inbound_refused.body_sealed').execute()
}

/** False: it is not there any more. */
export async function dropRefused (db: TenantDb, id: string): Promise<boolean> {
  return (await db.deleteFrom('inbound_refused').where('tenant_id', '=', db.tenantId).where('id', '=', id).executeTakeFirst()).numDeletedRows > 0n
}

/** The event that a key was first seen as. */
export async function seenAs (db: TenantDb, connectionId: string, dedupeKey: string): Promise<string | undefined> {
  return (await db.selectFrom('inbound_seen').select('event_id').where('tenant_id', '=', db.tenantId).where('connection_id', '=', connectionId).where('dedupe_key', '=', dedupeKey).executeTakeFirst())?.event_id
}

/** With the secrets that are good at the moment; undefined when it was deleted. */
export async function findHooked (db: TenantDb, connectionId: string, secretOf: (provider: string) => string | undefined, now: Date): Promise<HookedConnection | undefined> {
  const row = await db.selectFrom('connections').select(['id', 'provider', 'mode', 'settings']).where('tenant_id', '=', db.tenantId).where('id', '=', connectionId).where('deleted_at', 'is', null).executeTakeFirst()
  if (row === undefined) return undefined
  const secrets = await db.selectFrom('credentials').select(['name', 'version', 'sealed', 'valid_until']).where('tenant_id', '=', db.tenantId).where('connection_id', '=', connectionId).where('name', '=', secretOf(row.provider) ?? '')
    .where(where => where.or([where('valid_until', 'is', null), where('valid_until', '>', now)])).orderBy('version', 'desc').execute()
  return { tenant_id: db.tenantId, connection_id: row.id, provider: row.provider, mode: row.mode as Mode, settings: row.settings as Record<string, unknown>, secrets: secrets.map(({ valid_until: until, ...secret }) => ({ ...secret, valid_until: until?.toISOString() ?? null })) }
}

/** The row for the job that processes it: skipped when another job holds it. */
export async function claimInbound (db: TenantDb, id: string, now: Date, leaseMs: number) {
  return await db.updateTable('inbound_events').set({ next_run_at: new Date(now.getTime() + leaseMs), attempts: sql`attempts + 1` })
    .where('tenant_id', '=', db.tenantId).where('id', '=', id).where('status', 'in', ['received', 'retrying'])
    // Clocks of several machines differ a little; a lease is far longer than that.
    .where('next_run_at', '<=', new Date(now.getTime() + 1000))
    .returningAll().executeTakeFirst()
}

export async function finishInbound (db: TenantDb, id: string, end: { status: string, reason: string | null, subjectId?: string | null, subjectType?: string, nextRunAt: Date | null, now: Date }): Promise<void> {
  await db.updateTable('inbound_events').set({
    status: end.status,
    reason: end.reason,
    ...(end.subjectId !== undefined && { subject_id: end.subjectId, subject_type: end.subjectType ?? 'payment' }),
    next_run_at: end.nextRunAt,
    processed_at: end.nextRunAt === null ? end.now : null
  }).where('tenant_id', '=', db.tenantId).where('id', '=', id).execute()
}

export async function countMatching (db: TenantDb, filter: InboundFilter): Promise<number> {
  const { n } = await filtered(db, filter).where('body_sealed', '<>', '').select(sql<number>`count(*)`.as('n')).executeTakeFirstOrThrow()
  return n
}

/** Puts them back at the start, the newest `atMost` of them. Processing is idempotent, so replaying what was processed is safe. */
export async function replayMatching (db: TenantDb, filter: InboundFilter, now: Date, atMost: number): Promise<string[]> {
  const ids = await filtered(db, filter).where('body_sealed', '<>', '').select('id').orderBy('id', 'desc').limit(atMost).execute()
  if (ids.length === 0) return []
  await db.updateTable('inbound_events').set({ status: 'received', reason: null, attempts: 0, next_run_at: now })
    .where('tenant_id', '=', db.tenantId).where('id', 'in', ids.map(({ id }) => id)).execute()
  return ids.map(({ id }) => id)
}

/** True when it is the first of half a minute. */
export async function markEventSeen (db: TenantDb, connectionId: string, at: Date): Promise<boolean> {
  const { numUpdatedRows } = await db.updateTable('connections').set({ first_event_at: sql`coalesce(first_event_at, ${at})`, last_event_at: sql`greatest(last_event_at, ${at})` })
    .where('tenant_id', '=', db.tenantId).where('id', '=', connectionId)
    // Not a row's write per webhook: half a minute is fine enough to see whether events arrive.
    .where(eb => eb.or([eb('last_event_at', 'is', null), eb('last_event_at', '<', new Date(at.getTime() - 30_000))])).executeTakeFirst()
  return numUpdatedRows > 0n
}

export async function resetAttempts (db: TenantDb, id: string): Promise<void> {
  await db.updateTable('inbound_events').set({ attempts: 0 }).where('tenant_id', '=', db.tenantId).where('id', '=', id).execute()
}
