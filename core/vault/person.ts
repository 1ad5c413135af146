import { normalTaxId, type TaxCountry } from '../tax-ids.ts'
import type { Vault } from './vault.ts'

/** What finds one person's data: of the tax id, under a key that only this tenant has. Says nothing of who it is, and two people's may rarely be alike: what is found is opened and looked at. */
export async function personOf ({ vault }: { vault: Pick<Vault, 'fingerprint'> }, tenantId: string, country: TaxCountry, taxId: string): Promise<string> {
  return await vault.fingerprint(tenantId, `${country} ${normalTaxId(country, taxId)}`)
}
