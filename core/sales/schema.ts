import { type Static, Type } from 'typebox'
import { Amount, closed, Currency, Instant, listQuery, Metadata, Mode, Nullable, oneOf, pageOf } from '../http-schema.ts'
import { Decimal, InvoiceCustomer, InvoiceLine } from '../invoices/schema.ts'
import { saleDocuments, saleStatuses } from './machine.ts'

const Id = Type.String({ maxLength: 60 })
const text = (maxLength: number, description?: string) => Type.String({ minLength: 1, maxLength, ...(description !== undefined && { description }) })
const Form = Type.String({ pattern: '^\\d{2}$', description: 'c_FormaPago: 01 cash, 03 transfer, 04 credit card, 28 debit card … Never 99.' })
const Phone = Type.String({ pattern: '^\\+?[0-9 ()-]{7,25}$' })
const Email = Type.String({ format: 'email', maxLength: 254 })

export const Tender = Type.Object({
  form: Form,
  amount: Type.Optional(Amount),
  payment: Type.Optional(Type.String({ maxLength: 60, description: 'The payment of ours that took it.' })),
  store_credit: Type.Optional(Type.String({ maxLength: 60, description: 'The code of a store credit: this redeems it.' }))
}, closed)
export type Tender = Static<typeof Tender>

const Buyer = Type.Object({
  name: Type.Optional(text(300)),
  email: Type.Optional(Email),
  phone: Type.Optional(Phone),
  tax_id: Type.Optional(text(40, 'Whose sales these are: the customer of yours that has it, or one that is made.')),
  customer: Type.Optional(Type.String({ maxLength: 60, description: 'A customer of yours.' })),
  language: Type.Optional(oneOf(['es', 'en'])),
  invoice: Type.Optional(InvoiceCustomer)
}, closed)
export type Buyer = Static<typeof Buyer>

const content = {
  issuer: Type.Optional(Type.String({ maxLength: 60, description: 'Who sells; as your settings say when absent.' })),
  branch: Type.Optional(text(20)),
  till: Type.Optional(text(20)),
  currency: Type.Optional({ ...Currency, description: 'MXN, USD and EUR by the issuer’s country when absent.' }),
  exchange_rate: Type.Optional(Decimal('Units of the issuer’s currency for one of `currency`, where it is another: its document says it.')),
  amount: Type.Optional({ ...Amount, description: 'With taxes, minor units. Instead of `lines`: then it is one line as your settings describe it. With them it must be their total.' }),
  description: Type.Optional(text(1000, 'Of that one line.')),
  lines: Type.Optional(Type.Array(InvoiceLine, { minItems: 1, maxItems: 500 })),
  tenders: Type.Optional(Type.Array(Tender, { minItems: 1, maxItems: 10, description: 'How it was paid. Their amounts sum to the total; a single one may leave its amount out. Absent: not paid yet.' })),
  payment_type: Type.Optional(oneOf(['in_person', 'online'], { description: 'in_person when absent.' })),
  customer: Type.Optional(Buyer),
  requires_invoice: Type.Optional(Type.Boolean({ description: 'Of a paid one: true gives the buyer a link (or, with `customer.invoice`, the invoice), false puts it into the next global invoice. Undecided when absent.' })),
  confirmed_by: Type.Optional(text(200, 'Who took the money.')),
  sold_at: Type.Optional({ ...Instant, description: 'Now when absent; never in the future.' }),
  reference: Type.Optional(text(200, 'Your own number.')),
  metadata: Type.Optional(Metadata)
}

export const NewSale = Type.Object({ ...content, client_id: Type.Optional(text(100, 'Made by the till: the same id with the same content is the same sale, with another it is a conflict.')) }, { ...closed, title: 'NewSale' })
export type NewSale = Static<typeof NewSale>

export const NewSales = Type.Object({ sales: Type.Array(Type.Object({ ...content, client_id: text(100) }, closed), { minItems: 1, maxItems: 200 }) }, closed)
export type NewSales = Static<typeof NewSales>

export const ConfirmPayment = Type.Object({
  payment_received: Type.Boolean(),
  payment_method: Type.Optional(Form),
  tenders: Type.Optional(Type.Array(Tender, { minItems: 1, maxItems: 10, description: 'Instead of `payment_method`, where it was paid in several ways.' })),
  requires_invoice: Type.Optional(Type.Boolean()),
  confirmed_by: Type.Optional(text(200)),
  customer_email: Type.Optional(Email),
  customer_phone: Type.Optional(Phone)
}, closed)
export type ConfirmPayment = Static<typeof ConfirmPayment>

export const InvoiceSale = Type.Object({
  customer: InvoiceCustomer,
  series: Type.Optional(Id),
  form: Type.Optional(Form),
  send: Type.Optional(Type.Boolean())
}, closed)
export type InvoiceSale = Static<typeof InvoiceSale>

export const RefundSale = Type.Object({
  method: oneOf(['cash', 'card', 'store_credit'], { description: '`card`: by the payment that took it. `store_credit`: a code that is worth as much.' }),
  amount: Type.Optional(Amount),
  reason: text(300)
}, closed)
export type RefundSale = Static<typeof RefundSale>

export const NewSelfInvoice = Type.Object({
  sale: Id,
  days: Type.Optional(Type.Integer({ minimum: 1, maximum: 60 })),
  customer_email: Type.Optional(Email),
  customer_phone: Type.Optional(Phone)
}, closed)
export type NewSelfInvoice = Static<typeof NewSelfInvoice>

const Told = Type.Object({ channel: Type.String(), id: Nullable(Type.String()), status: Type.String() })

export const SelfInvoice = Type.Object({ object: Type.Literal('self_invoice'), sale: Type.String(), url: Type.String(), expires_at: Instant, notices: Type.Array(Told) }, { title: 'SelfInvoice' })
export type SelfInvoice = Static<typeof SelfInvoice>

export const SaleRefund = Type.Object({
  id: Type.String(),
  method: oneOf(['cash', 'card', 'store_credit']),
  status: oneOf(['pending', 'succeeded', 'failed']),
  amount: Amount,
  reason: Type.String(),
  refund: Nullable(Type.String()),
  store_credit: Nullable(Type.String()),
  created_at: Instant
}, { title: 'SaleRefund' })
export type SaleRefund = Static<typeof SaleRefund>

export const Sale = Type.Object({
  id: Type.String(),
  object: Type.Literal('sale'),
  mode: Mode,
  status: oneOf(saleStatuses),
  document: oneOf(saleDocuments, { description: 'How far its fiscal document is.' }),
  ticket: Type.String({ description: 'Its number.' }),
  issuer: Type.String(),
  country: Type.String(),
  branch: Nullable(Type.String()),
  till: Nullable(Type.String()),
  payment_type: oneOf(['in_person', 'online']),
  currency: Type.String(),
  exchange_rate: Nullable(Type.String()),
  amount: Type.Integer({ description: 'With taxes, minor units.' }),
  amount_refunded: Type.Integer(),
  lines: Type.Array(Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true })),
  totals: Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true }),
  tenders: Type.Array(Tender),
  customer: Nullable(Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true })),
  customer_id: Nullable(Type.String()),
  payment: Nullable(Type.String()),
  requires_invoice: Nullable(Type.Boolean()),
  invoice: Nullable(Type.String()),
  global_invoice: Nullable(Type.String()),
  global_invoice_date: Nullable(Type.String({ description: 'The day on which the global invoice that it waits for is made.' })),
  self_invoice: Nullable(Type.Object({ url: Type.String(), expires_at: Instant })),
  problem: Nullable(Type.Array(Type.Object({ code: Type.String(), message: Type.String() }), { description: 'What the authority refused of the buyer’s data.' })),
  correct_until: Nullable(Instant),
  refunds: Type.Optional(Type.Array(SaleRefund)),
  notices: Type.Optional(Type.Array(Told, { description: 'What this request told the buyer, and how.' })),
  client_id: Nullable(Type.String()),
  confirmed_by: Nullable(Type.String()),
  reference: Nullable(Type.String()),
  metadata: Metadata,
  sold_at: Instant,
  paid_at: Nullable(Instant),
  created_at: Instant,
  updated_at: Instant
}, { title: 'Sale' })
export type Sale = Static<typeof Sale>

export const ListSales = Type.Object({
  ...listQuery, status: Type.Optional(oneOf(saleStatuses)), document: Type.Optional(oneOf(saleDocuments)), reference: Type.Optional(Type.String({ maxLength: 200 })), payment: Type.Optional(Id), global_invoice: Type.Optional(Id), issuer: Type.Optional(Id), ticket: Type.Optional(Type.String({ maxLength: 60 }))
}, closed)
export type ListSales = Static<typeof ListSales>
export const SalePage = pageOf(Sale)

export const SalesAnswer = Type.Object({
  data: Type.Array(Type.Object({
    client_id: Type.String(),
    status: oneOf(['created', 'repeated', 'conflict', 'invalid']),
    sale: Nullable(Type.String()),
    ticket: Nullable(Type.String()),
    error: Nullable(Type.Object({ code: Type.String(), detail: Type.String(), errors: Type.Array(Type.Object({ path: Type.String(), code: Type.Optional(Type.String()), message: Type.String() })) }))
  }))
}, { title: 'SalesBatch' })
export type SalesAnswer = Static<typeof SalesAnswer>

export const NewGlobalInvoice = Type.Object({
  period: Type.Object({
    periodicity: Type.Optional(oneOf(['daily', 'weekly', 'biweekly', 'monthly', 'bimonthly'])),
    day: Type.String({ format: 'date', description: 'Any day of the period, by the issuer’s calendar.' })
  }, closed),
  issuer: Type.Optional(Id)
}, closed)
export type NewGlobalInvoice = Static<typeof NewGlobalInvoice>

export const GlobalInvoice = Type.Object({
  id: Type.String(),
  object: Type.Literal('global_invoice'),
  mode: Mode,
  status: oneOf(['making', 'issued', 'replacing', 'canceled']),
  issuer: Type.String(),
  branch: Nullable(Type.String()),
  currency: Type.String(),
  period: Type.Object({ periodicity: Type.String(), months: Type.String(), year: Type.Integer(), from: Type.String(), to: Type.String() }),
  tickets: Type.Integer(),
  total: Decimal(),
  invoice: Nullable(Type.String()),
  former_invoices: Type.Array(Type.String(), { description: 'Those that it replaced: cancelled with motive 04, because one of their tickets got an invoice of its own.' }),
  created_at: Instant,
  updated_at: Instant
}, { title: 'GlobalInvoice' })
export type GlobalInvoice = Static<typeof GlobalInvoice>
export const ListGlobalInvoices = Type.Object({ ...listQuery, issuer: Type.Optional(Id), status: Type.Optional(oneOf(['making', 'issued', 'replacing', 'canceled'])) }, closed)
export type ListGlobalInvoices = Static<typeof ListGlobalInvoices>
export const GlobalInvoicePage = pageOf(GlobalInvoice)
