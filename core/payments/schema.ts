import { type Static, Type } from 'typebox'
import { paymentStatuses } from '../adapter/payments.ts'
import { Amount, closed, Currency, Instant, listQuery, Metadata, Mode, Nullable, oneOf, pageOf } from '../http-schema.ts'

export const Status = oneOf([...paymentStatuses, 'unknown'])
export const RefundStatus = oneOf(['unknown', 'pending', 'requires_action', 'succeeded', 'failed', 'canceled'])

const Url = Type.String({ format: 'uri', maxLength: 2000 })

/** A provider's token or saved method. There is no field for a card number, and a body with one is refused. */
export const Method = Type.Object({
  type: Type.String({ pattern: '^[a-z][a-z0-9_]{1,40}$' }),
  token: Type.Optional(Type.String({ minLength: 1, maxLength: 255 }))
}, { ...closed, description: 'How the payer pays: `type` is one of the provider’s methods; a card comes only as the provider’s token.' })

export const Customer = Type.Object({
  name: Type.Optional(Type.String({ maxLength: 200 })),
  email: Type.Optional(Type.String({ format: 'email', maxLength: 254 })),
  phone: Type.Optional(Type.String({ maxLength: 30 })),
  tax_id: Type.Optional(Type.String({ maxLength: 30 }))
}, closed)

export const NewPayment = Type.Object({
  amount: Amount,
  currency: Currency,
  method: Type.Optional(Method),
  capture: Type.Optional(oneOf(['automatic', 'manual'], { default: 'automatic' })),
  reference: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'Your own order number.' })),
  description: Type.Optional(Type.String({ maxLength: 1000 })),
  statement_descriptor: Type.Optional(Type.String({ minLength: 5, maxLength: 22, pattern: '^[^<>"\'\\\\*]*[A-Za-z][^<>"\'\\\\*]*$' })),
  customer: Type.Optional(Customer),
  connection: Type.Optional(Type.String({ maxLength: 60, description: 'The connection to use; the oldest usable one when absent.' })),
  return_url: Type.Optional(Url),
  off_session: Type.Optional(Type.Boolean()),
  metadata: Type.Optional(Metadata)
}, closed)
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
}, closed)
export type NewRefund = Static<typeof NewRefund>

export const ResolveReview = Type.Object({
  decision: oneOf(['accept_provider', 'dismiss', 'mark_succeeded', 'mark_failed', 'mark_canceled'],
    { description: '`accept_provider`: what the provider says becomes ours; `dismiss`: keep our state; `mark_*`: close by hand.' }),
  reason: Type.String({ minLength: 3, maxLength: 1000 })
}, closed)
export type ResolveReview = Static<typeof ResolveReview>

export const Problem = Type.Object({
  code: Type.String(),
  message: Type.String(),
  retry: oneOf(['never', 'after_user_action', 'same_key', 'after_lookup', 'backoff']),
  provider_code: Nullable(Type.String()),
  provider_message: Nullable(Type.String())
})

export const NextAction = Type.Unsafe<Record<string, unknown>>({
  type: 'object',
  required: ['type'],
  properties: { type: { type: 'string', enum: ['redirect', 'client_secret', 'voucher', 'bank_transfer', 'qr', 'wallet_push', 'sdk_challenge'] } },
  additionalProperties: true,
  description: 'What the payer does next; the fields follow `type`.'
})

export const Payment = Type.Object({
  id: Type.String(),
  object: Type.Literal('payment'),
  mode: Mode,
  status: Status,
  amount: Type.Integer(),
  currency: Type.String(),
  amount_capturable: Type.Integer(),
  amount_captured: Type.Integer(),
  amount_refunded: Type.Integer(),
  capture: oneOf(['automatic', 'manual']),
  method: Nullable(Type.Object({ type: Type.String(), brand: Type.Optional(Type.String()), last4: Type.Optional(Type.String()), wallet: Type.Optional(Type.String()) })),
  reference: Nullable(Type.String()),
  description: Nullable(Type.String()),
  statement_descriptor: Nullable(Type.String()),
  customer: Nullable(Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true })),
  return_url: Nullable(Type.String()),
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
  connection: Type.Optional(Type.String({ maxLength: 60 }))
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
