import type { Access } from '../access/principal.ts'
import type { Mode } from '../adapter/context.ts'
import { recordChange } from '../audit/record.ts'
import { idWindow, pageOf } from '../db/id-window.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { HubError } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { type IdKind, publicId, uuidOf } from '../ids.ts'
import { isExpunged, openBody } from './body.ts'
import * as queries from './queries.ts'
import { accept, reconsider, type Refused, type Targets } from './reconsider.ts'
import type { InboundEvent, InboundEventDetail, ListInbound, Replayed, ReplayMany } from './schema.ts'

/** What came in, newest first: what was believed, and what was refused and why. */
export async function listInbound (hub: Hub, access: Access, query: ListInbound): Promise<{ data: InboundEvent[], next_cursor: string | null }> {
  const window = idWindow('inbound', query)
  const refusedOnly = query.verdict === 'refused' || query.status === 'refused'
  const withRefused = refusedOnly || (query.verdict === undefined && query.status === undefined && query.event_type === undefined)
  if (refusedOnly && ((query.verdict ?? 'refused') !== 'refused' || (query.status ?? 'refused') !== 'refused')) return { data: [], next_cursor: null }
  const shared = { mode: access.mode, ...window, ...connectionOf(query) }
  const rows = await inTenant(hub.db, access.tenantId, async db => {
    const stored = refusedOnly
      ? []
      : await queries.listInbound(db, { ...shared, ...(query.status !== undefined && { status: query.status }), ...(query.verdict !== undefined && { verdict: query.verdict as 'verified' }), ...(query.event_type !== undefined && { eventType: query.event_type }) })
    const refused = withRefused ? await queries.listRefused(db, shared) : []
    return [...stored.map(row => ({ id: row.id, shown: show(row) })), ...refused.map(row => ({ id: row.id, shown: showRefused(row) }))]
      .sort((a, b) => a.id < b.id ? 1 : -1)
  })
  return pageOf('inbound', window, rows, ({ shown }) => shown)
}

export async function getInbound (hub: Hub, access: Access, publicInboundId: string): Promise<InboundEventDetail> {
  const id = uuidOf('inbound', publicInboundId)
  const found = await inTenant(hub.db, access.tenantId, async db => ({ stored: await queries.findInbound(db, id), refused: await queries.findRefused(db, id) }))
  const row = found.stored ?? found.refused
  if (row?.mode !== access.mode) throw new HubError('not_found')
  const scrub = hub.adapters.get(row.provider)?.scrub
  // What an adapter cannot clean is not shown.
  const body = scrub === undefined ? '' : scrub((await openBody(hub.vault, access.tenantId, row.id, row.body_sealed)).toString('utf8'), {})
  return {
    ...(found.stored !== undefined ? show(found.stored) : showRefused(found.refused!)),
    headers: Object.fromEntries(Object.entries(row.headers as Record<string, string>).filter(([name]) => name !== 'authorization' && name !== 'cookie')),
    body,
    address: found.refused?.address ?? null
  }
}

/** Once more from the start. Processing is idempotent, so nothing is taken or counted twice. What was refused is judged anew first. */
export async function replayOne (hub: Hub, access: Access, publicInboundId: string): Promise<InboundEvent> {
  const id = uuidOf('inbound', publicInboundId)
  const found = await inTenant(hub.db, access.tenantId, async db => {
    const before = await queries.findInbound(db, id)
    if (before === undefined) return { refused: await queries.findRefused(db, id) }
    if (before.mode !== access.mode) throw new HubError('not_found')
    if (isExpunged(before.body_sealed)) throw new HubError('invalid_state', { detail: { en: 'What was sent is no longer kept (RETENTION_PAYLOADS), so it cannot be processed once more.', es: 'Lo que se envió ya no se conserva (RETENTION_PAYLOADS): no se puede procesar de nuevo.' } })
    const now = hub.now()
    await queries.finishInbound(db, id, { status: 'received', reason: null, nextRunAt: now, now })
    await queries.resetAttempts(db, id)
    await recordReplay(db, access, now, publicInboundId, before.status)
    return { row: (await queries.findInbound(db, id))! }
  })
  if (found.row === undefined) {
    if (found.refused?.mode !== access.mode) throw new HubError('not_found')
    return await replayRefused(hub, access, found.refused)
  }
  hub.wake('inbound', [{ tenantId: access.tenantId, id }])
  return show(found.row)
}

async function replayRefused (hub: Hub, access: Access, row: Refused): Promise<InboundEvent> {
  const judged = await reconsider(hub, access.tenantId, row)
  if (judged.verdict === 'refused') throw new HubError('invalid_state', { detail: { en: `It is still refused: ${judged.reason}.`, es: `Se sigue rechazando: ${judged.reason}.` } })
  const event = await inTenant(hub.db, access.tenantId, async db => {
    const id = await accept(db, row, judged)
    await recordReplay(db, access, hub.now(), publicId('inbound', row.id), 'refused')
    return await queries.findInbound(db, id)
  })
  // The provider's own repeat came before, and is so old that nothing of it is kept.
  if (event === undefined) throw new HubError('invalid_state', { detail: { en: 'It was processed long ago, when the provider sent it again.', es: 'Se procesó hace tiempo, cuando el proveedor lo envió de nuevo.' } })
  hub.wake('inbound', [{ tenantId: access.tenantId, id: event.id }])
  return show(event)
}

const recordReplay = async (db: TenantDb, access: Access, now: Date, publicInboundId: string, before: string): Promise<void> => {
  await recordChange(db, access, now, { action: 'inbound_event.replayed', subjectType: 'inbound_event', subjectId: publicInboundId, detail: { before } })
}

const replayAtMost = 1000

/**
 * Many at once, after `dry_run` has told how many: newest first, at most 1,000 a call. `next_cursor` goes on behind them: what
 * was replayed matches again as soon as it is processed, so a second call without it would begin at the front. Of the refused those
 * match that are no longer refused.
 */
export async function replayMany (hub: Hub, access: Access, body: ReplayMany): Promise<Replayed> {
  const { before, from } = idWindow('inbound', body)
  const window = { mode: access.mode, ...(before !== undefined && { before }), ...(from !== undefined && { from }), ...connectionOf(body) }
  if (body.verdict === 'refused') return await replayManyRefused(hub, access, body, window)
  const filter = { ...window, ...(body.verdict !== undefined && { verdict: body.verdict as 'verified' }), ...(body.status !== undefined && { status: body.status }), ...(body.event_type !== undefined && { eventType: body.event_type }) }
  const result = await inTenant(hub.db, access.tenantId, async db => {
    const matched = await queries.countMatching(db, filter)
    if (body.dry_run === true) return { matched, ids: [] }
    const now = hub.now()
    const ids = await queries.replayMatching(db, filter, now, replayAtMost)
    await recordReplays(db, access, now, body, ids.length)
    return { matched, ids }
  })
  hub.wake('inbound', result.ids.map(id => ({ tenantId: access.tenantId, id })))
  const more = result.ids.length < result.matched && result.ids.length > 0
  return { dry_run: body.dry_run === true, matched: result.matched, replayed: result.ids.length, next_cursor: more ? publicId('inbound', result.ids.at(-1)!) : null }
}

async function replayManyRefused (hub: Hub, access: Access, body: ReplayMany, window: { mode: Mode, before?: string, from?: string, connectionId?: string }): Promise<Replayed> {
  const rows = body.status === undefined ? await inTenant(hub.db, access.tenantId, async db => await queries.listRefusedWhole(db, { ...window, limit: replayAtMost + 1 })) : []
  const looked = rows.slice(0, replayAtMost)
  const good = []
  const known: Targets = new Map()
  for (const row of looked) {
    const judged = await reconsider(hub, access.tenantId, row, known)
    if (judged.verdict !== 'refused' && (body.event_type === undefined || judged.passed.eventType === body.event_type)) good.push({ row, judged })
  }
  const told = { matched: good.length, next_cursor: rows.length > looked.length ? publicId('inbound', looked.at(-1)!.id) : null }
  if (body.dry_run === true) return { dry_run: true, replayed: 0, ...told }
  const ids: string[] = []
  // In the order in which they came, each by itself: what happened first is told first.
  for (const { row, judged } of good.toReversed()) ids.push(await inTenant(hub.db, access.tenantId, async db => await accept(db, row, judged)))
  await inTenant(hub.db, access.tenantId, async db => { await recordReplays(db, access, hub.now(), body, ids.length) })
  hub.wake('inbound', ids.map(id => ({ tenantId: access.tenantId, id })))
  return { dry_run: false, replayed: ids.length, ...told }
}

const recordReplays = async (db: TenantDb, access: Access, now: Date, filter: ReplayMany, replayed: number): Promise<void> => {
  await recordChange(db, access, now, { action: 'inbound_events.replayed', subjectType: 'tenant', subjectId: publicId('tenant', access.tenantId), detail: { filter, replayed } })
}

const connectionOf = (query: { connection?: string }) => query.connection === undefined ? {} : { connectionId: uuidOf('connection', query.connection) }

function show (row: queries.InboundRow): InboundEvent {
  return {
    id: publicId('inbound', row.id),
    object: 'inbound_event',
    mode: row.mode as Mode,
    connection: publicId('connection', row.connection_id),
    provider: row.provider,
    verdict: row.verdict as InboundEvent['verdict'],
    event_type: row.event_type,
    provider_event_id: row.dedupe_key,
    status: row.status as InboundEvent['status'],
    reason: row.reason,
    attempts: row.attempts,
    duplicates: row.duplicates,
    shadow: row.shadow,
    payment: row.subject_id === null || (row.subject_type ?? 'payment') !== 'payment' ? null : publicId('payment', row.subject_id),
    subject: row.subject_id === null ? null : publicId((row.subject_type ?? 'payment') as IdKind, row.subject_id),
    received_at: row.received_at.toISOString(),
    processed_at: row.processed_at?.toISOString() ?? null,
    next_run_at: row.next_run_at?.toISOString() ?? null
  }
}

function showRefused (row: queries.RefusedRow): InboundEvent {
  return {
    id: publicId('inbound', row.id),
    object: 'inbound_event',
    mode: row.mode as Mode,
    connection: publicId('connection', row.connection_id),
    provider: row.provider,
    verdict: 'refused',
    event_type: null,
    provider_event_id: null,
    status: 'refused',
    reason: row.reason,
    attempts: 0,
    duplicates: 0,
    shadow: row.shadow,
    payment: null,
    subject: null,
    received_at: row.received_at.toISOString(),
    processed_at: null,
    next_run_at: null
  }
}
