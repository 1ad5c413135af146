import { type Static, Type } from 'typebox'
import { subscriptionStatuses } from '../adapter/subscriptions.ts'
import { InvoiceCheck, InvoiceData } from '../fiscal-data/schema.ts'
import { closed, Instant, listQuery, Metadata, Mode, Nullable, oneOf, pageOf } from '../http-schema.ts'
import { NextAction, Problem } from '../operations/problem.ts'

export const Status = oneOf([...subscriptionStatuses, 'unknown'])

const Id = Type.String({ maxLength: 60 })
const Quantity = Type.Integer({ minimum: 1, maximum: 1_000_000 })
const Proration = oneOf(['prorate', 'none'], { description: '`prorate`: the provider charges or credits the rest of the period. `none`: the new price counts from the next one.' })

export const NewSubscription = Type.Object({
  customer: Id,
  plan: Id,
  payment_method: Type.Optional(Type.String({ maxLength: 60, description: 'A saved method (`pmt_…`). Absent: the customer’s default where it can be used; else the payer pays the first period by `next_action`.' })),
  connection: Type.Optional(Type.String({ maxLength: 60, description: 'Where it is billed. Absent: where the payment method is kept, or as your routing says.' })),
  quantity: Type.Optional(Quantity),
  trial_days: Type.Optional(Type.Integer({ minimum: 0, maximum: 730, description: 'The plan’s own when absent.' })),
  return_url: Type.Optional(Type.String({ format: 'uri', maxLength: 2000 })),
  reference: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  invoice: Type.Optional(InvoiceData),
  metadata: Type.Optional(Metadata)
}, closed)
export type NewSubscription = Static<typeof NewSubscription>

const change = {
  plan: Type.Optional(Id),
  quantity: Type.Optional(Quantity),
  proration: Type.Optional(Proration)
}

export const PatchSubscription = Type.Object({ ...change, payment_method: Type.Optional(Id), reference: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })), metadata: Type.Optional(Metadata) }, { ...closed, minProperties: 1 })
export type PatchSubscription = Static<typeof PatchSubscription>

export const PreviewChange = Type.Object(change, { ...closed, minProperties: 1 })
export type PreviewChange = Static<typeof PreviewChange>

export const Preview = Type.Object({
  object: Type.Literal('subscription_preview'),
  subscription: Type.String(),
  currency: Type.String(),
  amount_due: Type.Integer({ description: 'Of the next bill, the change included. Below zero it is credit.' }),
  prorated: Type.Integer({ description: 'Of which the change alone.' }),
  lines: Type.Array(Type.Object({ description: Type.String(), amount: Type.Integer(), proration: Type.Boolean(), period_start: Nullable(Instant), period_end: Nullable(Instant) }))
}, { title: 'SubscriptionPreview', description: 'As the provider computes it.' })
export type Preview = Static<typeof Preview>

export const CancelSubscription = Type.Object({ at: Type.Optional(oneOf(['now', 'period_end'], { default: 'now' })) }, closed)
export type CancelSubscription = Static<typeof CancelSubscription>

export const ResolveReview = Type.Object({
  decision: oneOf(['accept_provider', 'dismiss', 'mark_canceled'],
    { description: '`accept_provider`: it goes on at the provider, so it does here; `dismiss`: keep our state; `mark_canceled`: close by hand. Nothing is changed at the provider.' }),
  reason: Type.String({ minLength: 3, maxLength: 1000 })
}, closed)
export type ResolveReview = Static<typeof ResolveReview>

export const Subscription = Type.Object({
  id: Type.String(),
  object: Type.Literal('subscription'),
  mode: Mode,
  status: Status,
  customer: Type.String(),
  plan: Type.String(),
  quantity: Type.Integer(),
  payment_method: Nullable(Type.String()),
  connection: Type.String(),
  provider: Type.String(),
  provider_reference: Nullable(Type.String()),
  provider_status: Nullable(Type.String()),
  current_period_start: Nullable(Instant),
  current_period_end: Nullable(Instant),
  cancel_at_period_end: Type.Boolean(),
  canceled_at: Nullable(Instant),
  trial_ends_at: Nullable(Instant),
  /** The operation whose outcome is not known. */
  pending: Nullable(oneOf(['create', 'update', 'cancel', 'pause', 'resume'])),
  next_action: Nullable(NextAction),
  error: Nullable(Problem),
  review: Nullable(Type.Object({ reason: Type.String(), provider_status: Type.String(), status: Status, provider_reference: Type.String() })),
  reference: Nullable(Type.String()),
  invoice: Type.Optional(InvoiceCheck),
  metadata: Type.Record(Type.String(), Type.String()),
  created_at: Instant,
  updated_at: Instant
}, { title: 'Subscription' })
export type Subscription = Static<typeof Subscription>

export const ListSubscriptions = Type.Object({
  ...listQuery,
  status: Type.Optional(Status),
  customer: Type.Optional(Id),
  plan: Type.Optional(Id),
  reference: Type.Optional(Type.String({ maxLength: 200 }))
}, closed)
export type ListSubscriptions = Static<typeof ListSubscriptions>
export const SubscriptionPage = pageOf(Subscription)

export const Cycle = Type.Object({
  id: Type.String(),
  object: Type.Literal('cycle'),
  mode: Mode,
  subscription: Type.String(),
  status: oneOf(['draft', 'open', 'paid', 'uncollectible', 'void']),
  amount: Type.Integer(),
  currency: Type.String(),
  period_start: Nullable(Instant),
  period_end: Nullable(Instant),
  attempts: Type.Integer(),
  next_attempt_at: Nullable(Instant),
  payment: Nullable(Type.String()),
  error: Nullable(Problem),
  provider_reference: Type.String(),
  created_at: Instant,
  updated_at: Instant
}, { title: 'Cycle' })
export type Cycle = Static<typeof Cycle>

export const ListCycles = Type.Object(listQuery, closed)
export type ListCycles = Static<typeof ListCycles>
export const CyclePage = pageOf(Cycle)
