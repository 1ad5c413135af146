import { createHmac, timingSafeEqual } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { Type } from 'typebox'
import type { Mode } from '../../adapter/context.ts'
import { raiseAlert } from '../../alerts/raise.ts'
import { inTenant, type TenantDb } from '../../db/in-tenant.ts'
import { setTimer } from '../../db/timers.ts'
import { HubError } from '../../errors.ts'
import { recordEvents } from '../../events/record.ts'
import type { HubInstance } from '../../http.ts'
import type { Hub } from '../../hub.ts'
import { type IdKind, parseId, publicId } from '../../ids.ts'
import { eventData } from '../notices/deliver.ts'
import { afterStatus, type DeliveryStatus } from '../notices/machine.ts'
import { lockNotice, updateNotice } from '../notices/queries.ts'
import { openChannel, type OpenChannel } from './channel.ts'
import { type ChannelRow, findChannel } from './queries.ts'
import type { WhatsappSettings } from './whatsapp.ts'

/**
 * What Meta tells later of a message: most of what cannot be delivered (131026, 131047 …) is only said here, and a message whose answer was
 * lost is known by it. Source: developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/status of
 * 2026-05-21, read 2026-11-21.
 */
interface Status { id: string, status: string, errors?: { code?: number }[], biz_opaque_callback_data?: string }

const use = 'whatsapp-hook'
const claimOf = (row: Pick<ChannelRow, 'tenant_id' | 'id'>): string => `${publicId('tenant', row.tenant_id)}.${publicId('notification_channel', row.id)}`

/** What the tenant types into Meta's dashboard: the callback URL and its verify token. */
export async function hookOf (hub: Pick<Hub, 'vault' | 'publicUrl'>, row: Pick<ChannelRow, 'tenant_id' | 'id'>): Promise<{ url: string, verify_token: string }> {
  const claim = claimOf(row)
  const [mac, verifyToken] = await Promise.all([hub.vault.mac(row.tenant_id, use, claim), hub.vault.mac(row.tenant_id, `${use}-verify`, claim)])
  return { url: `${hub.publicUrl()}/hooks/whatsapp/${claim}.${mac.toString('base64url')}`, verify_token: verifyToken.toString('hex').slice(0, 32) }
}

/** The channel that an address names; undefined when it is not one of ours. The caller learns no more. */
async function channelAt (hub: Pick<Hub, 'db' | 'vault'>, token: string): Promise<ChannelRow | undefined> {
  const [tenant = '', channel = '', mac = ''] = token.split('.')
  const [tenantId, id] = [parseId('tenant', tenant), parseId('notification_channel', channel)]
  if (tenantId === undefined || id === undefined) return undefined
  const row = await inTenant(hub.db, tenantId, async db => await findChannel(db, id))
  // The tenant's key is asked for only where there is a channel: a made-up tenant must not get one made.
  if (row?.type !== 'whatsapp') return undefined
  return isSame(await hub.vault.mac(tenantId, use, claimOf(row)), Buffer.from(mac, 'base64url')) ? row : undefined
}

const isSame = (expected: Buffer, given: Buffer): boolean => given.length === expected.length && timingSafeEqual(given, expected)

/** Every refusal takes this long, whatever is wrong, ms. */
const refusalMs = 25

/** The address that Meta calls. */
export async function whatsappHookRoutes (app: HubInstance): Promise<void> {
  const { hub } = app
  const params = Type.Object({ token: Type.String({ maxLength: 200 }) })
  const Given = Type.Optional(Type.String({ maxLength: 500 }))
  const tags = ['Inbound webhooks']
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: hub.config.inboundMaxBytes }, (_request, body, done) => { done(null, body) })

  app.get('/hooks/whatsapp/:token', { config: { public: true }, schema: { tags, summary: 'Where Meta proves a WhatsApp channel’s address', params, querystring: Type.Object({ 'hub.mode': Given, 'hub.verify_token': Given, 'hub.challenge': Given }) } }, async (request, reply) => {
    const row = await channelAt(hub, request.params.token)
    const { 'hub.mode': mode, 'hub.verify_token': token = '', 'hub.challenge': challenge = '' } = request.query
    const proven = row !== undefined && mode === 'subscribe' && isSame(Buffer.from((await hookOf(hub, row)).verify_token), Buffer.from(token))
    if (!proven) return await refused()
    return await reply.type('text/plain').send(challenge)
  })

  app.post('/hooks/whatsapp/:token', { config: { public: true }, bodyLimit: hub.config.inboundMaxBytes, schema: { tags, summary: 'Where Meta tells what became of WhatsApp messages', params } }, async (request, reply) => {
    const row = await channelAt(hub, request.params.token)
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
    const channel = row && await openChannel(hub, row)
    const signature = Buffer.from(String(request.headers['x-hub-signature-256'] ?? '').replace(/^sha256=/, ''), 'hex')
    if (channel === undefined || !isSigned(channel, body, signature)) return await refused()
    await applyStatuses(hub, channel, body)
    return await reply.code(200).type('text/plain').send('ok')
  })

  async function refused (): Promise<never> {
    await wait(refusalMs)
    throw new HubError('webhook_unverified')
  }
}

/** Without the app's secret nobody can prove anything. */
function isSigned ({ secrets }: OpenChannel, body: Buffer, signature: Buffer): boolean {
  return secrets.app_secret !== undefined && secrets.app_secret !== '' && isSame(createHmac('sha256', secrets.app_secret).update(body).digest(), signature)
}

async function applyStatuses (hub: Hub, channel: OpenChannel, body: Buffer): Promise<void> {
  for (const status of statusesOf(body, (channel.settings as WhatsappSettings).phone_number_id)) {
    const id = parseId('notice', String(status.biz_opaque_callback_data))
    if (id !== undefined) await inTenant(hub.db, channel.row.tenant_id, async db => { await applyStatus(hub, db, channel.row, id, status) })
  }
}

async function applyStatus (hub: Pick<Hub, 'now' | 'config'>, db: TenantDb, { mode }: ChannelRow, id: string, { id: reference, status, errors }: Status): Promise<void> {
  const row = await lockNotice(db, id)
  if (row?.mode !== mode || row.channel !== 'whatsapp') return
  // It tells of an earlier message: a person has had it sent once more.
  if (row.provider_reference !== null && row.provider_reference !== reference) return
  const now = hub.now()
  const next = afterStatus(row.own_status as 'sent', status as DeliveryStatus)
  // The answer is on its way, or was lost with the process: whoever finds it in the middle then knows that it went out.
  if (row.own_status === 'sending' && status !== 'failed') return await updateNotice(db, id, { provider_reference: reference }, now)
  if (next === undefined) return
  const code = errors?.[0]?.code === undefined ? null : String(errors[0].code)
  await updateNotice(db, id, { status: next, provider_reference: reference, error_code: next === 'sent' ? null : code, ended_at: now }, now)
  await setTimer(db, 'notice', id, new Date(now.getTime() + hub.config.mailKeep))
  await recordEvents(db, now, [{ type: `notice.${next}`, mode: mode as Mode, subjectId: id, data: eventData(row, next) }])
  if (next === 'refused') {
    await raiseAlert(db, now, { kind: 'notice_refused', severity: 'warning', mode: mode as Mode, subjectId: publicId('notice', id), detail: { about: publicId(row.subject_type as IdKind, row.subject_id), kind: row.kind, channel: 'whatsapp', code } })
  }
}

/** Of this number; whatever else Meta tells is not ours to read. What cannot be read tells nothing. */
function statusesOf (body: Buffer, phoneNumberId: string): Status[] {
  try {
    const { entry = [] } = JSON.parse(body.toString()) as { entry?: { changes?: { value?: { metadata?: { phone_number_id?: string }, statuses?: Status[] } }[] }[] }
    return entry.flatMap(({ changes = [] }) => changes.flatMap(({ value }) => value?.metadata?.phone_number_id === phoneNumberId ? value.statuses ?? [] : []))
      .filter(status => typeof status?.id === 'string' && typeof status.status === 'string')
  } catch {
    return []
  }
}
