import { type SqlBool, sql } from 'kysely'
import type { Mode } from '../../adapter/context.ts'
import type { IdWindow } from '../../db/id-window.ts'
import type { TenantDb } from '../../db/in-tenant.ts'
import { newUuid, uuidAt } from '../../ids.ts'
import { type Fact, isException, itemStatuses, type ItemStatus, type Verdict } from './judge.ts'
import type { ages, ItemFilters, PutReconciliationSettings } from './schema.ts'

/** The only SQL about items and how far a run is. */
const selectItems = (db: TenantDb, mode: Mode) => db.selectFrom('reconciliation_items').selectAll().where('tenant_id', '=', db.tenantId).where('mode', '=', mode)
export type ItemRow = Awaited<ReturnType<ReturnType<typeof selectItems>['executeTakeFirstOrThrow']>>
const dayMs = 86_400_000

// --- runs -------------------------------------------------------------------------------------------------------------

/** Where a run begins: after which of our events, and what changed since when elsewhere. */
export interface Place {
  event?: string
  changed?: string
  /** A run over everything since then. */
  whole?: { from: string, step: number, after: string | null }
  /** Somebody asked for a run; over everything since then, if they said so. The run that begins next takes it. */
  wanted?: { from?: string }
  /** A run is under way until then at the latest. */
  runningUntil?: string
}

const selectState = (db: TenantDb) => db.selectFrom('reconciliations').selectAll().where('tenant_id', '=', db.tenantId)
export type StateRow = Awaited<ReturnType<ReturnType<typeof selectState>['executeTakeFirstOrThrow']>>

/** One run at a time gives entries to payouts. */
export async function lockState (db: TenantDb, id: string): Promise<StateRow | undefined> {
  return await selectState(db).where('id', '=', id).forUpdate().executeTakeFirst()
}

/** That of a mode; made when there is none. */
export async function ensureState (db: TenantDb, mode: Mode, now: Date): Promise<StateRow> {
  await db.insertInto('reconciliations').values({ tenant_id: db.tenantId, id: newUuid(now), mode, created_at: now, updated_at: now }).onConflict(oc => oc.columns(['tenant_id', 'mode']).doNothing()).execute()
  return await selectState(db).where('mode', '=', mode).executeTakeFirstOrThrow()
}

export async function putSettings (db: TenantDb, id: string, settings: PutReconciliationSettings, now: Date): Promise<void> {
  await db.updateTable('reconciliations').set({ settings: JSON.stringify(settings), updated_at: now }).where('tenant_id', '=', db.tenantId).where('id', '=', id).execute()
}

/** A run and whoever asks for one both write the place: each from what stands there, under the row's lock. */
export async function movePlace (db: TenantDb, id: string, to: (place: Place) => { [Key in keyof Place]: Place[Key] | undefined }, now: Date, rest: { last_run_at?: Date } = {}): Promise<Place> {
  const state = await lockState(db, id)
  const place = to(state!.place as Place) as Place
  await db.updateTable('reconciliations').set({ ...rest, place: JSON.stringify(place), updated_at: now }).where('tenant_id', '=', db.tenantId).where('id', '=', id).execute()
  return place
}

/** Asks for a run; of two wishes the one that looks further back holds. */
export async function wantRun (db: TenantDb, id: string, from: Date | undefined, now: Date): Promise<void> {
  await movePlace(db, id, place => {
    const [earliest] = [from?.toISOString(), place.wanted?.from].filter(at => at !== undefined).sort()
    return { ...place, wanted: earliest === undefined ? {} : { from: earliest } }
  }, now)
}

// --- what changed -----------------------------------------------------------------------------------------------------

const tellsOfMoney = ['payment.', 'refund.', 'dispute.', 'sale.', 'invoice.']

export async function eventsAfter (db: TenantDb, mode: Mode, after: string, limit: number): Promise<{ id: string, type: string, subject_id: string, data: unknown }[]> {
  return await db.selectFrom('events').select(['id', 'type', 'subject_id', sql`jsonb_build_object('payment', data -> 'payment')`.as('data')]).where('tenant_id', '=', db.tenantId).where('mode', '=', mode).where('id', '>', after)
    .where(where => where.or(tellsOfMoney.map(prefix => sql<SqlBool>`starts_with(type, ${prefix})`))).orderBy('id').limit(limit).execute()
}

/** Of movements and entries: in the order of their change. */
export async function changedAfter (db: TenantDb, table: 'balance_transactions' | 'bank_entries', mode: Mode, { at, id }: { at: Date, id: string | null }, limit: number): Promise<{ id: string, updated_at: Date, occurred_at: Date }[]> {
  const { rows } = await sql<{ id: string, updated_at: Date, occurred_at: Date }>`
    select id, updated_at, ${table === 'bank_entries' ? sql`booked_on::timestamptz` : sql`occurred_at`} as occurred_at from ${sql.table(table)}
    where tenant_id = ${db.tenantId} and mode = ${mode} and ${id === null ? sql`updated_at >= ${at}` : sql`(updated_at, id) > (${at}, ${id})`} order by updated_at, id limit ${limit}`.execute(db)
  return rows
}

export async function idsAfter (db: TenantDb, table: 'payments' | 'sales' | 'invoices' | 'balance_transactions' | 'bank_entries', mode: Mode, { from, after }: { from: Date, after: string | null }, limit: number): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from ${sql.table(table)} where tenant_id = ${db.tenantId} and mode = ${mode} and ${after === null ? sql`id >= ${uuidAt(from)}` : sql`id > ${after}`} order by id limit ${limit}`.execute(db)
  return rows.map(({ id }) => id)
}

/** Items that may be otherwise by now: what waits, and what somebody has to look at. */
export async function unsettledAfter (db: TenantDb, mode: Mode, after: string | null, limit: number): Promise<{ id: string, leg: string, key: string }[]> {
  return await db.selectFrom('reconciliation_items').select(['id', 'leg', 'key']).where('tenant_id', '=', db.tenantId).where('mode', '=', mode).where('status', '<>', 'matched')
    .$if(after !== null, q => q.where('id', '>', after!)).orderBy('id').limit(limit).execute()
}

/** Of connections whose books are read. */
export async function bookedConnections (db: TenantDb, mode: Mode, providers: readonly string[]): Promise<Set<string>> {
  if (providers.length === 0) return new Set()
  const rows = await db.selectFrom('connections').select('id').where('tenant_id', '=', db.tenantId).where('mode', '=', mode).where('provider', 'in', [...providers]).execute()
  return new Set(rows.map(({ id }) => id))
}

// --- items ------------------------------------------------------------------------------------------------------------

export interface Judged { fact: Fact, verdict: Verdict }
const partsKept = 50

/**
 * Writes what was judged, and what is no item any more. Whatever a person resolved and now is otherwise is open again; those are
 * returned. Nothing is written where nothing changed.
 */
export async function putItems (db: TenantDb, mode: Mode, judged: readonly Judged[], gone: readonly { leg: string, key: string }[], now: Date): Promise<{ reopened: ItemRow[], changed: number }> {
  const keys = [...judged.map(({ fact }) => fact), ...gone]
  if (keys.length === 0) return { reopened: [], changed: 0 }
  const { rows: before } = await sql<ItemRow>`
    select i.* from reconciliation_items i where i.tenant_id = ${db.tenantId} and i.mode = ${mode}
      and (i.leg, i.key) in (select * from unnest(${keys.map(({ leg }) => leg)}::text[], ${keys.map(({ key }) => key)}::text[])) order by i.id for update`.execute(db)
  const known = new Map(before.map(row => [`${row.leg} ${row.key}`, row]))
  const reopened: ItemRow[] = []
  const written = judged.flatMap(({ fact, verdict }) => {
    const old = known.get(`${fact.leg} ${fact.key}`)
    const row = rowOf(fact, verdict, mode)
    if (old !== undefined && isSame(old, row)) return []
    const reopens = old?.resolution != null && old.reopened_at === null && !isSameMoney(old, row) && isException(verdict.status)
    if (reopens) reopened.push(old!)
    return { ...row, tenant_id: db.tenantId, id: old?.id ?? newUuid(fact.since), reopened_at: reopens ? now : old?.reopened_at ?? null, created_at: old?.created_at ?? now, updated_at: now }
  })
  if (written.length > 0) {
    await db.insertInto('reconciliation_items').values(written).onConflict(oc => oc.columns(['tenant_id', 'mode', 'leg', 'key']).doUpdateSet(eb => ({
      subject: eb.ref('excluded.subject'), connection_id: eb.ref('excluded.connection_id'), status: eb.ref('excluded.status'), currency: eb.ref('excluded.currency'), expected: eb.ref('excluded.expected'), found_currency: eb.ref('excluded.found_currency'),
      found: eb.ref('excluded.found'), difference: eb.ref('excluded.difference'), parts: eb.ref('excluded.parts'), since: eb.ref('excluded.since'), due_at: eb.ref('excluded.due_at'), reopened_at: eb.ref('excluded.reopened_at'), updated_at: eb.ref('excluded.updated_at')
    }))).execute()
  }
  // What a person has judged stays to be read.
  const withdrawn = gone.flatMap(({ leg, key }) => known.get(`${leg} ${key}`) ?? []).filter(row => row.resolution === null).map(({ id }) => id)
  if (withdrawn.length > 0) await db.deleteFrom('reconciliation_items').where('tenant_id', '=', db.tenantId).where('id', 'in', withdrawn).execute()
  return { reopened, changed: written.length + withdrawn.length }
}

const rowOf = (fact: Fact, verdict: Verdict, mode: Mode) => ({
  mode, leg: fact.leg, key: fact.key, subject: fact.subject, connection_id: fact.connectionId, status: verdict.status, currency: verdict.currency, expected: verdict.expected, found_currency: verdict.foundCurrency, found: verdict.found,
  difference: verdict.difference, parts: JSON.stringify(fact.found.slice(0, partsKept)), since: fact.since, due_at: fact.dueAt
})

type Written = ReturnType<typeof rowOf>
const isSameMoney = (old: ItemRow, row: Written): boolean => old.status === row.status && old.expected === row.expected && old.found === row.found && old.currency === row.currency && old.found_currency === row.found_currency
const isSame = (old: ItemRow, row: Written): boolean => isSameMoney(old, row) && old.subject === row.subject && old.connection_id === row.connection_id && old.since.getTime() === row.since.getTime() && old.due_at?.getTime() === row.due_at?.getTime() &&
  sameParts(old.parts as object[], JSON.parse(row.parts) as object[])
const sameParts = (one: object[], other: object[]): boolean => one.length === other.length && one.every((part, i) => JSON.stringify(Object.entries(part).toSorted()) === JSON.stringify(Object.entries(other[i]!).toSorted()))

export async function lockItem (db: TenantDb, mode: Mode, id: string): Promise<ItemRow | undefined> {
  return await selectItems(db, mode).where('id', '=', id).forUpdate().executeTakeFirst()
}

export async function findItem (db: TenantDb, mode: Mode, id: string): Promise<ItemRow | undefined> {
  return await selectItems(db, mode).where('id', '=', id).executeTakeFirst()
}

export async function resolveItem (db: TenantDb, id: string, { action, reason, by, now }: { action: string, reason: string, by: string, now: Date }): Promise<ItemRow> {
  return await db.updateTable('reconciliation_items').set({ resolution: action, reason, resolved_by: by, resolved_at: now, reopened_at: null, updated_at: now })
    .where('tenant_id', '=', db.tenantId).where('id', '=', id).returningAll().executeTakeFirstOrThrow()
}

// --- the report -------------------------------------------------------------------------------------------------------

export interface ItemFilter extends Omit<ItemFilters, 'connection' | 'created_from' | 'created_to'> { connectionId?: string, from?: Date, to?: Date }
type Age = typeof ages[number]
const bounds: Readonly<Record<Age, [number, number]>> = { '0-1': [0, 2], '2-7': [2, 8], '8-30': [8, 31], '31+': [31, 1_000_000] }
const exceptions = itemStatuses.filter(isException)
const isResolved = sql<boolean>`(resolution is not null and reopened_at is null)`

const filtered = (db: TenantDb, mode: Mode, filter: ItemFilter, now: Date) => {
  const age = filter.age === undefined ? undefined : bounds[filter.age].map(days => new Date(now.getTime() - days * dayMs)) as [Date, Date]
  return selectItems(db, mode)
    .$if(filter.leg !== undefined, q => q.where('leg', '=', filter.leg!))
    .$if(filter.status !== undefined, q => q.where('status', 'in', filter.status === 'exception' ? exceptions : [filter.status as ItemStatus]))
    .$if(filter.resolved !== undefined, q => q.where(filter.resolved === true ? isResolved : sql<boolean>`not ${isResolved}`))
    .$if(filter.connectionId !== undefined, q => q.where('connection_id', '=', filter.connectionId!))
    .$if(filter.currency !== undefined, q => q.where('currency', '=', filter.currency!))
    .$if(filter.subject !== undefined, q => q.where('subject', '=', filter.subject!))
    .$if(age !== undefined, q => q.where('since', '<=', age![0]).where('since', '>', age![1]))
    .$if(filter.from !== undefined, q => q.where('since', '>=', filter.from!))
    .$if(filter.to !== undefined, q => q.where('since', '<=', filter.to!))
}

export async function listItems (db: TenantDb, mode: Mode, window: IdWindow, filter: ItemFilter, now: Date): Promise<ItemRow[]> {
  return await filtered(db, mode, filter, now).$if(window.before !== undefined, q => q.where('id', '<', window.before!)).orderBy('id', 'desc').limit(window.limit).execute()
}

export async function totalsOf (db: TenantDb, mode: Mode, filter: ItemFilter, now: Date) {
  const rows = await db.selectFrom(filtered(db, mode, filter, now).as('i')).select(['leg', 'status', 'currency', isResolved.as('resolved'), sql<number>`count(*)::int`.as('count'), sql<string>`coalesce(sum(expected), 0)`.as('expected'),
    sql<string>`coalesce(sum(found) filter (where found_currency = currency), 0)`.as('found'), sql<string>`sum(difference)`.as('difference')])
    .groupBy(['leg', 'status', 'currency', isResolved]).orderBy('leg').orderBy('status').orderBy('currency').orderBy(isResolved).execute()
  return rows.map(row => ({ ...row, expected: Number(row.expected), found: Number(row.found), difference: Number(row.difference) }))
}

/** Of exceptions that nobody has resolved. */
export async function ageingOf (db: TenantDb, mode: Mode, filter: ItemFilter, now: Date): Promise<{ age: Age, currency: string, count: number, difference: number }[]> {
  const age = sql<Age>`case when since > ${daysAgo(now, 2)} then '0-1' when since > ${daysAgo(now, 8)} then '2-7' when since > ${daysAgo(now, 31)} then '8-30' else '31+' end`
  const rows = await db.selectFrom(filtered(db, mode, filter, now).where('status', 'in', exceptions).where(sql<boolean>`not ${isResolved}`).as('i'))
    .select([age.as('age'), 'currency', sql<number>`count(*)::int`.as('count'), sql<string>`sum(difference)`.as('difference')]).groupBy([sql`1`, 'currency']).execute()
  const order = Object.keys(bounds)
  return rows.map(row => ({ ...row, difference: Number(row.difference) })).toSorted((one, other) => order.indexOf(one.age) - order.indexOf(other.age) || (one.currency < other.currency ? -1 : 1))
}

const daysAgo = (now: Date, days: number): Date => new Date(now.getTime() - days * dayMs)

/** How many exceptions of each connection are older than that, and nobody has resolved them. */
export async function oldExceptions (db: TenantDb, mode: Mode, before: Date): Promise<{ connection_id: string | null, count: number, oldest: Date }[]> {
  return await selectItems(db, mode).clearSelect().select(['connection_id', sql<number>`count(*)::int`.as('count'), sql<Date>`min(since)`.as('oldest')])
    .where('status', 'in', exceptions).where('since', '<', before).where(sql<boolean>`not ${isResolved}`).groupBy('connection_id').execute()
}

/** About whom an alert stands. */
export async function warnedOf (db: TenantDb, mode: Mode): Promise<string[]> {
  const rows = await db.selectFrom('alerts').select('subject_id').distinct().where('tenant_id', '=', db.tenantId).where('mode', '=', mode).where('kind', '=', 'reconciliation_exceptions').where('resolved_at', 'is', null).execute()
  return rows.flatMap(({ subject_id: id }) => id ?? [])
}
