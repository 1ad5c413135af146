import { timeFor } from '../agenda.ts'
import { checkCurrency } from '../amounts.ts'
import { invalid } from '../errors.ts'
import { emit } from '../events.ts'
import type { InvoiceItem } from '../objects.ts'
import { atLeast, boolean, created, expand, integer, mergeMetadata, metadata, needed, notSimulated, object, paging, text } from '../params.ts'
import { route } from '../routing.ts'
import { named, page, wanted } from '../shelf.ts'
import type { Call } from '../world.ts'
import { toLine, type Draft } from './lines.ts'
import { priceData, priceOf } from './prices.ts'

const fields = { amount: integer, description: text(), discountable: boolean, expand, metadata, period: object({ end: needed(integer), start: needed(integer) }), quantity: atLeast(1), tax_rates: notSimulated }

/** Positions for the next invoice. Source: https://docs.stripe.com/api/invoiceitems, read 2026-11. */
export const invoiceItemRoutes = [
  route('POST', '/v1/invoiceitems', object({ ...fields, currency: text(), customer: needed(text()), invoice: text(), price_data: priceData, pricing: object({ price: text() }), subscription: text() }), (call, params) => {
    const { books } = call
    named(books.customers, params.customer, 'customer', 'customer')
    const now = timeFor(call, params.customer)
    const priced = params.pricing?.price !== undefined || params.price_data !== undefined
    const price = priced ? priceOf(call, { price: params.pricing?.price, price_data: params.price_data }, 'pricing') : null
    const quantity = params.quantity ?? 1
    const amount = params.amount ?? (price === null ? undefined : price.unit_amount * quantity)
    const currency = params.currency ?? price?.currency
    if (amount === undefined || currency === undefined) throw invalid(`Missing required param: ${amount === undefined ? 'amount' : 'currency'}.`, { code: 'parameter_missing', param: amount === undefined ? 'amount' : 'currency' })
    const invoice = params.invoice === undefined ? undefined : named(books.invoices, params.invoice, 'invoice', 'invoice')
    if (invoice !== undefined && invoice.status !== 'draft') throw invalid('This invoice is no longer editable', { code: 'invoice_not_editable', param: 'invoice' })
    const draft: Draft = {
      amount,
      currency: checkCurrency(currency),
      description: params.description ?? (price === null ? '' : books.products.get(price.product)?.name ?? ''),
      period: params.period ?? { start: now, end: now },
      price,
      quantity,
      proration: false,
      subscription: params.subscription === undefined ? null : named(books.subscriptions, params.subscription, 'subscription', 'subscription').id,
      subscriptionItem: null,
      invoiceItem: null,
      metadata: params.metadata
    }
    const item = addInvoiceItem(call, params.customer, draft)
    if (invoice !== undefined) {
      item.invoice = invoice.id
      const lines = [...invoice.lines.data, toLine(call, { ...draft, invoiceItem: item.id }, invoice.id)]
      const total = lines.reduce((sum, line) => sum + line.amount, 0)
      Object.assign(invoice, { lines: { ...invoice.lines, data: lines, total_count: lines.length }, total, subtotal: total, subtotal_excluding_tax: total, total_excluding_tax: total, amount_due: Math.max(0, total), amount_remaining: Math.max(0, total) })
    }
    return shown(item)
  }),
  route('GET', '/v1/invoiceitems', object({ ...paging, created, customer: text(), invoice: text(), pending: boolean }), ({ books }, params) =>
    page(books.invoiceItems, params, '/v1/invoiceitems', 'invoiceitem', shown, each =>
      (params.customer === undefined || each.customer === params.customer) && (params.invoice === undefined || each.invoice === params.invoice) && (params.pending === undefined || params.pending === (each.invoice === null)))),
  route('GET', '/v1/invoiceitems/:id', object({ expand }), ({ books }, _, { id }) => shown(wanted(books.invoiceItems, id!, 'invoiceitem', 'invoiceitem'))),
  route('POST', '/v1/invoiceitems/:id', object(fields), ({ books }, params, { id }) => {
    const item = editable(wanted(books.invoiceItems, id!, 'invoiceitem', 'invoiceitem'))
    if (params.amount !== undefined) item.amount = params.amount
    if (params.description !== undefined) item.description = params.description
    item.metadata = mergeMetadata(item.metadata, params.metadata)
    return shown(item)
  }),
  route('DELETE', '/v1/invoiceitems/:id', object({}), (call, _, { id }) => {
    const item = editable(wanted(call.books.invoiceItems, id!, 'invoiceitem', 'invoiceitem'))
    call.books.invoiceItems.remove(item.id)
    emit(call, 'invoiceitem.deleted', shown(item))
    return { id, object: 'invoiceitem', deleted: true }
  })
]

export function addInvoiceItem (call: Call, customer: string, draft: Draft): InvoiceItem {
  const { world, books } = call
  const now = timeFor(call, customer)
  const item = books.invoiceItems.add({
    id: world.id('ii_1'),
    object: 'invoiceitem',
    amount: draft.amount,
    created: now,
    currency: draft.currency,
    customer,
    customer_account: null,
    date: now,
    description: draft.description,
    discountable: !draft.proration,
    discounts: [],
    invoice: null,
    livemode: books.livemode,
    metadata: draft.metadata ?? {},
    net_amount: draft.amount,
    parent: draft.subscription === null
      ? null
      : { subscription_details: { subscription: draft.subscription, ...(draft.subscriptionItem === null ? {} : { subscription_item: draft.subscriptionItem }) }, type: 'subscription_details' },
    period: draft.period,
    pricing: draft.price === null ? null : { price_details: { price: draft.price.id, product: draft.price.product }, type: 'price_details', unit_amount_decimal: String(draft.price.unit_amount) },
    proration: draft.proration,
    quantity: draft.quantity,
    quantity_decimal: String(draft.quantity),
    tax_rates: [],
    test_clock: books.customers.get(customer)?.test_clock ?? null
  })
  emit(call, 'invoiceitem.created', shown(item))
  return item
}

/** On the wire it has a `date` only. */
function shown ({ created: _, ...wire }: InvoiceItem): object {
  return wire
}

function editable (item: InvoiceItem): InvoiceItem {
  if (item.invoice !== null) throw invalid('This invoice item is attached to an invoice and can no longer be changed.', { code: 'invoice_not_editable' })
  return item
}
