import type { Mode } from '../adapter/context.ts'
import { findAnyCustomer, findByTaxId, insertCustomer } from '../customers/queries.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import { invalidField } from '../errors.ts'
import { newUuid, parseId } from '../ids.ts'
import type { Buyer } from './schema.ts'
import type { SalesSettings } from './settings.ts'

/** The customer whose sale it is: named, or found by tax id, or made. None where nobody said who it is, and where fiscal data is delegated. */
export async function keptCustomer (db: TenantDb, mode: Mode, buyer: Buyer | undefined, { fiscal_data: fiscalData }: SalesSettings, now: Date): Promise<string | null> {
  if (buyer?.customer !== undefined) {
    const id = parseId('customer', buyer.customer)
    const row = id === undefined ? undefined : await findAnyCustomer(db, id)
    if (row?.mode !== mode || row.deleted_at !== null) throw invalidField('customer.customer', 'is no customer of yours')
    return row.id
  }
  const taxId = (buyer?.invoice?.tax_id ?? buyer?.tax_id)?.toUpperCase().replaceAll(/[\s-]/g, '')
  if (taxId === undefined || fiscalData === 'delegate' || generic.has(taxId)) return null
  const found = await findByTaxId(db, mode, taxId)
  if (found !== undefined) return found.id
  const name = buyer?.invoice?.name ?? buyer?.name
  const email = buyer?.invoice?.email ?? buyer?.email
  const made = await insertCustomer(db, newUuid(now), mode, { tax_id: taxId, ...(name !== undefined && { name }), ...(email !== undefined && { email }), ...(buyer?.phone !== undefined && { phone: buyer.phone }) }, now)
  return made.id
}

/** Everybody's: of the public at large and of foreigners. */
const generic = new Set(['XAXX010101000', 'XEXX010101000', '9999999999999'])
