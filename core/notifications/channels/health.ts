import type { Mode } from '../../adapter/context.ts'
import { raiseAlert } from '../../alerts/raise.ts'
import { inTenant } from '../../db/in-tenant.ts'
import type { Hub } from '../../hub.ts'
import { publicId } from '../../ids.ts'
import type { ChannelType } from '../catalogue.ts'
import { noteHealth } from './queries.ts'

/** A token or a password that ended is found at the first message that it does not send, and a person is told once. `fault`: the service's code; undefined: it worked. */
export async function noteChannel (hub: Pick<Hub, 'db' | 'now'>, channel: { tenantId: string, mode: Mode, id: string, type: ChannelType }, fault: string | undefined): Promise<void> {
  const { tenantId, mode, id, type } = channel
  await inTenant(hub.db, tenantId, async db => {
    const now = hub.now()
    const news = await noteHealth(db, id, fault === undefined ? 'healthy' : 'failing', fault ?? null, now)
    if (news && fault !== undefined) await raiseAlert(db, now, { kind: 'notice_channel_failing', severity: 'critical', mode, subjectId: publicId('notification_channel', id), detail: { channel: type, code: fault } })
  })
}
