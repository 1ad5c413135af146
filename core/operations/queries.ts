import type { Mode } from '../adapter/context.ts'
import type { IdWindow } from '../db/id-window.ts'
import type { TenantDb } from '../db/in-tenant.ts'

const columns = [
  'id', 'mode', 'connection_id', 'provider', 'kind', 'subject_id', 'idempotency_key', 'outcome', 'error_code', 'provider_code', 'http_status', 'duration_ms', 'request_id', 'started_at', 'finished_at'
] as const

const selectOperations = (db: TenantDb, mode: Mode) => db.selectFrom('operations').select(columns).where('tenant_id', '=', db.tenantId).where('mode', '=', mode)
export type OperationRow = Awaited<ReturnType<ReturnType<typeof selectOperations>['executeTakeFirstOrThrow']>>

export interface OperationFilter { connectionId?: string, kind?: string, outcome?: string, subjectId?: string }

/** Without what was said: that can be long. */
export async function listOperations (db: TenantDb, mode: Mode, window: IdWindow, filter: OperationFilter): Promise<OperationRow[]> {
  return await selectOperations(db, mode)
    .$if(filter.connectionId !== undefined, q => q.where('connection_id', '=', filter.connectionId!))
    .$if(filter.kind !== undefined, q => q.where('kind', '=', filter.kind!))
    .$if(filter.outcome !== undefined, q => q.where('outcome', '=', filter.outcome!))
    .$if(filter.subjectId !== undefined, q => q.where('subject_id', '=', filter.subjectId!))
    .$if(window.before !== undefined, q => q.where('id', '<', window.before!))
    .$if(window.from !== undefined, q => q.where('id', '>=', window.from!))
    .orderBy('id', 'desc').limit(window.limit).execute()
}

export async function findOperation (db: TenantDb, mode: Mode, id: string): Promise<(OperationRow & { exchanges: unknown }) | undefined> {
  return await selectOperations(db, mode).select('exchanges').where('id', '=', id).executeTakeFirst()
}
