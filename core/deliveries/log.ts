import type { Access } from '../access/principal.ts'
import type { Mode } from '../adapter/context.ts'
import { recordChange } from '../audit/record.ts'
import { idWindow, pageOf } from '../db/id-window.ts'
import { inTenant } from '../db/in-tenant.ts'
import { HubError, invalidField } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { parseId, publicId, uuidOf } from '../ids.ts'
import { assertEnabled, ownerOf } from './owner.ts'
import * as queries from './queries.ts'
import type { DeliveryFilter, DeliveryRow } from './queries.ts'
import type { Delivery, DeliveryDetail, ListDeliveries, ReplayDeliveries, ReplayedDeliveries } from './schema.ts'
import type { Answer } from './send.ts'

/** An attempt as it is kept. */
interface LoggedAttempt { at: string, duration_ms: number, status: number | null, error: Answer['error'] | null, response: Answer['head'] | null }

const replayAtMost = 1000

/** What was, or is to be, delivered: newest event first. */
export async function listDeliveries (hub: Pick<Hub, 'db'>, access: Access, query: ListDeliveries): Promise<{ data: Delivery[], next_cursor: string | null }> {
  const window = idWindow('delivery', query)
  const rows = await inTenant(hub.db, access.tenantId, async db => await queries.listDeliveries(db, ownerOf(access), { ...window, ...filterOf(query) }))
  return pageOf('delivery', window, rows, showDelivery)
}

/** With its attempts, and how each was answered. */
export async function getDelivery (hub: Pick<Hub, 'db'>, access: Access, publicDeliveryId: string): Promise<DeliveryDetail> {
  const id = uuidOf('delivery', publicDeliveryId)
  const row = await inTenant(hub.db, access.tenantId, async db => await queries.findDelivery(db, ownerOf(access), id))
  if (row === undefined) throw new HubError('not_found')
  return { ...showDelivery(row), log: (row.log as unknown as LoggedAttempt[]).map(({ at, duration_ms: durationMs, status, error, response }) => ({ at, duration_ms: durationMs, http_status: status, error: error ?? null, response: response ?? null })) }
}

/** Once more and at once, from the start of the schedule, also one that succeeded: the receiver knows it by its `webhook-id`. */
export async function retryDelivery (hub: Pick<Hub, 'db' | 'now'>, access: Access, publicDeliveryId: string): Promise<Delivery> {
  const id = uuidOf('delivery', publicDeliveryId)
  const owner = ownerOf(access)
  const now = hub.now()
  return showDelivery(await inTenant(hub.db, access.tenantId, async db => {
    const before = await queries.findDelivery(db, owner, id)
    if (before === undefined) throw new HubError('not_found')
    assertEnabled(await queries.findEndpoint(db, owner, before.endpoint_id) ?? { enabled: false })
    await queries.requeue(db, id, now)
    await queries.endPause(db, before.endpoint_id, now)
    await recordChange(db, access, now, { action: 'delivery.retried', subjectType: 'delivery', subjectId: publicDeliveryId, detail: { before: before.status } })
    await queries.ring(db)
    return (await queries.findDelivery(db, owner, id))!
  }))
}

/** Many at once, after `dry_run` has told how many: newest first, at most 1,000 a call; `next_cursor` goes on behind them. What waits, and what belongs to a disabled endpoint, is left alone. */
export async function replayDeliveries (hub: Pick<Hub, 'db' | 'now'>, access: Access, body: ReplayDeliveries): Promise<ReplayedDeliveries> {
  const owner = ownerOf(access)
  const { before, from } = idWindow('delivery', body)
  const filter = { ...filterOf({ ...body, status: body.status ?? 'failed' }), ...before !== undefined && { before }, ...from !== undefined && { from } }
  const now = hub.now()
  const { matched, ids } = await inTenant(hub.db, access.tenantId, async db => {
    const matched = await queries.countMatching(db, owner, filter)
    if (body.dry_run === true) return { matched, ids: [] }
    const ids = await queries.requeueMatching(db, owner, filter, now, replayAtMost)
    await recordChange(db, access, now, { action: 'deliveries.replayed', subjectType: 'tenant', subjectId: publicId('tenant', access.tenantId), detail: { filter: body, replayed: ids.length } })
    await queries.ring(db)
    return { matched, ids }
  })
  const more = ids.length > 0 && ids.length < matched
  return { dry_run: body.dry_run === true, matched, replayed: ids.length, next_cursor: more ? publicId('delivery', ids.at(-1)!) : null }
}

function filterOf (query: Pick<ListDeliveries, 'endpoint' | 'event' | 'status' | 'event_type'>): DeliveryFilter {
  const endpointId = query.endpoint === undefined ? undefined : parseId('webhook_endpoint', query.endpoint)
  const eventId = query.event === undefined ? undefined : parseId('event', query.event)
  if (query.endpoint !== undefined && endpointId === undefined) throw invalidField('endpoint', 'is not the id of a webhook endpoint')
  if (query.event !== undefined && eventId === undefined) throw invalidField('event', 'is not the id of an event')
  return { ...endpointId !== undefined && { endpointId }, ...eventId !== undefined && { eventId }, ...query.status !== undefined && { status: query.status }, ...query.event_type !== undefined && { type: query.event_type } }
}

export function showDelivery (row: DeliveryRow): Delivery {
  return {
    id: publicId('delivery', row.id),
    object: 'delivery',
    mode: row.mode as Mode,
    endpoint: publicId('webhook_endpoint', row.endpoint_id),
    event: publicId('event', row.event_id),
    event_type: row.event_type,
    tenant: publicId('tenant', row.event_tenant_id),
    test: row.payload !== null,
    status: row.status as Delivery['status'],
    attempts: row.attempts,
    last_attempt: row.last_attempt_at === null ? null : { at: row.last_attempt_at.toISOString(), http_status: row.last_status, error: lastErrorOf(row), duration_ms: row.last_duration_ms },
    error: row.status === 'succeeded' ? null : row.last_error,
    next_attempt_at: row.next_attempt_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
    ended_at: row.ended_at?.toISOString() ?? null
  }
}

/** That of the newest attempt, which the reason why there is no other does not replace. */
const lastErrorOf = (row: DeliveryRow): string | null => (row.log as unknown as LoggedAttempt[]).at(-1)?.error ?? null
