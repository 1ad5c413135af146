import { timeFor } from '../agenda.ts'
import { checkCurrency } from '../amounts.ts'
import { changes } from '../customers.ts'
import { invalid } from '../errors.ts'
import { emit } from '../events.ts'
import { homeCurrency } from '../fees.ts'
import type { Invoice } from '../objects.ts'
import { anything, atLeast, boolean, created, expand, integer, mergeMetadata, metadata, needed, object, oneOf, openObject, paging, text, unsettable } from '../params.ts'
import { route } from '../routing.ts'
import { named, page, wanted } from '../shelf.ts'
import { countryOf, type Call } from '../world.ts'
import { finalize, finalizeLater, giveUp, newInvoice, payInvoice, pendingDrafts, voidInvoice } from './invoicing.ts'
import { preview, previewParams } from './preview.ts'

const fields = {
  auto_advance: boolean,
  collection_method: oneOf('charge_automatically', 'send_invoice'),
  custom_fields: anything,
  days_until_due: atLeast(0),
  default_payment_method: text(),
  description: text(),
  due_date: integer,
  expand,
  footer: text(),
  metadata,
  payment_settings: openObject,
  rendering: anything,
  statement_descriptor: text({ max: 22 })
}

export const invoiceRoutes = [
  route('POST', '/v1/invoices', object({ ...fields, currency: text(), customer: needed(text()), pending_invoice_items_behavior: oneOf('exclude', 'include'), subscription: text() }), (call, params) => {
    const customer = named(call.books.customers, params.customer, 'customer', 'customer')
    const subscription = params.subscription === undefined ? undefined : named(call.books.subscriptions, params.subscription, 'subscription', 'subscription')
    const currency = checkCurrency(params.currency ?? subscription?.wire.currency ?? customer.currency ?? homeCurrency(countryOf(call)))
    const now = timeFor(call, customer.id)
    if (params.collection_method === 'send_invoice' && params.days_until_due === undefined && params.due_date === undefined) {
      throw invalid("If invoice's `collection_method` is `send_invoice`, you must specify `due_date` or `days_until_due`.", { param: 'collection_method' })
    }
    // Since 2022-08-01 items that wait are left alone unless they are asked for; those of a subscription are always meant.
    const included = params.pending_invoice_items_behavior === 'include' || subscription !== undefined
    const invoice = newInvoice(call, {
      customer: customer.id,
      subscription,
      reason: 'manual',
      drafts: included ? pendingDrafts(call, customer.id, subscription?.wire.id ?? null, currency) : [],
      period: { start: now, end: now },
      currency,
      collection: params.collection_method,
      daysUntilDue: params.days_until_due,
      description: params.description,
      metadata: params.metadata,
      autoAdvance: params.auto_advance ?? false
    })
    if (params.due_date !== undefined) invoice.due_date = params.due_date
    if (params.default_payment_method !== undefined) invoice.default_payment_method = params.default_payment_method
    if (invoice.auto_advance) finalizeLater(call, invoice)
    return { ...invoice }
  }),
  route('POST', '/v1/invoices/create_preview', previewParams, (call, params) => preview(call, params)),
  route('GET', '/v1/invoices', object({ ...paging, collection_method: text(), created, customer: text(), due_date: anything, status: oneOf('draft', 'open', 'paid', 'uncollectible', 'void'), subscription: text() }), ({ books }, params) =>
    page(books.invoices, params, '/v1/invoices', 'invoice', each => each, each =>
      (params.customer === undefined || each.customer === params.customer) && (params.status === undefined || each.status === params.status) &&
      (params.subscription === undefined || each.parent?.subscription_details.subscription === params.subscription) && (params.collection_method === undefined || each.collection_method === params.collection_method))),
  route('GET', '/v1/invoices/:id', object({ expand }), (call, _, { id }) => find(call, id!)),
  route('GET', '/v1/invoices/:id/lines', object(paging), (call, params, { id }) => {
    const { data } = find(call, id!).lines
    return { object: 'list', url: `/v1/invoices/${id}/lines`, has_more: data.length > (params.limit ?? 10), data: data.slice(0, params.limit ?? 10) }
  }),
  route('POST', '/v1/invoices/:id', object({ ...fields, default_payment_method: unsettable(text()) }), (call, params, { id }) => {
    const invoice = find(call, id!)
    const before = { ...invoice }
    const { metadata: given, expand: _, days_until_due: days, payment_settings: __, ...values } = params
    if (invoice.status !== 'draft' && ['collection_method', 'days_until_due', 'due_date'].some(name => name in params)) throw invalid('This invoice is no longer editable', { code: 'invoice_not_editable' })
    Object.assign(invoice, values, { metadata: mergeMetadata(invoice.metadata, given) })
    if (days !== undefined) invoice.due_date = invoice.created + days * 86_400
    emit(call, 'invoice.updated', { ...invoice }, changes(before, invoice))
    return { ...invoice }
  }),
  route('DELETE', '/v1/invoices/:id', object({}), (call, _, { id }) => {
    const invoice = find(call, id!)
    if (invoice.status !== 'draft' || invoice.parent !== null) throw invalid('You can only delete draft invoices that are not attached to subscriptions.', { code: 'invoice_not_editable' })
    for (const item of call.books.invoiceItems.items) if (item.invoice === id) item.invoice = null
    call.books.invoices.remove(invoice.id)
    emit(call, 'invoice.deleted', { ...invoice })
    return { id, object: 'invoice', deleted: true }
  }),
  route('POST', '/v1/invoices/:id/finalize', object({ auto_advance: boolean, expand }), (call, params, { id }) => {
    const invoice = find(call, id!)
    if (params.auto_advance !== undefined) invoice.auto_advance = params.auto_advance
    finalize(call, invoice)
    return { ...invoice }
  }),
  route('POST', '/v1/invoices/:id/pay', object({ expand, forgive: boolean, mandate: anything, off_session: boolean, paid_out_of_band: boolean, payment_method: text() }), (call, params, { id }) => {
    const invoice = find(call, id!)
    payInvoice(call, invoice, { method: params.payment_method, outOfBand: params.paid_out_of_band })
    return { ...invoice }
  }),
  route('POST', '/v1/invoices/:id/send', object({ expand }), (call, _, { id }) => {
    const invoice = find(call, id!)
    if (invoice.collection_method !== 'send_invoice') throw invalid('You can only manually send an invoice if its collection method is `send_invoice`.')
    if (invoice.status === 'draft') finalize(call, invoice)
    emit(call, 'invoice.sent', { ...invoice })
    return { ...invoice }
  }),
  route('POST', '/v1/invoices/:id/void', object({ expand }), (call, _, { id }) => {
    const invoice = find(call, id!)
    voidInvoice(call, invoice)
    return { ...invoice }
  }),
  route('POST', '/v1/invoices/:id/mark_uncollectible', object({ expand }), (call, _, { id }) => {
    const invoice = find(call, id!)
    giveUp(call, invoice)
    return { ...invoice }
  }),
  route('GET', '/v1/invoice_payments', object({
    ...paging, created, invoice: text(), payment: object({ payment_intent: text(), payment_record: text(), type: needed(oneOf('payment_intent', 'payment_record')) }), status: oneOf('canceled', 'open', 'paid')
  }), ({ books }, params) => page(books.invoicePayments, params, '/v1/invoice_payments', 'invoice_payment', each => each, each =>
    (params.invoice === undefined || each.invoice === params.invoice) && (params.status === undefined || each.status === params.status) &&
    (params.payment === undefined || each.payment.payment_intent === params.payment.payment_intent))),
  route('GET', '/v1/invoice_payments/:id', object({ expand }), ({ books }, _, { id }) => wanted(books.invoicePayments, id!, 'invoice_payment', 'invoice_payment'))
]

function find ({ books }: Call, id: string): Invoice {
  return wanted(books.invoices, id, 'invoice', 'invoice')
}
