import { sql } from 'kysely'
import type { DocumentSnapshot, Invoice as InvoiceModel } from '../adapter/invoicing.ts'
import type { Mode } from '../adapter/context.ts'
import { delegates } from '../db/delegated.ts'
import type { IdWindow } from '../db/id-window.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import type { InvoiceState, InvoiceStatus } from './machine.ts'

export async function findInvoice (db: TenantDb, id: string) {
  return await db.selectFrom('invoices').selectAll().where('tenant_id', '=', db.tenantId).where('id', '=', id).executeTakeFirst()
}
export type InvoiceRow = NonNullable<Awaited<ReturnType<typeof findInvoice>>>

/** Locked until the transaction ends: whoever changes an invoice holds it. */
export async function lockInvoice (db: TenantDb, id: string): Promise<InvoiceRow | undefined> {
  return await db.selectFrom('invoices').selectAll().where('tenant_id', '=', db.tenantId).where('id', '=', id).forUpdate().executeTakeFirst()
}

export async function findByFiscalId (db: TenantDb, mode: Mode, fiscalId: string): Promise<InvoiceRow | undefined> {
  return await db.selectFrom('invoices').selectAll().where('tenant_id', '=', db.tenantId).where('mode', '=', mode).where('fiscal_id', '=', fiscalId).executeTakeFirst()
}

export async function findByProviderReference (db: TenantDb, connectionId: string, providerReference: string): Promise<InvoiceRow | undefined> {
  return await db.selectFrom('invoices').selectAll().where('tenant_id', '=', db.tenantId).where('connection_id', '=', connectionId).where('provider_reference', '=', providerReference).executeTakeFirst()
}

export interface NewInvoiceRow {
  id: string
  mode: Mode
  country: string
  kind: string
  status: InvoiceStatus
  issuer_id: string
  series_id: string | null
  series: string | null
  number: string | null
  connection_id: string | null
  body: object
  model: InvoiceModel
  customer_tax_id: string
  customer_sealed?: string
  person?: string
  sealed?: Buffer | null
  currency: string
  total: string
  due: string | null
  reference: string | null
  payment_id: string | null
  related_id: string | null
  sale_id?: string | null
  global_id?: string | null
  metadata: Record<string, string>
  issued_at: Date | null
  created_at: Date
}

export async function insertInvoice (db: TenantDb, row: NewInvoiceRow): Promise<InvoiceRow> {
  return await db.insertInto('invoices')
    .values({ tenant_id: db.tenantId, ...row, delegated: delegates(db, row.mode), body: JSON.stringify(row.body), model: JSON.stringify(row.model), metadata: JSON.stringify(row.metadata), updated_at: row.created_at })
    .returningAll().executeTakeFirstOrThrow()
}

/** Of what is made now. */
export async function isDelegated (db: TenantDb, mode: Mode): Promise<boolean> {
  return (await db.selectNoFrom(delegates(db, mode).as('delegated')).executeTakeFirstOrThrow()).delegated
}

export interface InvoiceChanges {
  status?: InvoiceStatus
  review?: string | null
  certificate_id?: string
  connection_id?: string | null
  provider?: string | null
  series_id?: string | null
  series?: string | null
  number?: string | null
  body?: object
  model?: InvoiceModel
  customer_tax_id?: string
  customer_sealed?: string
  person?: string
  issuer_id?: string
  payment_id?: string | null
  sale_id?: string
  reference?: string | null
  metadata?: Record<string, string>
  currency?: string
  total?: string
  due?: string | null
  fiscal_id?: string | null
  provider_reference?: string
  provider_status?: string
  sealed?: Buffer | null
  issued_at?: Date
  stamped_at?: Date
  messages?: DocumentSnapshot['messages']
  cancel_motive?: string | null
  cancel_substitute?: string | null
  cancel_sealed?: Buffer | null
  cancel_asked_at?: Date | null
  canceled_at?: Date
  pending_kind?: 'issue' | 'cancel' | null
  pending_operation_id?: string | null
  pending_key?: string | null
  pending_since?: Date | null
}

/** Of a row that the transaction has locked. */
export async function updateInvoice (db: TenantDb, id: string, changes: InvoiceChanges, now: Date): Promise<InvoiceRow> {
  const { body, model, messages, metadata, ...plain } = changes
  return await db.updateTable('invoices').set({
    ...plain,
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(model !== undefined && { model: JSON.stringify(model) }),
    ...(metadata !== undefined && { metadata: JSON.stringify(metadata) }),
    ...(messages !== undefined && { messages: JSON.stringify(messages) }),
    version: sql`version + 1`,
    updated_at: now
  }).where('tenant_id', '=', db.tenantId).where('id', '=', id).returningAll().executeTakeFirstOrThrow()
}

/** What is paid of it, and where. Not of its state: whoever is at that (sealing, sending) goes on as if nothing had happened. */
export async function updateCollection (db: TenantDb, id: string, { link, ...amounts }: { amount_paid?: string, amount_credited?: string, link?: object | null }, now: Date): Promise<InvoiceRow> {
  return await db.updateTable('invoices').set({ ...amounts, ...(link !== undefined && { link: link && JSON.stringify(link) }), updated_at: now })
    .where('tenant_id', '=', db.tenantId).where('id', '=', id).returningAll().executeTakeFirstOrThrow()
}

export interface InvoiceFilter extends IdWindow {
  mode: Mode
  status?: string
  kind?: string
  issuerId?: string
  customerTaxId?: string
  /** The same of those whose buyer is sealed: it may be in any of these countries. */
  persons?: readonly string[]
  fiscalId?: string
  reference?: string
  paymentId?: string
  aboutId?: string
}

export async function listInvoices (db: TenantDb, filter: InvoiceFilter): Promise<InvoiceRow[]> {
  return await db.selectFrom('invoices').selectAll().where('tenant_id', '=', db.tenantId).where('mode', '=', filter.mode)
    .$if(filter.before !== undefined, q => q.where('id', '<', filter.before!))
    .$if(filter.from !== undefined, q => q.where('id', '>=', filter.from!))
    .$if(filter.status !== undefined, q => q.where('status', '=', filter.status!))
    .$if(filter.kind !== undefined, q => q.where('kind', '=', filter.kind!))
    .$if(filter.issuerId !== undefined, q => q.where('issuer_id', '=', filter.issuerId!))
    .$if(filter.customerTaxId !== undefined, q => q.where(where => where.or([where('customer_tax_id', '=', filter.customerTaxId!), ...(filter.persons === undefined ? [] : [where('person', 'in', [...filter.persons])])])))
    .$if(filter.fiscalId !== undefined, q => q.where('fiscal_id', '=', filter.fiscalId!))
    .$if(filter.reference !== undefined, q => q.where('reference', '=', filter.reference!))
    .$if(filter.paymentId !== undefined, q => q.where('payment_id', '=', filter.paymentId!))
    .$if(filter.aboutId !== undefined, q => q.where('related_id', '=', filter.aboutId!))
    .orderBy('id', 'desc').limit(filter.limit).execute()
}

/** Credit notes, receipts and substitutes of an invoice, oldest first. */
export async function aboutInvoice (db: TenantDb, id: string): Promise<InvoiceRow[]> {
  return await db.selectFrom('invoices').selectAll().where('tenant_id', '=', db.tenantId).where('related_id', '=', id).orderBy('id').execute()
}

/** Numbered, and not on its way: oldest first. */
export async function unsentOf (db: TenantDb, issuerId: string): Promise<string[]> {
  const rows = await db.selectFrom('invoices').select('id').where('tenant_id', '=', db.tenantId).where('issuer_id', '=', issuerId).where('status', 'in', ['queued', 'signed']).where('pending_kind', 'is', null).orderBy('id').execute()
  return rows.map(({ id }) => id)
}

export const stateOf = (row: InvoiceRow): InvoiceState => ({
  status: row.status as InvoiceStatus,
  fiscalId: row.fiscal_id,
  pending: row.pending_kind as InvoiceState['pending'],
  cancel: row.cancel_motive === null ? null : { motive: row.cancel_motive, substitute: row.cancel_substitute },
  review: row.review as InvoiceState['review']
})

/** The tenant's oldest enabled connection to a tax authority's status service. */
export async function findRegister (db: TenantDb, mode: Mode, provider: string): Promise<string | undefined> {
  const row = await db.selectFrom('connections').select('id').where('tenant_id', '=', db.tenantId).where('mode', '=', mode).where('provider', '=', provider)
    .where('enabled', '=', true).where('deleted_at', 'is', null).orderBy('id').limit(1).executeTakeFirst()
  return row?.id
}
