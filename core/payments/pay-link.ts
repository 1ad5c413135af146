import { inTenant } from '../db/in-tenant.ts'
import type { Hub } from '../hub.ts'
import { linkToken, type LinkSort, readLinkToken, secondOf } from '../vault/link.ts'
import * as queries from './queries.ts'
import type { PaymentRow } from './queries.ts'

/** `pay`: finishes a payment. `show`: tells how it is paid and how it stands. `return`: brings the payer back to the shop. The latter two can do no more than that. */
type Use = 'pay' | 'show' | 'return'

/** A link to finish a payment is of use only while somebody waits for it; one to come back must outlive a slow bank, and one to read a transfer's days. Ms. */
const lasts: Record<Use, number> = { pay: 24 * 3600_000, show: 90 * 24 * 3600_000, return: 30 * 24 * 3600_000 }

type Named = Pick<PaymentRow, 'tenant_id' | 'id'>

/** Where the payer finishes a payment, without a key of ours. Whoever holds the link may do that and nothing else, for a day. */
export async function payLink (hub: Pick<Hub, 'vault' | 'publicUrl' | 'now'>, payment: Named): Promise<string> {
  return `${hub.publicUrl()}/pay/${await tokenOf(hub, 'pay', payment)}`
}

/** Where the payer of a payment that began on a page of ours reads what to do and how it stands. */
export async function showLink (hub: Pick<Hub, 'vault' | 'publicUrl' | 'now'>, payment: Named): Promise<string> {
  return `${hub.publicUrl()}/pay/${await tokenOf(hub, 'show', payment)}`
}

/** Where a provider sends the payer back to, when the shop named one address for a payment that was made and one for the other case. */
export async function returnLink (hub: Pick<Hub, 'vault' | 'publicUrl' | 'now'>, payment: Named): Promise<string> {
  return `${hub.publicUrl()}/pay/${await tokenOf(hub, 'return', payment)}/return`
}

async function tokenOf (hub: Pick<Hub, 'vault' | 'now'>, use: Use, payment: Named): Promise<string> {
  return await linkToken(hub.vault, sortOf(use), { tenantId: payment.tenant_id, id: payment.id, second: secondOf(new Date(hub.now().getTime() + lasts[use])) })
}

const sortOf = (use: Use): LinkSort => ({ use: `payment-${use}-link`, kind: 'payment' })

/** The payment that a token names; undefined when it is not one of ours, or too late. The caller learns no more. */
export async function openPayLink (hub: Pick<Hub, 'db' | 'vault' | 'now'>, use: Use, token: string): Promise<PaymentRow | undefined> {
  const link = readLinkToken(hub.vault, sortOf(use), token)
  const row = link && await inTenant(hub.db, link.tenantId, async db => await queries.findPayment(db, link.id))
  return row !== undefined && await link!.genuine() && link!.second * 1000 > hub.now().getTime() ? row : undefined
}
