import { type ConnectionContext, type CycleSnapshot, type Interval, type PaymentsFamily, type PlanSnapshot, ProviderError, type SubscriptionSnapshot } from '../../index.ts'
import type { ToyClient } from './client.ts'
import type { WirePeriod, WirePlan, WireSubscription } from './wire.ts'

const states = { incomplete: 'incomplete', trial: 'trialing', active: 'active', paused: 'paused', canceled: 'canceled' } as const

export function toySubscriptions ({ bug, call, first, wireAmount, moneyOf }: ToyClient) {
  const planOf = (plan: WirePlan): PlanSnapshot => ({
    providerReference: plan.id, reference: plan.reference, amount: moneyOf(plan.amount, plan.currency), interval: (bug === 'weekly_plan' ? 'week' : plan.every) as Interval, intervalCount: plan.times
  })

  const subscriptionOf = (subscription: WireSubscription): SubscriptionSnapshot => ({
    providerReference: subscription.id,
    reference: subscription.reference,
    status: (bug === 'starts_unpaid' && subscription.pay_url !== undefined) || (bug === 'refused_is_active' && subscription.error !== undefined) ? 'active' : states[subscription.state],
    providerStatus: subscription.state,
    currentPeriodStart: new Date(subscription.start),
    currentPeriodEnd: new Date(subscription.end),
    cancelAtPeriodEnd: subscription.ends_with_period,
    ...subscription.canceled !== undefined && { canceledAt: new Date(subscription.canceled) },
    ...subscription.trial_end !== undefined && { trialEndsAt: new Date(subscription.trial_end) },
    ...subscription.pay_url !== undefined && { nextAction: { type: 'redirect' as const, url: subscription.pay_url } },
    ...subscription.error !== undefined && { error: { code: 'insufficient_funds' as const, providerCode: subscription.error } }
  })

  const cycleOf = (period: WirePeriod): CycleSnapshot => ({
    providerReference: period.id,
    subscriptionProviderReference: period.subscription,
    status: period.state,
    amount: moneyOf(period.amount, period.currency),
    periodStart: new Date(period.start),
    periodEnd: new Date(period.end),
    ...period.payment !== undefined && bug !== 'periods_without_payment' && { paymentProviderReference: period.payment },
    attempts: period.tries
  })

  const act = async (context: ConnectionContext, id: string, verb: string, body: object, key?: string) => await call(context, 'POST', `/v1/subscriptions/${encodeURIComponent(id)}/${verb}`, body, key) as WireSubscription
  const read = async (context: ConnectionContext, id: string) => await call(context, 'GET', bug === 'any_subscription' ? '/v1/subscriptions/any' : `/v1/subscriptions/${encodeURIComponent(id)}`) as WireSubscription

  return {
    createPlan: async (context, input) => planOf(await call(context, 'POST', '/v1/plans', { amount: wireAmount(input.amount), currency: input.amount.currency, every: input.interval, times: input.intervalCount, reference: input.reference }, input.idempotencyKey) as WirePlan),
    async findPlan (context, { reference }) {
      const found = await first<WirePlan>(context, '/v1/plans', bug === 'finds_any_plan' ? undefined : reference)
      return found && planOf(found)
    },
    createSubscription: async (context, input) => subscriptionOf(await call(context, 'POST', '/v1/subscriptions', {
      customer: input.customerProviderReference,
      plan: input.planProviderReference,
      method: input.methodProviderReference,
      quantity: bug === 'drops_quantity' ? 1 : input.quantity,
      trial_days: bug === 'trial_forgotten' ? undefined : input.trialDays,
      reference: input.reference,
      nameless: bug === 'nameless_period_payment',
      any_method: bug === 'lends_methods'
    }, input.idempotencyKey) as WireSubscription),
    getSubscription: async (context, id) => subscriptionOf(await read(context, id)),
    async findSubscription (context, { reference }) {
      if (bug === 'subscription_never_found') return undefined
      const found = await first<WireSubscription>(context, '/v1/subscriptions', bug === 'finds_any_subscription' ? undefined : reference)
      return found && subscriptionOf(found)
    },
    updateSubscription: async (context, input) => subscriptionOf(await act(context, input.providerReference, 'change', { quantity: input.quantity, plan: input.planProviderReference, now: input.proration === 'prorate' || bug === 'prorates_always' }, input.idempotencyKey)),
    async previewUpdate (context, input) {
      const { lines, due, currency } = await call(context, 'POST', `/v1/subscriptions/${input.providerReference}/${bug === 'preview_changes' ? 'preview_and_bill' : 'preview'}`, { quantity: input.quantity }) as { due: number, currency: string, lines: { text: string, amount: number, extra: boolean }[] }
      const told = lines.map(({ text, amount, extra }) => ({ description: text, amount: moneyOf(amount, currency).amount, proration: extra }))
      return { amountDue: moneyOf(due, currency), prorated: told.filter(({ proration }) => proration).reduce((sum, { amount }) => sum + amount, 0), lines: told }
    },
    async cancelSubscription (context, { providerReference: id, at, idempotencyKey }) {
      if (at === 'period_end' && bug !== 'cancels_at_once') return subscriptionOf(await act(context, id, bug === 'never_stops' ? 'pretend_end' : 'end', {}, idempotencyKey))
      try {
        return subscriptionOf(await act(context, id, 'cancel', {}, idempotencyKey))
      } catch (error) {
        const there = error instanceof ProviderError && error.code === 'invalid_state' && bug !== 'cancels_once' ? await read(context, id) : undefined
        if (there?.state !== 'canceled') throw error
        return subscriptionOf(there)
      }
    },
    pauseSubscription: async (context, { providerReference: id, idempotencyKey }) => bug === 'pauses_nothing' ? { ...subscriptionOf(await read(context, id)), status: 'paused' } : subscriptionOf(await act(context, id, 'pause', {}, idempotencyKey)),
    resumeSubscription: async (context, { providerReference: id, idempotencyKey }) => subscriptionOf(await act(context, id, 'resume', {}, idempotencyKey)),
    async listCycles (context, id) {
      const { data } = await call(context, 'GET', `/v1/subscriptions/${encodeURIComponent(id)}/periods`) as { data: WirePeriod[] }
      return (bug === 'oldest_first' ? data : data.toReversed()).map(cycleOf)
    }
  } satisfies Partial<PaymentsFamily>
}
