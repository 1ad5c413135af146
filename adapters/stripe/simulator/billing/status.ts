import { timeFor, unplan } from '../agenda.ts'
import { emit } from '../events.ts'
import type { Subscription, SubscriptionRecord } from '../objects.ts'
import type { Call } from '../world.ts'

/** What a subscription waits for. */
const waits = ['renewal', 'trial_warning', 'incomplete', 'collection', 'cancel_at']

/** A subscription changes, and says what it was before. */
export function become (call: Call, { wire, announced }: SubscriptionRecord, change: Partial<Subscription>, type = 'customer.subscription.updated'): void {
  const before: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(change)) if (wire[name] !== value) before[name] = wire[name]
  if (Object.keys(before).length === 0 && type === 'customer.subscription.updated') return
  Object.assign(wire, change)
  if (announced) emit(call, type, snapshot(wire), before)
}

/** It is over. What it still claims is no longer collected by itself. */
export function endSubscription (call: Call, record: SubscriptionRecord, status: 'canceled' | 'incomplete_expired', reason: string | null): void {
  const { wire } = record
  const now = timeFor(call, wire.customer)
  for (const kind of waits) unplan(call, kind, wire.id)
  for (const invoice of call.books.invoices.items) {
    if (invoice.parent?.subscription_details.subscription !== wire.id || (invoice.status !== 'open' && invoice.status !== 'draft')) continue
    invoice.auto_advance = false
    invoice.next_payment_attempt = null
    for (const kind of ['invoice_finalizes', 'invoice_retries']) unplan(call, kind, invoice.id)
  }
  Object.assign(wire, {
    status,
    canceled_at: wire.canceled_at ?? now,
    cancel_at_period_end: false,
    ended_at: now,
    cancellation_details: { ...wire.cancellation_details, reason: wire.cancellation_details.reason ?? reason }
  })
  if (status === 'canceled') emit(call, 'customer.subscription.deleted', snapshot(wire))
  else emit(call, 'customer.subscription.updated', snapshot(wire), { status: 'incomplete' })
}

export function isOver ({ wire }: SubscriptionRecord): boolean {
  return wire.status === 'canceled' || wire.status === 'incomplete_expired'
}

/** As it is now: the positions are replaced when they change, never changed. */
export function snapshot (wire: Subscription): Subscription {
  return { ...wire, items: { ...wire.items, data: [...wire.items.data] } }
}
