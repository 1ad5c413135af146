import type { TenantDb } from '../db/in-tenant.ts'
import { HubError } from '../errors.ts'
import { publicId } from '../ids.ts'

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

/** One that was rejected goes out again only while it is still its sale's: that may have gone into a global invoice since. */
export async function assertOfSale (db: TenantDb, saleId: string | null, invoiceId: string): Promise<void> {
  if (saleId === null) return
  const sale = await db.selectFrom('sales').select(['id', 'invoice_id']).where('tenant_id', '=', db.tenantId).where('id', '=', saleId).forUpdate().executeTakeFirst()
  if (sale !== undefined && sale.invoice_id !== invoiceId) throw alreadyInvoiced(sale.id)
}

export const alreadyInvoiced = (saleId: string): HubError => new HubError('sale_invoiced', {
  detail: { es: `La venta ${publicId('sale', saleId)} ya tiene su comprobante o está en una factura global.`, en: `The sale ${publicId('sale', saleId)} has its document already, or is in a global invoice.` }
})
