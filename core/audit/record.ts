import type { Access } from '../access/principal.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import { newUuid } from '../ids.ts'

export interface Change {
  /** `connection.created`, `api_key.revoked` … */
  action: string
  subjectType: string
  /** Public id. */
  subjectId: string
  /** What changed, without secrets. */
  detail?: Record<string, unknown>
}

/** Writes the audit line in the same transaction as the change itself. */
export async function recordChange (db: TenantDb, access: Access, now: Date, change: Change): Promise<void> {
  await db.insertInto('audit_log').values({ ...changeColumns(access, now, change), tenant_id: db.tenantId, detail: JSON.stringify(change.detail ?? {}) }).execute()
}

/** A change as the table has it, but for the tenant. */
export const changeColumns = (access: Access, now: Date, change: Change) => ({
  id: newUuid(now),
  actor_type: access.principal.type,
  actor_id: access.principal.id,
  action: change.action,
  subject_type: change.subjectType,
  subject_id: change.subjectId,
  detail: change.detail ?? {},
  request_id: access.requestId,
  address: access.address,
  created_at: now
})
