import { cashView } from './cash.ts'
import { invalid } from './errors.ts'
import type { List } from './shelf.ts'
import type { Books } from './world.ts'

type Wire = Record<string, unknown>
type Find = (books: Books, id: string) => object | undefined
type Compute = (books: Books, wire: Wire) => object | null

const charge: Find = (books, id) => books.charges.get(id)
const intent: Find = (books, id) => books.paymentIntents.get(id)?.wire
const setup: Find = (books, id) => books.setupIntents.get(id)?.wire
const method: Find = (books, id) => books.paymentMethods.get(id)?.wire
const customer: Find = (books, id) => books.customers.get(id)
const transaction: Find = (books, id) => books.balanceTransactions.get(id)
const product: Find = (books, id) => books.products.get(id)
const price: Find = (books, id) => books.prices.get(id)
const subscription: Find = (books, id) => books.subscriptions.get(id)?.wire
const invoice: Find = (books, id) => books.invoices.get(id)
const clock: Find = (books, id) => books.clocks.get(id)?.wire
const link: Find = (books, id) => books.paymentLinks.get(id)?.wire

/** What can be expanded where. Source: https://docs.stripe.com/api/expanding_objects and the types of stripe 23.1.0, read 2026-11. */
const expandable: Record<string, Record<string, Find>> = {
  payment_intent: { latest_charge: charge, payment_method: method, customer },
  setup_intent: { payment_method: method, customer },
  charge: { payment_intent: intent, customer, balance_transaction: transaction },
  refund: { charge, payment_intent: intent, balance_transaction: transaction, customer },
  dispute: { charge, payment_intent: intent },
  payment_method: { customer },
  customer: { test_clock: clock },
  'customer.invoice_settings': { default_payment_method: method },
  customer_cash_balance_transaction: { customer },
  'customer_cash_balance_transaction.applied_to_payment': { payment_intent: intent },
  tax_id: { customer },
  price: { product },
  product: { default_price: price },
  'checkout.session': { customer, payment_intent: intent, setup_intent: setup, subscription, invoice, payment_link: link },
  subscription: { customer, default_payment_method: method, latest_invoice: invoice, pending_setup_intent: setup, test_clock: clock },
  subscription_item: {},
  invoice: { customer, default_payment_method: method, test_clock: clock },
  'invoice.parent.subscription_details': { subscription },
  'line_item.pricing.price_details': { price, product },
  invoice_payment: { invoice },
  'invoice_payment.payment': { payment_intent: intent },
  invoiceitem: { customer, invoice },
  payout: { balance_transaction: transaction },
  balance_transaction: { source: (books, id) => books.charges.get(id) ?? books.refunds.get(id) ?? books.disputes.get(id) ?? books.payouts.get(id) }
}

/** What an object shows only when it is asked to. */
const included: Record<string, Record<string, Compute>> = {
  charge: { refunds: (books, wire) => list(`/v1/charges/${wire.id}/refunds`, (books.refundsByCharge.get(wire.id as string) ?? []).map(id => books.refunds.get(id)!).reverse()) },
  customer: {
    cash_balance: (books, wire) => {
      const cash = books.cash.get(wire.id as string)
      return cash === undefined ? null : cashView(books, cash)
    },
    subscriptions: (books, wire) => list(`/v1/customers/${wire.id}/subscriptions`, books.subscriptions.items.map(each => each.wire).filter(each => each.customer === wire.id && each.status !== 'canceled').reverse()),
    tax_ids: (books, wire) => list(`/v1/customers/${wire.id}/tax_ids`, books.taxIds.items.filter(each => each.customer === wire.id).reverse())
  },
  'checkout.session': { line_items: (books, wire) => list(`/v1/checkout/sessions/${wire.id}/line_items`, books.sessions.get(wire.id as string)!.lines.map(line => lineItem(books, line))) },
  payment_link: { line_items: (books, wire) => list(`/v1/payment_links/${wire.id}/line_items`, books.paymentLinks.get(wire.id as string)!.lines.map(line => lineItem(books, line))) },
  invoice: {
    confirmation_secret: (books, wire) => {
      const payment = books.invoicePayments.items.findLast(each => each.invoice === wire.id && each.status !== 'canceled')
      const secret = payment === undefined ? undefined : books.paymentIntents.get(payment.payment.payment_intent)?.wire.client_secret
      return secret === undefined ? null : { client_secret: secret, type: 'payment_intent' }
    },
    payments: (books, wire) => list(`/v1/invoice_payments?invoice=${wire.id}`, books.invoicePayments.items.filter(each => each.invoice === wire.id).reverse())
  }
}

/** A position of a page, with its price. Source: the type LineItem of stripe 23.1.0. */
export function lineItem (books: Books, line: { id: string, price: string, quantity: number, adjustable: object | null }): object {
  const found = books.prices.get(line.price)!
  const total = found.unit_amount * line.quantity
  return {
    id: line.id,
    object: 'item',
    adjustable_quantity: line.adjustable,
    amount_discount: 0,
    amount_subtotal: total,
    amount_tax: 0,
    amount_total: total,
    currency: found.currency,
    description: books.products.get(found.product)?.name ?? null,
    metadata: null,
    price: found,
    quantity: line.quantity
  }
}

function list (url: string, all: object[]): List {
  return { object: 'list', url, has_more: all.length > 10, data: all.slice(0, 10) }
}

const depth = 4

/** A copy with the objects that `paths` name in place of their ids. */
export function expanded (object: object, paths: string[] | undefined, books: Books): object {
  if (paths === undefined) return object
  return paths.reduce((result, path) => {
    const steps = path.split('.')
    if (steps.length > depth) throw invalid(`You cannot expand more than ${depth} levels of a property. Property: ${path}`)
    return expandPath(result, steps, path, books, undefined)
  }, object)
}

/** `within`: the kind of a part that has no name of its own, such as `invoice.parent`. */
function expandPath (object: object, steps: string[], path: string, books: Books, within: string | undefined): object {
  const [step, ...rest] = steps
  if (step === undefined) return object
  const wire = object as Wire
  const kind = typeof wire.object === 'string' ? wire.object : within ?? ''
  if (kind === 'list') {
    if (step !== 'data') throw notExpandable(path, `data.${path}`)
    return { ...wire, data: (wire as unknown as List).data.map(each => expandPath(each, rest, path, books, undefined)) }
  }
  const compute = included[kind]?.[step]
  const value = compute === undefined ? wire[step] : wire[step] ?? compute(books, wire)
  const find = expandable[kind]?.[step]
  if (compute === undefined && find === undefined && (typeof value !== 'object' || rest.length === 0)) throw notExpandable(path)
  if (value === null || value === undefined) return compute === undefined ? object : { ...wire, [step]: null }
  const found = typeof value === 'string' ? find?.(books, value) : value as object
  return found === undefined ? object : { ...wire, [step]: expandPath(found, rest, path, books, `${kind}.${step}`) }
}

function notExpandable (path: string, instead?: string): Error {
  return invalid(`This property cannot be expanded (${path}).${instead === undefined ? '' : ` You may want to try expanding '${instead}' instead.`}`)
}
