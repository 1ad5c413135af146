import { type Static, Type } from 'typebox'
import { closed, Instant, listQuery, Metadata, Mode, Nullable, oneOf, pageOf } from '../http-schema.ts'
import { NextAction, Problem } from '../operations/problem.ts'

const text = (maxLength: number, options: object = {}) => Type.String({ minLength: 1, maxLength, ...options })

export const Address = Type.Object({
  line1: Type.Optional(text(200)),
  line2: Type.Optional(text(200)),
  city: Type.Optional(text(100)),
  state: Type.Optional(text(100)),
  postal_code: Type.Optional(text(20)),
  country: Type.Optional(Type.String({ pattern: '^[A-Z]{2}$', description: 'ISO 3166-1 alpha-2.' }))
}, closed)

const fields = {
  name: text(200),
  email: Type.String({ format: 'email', maxLength: 254 }),
  phone: text(30),
  tax_id: text(30),
  address: Address,
  reference: text(200, { description: 'Your own number of the customer.' })
}

export const NewCustomer = Type.Object({
  name: Type.Optional(fields.name),
  email: Type.Optional(fields.email),
  phone: Type.Optional(fields.phone),
  tax_id: Type.Optional(fields.tax_id),
  address: Type.Optional(fields.address),
  reference: Type.Optional(fields.reference),
  metadata: Type.Optional(Metadata)
}, closed)
export type NewCustomer = Static<typeof NewCustomer>

/** What is left out stays; `null` empties. */
export const PatchCustomer = Type.Object({
  name: Type.Optional(Nullable(fields.name)),
  email: Type.Optional(Nullable(fields.email)),
  phone: Type.Optional(Nullable(fields.phone)),
  tax_id: Type.Optional(Nullable(fields.tax_id)),
  address: Type.Optional(Nullable(fields.address)),
  reference: Type.Optional(Nullable(fields.reference)),
  metadata: Type.Optional(Metadata)
}, { ...closed, minProperties: 1 })
export type PatchCustomer = Static<typeof PatchCustomer>

export const Customer = Type.Object({
  id: Type.String(),
  object: Type.Literal('customer'),
  mode: Mode,
  name: Nullable(Type.String()),
  email: Nullable(Type.String()),
  phone: Nullable(Type.String()),
  tax_id: Nullable(Type.String()),
  address: Nullable(Address),
  reference: Nullable(Type.String()),
  metadata: Type.Record(Type.String(), Type.String()),
  default_payment_method: Nullable(Type.String()),
  created_at: Instant,
  updated_at: Instant
}, { title: 'Customer' })
export type Customer = Static<typeof Customer>

export const ListCustomers = Type.Object({
  ...listQuery,
  email: Type.Optional(Type.String({ maxLength: 254, description: 'Exactly, whatever its case.' })),
  tax_id: Type.Optional(Type.String({ maxLength: 30 })),
  reference: Type.Optional(Type.String({ maxLength: 200 }))
}, closed)
export type ListCustomers = Static<typeof ListCustomers>
export const CustomerPage = pageOf(Customer)

// --- payment methods --------------------------------------------------------------------------------------------------

export const NewPaymentMethod = Type.Object({
  type: Type.String({ pattern: '^[a-z][a-z0-9_]{1,40}$' }),
  token: Type.String({ minLength: 1, maxLength: 255, description: 'What the provider’s own form gave the browser. Never a card number.' }),
  connection: Type.Optional(Type.String({ maxLength: 60, description: 'Where it is kept; the oldest usable connection that keeps methods when absent.' })),
  return_url: Type.Optional(Type.String({ format: 'uri', maxLength: 2000, description: 'Where the payer comes back after agreeing at the bank.' }))
}, closed)
export type NewPaymentMethod = Static<typeof NewPaymentMethod>

export const PaymentMethod = Type.Object({
  id: Type.String(),
  object: Type.Literal('payment_method'),
  mode: Mode,
  customer: Type.String(),
  connection: Type.String(),
  provider: Type.String(),
  type: Type.String(),
  status: oneOf(['unknown', 'requires_action', 'active', 'failed', 'removed']),
  brand: Nullable(Type.String()),
  last4: Nullable(Type.String()),
  exp_month: Nullable(Type.Integer()),
  exp_year: Nullable(Type.Integer()),
  default: Type.Boolean(),
  next_action: Nullable(NextAction),
  error: Nullable(Problem),
  created_at: Instant,
  updated_at: Instant
}, { title: 'PaymentMethod' })
export type PaymentMethod = Static<typeof PaymentMethod>

export const ListPaymentMethods = Type.Object({ ...listQuery, status: Type.Optional(oneOf(['unknown', 'requires_action', 'active', 'failed'])) }, closed)
export type ListPaymentMethods = Static<typeof ListPaymentMethods>
export const PaymentMethodPage = pageOf(PaymentMethod)

export const MethodParams = Type.Object({ id: Type.String({ maxLength: 60 }), payment_method_id: Type.String({ maxLength: 60 }) })
