import type { Mode } from '../adapter/context.ts'
import type { IdWindow } from '../db/id-window.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import type { Alert } from './schema.ts'
import type { AlertRow } from './view.ts'

/** An alert that is of no mode (a certificate, the account itself) is seen in both. */
const selectAlerts = (db: TenantDb, mode: Mode) => db.selectFrom('alerts').selectAll().where('tenant_id', '=', db.tenantId)
  .where(where => where.or([where('mode', '=', mode), where('mode', 'is', null)]))

export interface AlertFilter { status?: Alert['status'], severity?: string, kind?: string, subject?: string }

export async function listAlerts (db: TenantDb, mode: Mode, window: IdWindow, filter: AlertFilter): Promise<AlertRow[]> {
  return await selectAlerts(db, mode)
    .$if(filter.status !== undefined, q => q.where('resolved_at', filter.status === 'resolved' ? 'is not' : 'is', null))
    .$if(filter.status === 'open' || filter.status === 'acknowledged', q => q.where('acknowledged_at', filter.status === 'open' ? 'is' : 'is not', null))
    .$if(filter.severity !== undefined, q => q.where('severity', '=', filter.severity!))
    .$if(filter.kind !== undefined, q => q.where('kind', '=', filter.kind!))
    .$if(filter.subject !== undefined, q => q.where('subject_id', '=', filter.subject!))
    .$if(window.before !== undefined, q => q.where('id', '<', window.before!))
    .$if(window.from !== undefined, q => q.where('id', '>=', window.from!))
    .orderBy('id', 'desc').limit(window.limit).execute()
}

/** Of either mode, or of none. */
export async function findAnyAlert (db: TenantDb, id: string): Promise<AlertRow | undefined> {
  return await db.selectFrom('alerts').selectAll().where('tenant_id', '=', db.tenantId).where('id', '=', id).executeTakeFirst()
}

export async function findAlert (db: TenantDb, mode: Mode, id: string): Promise<AlertRow | undefined> {
  return await selectAlerts(db, mode).where('id', '=', id).executeTakeFirst()
}

export async function lockAlert (db: TenantDb, mode: Mode, id: string): Promise<AlertRow | undefined> {
  return await selectAlerts(db, mode).where('id', '=', id).forUpdate().executeTakeFirst()
}

export async function acknowledgeAlert (db: TenantDb, id: string, by: string, now: Date): Promise<AlertRow> {
  return await db.updateTable('alerts').set({ acknowledged_at: now, acknowledged_by: by })
    .where('tenant_id', '=', db.tenantId).where('id', '=', id).returningAll().executeTakeFirstOrThrow()
}

/** What stands, acknowledged or not; the oldest first, for the job that sees whether its cause is gone. */
export async function listStanding (db: TenantDb, limit: number): Promise<Pick<AlertRow, 'id' | 'kind' | 'subject_id' | 'mode' | 'detail' | 'created_at' | 'last_at'>[]> {
  return await db.selectFrom('alerts').select(['id', 'kind', 'subject_id', 'mode', 'detail', 'created_at', 'last_at']).where('tenant_id', '=', db.tenantId)
    .where('resolved_at', 'is', null).orderBy('id').limit(limit).execute()
}

export async function findSettings (db: TenantDb, mode: Mode): Promise<{ settings: unknown, updated_at: Date } | undefined> {
  return await db.selectFrom('alert_settings').select(['settings', 'updated_at']).where('tenant_id', '=', db.tenantId).where('mode', '=', mode).executeTakeFirst()
}

export async function putSettings (db: TenantDb, mode: Mode, settings: object, by: string, now: Date): Promise<void> {
  const row = { settings: JSON.stringify(settings), updated_at: now, updated_by: by }
  await db.insertInto('alert_settings').values({ tenant_id: db.tenantId, mode, ...row }).onConflict(oc => oc.columns(['tenant_id', 'mode']).doUpdateSet(row)).execute()
}
