import { readStampsSoon } from '../connections/stamps.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import { setTimer } from '../db/timers.ts'
import type { Hub } from '../hub.ts'
import type { InvoiceRow } from './queries.ts'
import { planMail } from './send.ts'

/** What a new fiscal document sets going, in the transaction that says that it is one: its mail, the watch over it, a look at the stamps that are left. */
export async function afterIssue (hub: Pick<Hub, 'config' | 'adapters'>, db: TenantDb, row: InvoiceRow, now: Date): Promise<void> {
  await planMail(db, row, now)
  await setTimer(db, 'invoice_watch', row.id, new Date(now.getTime() + hub.config.registerLooks[0]!))
  if (row.connection_id !== null && hub.adapters.get(row.provider ?? '')?.invoicing?.status !== undefined) await readStampsSoon(hub, db, row.connection_id, now)
}
