import type { Mode } from './context.ts'
import type { Money } from './money.ts'
import type { CustomerReference, NextAction, PaymentProblem, Repeatable } from './payments.ts'

export const intervals = ['day', 'week', 'month', 'year'] as const
export type Interval = typeof intervals[number]

export interface CreatePlanInput extends Repeatable {
  /** Our plan id. */
  reference: string
  name: string
  amount: Money
  interval: Interval
  /** Every so many intervals. */
  intervalCount: number
  trialDays?: number
}

export interface PlanSnapshot {
  /** What a subscription names (Stripe: price_…). */
  providerReference: string
  reference?: string
  amount: Money
  interval: Interval
  intervalCount: number
}

export interface CreateSubscriptionInput extends Repeatable, CustomerReference {
  /** Our subscription id, on every payment of it too, where the provider allows. */
  reference: string
  planReference: string
  planProviderReference: string
  quantity: number
  /** A saved method's provider reference; absent: the payer pays the first cycle by `nextAction`. */
  methodProviderReference?: string
  trialDays?: number
  returnUrl?: string
  metadata?: Record<string, string>
}

/**
 * `incomplete`: the first payment is open · `past_due`: a cycle was not paid and is tried again · `unpaid`: no more tries, still open ·
 * `expired`: the first payment never came.
 */
export const subscriptionStatuses = ['incomplete', 'trialing', 'active', 'past_due', 'unpaid', 'paused', 'canceled', 'expired'] as const
export type SubscriptionStatus = typeof subscriptionStatuses[number]

export interface SubscriptionSnapshot {
  providerReference: string
  reference?: string
  status: SubscriptionStatus
  providerStatus: string
  currentPeriodStart?: Date
  currentPeriodEnd?: Date
  cancelAtPeriodEnd: boolean
  canceledAt?: Date
  trialEndsAt?: Date
  /** Of the first cycle's payment. */
  nextAction?: NextAction
  latestCycle?: CycleSnapshot
  error?: PaymentProblem
  mode?: Mode
}

/** One billing period's claim (Stripe: an invoice). */
export interface CycleSnapshot {
  providerReference: string
  subscriptionProviderReference: string
  status: 'draft' | 'open' | 'paid' | 'uncollectible' | 'void'
  amount: Money
  periodStart?: Date
  periodEnd?: Date
  paymentProviderReference?: string
  /** How often it was tried. */
  attempts: number
  nextAttemptAt?: Date
  error?: PaymentProblem
}

export interface CancelSubscriptionInput extends Repeatable {
  reference: string
  providerReference: string
  at: 'now' | 'period_end'
}

export interface ChangeSubscriptionInput extends Repeatable {
  reference: string
  providerReference: string
}

export interface UpdateSubscriptionInput extends ChangeSubscriptionInput {
  planProviderReference?: string
  quantity?: number
  /** `none`: the new price counts from the next period. */
  proration: 'prorate' | 'none'
  methodProviderReference?: string
}

/** What a change would cost, as the provider computes it: told, never guessed. */
export interface ProrationPreview {
  /** Due at the next bill, the change included; negative is credit. */
  amountDue: Money
  /** Of which the change alone. */
  prorated: number
  lines: { description: string, amount: number, proration: boolean, periodStart?: Date, periodEnd?: Date }[]
}
