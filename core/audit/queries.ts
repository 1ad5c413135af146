import { sql } from 'kysely'
import type { IdWindow } from '../db/id-window.ts'
import type { TenantDb } from '../db/in-tenant.ts'

const selectLines = (db: TenantDb) => db.selectFrom('audit_log')
  .select(['id', 'actor_type', 'actor_id', 'action', 'subject_type', 'subject_id', 'detail', 'request_id', 'address', 'created_at']).where('tenant_id', '=', db.tenantId)
export type AuditRow = Awaited<ReturnType<ReturnType<typeof selectLines>['executeTakeFirstOrThrow']>>

export interface AuditFilter { subject?: string, actor?: string, action?: string }

export async function listAudit (db: TenantDb, window: IdWindow, { subject, actor, action }: AuditFilter): Promise<AuditRow[]> {
  return await selectLines(db)
    .$if(subject !== undefined, q => q.where('subject_id', '=', subject!))
    .$if(actor !== undefined, q => q.where('actor_id', '=', actor!))
    .$if(action !== undefined, q => action!.endsWith('*') ? q.where(sql<boolean>`starts_with(action, ${action!.slice(0, -1)})`) : q.where('action', '=', action!))
    .$if(window.before !== undefined, q => q.where('id', '<', window.before!))
    .$if(window.from !== undefined, q => q.where('id', '>=', window.from!))
    .orderBy('id', 'desc').limit(window.limit).execute()
}
