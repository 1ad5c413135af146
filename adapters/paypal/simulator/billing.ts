import { charge } from './orders.ts'
import { type Account, find, invalid, iso, type Json, linksTo, money, tell, units, unprocessable, type World } from './world.ts'

/** Products, plans and subscriptions. Written from the OpenAPI documents of catalogs v1 and billing subscriptions v1. */

export function createProduct (world: World, account: Account, body: Json): Json {
  if (typeof body.name !== 'string' || body.name === '') throw invalid('MISSING_REQUIRED_PARAMETER', '/name')
  if (!['PHYSICAL', 'DIGITAL', 'SERVICE'].includes(body.type)) throw invalid('INVALID_PARAMETER_VALUE', '/type')
  const id = body.id ?? `PROD-${world.id()}`
  if (account.products.some(product => product.id === id)) throw unprocessable('DUPLICATE_RESOURCE_IDENTIFIER', { field: '/id' })
  const product = { id, name: body.name, type: body.type, create_time: iso(world.now()), update_time: iso(world.now()), links: linksTo(world, `/v1/catalogs/products/${String(id)}`) }
  account.products.push(product)
  return product
}

export function createPlan (world: World, account: Account, body: Json): Json {
  find(account.products, body.product_id)
  const regular = body.billing_cycles?.find(({ tenure_type: type }: Json) => type === 'REGULAR')
  if (regular === undefined || typeof body.name !== 'string' || body.payment_preferences === undefined) throw invalid('MISSING_REQUIRED_PARAMETER', '/billing_cycles')
  units(regular.pricing_scheme?.fixed_price)
  for (const { frequency } of body.billing_cycles) if (!['DAY', 'WEEK', 'MONTH', 'YEAR'].includes(frequency?.interval_unit)) throw invalid('INVALID_PARAMETER_VALUE', '/billing_cycles/0/frequency')
  const id = `P-${world.id()}${world.id().slice(0, 7)}`
  const plan = { ...body, id, status: body.status ?? 'ACTIVE', usage_type: 'LICENSED', create_time: iso(world.now()), update_time: iso(world.now()), links: linksTo(world, `/v1/billing/plans/${id}`) }
  account.plans.push(plan)
  return plan
}

export function createSubscription (world: World, account: Account, body: Json): Json {
  const plan = find(account.plans, body.plan_id)
  if (body.quantity !== undefined && plan.quantity_supported !== true) throw unprocessable('QUANTITY_NOT_SUPPORTED')
  for (const page of ['return_url', 'cancel_url']) if (typeof body.application_context?.[page] !== 'string') throw invalid('MISSING_REQUIRED_PARAMETER', `/application_context/${page}`)
  if (body.start_time !== undefined && Date.parse(body.start_time) < world.now().getTime()) throw unprocessable('INVALID_START_TIME')
  const id = `I-${world.id().slice(0, 12)}`
  const now = iso(world.now())
  const subscription: Json = {
    id, status: 'APPROVAL_PENDING', status_update_time: now, plan_id: plan.id, start_time: body.start_time ?? now, quantity: body.quantity ?? '1', ...(body.custom_id !== undefined && { custom_id: body.custom_id }), create_time: now, update_time: now, plan_overridden: false, transactions: [],
    links: [{ href: `${world.url()}/webapps/billing/subscriptions?ba_token=${id}`, rel: 'approve', method: 'GET' }, { href: `${world.url()}/v1/billing/subscriptions/${id}`, rel: 'self', method: 'GET' }]
  }
  account.subscriptions.push(subscription)
  tell(world, account, 'BILLING.SUBSCRIPTION.CREATED', 'subscription', subscriptionShown(subscription))
  return subscriptionShown(subscription)
}

export const subscriptionShown = ({ transactions: _, trialEnds: __, ...subscription }: Json): Json => subscription

const cycle = (plan: Json, tenure: string): Json | undefined => plan.billing_cycles.find(({ tenure_type: type }: Json) => type === tenure)

export function approveSubscription (world: World, account: Account, subscription: Json): void {
  if (subscription.status !== 'APPROVAL_PENDING') throw new Error(`the subscription is ${String(subscription.status)}`)
  const plan = find(account.plans, subscription.plan_id)
  const trial = cycle(plan, 'TRIAL')
  const begins = Math.max(Date.parse(subscription.start_time), Date.parse(iso(world.now())))
  const free = trial === undefined ? begins : after(new Date(begins), trial.frequency).getTime()
  subscription.status = 'ACTIVE'
  subscription.links = subscription.links.filter(({ rel }: Json) => rel !== 'approve')
  subscription.billing_info = {
    outstanding_balance: money(0, cycle(plan, 'REGULAR')!.pricing_scheme.fixed_price.currency_code), failed_payments_count: 0, next_billing_time: iso(new Date(free)),
    cycle_executions: plan.billing_cycles.map(({ tenure_type: type, sequence, total_cycles: total = 0 }: Json) => ({ tenure_type: type, sequence, cycles_completed: type === 'TRIAL' ? 1 : 0, total_cycles: total }))
  }
  tell(world, account, 'BILLING.SUBSCRIPTION.ACTIVATED', 'subscription', subscriptionShown(subscription))
  billDue(world, account)
}

function after (from: Date, { interval_unit: unit, interval_count: count = 1 }: Json): Date {
  const next = new Date(from)
  if (unit === 'DAY') next.setUTCDate(next.getUTCDate() + count)
  else if (unit === 'WEEK') next.setUTCDate(next.getUTCDate() + 7 * count)
  else if (unit === 'MONTH') next.setUTCMonth(next.getUTCMonth() + count)
  else next.setUTCFullYear(next.getUTCFullYear() + count)
  return next
}

/** Every period whose time has come. */
export function billDue (world: World, account: Account): void {
  for (const subscription of account.subscriptions) {
    if (subscription.status !== 'ACTIVE') continue
    const plan = find(account.plans, subscription.plan_id)
    const regular = cycle(plan, 'REGULAR')!
    while (Date.parse(subscription.billing_info.next_billing_time) <= world.now().getTime()) {
      const due = new Date(subscription.billing_info.next_billing_time)
      const price = regular.pricing_scheme.fixed_price
      const amount = money(units(price) * Number(subscription.quantity), price.currency_code)
      const capture = charge(world, account, amount, subscription.custom_id, subscription.id)
      subscription.transactions.push({ id: capture.id, status: 'COMPLETED', amount_with_breakdown: { gross_amount: amount }, payer_email: 'ana@shop.test', time: iso(due) })
      subscription.billing_info.last_payment = { amount, time: iso(due) }
      subscription.billing_info.cycle_executions.find(({ tenure_type: type }: Json) => type === 'REGULAR').cycles_completed++
      subscription.billing_info.next_billing_time = iso(after(due, regular.frequency))
      tell(world, account, 'PAYMENT.SALE.COMPLETED', 'sale', { id: capture.id, billing_agreement_id: subscription.id, custom: subscription.custom_id, state: 'completed', amount: { total: amount.value, currency: amount.currency_code } })
    }
  }
}

const moves: Record<string, { from: string[], to: string, event: string }> = {
  cancel: { from: ['ACTIVE', 'SUSPENDED', 'APPROVAL_PENDING'], to: 'CANCELLED', event: 'CANCELLED' },
  suspend: { from: ['ACTIVE'], to: 'SUSPENDED', event: 'SUSPENDED' },
  activate: { from: ['SUSPENDED'], to: 'ACTIVE', event: 'ACTIVATED' }
}

export function changeSubscription (world: World, account: Account, subscription: Json, verb: string, body: Json): void {
  const { from, to, event } = moves[verb]!
  if (verb !== 'activate' && typeof body.reason !== 'string') throw invalid('MISSING_REQUIRED_PARAMETER', '/reason')
  if (!from.includes(subscription.status)) throw unprocessable('SUBSCRIPTION_STATUS_INVALID')
  subscription.status = to
  subscription.status_update_time = iso(world.now())
  tell(world, account, `BILLING.SUBSCRIPTION.${event}`, 'subscription', subscriptionShown(subscription))
}
