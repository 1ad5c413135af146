import { type Kysely, sql } from 'kysely'
import type { Mode } from '../adapter/context.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import type { Database } from '../db/schema.ts'
import type { KeyKind, Role, Scope } from './principal.ts'

/** The tenant that the request names, when there is one, and whether the asking partner serves it. */
export interface NamedTenant { named_id: string | null, named_status: string | null, served: boolean }

export interface KeyRow extends NamedTenant {
  tenant_id: string, id: string, kind: KeyKind, partner_id: string | null, mode: Mode, scopes: string[], tenant_status: string, seen_lately: boolean
}

/** A usable key, with the tenant that the request names, in one round trip. Revoked and expired ones are not found. */
export async function findApiKey (db: Kysely<Database>, hash: Buffer, now: Date, namedTenantId: string | null): Promise<KeyRow | undefined> {
  const { rows } = await sql<KeyRow>`
    select k.*, n.id as named_id, n.status as named_status, gate.partner_serves(k.partner_id, n.id) as served
    from gate.find_api_key(${hash}, ${now}) k left join gate.find_tenant(${namedTenantId}) n on true`.execute(db)
  return rows[0]
}

export interface SessionRow extends NamedTenant {
  tenant_id: string, id: string, user_id: string, role: Role, email: string, tenant_status: string, seen_lately: boolean
  /** Of support, for the tenant that the request names. */
  support_id: string | null, support_kind: 'look' | 'repair' | null
}

export async function findSession (db: Kysely<Database>, hash: Buffer, now: Date, namedTenantId: string | null): Promise<SessionRow | undefined> {
  const { rows } = await sql<SessionRow>`
    select s.*, n.id as named_id, n.status as named_status, false as served, g.id as support_id, g.kind as support_kind
    from gate.find_session(${hash}, ${now}) s left join gate.find_tenant(${namedTenantId}) n on true
      left join lateral gate.find_support_access(s.user_id, n.id, ${now}) g on s.role = 'support'`.execute(db)
  return rows[0]
}

export async function markKeyUsed (db: Kysely<Database>, tenantId: string, id: string, now: Date): Promise<void> {
  await sql`select gate.api_key_used(${tenantId}, ${id}, ${now})`.execute(db)
}

export async function markSessionSeen (db: TenantDb, id: string, now: Date): Promise<void> {
  await db.updateTable('sessions').set({ last_seen_at: now }).where('tenant_id', '=', db.tenantId).where('id', '=', id).execute()
}

export async function findPlatform (db: Kysely<Database>): Promise<string | undefined> {
  const { rows } = await sql<{ id: string }>`select id from gate.platform_tenant()`.execute(db)
  return rows[0]?.id
}

// --- what is made on the first run, and later by the services of tenants, users and keys --------------------------------

export interface NewTenantRow { kind: 'tenant' | 'platform', name: string, country: string, hostName: string | null, now: Date }

/** The new tenant is the one of the transaction. */
export async function insertTenant (db: TenantDb, tenant: NewTenantRow): Promise<void> {
  await db.insertInto('tenants').values({
    id: db.tenantId, kind: tenant.kind, name: tenant.name, country: tenant.country, host_name: tenant.hostName, created_at: tenant.now, updated_at: tenant.now
  }).execute()
}

export interface NewUserRow { id: string, email: string, name: string, role: Role, passwordHash: string, now: Date }

export async function insertUser (db: TenantDb, user: NewUserRow): Promise<void> {
  await db.insertInto('users').values({
    tenant_id: db.tenantId, id: user.id, email: user.email, name: user.name, role: user.role, password_hash: user.passwordHash, created_at: user.now, updated_at: user.now
  }).execute()
}

export interface NewKeyRow {
  id: string, kind: KeyKind, partnerId: string | null, mode: Mode, label: string, hint: string, hash: Buffer, scopes: readonly Scope[], expiresAt: Date | null, now: Date
}

export async function insertApiKey (db: TenantDb, key: NewKeyRow): Promise<void> {
  await db.insertInto('api_keys').values({
    tenant_id: db.tenantId, id: key.id, kind: key.kind, partner_id: key.partnerId, mode: key.mode, label: key.label, hint: key.hint, hash: key.hash,
    scopes: [...key.scopes], created_at: key.now, expires_at: key.expiresAt
  }).execute()
}
