import type { FastifyReply } from 'fastify'
import type { Readable } from 'node:stream'
import type { Access } from '../../access/principal.ts'
import type { Mode } from '../../adapter/context.ts'
import { recordChange } from '../../audit/record.ts'
import { idWindow, pageOf } from '../../db/id-window.ts'
import { inTenant } from '../../db/in-tenant.ts'
import { advanceTimer } from '../../db/timers.ts'
import { HubError, invalidField, momentOf } from '../../errors.ts'
import { keysetPages } from '../../export/pages.ts'
import { type ExportQuery, sendExport } from '../../export/send.ts'
import type { Table } from '../../export/table.ts'
import type { Hub } from '../../hub.ts'
import { publicId, uuidOf } from '../../ids.ts'
import { isException, type ItemStatus } from './judge.ts'
import * as queries from './queries.ts'
import type { ItemFilter, ItemRow } from './queries.ts'
import { shownSettings } from './rules.ts'
import { matchingTimer, startMatching } from './run.ts'
import type { ListItems, PutReconciliationSettings, ReconciliationItem, ReconciliationPage, ReconciliationRun, ReconciliationSettings, ResolveItem, RunReconciliation } from './schema.ts'

type Part = ReconciliationItem['parts'][number]
const dayMs = 86_400_000
/** The rows of a tenant's longest look back. */
const longestMs = 3 * 366 * dayMs

/** A page of items with the totals and the age of all that the filters let through. */
export async function listItems (hub: Pick<Hub, 'db' | 'now'>, access: Access, query: ListItems): Promise<ReconciliationPage> {
  const now = hub.now()
  const { limit, cursor } = query
  const window = idWindow('reconciliation_item', { ...(limit !== undefined && { limit }), ...(cursor !== undefined && { cursor }) })
  const filter = filterOf(query)
  return await inTenant(hub.db, access.tenantId, async db => {
    // Whoever looks for the first time wants it kept up.
    const state = await queries.ensureState(db, access.mode, now)
    if (state.last_run_at === null) await startMatching(db, access.mode, now)
    const rows = await queries.listItems(db, access.mode, window, filter, now)
    return {
      ...pageOf('reconciliation_item', window, rows, row => show(row, now)),
      totals: (await queries.totalsOf(db, access.mode, filter, now)) as ReconciliationPage['totals'],
      ageing: await queries.ageingOf(db, access.mode, filter, now),
      last_run_at: state.last_run_at?.toISOString() ?? null
    }
  })
}

/** Every item that the filters let through, as a file. */
export async function exportItems (hub: Pick<Hub, 'db' | 'now'>, access: Access, query: ListItems & ExportQuery, reply: FastifyReply): Promise<Readable> {
  const now = hub.now()
  const filter = filterOf(query)
  const pages = keysetPages(async (before, limit) => (await inTenant(hub.db, access.tenantId, async db => await queries.listItems(db, access.mode, { limit, ...(before !== undefined && { before: uuidOf('reconciliation_item', before) }) }, filter, now)))
    .map(row => show(row, now)), ({ id }) => id)
  return await sendExport(reply, access, query, tableOf(pages), { now })
}

function tableOf (pages: AsyncIterable<readonly ReconciliationItem[]>): Table<ReconciliationItem> {
  const sums = new Map<string, { leg: string, status: string, currency: string, count: number, expected: number, found: number, difference: number }>()
  const text = (name: string, of: (row: ReconciliationItem) => string | null) => ({ name, kind: 'text' as const, of })
  const money = (name: 'expected' | 'found' | 'difference') => ({ name, kind: 'money' as const, of: (row: ReconciliationItem) => row[name], currency: (row: ReconciliationItem) => name === 'found' ? row.found_currency : row.currency })
  return {
    name: 'reconciliation',
    title: { es: 'Conciliación', en: 'Reconciliation' },
    pages,
    columns: [
      text('id', row => row.id), { name: 'since', kind: 'instant', of: row => row.since }, text('leg', row => row.leg), text('status', row => row.status), text('subject', row => row.subject), text('connection', row => row.connection),
      text('currency', row => row.currency), money('expected'), text('found_currency', row => row.found_currency), money('found'), money('difference'), { name: 'age_days', kind: 'integer', of: row => row.age_days },
      { name: 'due_at', kind: 'instant', of: row => row.due_at }, text('parts', row => row.parts.map(({ id }) => id).join(' ')), text('resolution', row => row.resolution?.action ?? null), text('reason', row => row.resolution?.reason ?? null)
    ],
    totals: {
      columns: [
        { name: 'leg', kind: 'text', of: row => row.leg }, { name: 'status', kind: 'text', of: row => row.status }, { name: 'currency', kind: 'text', of: row => row.currency }, { name: 'count', kind: 'integer', of: row => row.count },
        ...(['expected', 'found', 'difference'] as const).map(name => ({ name, kind: 'money' as const, of: (row: { expected: number, found: number, difference: number }) => row[name], currency: (row: { currency: string }) => row.currency }))
      ],
      add: row => {
        const key = `${row.leg} ${row.status} ${row.currency}`
        const sum = sums.get(key) ?? { leg: row.leg, status: row.status, currency: row.currency, count: 0, expected: 0, found: 0, difference: 0 }
        sums.set(key, { ...sum, count: sum.count + 1, expected: sum.expected + (row.expected ?? 0), found: sum.found + (row.found_currency === row.currency ? row.found ?? 0 : 0), difference: sum.difference + row.difference })
      },
      lines: () => [...sums.values()]
    }
  }
}

function filterOf ({ leg, status, resolved, connection, currency, subject, age, created_from: from, created_to: to }: ListItems): ItemFilter {
  return {
    ...(leg !== undefined && { leg }), ...(status !== undefined && { status }), ...(resolved !== undefined && { resolved }), ...(currency !== undefined && { currency }), ...(subject !== undefined && { subject }), ...(age !== undefined && { age }),
    ...(connection !== undefined && { connectionId: uuidOf('connection', connection) }), ...(from !== undefined && { from: momentOf('created_from', from) }), ...(to !== undefined && { to: momentOf('created_to', to) })
  }
}

export async function getItem (hub: Pick<Hub, 'db' | 'now'>, access: Access, id: string): Promise<ReconciliationItem> {
  const row = await inTenant(hub.db, access.tenantId, async db => await queries.findItem(db, access.mode, uuidOf('reconciliation_item', id)))
  if (row === undefined) throw new HubError('not_found')
  return show(row, hub.now())
}

/** A person says why it is all right, or put right. It stays what it is; only something else found later opens it again. */
export async function resolveItem (hub: Pick<Hub, 'db' | 'now'>, access: Access, id: string, { action, reason }: ResolveItem): Promise<ReconciliationItem> {
  const now = hub.now()
  return await inTenant(hub.db, access.tenantId, async db => {
    const row = await queries.lockItem(db, access.mode, uuidOf('reconciliation_item', id))
    if (row === undefined) throw new HubError('not_found')
    if (!isException(row.status as ItemStatus)) throw new HubError('conflict', { detail: { es: `Está ${row.status}: no hay nada que resolver.`, en: `It is ${row.status}: there is nothing to resolve.` } })
    if (row.resolution !== null && row.reopened_at === null) throw new HubError('conflict', { detail: { es: 'Ya está resuelto.', en: 'It is resolved already.' } })
    const resolved = await queries.resolveItem(db, row.id, { action, reason, by: access.principal.id, now })
    await recordChange(db, access, now, { action: 'reconciliation_item.resolved', subjectType: 'reconciliation_item', subjectId: id, detail: { action, reason, status: row.status, currency: row.currency, expected: row.expected, found: row.found, difference: row.difference } })
    return show(resolved, now)
  })
}

/** Asks for a run now; with `from`, over everything since then. */
export async function runNow (hub: Hub, access: Access, { from }: RunReconciliation): Promise<ReconciliationRun> {
  const now = hub.now()
  const since = from === undefined ? undefined : momentOf('from', from)
  if (since !== undefined && (since >= now || now.getTime() - since.getTime() > longestMs)) throw invalidField('from', 'has to be in the last three years')
  const state = await inTenant(hub.db, access.tenantId, async db => {
    const state = await queries.ensureState(db, access.mode, now)
    await queries.wantRun(db, state.id, since, now)
    await advanceTimer(db, matchingTimer, state.id, now)
    await recordChange(db, access, now, { action: 'reconciliation.run', subjectType: 'tenant', subjectId: publicId('tenant', access.tenantId), detail: { from: since ?? null } })
    return state
  })
  hub.wake(matchingTimer, [{ tenantId: access.tenantId, id: state.id }])
  return { object: 'reconciliation_run', mode: access.mode, status: 'queued', from: since?.toISOString() ?? null, last_run_at: state.last_run_at?.toISOString() ?? null }
}

export async function getSettings (hub: Pick<Hub, 'db' | 'now'>, access: Access): Promise<ReconciliationSettings> {
  const state = await inTenant(hub.db, access.tenantId, async db => await queries.ensureState(db, access.mode, hub.now()))
  return { object: 'reconciliation_settings', mode: access.mode, ...shownSettings(state.settings) }
}

/** Takes the place of what was said before; what is left out is as usual. What was judged by other rules is judged anew. */
export async function putSettings (hub: Hub, access: Access, body: PutReconciliationSettings): Promise<ReconciliationSettings> {
  const now = hub.now()
  const id = await inTenant(hub.db, access.tenantId, async db => {
    const state = await queries.ensureState(db, access.mode, now)
    await queries.putSettings(db, state.id, body, now)
    await queries.wantRun(db, state.id, state.last_run_at === null ? undefined : new Date(now.getTime() - 366 * dayMs), now)
    await recordChange(db, access, now, { action: 'reconciliation_settings.changed', subjectType: 'tenant', subjectId: publicId('tenant', access.tenantId), detail: body })
    await advanceTimer(db, matchingTimer, state.id, now)
    return state.id
  })
  hub.wake(matchingTimer, [{ tenantId: access.tenantId, id }])
  return { object: 'reconciliation_settings', mode: access.mode, ...shownSettings(body) }
}

function show (row: ItemRow, now: Date): ReconciliationItem {
  return {
    id: publicId('reconciliation_item', row.id),
    object: 'reconciliation_item',
    mode: row.mode as Mode,
    leg: row.leg as ReconciliationItem['leg'],
    subject: row.subject,
    connection: row.connection_id && publicId('connection', row.connection_id),
    status: row.status as ItemStatus,
    currency: row.currency,
    expected: row.expected,
    found_currency: row.found_currency,
    found: row.found,
    difference: row.difference,
    parts: row.parts as unknown as Part[],
    since: row.since.toISOString(),
    due_at: row.due_at?.toISOString() ?? null,
    age_days: Math.max(0, Math.floor((now.getTime() - row.since.getTime()) / dayMs)),
    resolution: row.resolution === null ? null : { action: row.resolution as ResolveItem['action'], reason: row.reason!, by: row.resolved_by!, at: row.resolved_at!.toISOString(), reopened_at: row.reopened_at?.toISOString() ?? null },
    updated_at: row.updated_at.toISOString()
  }
}
