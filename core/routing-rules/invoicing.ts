import type { Hub } from '../hub.ts'
import type { Wanted } from './can-take.ts'
import { type Candidate, chooseRoute } from './choose.ts'

export interface InvoiceWanted extends Pick<Wanted, 'mode' | 'connection' | 'currency' | 'amount' | 'metadata' | 'customer' | 'series' | 'needs'> {
  /** Where the invoice is valid, ISO 3166-1 alpha-2. */
  country: string
  /** Every name that the issuer goes by: our id, its tax id. */
  issuer?: readonly string[]
}

/**
 * The invoicing connection of a document: the one that is named, the one that the tenant's rules of family `invoicing` name
 * (country, issuer, series …), or the oldest that issues in that country. An issue is never tried at a second provider by
 * itself: two may both have stamped it. Throws 422 when there is none.
 */
export async function chooseInvoicingConnection (hub: Pick<Hub, 'adapters' | 'db' | 'usable'>, tenantId: string, wanted: InvoiceWanted, options: { anew?: boolean } = {}): Promise<Candidate> {
  const { first } = await chooseRoute(hub, tenantId, { family: 'invoicing', ...wanted }, options)
  return first
}
