import { transferTimer } from '../bank-accounts/transfer-book.ts'
import * as accounts from '../bank-accounts/queries.ts'
import { loadSealed } from '../connections/open.ts'
import { inTenant } from '../db/in-tenant.ts'
import { claimTimer, clearTimer, retryTimer } from '../db/timers.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import { pullPayment } from '../payments/pull.ts'
import { matchEntry } from './match.ts'
import * as queries from './queries.ts'

/** The kind of job that goes on with a statement whose entries were not all looked at. */
export const statementTimer = 'bank_statement'

/** At the end of the time in which a statement may still tell of it: the transfer closes, and its payment expires. */
export async function closeTransfer (hub: Hub, tenantId: string, id: string): Promise<void> {
  const now = hub.now()
  const found = await inTenant(hub.db, tenantId, async db => {
    const claimed = await claimTimer(db, transferTimer, id, now, hub.config.jobLeaseMs)
    if (claimed === undefined) return undefined
    const transfer = await accounts.lockTransfer(db, id)
    if (transfer?.status === 'open') await accounts.updateTransfer(db, id, { status: 'expired' }, now)
    return { tries: claimed.tries, transfer, connection: transfer && await loadSealed(db, transfer.connection_id) }
  })
  if (found === undefined) return
  const { tries, transfer, connection } = found
  const leasedUntil = new Date(now.getTime() + hub.config.jobLeaseMs)
  let told = true
  if (transfer !== undefined && connection !== undefined && (transfer.status === 'open' || transfer.status === 'expired')) {
    told = await pullPayment(hub, connection, transfer.payment_id, { requestId: transferTimer, providerReference: publicId('bank_transfer', id) }).then(() => true, (error: unknown) => {
      hub.log.warn({ err: error, payment: publicId('payment', transfer.payment_id) }, 'a transfer is closed, and its payment not yet')
      return false
    })
  }
  const delayMs = hub.config.resolverSchedule[tries]
  await inTenant(hub.db, tenantId, async db => told || delayMs === undefined
    ? await clearTimer(db, transferTimer, id, leasedUntil)
    : await retryTimer(db, transferTimer, id, new Date(hub.now().getTime() + delayMs), leasedUntil))
}

const entriesAtOnce = 100

/** Looks at the entries of a statement that nobody looked at yet. True when none is left. */
export async function matchWaiting (hub: Hub, tenantId: string, statementId: string, atMost: number): Promise<boolean> {
  for (let done = 0; done < atMost; done += entriesAtOnce) {
    const waiting = await inTenant(hub.db, tenantId, async db => await queries.waitingEntries(db, statementId, entriesAtOnce))
    for (const id of waiting) await matchEntry(hub, tenantId, id)
    if (waiting.length < entriesAtOnce) return true
  }
  return false
}

/** What an import that ended too early left over, or was too long to do at once. */
export async function finishStatement (hub: Hub, tenantId: string, id: string): Promise<void> {
  const now = hub.now()
  if (await inTenant(hub.db, tenantId, async db => await claimTimer(db, statementTimer, id, now, hub.config.jobLeaseMs)) === undefined) return
  const leasedUntil = new Date(now.getTime() + hub.config.jobLeaseMs)
  const done = await matchWaiting(hub, tenantId, id, 2000)
  await inTenant(hub.db, tenantId, async db => done ? await clearTimer(db, statementTimer, id, leasedUntil) : await retryTimer(db, statementTimer, id, hub.now(), leasedUntil))
  if (!done) hub.wake(statementTimer, [{ tenantId, id }])
}
