import type { ProviderEvent } from '../adapter/webhooks.ts'
import type { SealedConnection } from '../connections/open.ts'
import { inTenant } from '../db/in-tenant.ts'
import type { Ending } from '../events/ending.ts'
import type { Hub } from '../hub.ts'
import { parseId } from '../ids.ts'
import { applyCycles, applyFact, type CyclesNews, prepare, schedule } from './apply.ts'
import { isFinal, type Outcome } from './machine.ts'
import { adoptCyclePayments } from './payments.ts'
import { pullSubscription } from './pull.ts'
import * as queries from './queries.ts'
import type { SubscriptionRow } from './queries.ts'

type SubscriptionEvent = Extract<ProviderEvent, { type: 'subscription' }>

/**
 * What a provider tells of a subscription or one of its cycles. `believed`: its signature covers the whole body; otherwise, and
 * where it is not decisive, the provider is asked. Throws what that question threw: then the webhook is tried again.
 */
export async function processSubscriptionEvent (hub: Hub, connection: SealedConnection, event: SubscriptionEvent, believed: boolean): Promise<Ending> {
  const row = await match(hub, connection, event)
  if (row === undefined) return { status: 'unmatched', reason: `no subscription of ours is ${event.providerReference}` }
  const ended = (reason: string | null): Ending => ({ status: 'processed', reason, subjectId: row.id })
  const told = believed ? await tell(hub, row, event) : { cycles: 'known' as const, asks: true }
  const outcome = 'outcome' in told ? told.outcome : undefined
  // Whose answer is still on its way will be known from that answer, or by the resolver: it is not asked for once more.
  if (row.provider_reference === null && row.pending_kind !== null && !(outcome?.do === 'apply')) {
    await inTenant(hub.db, connection.tenantId, async db => await queries.touch(db, row.id))
    return ended('the subscription’s own answer is still on its way')
  }
  let why = outcome?.do === 'ignore' ? outcome.why : null
  if (told.asks) {
    const pulled = await pullSubscription(hub, connection, row.id, 'inbound', { cycles: told.cycles === 'new' || event.cycle !== undefined })
    why = pulled?.outcome.do === 'ignore' ? pulled.outcome.why : null
  }
  await adoptCyclePayments(hub, connection, row.id, 'inbound')
  return ended(why)
}

/** Ours by the provider's id; or by our own id in the event, when the webhook was faster than the answer that told the provider's id. */
async function match (hub: Hub, connection: SealedConnection, { providerReference, reference }: SubscriptionEvent): Promise<SubscriptionRow | undefined> {
  const named = reference === undefined ? undefined : parseId('subscription', reference)
  return await inTenant(hub.db, connection.tenantId, async db => {
    const row = await queries.findByProviderReference(db, connection.id, providerReference) ?? (named === undefined ? undefined : await queries.findSubscription(db, named))
    // An event of one account never touches a subscription of another.
    return row?.connection_id === connection.id ? row : undefined
  })
}

/** Applies what may be believed as it stands: an end, and where a cycle has got to. */
async function tell (hub: Hub, { tenant_id: tenantId, id }: SubscriptionRow, { snapshot, cycle }: SubscriptionEvent): Promise<{ outcome?: Outcome, cycles: CyclesNews, asks: boolean }> {
  const prepared = snapshot && await prepare(hub, tenantId, id, { type: 'event', snapshot })
  return await inTenant(hub.db, tenantId, async db => {
    const locked = (await queries.lockSubscription(db, id))!
    const applied = prepared && await applyFact(hub, db, locked, prepared)
    const row = applied?.row ?? locked
    const cycles = cycle === undefined ? applied?.cycles ?? 'known' : await applyCycles(hub, db, row, [cycle])
    if (cycle !== undefined && cycles !== 'known') await schedule(hub, db, row)
    const saved = cycle && await queries.findCycleByProviderReference(db, row.connection_id, cycle.providerReference)
    // A webhook need not name the payment of its cycle.
    const tried = saved !== undefined && (saved.attempts > 0 || saved.status !== 'open')
    const paymentUnknown = tried && saved.payment_reference === null && saved.amount > 0 && saved.status !== 'draft'
    const asks = snapshot === undefined && cycle === undefined
      ? true
      : applied?.outcome.do === 'pull' || cycles === 'new' || (cycles === 'changed' && tried && !isFinal(row.known_status as 'canceled')) || paymentUnknown
    return { ...(applied !== undefined && { outcome: applied.outcome }), cycles, asks }
  })
}
