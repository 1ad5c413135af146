import type { Mode } from '../adapter/context.ts'
import type { Invoice as InvoiceModel } from '../adapter/invoicing.ts'
import { Decimal } from '../fiscal/decimal.ts'
import { publicId } from '../ids.ts'
import type { IssuerRow } from '../issuers/queries.ts'
import type { Told } from '../notifications/notices.ts'
import { toMinor } from './amounts.ts'
import type { SaleDocument, SaleStatus } from './machine.ts'
import { localDay, periodOf, zoneOfIssuer } from './period.ts'
import type { GlobalRow, SaleRefundRow, SaleRow } from './queries.ts'
import type { Buyer, GlobalInvoice, Sale, SaleRefund, Tender } from './schema.ts'
import type { SalesSettings } from './settings-schema.ts'

export interface Shown {
  buyer?: Buyer
  link?: string | undefined
  /** Of the issuer, as its settings and the calendar say. */
  globalDate?: string | undefined
  refunds?: readonly SaleRefundRow[]
  notices?: readonly Told[]
}

export function showSale (row: SaleRow, { buyer, link, globalDate, refunds, notices }: Shown = {}): Sale {
  const model = row.model as unknown as Pick<InvoiceModel, 'totals'>
  return {
    id: publicId('sale', row.id),
    object: 'sale',
    mode: row.mode as Mode,
    status: row.status as SaleStatus,
    document: row.document as SaleDocument,
    ticket: row.ticket,
    issuer: publicId('issuer', row.issuer_id),
    country: row.country,
    branch: row.branch,
    till: row.till,
    payment_type: row.payment_type as 'in_person' | 'online',
    currency: row.currency,
    exchange_rate: row.exchange_rate,
    amount: toMinor(row.total, row.currency),
    amount_refunded: toMinor(row.refunded, row.currency),
    lines: row.lines as unknown as Record<string, unknown>[],
    totals: model.totals as unknown as Record<string, unknown>,
    tenders: row.tenders as unknown as Tender[],
    customer: buyer === undefined || Object.keys(buyer).length === 0 ? null : buyer,
    customer_id: row.customer_id === null ? null : publicId('customer', row.customer_id),
    payment: row.payment_id === null ? null : publicId('payment', row.payment_id),
    requires_invoice: row.requires_invoice,
    invoice: row.invoice_id === null ? null : publicId('invoice', row.invoice_id),
    global_invoice: row.global_id === null ? null : publicId('global_invoice', row.global_id),
    global_invoice_date: globalDate ?? null,
    self_invoice: link === undefined || row.link_expires_at === null ? null : { url: link, expires_at: row.link_expires_at.toISOString() },
    problem: row.problem as Sale['problem'],
    correct_until: row.orphan_at?.toISOString() ?? null,
    ...(refunds !== undefined && { refunds: refunds.map(refund => showRefund(refund, row.currency)) }),
    ...(notices !== undefined && { notices: [...notices] }),
    client_id: row.client_id,
    confirmed_by: row.confirmed_by,
    reference: row.reference,
    metadata: row.metadata as Record<string, string>,
    sold_at: row.sold_at.toISOString(),
    paid_at: row.paid_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString()
  }
}

export const showRefund = (row: SaleRefundRow, currency: string): SaleRefund => ({
  id: publicId('sale_refund', row.id),
  method: row.method as SaleRefund['method'],
  status: row.status as SaleRefund['status'],
  amount: toMinor(row.amount, currency),
  reason: row.reason,
  refund: row.refund_id === null ? null : publicId('refund', row.refund_id),
  store_credit: row.store_credit_id === null ? null : publicId('store_credit', row.store_credit_id),
  created_at: row.created_at.toISOString()
})

/** The day on which the global invoice is made that a sale of that moment goes into; the next one to come where that is over. */
export function globalDateOf (row: Pick<SaleRow, 'paid_at' | 'country'>, issuer: Pick<IssuerRow, 'mx' | 'postal_code'>, { global_invoice: rhythm }: SalesSettings, now: Date): string | undefined {
  if (row.country !== 'MX' || row.paid_at === null) return undefined
  const zone = zoneOfIssuer(issuer)
  const { madeOn } = periodOf(localDay(row.paid_at, zone), rhythm)
  return madeOn >= localDay(now, zone) ? madeOn : periodOf(localDay(now, zone), rhythm).madeOn
}

/** What an event tells of it: no line and nothing of the buyer. */
export function eventData (row: SaleRow): object {
  const { lines, totals, customer, ...rest } = showSale(row)
  return rest
}

export function showGlobal (row: GlobalRow): GlobalInvoice {
  return {
    id: publicId('global_invoice', row.id),
    object: 'global_invoice',
    mode: row.mode as Mode,
    status: row.status as GlobalInvoice['status'],
    issuer: publicId('issuer', row.issuer_id),
    branch: row.branch,
    currency: row.currency,
    period: { periodicity: row.periodicity, months: row.months, year: row.year, from: row.period_from, to: row.period_to },
    tickets: row.tickets,
    total: new Decimal(row.total).toFixed(2),
    invoice: row.invoice_id === null ? null : publicId('invoice', row.invoice_id),
    former_invoices: row.former_invoices.map(id => publicId('invoice', id)),
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString()
  }
}
