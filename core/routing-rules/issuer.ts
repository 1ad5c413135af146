import type { Kysely } from 'kysely'
import type { Mode } from '../adapter/context.ts'
import { inTenant } from '../db/in-tenant.ts'
import type { Database } from '../db/schema.ts'
import { parseId, publicId } from '../ids.ts'
import { findIssuer, listIssuers } from '../issuers/queries.ts'
import type { Wanted } from './can-take.ts'

export interface NamedIssuer {
  /** Every name that a rule may call it by: its id, its tax id. */
  names: string[]
  /** Its own connection, public id: used where no rule decides. */
  connection?: string
}

/** The issuer that a question names by its id or its tax id; undefined when it names none of the tenant's. */
export async function issuerNamed (db: Kysely<Database>, tenantId: string, mode: Mode, names: readonly string[]): Promise<NamedIssuer | undefined> {
  const row = await inTenant(db, tenantId, async tenant => {
    for (const name of names) {
      const id = parseId('issuer', name)
      const found = id === undefined ? (await listIssuers(tenant, { mode, taxId: name, limit: 1 }))[0] : await findIssuer(tenant, id)
      if (found?.mode === mode) return found
    }
    return undefined
  })
  return row && { names: [publicId('issuer', row.id), row.tax_id], ...(row.connection_id !== null && { connection: publicId('connection', row.connection_id) }) }
}

/** Is it a question about an invoice, whose issuer may have a connection of its own? */
export const asksForIssuer = (wanted: Wanted): wanted is Wanted & { issuer: readonly string[] } =>
  wanted.family === 'invoicing' && wanted.connection === undefined && wanted.issuer !== undefined && wanted.issuer.length > 0
