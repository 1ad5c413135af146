import { type Static, Type } from 'typebox'
import { paymentStatuses } from '../adapter/payments.ts'
import { InvoiceCheck, InvoiceData } from '../fiscal-data/schema.ts'
import { Amount, closed, Currency, Instant, listQuery, Metadata, Mode, Nullable, oneOf, pageOf } from '../http-schema.ts'
import { NextAction, Problem } from '../operations/problem.ts'

export const Status = oneOf([...paymentStatuses, 'unknown'])
export const RefundStatus = oneOf(['unknown', 'pending', 'requires_action', 'succeeded', 'failed', 'canceled'])

const Url = Type.String({ format: 'uri', maxLength: 2000 })

/** A provider's token or saved method. There is no field for a card number, and a body with one is refused. */
export const Method = Type.Object({
  type: Type.String({ pattern: '^[a-z][a-z0-9_]{1,40}$' }),
  token: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
  payment_method: Type.Optional(Type.String({ pattern: '^pmt_[0-9a-f]{32}$', description: 'A saved method of `customer`, instead of a token.' })),
  details: Type.Optional(Type.Record(Type.String({ pattern: '^[a-z][a-z0-9_]{1,40}$' }), Type.String({ maxLength: 100, pattern: '^(?!(?:\\D*\\d){13,19}\\D*$)' }), { maxProperties: 15, description: 'What else the method asks of its payer, by the names of the provider’s page: a bank (PSE), the kind of document. Never a card number.' }))
}, { ...closed, description: 'How the payer pays: `type` is one of the provider’s methods; a card comes only as the provider’s token, or as a method that was saved.' })

export const Customer = Type.Object({
  name: Type.Optional(Type.String({ maxLength: 200 })),
  email: Type.Optional(Type.String({ format: 'email', maxLength: 254 })),
  phone: Type.Optional(Type.String({ maxLength: 30 })),
  tax_id: Type.Optional(Type.String({ maxLength: 30 }))
}, closed)

/** Who pays: typed in, or a customer that is kept. */
export const CustomerOrId = Type.Union([Customer, Type.String({ pattern: '^cus_[0-9a-f]{32}$' })], { description: 'Name, mail and the like of a payer; or the id of a customer (`cus_…`).' })

/** Positions that the payer reads. Their sum is the amount. */
export const Lines = Type.Array(Type.Object({
  name: Type.String({ minLength: 1, maxLength: 200 }),
  description: Type.Optional(Type.String({ maxLength: 500 })),
  quantity: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
  unit_amount: Type.Integer({ minimum: 0, maximum: 9_007_199_254_740_991, description: 'Minor units of `currency`, tax included.' })
}, closed), { minItems: 1, maxItems: 100, description: 'Sums to `amount`.' })
export type Lines = Static<typeof Lines>

export const StatementDescriptor = Type.String({ minLength: 5, maxLength: 22, pattern: '^[^<>"\'\\\\*]*[A-Za-z][^<>"\'\\\\*]*$', description: 'What the payer’s bank shows: 5 to 22 characters, one a letter at least.' })

const TaxBreakdown = Type.Array(Type.Object({
  type: Type.String({ pattern: '^[A-Za-z][A-Za-z0-9_]{0,30}$', description: 'Such as `iva`, `ieps`, `ico`.' }),
  amount: Type.Integer({ minimum: 0, maximum: 9_007_199_254_740_991 })
}, closed), { minItems: 1, maxItems: 20, description: 'How much of `amount` is tax, by kind. Told to providers that take it.' })

export const InvoiceId = Type.String({ maxLength: 60, description: 'The issued invoice that this collects, or part of it: never more than is due, and never twice at once.' })

export const NewPayment = Type.Object({
  amount: Amount,
  currency: Currency,
  method: Type.Optional(Method),
  capture: Type.Optional(oneOf(['automatic', 'manual'], { default: 'automatic' })),
  reference: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'Your own order number.' })),
  description: Type.Optional(Type.String({ maxLength: 1000 })),
  statement_descriptor: Type.Optional(StatementDescriptor),
  customer: Type.Optional(CustomerOrId),
  connection: Type.Optional(Type.String({ maxLength: 60, description: 'The connection to use, and no other. When absent your routing rules choose, or else the oldest usable one; without `method`, never your own bank.' })),
  country: Type.Optional(Type.String({ pattern: '^[A-Z]{2}$', description: 'The payer’s country (ISO 3166-1 alpha-2), for your routing rules.' })),
  return_url: Type.Optional(Type.String({ format: 'uri', maxLength: 2000, description: 'Where the payer comes back to after a redirect, whatever came of it.' })),
  success_url: Type.Optional(Type.String({ format: 'uri', maxLength: 2000, description: 'Where the payer comes back to when it was paid, instead of `return_url`.' })),
  cancel_url: Type.Optional(Type.String({ format: 'uri', maxLength: 2000, description: 'Where the payer comes back to when it was not; `success_url` when absent.' })),
  off_session: Type.Optional(Type.Boolean({ description: 'The payer is not there. Where the bank wants them all the same, `next_action` is a link that finishes it.' })),
  lines: Type.Optional(Lines),
  tax_breakdown: Type.Optional(TaxBreakdown),
  installments: Type.Optional(Type.Integer({ minimum: 1, maximum: 60, description: 'In how many months, where the provider and the card allow it.' })),
  expires_at: Type.Optional(Type.String({ format: 'date-time', description: 'When a voucher or a transfer’s instructions end, where the provider lets one choose.' })),
  save_method: Type.Optional(Type.Boolean({ description: 'Keeps the method for later charges of `customer`, which must be a `cus_…`.' })),
  invoice_id: Type.Optional(InvoiceId),
  invoice: Type.Optional(InvoiceData),
  exchange_rate: Type.Optional(Type.String({ pattern: '^\\d{1,12}(\\.\\d{1,6})?$', description: 'With `invoice_id`, in a currency that is not that of the invoice’s country: units of that country’s currency for one of `currency` on the day of the payment. The receipt (complemento de pago) says it; without it the receipt waits for you.' })),
  metadata: Type.Optional(Metadata)
}, { ...closed, title: 'NewPayment' })
export type NewPayment = Static<typeof NewPayment>

export const ConfirmPayment = Type.Object({ method: Method, return_url: Type.Optional(Url), off_session: Type.Optional(Type.Boolean()) }, closed)
export type ConfirmPayment = Static<typeof ConfirmPayment>

export const CapturePayment = Type.Object({ amount: Type.Optional(Amount) }, closed)
export const CancelPayment = Type.Object({ reason: Type.Optional(oneOf(['requested_by_customer', 'duplicate', 'fraudulent', 'abandoned'])) }, closed)
export type CancelPayment = Static<typeof CancelPayment>

export const NewRefund = Type.Object({
  amount: Type.Optional(Amount),
  reason: Type.Optional(oneOf(['requested_by_customer', 'duplicate', 'fraudulent'])),
  metadata: Type.Optional(Metadata)
}, { ...closed, title: 'NewRefund' })
export type NewRefund = Static<typeof NewRefund>

export const ResolveReview = Type.Object({
  decision: oneOf(['accept_provider', 'dismiss', 'mark_succeeded', 'mark_failed', 'mark_canceled'],
    { description: '`accept_provider`: what the provider says becomes ours; `dismiss`: keep our state; `mark_*`: close by hand.' }),
  reason: Type.String({ minLength: 3, maxLength: 1000 })
}, closed)
export type ResolveReview = Static<typeof ResolveReview>

export const Payment = Type.Object({
  id: Type.String(),
  object: Type.Literal('payment'),
  mode: Mode,
  status: Status,
  amount: Type.Integer(),
  currency: Type.String(),
  amount_capturable: Type.Integer(),
  amount_captured: Type.Integer(),
  amount_received: Type.Integer({ description: 'Of a transfer that comes in parts: what is there so far.' }),
  amount_remaining: Type.Integer({ description: 'What is still to come; 0 when nothing is waited for.' }),
  amount_refunded: Type.Integer(),
  capture: oneOf(['automatic', 'manual']),
  method: Nullable(Type.Object({ type: Type.String(), payment_method: Type.Optional(Type.String()), brand: Type.Optional(Type.String()), last4: Type.Optional(Type.String()), wallet: Type.Optional(Type.String()), funding: Type.Optional(Type.String({ description: 'Of a card: credit, debit or prepaid.' })) })),
  origin: Nullable(Type.Object({ type: oneOf(['checkout_session', 'payment_link', 'subscription']), id: Type.String() }, { description: 'The page or the subscription that it came of.' })),
  reference: Nullable(Type.String()),
  description: Nullable(Type.String()),
  statement_descriptor: Nullable(Type.String()),
  customer: Nullable(Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true, description: 'What was sent; of a customer that is kept, `{id}`.' })),
  return_url: Nullable(Type.String()),
  success_url: Nullable(Type.String()),
  cancel_url: Nullable(Type.String()),
  lines: Nullable(Lines),
  tax_breakdown: Nullable(TaxBreakdown),
  installments: Nullable(Type.Integer()),
  expires_at: Nullable(Instant),
  save_method: Type.Boolean(),
  invoice_id: Nullable(Type.String({ description: 'The invoice that it pays.' })),
  invoice: Type.Optional(InvoiceCheck),
  metadata: Type.Record(Type.String(), Type.String()),
  provider: Type.String(),
  connection: Type.String(),
  provider_reference: Nullable(Type.String()),
  provider_status: Nullable(Type.String()),
  attempts: Type.Integer(),
  next_action: Nullable(NextAction),
  error: Nullable(Problem),
  review: Nullable(Type.Object({ reason: Type.String(), provider_amount: Type.Integer(), provider_currency: Type.String(), provider_status: Type.String(), status: Status, provider_reference: Type.String(), amount_captured: Type.Integer() })),
  disputed: Type.Boolean(),
  dispute: Nullable(Type.Object({ id: Type.String(), status: Type.String(), reason: Type.String(), amount: Type.Integer(), evidence_due_by: Nullable(Instant) }, { description: 'The newest one.' })),
  created_at: Instant,
  updated_at: Instant
}, { title: 'Payment' })
export type Payment = Static<typeof Payment>

export const Refund = Type.Object({
  id: Type.String(),
  object: Type.Literal('refund'),
  mode: Mode,
  payment: Type.String(),
  status: RefundStatus,
  amount: Type.Integer(),
  currency: Type.String(),
  reason: Nullable(Type.String()),
  metadata: Type.Record(Type.String(), Type.String()),
  origin: oneOf(['api', 'provider']),
  provider: Type.String(),
  connection: Type.String(),
  provider_reference: Nullable(Type.String()),
  provider_status: Nullable(Type.String()),
  error: Nullable(Problem),
  created_at: Instant,
  updated_at: Instant
}, { title: 'Refund' })
export type Refund = Static<typeof Refund>

export const ListPayments = Type.Object({
  ...listQuery,
  status: Type.Optional(Status),
  reference: Type.Optional(Type.String({ maxLength: 200 })),
  connection: Type.Optional(Type.String({ maxLength: 60 })),
  origin: Type.Optional(Type.String({ maxLength: 60, description: 'The page or the subscription that they came of.' }))
}, closed)
export type ListPayments = Static<typeof ListPayments>

export const PaymentPage = pageOf(Payment)
export const RefundPage = pageOf(Refund)

export const Timeline = Type.Object({
  data: Type.Array(Type.Object({
    at: Instant,
    kind: oneOf(['attempt', 'operation', 'webhook', 'event', 'change']),
    id: Type.String(),
    what: Type.String(),
    detail: Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true })
  }))
}, { title: 'Timeline' })
