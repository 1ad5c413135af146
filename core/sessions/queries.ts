import { type Kysely, sql } from 'kysely'
import type { IdWindow } from '../db/id-window.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import type { Database } from '../db/schema.ts'

export interface LoginRow { tenant_id: string, user_id: string, password_hash: string, tenant_name: string }

/** Active users of active tenants with that mail. */
export async function findLogins (db: Kysely<Database>, email: string, tenantId: string | null): Promise<LoginRow[]> {
  const { rows } = await sql<LoginRow>`select * from gate.find_login(${email}, ${tenantId})`.execute(db)
  return rows
}

export interface NewSession { id: string, userId: string, tokenHash: Buffer, address: string, userAgent: string | null, now: Date, expiresAt: Date }

export async function insertSession (db: TenantDb, session: NewSession): Promise<void> {
  await db.insertInto('sessions').values({
    tenant_id: db.tenantId, id: session.id, user_id: session.userId, token_hash: session.tokenHash, address: session.address, user_agent: session.userAgent,
    created_at: session.now, last_seen_at: session.now, expires_at: session.expiresAt
  }).execute()
}

/** Who is let in, under a lock that keeps them from being disabled in the same moment. */
export async function lockActiveUser (db: TenantDb, id: string, passwordHash: string): Promise<boolean> {
  const row = await db.selectFrom('users').select('id').where('tenant_id', '=', db.tenantId).where('id', '=', id)
    .where('status', '=', 'active').where('password_hash', '=', passwordHash).forShare().executeTakeFirst()
  return row !== undefined
}

export async function updatePasswordHash (db: TenantDb, userId: string, passwordHash: string): Promise<void> {
  await db.updateTable('users').set({ password_hash: passwordHash }).where('tenant_id', '=', db.tenantId).where('id', '=', userId).execute()
}

/** A session that is open, with its user and tenant. */
export async function findOpenSession (db: TenantDb, id: string) {
  return await db.selectFrom('sessions')
    .innerJoin('users', join => join.onRef('users.tenant_id', '=', 'sessions.tenant_id').onRef('users.id', '=', 'sessions.user_id'))
    .innerJoin('tenants', 'tenants.id', 'sessions.tenant_id')
    .select(['sessions.id', 'sessions.expires_at', 'users.id as user_id', 'users.email', 'users.name', 'users.role', 'tenants.name as tenant_name', 'tenants.kind as tenant_kind'])
    .where('sessions.tenant_id', '=', db.tenantId).where('sessions.id', '=', id).where('sessions.revoked_at', 'is', null).executeTakeFirst()
}
export type OpenSessionRow = NonNullable<Awaited<ReturnType<typeof findOpenSession>>>

export async function listOpenSessions (db: TenantDb, userId: string, window: IdWindow, now: Date) {
  return await db.selectFrom('sessions').select(['id', 'address', 'user_agent', 'created_at', 'last_seen_at', 'expires_at'])
    .where('tenant_id', '=', db.tenantId).where('user_id', '=', userId).where('revoked_at', 'is', null).where('expires_at', '>', now)
    .$if(window.before !== undefined, q => q.where('id', '<', window.before!))
    .$if(window.from !== undefined, q => q.where('id', '>=', window.from!))
    .orderBy('id', 'desc').limit(window.limit).execute()
}

/** One session of a user, or all of them but one; how many were open. */
export async function revokeSessions (db: TenantDb, { userId, only, except }: { userId: string, only?: string, except?: string }, now: Date): Promise<number> {
  const { numUpdatedRows } = await db.updateTable('sessions').set({ revoked_at: now })
    .where('tenant_id', '=', db.tenantId).where('user_id', '=', userId).where('revoked_at', 'is', null)
    .$if(only !== undefined, q => q.where('id', '=', only!))
    .$if(except !== undefined, q => q.where('id', '<>', except!))
    .executeTakeFirst()
  return Number(numUpdatedRows)
}
