import { randomBytes } from 'node:crypto'
import type { Access } from '../access/principal.ts'
import type { Mode } from '../adapter/context.ts'
import { resolveAlert } from '../alerts/raise.ts'
import { recordChange } from '../audit/record.ts'
import { idWindow, pageOf } from '../db/id-window.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { HubError, invalidField } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { type Idempotency, recordSubject } from '../idempotency/service.ts'
import { newUuid, parseId, publicId, uuidOf } from '../ids.ts'
import { PrivateAddress, publicAddressOf } from '../net-guard.ts'
import { assertPublicUrl } from '../urls.ts'
import { showDelivery } from './log.ts'
import { assertEnabled, ownerOf } from './owner.ts'
import * as queries from './queries.ts'
import type { EndpointRow, Owner } from './queries.ts'
import type { Delivery, Endpoint, EndpointHealth, Filter, ListEndpoints, MadeEndpoint, NewEndpoint, PatchEndpoint, Recover, Recovered, RotateSecret } from './schema.ts'
import { type KeyHint, openKeys, rotated, sealKeys } from './secrets.ts'
import { newSigningKey, secretBytes, type SigningKey } from './sign.ts'

type House = Pick<Hub, 'db' | 'vault' | 'config' | 'now'>

/** Of one owner in one mode: each is a row more in the transaction of every event. */
export const endpointsAtMost = 20
const recoverAtMost = 5000
const hourMs = 3600_000

/** Makes an endpoint, and gives its secret away this once. Throws a 400 that names the field when it does not lead to the internet. */
export async function createEndpoint (hub: House, access: Access, body: NewEndpoint, idempotency: Idempotency | null): Promise<MadeEndpoint> {
  const owner = ownerOf(access)
  const url = await checkedUrl(hub, access.mode, body.url)
  const now = hub.now()
  const id = newUuid(now)
  const key = keyOf(body.secret, body.asymmetric === true)
  const sealed = await sealKeys(hub, access.tenantId, id, [key])
  const row = await inTenant(hub.db, access.tenantId, async db => {
    // A run before this one made an endpoint and died before it could show the secret.
    const unseen = idempotency?.subject === undefined ? undefined : parseId('webhook_endpoint', idempotency.subject)
    if (unseen !== undefined) await remove(db, access, unseen, now)
    if (await queries.countEndpoints(db, owner) >= endpointsAtMost) throw new HubError('conflict', { detail: { es: `Ya hay ${endpointsAtMost} destinos en este modo: elimine alguno.`, en: `There are ${endpointsAtMost} endpoints in this mode already: delete one.` } })
    await queries.insertEndpoint(db, owner, {
      id, url, label: body.label ?? null, event_types: body.event_types, filters: storedFilters(body.filters ?? []), ordered: body.ordering === 'per_object', enabled: body.enabled ?? true, ...sealed
    }, now)
    await recordChange(db, access, now, { action: 'webhook_endpoint.created', subjectType: 'webhook_endpoint', subjectId: publicId('webhook_endpoint', id), detail: { url: shownUrl(url), event_types: body.event_types, secret: sealed.hints[0]!.hint } })
    if (idempotency !== null) await recordSubject(db, idempotency, publicId('webhook_endpoint', id))
    return await findOrThrow(db, owner, id)
  })
  return { ...show(row), secret: key.secret }
}

export async function listEndpoints (hub: Pick<Hub, 'db'>, access: Access, query: ListEndpoints): Promise<{ data: Endpoint[], next_cursor: string | null }> {
  const window = idWindow('webhook_endpoint', query)
  const rows = await inTenant(hub.db, access.tenantId, async db => await queries.listEndpoints(db, ownerOf(access), window))
  return pageOf('webhook_endpoint', window, rows, show)
}

export async function getEndpoint (hub: Pick<Hub, 'db'>, access: Access, publicEndpointId: string): Promise<Endpoint> {
  const id = uuidOf('webhook_endpoint', publicEndpointId)
  return show(await inTenant(hub.db, access.tenantId, async db => await findOrThrow(db, ownerOf(access), id)))
}

/** What is not named stays. Disabling gives up what waits; enabling again begins anew, and `recover` brings what was missed. */
export async function patchEndpoint (hub: House, access: Access, publicEndpointId: string, body: PatchEndpoint): Promise<Endpoint> {
  const id = uuidOf('webhook_endpoint', publicEndpointId)
  const owner = ownerOf(access)
  await inTenant(hub.db, access.tenantId, async db => await findOrThrow(db, owner, id)) // a stranger learns nothing from what is wrong with the body
  const url = body.url === undefined ? undefined : await checkedUrl(hub, access.mode, body.url)
  const now = hub.now()
  return show(await inTenant(hub.db, access.tenantId, async db => {
    const before = await queries.lockEndpoint(db, owner, id)
    if (before === undefined) throw new HubError('not_found')
    const changes = {
      ...url !== undefined && { url },
      ...body.label !== undefined && { label: body.label },
      ...body.event_types !== undefined && { event_types: body.event_types },
      ...body.filters !== undefined && { filters: storedFilters(body.filters) },
      ...body.ordering !== undefined && { ordered: body.ordering === 'per_object' }
    }
    if (Object.keys(changes).length > 0) await queries.updateEndpoint(db, id, changes, now)
    if (body.enabled === false && await queries.disable(db, id, 'by_person', now)) await queries.failPending(db, id, now)
    if (body.enabled === true) await queries.enable(db, id, now)
    if (body.enabled !== undefined) await endAlerts(db, id, now)
    await recordChange(db, access, now, { action: 'webhook_endpoint.changed', subjectType: 'webhook_endpoint', subjectId: publicEndpointId, detail: { changed: Object.keys(body), ...url !== undefined && { url: shownUrl(url) }, ...body.enabled !== undefined && { enabled: body.enabled } } })
    return await findOrThrow(db, owner, id)
  }))
}

/** Its secrets are destroyed and what waits is given up. What was delivered is still to be read. */
export async function deleteEndpoint (hub: Pick<Hub, 'db' | 'now'>, access: Access, publicEndpointId: string): Promise<void> {
  const id = uuidOf('webhook_endpoint', publicEndpointId)
  await inTenant(hub.db, access.tenantId, async db => {
    if (!await remove(db, access, id, hub.now())) throw new HubError('not_found')
  })
}

/** A new secret, shown this once; the one before signs beside it until the overlap is over. */
export async function rotateSecret (hub: House, access: Access, publicEndpointId: string, body: RotateSecret, idempotency: Idempotency | null): Promise<MadeEndpoint> {
  const id = uuidOf('webhook_endpoint', publicEndpointId)
  const owner = ownerOf(access)
  const now = hub.now()
  const until = new Date(now.getTime() + (body.overlap_seconds ?? 86_400) * 1000)
  const before = await inTenant(hub.db, access.tenantId, async db => await findOrThrow(db, owner, id))
  const keys = await openKeys(hub, access.tenantId, id, before.secrets_sealed!)
  const key = keyOf(body.secret, keys[0]?.seed !== undefined)
  const sealed = await sealKeys(hub, access.tenantId, id, rotated(keys, key, now, until))
  const row = await inTenant(hub.db, access.tenantId, async db => {
    const locked = await queries.lockEndpoint(db, owner, id)
    if (locked === undefined) throw new HubError('not_found')
    // Two who rotate at once: the second has not seen what the first made of it.
    if (locked.secrets_sealed !== before.secrets_sealed) throw new HubError('conflict')
    await queries.updateEndpoint(db, id, sealed, now)
    await recordChange(db, access, now, { action: 'webhook_endpoint.secret_rotated', subjectType: 'webhook_endpoint', subjectId: publicEndpointId, detail: { secret: sealed.hints[0]!.hint, before_valid_until: until.toISOString() } })
    if (idempotency !== null) await recordSubject(db, idempotency, publicEndpointId)
    return await findOrThrow(db, owner, id)
  })
  return { ...show(row), secret: key.secret }
}

/** Sends `webhook_endpoint.test` to this endpoint and to nobody else, as a delivery like any other. It is not among the events. */
export async function testEndpoint (hub: Pick<Hub, 'db' | 'now'>, access: Access, publicEndpointId: string, idempotency: Idempotency | null): Promise<Delivery> {
  const id = uuidOf('webhook_endpoint', publicEndpointId)
  const owner = ownerOf(access)
  const now = hub.now()
  return showDelivery(await inTenant(hub.db, access.tenantId, async db => {
    const endpoint = await findOrThrow(db, owner, id)
    const begun = idempotency?.subject === undefined ? undefined : parseId('delivery', idempotency.subject)
    if (begun !== undefined) return (await queries.findDelivery(db, owner, begun))!
    assertEnabled(endpoint)
    const test = newUuid(now)
    await queries.insertTest(db, owner, { id: test, endpointId: id, eventId: newUuid(now), type: 'webhook_endpoint.test', payload: JSON.stringify({ ...show(endpoint), signing_keys: undefined }) }, now)
    await queries.endPause(db, id, now)
    await recordChange(db, access, now, { action: 'webhook_endpoint.tested', subjectType: 'webhook_endpoint', subjectId: publicEndpointId, detail: { delivery: publicId('delivery', test) } })
    if (idempotency !== null) await recordSubject(db, idempotency, publicId('delivery', test))
    await queries.ring(db)
    return (await queries.findDelivery(db, owner, test))!
  }))
}

/** Everything since a moment that did not arrive: what failed is sent again, what was never meant for it, for it was disabled, is made. Repeating it is safe. */
export async function recoverEndpoint (hub: Pick<Hub, 'db' | 'now'>, access: Access, publicEndpointId: string, { since }: Recover): Promise<Recovered> {
  const id = uuidOf('webhook_endpoint', publicEndpointId)
  const owner = ownerOf(access)
  const now = hub.now()
  const from = new Date(Math.max(0, Date.parse(since)))
  if (!(from <= now)) throw invalidField('since', 'must be a moment in the past')
  const { retried, created } = await inTenant(hub.db, access.tenantId, async db => {
    assertEnabled(await findOrThrow(db, owner, id))
    const window = idWindow('delivery', { created_from: from.toISOString() })
    const retried = await queries.requeueMatching(db, owner, { endpointId: id, status: 'failed', from: window.from! }, now, recoverAtMost)
    const created = await queries.recoverMissing(db, id, from, now, recoverAtMost)
    await queries.endPause(db, id, now)
    await recordChange(db, access, now, { action: 'webhook_endpoint.recovered', subjectType: 'webhook_endpoint', subjectId: publicEndpointId, detail: { since: from.toISOString(), retried: retried.length, created } })
    await queries.ring(db)
    return { retried: retried.length, created }
  })
  return { object: 'webhook_recovery', endpoint: publicEndpointId, since: from.toISOString(), retried, created, complete: retried < recoverAtMost && created < recoverAtMost }
}

export async function endpointHealth (hub: Pick<Hub, 'db' | 'now'>, access: Access, publicEndpointId: string): Promise<EndpointHealth> {
  const id = uuidOf('webhook_endpoint', publicEndpointId)
  const now = hub.now()
  const { row, health } = await inTenant(hub.db, access.tenantId, async db => ({ row: await findOrThrow(db, ownerOf(access), id), health: await queries.endpointHealth(db, id, new Date(now.getTime() - 24 * hourMs)) }))
  const sum = (of: 'succeeded' | 'failed' | 'duration_ms'): number => health.hours.reduce((total, hour) => total + hour[of], 0)
  const [succeeded, failed] = [sum('succeeded'), sum('failed')]
  const paused = row.paused_until
  return {
    object: 'webhook_endpoint_health',
    endpoint: publicEndpointId,
    breaker: paused === null ? 'closed' : paused > now ? 'open' : 'half_open',
    resumes_at: paused?.toISOString() ?? null,
    consecutive_failures: row.consecutive_failures,
    failing_since: row.failing_since?.toISOString() ?? null,
    last_success_at: row.last_success_at?.toISOString() ?? null,
    last_failure_at: row.last_failure_at?.toISOString() ?? null,
    pending: health.pending,
    oldest_pending_at: health.oldest_pending_at?.toISOString() ?? null,
    last_24_hours: {
      succeeded, failed, success_rate: succeeded + failed === 0 ? null : Number((succeeded / (succeeded + failed)).toFixed(4)), mean_ms: succeeded + failed === 0 ? null : Math.round(sum('duration_ms') / (succeeded + failed))
    },
    p50_ms: health.p50_ms,
    p95_ms: health.p95_ms,
    hours: health.hours.map(({ hour, succeeded, failed }) => ({ hour: hour.toISOString(), succeeded, failed }))
  }
}

async function remove (db: TenantDb, access: Access, id: string, now: Date): Promise<boolean> {
  if (await queries.lockEndpoint(db, ownerOf(access), id) === undefined) return false
  await queries.disable(db, id, 'by_person', now)
  await queries.failPending(db, id, now)
  await queries.updateEndpoint(db, id, { secrets_sealed: null, hints: [], deleted_at: now }, now)
  await endAlerts(db, id, now)
  await recordChange(db, access, now, { action: 'webhook_endpoint.deleted', subjectType: 'webhook_endpoint', subjectId: publicId('webhook_endpoint', id) })
  return true
}

async function endAlerts (db: TenantDb, id: string, now: Date): Promise<void> {
  await resolveAlert(db, now, ['webhook_endpoint_failing', 'webhook_endpoint_disabled'], publicId('webhook_endpoint', id))
}

async function findOrThrow (db: TenantDb, owner: Owner, id: string): Promise<EndpointRow> {
  const row = await queries.findEndpoint(db, owner, id)
  if (row === undefined) throw new HubError('not_found')
  return row
}

/** As it is stored and called. Only the operator lets it be on a private network. */
async function checkedUrl (hub: Pick<Hub, 'config'>, mode: Mode, text: string): Promise<string> {
  const url = assertPublicUrl(mode, text, 'url')
  try {
    await publicAddressOf(url.hostname, { allowPrivate: hub.config.webhookPrivateAddresses })
  } catch (error) {
    // A name that does not resolve at this moment may do so when there is something to tell; it is judged again at each connection.
    if (error instanceof PrivateAddress) throw invalidField('url', 'must lead to the internet: it is judged by its address (WEBHOOK_PRIVATE_ADDRESSES lifts that for development)')
  }
  url.hash = ''
  return url.href
}

/** For the audit log: a query may hold a token of the receiver's. */
function shownUrl (text: string): string {
  const { origin, pathname } = new URL(text)
  return `${origin}${pathname}`
}

function keyOf (secret: string | undefined, asymmetric: boolean): SigningKey {
  if (secret !== undefined && secretBytes(secret) === undefined) throw invalidField('secret', 'must be whsec_ and 24 to 64 bytes in base64')
  const made = newSigningKey(randomBytes(32), asymmetric ? randomBytes(32) : undefined)
  return secret === undefined ? made : { ...made, secret }
}

interface StoredFilter { path: string[], op: Filter['op'], values: Filter['values'] }

function storedFilters (filters: readonly Filter[]): StoredFilter[] {
  return filters.map(({ field, op, values }, index) => {
    if ((op === 'gte' || op === 'lte') && (values.length !== 1 || typeof values[0] !== 'number')) throw invalidField(`filters[${index}].values`, `${op} takes one number`)
    return { path: field.split('.'), op, values }
  })
}

function show (row: EndpointRow): Endpoint {
  return {
    id: publicId('webhook_endpoint', row.id),
    object: 'webhook_endpoint',
    mode: row.mode as Mode,
    partner: row.partner_id === null ? null : publicId('partner', row.partner_id),
    url: row.url,
    label: row.label,
    event_types: row.event_types,
    filters: (row.filters as unknown as StoredFilter[]).map(({ path, op, values }) => ({ field: path.join('.'), op, values })),
    ordering: row.ordered ? 'per_object' : 'none',
    status: row.enabled ? 'enabled' : 'disabled',
    disabled_reason: row.disabled_reason as Endpoint['disabled_reason'],
    disabled_at: row.disabled_at?.toISOString() ?? null,
    signing_keys: (row.hints as unknown as KeyHint[]).map(({ hint, public_key: publicKey, until }) => ({ hint, public_key: publicKey, valid_until: until })),
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString()
  }
}
