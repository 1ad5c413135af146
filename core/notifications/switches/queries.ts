import type { Mode } from '../../adapter/context.ts'
import type { TenantDb } from '../../db/in-tenant.ts'

export async function findSettings (db: TenantDb, mode: Mode): Promise<unknown> {
  return (await db.selectFrom('notification_settings').select('settings').where('tenant_id', '=', db.tenantId).where('mode', '=', mode).executeTakeFirst())?.settings
}

export async function saveSettings (db: TenantDb, mode: Mode, settings: object, tells: { tells_events: boolean, tells_alerts: boolean }, now: Date): Promise<void> {
  const columns = { settings: JSON.stringify(settings), ...tells, updated_at: now }
  await db.insertInto('notification_settings').values({ tenant_id: db.tenantId, mode, ...columns }).onConflict(oc => oc.columns(['tenant_id', 'mode']).doUpdateSet(columns)).execute()
}
