import { sql } from 'kysely'
import type { Mode } from '../adapter/context.ts'
import type { TenantDb } from '../db/in-tenant.ts'

/** The only SQL that finds one person in several tables. */
export interface Whose {
  mode: Mode
  /** Normal; none where only a customer was named. */
  taxId: string | undefined
  /** The same as marks, one for each country that it may be of. */
  persons: readonly string[]
  customerIds: readonly string[]
}

const none = sql<boolean>`false`

export async function customersOf (db: TenantDb, mode: Mode, taxId: string) {
  return await db.selectFrom('customers').selectAll().where('tenant_id', '=', db.tenantId).where('mode', '=', mode).where('deleted_at', 'is', null)
    .where(sql<boolean>`regexp_replace(upper(tax_id), '[[:space:]./-]', '', 'g') = ${taxId}`).orderBy('id').execute()
}

/** By id: what is erased is not found again. */
export async function salesOf (db: TenantDb, { mode, persons, customerIds }: Whose) {
  return await db.selectFrom('sales').selectAll().where('tenant_id', '=', db.tenantId).where('mode', '=', mode)
    .where(eb => eb.or([persons.length === 0 ? none : eb('person', 'in', [...persons]), customerIds.length === 0 ? none : eb('customer_id', 'in', [...customerIds])]))
    .orderBy('id').execute()
}

export async function invoicesOf (db: TenantDb, { mode, taxId, persons }: Whose) {
  if (taxId === undefined) return []
  return await db.selectFrom('invoices').selectAll().where('tenant_id', '=', db.tenantId).where('mode', '=', mode)
    .where(eb => eb.or([sql<boolean>`regexp_replace(upper(customer_tax_id), '[[:space:]./-]', '', 'g') = ${taxId}`, persons.length === 0 ? none : eb('person', 'in', [...persons])]))
    .orderBy('id').execute()
}

export async function paymentsOf (db: TenantDb, mode: Mode, { ids, customerIds }: { ids: readonly string[], customerIds: readonly string[] }) {
  return await db.selectFrom('payments').select(['id', 'status', 'amount', 'currency', 'customer', 'created_at']).where('tenant_id', '=', db.tenantId).where('mode', '=', mode)
    .where(eb => eb.or([ids.length === 0 ? none : eb('id', 'in', [...ids]), customerIds.length === 0 ? none : eb('customer_id', 'in', [...customerIds])]))
    .orderBy('id').execute()
}

/** Ids of what was told about these, as far as its content stands. */
export async function toldAbout (db: TenantDb, table: 'mails' | 'notices', mode: Mode, subjects: readonly string[]): Promise<{ id: string, status: string }[]> {
  if (subjects.length === 0) return []
  return await db.selectFrom(table).select(['id', 'status']).where('tenant_id', '=', db.tenantId).where('mode', '=', mode).where('subject_id', 'in', [...subjects]).where('content_sealed', 'is not', null).orderBy('id').execute()
}

/** Who got it and what it said, of what is no longer on its way. */
export async function forgetTold (db: TenantDb, table: 'mails' | 'notices', ids: readonly string[], now: Date): Promise<number> {
  if (ids.length === 0) return 0
  const { numUpdatedRows } = await db.updateTable(table).set({ content_sealed: null, updated_at: now }).where('tenant_id', '=', db.tenantId).where('id', 'in', [...ids])
    .where('status', 'not in', ['queued', 'sending']).where('content_sealed', 'is not', null).executeTakeFirst()
  return Number(numUpdatedRows)
}

/** Until when the law wants the document of each invoice kept. */
export async function keptUntil (db: TenantDb, invoiceIds: readonly string[]): Promise<Map<string, Date>> {
  if (invoiceIds.length === 0) return new Map()
  const rows = await db.selectFrom('documents').select(['subject_id', 'retain_until']).where('tenant_id', '=', db.tenantId).where('subject_type', '=', 'invoice').where('kind', '=', 'xml')
    .where('subject_id', 'in', [...invoiceIds]).where('deleted_at', 'is', null).execute()
  return new Map(rows.map(({ subject_id: id, retain_until: until }) => [id, until]))
}
