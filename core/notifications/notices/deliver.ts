import type { Mode } from '../../adapter/context.ts'
import { raiseAlert } from '../../alerts/raise.ts'
import { inTenant, type TenantDb } from '../../db/in-tenant.ts'
import { claimTimer, clearTimer, retryTimer, setTimer } from '../../db/timers.ts'
import { recordEvents } from '../../events/record.ts'
import type { Hub } from '../../hub.ts'
import { type IdKind, publicId } from '../../ids.ts'
import type { ChannelType, NoticeKind } from '../catalogue.ts'
import { type NoticeContent, openChannel, type SendResult } from '../channels/channel.ts'
import { channels } from '../channels/index.ts'
import { noteChannel } from '../channels/health.ts'
import { channelInUse } from '../channels/queries.ts'
import { openNotice, sealNotice } from './content.ts'
import { afterSend } from './machine.ts'
import * as queries from './queries.ts'
import type { NoticeRow } from './queries.ts'

/** An addressee may have some browsers, each of which is asked one after the other. */
const placesAtMost = 20

/**
 * Sends one notice that does not go by mail. The attempt is on record before it begins: found in the middle after a crash, it is
 * sent again where the channel makes a repeat harmless, and is `unknown` where it cannot.
 */
export async function deliverNotice (hub: Hub, tenantId: string, id: string): Promise<void> {
  const leaseMs = placesAtMost * hub.config.noticeTimeoutMs + 60_000
  const claimed = await inTenant(hub.db, tenantId, async db => {
    const now = hub.now()
    const timer = await claimTimer(db, 'notice', id, now, leaseMs)
    const row = timer && await queries.lockNotice(db, id)
    if (timer === undefined || row === undefined) return undefined
    if (row.own_status !== 'queued' && row.own_status !== 'sending') {
      await forget(hub, db, row)
      return undefined
    }
    const left = row.own_status === 'sending'
    const lost = left && channels[row.channel as ChannelType].guarantee === 'at_most_once'
    const uncertain = row.uncertain || left
    const attempts = row.attempts + (lost ? 0 : 1)
    if (!lost) await queries.updateNotice(db, id, { status: 'sending', attempted_at: now, uncertain }, now, { attempt: true })
    return { row: { ...row, uncertain, attempts }, tries: timer.tries, lost }
  })
  if (claimed === undefined) return
  const { row, tries, lost } = claimed
  // Forgotten while it waited.
  if (row.own_content === null) return await inTenant(hub.db, tenantId, async db => { await clearTimer(db, 'notice', id) })
  const content = await openNotice(hub, tenantId, id, row.own_content)
  // A webhook may have told it meanwhile.
  const result: SendResult = !lost ? await attempted(hub, row, content) : row.provider_reference === null ? { outcome: 'unknown', code: 'process_died' } : { outcome: 'sent' }
  await settle(hub, row, content, result, hub.config.mailSchedule[tries - 1])
}

async function attempted (hub: Hub, row: NoticeRow, content: NoticeContent): Promise<SendResult> {
  const type = row.channel as ChannelType
  try {
    const channel = await inTenant(hub.db, row.tenant_id, async db => await channelInUse(db, row.mode as Mode, type))
    if (channel === undefined) return { outcome: 'later', code: 'not_configured' }
    const result = await channels[type].send!(hub, await openChannel(hub, channel), { tenantId: row.tenant_id, id: publicId('notice', row.id), kind: row.kind as NoticeKind, content })
    if (result.outcome === 'sent' || result.channelFault === true) await noteChannel(hub, { tenantId: row.tenant_id, mode: row.mode as Mode, id: channel.id, type }, result.channelFault === true ? result.code ?? 'refused' : undefined)
    return result
  } catch (error) {
    // After the request may have left: what cannot be told from a message that was sent.
    hub.log.error({ err: error, notice: publicId('notice', row.id) }, 'a notice could not be sent')
    return { outcome: 'unknown', code: 'internal' }
  }
}

/** `delayMs`: until the next attempt; undefined: there is none any more. */
async function settle (hub: Hub, row: NoticeRow, content: NoticeContent, result: SendResult, delayMs: number | undefined): Promise<void> {
  const { outcome, code = null, said, reference, retryAfterMs = 0, targets } = result
  const status = afterSend(channels[row.channel as ChannelType].guarantee, outcome, { again: delayMs !== undefined })
  const { said: _, ...rest } = content
  const sealed = await sealNotice(hub, row.tenant_id, row.id, { ...rest, ...(targets !== undefined && { targets }), ...(said !== undefined && { said }) })
  if (status !== 'sent') hub.log.warn({ notice: publicId('notice', row.id), channel: row.channel, code, status }, 'a notice did not go out')
  await inTenant(hub.db, row.tenant_id, async db => {
    const now = hub.now()
    const locked = await queries.lockNotice(db, row.id)
    // Claimed by another, after our lease: theirs is the newer word.
    if (locked?.own_status !== 'sending' || locked.attempts !== row.attempts) return
    await queries.updateNotice(db, row.id, {
      status, content_sealed: sealed, error_code: status === 'sent' ? null : code, ...(reference !== undefined && { provider_reference: reference }), ...(outcome === 'unknown' && { uncertain: true }), ...(status !== 'queued' && { ended_at: now })
    }, now)
    if (status === 'queued') return await retryTimer(db, 'notice', row.id, new Date(now.getTime() + Math.max(delayMs!, retryAfterMs)))
    await setTimer(db, 'notice', row.id, new Date(now.getTime() + hub.config.mailKeep))
    await recordEvents(db, now, [{ type: `notice.${status}`, mode: row.mode as Mode, subjectId: row.id, data: eventData(row, status) }])
    if (status === 'sent') return
    await raiseAlert(db, now, {
      kind: `notice_${status}`, severity: status === 'parked' ? 'critical' : 'warning', mode: row.mode as Mode, subjectId: publicId('notice', row.id),
      detail: { about: publicId(row.subject_type as IdKind, row.subject_id), kind: row.kind, channel: row.channel, code }
    })
  })
}

/** No address and no word of it stands in clear. */
export const eventData = (row: NoticeRow, status: string): object => ({ id: publicId('notice', row.id), object: 'notice', status, kind: row.kind, channel: row.channel, about: publicId(row.subject_type as IdKind, row.subject_id) })

/** Who got it and what it said was kept long enough. */
async function forget (hub: Hub, db: TenantDb, row: NoticeRow): Promise<void> {
  const now = hub.now()
  const until = (row.ended_at ?? row.created_at).getTime() + hub.config.mailKeep
  if (until > now.getTime() + 1000) return await retryTimer(db, 'notice', row.id, new Date(until))
  await queries.updateNotice(db, row.id, { content_sealed: null }, now)
  await clearTimer(db, 'notice', row.id)
}
