import {
  type ConnectionContext, type CreatePlanInput, type CreateSubscriptionInput, type CycleSnapshot, type PaymentsFamily, type PlanSnapshot, ProviderError, type SubscriptionSnapshot, type SubscriptionStatus,
  type UpdateSubscriptionInput
} from '../../core/adapter/index.ts'
import { moneyOf, partOnWire } from './amounts.ts'
import { dateOf, every, neverHeardOf, orDone, refusal } from './asking.ts'
import { failureOf } from './errors.ts'
import { get, post, put, segment } from './http.ts'
import type { ConektaEvent, Order, Plan, Subscription } from './objects.ts'
import { readOrder } from './orders.ts'
import { chargeOf, snapshotOf } from './wire.ts'

/**
 * Plans and subscriptions. A subscription of Conekta's carries nothing of ours (no metadata, no quantity), but a plan's id may be
 * chosen: so each subscription has a plan of its own, named after it (`sub_…-2-3f9a2c1b`: which, how many, of which plan). Thereby it
 * is found again, its payments are known as its own, and a quantity is possible.
 * Source: OpenAPI 2.3.0, schemas plan_request, subscription_request and subscription_response, read 2026-11-21.
 */
export const subscriptions = {
  createPlan: async (context, input) => planOf(await makePlan(context, planParams(input)), input.reference),

  findPlan: async (context, { reference }) => {
    const plan = await readPlan(context, reference)
    return plan === undefined ? undefined : planOf(plan, reference)
  },

  createSubscription: async (context, input) => {
    if (input.methodProviderReference === undefined) throw refusal('payment_method', 'a subscription of Conekta’s is paid by a saved card')
    const known = await find(context, input)
    if (known !== undefined) return told(context, known)
    const own = await ownPlan(context, input)
    return told(context, must(await post<Subscription>(context, pathOf(input.customerProviderReference), { plan_id: own, card_id: input.methodProviderReference })))
  },

  getSubscription: async (context, providerReference) => told(context, await read(context, providerReference)),

  findSubscription: async (context, { reference, customerProviderReference }) => {
    if (customerProviderReference === undefined) throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown', providerMessage: 'subscriptions are listed by customer' })
    const found = await find(context, { reference, customerProviderReference })
    return found === undefined ? undefined : told(context, found)
  },

  updateSubscription: async (context, input) => {
    if (input.proration === 'prorate' && (input.quantity !== undefined || input.planProviderReference !== undefined)) throw refusal('proration', 'Conekta charges a change from the next period', 'unsupported')
    const before = await read(context, input.providerReference)
    const plan = await changedPlan(context, input, before)
    const body = { ...(plan !== undefined && { plan_id: plan }), ...(input.methodProviderReference !== undefined && { card_id: input.methodProviderReference }) }
    if (Object.keys(body).length === 0) return told(context, before)
    return told(context, must(await put<Subscription>(context, onePath(input.providerReference), body)))
  },

  cancelSubscription: async (context, { providerReference, at }) => {
    if (at === 'period_end') throw refusal('at', 'Conekta ends a subscription at once', 'unsupported')
    return change(context, providerReference, 'cancel', 'canceled')
  },

  pauseSubscription: async (context, { providerReference }) => change(context, providerReference, 'pause', 'paused'),

  resumeSubscription: async (context, { providerReference }) => change(context, providerReference, 'resume', 'active', 'trialing', 'past_due'),

  /** What was charged, from the subscription's own events: each says which order paid which period. */
  listCycles: async (context, subscriptionProviderReference) => {
    const now = await read(context, subscriptionProviderReference)
    const events = await every<ConektaEvent>(context, `${onePath(subscriptionProviderReference)}/events`)
    const states = [now, ...events.flatMap(({ data }) => data?.object?.object === 'subscription' ? [data.object as unknown as Subscription] : [])]
    const byOrder = new Map<string, Subscription>()
    // The earliest state that names an order is the period that it pays.
    for (const state of states) {
      const order = state.last_billing_cycle_order_id
      if (order && (state.billing_cycle_start ?? 0) <= (byOrder.get(order)?.billing_cycle_start ?? Infinity)) byOrder.set(order, state)
    }
    const cycles = await Promise.all([...byOrder].map(async ([order, state]) => cycleOf(await readOrder(context, order), state, subscriptionProviderReference)))
    return cycles.toSorted((a, b) => (b.periodStart?.getTime() ?? 0) - (a.periodStart?.getTime() ?? 0)).slice(0, cyclesAtMost)
  }
} satisfies Partial<PaymentsFamily>

const cyclesAtMost = 100

/** Our subscription's id, of an order that Conekta made for one of its periods. */
export async function subscriptionOfOrder (context: ConnectionContext, order: Order): Promise<string | undefined> {
  const customer = order.customer_info!.customer_id!
  const ours = (await every<Subscription>(context, pathOf(customer))).filter(({ plan_id: plan }) => ownPlanId.test(plan))
  for (const subscription of ours) {
    if (subscription.last_billing_cycle_order_id === order.id) return referenceOf(subscription)
  }
  for (const subscription of ours) {
    const events = await every<ConektaEvent>(context, `${pathOf(customer)}/${segment(subscription.id)}/events`)
    if (events.some(({ data }) => data?.object?.last_billing_cycle_order_id === order.id)) return referenceOf(subscription)
  }
  return undefined
}

// --- plans -----------------------------------------------------------------------------------------------------------

const intervals = new Set<string>(['week', 'month', 'year'])

function planParams (input: CreatePlanInput): object {
  if (!intervals.has(input.interval)) throw refusal('interval', 'Conekta charges by the week, the month or the year', 'unsupported')
  return {
    id: input.reference,
    name: input.name,
    amount: partOnWire(input.amount),
    currency: input.amount.currency,
    interval: input.interval,
    frequency: input.intervalCount,
    ...(input.trialDays !== undefined && input.trialDays > 0 && { trial_period_days: input.trialDays })
  }
}

/** One of this id that is there already is the one that was asked for: nobody else writes ids like ours. */
async function makePlan (context: ConnectionContext, params: object): Promise<Plan> {
  return orDone(async () => mustBePlan(await post<Plan>(context, '/plans', params)), () => readPlan(context, (params as { id: string }).id))
}

async function readPlan (context: ConnectionContext, id: string): Promise<Plan | undefined> {
  try {
    return mustBePlan(await get<Plan>(context, `/plans/${segment(id)}`))
  } catch (thrown) {
    if (thrown instanceof ProviderError && thrown.code === 'not_found') return undefined
    throw thrown
  }
}

function mustBePlan (plan: Plan): Plan {
  if (plan.object !== 'plan' || typeof plan.id !== 'string' || typeof plan.amount !== 'number') throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown' })
  return plan
}

function planOf (plan: Plan, reference: string): PlanSnapshot {
  const interval = plan.interval === 'week' || plan.interval === 'month' || plan.interval === 'year' ? plan.interval : undefined
  if (interval === undefined) throw neverHeardOf(plan.interval)
  return { providerReference: plan.id, reference, amount: moneyOf(plan.amount, plan.currency), interval, intervalCount: plan.frequency }
}

const ownPlanId = /^(sub_[0-9a-f]{32})-(\d{1,9})-/

const ownPlanName = (reference: string, quantity: number, plan: string): string => `${reference}-${quantity}-${plan.slice(-8)}`

/** The subscription's own plan, made of the tenant's. */
async function ownPlan (context: ConnectionContext, { reference, quantity, planProviderReference, trialDays }: Pick<CreateSubscriptionInput, 'reference' | 'quantity' | 'planProviderReference' | 'trialDays'>): Promise<string> {
  const plan = await readPlan(context, planProviderReference)
  if (plan === undefined) throw new ProviderError({ code: 'not_found', reached: 'answered', param: 'plan', providerCode: 'plan' })
  return (await copied(context, plan, ownPlanName(reference, quantity, planProviderReference), plan.amount * quantity, trialDays ?? plan.trial_period_days ?? 0)).id
}

async function copied (context: ConnectionContext, plan: Plan, id: string, amount: number, trialDays: number): Promise<Plan> {
  return makePlan(context, {
    id, name: plan.name, amount: partOnWire({ amount, currency: plan.currency }), currency: plan.currency, interval: plan.interval, frequency: plan.frequency, ...(trialDays > 0 && { trial_period_days: trialDays })
  })
}

/** Another plan, another quantity, or both. Undefined: neither. */
async function changedPlan (context: ConnectionContext, input: UpdateSubscriptionInput, { plan_id: current }: Subscription): Promise<string | undefined> {
  if (input.planProviderReference === undefined && input.quantity === undefined) return undefined
  const [, , many = '1'] = ownPlanId.exec(current) ?? []
  const before = Number(many)
  const quantity = input.quantity ?? before
  if (input.planProviderReference !== undefined) return ownPlan(context, { reference: input.reference, quantity, planProviderReference: input.planProviderReference, trialDays: 0 })
  const plan = await readPlan(context, current)
  if (plan === undefined) throw new ProviderError({ code: 'not_found', reached: 'answered', providerCode: 'plan' })
  return (await copied(context, plan, ownPlanName(input.reference, quantity, current), plan.amount / before * quantity, 0)).id
}

// --- subscriptions ---------------------------------------------------------------------------------------------------

/** Conekta asks for a subscription within its customer: both are its name to us. */
const nameOf = ({ customer_id: customer, id }: Subscription): string => `${customer}/${id}`
const pathOf = (customer: string): string => `/customers/${segment(customer)}/subscriptions`

function onePath (providerReference: string): string {
  const [customer = '', id = ''] = providerReference.split('/')
  return `${pathOf(customer)}/${segment(id)}`
}

const read = async (context: ConnectionContext, providerReference: string): Promise<Subscription> => must(await get<Subscription>(context, onePath(providerReference)))

function must (subscription: Subscription): Subscription {
  if (subscription.object !== 'subscription' || typeof subscription.id !== 'string' || typeof subscription.customer_id !== 'string') throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown' })
  return subscription
}

async function find (context: ConnectionContext, { reference, customerProviderReference }: { reference: string, customerProviderReference: string }): Promise<Subscription | undefined> {
  const listed = await every<Subscription>(context, pathOf(customerProviderReference))
  return listed.find(subscription => referenceOf(subscription) === reference)
}

function referenceOf ({ plan_id: plan }: Pick<Subscription, 'plan_id'>): string | undefined {
  return ownPlanId.exec(plan)?.[1]
}

/** What the state is that was asked for, it need not be asked for again. */
async function change (context: ConnectionContext, providerReference: string, verb: 'cancel' | 'pause' | 'resume', ...wanted: SubscriptionStatus[]): Promise<SubscriptionSnapshot> {
  const there = async () => {
    const now = await read(context, providerReference)
    return wanted.includes(statusOf(now)) ? now : undefined
  }
  return told(context, must(await orDone(() => post<Subscription>(context, `${onePath(providerReference)}/${verb}`), there)))
}

/** With its latest period, which another object holds. */
async function told (context: ConnectionContext, subscription: Subscription): Promise<SubscriptionSnapshot> {
  const { last_billing_cycle_order_id: order } = subscription
  return subscriptionOf(subscription, order ? await readOrder(context, order) : undefined)
}

/** A subscription in our words. `order`: of its latest period, where it is known. */
export function subscriptionOf (subscription: Subscription, order?: Order): SubscriptionSnapshot {
  const status = statusOf(subscription)
  const reference = referenceOf(subscription)
  const cycle = order === undefined ? undefined : cycleOf(order, subscription, nameOf(subscription))
  const dates = { currentPeriodStart: dateOf(subscription.billing_cycle_start), currentPeriodEnd: dateOf(subscription.billing_cycle_end), canceledAt: dateOf(subscription.canceled_at), trialEndsAt: dateOf(subscription.trial_end) }
  return {
    providerReference: nameOf(subscription),
    ...(reference !== undefined && { reference }),
    status,
    providerStatus: subscription.status,
    cancelAtPeriodEnd: false,
    ...Object.fromEntries(Object.entries(dates).filter(([, at]) => at !== undefined)),
    ...(cycle !== undefined && { latestCycle: cycle }),
    ...(cycle?.error !== undefined && { error: cycle.error })
  }
}

/** Source: facts section 2.2 and the subscription pages of the documentation; `past_due` before anything was paid is a first payment that never came. */
function statusOf (subscription: Subscription): SubscriptionStatus {
  switch (subscription.status) {
    case 'in_trial': return 'trialing'
    case 'active': return 'active'
    case 'past_due': return subscription.charge_id ? 'past_due' : 'incomplete'
    case 'paused': return 'paused'
    case 'unpaid': return 'unpaid'
    case 'canceled':
    case 'cancelled': return 'canceled'
    case 'expired': return 'expired'
    default: throw neverHeardOf(subscription.status)
  }
}

function cycleOf (order: Order, state: Subscription, subscriptionProviderReference: string): CycleSnapshot {
  const payment = snapshotOf(order)
  const charge = chargeOf(order)
  const [periodStart, periodEnd] = [dateOf(state.billing_cycle_start), dateOf(state.billing_cycle_end)]
  return {
    providerReference: order.id,
    subscriptionProviderReference,
    status: payment.status === 'succeeded' ? 'paid' : payment.status === 'canceled' || payment.status === 'expired' ? 'void' : 'open',
    amount: moneyOf(order.amount, order.currency),
    ...(periodStart !== undefined && { periodStart }),
    ...(periodEnd !== undefined && { periodEnd }),
    paymentProviderReference: order.id,
    attempts: order.charges?.data.length ?? 0,
    ...(payment.status !== 'succeeded' && charge !== undefined && charge.status === 'declined' && { error: failureOf(charge) })
  }
}
