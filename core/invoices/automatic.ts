import type { Mode } from '../adapter/context.ts'
import { loadConnections, withDefaults } from '../connections/open.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { HubError } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { findPayment } from '../payments/queries.ts'

/** The invoicing provider that invoices the charges of this payment provider by itself, as a connection of the tenant declares; undefined where none does. */
export async function invoicedBy (hub: Pick<Hub, 'adapters'>, db: TenantDb, mode: Mode, paymentProvider: string): Promise<{ connectionId: string, provider: string } | undefined> {
  for (const { id, provider, enabled, settings } of await loadConnections(db, mode)) {
    const adapter = hub.adapters.get(provider)
    if (enabled && adapter?.invoicing?.invoicesChargesOf?.(withDefaults(adapter, settings)) === paymentProvider) return { connectionId: id, provider }
  }
  return undefined
}

/** Throws `invoiced_elsewhere` for a payment whose charge an invoicing provider invoices by itself: one sale, one invoice. */
export async function assertOursToInvoice (hub: Pick<Hub, 'adapters' | 'db'>, tenantId: string, mode: Mode, paymentId: string | null): Promise<void> {
  if (paymentId === null) return
  const other = await inTenant(hub.db, tenantId, async db => {
    const payment = await findPayment(db, paymentId)
    return payment === undefined ? undefined : await invoicedBy(hub, db, mode, payment.provider)
  })
  if (other !== undefined) throw new HubError('invoiced_elsewhere', { provider: { id: other.provider } })
}
