import { sql } from 'kysely'
import type { Mode } from '../adapter/context.ts'
import type { IdWindow } from '../db/id-window.ts'
import type { TenantDb } from '../db/in-tenant.ts'

const credentialsOf = sql<CredentialRow[]>`coalesce((
  select jsonb_agg(jsonb_build_object('name', k.name, 'version', k.version, 'fingerprint', k.fingerprint, 'hint', k.hint, 'valid_from', k.valid_from, 'valid_until', k.valid_until) order by k.version)
  from credentials k where k.tenant_id = c.tenant_id and k.connection_id = c.id and k.valid_until is null), '[]'::jsonb)`

const stampsOf = sql<(Omit<StampReadingRow, 'read_at'> & { read_at: string }) | null>`(
  select to_jsonb(s) from stamp_readings s where s.tenant_id = c.tenant_id and s.connection_id = c.id order by s.id desc limit 1)`

export interface CredentialRow { name: string, version: number, fingerprint: string, hint: string, valid_from: string, valid_until: string | null }

const selectConnections = (db: TenantDb) => db.selectFrom('connections as c')
  .innerJoin('tenants as t', 't.id', 'c.tenant_id')
  .selectAll('c').select(['t.host_name', credentialsOf.as('credentials'), stampsOf.as('stamps')])
  .where('c.tenant_id', '=', db.tenantId).where('c.deleted_at', 'is', null)
export type ConnectionRow = Awaited<ReturnType<ReturnType<typeof selectConnections>['executeTakeFirstOrThrow']>>

export async function findConnection (db: TenantDb, id: string): Promise<ConnectionRow | undefined> {
  return await selectConnections(db).where('c.id', '=', id).executeTakeFirst()
}

export async function listConnections (db: TenantDb, filter: IdWindow & { mode: Mode, provider?: string, health?: string }): Promise<ConnectionRow[]> {
  return await selectConnections(db).where('c.mode', '=', filter.mode)
    .$if(filter.before !== undefined, q => q.where('c.id', '<', filter.before!))
    .$if(filter.from !== undefined, q => q.where('c.id', '>=', filter.from!))
    .$if(filter.provider !== undefined, q => q.where('c.provider', '=', filter.provider!))
    .$if(filter.health === 'reconnect', q => q.where('c.reconnect_since', 'is not', null).where('c.enabled', '=', true))
    .$if(filter.health !== undefined && filter.health !== 'reconnect', q => q.where('c.health', '=', filter.health!).where(eb => eb.or([eb('c.reconnect_since', 'is', null), eb('c.enabled', '=', false)])))
    .orderBy('c.id', 'desc').limit(filter.limit).execute()
}

export async function insertConnection (db: TenantDb, row: { id: string, provider: string, mode: Mode, label: string, settings: object, hookTokenHash: Buffer, hookTokenSealed: string, oauthAccount?: string, now: Date }): Promise<void> {
  await db.insertInto('connections').values({
    tenant_id: db.tenantId,
    id: row.id,
    provider: row.provider,
    mode: row.mode,
    label: row.label,
    settings: JSON.stringify(row.settings),
    hook_token_hash: row.hookTokenHash,
    hook_token_sealed: row.hookTokenSealed,
    oauth_account: row.oauthAccount ?? null,
    created_at: row.now,
    updated_at: row.now
  }).execute()
}

export interface NewCredential { id: string, name: string, version: number, sealed: string, fingerprint: string, hint: string }

/** The one before stays valid until `replacedAt`; beyond it, it no longer opens anything. */
export async function replaceCredential (db: TenantDb, connectionId: string, credential: NewCredential, now: Date, replacedAt: Date): Promise<void> {
  await db.updateTable('credentials').set({ valid_until: replacedAt })
    .where('tenant_id', '=', db.tenantId).where('connection_id', '=', connectionId).where('name', '=', credential.name).where('valid_until', 'is', null).execute()
  await db.insertInto('credentials').values({
    tenant_id: db.tenantId, id: credential.id, connection_id: connectionId, name: credential.name, version: credential.version, sealed: credential.sealed, fingerprint: credential.fingerprint, hint: credential.hint, valid_from: now
  }).execute()
}

export async function lastCredentialVersion (db: TenantDb, connectionId: string): Promise<number> {
  const row = await db.selectFrom('credentials').select(sql<number>`coalesce(max(version), 0)`.as('version'))
    .where('tenant_id', '=', db.tenantId).where('connection_id', '=', connectionId).executeTakeFirstOrThrow()
  return row.version
}

export async function deleteCredentials (db: TenantDb, connectionId: string): Promise<void> {
  await db.deleteFrom('credentials').where('tenant_id', '=', db.tenantId).where('connection_id', '=', connectionId).execute()
  await db.deleteFrom('oauth_grants').where('tenant_id', '=', db.tenantId).where('connection_id', '=', connectionId).execute()
}

export interface ConnectionChanges {
  label?: string
  enabled?: boolean
  settings?: string
  account?: string
  health?: string
  tested_at?: Date
  test_evidence?: string
  last_success_at?: Date
  last_error_at?: Date
  last_error?: string | null
  failures_in_row?: number
  hook_reference?: string | null
  hook_url?: string | null
  hook_registered_at?: Date | null
  first_event_at?: Date
  last_event_at?: Date
  reconnect_since?: Date | null
  reconnect_reason?: string | null
  shadow_scheme?: string | null
  deleted_at?: Date
}

/** `version` moves with whatever an open connection depends on. */
export async function updateConnection (db: TenantDb, id: string, changes: ConnectionChanges, now: Date, { opensAnew = false } = {}): Promise<void> {
  await db.updateTable('connections').set({ ...changes, ...(opensAnew && { version: sql`version + 1` }), updated_at: now })
    .where('tenant_id', '=', db.tenantId).where('id', '=', id).execute()
}

export async function lockConnection (db: TenantDb, id: string) {
  return await db.selectFrom('connections').select(['id', 'health', 'failures_in_row', 'last_success_at', 'mode', 'enabled', 'provider', 'oauth_account', 'reconnect_since', 'reconnect_reason'])
    .where('tenant_id', '=', db.tenantId).where('id', '=', id).where('deleted_at', 'is', null).forUpdate().executeTakeFirst()
}

export async function countRefused (db: TenantDb, connectionId: string): Promise<{ refused: number, last: Date | null }> {
  const row = await db.selectFrom('inbound_refused_counters').select('refused').where('tenant_id', '=', db.tenantId).where('connection_id', '=', connectionId).executeTakeFirst()
  const last = await db.selectFrom('inbound_refused').select(sql<Date | null>`max(received_at)`.as('at')).where('tenant_id', '=', db.tenantId).where('connection_id', '=', connectionId).executeTakeFirst()
  return { refused: row?.refused ?? 0, last: last?.at ?? null }
}

export async function findShadow (db: TenantDb, connectionId: string, scheme: string) {
  return await db.selectFrom('shadow_counters').select(['agreed', 'differed', 'since']).where('tenant_id', '=', db.tenantId).where('connection_id', '=', connectionId).where('scheme', '=', scheme).executeTakeFirst()
}

/** Tells every process that what it remembers of this connection's hook is old. Payload: ids only, NOTIFY is not under RLS. */
export async function notifyConnection (db: TenantDb, id: string): Promise<void> {
  await sql`select pg_notify('connection_changed', ${`${db.tenantId}:${id}`})`.execute(db)
}

export interface StampReadingRow {
  id: string
  mode: string
  connection_id: string
  stamps_left: number
  per_day: number | null
  days_left: number | null
  level: string
  read_at: Date
}

export async function insertStampReading (db: TenantDb, row: StampReadingRow): Promise<void> {
  await db.insertInto('stamp_readings').values({ tenant_id: db.tenantId, ...row }).execute()
}

/** Oldest first. */
export async function stampReadings (db: TenantDb, connectionId: string, since: Date): Promise<StampReadingRow[]> {
  return await db.selectFrom('stamp_readings').selectAll().where('tenant_id', '=', db.tenantId).where('connection_id', '=', connectionId).where('read_at', '>=', since).orderBy('id').execute()
}

export async function listStampReadings (db: TenantDb, connectionId: string, window: IdWindow): Promise<StampReadingRow[]> {
  return await db.selectFrom('stamp_readings').selectAll().where('tenant_id', '=', db.tenantId).where('connection_id', '=', connectionId)
    .$if(window.before !== undefined, q => q.where('id', '<', window.before!))
    .$if(window.from !== undefined, q => q.where('id', '>=', window.from!))
    .orderBy('id', 'desc').limit(window.limit).execute()
}

export async function forgetStampReadings (db: TenantDb, connectionId: string, before: Date): Promise<void> {
  await db.deleteFrom('stamp_readings').where('tenant_id', '=', db.tenantId).where('connection_id', '=', connectionId).where('read_at', '<', before).execute()
}
