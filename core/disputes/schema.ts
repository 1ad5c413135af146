import { type Static, Type } from 'typebox'
import { disputeReasons, disputeStatuses } from '../adapter/disputes.ts'
import { closed, Instant, listQuery, Mode, Nullable, oneOf, pageOf } from '../http-schema.ts'
import { Problem } from '../operations/problem.ts'

const Status = oneOf(disputeStatuses)
const Reason = oneOf(disputeReasons)

const evidence = {
  product_description: Type.Optional(Type.String({ minLength: 1, maxLength: 20_000, description: 'What was sold.' })),
  customer_name: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  customer_email: Type.Optional(Type.String({ format: 'email', maxLength: 254 })),
  shipping_carrier: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  shipping_tracking_number: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  shipping_date: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  refund_policy_disclosure: Type.Optional(Type.String({ minLength: 1, maxLength: 20_000, description: 'How and when the buyer was shown the refund policy.' })),
  explanation: Type.Optional(Type.String({ minLength: 1, maxLength: 20_000, description: 'Everything else that speaks for you.' }))
}

export const NewEvidence = Type.Object({
  ...evidence,
  submit: Type.Boolean({ description: 'True sends it to the bank, once and for all; false keeps a draft at the provider.' })
}, closed)
export type NewEvidence = Static<typeof NewEvidence>
export const Evidence = Type.Object(evidence)
export type Evidence = Static<typeof Evidence>

export const Dispute = Type.Object({
  id: Type.String(),
  object: Type.Literal('dispute'),
  mode: Mode,
  payment: Type.String(),
  status: Status,
  reason: Reason,
  provider_reason: Nullable(Type.String()),
  amount: Type.Integer(),
  currency: Type.String(),
  fee: Nullable(Type.Integer({ description: 'The provider’s own, in minor units of `currency`.' })),
  evidence_due_by: Nullable(Instant),
  evidence_submitted: Type.Boolean(),
  evidence: Nullable(Evidence),
  pending: Nullable(oneOf(['submit_evidence', 'accept_dispute'], { description: 'A call whose outcome is not known yet.' })),
  error: Nullable(Problem),
  provider: Type.String(),
  connection: Type.String(),
  provider_reference: Type.String(),
  provider_status: Type.String(),
  opened_at: Instant,
  created_at: Instant,
  updated_at: Instant
}, { title: 'Dispute' })
export type Dispute = Static<typeof Dispute>

export const ListDisputes = Type.Object({
  ...listQuery,
  status: Type.Optional(Status),
  reason: Type.Optional(Reason),
  payment: Type.Optional(Type.String({ maxLength: 60 })),
  connection: Type.Optional(Type.String({ maxLength: 60 })),
  due_before: Type.Optional(Type.String({ format: 'date-time', description: 'Those that still want evidence, and by then.' }))
}, closed)
export type ListDisputes = Static<typeof ListDisputes>
export const DisputePage = pageOf(Dispute)
