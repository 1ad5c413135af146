import type { Mode } from '../adapter/context.ts'
import type { IdWindow } from '../db/id-window.ts'
import type { TenantDb } from '../db/in-tenant.ts'

/** Never the hash: nothing that is read here could be used to get in. */
const columns = ['id', 'kind', 'partner_id', 'mode', 'label', 'hint', 'scopes', 'created_at', 'expires_at', 'last_used_at', 'revoked_at'] as const

const selectKeys = (db: TenantDb) => db.selectFrom('api_keys').select(columns).where('tenant_id', '=', db.tenantId)
export type ApiKeyRow = Awaited<ReturnType<ReturnType<typeof selectKeys>['executeTakeFirstOrThrow']>>

export async function findApiKey (db: TenantDb, id: string): Promise<ApiKeyRow | undefined> {
  return await selectKeys(db).where('id', '=', id).executeTakeFirst()
}

export async function lockApiKey (db: TenantDb, id: string): Promise<ApiKeyRow | undefined> {
  return await selectKeys(db).where('id', '=', id).forUpdate().executeTakeFirst()
}

export interface KeyFilter { mode?: Mode, status?: 'active' | 'expired' | 'revoked', now: Date }

export async function listApiKeys (db: TenantDb, window: IdWindow, { mode, status, now }: KeyFilter): Promise<ApiKeyRow[]> {
  return await selectKeys(db)
    .$if(mode !== undefined, q => q.where('mode', '=', mode!))
    .$if(status === 'revoked', q => q.where('revoked_at', 'is not', null))
    .$if(status === 'expired', q => q.where('revoked_at', 'is', null).where('expires_at', '<=', now))
    .$if(status === 'active', q => q.where('revoked_at', 'is', null).where(where => where.or([where('expires_at', 'is', null), where('expires_at', '>', now)])))
    .$if(window.before !== undefined, q => q.where('id', '<', window.before!))
    .$if(window.from !== undefined, q => q.where('id', '>=', window.from!))
    .orderBy('id', 'desc').limit(window.limit).execute()
}

export async function revokeApiKey (db: TenantDb, id: string, now: Date): Promise<ApiKeyRow | undefined> {
  return await db.updateTable('api_keys').set({ revoked_at: now })
    .where('tenant_id', '=', db.tenantId).where('id', '=', id).where('revoked_at', 'is', null).returning(columns).executeTakeFirst()
}
