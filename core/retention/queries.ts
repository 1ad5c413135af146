import { type Kysely, sql } from 'kysely'
import type { TenantDb } from '../db/in-tenant.ts'
import type { Database } from '../db/schema.ts'

/** Kept by month: a month that is old enough is dropped whole. */
export type Monthly = 'events' | 'operations' | 'inbound_events'

/** The months that are gone. Throws when the table is busy (lock_timeout), and then nothing of it is gone. */
export async function dropMonths (db: Kysely<Database>, table: Monthly, before: Date): Promise<string[]> {
  const { rows: [row] } = await sql<{ gone: string[] }>`select maintenance.drop_months(${table}, ${before}) as gone`.execute(db)
  return row?.gone ?? []
}

const pageSize = 500

/** The ids of all tenants, the platform's own with them, whatever their status. */
export async function * everyTenant (db: Kysely<Database>): AsyncGenerator<string> {
  const { rows: platform } = await sql<{ id: string }>`select id from gate.platform_tenant()`.execute(db)
  yield * platform.map(({ id }) => id)
  for (let before: string | null = null; ;) {
    const { rows }: { rows: { id: string }[] } = await sql<{ id: string }>`select id from gate.list_tenants(null, null, null, ${before}, ${pageSize})`.execute(db)
    yield * rows.map(({ id }) => id)
    if (rows.length < pageSize) return
    before = rows.at(-1)!.id
  }
}

/** Deletes what is older, a batch at most; tells how many. */
export type Forgets = (db: TenantDb, before: string, limit: number) => Promise<number>

export const forgetAppendOnly = (table: 'events' | 'audit_log'): Forgets => async (db, before, limit) => {
  const { rows: [row] } = await sql<{ gone: number }>`select gate.forget_append_only(${table}, ${db.tenantId}, ${before}, ${limit}) as gone`.execute(db)
  return row?.gone ?? 0
}

export const forgetOlder = (table: 'operations' | 'inbound_events' | 'inbound_refused'): Forgets => async (db, before, limit) => {
  const { numAffectedRows: n = 0n } = await sql`
    delete from ${sql.table(table)} where tenant_id = ${db.tenantId} and id in (select id from ${sql.table(table)} where tenant_id = ${db.tenantId} and id < ${before} order by id limit ${limit})`.execute(db)
  return Number(n)
}

/** That a webhook was seen is known for as long as the webhook itself. */
export const forgetSeen: Forgets = async (db, before, limit) => {
  const { numAffectedRows: n = 0n } = await sql`
    delete from inbound_seen where tenant_id = ${db.tenantId} and (connection_id, dedupe_key) in (
      select connection_id, dedupe_key from inbound_seen where tenant_id = ${db.tenantId} and event_id < ${before} limit ${limit})`.execute(db)
  return Number(n)
}

/** Logins that are over. */
export const forgetSessions: Forgets = async (db, before, limit) => {
  const { numAffectedRows: n = 0n } = await sql`
    delete from sessions where tenant_id = ${db.tenantId} and id in (
      select id from sessions where tenant_id = ${db.tenantId} and id < ${before} and (revoked_at is not null or expires_at < now()) order by id limit ${limit})`.execute(db)
  return Number(n)
}

export async function forgetDeliveries (db: Kysely<Database>, before: Date, limit: number): Promise<number> {
  const { rows: [row] } = await sql<{ gone: number }>`select gate.forget_deliveries(${before}, ${limit}) as gone`.execute(db)
  return row?.gone ?? 0
}

/** Ids from (inclusive) and before (exclusive) which it happened; of these subjects only, where they are named. */
export interface Range { from: string, before: string, subjects?: readonly string[] }
export type Expunges = (db: TenantDb, range: Range, limit: number) => Promise<number>

const ofSubjects = ({ subjects }: Range) => subjects === undefined ? sql<boolean>`true` : sql<boolean>`subject_id = any(${[...subjects]}::uuid[])`

/** Facts stay: which event of which object, with its state and its money. */
export const expungeEvents: Expunges = async (db, { from, before, subjects }, limit) => {
  const { rows: [row] } = await sql<{ gone: number }>`select gate.expunge_events(${db.tenantId}, ${from}, ${before}, ${subjects === undefined ? null : [...subjects]}::uuid[], ${limit}) as gone`.execute(db)
  return row?.gone ?? 0
}

/** That we called, when, how long and how it ended stays; what was said goes. */
export const expungeOperations: Expunges = async (db, range, limit) => {
  const { numAffectedRows: n = 0n } = await sql`
    update operations set exchanges = '[]' where tenant_id = ${db.tenantId} and id in (
      select id from operations where tenant_id = ${db.tenantId} and id >= ${range.from} and id < ${range.before} and exchanges <> '[]' and ${ofSubjects(range)} order by id limit ${limit})`.execute(db)
  return Number(n)
}

/** That it came, what it was called and what became of it stays. What still waits to be processed is left. */
export const expungeInbound: Expunges = async (db, range, limit) => {
  const { numAffectedRows: n = 0n } = await sql`
    update inbound_events set body_sealed = '', headers = '{}', url = split_part(url, '?', 1) where tenant_id = ${db.tenantId} and id in (
      select id from inbound_events where tenant_id = ${db.tenantId} and id >= ${range.from} and id < ${range.before} and body_sealed <> '' and next_run_at is null and ${ofSubjects(range)} order by id limit ${limit})`.execute(db)
  return Number(n)
}
