import { type ConnectionContext, type CreatePlanInput, type CycleSnapshot, type Interval, type NextAction, type PaymentsFamily, type PlanSnapshot, ProviderError, type SubscriptionSnapshot, type SubscriptionStatus } from '../../core/adapter/index.ts'
import { moneyOf, onWire } from './amounts.ts'
import { dateOf, ifThere, neverHeardOf, oursIn, orDone, refusal, strange, wireTime } from './asking.ts'
import { failureOf } from './errors.ts'
import { news } from './finding.ts'
import { get, post, segment } from './http.ts'
import type { Plan, Subscription, SubscriptionTransaction } from './objects.ts'
import { captureName } from './wire.ts'

/** Source: OpenAPI documents of catalogs v1 and billing subscriptions v1 (2024-02), read 2026-11-21. */
export const subscriptions = {
  /** Each plan has a product of its own, whose id is ours: by it the plan is found again. */
  createPlan: async (context, input) => {
    const params = planParams(input)
    await orDone<unknown>(() => post(context, '/v1/catalogs/products', { id: input.reference, name: input.name.slice(0, 127), type: 'SERVICE' }, `${input.idempotencyKey}-product`),
      () => get(context, `/v1/catalogs/products/${segment(input.reference)}`))
    return planOf(await post<Plan>(context, '/v1/billing/plans', params, input.idempotencyKey), input.reference)
  },

  findPlan: async (context, { reference }) => {
    const told = await ifThere(() => get<{ plans?: { id: string }[] }>(context, '/v1/billing/plans', { product_id: reference, page_size: 20, page: 1 }))
    const [found] = told?.plans ?? []
    // The list tells no prices.
    return found === undefined ? undefined : planOf(await readPlan(context, found.id), reference)
  },

  /** The payer agrees on PayPal's page: it takes no kept method. */
  createSubscription: async (context, input) => {
    if (input.methodProviderReference !== undefined) throw refusal('payment_method', 'a subscription of PayPal’s is agreed to by the payer on its page', 'unsupported')
    const start = await trialEnd(context, input)
    const pages = input.returnUrl ?? String(context.settings.return_url)
    const brand = context.settings.brand_name
    return subscriptionOf(must(await post<Subscription>(context, '/v1/billing/subscriptions', {
      plan_id: input.planProviderReference,
      custom_id: input.reference,
      ...(input.quantity !== 1 && { quantity: String(input.quantity) }),
      ...(start !== undefined && { start_time: wireTime(start) }),
      application_context: { return_url: pages, cancel_url: pages, user_action: 'SUBSCRIBE_NOW', shipping_preference: 'NO_SHIPPING', ...(typeof brand === 'string' && brand !== '' && { brand_name: brand }) }
    }, input.idempotencyKey)), context.now())
  },

  getSubscription: async (context, providerReference) => told(context, await read(context, providerReference)),

  /** There is no list of subscriptions: what PayPal told of their making is looked through. */
  findSubscription: async (context, lookup) => {
    const found = (await news(context, lookup, 'BILLING.SUBSCRIPTION.CREATED')).find(({ resource }) => resource?.custom_id === lookup.reference)
    const id = found?.resource?.id
    return id === undefined ? undefined : told(context, await read(context, id))
  },

  cancelSubscription: async (context, { providerReference, at }) => {
    if (at === 'period_end') throw refusal('at', 'PayPal ends a subscription at once', 'unsupported')
    return change(context, providerReference, 'cancel', 'canceled')
  },

  pauseSubscription: async (context, { providerReference }) => change(context, providerReference, 'suspend', 'paused'),

  resumeSubscription: async (context, { providerReference }) => change(context, providerReference, 'activate', 'active', 'trialing', 'past_due'),

  listCycles: async (context, subscriptionProviderReference) => cyclesOf(context, await read(context, subscriptionProviderReference))
} satisfies Partial<PaymentsFamily>

const units: Record<Interval, string> = { day: 'DAY', week: 'WEEK', month: 'MONTH', year: 'YEAR' }
/** How many of a unit PayPal takes: a year in all. */
const unitLimits: Record<Interval, number> = { day: 365, week: 52, month: 12, year: 1 }

function planParams (input: CreatePlanInput): object {
  if (input.intervalCount > unitLimits[input.interval]) throw refusal('interval_count', `PayPal bills every ${unitLimits[input.interval]} ${input.interval}s at most`, 'unsupported')
  const price = onWire(input.amount)
  const trial = input.trialDays !== undefined && input.trialDays > 0
    ? [{ tenure_type: 'TRIAL', sequence: 1, total_cycles: 1, frequency: { interval_unit: 'DAY', interval_count: input.trialDays } }]
    : []
  return {
    product_id: input.reference,
    name: input.name.slice(0, 127),
    status: 'ACTIVE',
    quantity_supported: true,
    billing_cycles: [...trial, { tenure_type: 'REGULAR', sequence: trial.length + 1, total_cycles: 0, frequency: { interval_unit: units[input.interval], interval_count: input.intervalCount }, pricing_scheme: { fixed_price: price } }],
    payment_preferences: { auto_bill_outstanding: true, payment_failure_threshold: 3 }
  }
}

async function readPlan (context: ConnectionContext, id: string): Promise<Plan> {
  return get<Plan>(context, `/v1/billing/plans/${segment(id)}`)
}

const cycleOf = (plan: Plan, tenure: string) => plan.billing_cycles?.find(({ tenure_type: type }) => type === tenure)

function planOf (plan: Plan, reference: string): PlanSnapshot {
  const regular = cycleOf(plan, 'REGULAR')
  if (typeof plan.id !== 'string' || regular === undefined) throw strange('not a plan')
  const { interval_unit: unit, interval_count: count = 1 } = regular.frequency
  const interval = (Object.keys(units) as Interval[]).find(name => units[name] === unit)
  if (interval === undefined) throw neverHeardOf(unit)
  return { providerReference: plan.id, reference, amount: moneyOf(regular.pricing_scheme?.fixed_price), interval, intervalCount: count }
}

/** Free days that the plan has not itself are a later beginning. */
async function trialEnd (context: ConnectionContext, { planProviderReference, trialDays }: { planProviderReference: string, trialDays?: number }): Promise<Date | undefined> {
  if (trialDays === undefined || trialDays === 0) return undefined
  const planned = cycleOf(await readPlan(context, planProviderReference), 'TRIAL')
  if (planned === undefined) return new Date(context.now().getTime() + trialDays * 86_400_000)
  if (planned.frequency.interval_unit !== 'DAY' || (planned.frequency.interval_count ?? 1) * (planned.total_cycles ?? 1) !== trialDays) throw refusal('trial_days', 'its plan has other free days', 'unsupported')
  return undefined
}

// --- subscriptions ---------------------------------------------------------------------------------------------------

const path = (id: string): string => `/v1/billing/subscriptions/${segment(id)}`

const read = async (context: ConnectionContext, id: string): Promise<Subscription> => must(await get<Subscription>(context, path(id)))

function must (subscription: Subscription): Subscription {
  if (typeof subscription.id !== 'string' || typeof subscription.status !== 'string') throw strange('not a subscription')
  return subscription
}

async function change (context: ConnectionContext, id: string, verb: 'cancel' | 'suspend' | 'activate', ...wanted: SubscriptionStatus[]): Promise<SubscriptionSnapshot> {
  const there = async () => {
    const now = await read(context, id)
    return wanted.includes(statusOf(now, context.now())) ? now : undefined
  }
  await orDone<unknown>(() => post(context, `${path(id)}/${verb}`, { reason: 'Pasarela' }), there)
  return told(context, await read(context, id))
}

/** With its latest period, which stands in a list of its own. */
async function told (context: ConnectionContext, subscription: Subscription): Promise<SubscriptionSnapshot> {
  const snapshot = subscriptionOf(subscription, context.now())
  const [latest] = subscription.billing_info?.last_payment === undefined && subscription.billing_info?.last_failed_payment === undefined ? [] : await cyclesOf(context, subscription)
  return latest === undefined ? snapshot : { ...snapshot, latestCycle: latest }
}

function subscriptionOf (subscription: Subscription, now: Date): SubscriptionSnapshot {
  const status = statusOf(subscription, now)
  const { billing_info: billing } = subscription
  const reference = oursIn(subscription.custom_id)
  const approve = subscription.links?.find(({ rel }) => rel === 'approve')?.href
  const nextAction: NextAction | undefined = status === 'incomplete' && approve !== undefined ? { type: 'redirect', url: approve } : undefined
  const next = dateOf(billing?.next_billing_time)
  const failed = billing?.last_failed_payment?.reason_code
  const dates = {
    currentPeriodStart: dateOf(billing?.last_payment?.time) ?? dateOf(subscription.start_time),
    currentPeriodEnd: next,
    canceledAt: status === 'canceled' ? dateOf(subscription.status_update_time) : undefined,
    trialEndsAt: status === 'trialing' ? next ?? dateOf(subscription.start_time) : undefined
  }
  return {
    providerReference: subscription.id,
    ...(reference !== undefined && { reference }),
    status,
    providerStatus: subscription.status,
    cancelAtPeriodEnd: false,
    ...Object.fromEntries(Object.entries(dates).filter(([, at]) => at !== undefined)),
    ...(nextAction !== undefined && { nextAction }),
    ...(status === 'past_due' && failed !== undefined && { error: failureOf(failed) })
  }
}

/** Active says nothing of money: a period may be owed, or free. */
function statusOf ({ status, start_time: start, billing_info: billing }: Subscription, now: Date): SubscriptionStatus {
  switch (status) {
    case 'APPROVAL_PENDING':
    case 'APPROVED': return 'incomplete'
    case 'ACTIVE': {
      if ((billing?.failed_payments_count ?? 0) > 0) return 'past_due'
      const trial = billing?.cycle_executions?.find(({ tenure_type: type }) => type === 'TRIAL')
      const regular = billing?.cycle_executions?.find(({ tenure_type: type }) => type === 'REGULAR')
      const begins = dateOf(start)
      return (trial !== undefined && (regular?.cycles_completed ?? 0) === 0 && billing?.last_payment === undefined) || (begins !== undefined && begins > now) ? 'trialing' : 'active'
    }
    case 'SUSPENDED': return 'paused'
    case 'CANCELLED': return 'canceled'
    case 'EXPIRED': return 'expired'
    default: throw neverHeardOf(status)
  }
}

const cyclesAtMost = 100
const transactionStatuses: Record<string, CycleSnapshot['status']> = { COMPLETED: 'paid', PARTIALLY_REFUNDED: 'paid', REFUNDED: 'paid', PENDING: 'open', DECLINED: 'open' }

/** Its transactions, newest first. A period goes on until the next, the newest until the next bill. */
async function cyclesOf (context: ConnectionContext, subscription: Subscription): Promise<CycleSnapshot[]> {
  // Whose clock is ahead is not asked.
  const until = Math.max(context.now().getTime(), dateOf(subscription.billing_info?.last_payment?.time)?.getTime() ?? 0) + 86_400_000
  const { transactions = [] } = await get<{ transactions?: SubscriptionTransaction[] }>(context, `${path(subscription.id)}/transactions`, { start_time: milliseconds(subscription.create_time ?? subscription.start_time), end_time: wireTime(new Date(until)).replace('Z', '.000Z') })
  const newest = transactions.toSorted((a, b) => Date.parse(b.time) - Date.parse(a.time)).slice(0, cyclesAtMost)
  return newest.map((transaction, index) => {
    const status = Object.hasOwn(transactionStatuses, transaction.status) ? transactionStatuses[transaction.status] : undefined
    if (status === undefined) throw neverHeardOf(transaction.status)
    const [periodStart, periodEnd] = [dateOf(transaction.time), index === 0 ? dateOf(subscription.billing_info?.next_billing_time) : dateOf(newest[index - 1]?.time)]
    const retry = index === 0 ? dateOf(subscription.billing_info?.last_failed_payment?.next_payment_retry_time) : undefined
    return {
      providerReference: transaction.id,
      subscriptionProviderReference: subscription.id,
      status,
      amount: moneyOf(transaction.amount_with_breakdown?.gross_amount),
      ...(periodStart !== undefined && { periodStart }),
      ...(periodEnd !== undefined && { periodEnd }),
      paymentProviderReference: captureName(transaction.id),
      attempts: 1,
      ...(status === 'open' && retry !== undefined && { nextAttemptAt: retry }),
      ...(transaction.status === 'DECLINED' && { error: failureOf(subscription.billing_info?.last_failed_payment?.reason_code) })
    }
  })
}

function milliseconds (text: string | undefined): string {
  const date = dateOf(text)
  if (date === undefined) throw new ProviderError({ code: 'unknown', reached: 'unknown', providerMessage: 'a subscription without a beginning' })
  return wireTime(date).replace('Z', '.000Z')
}
