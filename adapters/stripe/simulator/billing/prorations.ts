import type { SubscriptionItem } from '../objects.ts'
import type { Call } from '../world.ts'
import { nameOf, type Draft } from './lines.ts'
import { sameInterval } from './periods.ts'

/** A position before and after a change; absent: it was added, or taken away. */
export interface Change { before?: SubscriptionItem, after?: SubscriptionItem }

/**
 * Credit for the time that is not used of the old price, and the rest of the period at the new one, to the second.
 * Source: https://docs.stripe.com/billing/subscriptions/prorations, read 2026-11.
 */
export function prorate (call: Call, changes: Change[], at: number): Draft[] {
  return changes.flatMap(({ before, after }) => {
    if (before !== undefined && after !== undefined && before.price.id === after.price.id && before.quantity === after.quantity) return []
    const { current_period_start: start, current_period_end: end } = (before ?? after)!
    const share = end <= start ? 0 : Math.min(1, Math.max(0, (end - at) / (end - start)))
    const drafts: Draft[] = []
    if (before !== undefined) drafts.push(part(call, before, -share, at, end, 'Unused'))
    if (after !== undefined && (before === undefined || sameInterval(before.price.recurring!, after.price.recurring!))) drafts.push(part(call, after, share, at, end, 'Remaining'))
    return drafts
  })
}

function part (call: Call, { id, price, quantity, subscription }: SubscriptionItem, share: number, at: number, end: number, kind: string): Draft {
  return {
    amount: Math.round(price.unit_amount * quantity * share),
    currency: price.currency,
    description: `${kind} time on ${quantity > 1 ? `${quantity} × ` : ''}${nameOf(call, price)} after ${new Date(at * 1000).toLocaleDateString('en-GB', { day: '2-digit', month: 'short', year: 'numeric', timeZone: 'UTC' })}`,
    period: { start: at, end },
    price,
    quantity,
    proration: true,
    subscription,
    subscriptionItem: id,
    invoiceItem: null
  }
}
