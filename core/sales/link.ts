import { inTenant } from '../db/in-tenant.ts'
import type { Hub } from '../hub.ts'
import { linkToken, readLinkToken, secondOf } from '../vault/link.ts'
import { findSale, type SaleRow } from './queries.ts'

/** Of the second in which it was made: one that was made anew takes the place of the one before. */
const sort = { use: 'self-invoice-link', kind: 'sale' } as const

/** Where the buyer types whose invoice it is: our page, or the one of the provider that makes it. Undefined where there is no link. */
export async function linkUrl (hub: Pick<Hub, 'vault' | 'publicUrl'>, row: SaleRow): Promise<string | undefined> {
  if (row.link_url !== null) return row.link_url
  if (row.link_made_at === null) return undefined
  return `${hub.publicUrl()}/autofactura/${await linkToken(hub.vault, sort, { tenantId: row.tenant_id, id: row.id, second: secondOf(row.link_made_at) })}`
}

/** The sale that a token names; undefined when it is none of ours or its link is no longer the one. The caller learns no more. */
export async function openLink (hub: Pick<Hub, 'db' | 'vault'>, token: string): Promise<SaleRow | undefined> {
  const link = readLinkToken(hub.vault, sort, token)
  const row = link && await inTenant(hub.db, link.tenantId, async db => await findSale(db, link.id))
  return row?.link_made_at != null && secondOf(row.link_made_at) === link!.second && await link!.genuine() ? row : undefined
}
