import type { IdWindow } from '../db/id-window.ts'
import type { TenantDb } from '../db/in-tenant.ts'

const columns = ['id', 'email', 'name', 'role', 'language', 'invited_by', 'status', 'user_id', 'created_at', 'expires_at'] as const

const select = (db: TenantDb) => db.selectFrom('invitations').select(columns).where('tenant_id', '=', db.tenantId)
export type InvitationRow = Awaited<ReturnType<ReturnType<typeof select>['executeTakeFirstOrThrow']>>

export interface NewInvitationRow { id: string, email: string, name: string | null, role: string, language: 'es' | 'en', tokenHash: Buffer, invitedBy: string, now: Date, expiresAt: Date }

export async function insertInvitation (db: TenantDb, row: NewInvitationRow): Promise<void> {
  await db.insertInto('invitations').values({
    tenant_id: db.tenantId, id: row.id, email: row.email, name: row.name, role: row.role, language: row.language, token_hash: row.tokenHash, invited_by: row.invitedBy, status: 'pending', created_at: row.now, expires_at: row.expiresAt
  }).execute()
}

export async function findInvitation (db: TenantDb, id: string): Promise<InvitationRow | undefined> {
  return await select(db).where('id', '=', id).executeTakeFirst()
}

/** Who holds the link. Locked by whoever accepts. */
export async function findByToken (db: TenantDb, hash: Buffer, { lock = false } = {}): Promise<InvitationRow | undefined> {
  return await select(db).where('token_hash', '=', hash).$if(lock, q => q.forUpdate()).executeTakeFirst()
}

export async function listInvitations (db: TenantDb, window: IdWindow, filter: { status?: string, now: Date }): Promise<InvitationRow[]> {
  return await select(db)
    .$if(filter.status === 'pending', q => q.where('status', '=', 'pending').where('expires_at', '>', filter.now))
    .$if(filter.status === 'expired', q => q.where('status', '=', 'pending').where('expires_at', '<=', filter.now))
    .$if(filter.status === 'accepted' || filter.status === 'revoked', q => q.where('status', '=', filter.status!))
    .$if(window.before !== undefined, q => q.where('id', '<', window.before!))
    .$if(window.from !== undefined, q => q.where('id', '>=', window.from!))
    .orderBy('id', 'desc').limit(window.limit).execute()
}

/** One that is open, or all that are open for a mail; how many were. */
export async function revokePending (db: TenantDb, which: { id: string } | { email: string }, now: Date): Promise<number> {
  const { numUpdatedRows } = await db.updateTable('invitations').set({ status: 'revoked', ended_at: now })
    .where('tenant_id', '=', db.tenantId).where('status', '=', 'pending')
    .$if('id' in which, q => q.where('id', '=', (which as { id: string }).id))
    .$if('email' in which, q => q.where('email', '=', (which as { email: string }).email)).executeTakeFirst()
  return Number(numUpdatedRows)
}

export async function markAccepted (db: TenantDb, id: string, userId: string, now: Date): Promise<void> {
  await db.updateTable('invitations').set({ status: 'accepted', user_id: userId, ended_at: now }).where('tenant_id', '=', db.tenantId).where('id', '=', id).execute()
}

export async function openTenant (db: TenantDb): Promise<{ name: string } | undefined> {
  return await db.selectFrom('tenants').select('name').where('id', '=', db.tenantId).where('status', '=', 'active').executeTakeFirst()
}

export async function isUser (db: TenantDb, email: string): Promise<boolean> {
  return await db.selectFrom('users').select('id').where('tenant_id', '=', db.tenantId).where('email', '=', email).executeTakeFirst() !== undefined
}
