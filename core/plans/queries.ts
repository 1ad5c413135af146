import type { Mode } from '../adapter/context.ts'
import type { IdWindow } from '../db/id-window.ts'
import type { TenantDb } from '../db/in-tenant.ts'

/** The only SQL about plans. But for `archived_at` a plan never changes: what somebody subscribed to stays what it was. */
const selectPlans = (db: TenantDb) => db.selectFrom('plans').selectAll().where('tenant_id', '=', db.tenantId)
export type PlanRow = Awaited<ReturnType<ReturnType<typeof selectPlans>['executeTakeFirstOrThrow']>>

export async function insertPlan (db: TenantDb, row: Omit<PlanRow, 'tenant_id' | 'archived_at'>): Promise<PlanRow> {
  return await db.insertInto('plans').values({ ...row, tenant_id: db.tenantId, metadata: JSON.stringify(row.metadata) }).returningAll().executeTakeFirstOrThrow()
}

export async function findPlan (db: TenantDb, id: string): Promise<PlanRow | undefined> {
  return await selectPlans(db).where('id', '=', id).executeTakeFirst()
}

export async function archivePlan (db: TenantDb, id: string, now: Date): Promise<PlanRow> {
  return await db.updateTable('plans').set({ archived_at: now }).where('tenant_id', '=', db.tenantId).where('id', '=', id).returningAll().executeTakeFirstOrThrow()
}

export async function listPlans (db: TenantDb, filter: IdWindow & { mode: Mode, status?: 'active' | 'archived', reference?: string }): Promise<PlanRow[]> {
  return await selectPlans(db).where('mode', '=', filter.mode)
    .$if(filter.before !== undefined, q => q.where('id', '<', filter.before!))
    .$if(filter.from !== undefined, q => q.where('id', '>=', filter.from!))
    .$if(filter.status !== undefined, q => q.where('archived_at', filter.status === 'active' ? 'is' : 'is not', null))
    .$if(filter.reference !== undefined, q => q.where('reference', '=', filter.reference!))
    .orderBy('id', 'desc').limit(filter.limit).execute()
}
