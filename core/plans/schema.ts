import { type Static, Type } from 'typebox'
import { intervals } from '../adapter/subscriptions.ts'
import { Amount, closed, Currency, Instant, listQuery, Metadata, Mode, Nullable, oneOf, pageOf } from '../http-schema.ts'

const TrialDays = Type.Integer({ minimum: 0, maximum: 730 })

export const NewPlan = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 200, description: 'What the payer reads on the bill.' }),
  amount: Amount,
  currency: Currency,
  interval: oneOf(intervals),
  interval_count: Type.Optional(Type.Integer({ minimum: 1, maximum: 365, default: 1, description: 'Every so many intervals; together at most three years.' })),
  trial_days: Type.Optional(TrialDays),
  reference: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  metadata: Type.Optional(Metadata)
}, closed)
export type NewPlan = Static<typeof NewPlan>

export const Plan = Type.Object({
  id: Type.String(),
  object: Type.Literal('plan'),
  mode: Mode,
  status: oneOf(['active', 'archived']),
  name: Type.String(),
  amount: Type.Integer(),
  currency: Type.String(),
  interval: oneOf(intervals),
  interval_count: Type.Integer(),
  trial_days: Nullable(Type.Integer()),
  reference: Nullable(Type.String()),
  metadata: Type.Record(Type.String(), Type.String()),
  created_at: Instant,
  archived_at: Nullable(Instant)
}, { title: 'Plan' })
export type Plan = Static<typeof Plan>

export const ListPlans = Type.Object({ ...listQuery, status: Type.Optional(oneOf(['active', 'archived'])), reference: Type.Optional(Type.String({ maxLength: 200 })) }, closed)
export type ListPlans = Static<typeof ListPlans>
export const PlanPage = pageOf(Plan)
