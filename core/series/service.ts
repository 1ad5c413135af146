import type { Access } from '../access/principal.ts'
import type { Mode } from '../adapter/context.ts'
import { recordChange } from '../audit/record.ts'
import { isUniqueViolation } from '../db/errors.ts'
import { idWindow, pageOf } from '../db/id-window.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { HubError, invalidField } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { type Idempotency, recordSubject } from '../idempotency/service.ts'
import { newUuid, parseId, publicId, uuidOf } from '../ids.ts'
import { findIssuer, type IssuerRow } from '../issuers/queries.ts'
import type { Document } from '../issuers/schema.ts'
import * as queries from './queries.ts'
import type { SeriesRow } from './queries.ts'
import type { ListSeries, NewSeries, PatchSeries, Series } from './schema.ts'

type House = Pick<Hub, 'db' | 'now'>

/** Nine digits are what a secuencial of the SRI has (Ficha técnica 2.34, §4); beyond twelve nobody counts. */
const lastNumbers = { MX: 999_999_999_999, EC: 999_999_999, ES: 999_999_999_999 } as const

export async function createSeries (hub: House, access: Access, body: NewSeries, idempotency: Idempotency | null): Promise<Series> {
  if (idempotency?.subject !== undefined) return await getSeries(hub, access, idempotency.subject)
  const now = hub.now()
  const id = newUuid(now)
  return await inTenant(hub.db, access.tenantId, async db => {
    const issuerId = parseId('issuer', body.issuer)
    const issuer = issuerId === undefined ? undefined : await findIssuer(db, issuerId)
    if (issuer?.mode !== access.mode) throw invalidField('issuer', 'is no issuer of yours in this mode')
    const { branch, till } = placeOf(issuer, body)
    if (issuer.country === 'EC' && body.prefix !== undefined) throw invalidField('prefix', 'follows from branch and till in Ecuador')
    if (issuer.country === 'EC' && body.digits !== undefined && body.digits !== 9) throw invalidField('digits', 'is 9 in Ecuador')
    const prefix = issuer.country === 'EC' ? `${branch}-${till}` : body.prefix ?? ''
    await queries.insertSeries(db, {
      id, mode: access.mode, issuer_id: issuer.id, document: body.document, branch, till, prefix,
      digits: issuer.country === 'EC' ? 9 : body.digits ?? 0,
      // In Ecuador each kind of document counts for itself; elsewhere a prefix and a number name one document of the issuer.
      numbering: issuer.country === 'EC' ? `${body.document} ${prefix}` : prefix,
      next_number: body.next_number ?? 1, last_number: lastNumbers[issuer.country], active: body.active ?? true
    }, now).catch((error: unknown) => {
      if (!isUniqueViolation(error)) throw error
      throw invalidField(issuer.country === 'EC' ? 'till' : 'prefix', 'has a series of this issuer already: two series would give out the same numbers', 'already_exists')
    })
    await recordChange(db, access, now, { action: 'series.created', subjectType: 'series', subjectId: publicId('series', id), detail: { ...body, issuer: body.issuer } })
    if (idempotency !== null) await recordSubject(db, idempotency, publicId('series', id))
    return show((await queries.findSeries(db, id))!)
  })
}

/** Branch and till as the issuer has them. */
function placeOf ({ branches, country }: IssuerRow, { branch, till }: NewSeries): { branch: string, till: string } {
  if (country === 'EC' && branch === undefined) throw invalidField('branch', 'is required in Ecuador: the establecimiento')
  if (country === 'EC' && till === undefined) throw invalidField('till', 'is required in Ecuador: the punto de emisión')
  if (till !== undefined && branch === undefined) throw invalidField('branch', 'is required for a till')
  const found = branches.find(({ code }) => code === branch)
  if (branch !== undefined && found === undefined) throw invalidField('branch', 'is no branch of the issuer')
  if (till !== undefined && !found!.tills?.some(({ code }) => code === till)) throw invalidField('till', 'is no till of the branch')
  return { branch: branch ?? '', till: till ?? '' }
}

export async function getSeries (hub: House, access: Access, publicSeriesId: string): Promise<Series> {
  return show(await inTenant(hub.db, access.tenantId, async db => await checked(access, await queries.findSeries(db, uuidOf('series', publicSeriesId)))))
}

export async function listSeries (hub: House, access: Access, query: ListSeries): Promise<{ data: Series[], next_cursor: string | null }> {
  const window = idWindow('series', query)
  const issuerId = query.issuer === undefined ? undefined : parseId('issuer', query.issuer)
  if (query.issuer !== undefined && issuerId === undefined) return { data: [], next_cursor: null }
  const rows = await inTenant(hub.db, access.tenantId, async db => await queries.listSeries(db, {
    ...window, mode: access.mode, ...(issuerId !== undefined && { issuerId }), ...(query.document !== undefined && { document: query.document }),
    ...(query.branch !== undefined && { branch: query.branch }), ...(query.active !== undefined && { active: query.active })
  }))
  return pageOf('series', window, rows, show)
}

export async function changeSeries (hub: House, access: Access, publicSeriesId: string, body: PatchSeries): Promise<Series> {
  const id = uuidOf('series', publicSeriesId)
  const now = hub.now()
  return await inTenant(hub.db, access.tenantId, async db => {
    const before = await checked(access, await queries.lockSeries(db, id))
    if (body.next_number !== undefined && body.next_number < before.next_number) {
      throw invalidField('next_number', `is below ${before.next_number}: a number is never given out twice`)
    }
    if (body.digits !== undefined && body.digits !== 9 && (await findIssuer(db, before.issuer_id))?.country === 'EC') throw invalidField('digits', 'is 9 in Ecuador')
    const after = await queries.updateSeries(db, id, body, now)
    await recordChange(db, access, now, { action: 'series.changed', subjectType: 'series', subjectId: publicSeriesId, detail: { ...body, next_number_before: before.next_number } })
    return show(after)
  })
}

async function checked (access: Access, row: SeriesRow | undefined): Promise<SeriesRow> {
  if (row?.mode !== access.mode) throw new HubError('not_found')
  return row
}

export interface SeriesWanted {
  issuerId: string
  kind: Document | (string & {})
  /** What the caller named: an id, or a prefix. */
  wanted?: string
  branch?: string
  till?: string
}

/**
 * Which series numbers a document: the named one; otherwise the active one that is nearest: of the till, of the branch, of the
 * issuer, and among several of a place the default. Throws `series_missing` where none is active, and 400 where the named one
 * is not of this issuer and document.
 */
export async function seriesFor (db: TenantDb, { issuerId, kind, wanted, branch = '', till = '' }: SeriesWanted): Promise<{ id: string }> {
  const all = await queries.seriesFor(db, issuerId, kind)
  if (wanted !== undefined) {
    const named = all.find(({ id, prefix }) => id === parseId('series', wanted) || prefix === wanted)
    if (named === undefined) throw invalidField('series', 'is no series of this issuer for this kind of document')
    if (!named.active) throw inactive(named)
    return named
  }
  const issuer = await findIssuer(db, issuerId)
  const inBranch = issuer?.branches.find(({ code }) => code === branch)?.default_series?.[kind as Document]
  const inIssuer = issuer?.default_series[kind as Document]
  const active = all.filter(series => series.active)
  const at = (place: { branch: string, till: string }, preferred?: string) => {
    const here = active.filter(series => series.branch === place.branch && series.till === place.till)
    return here.find(({ id }) => preferred !== undefined && id === parseId('series', preferred)) ?? here[0]
  }
  const chosen = (branch !== '' && till !== '' ? at({ branch, till }, inBranch) : undefined) ??
    (branch !== '' ? active.find(({ id }) => inBranch !== undefined && id === parseId('series', inBranch)) ?? at({ branch, till: '' }) : undefined) ??
    active.find(({ id }) => inIssuer !== undefined && id === parseId('series', inIssuer)) ??
    at({ branch: '', till: '' }) ??
    // An issuer with one till needs not say which.
    (branch === '' && till === '' && active.length === 1 ? active[0] : undefined)
  if (chosen === undefined) throw all.length === 0 || branch === '' ? noneActive(kind, all) : noneAt(kind, till === '' ? branch : `${branch}/${till}`)
  return chosen
}

export interface TakenNumber {
  /** The prefix; in Ecuador `001-001`. */
  series: string
  /** With its zeros. */
  number: string
}

/**
 * Takes the next number of a series, in the transaction that writes the document: until it ends nobody else takes one, and a
 * rollback gives it back. So numbers follow each other without a gap and without a repetition, however many take at once.
 */
export async function takeNumber (db: TenantDb, seriesId: string): Promise<TakenNumber> {
  const taken = await queries.takeNext(db, seriesId)
  if (taken !== undefined) return { series: taken.prefix, number: taken.number.padStart(taken.digits, '0') }
  const row = await queries.findSeries(db, seriesId)
  if (row === undefined) throw new HubError('not_found')
  throw row.active ? usedUp(row) : inactive(row)
}

const nameOf = ({ prefix, id }: SeriesRow): string => prefix === '' ? publicId('series', id) : prefix

function inactive (row: SeriesRow): HubError {
  return new HubError('series_missing', { detail: { es: `La serie ${nameOf(row)} está desactivada: actívela o use otra.`, en: `The series ${nameOf(row)} is not active: activate it, or use another.` } })
}

function usedUp (row: SeriesRow): HubError {
  return new HubError('series_missing', { detail: { es: `La serie ${nameOf(row)} llegó a su último número: cree otra.`, en: `The series ${nameOf(row)} has reached its last number: make another.` } })
}

function noneActive (kind: string, all: readonly SeriesRow[]): HubError {
  if (all.some(({ active }) => active)) {
    return new HubError('series_missing', { detail: { es: `Las series activas para ${kind} son de una sucursal: diga de cuál (branch, till) o nombre la serie.`, en: `The active series for ${kind} are those of branches: say of which (branch, till), or name the series.` } })
  }
  return new HubError('series_missing', { detail: { es: `El emisor no tiene una serie activa para ${kind}. Cree una con POST /v1/series o active la que tiene.`, en: `The issuer has no active series for ${kind}. Make one with POST /v1/series, or activate the one that is there.` } })
}

function noneAt (kind: string, place: string): HubError {
  return new HubError('series_missing', { detail: { es: `No hay una serie activa para ${kind} en ${place}, ni del emisor.`, en: `There is no active series for ${kind} at ${place}, nor of the issuer.` } })
}

function show (row: SeriesRow): Series {
  const number = String(row.next_number).padStart(row.digits, '0')
  return {
    id: publicId('series', row.id),
    object: 'series',
    mode: row.mode as Mode,
    issuer: publicId('issuer', row.issuer_id),
    document: row.document,
    branch: row.branch === '' ? null : row.branch,
    till: row.till === '' ? null : row.till,
    prefix: row.prefix,
    digits: row.digits,
    next_number: row.next_number,
    next: row.prefix === '' ? number : `${row.prefix}-${number}`,
    active: row.active,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString()
  }
}
