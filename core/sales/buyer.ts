import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import type { SaleRow } from './queries.ts'
import type { Buyer } from './schema.ts'

const use = 'buyer'

/** What is known of whoever bought, sealed: their address and tax data stand in no column. */
export async function sealBuyer (hub: Pick<Hub, 'vault'>, tenantId: string, saleId: string, buyer: Buyer | undefined): Promise<string | null> {
  return buyer === undefined || Object.keys(buyer).length === 0 ? null : await hub.vault.seal(tenantId, publicId('sale', saleId), use, JSON.stringify(buyer))
}

export async function buyerOf (hub: Pick<Hub, 'vault'>, row: Pick<SaleRow, 'tenant_id' | 'id' | 'buyer_sealed'>): Promise<Buyer> {
  return row.buyer_sealed === null ? {} : JSON.parse(await hub.vault.openText(row.tenant_id, publicId('sale', row.id), use, row.buyer_sealed)) as Buyer
}
