import type { Access } from '../../access/principal.ts'
import type { Mode } from '../../adapter/context.ts'
import { recordChange } from '../../audit/record.ts'
import { isUniqueViolation } from '../../db/errors.ts'
import { idWindow, pageOf } from '../../db/id-window.ts'
import { inTenant, type TenantDb } from '../../db/in-tenant.ts'
import { HubError, invalidField } from '../../errors.ts'
import type { Hub } from '../../hub.ts'
import { type Idempotency, recordSubject } from '../../idempotency/service.ts'
import { newUuid, publicId, uuidOf } from '../../ids.ts'
import { maskSecret } from '../../vault/mask-secret.ts'
import type { ChannelType } from '../catalogue.ts'
import { endSubscriptionsOf } from '../push/queries.ts'
import { openChannel, sealSecrets } from './channel.ts'
import { channels } from './index.ts'
import * as queries from './queries.ts'
import type { ChannelRow } from './queries.ts'
import type { ChannelTestResult, ListChannels, NewChannel, NotificationChannel, PatchChannel } from './schema.ts'
import { newVapidKeys } from './web-push.ts'
import { hookOf } from './whatsapp-hook.ts'

type House = Pick<Hub, 'db' | 'vault' | 'publicUrl'>
type Fields = Record<string, unknown>
type Parts = Pick<PatchChannel, ChannelType>

/** Which fields of each type are secrets. The rest is shown. */
const secretsOf: Readonly<Record<ChannelType, readonly string[]>> = { mail: ['url'], whatsapp: ['access_token', 'app_secret'], web_push: ['private_key'] }

/** A tenant's way to tell people something. Nothing is asked of the service yet: `test` does that. */
export async function createChannel (hub: Hub, access: Access, body: NewChannel, idempotency: Idempotency | null): Promise<NotificationChannel> {
  if (idempotency?.subject !== undefined) return await getChannel(hub, access, idempotency.subject)
  const { type } = body
  const given = partOf(type, body)
  if (given === undefined) throw invalidField(type, `is needed for a channel of type ${type}`)
  const keys = type === 'web_push' ? newVapidKeys() : undefined
  const fields = { ...given, ...(keys !== undefined && { public_key: keys.publicKey, private_key: keys.privateKey }) }
  checkMailUrl(type, fields)
  const now = hub.now()
  const id = newUuid(now)
  const sealed = await sealedFields(hub, access.tenantId, id, type, fields)
  try {
    const row = await inTenant(hub.db, access.tenantId, async db => {
      await queries.insertChannel(db, { id, mode: access.mode, type, label: body.label ?? type, ...sealed }, now)
      await recordChange(db, access, now, { action: 'notification_channel.created', subjectType: 'notification_channel', subjectId: publicId('notification_channel', id), detail: { type, credentials: sealed.hints } })
      if (idempotency !== null) await recordSubject(db, idempotency, publicId('notification_channel', id))
      return (await queries.findChannel(db, id))!
    })
    return await show(hub, row)
  } catch (error) {
    if (isUniqueViolation(error, 'notification_channels_one')) throw new HubError('already_exists', { detail: { es: `Ya hay un canal ${type} en este modo: cámbielo o elimínelo.`, en: `There is a channel of type ${type} in this mode: change it or delete it.` } })
    throw error
  }
}

export async function getChannel (hub: House, access: Access, publicChannelId: string): Promise<NotificationChannel> {
  const id = uuidOf('notification_channel', publicChannelId)
  return await show(hub, await inTenant(hub.db, access.tenantId, async db => await findOrThrow(db, access, id)))
}

export async function listChannels (hub: House, access: Access, query: ListChannels): Promise<{ data: NotificationChannel[], next_cursor: string | null }> {
  const window = idWindow('notification_channel', query)
  const rows = await inTenant(hub.db, access.tenantId, async db => await queries.listChannels(db, { ...window, mode: access.mode }))
  const page = pageOf('notification_channel', window, rows, async row => await show(hub, row))
  return { ...page, data: await Promise.all(page.data) }
}

/** What is not named stays. New credentials make it untested. */
export async function patchChannel (hub: Hub, access: Access, publicChannelId: string, body: PatchChannel): Promise<NotificationChannel> {
  const id = uuidOf('notification_channel', publicChannelId)
  const before = await inTenant(hub.db, access.tenantId, async db => await findOrThrow(db, access, id))
  const type = before.type as ChannelType
  const given = partOf(type, body)
  const { settings, secrets } = await openChannel(hub, before)
  checkMailUrl(type, given ?? {})
  const sealed = given === undefined ? {} : await sealedFields(hub, access.tenantId, id, type, { ...settings, ...secrets, ...given })
  const row = await inTenant(hub.db, access.tenantId, async db => {
    const locked = await queries.lockChannel(db, id)
    if (locked === undefined) throw new HubError('not_found')
    // Two who change it at once: the second has not seen what the first made of it.
    if (given !== undefined && locked.secrets_sealed !== before.secrets_sealed) throw new HubError('conflict')
    const now = hub.now()
    await queries.updateChannel(db, id, { ...(body.label !== undefined && { label: body.label }), ...(body.enabled !== undefined && { enabled: body.enabled }), ...sealed, ...(given !== undefined && { health: 'untested' as const, last_error: null }) }, now)
    await recordChange(db, access, now, { action: 'notification_channel.changed', subjectType: 'notification_channel', subjectId: publicChannelId, detail: { changed: Object.keys({ ...body, ...given }).filter(name => name !== type), ...('hints' in sealed && { credentials: sealed.hints }) } })
    return (await queries.findChannel(db, id))!
  })
  return await show(hub, row)
}

/** Its secrets are destroyed, and with it go the subscriptions that were made with its key. What waits is parked in its time. */
export async function deleteChannel (hub: Hub, access: Access, publicChannelId: string): Promise<void> {
  const id = uuidOf('notification_channel', publicChannelId)
  await inTenant(hub.db, access.tenantId, async db => {
    const now = hub.now()
    await findOrThrow(db, access, id)
    await queries.updateChannel(db, id, { enabled: false, secrets_sealed: null, hints: {}, deleted_at: now }, now)
    await endSubscriptionsOf(db, id, 'channel_deleted', now)
    await recordChange(db, access, now, { action: 'notification_channel.deleted', subjectType: 'notification_channel', subjectId: publicChannelId })
  })
}

/** Proves the credentials and keeps the result as the channel's health. Nobody gets anything. */
export async function testChannel (hub: Hub, access: Access, publicChannelId: string): Promise<ChannelTestResult> {
  const id = uuidOf('notification_channel', publicChannelId)
  const row = await inTenant(hub.db, access.tenantId, async db => await findOrThrow(db, access, id))
  const { ok, evidence, code = 'failed', said = null } = await channels[row.type as ChannelType].test(hub, await openChannel(hub, row))
  const health = ok ? 'healthy' : 'failing'
  await inTenant(hub.db, access.tenantId, async db => {
    const now = hub.now()
    await findOrThrow(db, access, id)
    await queries.updateChannel(db, id, { health, last_error: ok ? null : code, tested_at: now }, now)
    await recordChange(db, access, now, { action: 'notification_channel.tested', subjectType: 'notification_channel', subjectId: publicChannelId, detail: { ok, ...(!ok && { error_code: code }) } })
  })
  return { ok, health, evidence: evidence.map(line => line[access.language]), error: ok ? null : { code, message: said } }
}

/** What the body says of this type. Throws a 400 that names what belongs to another. */
function partOf (type: ChannelType, body: Parts): Fields | undefined {
  const others = (Object.keys(channels) as ChannelType[]).filter(other => other !== type && body[other] !== undefined)
  if (others.length > 0) throw invalidField(others[0]!, `does not belong to a channel of type ${type}`)
  return body[type]
}

function checkMailUrl (type: ChannelType, { url }: Fields): void {
  if (type !== 'mail' || url === undefined) return
  const parsed = URL.parse(String(url))
  if (parsed === null || parsed.hostname === '' || (parsed.protocol !== 'smtp:' && parsed.protocol !== 'smtps:')) throw invalidField('mail.url', 'is not the address of a mail server: smtps://user:password@host')
  if ((parsed.username === '') !== (parsed.password === '')) throw invalidField('mail.url', 'names a user without a password, or a password without a user')
}

async function sealedFields (hub: Pick<Hub, 'vault'>, tenantId: string, id: string, type: ChannelType, fields: Fields): Promise<{ settings: Fields, secrets_sealed: string, hints: Record<string, { fingerprint: string, hint: string }> }> {
  const secret = ([name]: [string, unknown]): boolean => secretsOf[type].includes(name)
  const secrets = Object.fromEntries(Object.entries(fields).filter(secret)) as Record<string, string>
  const hints = await Promise.all(Object.entries(secrets).map(async ([name, value]) => [name, { fingerprint: await hub.vault.fingerprint(tenantId, value), hint: name === 'url' ? serverOf(value) : maskSecret(value) }] as const))
  return { settings: Object.fromEntries(Object.entries(fields).filter(entry => !secret(entry))), secrets_sealed: await sealSecrets(hub, tenantId, id, secrets), hints: Object.fromEntries(hints) }
}

/** Which server it is, without the user and the password. */
const serverOf = (url: string): string => {
  const { protocol, host } = new URL(url)
  return `${protocol}//…@${host}`
}

async function findOrThrow (db: TenantDb, access: Access, id: string): Promise<ChannelRow> {
  const row = await queries.findChannel(db, id)
  if (row?.mode !== access.mode) throw new HubError('not_found')
  return row
}

async function show (hub: Pick<Hub, 'vault' | 'publicUrl'>, row: ChannelRow): Promise<NotificationChannel> {
  const { public_key: publicKey = null, ...settings } = row.settings as Record<string, unknown> & { public_key?: string }
  return {
    id: publicId('notification_channel', row.id),
    object: 'notification_channel',
    mode: row.mode as Mode,
    type: row.type as ChannelType,
    label: row.label,
    enabled: row.enabled,
    guarantee: channels[row.type as ChannelType].guarantee,
    settings,
    credentials: row.hints as NotificationChannel['credentials'],
    public_key: publicKey,
    webhook: row.type === 'whatsapp' ? await hookOf(hub, row) : null,
    health: row.health as NotificationChannel['health'],
    last_error: row.last_error,
    tested_at: row.tested_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString()
  }
}
