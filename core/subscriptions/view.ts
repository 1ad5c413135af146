import type { Mode } from '../adapter/context.ts'
import type { NextAction, PaymentProblem } from '../adapter/payments.ts'
import type { ProrationPreview, SubscriptionSnapshot } from '../adapter/subscriptions.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import { showProblem } from '../operations/problem.ts'
import { isFinal, type Review } from './machine.ts'
import type { CycleRow, SubscriptionRow } from './queries.ts'
import type { Cycle, Preview, Subscription } from './schema.ts'

type Language = 'es' | 'en'

const at = (date: Date | null | undefined): string | null => date?.toISOString() ?? null

/** A subscription as the API shows it. `nextAction` is opened only for who asked for the subscription itself. */
export function showSubscription (row: SubscriptionRow, language: Language, nextAction: NextAction | null = null): Subscription {
  return {
    id: publicId('subscription', row.id),
    object: 'subscription',
    mode: row.mode as Mode,
    status: row.status as Subscription['status'],
    customer: publicId('customer', row.customer_id),
    plan: publicId('plan', row.plan_id),
    quantity: row.quantity,
    payment_method: row.payment_method_id && publicId('payment_method', row.payment_method_id),
    connection: publicId('connection', row.connection_id),
    provider: row.provider,
    provider_reference: row.provider_reference,
    provider_status: row.provider_status,
    current_period_start: at(row.current_period_start),
    current_period_end: at(row.current_period_end),
    cancel_at_period_end: row.cancel_at_period_end,
    canceled_at: at(row.canceled_at),
    trial_ends_at: at(row.trial_ends_at),
    pending: (row.pending_kind?.replace('_subscription', '') ?? null) as Subscription['pending'],
    next_action: nextAction as Subscription['next_action'],
    error: showProblem(row.error as PaymentProblem | null, language),
    review: row.review as Review | null,
    reference: row.reference,
    metadata: row.metadata as Record<string, string>,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString()
  }
}

export function showCycle (row: CycleRow, language: Language): Cycle {
  return {
    id: publicId('cycle', row.id),
    object: 'cycle',
    mode: row.mode as Mode,
    subscription: publicId('subscription', row.subscription_id),
    status: row.status as Cycle['status'],
    amount: row.amount,
    currency: row.currency,
    period_start: at(row.period_start),
    period_end: at(row.period_end),
    attempts: row.attempts,
    next_attempt_at: at(row.next_attempt_at),
    payment: row.payment_id && publicId('payment', row.payment_id),
    error: showProblem(row.error as PaymentProblem | null, language),
    provider_reference: row.provider_reference,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString()
  }
}

export function showPreview (row: SubscriptionRow, preview: ProrationPreview): Preview {
  return {
    object: 'subscription_preview',
    subscription: publicId('subscription', row.id),
    currency: preview.amountDue.currency,
    amount_due: preview.amountDue.amount,
    prorated: preview.prorated,
    lines: preview.lines.map(({ description, amount, proration, periodStart, periodEnd }) => ({ description, amount, proration, period_start: at(periodStart), period_end: at(periodEnd) }))
  }
}

const use = 'next_action'

/** What the payer does next may hold a client secret, so it is kept sealed. Null when there is nothing to do. */
export async function sealNextAction (hub: Pick<Hub, 'vault'>, tenantId: string, id: string, snapshot: SubscriptionSnapshot): Promise<string | null> {
  return snapshot.nextAction === undefined ? null : await hub.vault.seal(tenantId, publicId('subscription', id), use, JSON.stringify(snapshot.nextAction))
}

/** Open only while it may be of use. */
export async function openNextAction (hub: Pick<Hub, 'vault'>, row: SubscriptionRow): Promise<NextAction | null> {
  if (row.next_action_sealed === null || isFinal(row.known_status as 'canceled')) return null
  return JSON.parse(await hub.vault.openText(row.tenant_id, publicId('subscription', row.id), use, row.next_action_sealed)) as NextAction
}
