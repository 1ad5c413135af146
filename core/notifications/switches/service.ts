import type { Access } from '../../access/principal.ts'
import { recordChange } from '../../audit/record.ts'
import { inTenant } from '../../db/in-tenant.ts'
import { invalidField } from '../../errors.ts'
import type { Hub } from '../../hub.ts'
import { parseId } from '../../ids.ts'
import { audiences, type NoticeKind } from '../catalogue.ts'
import { saveSettings } from './queries.ts'
import type { NotificationSettings, PutSettings } from './schema.ts'
import { isTold, loadSwitches, type Switches, switchesOf } from './switches.ts'

export async function getSettings (hub: Pick<Hub, 'db'>, access: Access): Promise<NotificationSettings> {
  return show(access, await inTenant(hub.db, access.tenantId, async db => await loadSwitches(db, access.mode)))
}

/** What follows an event of a payment by itself. */
const ofEvents: readonly NoticeKind[] = ['payment_received', 'payment_failed', 'payment_pending', 'refund']

/** Counts from the next event on: what happened before is not told. */
export async function putSettings (hub: Pick<Hub, 'db' | 'now'>, access: Access, body: PutSettings): Promise<NotificationSettings> {
  for (const [index, { connection }] of (body.told_by_provider ?? []).entries()) {
    if (parseId('connection', connection) === undefined) throw invalidField(`told_by_provider[${index}].connection`, 'is not the id of a connection')
  }
  const switches = switchesOf(body)
  const any = (kind: NoticeKind): boolean => audiences.some(audience => isTold(switches, kind, audience))
  const tells = { tells_events: ofEvents.some(any), tells_alerts: any('alert') }
  await inTenant(hub.db, access.tenantId, async db => {
    const now = hub.now()
    await saveSettings(db, access.mode, body, tells, now)
    // Addresses are people's: how many is all that the log says.
    await recordChange(db, access, now, { action: 'notification_settings.changed', subjectType: 'notification_settings', subjectId: access.mode, detail: { notices: body.notices ?? {}, admin_emails: body.admin_emails?.length ?? 0, told_by_provider: body.told_by_provider ?? [] } })
  })
  return show(access, switches)
}

const show = (access: Access, switches: Switches): NotificationSettings => ({ object: 'notification_settings', mode: access.mode, ...switches })
