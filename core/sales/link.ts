import { timingSafeEqual } from 'node:crypto'
import { inTenant } from '../db/in-tenant.ts'
import type { Hub } from '../hub.ts'
import { parseId, publicId } from '../ids.ts'
import { findSale, type SaleRow } from './queries.ts'

const use = 'self-invoice-link'
/** To the second: a link that was made anew takes the place of the one before. */
const claim = (row: Pick<SaleRow, 'tenant_id' | 'id' | 'link_made_at'>): string => `${publicId('tenant', row.tenant_id)}.${publicId('sale', row.id)}.${Math.floor(row.link_made_at!.getTime() / 1000)}`

/** Where the buyer types whose invoice it is: our page, or the one of the provider that makes it. Undefined where there is no link. */
export async function linkUrl (hub: Pick<Hub, 'vault' | 'publicUrl'>, row: SaleRow): Promise<string | undefined> {
  if (row.link_url !== null) return row.link_url
  if (row.link_made_at === null) return undefined
  const said = claim(row)
  return `${hub.publicUrl()}/autofactura/${said}.${(await hub.vault.mac(row.tenant_id, use, said)).toString('base64url')}`
}

/** The sale that a token names; undefined when it is none of ours or its link is no longer the one. The caller learns no more. */
export async function openLink (hub: Pick<Hub, 'db' | 'vault'>, token: string): Promise<SaleRow | undefined> {
  const [tenant = '', sale = '', madeAt = '', mac = ''] = token.split('.')
  const [tenantId, id] = [parseId('tenant', tenant), parseId('sale', sale)]
  if (tenantId === undefined || id === undefined || !/^\d{1,12}$/.test(madeAt)) return undefined
  const row = await inTenant(hub.db, tenantId, async db => await findSale(db, id))
  // The tenant's key is asked for only where there is a link: a made-up tenant must not get one made.
  if (row?.link_made_at == null || Math.floor(row.link_made_at.getTime() / 1000) !== Number(madeAt)) return undefined
  const expected = await hub.vault.mac(tenantId, use, claim(row))
  const given = Buffer.from(mac, 'base64url')
  return given.length === expected.length && timingSafeEqual(given, expected) ? row : undefined
}
