import { sql } from 'kysely'
import type { TenantDb } from '../db/in-tenant.ts'

/** The only SQL about what is owed and paid of invoices; the invoices themselves belong to `core/invoices`. */
const selectInvoices = (db: TenantDb) => db.selectFrom('invoices').select(['id', 'mode', 'kind', 'status', 'currency', 'total', 'amount_paid', 'amount_credited', 'payment_id', 'issuer_id']).where('tenant_id', '=', db.tenantId)
export type OwedInvoice = Awaited<ReturnType<ReturnType<typeof selectInvoices>['executeTakeFirstOrThrow']>>

/** Whoever counts on what is due holds it. Taken before any row of a payment that is new, after that of one that is there. */
export async function lockOwed (db: TenantDb, id: string): Promise<OwedInvoice | undefined> {
  return await selectInvoices(db).where('id', '=', id).forUpdate().executeTakeFirst()
}

export async function findOwed (db: TenantDb, id: string): Promise<OwedInvoice | undefined> {
  return await selectInvoices(db).where('id', '=', id).executeTakeFirst()
}

/** What came for an invoice, oldest first. */
export async function incomingOf (db: TenantDb, invoiceId: string) {
  return await db.selectFrom('invoice_payments').selectAll().where('tenant_id', '=', db.tenantId).where('invoice_id', '=', invoiceId).orderBy('id').execute()
}
export type IncomingRow = Awaited<ReturnType<typeof incomingOf>>[number]

/** A payment with what it has for this invoice. */
const selectPayments = (db: TenantDb, invoiceId: string) =>
  db.selectFrom('payments as p')
    .select(['p.id', 'p.mode', 'p.invoice_id', 'p.status', 'p.known_status', 'p.currency', 'p.amount', 'p.amount_captured', 'p.amount_refunded', 'p.pending_kind', 'p.next_action_sealed', 'p.origin_id', 'p.method', 'p.exchange_rate', 'p.provider_reference', 'p.transaction_reference', 'p.succeeded_at', 'p.updated_at'])
    .select(eb => eb.selectFrom('disputes as d').select(sql<number>`coalesce(sum(d.amount), 0)::bigint`.as('sum')).where('d.tenant_id', '=', db.tenantId).whereRef('d.payment_id', '=', 'p.id')
      .where('d.status', 'in', ['needs_response', 'under_review', 'lost', 'accepted']).as('disputed'))
    // Of a payment of several invoices, what the others have of it.
    .select(eb => eb.selectFrom('invoice_payments as o').select(sql<string>`coalesce(sum(o.amount), 0)`.as('sum')).where('o.tenant_id', '=', db.tenantId).whereRef('o.payment_id', '=', 'p.id').where('o.invoice_id', '!=', invoiceId).as('elsewhere'))
    .where('p.tenant_id', '=', db.tenantId)
export type CollectingPayment = Awaited<ReturnType<ReturnType<typeof selectPayments>['executeTakeFirstOrThrow']>>

export async function paymentFor (db: TenantDb, id: string, invoiceId: string): Promise<CollectingPayment | undefined> {
  return await selectPayments(db, invoiceId).where('p.id', '=', id).executeTakeFirst()
}

/** Payments that collect it, or that were told for it, in the order in which they took the money. */
export async function paymentsFor (db: TenantDb, invoiceId: string): Promise<CollectingPayment[]> {
  return await selectPayments(db, invoiceId)
    .where(eb => eb.or([eb('p.invoice_id', '=', invoiceId), eb('p.id', 'in', eb.selectFrom('invoice_payments as m').select('m.payment_id').where('m.tenant_id', '=', db.tenantId).where('m.invoice_id', '=', invoiceId).where('m.payment_id', 'is not', null).$castTo<{ payment_id: string }>())]))
    .orderBy(sql`coalesce(p.succeeded_at, p.updated_at)`).orderBy('p.id').execute()
}
/** Pages on which somebody may pay it at this moment. */
export async function openPagesFor (db: TenantDb, invoiceId: string) {
  return await db.selectFrom('checkout_pages').select(['id', 'kind', 'amount', 'currency', 'url', 'methods', 'status', 'connection_id', 'created_at', 'checked_at']).where('tenant_id', '=', db.tenantId).where('invoice_id', '=', invoiceId)
    .where('status', 'in', ['unknown', 'open']).orderBy('id').execute()
}
export type OpenPage = Awaited<ReturnType<typeof openPagesFor>>[number]

/** What credit notes take off it; one that is on its way counts, so that nothing is paid that is being credited. */
export async function creditedOf (db: TenantDb, invoiceId: string): Promise<string> {
  const row = await db.selectFrom('invoices').select(sql<string>`coalesce(sum(total), 0)`.as('sum')).where('tenant_id', '=', db.tenantId).where('related_id', '=', invoiceId)
    .where('kind', '=', 'credit_note').where('status', 'not in', ['draft', 'rejected', 'canceled']).executeTakeFirstOrThrow()
  return row.sum
}

export interface NewIncoming {
  id: string
  invoice_id: string
  amount: string
  currency: string
  form: string | null
  paid_at: Date
  payment_id: string | null
  told: boolean
  created_at: Date
}

export async function insertIncoming (db: TenantDb, row: NewIncoming): Promise<void> {
  await db.insertInto('invoice_payments').values({ tenant_id: db.tenantId, ...row }).execute()
}

export interface IncomingChanges {
  amount?: string
  given_back?: string
  applied?: string
  excess?: string
  form?: string
  number?: number | null
  balance_before?: string | null
  receipt_id?: string | null
  receipt_amount?: string | null
  receipt_tries?: number
  receipt_retry_at?: Date | null
  waits?: string | null
}

export async function updateIncoming (db: TenantDb, id: string, changes: IncomingChanges): Promise<void> {
  await db.updateTable('invoice_payments').set(changes).where('tenant_id', '=', db.tenantId).where('id', '=', id).execute()
}

/** From now on the payment pays this invoice; undefined when it pays another one already. */
export async function linkPayment (db: TenantDb, paymentId: string, invoiceId: string, now: Date): Promise<boolean> {
  const linked = await db.updateTable('payments').set({ invoice_id: invoiceId, updated_at: now }).where('tenant_id', '=', db.tenantId).where('id', '=', paymentId)
    .where(eb => eb.or([eb('invoice_id', 'is', null), eb('invoice_id', '=', invoiceId)])).returning('id').executeTakeFirst()
  return linked !== undefined
}

/** Its invoice was cancelled: the money is that of the one that names the payment instead. */
export async function relinkPayment (db: TenantDb, paymentId: string, from: string, to: string, now: Date): Promise<void> {
  await db.updateTable('payments').set({ invoice_id: to, updated_at: now }).where('tenant_id', '=', db.tenantId).where('id', '=', paymentId).where('invoice_id', '=', from).execute()
}

/** The newest other invoice that says that it covers this payment. */
export async function otherInvoiceOf (db: TenantDb, paymentId: string, than: string): Promise<string | undefined> {
  const row = await db.selectFrom('invoices').select('id').where('tenant_id', '=', db.tenantId).where('payment_id', '=', paymentId).where('id', '!=', than)
    .where('kind', 'in', ['invoice', 'debit_note']).where('status', 'not in', ['canceled', 'rejected', 'draft']).orderBy('id', 'desc').limit(1).executeTakeFirst()
  return row?.id
}

/** Only of a payment that goes over to another invoice. */
export async function deleteIncoming (db: TenantDb, id: string): Promise<void> {
  await db.deleteFrom('invoice_payments').where('tenant_id', '=', db.tenantId).where('id', '=', id).execute()
}
