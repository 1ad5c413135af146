import type { Access } from '../access/principal.ts'
import { raiseAlert } from '../alerts/raise.ts'
import { recordChange } from '../audit/record.ts'
import { idWindow, pageOf } from '../db/id-window.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { HubError, invalidField } from '../errors.ts'
import { inspectNif, normalNif } from '../fiscal/es/nif.ts'
import { type Anomaly, eventChecker, recordChecker } from '../fiscal/es/verifactu/chain.ts'
import { declarationOf } from '../fiscal/es/verifactu/declaration.ts'
import type { Alta } from '../fiscal/es/verifactu/model.ts'
import { announced, endOfYear, obligations, obligedFrom } from '../fiscal/es/verifactu/obligations.ts'
import { readRecord } from '../fiscal/es/verifactu/read.ts'
import { recordFindings } from '../fiscal/es/verifactu/rules.ts'
import { zonedTime } from '../fiscal/xades/time.ts'
import { verifyXades } from '../fiscal/xades/verify.ts'
import type { Hub } from '../hub.ts'
import { type Idempotency, recordSubject } from '../idempotency/service.ts'
import { newUuid, parseId, publicId, uuidOf } from '../ids.ts'
import { findIssuer, type IssuerRow } from '../issuers/queries.ts'
import { version } from '../version.ts'
import { annulmentOf, append, appendEvent, correctionOf, noProducer, switchIfDue, switchTo, zoneOfIssuer } from './chain.ts'
import * as queries from './queries.ts'
import type { ChainRow, EventRow, RecordRow } from './queries.ts'
import type { AnnulRecord, CorrectRecord, ListEvents, ListRecords, NewEvent, SetVerifactu, Verifactu, VerifactuCheck, VerifactuEvent, VerifactuRecord } from './schema.ts'
import { recordUseName } from './submit.ts'

/** How an issuer keeps its records. Of one that never switched it on, the law alone. */
export async function getVerifactu (hub: Hub, access: Access, publicIssuerId: string): Promise<Verifactu> {
  return await inTenant(hub.db, access.tenantId, async db => {
    const issuer = await issuerOf(db, access, publicIssuerId)
    return await showChain(db, access, issuer, await queries.chainOf(db, access.mode, normalNif(issuer.tax_id)))
  })
}

/**
 * Switches records on, off, or from one system to the other. Throws 400 for what is no Spanish issuer or no connection to the AEAT, 422
 * where nobody answers for the software yet.
 */
export async function setVerifactu (hub: Hub, access: Access, publicIssuerId: string, body: SetVerifactu): Promise<Verifactu> {
  const now = hub.now()
  return await inTenant(hub.db, access.tenantId, async db => {
    const issuer = await issuerOf(db, access, publicIssuerId)
    const nif = normalNif(issuer.tax_id)
    const { shape, digit } = inspectNif(nif)
    if (!shape || !digit) throw invalidField('issuer', 'has no right NIF')
    const connectionId = await connectionOf(hub, db, access, body.connection)
    if (access.mode === 'live' && body.system !== 'off' && (hub.config.verifactuProducerName === undefined || hub.config.verifactuProducerNif === undefined)) throw new HubError('capability_not_supported', { detail: noProducer })
    await queries.insertChain(db, { id: newUuid(now), mode: access.mode, nif, issuerId: issuer.id }, now)
    const known = (await queries.chainOf(db, access.mode, nif))!
    let chain = await switchIfDue(hub, db, (await queries.lockChain(db, known.id))!, issuer)
    await queries.updateChain(db, chain.id, { issuer_id: issuer.id, ...(connectionId !== undefined && { connection_id: connectionId }) }, now)
    chain = { ...chain, issuer_id: issuer.id, ...(connectionId !== undefined && { connection_id: connectionId }) }
    const bound = access.mode === 'live' && chain.system === 'verifactu' && body.system !== 'verifactu'
    if (bound) {
      const lastDay = endOfYear(zonedTime(now, zoneOfIssuer(issuer)).slice(0, 10))
      await queries.updateChain(db, chain.id, { next_system: body.system as 'off', last_day: lastDay }, now)
    } else if (chain.system !== body.system) await switchTo(hub, db, chain, issuer, body.system)
    else if (chain.next_system !== null) await queries.updateChain(db, chain.id, { next_system: null, last_day: null }, now)
    await recordChange(db, access, now, { action: 'verifactu.set', subjectType: 'issuer', subjectId: publicIssuerId, detail: { system: body.system, before: known.system, ...(bound && { from: 'next_year' }) } })
    return await showChain(db, access, issuer, await queries.chainOf(db, access.mode, nif))
  })
}

/** Undefined when nothing was said. */
async function connectionOf (hub: Hub, db: TenantDb, access: Access, connection: string | null | undefined): Promise<string | null | undefined> {
  if (connection === undefined || connection === null) return connection
  const id = parseId('connection', connection)
  const row = id === undefined ? undefined : await queries.connectionIs(db, access.mode, id)
  if (row === undefined) throw invalidField('connection', 'is no connection of yours in this mode')
  if (hub.adapters.get(row.provider)?.records === undefined) throw invalidField('connection', 'takes no records of invoices')
  return id
}

export async function listRecords (hub: Hub, access: Access, query: ListRecords): Promise<{ data: VerifactuRecord[], next_cursor: string | null }> {
  const window = idWindow('verifactu_record', query)
  return await inTenant(hub.db, access.tenantId, async db => {
    const chainId = query.issuer === undefined ? undefined : await chainIdOf(db, access, query.issuer)
    if (chainId === null) return { data: [], next_cursor: null }
    const rows = await queries.listRecords(db, { ...window, mode: access.mode, ...(chainId !== undefined && { chainId }), ...(query.invoice !== undefined && { invoiceId: uuidOf('invoice', query.invoice) }), ...(query.status !== undefined && { status: query.status }) })
    return pageOf('verifactu_record', window, rows, showRecord)
  })
}

export async function getRecord (hub: Hub, access: Access, id: string): Promise<VerifactuRecord> {
  return showRecord(await recordOf(hub, access, id))
}

/** As it was chained; with its signature, where it has one. */
export async function recordXml (hub: Hub, access: Access, id: string): Promise<{ row: { name: string, content_type: string }, bytes: Buffer }> {
  const record = await recordOf(hub, access, id)
  const text = await textOf(hub, record, true)
  return { row: { name: `${record.kind}-${record.position}-${record.number}.xml`, content_type: 'application/xml' }, bytes: Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${text.replace(/^<\?xml[^>]*\?>\s*/, '')}`) }
}

/**
 * Subsanación: another record of the same invoice, with what was wrong put right; the one before stays where it is. Throws 409 for one
 * that is not the invoice's last, is not answered yet, or stands without errors; 400 with the AEAT's codes for what it would refuse.
 */
export async function correctRecord (hub: Hub, access: Access, id: string, body: CorrectRecord, idempotency: Idempotency | null): Promise<VerifactuRecord> {
  if (idempotency?.subject !== undefined) return await getRecord(hub, access, idempotency.subject)
  const seen = await recordOf(hub, access, id)
  if (seen.kind !== 'alta') throw stateError(seen)
  const text = await textOf(hub, seen, false)
  const now = hub.now()
  const made = await inTenant(hub.db, access.tenantId, async db => {
    const { chain, issuer, before } = await lockedFor(hub, db, seen)
    const { content } = readRecord(Buffer.from(text))
    const correction = correctionOf(before.filter(({ number, date }) => number === seen.number && date === seen.date))!
    const corrected: Alta = { ...corrections(content as Alta, body), issuerName: issuer.legal_name.slice(0, 120), correction }
    const broken = recordFindings(corrected, zonedTime(now, zoneOfIssuer(issuer)).slice(0, 10)).filter(({ level }) => level === 'error')
    if (broken.length > 0) throw new HubError('invoice_invalid', { errors: broken.map(({ code, path, message }) => ({ path, code, message })) })
    const after = await append(hub, db, chain, issuer, seen.invoice_id, corrected)
    return await chained(db, access, hub, after, { action: 'verifactu_record.corrected', subject: id, reason: body.reason, idempotency })
  })
  hub.wake('verifactu', [{ tenantId: access.tenantId, id: made.chain_id }])
  return showRecord(made)
}

/** Anulación: the invoice should never have been. It is no credit note: that one corrects an invoice that was. Throws 409 as above. */
export async function annulRecord (hub: Hub, access: Access, id: string, body: AnnulRecord, idempotency: Idempotency | null): Promise<VerifactuRecord> {
  if (idempotency?.subject !== undefined) return await getRecord(hub, access, idempotency.subject)
  const seen = await recordOf(hub, access, id)
  const made = await inTenant(hub.db, access.tenantId, async db => {
    const { chain, issuer, before, last } = await lockedFor(hub, db, seen, true)
    const after = await append(hub, db, chain, issuer, seen.invoice_id, annulmentOf(before, last, chain.nif))
    return await chained(db, access, hub, after, { action: 'verifactu_record.annulled', subject: id, reason: body.reason, idempotency })
  })
  hub.wake('verifactu', [{ tenantId: access.tenantId, id: made.chain_id }])
  return showRecord(made)
}

/** The chain, locked, and the invoice's records: only the last one is corrected or annulled. */
async function lockedFor (hub: Hub, db: TenantDb, seen: RecordRow, annul = false): Promise<{ chain: ChainRow, issuer: IssuerRow, before: RecordRow[], last: RecordRow }> {
  const locked = (await queries.lockChain(db, seen.chain_id))!
  const issuer = await findIssuer(db, locked.issuer_id)
  if (issuer === undefined) throw new HubError('not_found')
  const chain = await switchIfDue(hub, db, locked, issuer)
  const before = await queries.recordsOf(db, seen.invoice_id)
  const last = before.at(-1)!
  const unanswered = ['pending', 'sending', 'unknown', 'unsigned'].includes(last.status)
  // What was annulled stays so; what was accepted as it is needs no correction.
  const free = annul ? last.kind === 'alta' || last.status === 'rejected' : last.status === 'rejected' || last.status === 'accepted_with_errors' || last.status === 'kept'
  if (chain.system === 'off' || last.id !== seen.id || unanswered || !free) throw stateError(last)
  return { chain, issuer, before, last }
}

async function chained (db: TenantDb, access: Access, hub: Hub, chain: ChainRow, { action, subject, reason, idempotency }: { action: string, subject: string, reason: string, idempotency: Idempotency | null }): Promise<RecordRow> {
  const row = (await queries.recordAt(db, chain.id, chain.position))!
  const id = publicId('verifactu_record', row.id)
  await recordChange(db, access, hub.now(), { action, subjectType: 'verifactu_record', subjectId: subject, detail: { reason, record: id } })
  if (idempotency !== null) await recordSubject(db, idempotency, id)
  return row
}

function corrections (alta: Alta, { customer, description, regime, exemption }: CorrectRecord): Alta {
  const recipients = alta.recipients.map((recipient, index) => {
    if (customer === undefined || index > 0) return recipient
    const name = customer.name ?? recipient.name
    if (customer.other !== undefined) return { name, other: { ...customer.other, id: customer.tax_id ?? recipient.nif ?? recipient.other?.id ?? '' } }
    return customer.tax_id === undefined ? { ...recipient, name } : { name, nif: normalNif(customer.tax_id) }
  })
  return {
    ...alta, recipients, ...(description !== undefined && { description }),
    details: alta.details.map(detail => ({ ...detail, ...(regime !== undefined && detail.regime !== undefined && { regime }), ...(exemption !== undefined && detail.exemption !== undefined && { exemption }) }))
  }
}

const stateError = (row: RecordRow): HubError => new HubError('invalid_state', {
  detail: { es: `El último registro de esa factura (${publicId('verifactu_record', row.id)}) está ${row.status}: no admite esto.`, en: `The last record of that invoice (${publicId('verifactu_record', row.id)}) is ${row.status}: this is not possible.` }
})

// --- looking at all of it -----------------------------------------------------------------------------------------------------

const pageSize = 500
const anomaliesAtMost = 100

/**
 * Whether each record and event is as it was chained: its huella, its signature, the one before it, its date. Of a system that does not
 * submit the look itself and what it found are events (03–06). Throws 404 where nothing was ever kept.
 */
export async function checkChain (hub: Hub, access: Access, publicIssuerId: string): Promise<VerifactuCheck> {
  const now = hub.now()
  const { issuer, chain } = await inTenant(hub.db, access.tenantId, async db => {
    const issuer = await issuerOf(db, access, publicIssuerId)
    const chain = await queries.chainOf(db, access.mode, normalNif(issuer.tax_id))
    if (chain === undefined) throw new HubError('not_found')
    return { issuer, chain }
  })
  const records = recordChecker(now)
  const events = eventChecker(now)
  const found: (Anomaly & { of: 'record' | 'event' })[] = []
  for (let after = 0; after < chain.position;) {
    const page = (await inTenant(hub.db, access.tenantId, async db => await queries.recordsFrom(db, chain.id, after, pageSize))).filter(row => row.position <= chain.position)
    if (page.length === 0) break
    for (const row of page) {
      const position = row.position
      const xml = Buffer.from(await textOf(hub, row, false))
      const kept = records.look({ position, xml })
      if (readRecord(xml).huella !== row.huella) kept.push({ code: '01', position, note: 'La huella guardada es otra' })
      found.push(...kept.map(one => ({ of: 'record' as const, ...one })), ...await signatureOf(row.signed ?? (row.signed_sealed === null ? null : await textOf(hub, row, true)), position, 'record'))
      after = position
    }
  }
  if (records.count() < chain.position) found.push({ of: 'record', code: '04', position: chain.position, note: 'Faltan registros al final de la cadena' })
  for (let after = 0; after < chain.event_position;) {
    const page = (await inTenant(hub.db, access.tenantId, async db => await queries.eventsFrom(db, chain.id, after, pageSize))).filter(row => row.position <= chain.event_position)
    if (page.length === 0) break
    for (const row of page) {
      const position = row.position
      found.push(...events.look({ position, xml: Buffer.from(row.xml) }).map(one => ({ of: 'event' as const, ...one })), ...await signatureOf(row.signed, position, 'event'))
      after = position
    }
  }
  await inTenant(hub.db, access.tenantId, async db => {
    let at = (await queries.lockChain(db, chain.id))!
    if (at.system === 'no_verifactu') {
      at = await appendEvent(hub, db, at, issuer, { type: 'records_checked', count: Math.min(records.count(), 9_999_999) })
      for (const { code, note, about } of found.filter(({ of }) => of === 'record').slice(0, anomaliesAtMost)) at = await appendEvent(hub, db, at, issuer, { type: 'record_anomaly', anomaly: code, note, ...(about !== undefined && { about }) })
      at = await appendEvent(hub, db, at, issuer, { type: 'events_checked', count: Math.min(events.count(), 99_999) })
      for (const { code, note } of found.filter(({ of }) => of === 'event').slice(0, anomaliesAtMost)) at = await appendEvent(hub, db, at, issuer, { type: 'event_anomaly', anomaly: code, note })
    }
    if (found.length > 0) await raiseAlert(db, now, { kind: 'verifactu_chain_broken', severity: 'critical', mode: access.mode, subjectId: publicIssuerId, detail: { anomalies: found.slice(0, 10).map(({ of, position, code, note }) => ({ of, position, code, note })) } })
    await recordChange(db, access, now, { action: 'verifactu.checked', subjectType: 'issuer', subjectId: publicIssuerId, detail: { records: records.count(), events: events.count(), anomalies: found.length } })
  })
  return {
    object: 'verifactu_check', issuer: publicIssuerId, mode: access.mode, ok: found.length === 0, records: records.count(), events: events.count(),
    anomalies: found.slice(0, anomaliesAtMost).map(({ of, position, code, note }) => ({ of, position, code, note }))
  }
}

async function signatureOf (signed: string | null, position: number, of: 'record' | 'event'): Promise<(Anomaly & { of: 'record' | 'event' })[]> {
  if (signed === null) return []
  const { ok } = await verifyXades(Buffer.from(signed)).catch(() => ({ ok: false }))
  return ok ? [] : [{ of, code: '02', position, note: 'La firma no es válida' }]
}

// --- events -------------------------------------------------------------------------------------------------------------------

export async function listEvents (hub: Hub, access: Access, query: ListEvents): Promise<{ data: VerifactuEvent[], next_cursor: string | null }> {
  const window = idWindow('verifactu_event', query)
  return await inTenant(hub.db, access.tenantId, async db => {
    const chainId = query.issuer === undefined ? undefined : await chainIdOf(db, access, query.issuer)
    if (chainId === null) return { data: [], next_cursor: null }
    return pageOf('verifactu_event', window, await queries.listEvents(db, { ...window, mode: access.mode, ...(chainId !== undefined && { chainId }) }), showEvent)
  })
}

export async function eventXml (hub: Hub, access: Access, id: string): Promise<{ row: { name: string, content_type: string }, bytes: Buffer }> {
  const row = await inTenant(hub.db, access.tenantId, async db => await queries.findEvent(db, uuidOf('verifactu_event', id)))
  if (row?.mode !== access.mode) throw new HubError('not_found')
  return { row: { name: `evento-${row.position}.xml`, content_type: 'application/xml' }, bytes: Buffer.from(row.signed ?? `<?xml version="1.0" encoding="UTF-8"?>\n${row.xml}`) }
}

/** What only people know: a restored backup, or whatever else belongs on record. Of a system that does not submit. */
export async function addEvent (hub: Hub, access: Access, publicIssuerId: string, body: NewEvent, idempotency: Idempotency | null): Promise<VerifactuEvent> {
  const now = hub.now()
  const made = await inTenant(hub.db, access.tenantId, async db => {
    if (idempotency?.subject !== undefined) return (await queries.findEvent(db, uuidOf('verifactu_event', idempotency.subject)))!
    const issuer = await issuerOf(db, access, publicIssuerId)
    const known = await queries.chainOf(db, access.mode, normalNif(issuer.tax_id))
    const chain = known && await queries.lockChain(db, known.id)
    if (chain?.system !== 'no_verifactu') throw new HubError('invalid_state', { detail: { es: 'Solo un sistema NO VERI*FACTU lleva registro de eventos.', en: 'Only a system that does not submit keeps a log of events.' } })
    const after = await appendEvent(hub, db, chain, issuer, { type: body.type }, body.note)
    const [row] = await queries.eventsFrom(db, chain.id, after.event_position - 1, 1)
    await recordChange(db, access, now, { action: 'verifactu_event.added', subjectType: 'issuer', subjectId: publicIssuerId, detail: { type: body.type, note: body.note } })
    if (idempotency !== null) await recordSubject(db, idempotency, publicId('verifactu_event', row!.id))
    return row!
  })
  return showEvent(made)
}

/** The declaración responsable, for the operator to sign. Throws 422 as long as nobody answers for the software. */
export function declaration (hub: Pick<Hub, 'config' | 'now'>): string {
  const { verifactuProducerName: name, verifactuProducerNif: nif, verifactuProducerAddress: address, verifactuProducerPlace: place, verifactuProducerContact: contact, verifactuSystemId: id } = hub.config
  if (name === undefined || nif === undefined || address === undefined || place === undefined) {
    throw new HubError('capability_not_supported', { detail: { es: `${noProducer.es} Faltan también VERIFACTU_PRODUCER_ADDRESS o VERIFACTU_PRODUCER_PLACE.`, en: `${noProducer.en} VERIFACTU_PRODUCER_ADDRESS or VERIFACTU_PRODUCER_PLACE may be missing too.` } })
  }
  return declarationOf({ name: 'Pasarela', id, version, onlyVerifactu: false, multiple: true }, { name, nif, address, place, ...(contact !== undefined && { contact }) }, zonedTime(hub.now(), 'Europe/Madrid').slice(0, 10))
}

// --- shared -------------------------------------------------------------------------------------------------------------------

async function issuerOf (db: TenantDb, access: Access, publicIssuerId: string): Promise<IssuerRow> {
  const issuer = await findIssuer(db, uuidOf('issuer', publicIssuerId))
  if (issuer?.mode !== access.mode) throw new HubError('not_found')
  if (issuer.country !== 'ES') throw new HubError('capability_not_supported', { detail: { es: 'VERI*FACTU es solo de emisores de España.', en: 'VERI*FACTU is of issuers of Spain alone.' } })
  return issuer
}

/** Null where it never kept any. */
async function chainIdOf (db: TenantDb, access: Access, publicIssuerId: string): Promise<string | null> {
  const issuer = await issuerOf(db, access, publicIssuerId)
  return (await queries.chainOf(db, access.mode, normalNif(issuer.tax_id)))?.id ?? null
}

async function recordOf (hub: Hub, access: Access, id: string): Promise<RecordRow> {
  const row = await inTenant(hub.db, access.tenantId, async db => await queries.findRecord(db, uuidOf('verifactu_record', id)))
  if (row?.mode !== access.mode) throw new HubError('not_found')
  return row
}

/** The record, opened where it is sealed. */
export async function textOf (hub: Pick<Hub, 'vault'>, row: RecordRow, signed: boolean): Promise<string> {
  const open = async (sealed: string): Promise<string> => await hub.vault.openText(row.tenant_id, publicId('verifactu_record', row.id), recordUseName, sealed)
  if (signed && row.signed !== null) return row.signed
  if (signed && row.signed_sealed !== null) return await open(row.signed_sealed)
  return row.xml ?? await open(row.xml_sealed!)
}

async function showChain (db: TenantDb, { language, mode }: Access, issuer: IssuerRow, chain: ChainRow | undefined): Promise<Verifactu> {
  const counts = chain === undefined ? {} : await queries.countStates(db, chain.id)
  const count = (state: queries.RecordState): number => counts[state] ?? 0
  return {
    object: 'verifactu',
    issuer: publicId('issuer', issuer.id),
    mode,
    system: chain?.system ?? 'off',
    last_day: chain?.last_day ?? null,
    next_system: chain?.next_system ?? null,
    connection: chain?.connection_id == null ? null : publicId('connection', chain.connection_id),
    installation: chain === undefined ? null : publicId('verifactu_chain', chain.id),
    chain: { length: chain?.position ?? 0, events: chain?.event_position ?? 0, last_number: chain?.last_number ?? null, last_huella: chain?.last_huella ?? null, last_at: chain?.last_at ?? null },
    records: { pending: count('pending'), sending: count('sending'), unknown: count('unknown'), accepted: count('accepted'), accepted_with_errors: count('accepted_with_errors'), rejected: count('rejected'), unsigned: count('unsigned'), kept: count('kept') },
    wait_seconds: chain?.wait_seconds ?? 60,
    next_send_at: chain?.next_send_at?.toISOString() ?? null,
    outage_since: chain?.outage_since?.toISOString() ?? null,
    obliged_from: obligedFrom(inspectNif(normalNif(issuer.tax_id)).person),
    obligations: obligations.map(one => ({ ...one })),
    announced: { text: announced.what[language], law: announced.law }
  }
}

export const showRecord = (row: RecordRow): VerifactuRecord => ({
  id: publicId('verifactu_record', row.id),
  object: 'verifactu_record',
  mode: row.mode,
  issuer: publicId('issuer', row.issuer_id),
  invoice: publicId('invoice', row.invoice_id),
  kind: row.kind,
  position: row.position,
  number: row.number,
  date: row.date,
  type: row.type,
  tax: row.tax,
  total: row.total,
  correction: row.correction as VerifactuRecord['correction'],
  system: row.system as 'verifactu',
  status: row.status,
  huella: row.huella,
  previous_huella: row.previous_huella === '' ? null : row.previous_huella,
  generated_at: row.generated_at,
  incident: row.incident,
  error_code: row.error_code,
  error_message: row.error_message,
  receipt: row.receipt,
  sent_at: row.sent_at?.toISOString() ?? null,
  answered_at: row.answered_at?.toISOString() ?? null,
  created_at: row.created_at.toISOString()
})

const showEvent = (row: EventRow): VerifactuEvent => ({
  id: publicId('verifactu_event', row.id), object: 'verifactu_event', mode: row.mode, position: row.position, type: row.type, huella: row.huella, generated_at: row.generated_at, signed: row.signed !== null, created_at: row.created_at.toISOString()
})
