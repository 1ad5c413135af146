import type { DisputeSnapshot } from '../adapter/disputes.ts'
import type { ProviderEvent } from '../adapter/webhooks.ts'
import { loadSealed, type SealedConnection } from '../connections/open.ts'
import { inTenant } from '../db/in-tenant.ts'
import { claimTimer, clearTimer, startTimer, retryTimer } from '../db/timers.ts'
import type { Hub } from '../hub.ts'
import { recordedCall } from '../operations/call.ts'
import { findByProviderReference, type PaymentRow } from '../payments/queries.ts'
import { disputeTimer, tellDispute } from './apply.ts'
import { dayMs, type DisputeFact } from './machine.ts'

type DisputeEvent = Extract<ProviderEvent, { type: 'dispute' }>

/** A webhook about a dispute of this payment. Says why it was not used, where it was not. */
export async function processDispute (hub: Hub, connection: SealedConnection, payment: PaymentRow, event: DisputeEvent, believed: boolean): Promise<string | null> {
  if (believed) return await tell(hub, payment, { type: 'event', snapshot: event.dispute })
  const get = hub.adapters.get(connection.provider)!.payments!.getDispute
  if (get === undefined) return 'the dispute cannot be asked about'
  const opened = await hub.open(connection)
  const result = await recordedCall(hub, async work => await inTenant(hub.db, connection.tenantId, work), { connection: opened, kind: 'get_dispute', subjectId: payment.id, requestId: 'inbound' },
    async context => await get(context, event.dispute.providerReference))
  if (!result.ok) throw result.error
  return await tell(hub, payment, { type: 'pulled', snapshot: result.value, current: false })
}

async function tell (hub: Hub, payment: PaymentRow, fact: DisputeFact): Promise<string | null> {
  const row = await inTenant(hub.db, payment.tenant_id, async db => await tellDispute(hub, db, payment.id, fact))
  if (row === undefined) return 'it is of the other mode'
  hub.wake(disputeTimer, [{ tenantId: payment.tenant_id, id: row.id }])
  return null
}

/** The kind of job that reads a connection's list of disputes. Its id is the connection's. */
export const disputeListing = 'dispute_listing'

/** Disputes are listed by when they were opened: how far back each time. */
const lookBackMs = 30 * dayMs
const leaseMs = 300_000
const pagesAtMost = 50

/** From the first webhook of a connection on, its disputes are read once a day: not every one of them is told of. */
export async function beginListing (hub: Pick<Hub, 'adapters' | 'db' | 'now'>, connection: SealedConnection): Promise<void> {
  if (hub.adapters.get(connection.provider)?.payments?.listDisputes === undefined) return
  await inTenant(hub.db, connection.tenantId, async db => { await startTimer(db, disputeListing, connection.id, new Date(hub.now().getTime() + dayMs)) })
}

/** The daily job. It ends with its connection. */
export async function listDisputesOf (hub: Hub, tenantId: string, connectionId: string): Promise<void> {
  const now = hub.now()
  const found = await inTenant(hub.db, tenantId, async db => await claimTimer(db, disputeListing, connectionId, now, leaseMs) && { connection: await loadSealed(db, connectionId) })
  if (found === undefined) return
  const { connection } = found
  if (connection === undefined) return await inTenant(hub.db, tenantId, async db => { await clearTimer(db, disputeListing, connectionId) })
  await syncDisputes(hub, connection, { from: new Date(now.getTime() - lookBackMs), to: now }).catch((error: unknown) => {
    hub.log.warn({ err: error, connection: connectionId }, 'the list of disputes could not be read')
  })
  await inTenant(hub.db, tenantId, async db => { await retryTimer(db, disputeListing, connectionId, new Date(now.getTime() + dayMs)) })
}

/** Reads the provider's disputes of a time, and tells those of payments of ours. Throws what the provider's call threw. */
export async function syncDisputes (hub: Hub, connection: SealedConnection, { from, to }: { from: Date, to: Date }): Promise<{ seen: number, ours: number }> {
  const list = hub.adapters.get(connection.provider)?.payments?.listDisputes
  const told = { seen: 0, ours: 0 }
  if (list === undefined) return told
  let cursor: string | undefined
  for (let page = 0; page < pagesAtMost; page++) {
    const opened = await hub.open(connection)
    const range = { from, to, ...(cursor !== undefined && { cursor }) }
    const result = await recordedCall(hub, async work => await inTenant(hub.db, connection.tenantId, work), { connection: opened, kind: 'list_disputes', requestId: disputeListing }, async context => await list(context, range))
    if (!result.ok) throw result.error
    for (const snapshot of result.value.data) if (await tellListed(hub, connection, snapshot) !== undefined) told.ours++
    told.seen += result.value.data.length
    cursor = result.value.next
    if (cursor === undefined) break
  }
  return told
}

/** A webhook that only names a dispute. Says whose payment it is about; undefined when that is none of ours, or the provider knows no such dispute. */
export async function processNamedDispute (hub: Hub, connection: SealedConnection, providerReference: string): Promise<string | undefined> {
  const get = hub.adapters.get(connection.provider)?.payments?.getDispute
  if (get === undefined) return undefined
  const opened = await hub.open(connection)
  const result = await recordedCall(hub, async work => await inTenant(hub.db, connection.tenantId, work), { connection: opened, kind: 'get_dispute', requestId: 'inbound' }, async context => await get(context, providerReference))
  if (!result.ok && result.error.code === 'not_found') return undefined
  if (!result.ok) throw result.error
  return await tellListed(hub, connection, result.value)
}

/** The payment that it is about, where that is ours. */
async function tellListed (hub: Hub, connection: SealedConnection, snapshot: DisputeSnapshot): Promise<string | undefined> {
  const told = await inTenant(hub.db, connection.tenantId, async db => {
    const paymentId = await findByProviderReference(db, connection.id, snapshot.paymentProviderReference)
    return paymentId === undefined ? undefined : { paymentId, row: await tellDispute(hub, db, paymentId, { type: 'pulled', snapshot, current: false }) }
  })
  if (told?.row === undefined) return undefined
  hub.wake(disputeTimer, [{ tenantId: connection.tenantId, id: told.row.id }])
  return told.paymentId
}
