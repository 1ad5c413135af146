import type { Access } from '../access/principal.ts'
import type { Invoice as InvoiceModel } from '../adapter/invoicing.ts'
import { recordChange } from '../audit/record.ts'
import { certificateFor } from '../certificates/queries.ts'
import { idWindow, pageOf } from '../db/id-window.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { setTimer } from '../db/timers.ts'
import { storable } from '../db/storable.ts'
import { documentsOf, type DocumentRow } from '../documents/queries.ts'
import { readBytes } from '../documents/service.ts'
import { HubError, invalidField } from '../errors.ts'
import { recordEvents } from '../events/record.ts'
import { Decimal } from '../fiscal/decimal.ts'
import type { Hub } from '../hub.ts'
import { type Idempotency, recordSubject } from '../idempotency/service.ts'
import { newUuid, parseId, publicId, uuidOf } from '../ids.ts'
import { findIssuer, type IssuerRow, listIssuers } from '../issuers/queries.ts'
import { findPayment } from '../payments/queries.ts'
import { linkPayment } from '../receivables/queries.ts'
import { assertOfSale, claimSaleOf, lockSold } from '../receivables/sold.ts'
import { isPayable } from '../receivables/reconcile.ts'
import { taxCountries } from '../tax-ids.ts'
import { personOf } from '../vault/person.ts'
import { applyFact } from './apply.ts'
import { assertOursToInvoice } from './automatic.ts'
import { openInvoice, seeInvoice } from './delegate.ts'
import type { Finding, Making as EngineMaking } from './engine.ts'
import { engineOf } from './engines.ts'
import { assertIssuable } from './issuable.ts'
import { isStamped, type InvoiceStatus } from './machine.ts'
import { printed } from './print.ts'
import { recordFindingsOf, withRecord } from './records.ts'
import { numberOf, placeOf, receiptModel } from './receipts.ts'
import * as queries from './queries.ts'
import type { InvoiceRow } from './queries.ts'
import type { ChangeInvoice, Invoice, ListInvoices, NewCreditNote, NewInvoice, PrintQuery, Validation } from './schema.ts'
import { assertSendable } from './send.ts'
import { eventData, listed, showInvoice } from './view.ts'

type Body = ChangeInvoice

/** Drafts it, or queues it to be issued. Throws 400 with every broken rule, and nothing was created. */
export async function createInvoice (hub: Hub, access: Access, given: NewInvoice, idempotency: Idempotency | null): Promise<Invoice> {
  if (idempotency?.subject !== undefined) return await getInvoice(hub, access, idempotency.subject)
  const { draft = false, ...body } = storable(given)
  return await makeInvoice(hub, access, body, { kind: body.kind ?? 'invoice', draft, idempotency })
}

export interface Making {
  kind: string
  draft?: boolean
  idempotency: Idempotency | null
  relatedId?: string
  /** The sale whose document it is, or the global invoice of which it is the document. */
  saleId?: string
  globalId?: string
  /** In the transaction that writes the invoice: what throws there undoes it, and its number. */
  also?: (db: TenantDb, row: InvoiceRow) => Promise<void>
}

/** The same for those of the house who make invoices of what they know: sales, global invoices. */
export async function makeInvoice (hub: Hub, access: Access, body: Body, { kind, draft = false, idempotency, relatedId, saleId, globalId, also }: Making): Promise<Invoice> {
  const { tenantId } = access
  const now = hub.now()
  const engine = engineOf(body.country)
  const id = newUuid(now)
  await assertSendable(hub, access, body)
  const issuer = await issuerOf(hub, access, body)
  const paymentId = await paymentOf(hub, access, body.payment_id)
  await assertOursToInvoice(hub, access.tenantId, access.mode, paymentId)
  const model = modelOf(hub, body, { issuer, kind, reference: publicId('invoice', id), issuedAt: now })
  if (!draft) assertIssuable(engine.findings(model, now, hub.config.dataDir))
  const row = await inTenant(hub.db, tenantId, async db => {
    // Locked before anything is written: the document's first state wakes the jobs of both, and these lock them before their timers.
    if (relatedId !== undefined) await queries.lockInvoice(db, relatedId)
    if (saleId !== undefined) await lockSold(db, saleId)
    const soldId = saleId ?? (paymentId === null || draft || kind !== 'invoice' ? undefined : await claimSaleOf(db, paymentId, id, now))
    const inserted = await queries.insertInvoice(db, {
      id,
      mode: access.mode,
      country: body.country,
      kind,
      status: 'draft',
      issuer_id: issuer.id,
      series_id: null,
      series: null,
      number: null,
      connection_id: null,
      body,
      model,
      customer_tax_id: body.customer.tax_id,
      currency: body.currency,
      total: model.totals.total,
      due: body.payment?.due ?? null,
      reference: body.reference ?? null,
      payment_id: paymentId,
      related_id: relatedId ?? null,
      sale_id: soldId ?? null,
      global_id: globalId ?? null,
      metadata: body.metadata ?? {},
      issued_at: null,
      created_at: now
    })
    await recordChange(db, access, now, { action: 'invoice.created', subjectType: 'invoice', subjectId: publicId('invoice', id), detail: { kind, total: model.totals.total, currency: body.currency, draft } })
    if (draft) await recordEvents(db, now, [{ type: 'invoice.draft', mode: access.mode, subjectId: id, data: eventData(inserted) }])
    if (idempotency !== null) await recordSubject(db, idempotency, publicId('invoice', id))
    const queued = draft ? inserted : await queue(hub, db, inserted, body, issuer)
    await also?.(db, queued)
    return queued
  })
  if (!draft) hub.wake('invoice', [{ tenantId, id }])
  return await show(hub, row)
}

/**
 * Takes the number and the certificate and hands it to the job, in one transaction: a number is never taken for nothing, and
 * never twice. One that was rejected keeps its number.
 */
async function queue (hub: Hub, db: TenantDb, row: InvoiceRow, body: Body, issuer: IssuerRow): Promise<InvoiceRow> {
  const now = hub.now()
  const certificate = await certificateFor(db, issuer.id, now)
  const numbered = row.number !== null
    ? { series_id: row.series_id, series: row.series, number: row.number }
    : await numberOf(db, issuer, row.kind, { ...(body.series !== undefined && { wanted: body.series }), ...placeOf(row) })
  const made = row.kind === 'payment_receipt'
    ? await receiptModel(db, row, now)
    : modelOf(hub, body, {
      issuer, kind: row.kind, ...beforeOf(row), reference: publicId('invoice', row.id), issuedAt: now,
      ...(numbered.series !== null && numbered.series !== '' && { series: numbered.series }), ...(numbered.number !== null && { number: numbered.number })
    })
  const model = await withRecord(hub, db, { row, issuer, model: made })
  const { row: queued, outcome } = await applyFact(hub, db, row, { type: 'queued' }, {
    ...numbered, model, issued_at: new Date(model.issuedAt), total: model.totals.total, messages: [], sealed: null, ...(certificate !== undefined && { certificate_id: certificate.id })
  })
  if (outcome.do === 'ignore') throw stateError(row, 'issue')
  await setTimer(db, 'invoice', row.id, now)
  await payBy(db, queued, now)
  return queued
}

/** Every broken rule of a draft or of a body that nobody has sent; nothing is written and nothing is asked. */
export async function validateInvoice (hub: Hub, access: Access, given: NewInvoice): Promise<Validation> {
  const { draft, ...body } = storable(given)
  const engine = engineOf(body.country)
  const now = hub.now()
  const issuer = await issuerOf(hub, access, body)
  const model = modelOf(hub, body, { issuer, kind: body.kind ?? 'invoice', reference: 'inv_validate', issuedAt: now })
  const findings = [...engine.findings(model, now, hub.config.dataDir), ...await inTenant(hub.db, access.tenantId, async db => await recordFindingsOf(hub, db, issuer, model))]
  const told = (level: Finding['level']) => findings.filter(finding => finding.level === level).map(finding => ({ ...finding, message: finding.message[access.language] }))
  return { ok: told('error').length === 0, errors: told('error'), warnings: told('warning'), totals: model.totals }
}

/** A draft, or what the authority rejected, as it is to be. */
export async function changeInvoice (hub: Hub, access: Access, publicInvoiceId: string, given: ChangeInvoice): Promise<Invoice> {
  const body = storable(given)
  const id = uuidOf('invoice', publicInvoiceId)
  const now = hub.now()
  await findOrThrow(hub, access, publicInvoiceId)
  await assertSendable(hub, access, body)
  const issuer = await issuerOf(hub, access, body)
  const paymentId = await paymentOf(hub, access, body.payment_id)
  await assertOursToInvoice(hub, access.tenantId, access.mode, paymentId)
  const row = await inTenant(hub.db, access.tenantId, async db => {
    const locked = await lockOrThrow(db, access, id)
    if (locked.status !== 'draft' && locked.status !== 'rejected') throw stateError(locked, 'change')
    if (body.country !== locked.country) throw invalidField('country', 'cannot be changed')
    if ((body.kind ?? 'invoice') !== locked.kind) throw invalidField('kind', 'cannot be changed')
    if (locked.number !== null && issuer.id !== locked.issuer_id) throw invalidField('issuer', 'cannot be changed: the document has its number')
    const model = modelOf(hub, body, { issuer, kind: locked.kind, reference: publicInvoiceId, issuedAt: now, ...beforeOf(locked), ...(locked.series !== null && { series: locked.series }), ...(locked.number !== null && { number: locked.number }) })
    await recordChange(db, access, now, { action: 'invoice.changed', subjectType: 'invoice', subjectId: publicInvoiceId, detail: { total: model.totals.total } })
    const saved = await queries.updateInvoice(db, id, {
      body, model, customer_tax_id: body.customer.tax_id, currency: body.currency, total: model.totals.total, due: body.payment?.due ?? null, issuer_id: issuer.id, payment_id: paymentId, reference: body.reference ?? null, metadata: body.metadata ?? {}
    }, now)
    await recordEvents(db, now, [{ type: 'invoice.updated', mode: access.mode, subjectId: id, data: eventData(saved) }])
    return saved
  })
  return await show(hub, row)
}

/** A draft, or one that was rejected and corrected, goes out. */
export async function issueInvoice (hub: Hub, access: Access, publicInvoiceId: string, idempotency: Idempotency | null): Promise<Invoice> {
  const id = uuidOf('invoice', publicInvoiceId)
  if (idempotency?.subject !== undefined) return await getInvoice(hub, access, publicInvoiceId)
  const now = hub.now()
  // Since it was drafted the connection may have declared that it invoices such charges.
  await assertOursToInvoice(hub, access.tenantId, access.mode, (await findOrThrow(hub, access, publicInvoiceId)).payment_id)
  const row = await inTenant(hub.db, access.tenantId, async db => {
    const locked = await lockOrThrow(db, access, id)
    if (locked.status !== 'draft' && locked.status !== 'rejected') throw stateError(locked, 'issue')
    if (locked.kind === 'invoice') await assertOfSale(db, locked.sale_id, id)
    const issuer = (await findIssuer(db, locked.issuer_id))!
    const body = locked.body as unknown as Body
    const engine = engineOf(locked.country)
    const model = locked.kind === 'payment_receipt' ? await receiptModel(db, locked, now) : modelOf(hub, body, { issuer, kind: locked.kind, reference: publicInvoiceId, issuedAt: now, ...beforeOf(locked) })
    assertIssuable(engine.findings(model, now, hub.config.dataDir))
    await recordChange(db, access, now, { action: 'invoice.issued', subjectType: 'invoice', subjectId: publicInvoiceId })
    if (idempotency !== null) await recordSubject(db, idempotency, publicInvoiceId)
    const saleId = locked.kind === 'invoice' && locked.sale_id === null && locked.payment_id !== null ? await claimSaleOf(db, locked.payment_id, id, now) : undefined
    return await queue(hub, db, saleId === undefined ? locked : await queries.updateInvoice(db, id, { sale_id: saleId }, now), body, issuer)
  })
  hub.wake('invoice', [{ tenantId: access.tenantId, id }])
  return await show(hub, row)
}

export async function getInvoice (hub: Hub, access: Access, publicInvoiceId: string): Promise<Invoice> {
  return await show(hub, await findOrThrow(hub, access, publicInvoiceId))
}

export async function listInvoices (hub: Hub, access: Access, query: ListInvoices): Promise<{ data: Invoice[], next_cursor: string | null }> {
  const window = idWindow('invoice', query)
  const persons = query.customer_tax_id === undefined ? [] : await Promise.all(taxCountries.map(async country => await personOf(hub, access.tenantId, country, query.customer_tax_id!)))
  const rows = await inTenant(hub.db, access.tenantId, async db => await queries.listInvoices(db, {
    ...window,
    mode: access.mode,
    ...(query.status !== undefined && { status: query.status }),
    ...(query.kind !== undefined && { kind: query.kind }),
    ...(query.issuer !== undefined && { issuerId: uuidOf('issuer', query.issuer) }),
    ...(query.customer_tax_id !== undefined && { customerTaxId: query.customer_tax_id, persons }),
    ...(query.fiscal_id !== undefined && { fiscalId: query.fiscal_id }),
    ...(query.reference !== undefined && { reference: query.reference }),
    ...(query.payment_id !== undefined && { paymentId: uuidOf('payment', query.payment_id) }),
    ...(query.about !== undefined && { aboutId: uuidOf('invoice', query.about) })
  }))
  return pageOf('invoice', window, await Promise.all(rows.map(async row => await openInvoice(hub, row))), listed)
}

/** The document exactly as it was stamped. */
export async function invoiceXml (hub: Hub, access: Access, publicInvoiceId: string): Promise<{ row: Pick<DocumentRow, 'name' | 'content_type'>, bytes: Buffer }> {
  const invoice = await findOrThrow(hub, access, publicInvoiceId)
  const documents = await inTenant(hub.db, access.tenantId, async db => await documentsOf(db, 'invoice', invoice.id))
  const row = documents.find(({ kind }) => kind === 'xml')
  if (row === undefined) throw stateError(invoice, 'xml')
  return { row, bytes: await readBytes(hub, row) }
}

/** As UBL 2.1 under EN 16931, of an issued invoice whose country has it. Throws 422 otherwise, and for what EN 16931 cannot say. */
export async function invoiceUbl (hub: Hub, access: Access, publicInvoiceId: string): Promise<{ row: Pick<DocumentRow, 'name' | 'content_type'>, bytes: Buffer }> {
  const invoice = await findOrThrow(hub, access, publicInvoiceId)
  const engine = engineOf(invoice.country)
  if (engine.ubl === undefined) throw new HubError('capability_not_supported')
  if (!isStamped(invoice.status as InvoiceStatus)) throw stateError(invoice, 'ubl')
  const model = invoice.model as unknown as InvoiceModel
  return { row: { name: `${engine.fileName(model, invoice.fiscal_id!).replace(/\.xml$/, '')}-ubl.xml`, content_type: 'application/xml' }, bytes: engine.ubl(model) }
}

/** The printed representation, kept from the first time it is asked for. */
export async function invoicePdf (hub: Hub, access: Access, publicInvoiceId: string, query: PrintQuery): Promise<{ row: Pick<DocumentRow, 'name' | 'content_type'>, bytes: Buffer }> {
  const invoice = await findOrThrow(hub, access, publicInvoiceId)
  const row = await printed(hub, invoice, query)
  if (row === undefined) throw stateError(invoice, 'pdf')
  return { row, bytes: await readBytes(hub, row) }
}

/** What is credited, as a document of its own that names this one. */
export async function createCreditNote (hub: Hub, access: Access, publicInvoiceId: string, given: NewCreditNote, idempotency: Idempotency | null, own: Pick<Making, 'saleId' | 'also'> = {}): Promise<Invoice> {
  if (idempotency?.subject !== undefined) return await getInvoice(hub, access, idempotency.subject)
  const body = storable(given)
  const about = await findOrThrow(hub, access, publicInvoiceId)
  if (about.kind !== 'invoice' && about.kind !== 'debit_note' && about.kind !== 'global_invoice') throw stateError(about, 'credit')
  if (about.status !== 'issued' && about.status !== 'cancel_rejected') throw stateError(about, 'credit')
  const { payment_id, local_taxes, ...original } = about.body as unknown as Body
  const note: Body = {
    ...original,
    kind: 'credit_note',
    lines: body.lines ?? original.lines,
    related: [{ type: body.relation ?? '01', fiscal_id: about.fiscal_id! }],
    payment: { method: 'PUE', form: body.form ?? creditForm(original) },
    ...(body.series !== undefined ? { series: body.series } : {}),
    ...(body.reference !== undefined && { reference: body.reference }),
    ...(body.metadata !== undefined && { metadata: body.metadata })
  }
  if (body.series === undefined) delete note.series
  if (note.customer.mx !== undefined) note.customer = { ...note.customer, mx: { ...note.customer.mx, cfdi_use: note.customer.tax_id === 'XAXX010101000' || note.customer.tax_id === 'XEXX010101000' ? 'S01' : 'G02' } }
  return await makeInvoice(hub, access, engineOf(about.country).credit?.(note, body, about) ?? note, {
    kind: 'credit_note', idempotency, relatedId: about.id, ...(own.saleId !== undefined && { saleId: own.saleId }),
    also: async (db, row) => {
      await own.also?.(db, row)
      // Counted under the invoice's lock: two notes at once never credit more than there is.
      const locked = (await queries.lockInvoice(db, about.id))!
      const notes = (await queries.aboutInvoice(db, about.id)).filter(({ kind, status }) => kind === 'credit_note' && status !== 'rejected' && status !== 'canceled' && status !== 'draft')
      const credited = notes.reduce((sum, { total }) => sum.plus(total), new Decimal(0))
      if (credited.gt(locked.total)) throw invalidField('lines', `at most ${new Decimal(locked.total).minus(credited.minus(row.total)).toFixed(2)} of this invoice can be credited`)
    }
  })
}

/** The form in which the money goes back; 99 is for what is still to be paid, which a credit note is not. */
const creditForm = (original: Body): string => original.payment?.form === undefined || original.payment.form === '99' ? '15' : original.payment.form

/** The payment that an invoice covers pays it, unless it pays another one already: its substitute gets it when that one is cancelled. */
async function payBy (db: TenantDb, row: InvoiceRow, now: Date): Promise<void> {
  if (row.payment_id === null || !isPayable(row.kind)) return
  const payment = await findPayment(db, row.payment_id)
  if (payment?.currency === row.currency) await linkPayment(db, row.payment_id, row.id, now)
}

/** The unified model of a body, with what the operator says and what every country asks. */
function modelOf (hub: Hub, body: Body, making: EngineMaking): InvoiceModel {
  if (body.lines.length === 0 && making.kind !== 'withholding') throw invalidField('lines', 'is empty')
  return engineOf(body.country).model(body, { ...making, ...(hub.config.sriProviderRuc !== undefined && { operatorRuc: hub.config.sriProviderRuc }) })
}

/** What was sent before and rejected. */
const beforeOf = ({ status, number, model }: InvoiceRow): { before?: InvoiceModel } => status === 'rejected' && number !== null ? { before: model as unknown as InvoiceModel } : {}

// --- shared -----------------------------------------------------------------------------------------------------------

async function issuerOf (hub: Hub, access: Access, body: Body): Promise<IssuerRow> {
  return await inTenant(hub.db, access.tenantId, async db => {
    if (body.issuer !== undefined) {
      const id = parseId('issuer', body.issuer)
      const issuer = id === undefined ? undefined : await findIssuer(db, id)
      if (issuer?.mode !== access.mode) throw invalidField('issuer', 'is no issuer of yours')
      if (issuer.country !== body.country) throw invalidField('issuer', `is an issuer of ${issuer.country}`)
      return issuer
    }
    const issuers = await listIssuers(db, { limit: 2, mode: access.mode, country: body.country })
    if (issuers.length === 1) return issuers[0]!
    throw invalidField('issuer', issuers.length === 0 ? `you have no issuer of ${body.country} yet` : 'you have several: say which')
  })
}

async function paymentOf (hub: Hub, access: Access, payment: string | undefined, path = 'payment_id'): Promise<string | null> {
  if (payment === undefined) return null
  const id = parseId('payment', payment)
  const row = id === undefined ? undefined : await inTenant(hub.db, access.tenantId, async db => await findPayment(db, id))
  if (row?.mode !== access.mode) throw invalidField(path, 'is no payment of yours')
  return row.id
}

async function findOrThrow (hub: Hub, access: Access, publicInvoiceId: string): Promise<InvoiceRow> {
  const id = uuidOf('invoice', publicInvoiceId)
  const row = await seeInvoice(hub, access.tenantId, id)
  if (row?.mode !== access.mode) throw new HubError('not_found')
  return row
}

async function lockOrThrow (db: TenantDb, access: Access, id: string): Promise<InvoiceRow> {
  const row = await queries.lockInvoice(db, id)
  if (row?.mode !== access.mode) throw new HubError('not_found')
  return row
}

function stateError (row: InvoiceRow, what: string): HubError {
  if (row.pending_kind !== null || row.status === 'unknown') return new HubError('outcome_unknown')
  return new HubError('invalid_state', { detail: { es: `La factura está ${row.status}; no admite: ${what}.`, en: `The invoice is ${row.status}: ${what} is not possible.` } })
}

async function show (hub: Hub, row: InvoiceRow): Promise<Invoice> {
  const documents = await inTenant(hub.db, row.tenant_id, async db => await documentsOf(db, 'invoice', row.id))
  const xml = isStamped(row.status as InvoiceStatus) ? documents.find(({ kind }) => kind === 'xml') : undefined
  const engine = engineOf(row.country)
  const url = xml === undefined || engine.verificationUrl === undefined ? null : engine.verificationUrl(row.model as unknown as InvoiceModel, row.fiscal_id!, await readBytes(hub, xml), row.mode as 'test') || null
  return showInvoice(await openInvoice(hub, row), documents, url)
}
