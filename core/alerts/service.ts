import type { Access } from '../access/principal.ts'
import type { Mode } from '../adapter/context.ts'
import { recordChange } from '../audit/record.ts'
import { idWindow, pageOf } from '../db/id-window.ts'
import { inTenant } from '../db/in-tenant.ts'
import { HubError } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { publicId, uuidOf } from '../ids.ts'
import * as queries from './queries.ts'
import type { AlertRow } from './queries.ts'
import type { Alert, ListAlerts } from './schema.ts'
import { alertText } from './text.ts'

type House = Pick<Hub, 'db' | 'now'>

export async function listAlerts (hub: House, access: Access, query: ListAlerts): Promise<{ data: Alert[], next_cursor: string | null }> {
  const window = idWindow('alert', query)
  const rows = await inTenant(hub.db, access.tenantId, async db => await queries.listAlerts(db, access.mode, window, query))
  return pageOf('alert', window, rows, row => showAlert(row, access.language))
}

/** A person has seen it. The same thing happening again raises a new one. Repeating this changes nothing. */
export async function acknowledgeAlert (hub: House, access: Access, publicAlertId: string): Promise<Alert> {
  const id = uuidOf('alert', publicAlertId)
  const now = hub.now()
  const row = await inTenant(hub.db, access.tenantId, async db => {
    const alert = await queries.lockAlert(db, access.mode, id)
    if (alert === undefined) throw new HubError('not_found')
    if (alert.acknowledged_at !== null) return alert
    await recordChange(db, access, now, { action: 'alert.acknowledged', subjectType: 'alert', subjectId: publicAlertId, detail: { kind: alert.kind, subject: alert.subject_id } })
    return await queries.acknowledgeAlert(db, id, access.principal.id, now)
  })
  return showAlert(row, access.language)
}

function showAlert (row: AlertRow, language: 'es' | 'en'): Alert {
  return {
    id: publicId('alert', row.id),
    object: 'alert',
    mode: row.mode as Mode | null,
    status: row.acknowledged_at === null ? 'open' : 'acknowledged',
    kind: row.kind,
    severity: row.severity as Alert['severity'],
    message: alertText(row.kind, language),
    subject: row.subject_id,
    detail: row.detail as Record<string, unknown>,
    times: row.times,
    created_at: row.created_at.toISOString(),
    last_at: row.last_at.toISOString(),
    acknowledged_at: row.acknowledged_at?.toISOString() ?? null,
    acknowledged_by: row.acknowledged_by
  }
}
