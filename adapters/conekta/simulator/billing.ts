import { addCharge, createOrder, list, tell } from './books.ts'
import { type Account, invalid, type Json, missing, notFound, Refusal, type World } from './world.ts'

/** Plans and subscriptions. Written from the OpenAPI document 2.3.0, schemas plan_request, subscription_request and subscription_response. */

const dayS = 86_400

export function createPlan (world: World, account: Account, asked: Json): Json {
  if (!Number.isInteger(asked.amount) || asked.amount < 1) throw invalid('amount', 'invalid')
  if (!Number.isInteger(asked.frequency) || asked.frequency < 1) throw invalid('frequency', 'invalid')
  if (!['week', 'half_month', 'month', 'year'].includes(asked.interval)) throw invalid('interval', 'invalid')
  if (typeof asked.name !== 'string') throw missing('name')
  const id = asked.id ?? world.id('plan_')
  if (account.plans.some(plan => plan.id === id)) throw new Refusal(422, 'parameter_validation.plan.id_collission', 'There is a plan of this id.', { param: 'id' })
  const plan = {
    id, object: 'plan', livemode: account.livemode, created_at: world.now(), name: asked.name, amount: asked.amount, currency: asked.currency ?? 'MXN', interval: asked.interval, frequency: asked.frequency,
    expiry_count: asked.expiry_count ?? null, trial_period_days: asked.trial_period_days ?? null
  }
  account.plans.push(plan)
  tell(world, account, 'plan.created', plan)
  return plan
}

export function createSubscription (world: World, account: Account, customer: Json, asked: Json): Json {
  const plan = account.plans.find(({ id }) => id === asked.plan_id)
  if (plan === undefined) throw new Refusal(422, 'parameter_validation.plan_id.not_found', 'There is no such plan.', { param: 'plan_id' })
  const card = sourceOf(customer, asked.card_id ?? customer.default_payment_source_id)
  const trialEnd = asked.trial_end ?? (plan.trial_period_days > 0 ? world.now() + plan.trial_period_days * dayS : null)
  const subscription: Json = {
    id: world.id('sub_'), object: 'subscription', status: trialEnd === null ? 'active' : 'in_trial', plan_id: plan.id, customer_id: customer.id, card_id: card, charge_id: null, created_at: world.now(), subscription_start: world.now(),
    billing_cycle_start: world.now(), billing_cycle_end: trialEnd ?? endOf(plan, world.now()), canceled_at: null, paused_at: null, trial_start: trialEnd === null ? null : world.now(), trial_end: trialEnd
  }
  account.subscriptions.push(subscription)
  tell(world, account, 'subscription.created', subscription)
  if (trialEnd === null) bill(world, account, subscription, plan)
  return subscription
}

export function sourceOf (customer: Json, id: unknown): string {
  if (!customer.payment_sources.data.some((source: Json) => source.id === id)) throw new Refusal(422, 'parameter_validation.card_id.not_found', 'The customer has no such card.', { param: 'card_id' })
  return id as string
}

/** A period's claim: an order that Conekta makes itself, without any metadata. */
function bill (world: World, account: Account, subscription: Json, plan: Json): void {
  const order = createOrder(world, account, { currency: plan.currency, customer_info: { customer_id: subscription.customer_id }, line_items: [{ name: plan.name.padEnd(3, '.'), unit_price: plan.amount, quantity: 1 }] })
  subscription.last_billing_cycle_order_id = order.id
  try {
    subscription.charge_id = addCharge(world, account, order, { payment_method: { type: 'card', payment_source_id: subscription.card_id } }).id
    subscription.status = 'active'
    tell(world, account, 'subscription.paid', subscription)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    subscription.status = 'past_due'
    tell(world, account, 'subscription.payment_failed', subscription)
  }
}

function endOf ({ interval, frequency }: Json, from: number): number {
  const at = new Date(from * 1000)
  if (interval === 'month') at.setUTCMonth(at.getUTCMonth() + frequency)
  else if (interval === 'year') at.setUTCFullYear(at.getUTCFullYear() + frequency)
  else at.setUTCDate(at.getUTCDate() + frequency * (interval === 'week' ? 7 : 15))
  return Math.floor(at.getTime() / 1000)
}

/** What is due by now is billed. */
export function billDue (world: World, account: Account): void {
  for (const subscription of account.subscriptions) {
    const plan = account.plans.find(({ id }) => id === subscription.plan_id)!
    while (['active', 'in_trial'].includes(subscription.status) && subscription.billing_cycle_end <= world.now()) {
      subscription.billing_cycle_start = subscription.billing_cycle_end
      subscription.billing_cycle_end = endOf(plan, subscription.billing_cycle_start)
      bill(world, account, subscription, plan)
    }
  }
}

export function changeSubscription (world: World, account: Account, subscription: Json, verb: string): Json {
  const now = world.now()
  switch (verb) {
    case 'cancel':
      if (subscription.status === 'canceled') throw wrongState('cannot_be_canceled')
      Object.assign(subscription, { status: 'canceled', canceled_at: now, canceled_reason: 'user_cancelation' })
      break
    case 'pause':
      if (!['active', 'past_due'].includes(subscription.status)) throw wrongState('cannot_be_paused')
      Object.assign(subscription, { status: 'paused', paused_at: now })
      break
    case 'resume':
      if (subscription.status !== 'paused') throw wrongState('cannot_be_resumed')
      Object.assign(subscription, { status: 'active', paused_at: null })
      break
    default: throw notFound()
  }
  tell(world, account, `subscription.${verb === 'cancel' ? 'canceled' : `${verb}d`}`, subscription)
  return subscription
}

const wrongState = (code: string) => new Refusal(422, `parameter_validation.subscription.${code}`, 'Its state does not allow this.')

export function updateSubscription (account: Account, customer: Json, subscription: Json, asked: Json): Json {
  if (asked.plan_id !== undefined && !account.plans.some(({ id }) => id === asked.plan_id)) throw new Refusal(422, 'parameter_validation.plan_id.not_found', 'There is no such plan.', { param: 'plan_id' })
  if (asked.card_id !== undefined) sourceOf(customer, asked.card_id)
  Object.assign(subscription, asked)
  return subscription
}

export function createCustomer (world: World, account: Account, asked: Json): Json {
  for (const field of ['name', 'email', 'phone']) if (typeof asked[field] !== 'string' || asked[field] === '') throw missing(field)
  if (!/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(asked.email)) throw invalid('email', 'invalid')
  const customer = {
    livemode: account.livemode, name: asked.name, email: asked.email, phone: asked.phone, corporate: false, custom_reference: asked.custom_reference ?? '', ...(asked.national_id !== undefined && { national_id: asked.national_id }),
    object: 'customer', id: world.id('cus_'), created_at: world.now(), metadata: { ...asked.metadata }, payment_sources: list(), default_payment_source_id: null
  }
  account.customers.push(customer)
  tell(world, account, 'customer.created', customer)
  return customer
}
