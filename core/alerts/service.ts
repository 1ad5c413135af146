import type { Access } from '../access/principal.ts'
import { recordChange } from '../audit/record.ts'
import { idWindow, pageOf } from '../db/id-window.ts'
import { inTenant } from '../db/in-tenant.ts'
import { HubError } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { publicId, uuidOf } from '../ids.ts'
import * as queries from './queries.ts'
import { tell } from './raise.ts'
import type { Alert, AlertRules, AlertSettings, ListAlerts } from './schema.ts'
import { withDefaults } from './settings.ts'
import { showAlert } from './view.ts'

type House = Pick<Hub, 'db' | 'now'>

export async function listAlerts (hub: House, access: Access, query: ListAlerts): Promise<{ data: Alert[], next_cursor: string | null }> {
  const window = idWindow('alert', query)
  const rows = await inTenant(hub.db, access.tenantId, async db => await queries.listAlerts(db, access.mode, window, query))
  return pageOf('alert', window, rows, row => showAlert(row, access.language))
}

export async function getAlert (hub: Pick<Hub, 'db'>, access: Access, publicAlertId: string): Promise<Alert> {
  const row = await inTenant(hub.db, access.tenantId, async db => await queries.findAlert(db, access.mode, uuidOf('alert', publicAlertId)))
  if (row === undefined) throw new HubError('not_found')
  return showAlert(row, access.language)
}

/** A person has seen it. The same thing happening again raises a new one. Repeating this, or doing it to what has ended, changes nothing. */
export async function acknowledgeAlert (hub: House, access: Access, publicAlertId: string): Promise<Alert> {
  const id = uuidOf('alert', publicAlertId)
  const now = hub.now()
  const row = await inTenant(hub.db, access.tenantId, async db => {
    const alert = await queries.lockAlert(db, access.mode, id)
    if (alert === undefined) throw new HubError('not_found')
    if (alert.acknowledged_at !== null || alert.resolved_at !== null) return alert
    await recordChange(db, access, now, { action: 'alert.acknowledged', subjectType: 'alert', subjectId: publicAlertId, detail: { kind: alert.kind, subject: alert.subject_id } })
    const seen = await queries.acknowledgeAlert(db, id, access.principal.id, now)
    await tell(db, now, 'acknowledged', seen)
    return seen
  })
  return showAlert(row, access.language)
}

/** Every threshold, with the defaults where the tenant says nothing. */
export async function getSettings (hub: Pick<Hub, 'db'>, access: Access): Promise<AlertSettings> {
  const row = await inTenant(hub.db, access.tenantId, async db => await queries.findSettings(db, access.mode))
  return { object: 'alert_settings', mode: access.mode, rules: withDefaults(row?.settings as AlertRules | undefined ?? {}) as AlertRules, updated_at: row?.updated_at.toISOString() ?? null }
}

/** Replaces them all: what is not named has its default again. Looked at from the next round on. */
export async function putSettings (hub: House, access: Access, rules: AlertRules): Promise<AlertSettings> {
  const now = hub.now()
  await inTenant(hub.db, access.tenantId, async db => {
    await queries.putSettings(db, access.mode, rules, access.principal.id, now)
    await recordChange(db, access, now, { action: 'alert_settings.changed', subjectType: 'tenant', subjectId: publicId('tenant', access.tenantId), detail: { mode: access.mode, rules } })
  })
  return await getSettings(hub, access)
}
