import type { Role } from '../access/principal.ts'
import type { IdWindow } from '../db/id-window.ts'
import type { TenantDb } from '../db/in-tenant.ts'

const columns = ['id', 'email', 'name', 'role', 'status', 'created_at', 'updated_at'] as const

const selectUsers = (db: TenantDb) => db.selectFrom('users').select(columns).where('tenant_id', '=', db.tenantId)
export type UserRow = Awaited<ReturnType<ReturnType<typeof selectUsers>['executeTakeFirstOrThrow']>>

export async function findUser (db: TenantDb, id: string): Promise<UserRow | undefined> {
  return await selectUsers(db).where('id', '=', id).executeTakeFirst()
}

/** Keeps the user from logging in, being disabled and changing their password in the same moment. */
export async function lockPasswordHash (db: TenantDb, id: string): Promise<string | undefined> {
  const row = await db.selectFrom('users').select('password_hash').where('tenant_id', '=', db.tenantId).where('id', '=', id).forUpdate().executeTakeFirst()
  return row?.password_hash
}

export async function passwordHashOf (db: TenantDb, id: string): Promise<string | undefined> {
  const row = await db.selectFrom('users').select('password_hash').where('tenant_id', '=', db.tenantId).where('id', '=', id).executeTakeFirst()
  return row?.password_hash
}

export async function tenantKind (db: TenantDb): Promise<string | undefined> {
  const row = await db.selectFrom('tenants').select('kind').where('id', '=', db.tenantId).executeTakeFirst()
  return row?.kind
}

export async function listUsers (db: TenantDb, window: IdWindow, filter: { status?: string, role?: string }): Promise<UserRow[]> {
  return await selectUsers(db)
    .$if(filter.status !== undefined, q => q.where('status', '=', filter.status!))
    .$if(filter.role !== undefined, q => q.where('role', '=', filter.role!))
    .$if(window.before !== undefined, q => q.where('id', '<', window.before!))
    .$if(window.from !== undefined, q => q.where('id', '>=', window.from!))
    .orderBy('id', 'desc').limit(window.limit).execute()
}

/**
 * The user and every active one of the role that must not run out, locked in the order of their ids: of two who step down at
 * once the second waits, and then sees that the first is gone.
 */
export async function lockWithPeers (db: TenantDb, id: string, role: Role): Promise<{ user: UserRow | undefined, peers: string[] }> {
  const rows = await selectUsers(db).where(where => where.or([where('id', '=', id), where.and([where('role', '=', role), where('status', '=', 'active')])]))
    .orderBy('id').forUpdate().execute()
  return { user: rows.find(row => row.id === id), peers: rows.filter(row => row.role === role && row.status === 'active').map(row => row.id) }
}

export async function updateUser (db: TenantDb, id: string, changes: { name?: string, role?: string, status?: string, password_hash?: string }, now: Date): Promise<UserRow> {
  return await db.updateTable('users').set({ ...changes, updated_at: now }).where('tenant_id', '=', db.tenantId).where('id', '=', id).returning(columns).executeTakeFirstOrThrow()
}
