import type { TenantDb } from '../db/in-tenant.ts'
import { newUuid } from '../ids.ts'
import type { Change } from './record.ts'

/** A change that no person and no key asked for: the first run, the command line, a job. */
export async function recordSystemChange (db: TenantDb, now: Date, actor: string, change: Change): Promise<void> {
  await db.insertInto('audit_log').values({
    tenant_id: db.tenantId,
    id: newUuid(now),
    actor_type: 'system',
    actor_id: actor,
    action: change.action,
    subject_type: change.subjectType,
    subject_id: change.subjectId,
    detail: JSON.stringify(change.detail ?? {}),
    created_at: now
  }).execute()
}
