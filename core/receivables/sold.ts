import type { TenantDb } from '../db/in-tenant.ts'
import { setTimer } from '../db/timers.ts'
import { HubError } from '../errors.ts'
import { parseId, publicId } from '../ids.ts'

/** What a sale's money is told by already: a second document of it would tell the same money twice. */
const free = ['undecided', 'link', 'correcting', 'global_pending']

/** The sale that came of a payment gets this invoice. Throws `sale_invoiced` where it has a document; undefined where the payment is no sale. */
export async function claimSaleOf (db: TenantDb, paymentId: string, invoiceId: string, now: Date): Promise<string | undefined> {
  const sale = await db.selectFrom('sales').select(['id', 'document', 'invoice_id']).where('tenant_id', '=', db.tenantId).where('payment_id', '=', paymentId).forUpdate().executeTakeFirst()
  if (sale === undefined || sale.invoice_id === invoiceId) return sale?.id
  if (!free.includes(sale.document)) throw alreadyInvoiced(sale.id)
  await db.updateTable('sales').set({ document: 'invoicing', status: 'paid_invoice_pending', invoice_id: invoiceId, updated_at: now }).where('tenant_id', '=', db.tenantId).where('id', '=', sale.id).execute()
  return sale.id
}

/** Whatever else happens to the sale waits until this transaction has ended. */
export async function lockSold (db: TenantDb, saleId: string): Promise<void> {
  await db.selectFrom('sales').select('id').where('tenant_id', '=', db.tenantId).where('id', '=', saleId).forUpdate().executeTakeFirst()
}

/** One that was rejected goes out again only while it is still its sale's: that may have gone into a global invoice since. */
export async function assertOfSale (db: TenantDb, saleId: string | null, invoiceId: string): Promise<void> {
  if (saleId === null) return
  const sale = await db.selectFrom('sales').select(['id', 'invoice_id']).where('tenant_id', '=', db.tenantId).where('id', '=', saleId).forUpdate().executeTakeFirst()
  if (sale !== undefined && sale.invoice_id !== invoiceId) throw alreadyInvoiced(sale.id)
}

/** The sale that a provider's document names, if it was given to that connection. */
export async function soldThere (db: TenantDb, reference: string | undefined, connectionId: string): Promise<string | undefined> {
  const id = reference === undefined ? undefined : parseId('sale', reference)
  if (id === undefined) return undefined
  return (await db.selectFrom('sales').select('id').where('tenant_id', '=', db.tenantId).where('id', '=', id).where('link_connection_id', '=', connectionId).executeTakeFirst())?.id
}

/** The document that a provider made of a sale by itself is that sale's; its job hears of it. */
export async function linkMadeThere (db: TenantDb, of: { saleId: string } | { paymentId: string }, invoiceId: string, now: Date): Promise<void> {
  const sale = await db.updateTable('sales').set({ document: 'invoicing', invoice_id: invoiceId, updated_at: now }).where('tenant_id', '=', db.tenantId)
    .where(eb => 'saleId' in of ? eb('id', '=', of.saleId) : eb('payment_id', '=', of.paymentId)).where('document', 'in', ['link', 'elsewhere', 'undecided', 'global_pending']).returning('id').executeTakeFirst()
  if (sale !== undefined) await setTimer(db, 'sale', sale.id, now)
}

export const alreadyInvoiced = (saleId: string): HubError => new HubError('sale_invoiced', {
  detail: { es: `La venta ${publicId('sale', saleId)} ya tiene su comprobante o está en una factura global.`, en: `The sale ${publicId('sale', saleId)} has its document already, or is in a global invoice.` }
})
