import type { Mode } from '../adapter/context.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import type { TaxCountry } from '../tax-ids.ts'
import { type IssuerRow, listIssuers } from './queries.ts'

/** What a document of the country needs no exchange rate for. */
export const homeCurrency: Readonly<Record<TaxCountry, string>> = { MX: 'MXN', EC: 'USD', ES: 'EUR' }

/** Whose it is where nobody is named: the tenant's only issuer, else the only one whose country has that currency. Otherwise why nobody can tell. */
export async function nativeIssuer (db: TenantDb, mode: Mode, currency: string): Promise<IssuerRow | 'none' | 'several'> {
  const issuers = await listIssuers(db, { limit: 100, mode })
  if (issuers.length === 1) return issuers[0]!
  const native = issuers.filter(({ country }) => homeCurrency[country] === currency)
  return native.length === 1 ? native[0]! : issuers.length === 0 ? 'none' : 'several'
}
