import type { Access } from '../access/principal.ts'
import type { Invoice as InvoiceModel } from '../adapter/invoicing.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { HubError } from '../errors.ts'
import { Decimal } from '../fiscal/decimal.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import { engineOf } from '../invoices/engines.ts'
import type { ChangeInvoice, InvoiceCustomer } from '../invoices/schema.ts'
import { createCreditNote, makeInvoice } from '../invoices/service.ts'
import { findIssuer, type IssuerRow } from '../issuers/queries.ts'
import type { Static } from 'typebox'
import { exactly, leftOf, lineOfRefund } from './amounts.ts'
import { move } from './apply.ts'
import * as queries from './queries.ts'
import type { SaleRow } from './queries.ts'
import type { Tender } from './schema.ts'

export type Customer = Static<typeof InvoiceCustomer>

/** Whose document it is where nobody is named (CFDI 4.0, guía de llenado: XAXX010101000, régimen 616, uso S01, the place of issue). */
export const publicAtLarge = ({ country, postal_code: postalCode }: Pick<IssuerRow, 'country' | 'postal_code'>): Customer => country === 'MX'
  ? { name: 'PUBLICO EN GENERAL', tax_id: 'XAXX010101000', address: { postal_code: postalCode ?? '00000' }, mx: { regime: '616', cfdi_use: 'S01' } }
  : country === 'EC' ? { name: 'CONSUMIDOR FINAL', tax_id: '9999999999999' } : { name: 'CLIENTE', tax_id: 'X0000000T' }

/** The invoice of a sale, as the API is asked for one. */
export function bodyOf (row: SaleRow, customer: Customer, { form, series, send }: { form: string | undefined, series?: string | undefined, send?: boolean | undefined }): ChangeInvoice {
  return {
    country: row.country as 'MX',
    issuer: publicId('issuer', row.issuer_id),
    customer,
    lines: row.lines as unknown as ChangeInvoice['lines'],
    currency: row.currency,
    ...(row.exchange_rate !== null && { exchange_rate: row.exchange_rate }),
    payment: row.country === 'MX' ? { method: 'PUE', ...(form !== undefined && { form }) } : { ...(form !== undefined && { form }) },
    ...(row.branch !== null && { branch: row.branch }),
    ...(row.till !== null && { till: row.till }),
    ...(series !== undefined && { series }),
    ...(row.payment_id !== null && { payment_id: publicId('payment', row.payment_id) }),
    ...(row.country === 'MX' && row.rounding === 'six' && { mx: { rounding: 'six' as const } }),
    ...(send !== undefined && { send }),
    reference: row.reference ?? row.ticket,
    metadata: row.metadata as Record<string, string>
  }
}

/** That by which most of it was paid (SAT, guía de llenado del Anexo 20: forma de pago of the greatest amount). */
export function formOf (tenders: readonly Tender[]): string | undefined {
  return tenders.reduce<Tender | undefined>((best, tender) => best === undefined || (tender.amount ?? 0) > (best.amount ?? 0) ? tender : best, undefined)?.form
}

/** Makes its invoice, once, whoever asks at the same time. Throws 4xx for what breaks rules, and `sale_invoiced` where it has a document; then nothing was made. */
export async function makeInvoiceOf (hub: Hub, access: Access, row: SaleRow, customer: Customer, { form, series, send, also }: { form?: string | undefined, series?: string | undefined, send?: boolean | undefined, also?: (db: TenantDb) => Promise<void> } = {}): Promise<string> {
  const body = bodyOf(row, customer, { form: form ?? formOf(row.tenders as unknown as Tender[]), series, send })
  const invoice = await makeInvoice(hub, access, body, {
    kind: 'invoice', idempotency: null, saleId: row.id,
    also: async (db, made) => {
      const locked = (await queries.lockSale(db, row.id))!
      const changes = { invoice_id: made.id, problem: null, orphan_at: null }
      // One that left its global invoice waits for exactly this.
      const moved = locked.document === 'invoicing' && locked.invoice_id === null ? await move(hub, db, locked, undefined, changes) : locked.document === 'in_global' ? undefined : await move(hub, db, locked, 'invoice_asked', changes)
      if (moved === undefined) throw new HubError('sale_invoiced')
      await also?.(db)
    }
  })
  return invoice.id
}

/** What its document says and has not been credited, beyond what is left of the sale. */
export async function uncredited (db: TenantDb, row: SaleRow, invoiceId: string): Promise<Decimal> {
  return new Decimal(row.document_amount).minus(await queries.creditedOf(db, row.id, invoiceId)).minus(leftOf(row))
}

/**
 * The credit note of what was refunded since its document was made. False where there is nothing to credit; a refusal of the
 * authority is an error of the caller's to handle.
 */
export async function creditRefunds (hub: Hub, access: Access, row: SaleRow, invoiceId: string): Promise<boolean> {
  const due = await inTenant(hub.db, row.tenant_id, async db => ({ amount: await uncredited(db, row, invoiceId), issuer: (await findIssuer(db, row.issuer_id))! }))
  if (due.amount.lte(0)) return false
  const whole = row.document === 'invoiced' && due.amount.eq(row.document_amount)
  const lines = whole ? undefined : creditLines(row, due.amount, due.issuer)
  await createCreditNote(hub, access, publicId('invoice', invoiceId), { ...(lines !== undefined && { lines }), reference: row.ticket }, null, {
    saleId: row.id,
    also: async (db, note) => {
      const locked = (await queries.lockSale(db, row.id))!
      // It is counted among them already.
      const left = (await uncredited(db, locked, invoiceId)).plus(note.total)
      if (!left.eq(due.amount)) throw new HubError('conflict')
    }
  })
  return true
}

function creditLines (row: SaleRow, amount: Decimal, issuer: IssuerRow): ChangeInvoice['lines'] {
  const model = row.model as unknown as Pick<InvoiceModel, 'lines'>
  const line = lineOfRefund(amount, { number: row.ticket, model }, `Devolución de la venta ${row.ticket}`)
  const rounding = row.document === 'in_global' ? 'six' : row.rounding as 'six'
  const fitted = exactly([line], amount, lines => new Decimal(engineOf(row.country).model(
    { country: row.country as 'MX', currency: row.currency, ...(row.exchange_rate !== null && { exchange_rate: row.exchange_rate }), lines: [...lines], customer: publicAtLarge(issuer), ...(row.country === 'MX' && { mx: { rounding } }) },
    { issuer, kind: 'credit_note', reference: 'sale', issuedAt: row.updated_at }
  ).totals.total))
  if (fitted === undefined) throw new HubError('internal', { internal: { sale: publicId('sale', row.id), amount: amount.toString() } })
  return fitted
}
