import { createPublicKey } from 'node:crypto'
import type { Access } from '../../access/principal.ts'
import type { Mode } from '../../adapter/context.ts'
import { idWindow, pageOf } from '../../db/id-window.ts'
import { inTenant, type TenantDb } from '../../db/in-tenant.ts'
import { HubError, invalidField } from '../../errors.ts'
import type { Hub } from '../../hub.ts'
import { newUuid, parseId, publicId, uuidOf } from '../../ids.ts'
import { channelInUse } from '../channels/queries.ts'
import { type PushKeys, subscriptionUse } from '../channels/web-push.ts'
import { PrivateAddress, publicAddressOf } from '../../net-guard.ts'
import * as queries from './queries.ts'
import type { OwnerType, SubscriptionRow } from './queries.ts'
import type { ListSubscriptions, NewSubscription, PushSubscription } from './schema.ts'

/** Says at which browser a customer, or the person who is logged in, is reached. Repeating it changes nothing. */
export async function subscribe (hub: Hub, access: Access, body: NewSubscription): Promise<PushSubscription> {
  const owner = ownerOf(access, body.customer)
  const row = await keepSubscription(hub, { tenantId: access.tenantId, mode: access.mode, ...owner }, body.subscription)
  return show(row)
}

/** The same for whoever is known by other means: the page where a buyer gets the invoice. */
export async function keepSubscription (hub: Hub, { tenantId, mode, type, id: ownerId }: { tenantId: string, mode: Mode, type: OwnerType, id: string }, { endpoint, keys }: NewSubscription['subscription']): Promise<SubscriptionRow> {
  const url = await checkedEndpoint(hub, endpoint)
  assertKey(keys.p256dh)
  const now = hub.now()
  const id = newUuid(now)
  const kept: PushKeys = { endpoint: url.href, p256dh: keys.p256dh, auth: keys.auth }
  const [mac, sealed] = await Promise.all([
    hub.vault.mac(tenantId, 'push-endpoint', `${url.href} ${keys.p256dh} ${keys.auth}`),
    hub.vault.seal(tenantId, publicId('push_subscription', id), subscriptionUse, JSON.stringify(kept))
  ])
  return await inTenant(hub.db, tenantId, async db => {
    if (type === 'customer' && !await queries.customerExists(db, mode, ownerId)) throw invalidField('customer', 'there is no such customer')
    const channel = await channelInUse(db, mode, 'web_push')
    if (channel === undefined) throw new HubError('invalid_state', { detail: { es: 'No hay un canal web_push: créelo con POST /v1/notification_channels.', en: 'There is no web_push channel: make one with POST /v1/notification_channels.' } })
    return await queries.putSubscription(db, { id, mode, channel_id: channel.id, owner_type: type, owner_id: ownerId, endpoint_mac: mac, service: url.host, sealed, created_at: now })
  })
}

export async function listSubscriptions (hub: Pick<Hub, 'db'>, access: Access, query: ListSubscriptions): Promise<{ data: PushSubscription[], next_cursor: string | null }> {
  const window = idWindow('push_subscription', query)
  const customer = query.customer === undefined ? undefined : parseId('customer', query.customer)
  if (query.customer !== undefined && customer === undefined) throw invalidField('customer', 'is not the id of a customer')
  const rows = await inTenant(hub.db, access.tenantId, async db => await queries.listSubscriptions(db, { ...window, mode: access.mode, ...(customer !== undefined && { ownerId: customer }) }))
  return pageOf('push_subscription', window, rows, show)
}

/** Repeating it changes nothing, and so does a subscription that ended by itself. */
export async function unsubscribe (hub: Pick<Hub, 'db' | 'now'>, access: Access, publicSubscriptionId: string): Promise<void> {
  const id = uuidOf('push_subscription', publicSubscriptionId)
  await inTenant(hub.db, access.tenantId, async db => {
    await findOrThrow(db, access, id)
    await queries.endSubscription(db, id, 'deleted', hub.now())
  })
}

function ownerOf ({ principal }: Access, customer: string | undefined): { type: OwnerType, id: string } {
  if (customer !== undefined) {
    const id = parseId('customer', customer)
    if (id === undefined) throw invalidField('customer', 'there is no such customer')
    return { type: 'customer', id }
  }
  const id = principal.type === 'user' ? parseId('user', principal.id) : undefined
  if (id === undefined) throw invalidField('customer', 'is needed: a key is not a person')
  return { type: 'user', id }
}

/** A push service is on the internet and speaks https (RFC 8030 §8); only the operator lets it be elsewhere. */
async function checkedEndpoint (hub: Pick<Hub, 'config'>, endpoint: string): Promise<URL> {
  const path = 'subscription.endpoint'
  const allowPrivate = hub.config.noticePrivateAddresses
  const url = URL.parse(endpoint)
  if (url === null || (url.protocol !== 'https:' && !(allowPrivate && url.protocol === 'http:')) || url.username !== '' || url.password !== '') throw invalidField(path, 'must be the https address of a push service')
  try {
    await publicAddressOf(url.hostname, { allowPrivate })
  } catch (error) {
    // A name that does not resolve at this moment may do so when there is something to tell.
    if (error instanceof PrivateAddress) throw invalidField(path, 'must be the https address of a push service')
  }
  return url
}

/** A point on P-256, uncompressed; anything else could never be encrypted for. */
function assertKey (p256dh: string): void {
  const point = Buffer.from(p256dh, 'base64url')
  try {
    if (point[0] !== 4) throw new Error('not an uncompressed point')
    createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: point.subarray(1, 33).toString('base64url'), y: point.subarray(33).toString('base64url') }, format: 'jwk' })
  } catch {
    throw invalidField('subscription.keys.p256dh', 'is not a public key on P-256')
  }
}

async function findOrThrow (db: TenantDb, access: Access, id: string): Promise<SubscriptionRow> {
  const row = await queries.findAnySubscription(db, id)
  if (row?.mode !== access.mode) throw new HubError('not_found')
  return row
}

function show (row: SubscriptionRow): PushSubscription {
  return {
    id: publicId('push_subscription', row.id),
    object: 'push_subscription',
    mode: row.mode as Mode,
    channel: publicId('notification_channel', row.channel_id),
    owner: { type: row.owner_type as OwnerType, id: publicId(row.owner_type as OwnerType, row.owner_id) },
    service: row.service,
    created_at: row.created_at.toISOString()
  }
}
