import { loadSealed, type OpenConnection } from '../connections/open.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import type { Hub } from '../hub.ts'
import { withCustomerOf } from './delegate.ts'
import * as queries from './queries.ts'
import type { InvoiceRow } from './queries.ts'

/** The connection that it was sent to, decrypted; undefined when that cannot be now. */
export async function open (hub: Hub, row: InvoiceRow): Promise<OpenConnection | undefined> {
  const connection = row.connection_id === null ? undefined : await inTenant(hub.db, row.tenant_id, async db => await loadSealed(db, row.connection_id!))
  if (connection === undefined) return undefined
  return await hub.open(connection).catch((error: unknown) => {
    hub.log.error({ err: error }, 'a connection did not open')
    return undefined
  })
}

/** Under the row's lock; undefined, and nothing done, when the row is no longer as it was seen. */
export async function change (hub: Hub, seen: InvoiceRow, work: (db: TenantDb, locked: InvoiceRow) => Promise<InvoiceRow>, { anyVersion = false } = {}): Promise<InvoiceRow | undefined> {
  return await inTenant(hub.db, seen.tenant_id, async db => {
    const locked = await queries.lockInvoice(db, seen.id)
    if (locked === undefined || (!anyVersion && locked.version !== seen.version)) return undefined
    return withCustomerOf(await work(db, withCustomerOf(locked, seen)), seen)
  })
}
