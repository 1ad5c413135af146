import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import type { SaleRow } from './queries.ts'
import { normalTaxId, type TaxCountry } from '../tax-ids.ts'
import { personOf } from '../vault/person.ts'
import type { Buyer } from './schema.ts'

const use = 'buyer'

/** What is known of whoever bought, sealed: their address and tax data stand in no column. `person` finds the sale again by a tax id, where one was told. */
export async function sealBuyer (hub: Pick<Hub, 'vault'>, tenantId: string, { id, country }: Pick<SaleRow, 'id' | 'country'>, buyer: Buyer | undefined): Promise<{ buyer_sealed: string | null, person: string | null }> {
  if (buyer === undefined || Object.keys(buyer).length === 0) return { buyer_sealed: null, person: null }
  const taxId = taxIdOf(buyer, country)
  return {
    buyer_sealed: await hub.vault.seal(tenantId, publicId('sale', id), use, JSON.stringify(buyer)),
    person: taxId === undefined ? null : await personOf(hub, tenantId, country as TaxCountry, taxId)
  }
}

/** Normal; undefined where nobody told one. */
export function taxIdOf ({ invoice, tax_id: told }: Buyer, country: string): string | undefined {
  const taxId = invoice?.tax_id ?? told
  return taxId === undefined ? undefined : normalTaxId(country as TaxCountry, taxId)
}

export async function buyerOf (hub: Pick<Hub, 'vault'>, row: Pick<SaleRow, 'tenant_id' | 'id' | 'buyer_sealed'>): Promise<Buyer> {
  return row.buyer_sealed === null ? {} : JSON.parse(await hub.vault.openText(row.tenant_id, publicId('sale', row.id), use, row.buyer_sealed)) as Buyer
}
