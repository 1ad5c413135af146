import type { Mode } from '../adapter/context.ts'
import { findAnyAlert } from '../alerts/queries.ts'
import { alertText } from '../alerts/text.ts'
import { inTenant } from '../db/in-tenant.ts'
import { claimTimer, clearTimer } from '../db/timers.ts'
import type { Hub } from '../hub.ts'
import { prepareAdminNotice } from './notices.ts'
import { isTold, loadSwitches } from './switches/switches.ts'

/**
 * Tells an alert to the people of the tenant, where it wants that. A trigger sets the timer when an alert is raised anew, not
 * when it happens once more; and never for an alert about a notice.
 */
export async function tellAlert (hub: Hub, tenantId: string, id: string): Promise<void> {
  const found = await inTenant(hub.db, tenantId, async db => {
    if (await claimTimer(db, 'alert_notice', id, hub.now(), 60_000) === undefined) return undefined
    const alert = await findAnyAlert(db, id)
    // What is of no mode is told as that mode's settings say in which it is told at all; live goes first.
    for (const mode of alert === undefined ? [] : alert.mode === null ? ['live', 'test'] as Mode[] : [alert.mode as Mode]) {
      const switches = await loadSwitches(db, mode)
      if (isTold(switches, 'alert', 'admin')) return { alert: alert!, mode, switches }
    }
    return {}
  })
  if (found === undefined) return
  const { alert, mode, switches } = found
  // One that somebody has seen meanwhile, or that is over, needs no mail.
  const prepared = alert === undefined || alert.acknowledged_at !== null || alert.resolved_at !== null
    ? undefined
    : await prepareAdminNotice(hub, tenantId, {
      kind: 'alert', mode, subjectType: 'alert', subjectId: id, data: { message: alertText(alert.kind, switches.language), severity: alert.severity, ...(alert.subject_id !== null ? { subject: alert.subject_id } : { subject: '' }) }
    })
  await inTenant(hub.db, tenantId, async db => {
    await prepared?.insert(db)
    await clearTimer(db, 'alert_notice', id)
  })
  prepared?.wake()
}
