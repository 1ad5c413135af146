import { sql } from 'kysely'
import type { Invoice as InvoiceModel } from '../adapter/invoicing.ts'
import type { Mode } from '../adapter/context.ts'
import type { IdWindow } from '../db/id-window.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import type { ChangeInvoice } from '../invoices/schema.ts'
import type { SaleDocument, SaleStatus } from './machine.ts'
import type { Tender } from './schema.ts'

/** The only SQL about sales and their global invoices. */
const selectSales = (db: TenantDb) => db.selectFrom('sales').selectAll().where('tenant_id', '=', db.tenantId)
export type SaleRow = Awaited<ReturnType<ReturnType<typeof selectSales>['executeTakeFirstOrThrow']>>

export const findSale = async (db: TenantDb, id: string): Promise<SaleRow | undefined> => await selectSales(db).where('id', '=', id).executeTakeFirst()

/** Locked until the transaction ends: whoever changes a sale holds it. */
export const lockSale = async (db: TenantDb, id: string): Promise<SaleRow | undefined> => await selectSales(db).where('id', '=', id).forUpdate().executeTakeFirst()

export const findByClientId = async (db: TenantDb, mode: Mode, clientId: string): Promise<SaleRow | undefined> => await selectSales(db).where('mode', '=', mode).where('client_id', '=', clientId).executeTakeFirst()

export const findByPayment = async (db: TenantDb, paymentId: string): Promise<SaleRow | undefined> => await selectSales(db).where('payment_id', '=', paymentId).executeTakeFirst()

export const findByInvoice = async (db: TenantDb, invoiceId: string): Promise<SaleRow | undefined> => await selectSales(db).where('invoice_id', '=', invoiceId).executeTakeFirst()

export interface NewSaleRow {
  id: string
  mode: Mode
  client_id: string | null
  content_hash: Buffer | null
  issuer_id: string
  country: string
  branch: string | null
  till: string | null
  ticket: string
  origin: 'api' | 'payment'
  payment_type: 'in_person' | 'online'
  status: SaleStatus
  document: SaleDocument
  currency: string
  exchange_rate: string | null
  total: string
  lines: ChangeInvoice['lines']
  rounding: 'currency' | 'six'
  model: Pick<InvoiceModel, 'lines' | 'totals'>
  tenders: Tender[]
  buyer_sealed: string | null
  person: string | null
  customer_id: string | null
  payment_id: string | null
  requires_invoice: boolean | null
  confirmed_by: string | null
  reference: string | null
  metadata: Record<string, string>
  sold_at: Date
  paid_at: Date | null
  created_at: Date
}

/** Undefined when there is one of that client id or payment already. */
export async function insertSale (db: TenantDb, { lines, model, tenders, metadata, ...row }: NewSaleRow): Promise<SaleRow | undefined> {
  return await db.insertInto('sales').values({
    tenant_id: db.tenantId, ...row, lines: JSON.stringify(lines), model: JSON.stringify(model), tenders: JSON.stringify(tenders), metadata: JSON.stringify(metadata), updated_at: row.created_at
  }).onConflict(oc => oc.doNothing()).returningAll().executeTakeFirst()
}

/** Whoever sold it says more of a sale that was made of its payment: it becomes theirs, with its number. */
export async function tellMore (db: TenantDb, id: string, { lines, model, tenders, metadata, id: _id, mode: _mode, ticket: _ticket, created_at: now, ...row }: NewSaleRow): Promise<SaleRow> {
  return await db.updateTable('sales').set({
    ...row, lines: JSON.stringify(lines), model: JSON.stringify(model), tenders: JSON.stringify(tenders), metadata: JSON.stringify(metadata), version: sql`version + 1`, updated_at: now
  }).where('tenant_id', '=', db.tenantId).where('id', '=', id).returningAll().executeTakeFirstOrThrow()
}

/** One that nobody has decided, made by itself of this payment; locked. */
export async function lockMadeOf (db: TenantDb, paymentId: string): Promise<SaleRow | undefined> {
  return await selectSales(db).where('payment_id', '=', paymentId).where('origin', '=', 'payment').where('document', '=', 'undecided').forUpdate().executeTakeFirst()
}

export interface SaleChanges {
  status?: SaleStatus
  document?: SaleDocument
  refunded?: string
  document_amount?: string
  tenders?: Tender[]
  buyer_sealed?: string | null
  person?: string | null
  customer_id?: string | null
  payment_id?: string | null
  invoice_id?: string | null
  global_id?: string | null
  requires_invoice?: boolean | null
  confirmed_by?: string
  link_made_at?: Date | null
  link_expires_at?: Date | null
  link_url?: string | null
  link_connection_id?: string | null
  problem?: object | null
  orphan_at?: Date | null
  paid_at?: Date
  invoiced_at?: Date | null
}

/** Of a row that the transaction has locked. */
export async function updateSale (db: TenantDb, id: string, { tenders, problem, ...plain }: SaleChanges, now: Date): Promise<SaleRow> {
  return await db.updateTable('sales').set({
    ...plain,
    ...(tenders !== undefined && { tenders: JSON.stringify(tenders) }),
    ...(problem !== undefined && { problem: problem && JSON.stringify(problem) }),
    version: sql`version + 1`,
    updated_at: now
  }).where('tenant_id', '=', db.tenantId).where('id', '=', id).returningAll().executeTakeFirstOrThrow()
}

export interface SaleFilter extends IdWindow { mode: Mode, status?: string, document?: string, reference?: string, paymentId?: string, globalId?: string, issuerId?: string, ticket?: string }

export async function listSales (db: TenantDb, filter: SaleFilter): Promise<SaleRow[]> {
  return await selectSales(db).where('mode', '=', filter.mode)
    .$if(filter.before !== undefined, q => q.where('id', '<', filter.before!))
    .$if(filter.from !== undefined, q => q.where('id', '>=', filter.from!))
    .$if(filter.status !== undefined, q => q.where('status', '=', filter.status!))
    .$if(filter.document !== undefined, q => q.where('document', '=', filter.document!))
    .$if(filter.reference !== undefined, q => q.where('reference', '=', filter.reference!))
    .$if(filter.paymentId !== undefined, q => q.where('payment_id', '=', filter.paymentId!))
    .$if(filter.globalId !== undefined, q => q.where('global_id', '=', filter.globalId!))
    .$if(filter.issuerId !== undefined, q => q.where('issuer_id', '=', filter.issuerId!))
    .$if(filter.ticket !== undefined, q => q.where('ticket', '=', filter.ticket!))
    .orderBy('id', 'desc').limit(filter.limit).execute()
}

// --- refunds --------------------------------------------------------------------------------------------------------------

const selectRefunds = (db: TenantDb) => db.selectFrom('sale_refunds').selectAll().where('tenant_id', '=', db.tenantId)
export type SaleRefundRow = Awaited<ReturnType<ReturnType<typeof selectRefunds>['executeTakeFirstOrThrow']>>

/** Oldest first. */
export const refundsOf = async (db: TenantDb, saleId: string): Promise<SaleRefundRow[]> => await selectRefunds(db).where('sale_id', '=', saleId).orderBy('id').execute()

export interface NewSaleRefundRow {
  id: string
  sale_id: string
  method: 'cash' | 'card' | 'store_credit'
  status: 'pending' | 'succeeded' | 'failed'
  amount: string
  reason: string
  refund_id: string | null
  store_credit_id: string | null
  created_at: Date
}

/** Undefined when that refund of the payment is there already. */
export async function insertSaleRefund (db: TenantDb, row: NewSaleRefundRow): Promise<SaleRefundRow | undefined> {
  return await db.insertInto('sale_refunds').values({ tenant_id: db.tenantId, ...row, updated_at: row.created_at }).onConflict(oc => oc.doNothing()).returningAll().executeTakeFirst()
}

export async function updateSaleRefund (db: TenantDb, id: string, changes: { status?: 'pending' | 'succeeded' | 'failed', refund_id?: string, amount?: string }, now: Date): Promise<void> {
  await db.updateTable('sale_refunds').set({ ...changes, updated_at: now }).where('tenant_id', '=', db.tenantId).where('id', '=', id).execute()
}

/** Valid credit notes of this sale against that document, and those on their way. */
export async function creditedOf (db: TenantDb, saleId: string, invoiceId: string): Promise<string> {
  const row = await db.selectFrom('invoices').select(sql<string>`coalesce(sum(total), 0)`.as('sum')).where('tenant_id', '=', db.tenantId).where('related_id', '=', invoiceId).where('sale_id', '=', saleId)
    .where('kind', '=', 'credit_note').where('status', 'not in', ['draft', 'rejected', 'canceled']).executeTakeFirstOrThrow()
  return row.sum
}

// --- global invoices --------------------------------------------------------------------------------------------------------

const selectGlobals = (db: TenantDb) => db.selectFrom('global_invoices').selectAll().where('tenant_id', '=', db.tenantId)
export type GlobalRow = Awaited<ReturnType<ReturnType<typeof selectGlobals>['executeTakeFirstOrThrow']>>

export const findGlobal = async (db: TenantDb, id: string): Promise<GlobalRow | undefined> => await selectGlobals(db).where('id', '=', id).executeTakeFirst()
export const lockGlobal = async (db: TenantDb, id: string): Promise<GlobalRow | undefined> => await selectGlobals(db).where('id', '=', id).forUpdate().executeTakeFirst()

export async function listGlobals (db: TenantDb, filter: IdWindow & { mode: Mode, issuerId?: string, status?: string }): Promise<GlobalRow[]> {
  return await selectGlobals(db).where('mode', '=', filter.mode)
    .$if(filter.before !== undefined, q => q.where('id', '<', filter.before!))
    .$if(filter.from !== undefined, q => q.where('id', '>=', filter.from!))
    .$if(filter.issuerId !== undefined, q => q.where('issuer_id', '=', filter.issuerId!))
    .$if(filter.status !== undefined, q => q.where('status', '=', filter.status!))
    .orderBy('id', 'desc').limit(filter.limit).execute()
}

export interface NewGlobalRow {
  id: string
  mode: Mode
  issuer_id: string
  branch: string | null
  currency: string
  status: 'making'
  periodicity: string
  months: string
  year: number
  period_from: string
  period_to: string
  tickets: number
  total: string
  created_at: Date
}

export async function insertGlobal (db: TenantDb, row: NewGlobalRow): Promise<GlobalRow> {
  return await db.insertInto('global_invoices').values({ tenant_id: db.tenantId, ...row, updated_at: row.created_at }).returningAll().executeTakeFirstOrThrow()
}

export async function updateGlobal (db: TenantDb, id: string, changes: { status?: 'making' | 'issued' | 'replacing' | 'canceled', invoice_id?: string | null, former_invoices?: string[], tickets?: number, total?: string }, now: Date): Promise<GlobalRow> {
  return await db.updateTable('global_invoices').set({ ...changes, updated_at: now }).where('tenant_id', '=', db.tenantId).where('id', '=', id).returningAll().executeTakeFirstOrThrow()
}

/** What waits for a global invoice, of which anything is left, and was paid before that moment, oldest first; locked: one that somebody is at is waited for, because the next global invoice is a period away. */
export async function lockWaiting (db: TenantDb, issuerId: string, before: Date, limit: number): Promise<SaleRow[]> {
  return await selectSales(db).where('issuer_id', '=', issuerId).where('document', '=', 'global_pending').where('paid_at', '<', before).whereRef('refunded', '<', 'total')
    .orderBy('paid_at').orderBy('id').limit(limit).forUpdate().execute()
}

/** Sales whose link is open although their period has ended. */
export async function lockOpenLinks (db: TenantDb, issuerId: string, before: Date): Promise<SaleRow[]> {
  return await selectSales(db).where('issuer_id', '=', issuerId).where('document', '=', 'link').where('paid_at', '<', before).orderBy('id').forUpdate().execute()
}

/** The earliest of what waits. */
export async function firstWaiting (db: TenantDb, issuerId: string): Promise<Date | undefined> {
  const row = await db.selectFrom('sales').select('paid_at').where('tenant_id', '=', db.tenantId).where('issuer_id', '=', issuerId).where('document', '=', 'global_pending').whereRef('refunded', '<', 'total').orderBy('paid_at').limit(1).executeTakeFirst()
  return row?.paid_at ?? undefined
}

/** Its tickets, locked in the order in which everybody locks them. */
export const lockTickets = async (db: TenantDb, globalId: string): Promise<SaleRow[]> => await selectSales(db).where('global_id', '=', globalId).orderBy('id').forUpdate().execute()

/** Credit notes of its tickets against that document that are still valid. */
export async function creditNotesOf (db: TenantDb, invoiceId: string) {
  return await db.selectFrom('invoices').select(['id', 'status', 'sale_id']).where('tenant_id', '=', db.tenantId).where('related_id', '=', invoiceId).where('kind', '=', 'credit_note').where('status', 'not in', ['draft', 'rejected', 'canceled']).execute()
}

/** The authority refused a credit note of this sale, and nobody has corrected it since. */
export async function hasRejectedNote (db: TenantDb, saleId: string, invoiceId: string): Promise<boolean> {
  const row = await db.selectFrom('invoices').select('id').where('tenant_id', '=', db.tenantId).where('related_id', '=', invoiceId).where('sale_id', '=', saleId).where('kind', '=', 'credit_note').where('status', '=', 'rejected').limit(1).executeTakeFirst()
  return row !== undefined
}

/** How often a provider was asked whether this sale's buyer is right. */
export async function countChecks (db: TenantDb, saleId: string): Promise<number> {
  const { count } = await db.selectFrom('operations').select(sql<string>`count(*)`.as('count')).where('tenant_id', '=', db.tenantId).where('subject_id', '=', saleId).where('kind', '=', 'check_customer').executeTakeFirstOrThrow()
  return Number(count)
}
