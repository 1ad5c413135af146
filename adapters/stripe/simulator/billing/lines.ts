import { display } from '../amounts.ts'
import type { InvoiceItem, InvoiceLine, Price, SubscriptionItem } from '../objects.ts'
import type { Call } from '../world.ts'

/** What stands on an invoice. Source: the type InvoiceLineItem of stripe 23.1.0. */
export interface Draft {
  amount: number
  description: string
  period: { start: number, end: number }
  price: Price | null
  quantity: number
  proration: boolean
  subscription: string | null
  subscriptionItem: string | null
  invoiceItem: string | null
  currency: string
  metadata?: Record<string, string>
}

export function toLine ({ world, books }: Call, draft: Draft, invoice: string, id = world.id('il_1')): InvoiceLine {
  const details = { invoice_item: draft.invoiceItem, proration: draft.proration, proration_details: { credited_items: null }, subscription: draft.subscription }
  return {
    id,
    object: 'line_item',
    amount: draft.amount,
    currency: draft.currency,
    description: draft.description,
    discount_amounts: [],
    discountable: !draft.proration,
    discounts: [],
    invoice,
    livemode: books.livemode,
    metadata: draft.metadata ?? {},
    parent: draft.subscriptionItem === null
      ? { invoice_item_details: details, subscription_item_details: null, type: 'invoice_item_details' }
      : { invoice_item_details: null, subscription_item_details: { ...details, subscription_item: draft.subscriptionItem }, type: 'subscription_item_details' },
    period: draft.period,
    pretax_credit_amounts: [],
    pricing: draft.price === null
      ? null
      : { price_details: { price: draft.price.id, product: draft.price.product }, type: 'price_details', unit_amount_decimal: String(draft.price.unit_amount) },
    quantity: draft.quantity,
    quantity_decimal: String(draft.quantity),
    subscription: draft.subscription,
    subtotal: draft.amount,
    taxes: []
  }
}

/** A period of a subscription's position. */
export function periodLine (call: Call, item: SubscriptionItem, period: { start: number, end: number }, trial = false): Draft {
  const { price, quantity } = item
  const name = nameOf(call, price)
  return {
    amount: trial ? 0 : price.unit_amount * quantity,
    currency: price.currency,
    description: trial ? `Trial period for ${name}` : `${quantity} × ${name} (at ${display(price.unit_amount, price.currency)} / ${every(price)})`,
    period,
    price,
    quantity,
    proration: false,
    subscription: item.subscription,
    subscriptionItem: item.id,
    invoiceItem: null
  }
}

export function itemLine (call: Call, item: InvoiceItem): Draft {
  const details = item.parent?.subscription_details
  const price = (item.pricing as { price_details?: { price: string } } | null)?.price_details?.price
  return {
    amount: item.amount,
    currency: item.currency,
    description: item.description,
    period: item.period,
    price: price === undefined ? null : call.books.prices.get(price) ?? null,
    quantity: item.quantity,
    proration: item.proration,
    subscription: details?.subscription ?? null,
    subscriptionItem: details?.subscription_item ?? null,
    invoiceItem: item.id,
    metadata: item.metadata
  }
}

export function nameOf ({ books }: Call, price: Price): string {
  return books.products.get(price.product)?.name ?? price.nickname ?? price.id
}

function every ({ recurring }: Price): string {
  if (recurring === null) return 'once'
  return recurring.interval_count === 1 ? recurring.interval : `every ${recurring.interval_count} ${recurring.interval}s`
}
