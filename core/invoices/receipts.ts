import { certificateFor } from '../certificates/queries.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import { setTimer } from '../db/timers.ts'
import { HubError } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { newUuid, publicId } from '../ids.ts'
import { findIssuer, type IssuerRow } from '../issuers/queries.ts'
import { seriesFor, takeNumber } from '../series/service.ts'
import type { Invoice as InvoiceModel } from '../adapter/invoicing.ts'
import { applyFact } from './apply.ts'
import { withCustomerOf } from './delegate.ts'
import type { CountryEngine, ReceiptInput } from './engine.ts'
import { engineOf } from './engines.ts'
import { assertIssuable } from './issuable.ts'
import * as queries from './queries.ts'
import type { InvoiceRow } from './queries.ts'
import type { ChangeInvoice } from './schema.ts'

/** What a receipt says of a payment, as it is kept: enough to make it anew when it was rejected. */
export interface ReceiptSaid {
  /** Decimals, in the invoice's currency. `balance`: what was open on the receipts before. */
  amount: string
  balance: string
  part: number
  form: string
  paid_at: string
  operation_number?: string | undefined
  paid_in?: { currency: string, amount: string } | undefined
  exchange_rate?: string | undefined
}

/** The receipt (Mexico: complemento de pago) of one payment. Throws 4xx, and then no number was taken and nothing written. */
export async function makeReceipt (hub: Hub, db: TenantDb, { about, issuer, said, paymentId, series }: { about: InvoiceRow, issuer: IssuerRow, said: ReceiptSaid, paymentId: string | null, series?: string }): Promise<InvoiceRow> {
  const now = hub.now()
  const id = newUuid(now)
  const engine = engineOf(about.country)
  const model = modelOf(engine, { about, issuer, said, reference: publicId('invoice', id), issuedAt: now })
  assertIssuable(engine.findings(model, now, hub.config.dataDir))
  const numbered = await numberOf(db, issuer, 'payment_receipt', { ...(series !== undefined && { wanted: series }), ...placeOf(about) })
  const certificate = await certificateFor(db, issuer.id, now)
  const inserted = await queries.insertInvoice(db, {
    id, mode: about.mode as 'test', country: about.country, kind: 'payment_receipt', status: 'draft', issuer_id: issuer.id, series_id: null, series: null, number: null, connection_id: null,
    body: { ...about.body as object, kind: undefined, receipt: said }, model, customer_tax_id: about.customer_tax_id, currency: about.currency, total: said.amount, due: null, reference: null, payment_id: paymentId, related_id: about.id, metadata: {}, issued_at: null, created_at: now
  })
  const { row } = await applyFact(hub, db, inserted, { type: 'queued' }, {
    ...numbered, model: { ...model, ...(numbered.series !== '' && { series: numbered.series }), number: numbered.number }, issued_at: now, ...(certificate !== undefined && { certificate_id: certificate.id })
  })
  await setTimer(db, 'invoice', id, now)
  return row
}

/** One that was rejected goes out again under its own number, dated now. Throws 4xx. */
export async function remakeReceipt (hub: Hub, db: TenantDb, row: InvoiceRow): Promise<InvoiceRow> {
  const now = hub.now()
  const model = await receiptModel(db, row, now)
  assertIssuable(engineOf(row.country).findings(model, now, hub.config.dataDir))
  const certificate = await certificateFor(db, row.issuer_id, now)
  const { row: queued } = await applyFact(hub, db, row, { type: 'queued' }, { model, issued_at: now, messages: [], sealed: null, ...(certificate !== undefined && { certificate_id: certificate.id }) })
  await setTimer(db, 'invoice', row.id, now)
  return queued
}

/** A receipt as it would be issued now. */
export async function receiptModel (db: TenantDb, row: InvoiceRow, issuedAt: Date): Promise<InvoiceModel> {
  // The same buyer, who stands in the receipt as long as it is not stamped.
  const about = withCustomerOf((await queries.findInvoice(db, row.related_id!))!, row)
  const issuer = (await findIssuer(db, row.issuer_id))!
  const { receipt } = row.body as unknown as { receipt: ReceiptSaid }
  return {
    ...modelOf(engineOf(row.country), { about, issuer, said: receipt, reference: publicId('invoice', row.id), issuedAt }),
    ...(row.series !== null && row.series !== '' && { series: row.series }), ...(row.number !== null && { number: row.number })
  }
}

function modelOf (engine: CountryEngine, { about, issuer, said, reference, issuedAt }: Pick<ReceiptInput, 'about' | 'issuer' | 'reference' | 'issuedAt'> & { said: ReceiptSaid }): InvoiceModel {
  if (engine.receipt === undefined) throw new HubError('capability_not_supported')
  return engine.receipt({
    issuer, about, reference, issuedAt, amount: said.amount, balance: said.balance, part: said.part, form: said.form, paidAt: new Date(said.paid_at),
    ...(said.operation_number !== undefined && { operationNumber: said.operation_number }), ...(said.paid_in !== undefined && { paidIn: said.paid_in }), ...(said.exchange_rate !== undefined && { exchangeRate: said.exchange_rate })
  })
}

/** Takes the next number, of the nearest series. */
export async function numberOf (db: TenantDb, issuer: IssuerRow, kind: string, place: { wanted?: string, branch?: string, till?: string }): Promise<{ series_id: string, series: string, number: string }> {
  const series = await seriesFor(db, { issuerId: issuer.id, kind, ...place }).catch(async (error: unknown) => {
    // A global invoice is an invoice: where it has no series of its own it is numbered among them.
    if (kind !== 'global_invoice' || !(error instanceof HubError) || error.code !== 'series_missing') throw error
    return await seriesFor(db, { issuerId: issuer.id, kind: 'invoice', ...place })
  })
  const taken = await takeNumber(db, series.id)
  return { series_id: series.id, series: taken.series, number: taken.number }
}

/** Where it is issued, as its body says. */
export function placeOf ({ body }: Pick<InvoiceRow, 'body'>): { branch?: string, till?: string } {
  const { branch, till } = body as unknown as Pick<ChangeInvoice, 'branch' | 'till'>
  return { ...(branch !== undefined && { branch }), ...(till !== undefined && { till }) }
}
