import type { DocumentSnapshot, Invoice as InvoiceModel } from '../adapter/invoicing.ts'
import { inTenant } from '../db/in-tenant.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import type { TaxCountry } from '../tax-ids.ts'
import { personOf } from '../vault/person.ts'
import { findInvoice, type InvoiceChanges, type InvoiceRow } from './queries.ts'
import type { ChangeInvoice } from './schema.ts'

/**
 * Tenants that delegate the buyer's fiscal data: once the document is stamped the buyer stands in no column in clear. What a credit
 * note, a cancellation or the register needs of them is opened when it is needed, with the tenant's own key; the stamped bytes are
 * kept encrypted as well (documents.encrypted), for the law's years.
 */

const use = 'invoice_customer'

export type SealedCustomer = Required<Pick<InvoiceChanges, 'body' | 'model' | 'customer_tax_id' | 'customer_sealed' | 'person' | 'sealed'>>

interface Customer { body: ChangeInvoice['customer'], model: InvoiceModel['customer'] }

/** What takes the buyer out of the columns: written with the stamp. Sealing may need the database itself, so never in a transaction. */
export async function sealCustomer (hub: Pick<Hub, 'vault'>, row: Pick<InvoiceRow, 'tenant_id' | 'id' | 'country'> & { body: unknown, model: unknown }): Promise<Partial<SealedCustomer>> {
  const { customer: asked, ...body } = row.body as ChangeInvoice
  const { customer: computed, ...model } = row.model as InvoiceModel
  // Told twice: it is done.
  if (asked === undefined) return {}
  const customer: Customer = { body: asked, model: computed }
  return {
    body,
    model: model as InvoiceModel,
    customer_tax_id: '',
    customer_sealed: await hub.vault.seal(row.tenant_id, publicId('invoice', row.id), use, JSON.stringify(customer)),
    person: await personOf(hub, row.tenant_id, row.country as TaxCountry, computed.taxId),
    sealed: null
  }
}

/** As it was before its buyer was sealed. Never in a transaction, and never written back. */
export async function openInvoice (hub: Pick<Hub, 'vault'>, row: InvoiceRow): Promise<InvoiceRow> {
  if (row.customer_sealed === null || customerIn(row) !== undefined) return row
  return withCustomer(row, JSON.parse(await hub.vault.openText(row.tenant_id, publicId('invoice', row.id), use, row.customer_sealed)) as Customer)
}

/** Read and opened. */
export async function seeInvoice (hub: Pick<Hub, 'db' | 'vault'>, tenantId: string, id: string): Promise<InvoiceRow | undefined> {
  const row = await inTenant(hub.db, tenantId, async db => await findInvoice(db, id))
  return row && await openInvoice(hub, row)
}

/** A row that was read in a transaction, with the buyer of the same invoice (or of its receipt) as it was opened before. */
export function withCustomerOf (row: InvoiceRow, seen: InvoiceRow | undefined): InvoiceRow {
  const customer = seen && customerIn(seen)
  return row.customer_sealed === null || customerIn(row) !== undefined || customer === undefined ? row : withCustomer(row, customer)
}

const withCustomer = (row: InvoiceRow, customer: Customer): InvoiceRow => ({
  ...row,
  body: { ...row.body as object, customer: customer.body } as unknown as InvoiceRow['body'],
  model: { ...row.model as object, customer: customer.model } as unknown as InvoiceRow['model'],
  customer_tax_id: customer.model.taxId
})

function customerIn (row: InvoiceRow): Customer | undefined {
  const { customer: body } = row.body as unknown as Partial<ChangeInvoice>
  const { customer: model } = row.model as unknown as Partial<InvoiceModel>
  return body === undefined || model === undefined ? undefined : { body, model }
}

/** An authority's words often repeat whom it did not find: they stay, the person does not. */
export function nameless (messages: DocumentSnapshot['messages'], row: InvoiceRow): DocumentSnapshot['messages'] {
  const customer = customerIn(row)?.model
  const said = customer === undefined ? [] : [customer.taxId, customer.name, customer.email, customer.address?.postalCode]
  const words = said.filter(word => word !== undefined && word.length > 3) as string[]
  const hidden = (text: string): string => words.reduce((left, word) => left.replaceAll(new RegExp(word.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'gi'), '…'), text)
  return messages.map(({ code, message }) => ({ code, message: hidden(message) }))
}
