import type { Invoice as InvoiceModel } from '../adapter/invoicing.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import { advanceTimer, startTimer } from '../db/timers.ts'
import { HubError } from '../errors.ts'
import { Decimal, fixed } from '../fiscal/decimal.ts'
import { zoneOf } from '../fiscal/es/clock.ts'
import { normalNif } from '../fiscal/es/nif.ts'
import { type EventData, eventTypes, writeEvent } from '../fiscal/es/verifactu/events.ts'
import { altaOf } from '../fiscal/es/verifactu/from-invoice.ts'
import type { Alta, BillingSystem, PriorRefusal, RecordContent } from '../fiscal/es/verifactu/model.ts'
import { qrUrl } from '../fiscal/es/verifactu/qr.ts'
import { type RecordFinding, recordFindings } from '../fiscal/es/verifactu/rules.ts'
import { writeRecord } from '../fiscal/es/verifactu/write.ts'
import { zonedTime } from '../fiscal/xades/time.ts'
import type { Hub } from '../hub.ts'
import { newUuid, publicId } from '../ids.ts'
import type { IssuerRow } from '../issuers/queries.ts'
import { version } from '../version.ts'
import * as queries from './queries.ts'
import type { ChainRow, RecordRow } from './queries.ts'

type House = Pick<Hub, 'now' | 'config'>

/** Records and events stand in the time of where the issuer is. */
export const zoneOfIssuer = (issuer: Pick<IssuerRow, 'address' | 'postal_code'>): string => zoneOf(issuer.address?.postal_code ?? issuer.postal_code ?? undefined)

/** The program as every record names it. In test mode, where the operator has not said who they are, the issuer stands for them. */
export function systemOf ({ config }: Pick<Hub, 'config'>, chain: Pick<ChainRow, 'id' | 'mode'>, issuer: Pick<IssuerRow, 'legal_name' | 'tax_id'>): BillingSystem {
  const { verifactuProducerName: name, verifactuProducerNif: nif } = config
  if ((name === undefined || nif === undefined) && chain.mode === 'live') throw new HubError('capability_not_supported', { detail: noProducer })
  return {
    producer: name === undefined || nif === undefined ? { name: issuer.legal_name.slice(0, 120), nif: normalNif(issuer.tax_id) } : { name, nif },
    name: 'Pasarela', id: config.verifactuSystemId, version, installation: publicId('verifactu_chain', chain.id), onlyVerifactu: false, multiple: true
  }
}

export const noProducer = {
  es: 'Quien opera este servicio aún no ha dicho quién responde del programa (VERIFACTU_PRODUCER_NAME, VERIFACTU_PRODUCER_NIF).',
  en: 'The operator of this service has not yet said who answers for the software (VERIFACTU_PRODUCER_NAME, VERIFACTU_PRODUCER_NIF).'
}

/** The chain of an issuer that keeps records now; undefined where it keeps none. A switch whose day has come is made. Locked. */
export async function liveChain (hub: House, db: TenantDb, issuer: IssuerRow): Promise<ChainRow | undefined> {
  const known = await queries.chainOf(db, issuer.mode, normalNif(issuer.tax_id))
  if (known === undefined || (known.system === 'off' && known.next_system === null)) return undefined
  const chain = await switchIfDue(hub, db, (await queries.lockChain(db, known.id))!, issuer)
  return chain.system === 'off' ? undefined : chain
}

/** Whoever submits does so until the end of the year (RD 1007/2023): then it does what it said it would. */
export async function switchIfDue (hub: House, db: TenantDb, chain: ChainRow, issuer: IssuerRow): Promise<ChainRow> {
  const now = hub.now()
  const today = zonedTime(now, zoneOfIssuer(issuer)).slice(0, 10)
  if (chain.next_system === null || chain.last_day === null || today <= chain.last_day) return chain
  return await switchTo(hub, db, chain, issuer, chain.next_system)
}

/** Sets the system, with the events that the law wants: of its beginning and of its end as NO VERI*FACTU. Of a locked chain. */
export async function switchTo (hub: House, db: TenantDb, chain: ChainRow, issuer: IssuerRow, system: ChainRow['system']): Promise<ChainRow> {
  const now = hub.now()
  let after = chain
  if (chain.system === 'no_verifactu' && system !== 'no_verifactu') after = await appendEvent(hub, db, after, issuer, { type: 'ended' })
  await queries.updateChain(db, chain.id, { system, next_system: null, last_day: null }, now)
  after = { ...after, system, next_system: null, last_day: null }
  if (system === 'no_verifactu' && chain.system !== 'no_verifactu') {
    after = await appendEvent(hub, db, after, issuer, { type: 'started' })
    await queries.updateChain(db, chain.id, { summarized_at: now }, now)
  }
  return after
}

/** A rectificativa íntegra says base and tax of the invoice that it takes the place of: its record knows them. */
export async function withRectified (db: TenantDb, chain: ChainRow, model: InvoiceModel): Promise<InvoiceModel> {
  const { corrective, verifactu } = model.es ?? {}
  if (corrective?.method !== '01' || corrective.number === undefined || verifactu?.rectified !== undefined) return model
  const about = await queries.altaNamed(db, chain.id, `${corrective.series ?? ''}${corrective.number}`)
  if (about?.total == null || about.tax === null) return model
  const rectified = { base: fixed(new Decimal(about.total).minus(about.tax), 2), tax: about.tax }
  return { ...model, es: { ...model.es!, verifactu: { ...verifactu, rectified } } }
}

/** What the AEAT would refuse in the record that this invoice makes, were it made now. Throws what `altaOf` throws. */
export function findingsOf (model: InvoiceModel, now: Date): RecordFinding[] {
  return recordFindings(altaOf(model), zonedTime(now, zoneOf(model.issuer.address?.postalCode)).slice(0, 10))
}

/**
 * Chains the registro de alta of an invoice, in the transaction that gives it its number: there is no invoice without its record, and
 * no record without its invoice. One that goes out again under its number makes a record that corrects the one before (subsanación);
 * where its day of issue changed, which is part of its name, the one before is annulled first. Gives where its QR leads.
 */
export async function chainInvoice (hub: House, db: TenantDb, { chain, issuer, invoiceId, model }: { chain: ChainRow, issuer: IssuerRow, invoiceId: string, model: InvoiceModel }): Promise<string> {
  const content = altaOf(model)
  const before = await queries.recordsOf(db, invoiceId)
  const last = before.at(-1)
  let at = chain
  if (last?.kind === 'alta' && (last.number !== content.name.number || last.date !== content.name.date)) at = await append(hub, db, at, issuer, invoiceId, annulmentOf(before, last, content.name.nif))
  const same = before.filter(one => one.number === content.name.number && one.date === content.name.date)
  const correction = correctionOf(same)
  await append(hub, db, at, issuer, invoiceId, { ...content, ...(correction !== undefined && { correction }) })
  return qrUrl(content, chain.mode, chain.system === 'verifactu')
}

/**
 * Undefined: the first. `X`: all before were refused, the AEAT has none; `S`: it has one and refused the last correction; `N`: it has
 * one, or will have it when this comes (AEAT, FAQ for developers §17; web service v1.0.3).
 */
export function correctionOf (before: readonly Pick<RecordRow, 'kind' | 'status'>[]): PriorRefusal | undefined {
  const altas = before.filter(({ kind }) => kind === 'alta')
  if (altas.length === 0) return undefined
  if (altas.every(({ status }) => status === 'rejected')) return 'X'
  return altas.at(-1)!.status === 'rejected' ? 'S' : 'N'
}

/** Of the invoice whose last record this is. */
export function annulmentOf (before: readonly RecordRow[], last: RecordRow, nif: string): RecordContent {
  const same = before.filter(({ number, date }) => number === last.number && date === last.date)
  return {
    kind: 'anulacion', name: { nif, number: last.number, date: last.date }, reference: publicId('invoice', last.invoice_id),
    ...(same.filter(({ kind }) => kind === 'alta').every(({ status }) => status === 'rejected') && { withoutPrior: true }),
    ...(same.some(({ kind, status }) => kind === 'anulacion' && status === 'rejected') && { refusedBefore: true })
  }
}

/** The invoice was cancelled: its record is annulled, where it has one that stands. */
export async function chainAnnulment (hub: House, db: TenantDb, issuer: IssuerRow, invoiceId: string): Promise<void> {
  const before = await queries.recordsOf(db, invoiceId)
  const last = before.at(-1)
  if (last === undefined || (last.kind === 'anulacion' && last.status !== 'rejected')) return
  const chain = await queries.lockChain(db, last.chain_id)
  if (chain === undefined || chain.system === 'off') return
  await append(hub, db, chain, issuer, invoiceId, annulmentOf(before, last, chain.nif))
}

/** The next link. The chain is locked by this transaction; what is given back is how it stands now. */
export async function append (hub: House, db: TenantDb, chain: ChainRow, issuer: IssuerRow, invoiceId: string, content: RecordContent): Promise<ChainRow> {
  if (chain.system === 'off') throw new Error('a chain that is off takes no records')
  const now = hub.now()
  const at = momentOf(now, chain.last_at, issuer)
  const previous = chain.last_huella === null ? null : { nif: chain.nif, number: chain.last_number!, date: chain.last_date!, huella: chain.last_huella }
  const { text, huella } = writeRecord(content, { previous, system: systemOf(hub, chain, issuer), at })
  const position = chain.position + 1
  const alta: Alta | undefined = content.kind === 'alta' ? content : undefined
  await queries.insertRecord(db, {
    id: newUuid(now), chain_id: chain.id, position, mode: chain.mode, issuer_id: issuer.id, invoice_id: invoiceId, kind: content.kind, number: content.name.number, date: content.name.date,
    operation_date: alta?.operationDate ?? null, type: alta?.type ?? null, tax: alta?.tax ?? null, total: alta?.total ?? null, correction: alta?.correction ?? null,
    xml: text, huella, previous_huella: previous?.huella ?? '', generated_at: at, system: chain.system, status: chain.system === 'verifactu' ? 'pending' : 'unsigned'
  }, now)
  const changes = { position, last_number: content.name.number, last_date: content.name.date, last_huella: huella, last_at: at }
  await queries.updateChain(db, chain.id, changes, now)
  // Of what is submitted whatever was planned stays as it is: a wait, or a try after an outage. What is signed is signed at once.
  if (chain.system === 'no_verifactu') await advanceTimer(db, 'verifactu', chain.id, now)
  else await startTimer(db, 'verifactu', chain.id, chain.next_send_at !== null && chain.next_send_at > now ? chain.next_send_at : now)
  return { ...chain, ...changes }
}

/** An event of the system, chained to the one before. Only a system that does not submit keeps them. */
export async function appendEvent (hub: House, db: TenantDb, chain: ChainRow, issuer: IssuerRow, data: EventData, note?: string): Promise<ChainRow> {
  const now = hub.now()
  const at = momentOf(now, chain.event_at, issuer)
  const { text, huella } = writeEvent({
    system: systemOf(hub, chain, issuer), taxpayer: { name: issuer.legal_name.slice(0, 120), nif: chain.nif }, at, data, ...(note !== undefined && { note }),
    previous: chain.event_huella === null ? null : { type: chain.event_type!, at: chain.event_at!, huella: chain.event_huella }
  })
  const position = chain.event_position + 1
  const type = eventTypes[data.type]
  await queries.insertEvent(db, { id: newUuid(now), chain_id: chain.id, position, mode: chain.mode, type, xml: text, huella, generated_at: at }, now)
  const changes = { event_position: position, event_type: type, event_huella: huella, event_at: at }
  await queries.updateChain(db, chain.id, changes, now)
  await advanceTimer(db, 'verifactu', chain.id, now)
  return { ...chain, ...changes }
}

/** Never before the link before it, whatever the clocks of several machines say. */
function momentOf (now: Date, last: string | null, issuer: IssuerRow): string {
  const at = last === null ? now : new Date(Math.max(now.getTime(), Date.parse(last)))
  return zonedTime(at, zoneOfIssuer(issuer))
}
