import { timingSafeEqual } from 'node:crypto'
import { inTenant } from '../db/in-tenant.ts'
import type { Hub } from '../hub.ts'
import { parseId, publicId } from '../ids.ts'
import * as queries from './queries.ts'
import type { PaymentRow } from './queries.ts'

/** `pay`: finishes a payment. `return`: brings the payer back to the shop, and can do no more than that. */
type Use = 'pay' | 'return'

/** A link to finish a payment is of use only while somebody waits for it; one to come back must outlive a slow bank. Ms. */
const lasts: Record<Use, number> = { pay: 24 * 3600_000, return: 30 * 24 * 3600_000 }

type Named = Pick<PaymentRow, 'tenant_id' | 'id'>

/** Where the payer finishes a payment, without a key of ours. Whoever holds the link may do that and nothing else, for a day. */
export async function payLink (hub: Pick<Hub, 'vault' | 'publicUrl' | 'now'>, payment: Named): Promise<string> {
  return `${hub.publicUrl()}/pay/${await tokenOf(hub, 'pay', payment)}`
}

/** Where a provider sends the payer back to, when the shop named one address for a payment that was made and one for the other case. */
export async function returnLink (hub: Pick<Hub, 'vault' | 'publicUrl' | 'now'>, payment: Named): Promise<string> {
  return `${hub.publicUrl()}/pay/${await tokenOf(hub, 'return', payment)}/return`
}

async function tokenOf (hub: Pick<Hub, 'vault' | 'now'>, use: Use, payment: Named): Promise<string> {
  const said = claim(payment.tenant_id, payment.id, Math.floor((hub.now().getTime() + lasts[use]) / 1000))
  const mac = await hub.vault.mac(payment.tenant_id, linkUse(use), said)
  return `${said}.${mac.toString('base64url')}`
}

const linkUse = (use: Use) => `payment-${use}-link`
const claim = (tenantId: string, id: string, until: number) => `${publicId('tenant', tenantId)}.${publicId('payment', id)}.${until}`

/** The payment that a token names; undefined when it is not one of ours, or too late. The caller learns no more. */
export async function openPayLink (hub: Pick<Hub, 'db' | 'vault' | 'now'>, use: Use, token: string): Promise<PaymentRow | undefined> {
  const [tenant = '', payment = '', until = '', mac = ''] = token.split('.')
  const [tenantId, id] = [parseId('tenant', tenant), parseId('payment', payment)]
  if (tenantId === undefined || id === undefined || !/^\d{1,12}$/.test(until)) return undefined
  const row = await inTenant(hub.db, tenantId, async db => await queries.findPayment(db, id))
  // The tenant's key is asked for only where there is a payment: a made-up tenant must not get one made.
  if (row === undefined) return undefined
  const expected = await hub.vault.mac(tenantId, linkUse(use), claim(tenantId, id, Number(until)))
  const given = Buffer.from(mac, 'base64url')
  const genuine = given.length === expected.length && timingSafeEqual(given, expected)
  return genuine && Number(until) * 1000 > hub.now().getTime() ? row : undefined
}
