import { timeFor } from '../agenda.ts'
import { invalid } from '../errors.ts'
import type { Invoice, SubscriptionItem, SubscriptionRecord } from '../objects.ts'
import { anything, boolean, either, expand, integer, noTax, notSimulated, object, oneOf, text } from '../params.ts'
import { named } from '../shelf.ts'
import type { Call } from '../world.ts'
import { invoiceShape, pendingDrafts } from './invoicing.ts'
import { periodLine, type Draft } from './lines.ts'
import { endAfter } from './periods.ts'
import { priceOf } from './prices.ts'
import { prorate } from './prorations.ts'
import { changedItems, find, itemsChange } from './subscriptions.ts'
import { costOf, newItem, periodEnd, periodOf } from './subscription-machine.ts'

/** The next invoice, as it would be: also after a change that has not been made. Source: https://docs.stripe.com/api/invoices/create_preview, read 2026-11. */
export const previewParams = object({
  automatic_tax: noTax,
  currency: text(),
  customer: text(),
  customer_details: anything,
  discounts: notSimulated,
  expand,
  invoice_items: notSimulated,
  preview_mode: oneOf('next', 'recurring'),
  subscription: text(),
  subscription_details: object({
    billing_cycle_anchor: anything,
    billing_mode: anything,
    cancel_at: anything,
    cancel_at_period_end: boolean,
    cancel_now: boolean,
    items: changedItems,
    proration_behavior: oneOf('always_invoice', 'create_prorations', 'none'),
    proration_date: integer,
    resume_at: oneOf('now'),
    start_date: integer,
    trial_end: either((value): boolean => value === 'now', oneOf('now'), integer)
  })
})

type Params = ReturnType<typeof previewParams>

export function preview (call: Call, params: Params): Invoice {
  if (params.subscription !== undefined) return previewOf(call, find(call, params.subscription), params)
  if (params.customer === undefined) throw invalid('Missing required param: customer.', { code: 'parameter_missing', param: 'customer' })
  return previewOfNew(call, params.customer, params)
}

function previewOf (call: Call, record: SubscriptionRecord, { subscription_details: details = {} }: Params): Invoice {
  const { wire } = record
  const now = timeFor(call, wire.customer)
  const at = details.proration_date ?? now
  const pending = pendingDrafts(call, wire.customer, wire.id, wire.currency)
  const shape = (drafts: Draft[], period: { start: number, end: number }, reason: string) =>
    invoiceShape(call, { customer: wire.customer, subscription: record, reason, drafts, period, currency: wire.currency, prorationDate: at }, call.world.id('upcoming_in_1'))
  if (details.cancel_now === true) return shape([...pending, ...prorate(call, wire.items.data.map(before => ({ before })), at)], { start: now, end: now }, 'upcoming')
  const end = periodEnd(record)
  const change = details.items === undefined ? undefined : itemsChange(call, record, details.items, { proration_behavior: details.proration_behavior, proration_date: details.proration_date, billing_cycle_anchor: anchorOf(details.billing_cycle_anchor) })
  const { prorations, periods } = change === undefined ? { prorations: [], periods: [] } : costOf(call, record, change)
  // What would be billed at once.
  if (change !== undefined && (periods.length > 0 || change.behavior === 'always_invoice')) return shape([...pending, ...prorations, ...periods], { start: now, end: now }, 'upcoming')
  const items = change?.items ?? wire.items.data
  const next = { start: end, end: endAfter(wire.billing_cycle_anchor, items[0]!.price.recurring!, end) }
  const ends = details.cancel_at_period_end ?? wire.cancel_at_period_end
  return shape([...pending, ...prorations, ...ends ? [] : items.map(item => periodLine(call, item, next))], periodOf(wire.items.data[0]!), 'upcoming')
}

/** A word, or since 2026-09-30 an object. */
function anchorOf (given: unknown): string | undefined {
  return typeof given === 'string' ? given : (given as { type?: string } | undefined)?.type
}

function previewOfNew (call: Call, customer: string, { subscription_details: details = {} }: Params): Invoice {
  named(call.books.customers, customer, 'customer', 'customer')
  const now = details.start_date ?? timeFor(call, customer)
  const items = (details.items ?? []).map((each, i): SubscriptionItem => {
    const price = priceOf(call, each, `subscription_details[items][${i}]`)
    if (price.recurring === null) throw invalid('The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.', { param: `subscription_details[items][${i}][price]` })
    return newItem(call, { id: '', created: now }, { price, quantity: each.quantity ?? 1 }, { start: now, end: endAfter(now, price.recurring, now) })
  })
  if (items.length === 0) throw invalid('Nothing to invoice for customer', { code: 'invoice_upcoming_none', param: 'customer' }, 404)
  const trial = typeof details.trial_end === 'number' && details.trial_end > now
  const drafts = items.map(item => ({ ...periodLine(call, item, periodOf(item), trial), subscription: null }))
  return invoiceShape(call, { customer, reason: 'upcoming', drafts, period: { start: now, end: now }, currency: items[0]!.price.currency }, call.world.id('upcoming_in_1'))
}
