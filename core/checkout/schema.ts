import { type Static, Type } from 'typebox'
import { InvoiceCheck, PageInvoiceData } from '../fiscal-data/schema.ts'
import { Amount, closed, Currency, Instant, listQuery, Metadata, Mode, Nullable, oneOf, pageOf } from '../http-schema.ts'
import { Problem } from '../operations/problem.ts'
import { CustomerOrId, InvoiceId, Lines, StatementDescriptor } from '../payments/schema.ts'
import { pageStatuses } from './machine.ts'

const Status = oneOf(pageStatuses)
const Url = (description: string) => Type.String({ format: 'uri', maxLength: 2000, description })

const page = {
  amount: Amount,
  currency: Currency,
  lines: Type.Optional(Lines),
  connection: Type.Optional(Type.String({ maxLength: 60, description: 'The connection to use; as routing says when absent.' })),
  capture: Type.Optional(oneOf(['automatic', 'manual'], { default: 'automatic' })),
  methods: Type.Optional(Type.Array(Type.String({ pattern: '^[a-z][a-z0-9_]{1,40}$' }), { minItems: 1, maxItems: 20, uniqueItems: true, description: 'Which of the provider’s methods are offered; all that the account has when absent.' })),
  expires_at: Type.Optional(Type.String({ format: 'date-time', description: 'When it ends. Providers have limits of their own (Stripe’s sessions: 30 minutes to 24 hours).' })),
  reference: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'Your own order number.' })),
  description: Type.Optional(Type.String({ minLength: 1, maxLength: 1000 })),
  statement_descriptor: Type.Optional(StatementDescriptor),
  metadata: Type.Optional(Metadata),
  invoice_id: Type.Optional(InvoiceId),
  invoice: Type.Optional(PageInvoiceData),
  collect_tax_id: Type.Optional(Type.Boolean({ description: 'Asks the buyer for a tax id on the page, where the provider can.' }))
}

export const NewCheckoutSession = Type.Object({
  ...page,
  success_url: Url('Where the payer goes when it is paid. That they arrive there proves nothing: read the session.'),
  cancel_url: Type.Optional(Url('Where the payer goes when they give up.')),
  customer: Type.Optional(CustomerOrId),
  save_method: Type.Optional(Type.Boolean({ description: 'Keeps the method for later charges of `customer`, which must be a `cus_…`.' })),
  locale: Type.Optional(oneOf(['es', 'en']))
}, closed)
export type NewCheckoutSession = Static<typeof NewCheckoutSession>

export const NewPaymentLink = Type.Object({
  ...page,
  success_url: Type.Optional(Url('Where the payer goes when it is paid; the provider’s own page, or ours, when absent.')),
  max_payments: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'How many may pay; any number when absent.' }))
}, closed)
export type NewPaymentLink = Static<typeof NewPaymentLink>

export const ListPages = Type.Object({
  ...listQuery,
  status: Type.Optional(Status),
  reference: Type.Optional(Type.String({ maxLength: 200 })),
  connection: Type.Optional(Type.String({ maxLength: 60 }))
}, closed)
export type ListPages = Static<typeof ListPages>

const shown = {
  mode: Mode,
  status: Status,
  url: Nullable(Type.String({ description: 'Where the payer pays; null when it is not open.' })),
  amount: Type.Integer(),
  currency: Type.String(),
  capture: oneOf(['automatic', 'manual']),
  lines: Nullable(Lines),
  methods: Nullable(Type.Array(Type.String())),
  reference: Nullable(Type.String()),
  description: Nullable(Type.String()),
  statement_descriptor: Nullable(Type.String()),
  metadata: Type.Record(Type.String(), Type.String()),
  success_url: Nullable(Type.String()),
  expires_at: Nullable(Instant),
  collect_tax_id: Type.Boolean(),
  invoice_id: Nullable(Type.String({ description: 'The invoice that it collects. Such a page is paid once.' })),
  invoice: Type.Optional(InvoiceCheck),
  provider: Type.String(),
  connection: Type.String(),
  provider_reference: Nullable(Type.String()),
  provider_status: Nullable(Type.String()),
  error: Nullable(Problem),
  created_at: Instant,
  updated_at: Instant
}

const Person = Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true })

export const CheckoutSession = Type.Object({
  id: Type.String(),
  object: Type.Literal('checkout_session'),
  ...shown,
  payment: Nullable(Type.String({ description: 'The payment that the page made. A complete session is not always a paid one: see its status.' })),
  customer: Nullable(Person),
  payer: Nullable(Person),
  cancel_url: Nullable(Type.String()),
  save_method: Type.Boolean()
}, { title: 'CheckoutSession' })
export type CheckoutSession = Static<typeof CheckoutSession>

export const PaymentLink = Type.Object({
  id: Type.String(),
  object: Type.Literal('payment_link'),
  ...shown,
  max_payments: Nullable(Type.Integer()),
  totals: Type.Object({ payments: Type.Integer({ description: 'That were paid or authorised.' }), amount: Type.Integer({ description: 'What was taken, in minor units.' }) })
}, { title: 'PaymentLink' })
export type PaymentLink = Static<typeof PaymentLink>

export const CheckoutSessionPage = pageOf(CheckoutSession)
export const PaymentLinkPage = pageOf(PaymentLink)
