import { inTenant } from '../db/in-tenant.ts'
import { claimTimer, clearTimer, retryTimer } from '../db/timers.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import { askRegister } from './cancel.ts'
import { openInvoice } from './delegate.ts'
import { open } from './locked.ts'
import { isStamped, type InvoiceStatus } from './machine.ts'
import * as queries from './queries.ts'

const leaseMs = 120_000
/** Nobody answered: sooner than the next look, and not at once. */
const unansweredMs = 6 * 3600_000

/**
 * Looks, sparsely, whether somebody cancelled the invoice elsewhere: in the authority's own portal, at another PAC, by a
 * former employee. It goes on for as long as the law lets anybody cancel (REGISTER_LOOK_FOR), and ends with the cancellation.
 */
export async function watchInvoice (hub: Hub, tenantId: string, id: string): Promise<void> {
  const now = hub.now()
  const claimed = await inTenant(hub.db, tenantId, async db => {
    const timer = await claimTimer(db, 'invoice_watch', id, now, leaseMs)
    return timer && { tries: timer.tries, row: await queries.findInvoice(db, id) }
  })
  if (claimed === undefined) return
  const { row, tries } = claimed
  const since = row?.stamped_at ?? row?.issued_at
  if (row === undefined || since == null || !isStamped(row.status as InvoiceStatus) || row.status === 'canceled' || now.getTime() - since.getTime() >= hub.config.registerLookFor) {
    return await inTenant(hub.db, tenantId, async db => { await clearTimer(db, 'invoice_watch', id) })
  }
  const looks = hub.config.registerLooks
  let nextMs = looks[Math.min(tries, looks.length - 1)]!
  // While a cancellation of our own is under way its own job asks, and more often.
  if (row.pending_kind === null && (row.status === 'issued' || row.status === 'cancel_rejected')) {
    const answered = await askRegister(hub, await openInvoice(hub, row), await open(hub, row)).catch((error: unknown) => {
      hub.log.error({ err: error, invoice: publicId('invoice', id) }, 'the register could not be asked')
      return undefined
    })
    if (answered === undefined) nextMs = Math.min(nextMs, unansweredMs)
    if (answered?.row.status === 'canceled') return await inTenant(hub.db, tenantId, async db => { await clearTimer(db, 'invoice_watch', id) })
  }
  await inTenant(hub.db, tenantId, async db => { await retryTimer(db, 'invoice_watch', id, new Date(hub.now().getTime() + nextMs)) })
}
