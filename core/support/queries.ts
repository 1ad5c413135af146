import { type Kysely, type Selectable, sql } from 'kysely'
import type { Mode } from '../adapter/context.ts'
import type { IdWindow } from '../db/id-window.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import type { Database } from '../db/schema.ts'

export type SupportAccessRow = Selectable<Database['support_access']>

export interface NewAccessRow { id: string, user_id: string, user_name: string, kind: string, reason: string, created_at: Date, expires_at: Date }

export async function insertAccess (db: TenantDb, row: NewAccessRow): Promise<SupportAccessRow> {
  return await db.insertInto('support_access').values({ tenant_id: db.tenantId, ...row }).returningAll().executeTakeFirstOrThrow()
}

export async function findAccess (db: TenantDb, id: string): Promise<SupportAccessRow | undefined> {
  return await db.selectFrom('support_access').selectAll().where('tenant_id', '=', db.tenantId).where('id', '=', id).executeTakeFirst()
}

export async function listAccess (db: TenantDb, window: IdWindow): Promise<SupportAccessRow[]> {
  return await db.selectFrom('support_access').selectAll().where('tenant_id', '=', db.tenantId)
    .$if(window.before !== undefined, q => q.where('id', '<', window.before!)).$if(window.from !== undefined, q => q.where('id', '>=', window.from!))
    .orderBy('id', 'desc').limit(window.limit).execute()
}

/** Undefined when it has ended already. */
export async function endAccess (db: TenantDb, id: string, by: string, at: Date): Promise<SupportAccessRow | undefined> {
  return await db.updateTable('support_access').set({ ended_at: at, ended_by: by }).where('tenant_id', '=', db.tenantId).where('id', '=', id).where('ended_at', 'is', null).returningAll().executeTakeFirst()
}

/** Across tenants: of one person of support, or of all (`user` null). */
export async function listAccessOf (db: Kysely<Database>, user: string | null, window: Partial<IdWindow> & { id?: string }): Promise<SupportAccessRow[]> {
  const { rows } = await sql<SupportAccessRow>`select * from gate.list_support_access(${user}, ${window.id ?? null}, ${window.before ?? null}, ${window.from ?? null}, ${window.limit ?? 1})`.execute(db)
  return rows
}

export async function nameOfUser (db: TenantDb, id: string): Promise<string | undefined> {
  return (await db.selectFrom('users').select('name').where('tenant_id', '=', db.tenantId).where('id', '=', id).executeTakeFirst())?.name
}

export async function findTenant (db: Kysely<Database>, id: string): Promise<{ id: string, kind: string } | undefined> {
  const { rows } = await sql<{ id: string, kind: string }>`select id, kind from gate.find_tenant(${id})`.execute(db)
  return rows[0]
}

export interface OverviewRow {
  tenant_id: string, name: string, status: string, critical: string, warning: string, info: string, kinds: Record<string, number>, connections: string, failing: string, reconnect: string
  calls: string, failed: string, refused_webhooks: string, last_webhook_at: Date | null, entered: string
}

export async function overview (db: Kysely<Database>, now: Date, mode: Mode, after: string | null, limit: number): Promise<OverviewRow[]> {
  return (await sql<OverviewRow>`select * from gate.support_overview(${now}, ${mode}, ${after}, ${limit})`.execute(db)).rows
}

export async function queueHealth (db: Kysely<Database>, now: Date): Promise<{ kind: string, waiting: string, oldest_seconds: number }[]> {
  return (await sql<{ kind: string, waiting: string, oldest_seconds: number }>`select * from gate.queue_health(${now}) where waiting > 0 order by oldest_seconds desc`.execute(db)).rows
}

// --- one incident -----------------------------------------------------------------------------------------------------------

/** A payment with its attempts and refunds, or whatever else it is about alone. */
export async function subjectsOf (db: TenantDb, subjectId: string): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from refunds where tenant_id = ${db.tenantId} and payment_id = ${subjectId} union all select id from payment_attempts where tenant_id = ${db.tenantId} and payment_id = ${subjectId}`.execute(db)
  return [subjectId, ...rows.map(({ id }) => id)]
}

const hooksAtMost = 50
const rowsAtMost = 200

export async function hooksOf (db: TenantDb, subjectIds: readonly string[]) {
  return await db.selectFrom('inbound_events').select(['id', 'url', 'headers', 'body_sealed', 'verdict', 'reason', 'status', 'event_type', 'received_at'])
    .where('tenant_id', '=', db.tenantId).where('subject_id', 'in', subjectIds).orderBy('id').limit(hooksAtMost).execute()
}

export async function eventsOf (db: TenantDb, subjectIds: readonly string[]) {
  return await db.selectFrom('events').select(['id', 'type', 'subject_id', 'data', 'created_at']).where('tenant_id', '=', db.tenantId).where('subject_id', 'in', subjectIds).orderBy('id').limit(rowsAtMost).execute()
}

export async function operationsOf (db: TenantDb, subjectIds: readonly string[]) {
  return await db.selectFrom('operations').select(['id', 'kind', 'outcome', 'error_code', 'provider_code', 'http_status', 'started_at', 'finished_at', 'exchanges'])
    .where('tenant_id', '=', db.tenantId).where('subject_id', 'in', subjectIds).orderBy('id').limit(rowsAtMost).execute()
}

export async function alertsOf (db: TenantDb, publicIds: readonly string[]) {
  return await db.selectFrom('alerts').select(['kind', 'severity', 'times', 'created_at', 'resolved_at']).where('tenant_id', '=', db.tenantId).where('subject_id', 'in', publicIds).orderBy('id').limit(rowsAtMost).execute()
}

export async function requestOf (db: TenantDb, paymentId: string) {
  return await db.selectFrom('payments').select(['amount', 'currency', 'capture', 'off_session', 'method']).where('tenant_id', '=', db.tenantId).where('id', '=', paymentId).executeTakeFirst()
}

export async function inboundUrl (db: TenantDb, id: string): Promise<string | undefined> {
  return (await db.selectFrom('inbound_events').select('url').where('tenant_id', '=', db.tenantId).where('id', '=', id).executeTakeFirst())?.url
}
