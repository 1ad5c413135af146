import { timeFor, plan, unplan } from '../agenda.ts'
import { changes } from '../customers.ts'
import { invalid, missing } from '../errors.ts'
import { emit } from '../events.ts'
import type { Metadata, Price, Subscription, SubscriptionItem, SubscriptionRecord } from '../objects.ts'
import { anything, atLeast, boolean, created, either, expand, integer, listOf, mergeMetadata, metadata, needed, noTax, notSimulated, object, oneOf, openObject, paging, text, unsettable, type Check, type Checked, type Values } from '../params.ts'
import { byVersion, route } from '../routing.ts'
import { named, page } from '../shelf.ts'
import type { Call } from '../world.ts'
import { priceData, priceOf, type PriceData } from './prices.ts'
import { isOver, snapshot } from './status.ts'
import type { Change } from './prorations.ts'
import { cancelSubscription, changeItems, intervalChanges, newItem, newSubscription, pause, periodEnd, periodOf, planOf, renew, resume, warnBeforeTrialEnds, watch, type ItemsChange } from './subscription-machine.ts'

const endBehavior = object({ end_behavior: needed(object({ missing_payment_method: needed(oneOf('cancel', 'create_invoice', 'pause')) })) })
const paymentSettings = object({ payment_method_options: openObject, payment_method_types: listOf(text()), save_default_payment_method: oneOf('off', 'on_subscription') })
const cancellation = object({ comment: unsettable(text()), feedback: unsettable(text()) })
const prorationBehavior = oneOf('always_invoice', 'create_prorations', 'none')
const trialEnd = either((value): boolean => value === 'now', oneOf('now'), integer)

const common = {
  add_invoice_items: notSimulated,
  automatic_tax: noTax,
  cancel_at: unsettable(integer),
  cancel_at_period_end: boolean,
  collection_method: oneOf('charge_automatically', 'send_invoice'),
  days_until_due: atLeast(0),
  default_payment_method: unsettable(text()),
  default_tax_rates: notSimulated,
  description: unsettable(text({ max: 500 })),
  discounts: notSimulated,
  expand,
  invoice_settings: openObject,
  metadata,
  off_session: boolean,
  payment_settings: paymentSettings,
  proration_behavior: prorationBehavior,
  transfer_data: anything,
  trial_end: trialEnd,
  trial_from_plan: boolean,
  trial_settings: endBehavior
}

/** Items of an update; a preview takes the same. */
export const changedItems = listOf(object({ id: text(), clear_usage: boolean, deleted: boolean, metadata, price: text(), price_data: priceData, quantity: atLeast(0), tax_rates: notSimulated }))

/** A word before 2026-09-30.endive, an object since. Source: stripe-node 23.0.0 changelog. */
const anchorWord = oneOf('now', 'unchanged')
const anchorObject: Check<'now' | 'unchanged'> = (value, param) => object({ type: needed(anchorWord) })(value, param).type
function withAnchor<F extends Record<string, Check>> (fields: F) {
  type Given = Values<F & { billing_cycle_anchor: Check<'now' | 'unchanged'> }>
  return byVersion<Given>(object({ ...fields, billing_cycle_anchor: anchorWord }) as Check<Given>, object({ ...fields, billing_cycle_anchor: anchorObject }) as Check<Given>)
}

export const subscriptionRoutes = [
  route('POST', '/v1/subscriptions', object({
    ...common,
    application_fee_percent: notSimulated,
    backdate_start_date: notSimulated,
    billing_cycle_anchor: notSimulated,
    billing_thresholds: notSimulated,
    billing_mode: object({ type: needed(oneOf('classic', 'flexible')), flexible: anything }),
    currency: text(),
    customer: needed(text()),
    items: listOf(object({ metadata, price: text(), price_data: priceData, quantity: atLeast(0), tax_rates: notSimulated })),
    payment_behavior: oneOf('allow_incomplete', 'default_incomplete', 'error_if_incomplete', 'pending_if_incomplete'),
    trial_period_days: atLeast(1)
  }), (call, params) => {
    const { items = [] } = params
    if (items.length === 0) throw invalid('Missing required param: items.', { code: 'parameter_missing', param: 'items' })
    if (params.payment_behavior === 'pending_if_incomplete') throw invalid('`pending_if_incomplete` can only be used when updating a subscription.', { param: 'payment_behavior' })
    if (params.trial_end !== undefined && params.trial_period_days !== undefined) throw invalid('You may only specify one of these parameters: trial_end, trial_period_days.', { code: 'parameters_exclusive', param: 'trial_end' })
    if (params.collection_method === 'send_invoice' && params.days_until_due === undefined) throw invalid('You must pass `days_until_due` when `collection_method` is `send_invoice`.', { code: 'parameter_missing', param: 'days_until_due' })
    checkMethod(call, params.customer, params.default_payment_method)
    const priced = items.map((item, i) => ({ price: recurring(priceOf(call, item, `items[${i}]`), i), quantity: item.quantity ?? 1, metadata: item.metadata }))
    checkTogether(priced.map(each => each.price))
    const now = timeFor(call, params.customer)
    const days = params.trial_period_days ?? (params.trial_from_plan === true ? priced[0]!.price.recurring!.trial_period_days ?? undefined : undefined)
    return snapshot(newSubscription(call, {
      customer: params.customer,
      items: priced,
      metadata: params.metadata,
      description: params.description,
      behavior: params.payment_behavior ?? 'allow_incomplete',
      trialEnd: typeof params.trial_end === 'number' ? params.trial_end : days === undefined ? undefined : now + days * 86_400,
      trialSettings: params.trial_settings,
      method: params.default_payment_method ?? undefined,
      collection: params.collection_method,
      daysUntilDue: params.days_until_due,
      cancelAt: params.cancel_at ?? undefined,
      cancelAtPeriodEnd: params.cancel_at_period_end,
      paymentSettings: params.payment_settings,
      billingMode: params.billing_mode?.type
    }).wire)
  }, (call, params) => { named(call.books.customers, params.customer, 'customer', 'customer') }),
  route('GET', '/v1/subscriptions', object({
    ...paging, collection_method: text(), created, current_period_end: anything, customer: text(), price: text(),
    status: oneOf('active', 'all', 'canceled', 'ended', 'incomplete', 'incomplete_expired', 'past_due', 'paused', 'trialing', 'unpaid'), test_clock: text()
  }), ({ books }, params) => page(books.subscriptions, params, '/v1/subscriptions', 'subscription', each => snapshot(each.wire), ({ wire }) =>
    (params.customer === undefined || wire.customer === params.customer) && (params.price === undefined || wire.items.data.some(each => each.price.id === params.price)) &&
    (params.test_clock === undefined || wire.test_clock === params.test_clock) && statusFits(wire.status, params.status))),
  route('GET', '/v1/subscriptions/:id', object({ expand }), (call, _, { id }) => snapshot(find(call, id!).wire)),
  route('POST', '/v1/subscriptions/:id', withAnchor({
    ...common,
    cancellation_details: cancellation,
    items: changedItems,
    pause_collection: unsettable(object({ behavior: needed(oneOf('keep_as_draft', 'mark_uncollectible', 'void')), resumes_at: integer })),
    payment_behavior: oneOf('allow_incomplete', 'default_incomplete', 'error_if_incomplete', 'pending_if_incomplete'),
    proration_date: integer
  }), (call, params, { id }) => {
    const record = find(call, id!)
    if (isOver(record) && Object.keys(params).some(name => !['metadata', 'cancellation_details', 'expand'].includes(name))) {
      throw invalid('A canceled subscription can only update its cancellation_details and metadata.', { code: 'subscription_canceled' })
    }
    if (params.payment_behavior === 'pending_if_incomplete') throw invalid('Pending updates (`pending_if_incomplete`) are not simulated.', { param: 'payment_behavior' })
    const { wire } = record
    const before = snapshot(wire)
    checkMethod(call, wire.customer, params.default_payment_method)
    if (params.items !== undefined) update(call, record, params.items, params)
    if (params.trial_end !== undefined) moveTrial(call, record, params.trial_end)
    for (const name of ['collection_method', 'days_until_due', 'default_payment_method', 'description', 'trial_settings'] as const) if (params[name] !== undefined) Object.assign(wire, { [name]: params[name] })
    if (params.payment_settings !== undefined) wire.payment_settings = { ...wire.payment_settings, ...params.payment_settings }
    if (params.cancellation_details !== undefined) wire.cancellation_details = { ...wire.cancellation_details, ...params.cancellation_details }
    if (params.pause_collection !== undefined) pauseCollection(call, record, params.pause_collection)
    planEnd(call, record, params)
    wire.metadata = mergeMetadata(wire.metadata, params.metadata)
    if (!isOver(record)) watch(call, record)
    const previous = changes(before, { ...wire, latest_invoice: before.latest_invoice, status: before.status })
    if (Object.keys(previous).some(name => name !== 'items') || wire.items.data.some((item, i) => item !== before.items.data[i]) || wire.items.data.length !== before.items.data.length) {
      emit(call, 'customer.subscription.updated', snapshot(wire), previous)
    }
    return snapshot(wire)
  }),
  route('DELETE', '/v1/subscriptions/:id', object({ cancellation_details: cancellation, expand, invoice_now: boolean, prorate: boolean }), (call, params, { id }) => {
    const record = find(call, id!)
    if (isOver(record)) throw missing('subscription', id!, 'id')
    if (params.cancellation_details !== undefined) record.wire.cancellation_details = { ...record.wire.cancellation_details, ...params.cancellation_details }
    cancelSubscription(call, record, { invoiceNow: params.invoice_now ?? false, prorate: params.prorate ?? false })
    return snapshot(record.wire)
  }),
  route('POST', '/v1/subscriptions/:id/pause', object({ bill_for: anything, expand, invoicing_behavior: anything, type: oneOf('subscription') }), (call, _, { id }) => {
    const record = find(call, id!)
    pause(call, record, 'pause_requested')
    return snapshot(record.wire)
  }),
  route('POST', '/v1/subscriptions/:id/resume', withAnchor({ expand, payment_behavior: oneOf('resume_on_payment_attempt', 'resume_on_payment_success'), proration_behavior: prorationBehavior, proration_date: integer }), (call, params, { id }) => {
    const record = find(call, id!)
    resume(call, record, params.billing_cycle_anchor ?? 'now', params.payment_behavior === 'resume_on_payment_attempt')
    return snapshot(record.wire)
  }),
  route('GET', '/v1/subscription_items', object({ ...paging, subscription: needed(text()) }), (call, params) => {
    const { data } = find(call, params.subscription).wire.items
    return { object: 'list', url: '/v1/subscription_items', has_more: false, data }
  })
]

export function find ({ books }: Call, id: string): SubscriptionRecord {
  const record = books.subscriptions.get(id)
  if (record === undefined) throw missing('subscription', id, 'id')
  return record
}

type Given = Checked<typeof changedItems>

/** The items after a change, each beside what it was. */
export function applied (call: Call, { wire }: Pick<SubscriptionRecord, 'wire'>, given: Given): { items: SubscriptionItem[], changes: Change[] } {
  const items = new Map(wire.items.data.map(item => [item.id, item]))
  const changed: Change[] = []
  const period = periodOf(wire.items.data[0]!)
  given.forEach((each, i) => {
    const before = each.id === undefined ? undefined : items.get(each.id)
    if (each.id !== undefined && before === undefined) throw invalid(`No such subscription item: '${each.id}'`, { code: 'resource_missing', param: `items[${i}][id]` })
    if (before === undefined) {
      const after = newItem(call, wire, { price: recurring(priceOf(call, each, `items[${i}]`), i), quantity: each.quantity ?? 1, metadata: each.metadata }, period)
      items.set(after.id, after)
      changed.push({ after })
    } else if (each.deleted === true) {
      items.delete(before.id)
      changed.push({ before })
    } else {
      const price = newPriceOf(call, before.price, each, i)
      const after: SubscriptionItem = { ...before, price, plan: planOf(price), quantity: each.quantity ?? before.quantity, metadata: mergeMetadata(before.metadata as Metadata, each.metadata) }
      items.set(after.id, after)
      changed.push({ before, after })
    }
  })
  const list = [...items.values()]
  if (list.length === 0) throw invalid('Subscriptions must have at least one item. To cancel this subscription, use the cancel endpoint.', { param: 'items' })
  checkTogether(list.map(each => each.price))
  return { items: list, changes: changed }
}

function newPriceOf (call: Call, before: Price, each: { price?: string, price_data?: PriceData }, i: number): Price {
  return each.price === undefined && each.price_data === undefined ? before : recurring(priceOf(call, each, `items[${i}]`), i)
}

interface Update { proration_behavior?: ItemsChange['behavior'], proration_date?: number, billing_cycle_anchor?: string, payment_behavior?: 'allow_incomplete' | 'default_incomplete' | 'error_if_incomplete' | 'pending_if_incomplete' }

export function itemsChange (call: Call, record: SubscriptionRecord, given: Given, { proration_behavior: behavior, proration_date: at, billing_cycle_anchor: anchor }: Update): ItemsChange {
  const { items, changes: changed } = applied(call, record, given)
  return {
    items,
    changes: changed,
    behavior: behavior ?? 'create_prorations',
    at: at ?? timeFor(call, record.wire.customer),
    restart: anchor === 'now' || intervalChanges(record.wire.items.data, items)
  }
}

function update (call: Call, record: SubscriptionRecord, given: Given, params: Update): void {
  if (record.wire.status === 'incomplete') throw invalid('The items of a subscription whose first invoice is open cannot be changed.', { code: 'subscription_unexpected_state' })
  changeItems(call, record, itemsChange(call, record, given, params), params.payment_behavior === 'pending_if_incomplete' ? 'allow_incomplete' : params.payment_behavior ?? 'allow_incomplete')
}

function moveTrial (call: Call, record: SubscriptionRecord, end: 'now' | number): void {
  const { wire } = record
  const now = timeFor(call, wire.customer)
  if (end === 'now' && wire.status !== 'trialing') return
  const at = end === 'now' ? now : end
  Object.assign(wire, {
    trial_start: wire.trial_start ?? now,
    trial_end: at,
    billing_cycle_anchor: at,
    status: at > now ? 'trialing' : wire.status,
    items: { ...wire.items, data: wire.items.data.map(item => ({ ...item, current_period_end: at })) }
  })
  if (at <= now) renew(call, wire.id)
  else warnBeforeTrialEnds(call, record)
}

function pauseCollection (call: Call, { wire }: SubscriptionRecord, given: { behavior: 'keep_as_draft' | 'mark_uncollectible' | 'void', resumes_at?: number } | null): void {
  unplan(call, 'collection', wire.id)
  wire.pause_collection = given === null ? null : { behavior: given.behavior, resumes_at: given.resumes_at ?? null }
  if (given?.resumes_at !== undefined) plan(call, 'collection', wire.id, given.resumes_at, wire.customer)
}

function planEnd (call: Call, record: SubscriptionRecord, params: { cancel_at_period_end?: boolean, cancel_at?: number | null }): void {
  const { wire } = record
  const now = timeFor(call, wire.customer)
  if (params.cancel_at_period_end === true) {
    Object.assign(wire, { cancel_at_period_end: true, cancel_at: periodEnd(record), canceled_at: now, cancellation_details: { ...wire.cancellation_details, reason: 'cancellation_requested' } })
  } else if ((params.cancel_at_period_end === false && wire.cancel_at_period_end) || params.cancel_at === null) {
    Object.assign(wire, { cancel_at_period_end: false, cancel_at: null, canceled_at: null, cancellation_details: { ...wire.cancellation_details, reason: null } })
  }
  if (typeof params.cancel_at === 'number') Object.assign(wire, { cancel_at_period_end: false, cancel_at: params.cancel_at, canceled_at: now })
}

function recurring (price: Price, i: number): Price {
  if (price.recurring === null) throw invalid('The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.', { param: `items[${i}][price]` })
  return price
}

function checkTogether (prices: Price[]): void {
  const [first] = prices
  for (const each of prices) {
    if (each.currency !== first!.currency) throw invalid('All prices of a subscription must have the same currency.', { param: 'items' })
    if (each.recurring!.interval !== first!.recurring!.interval || each.recurring!.interval_count !== first!.recurring!.interval_count) {
      throw invalid('All prices of a subscription must have the same `recurring.interval` and `recurring.interval_count`: mixed intervals are not simulated.', { param: 'items' })
    }
  }
  if (new Set(prices.map(each => each.id)).size < prices.length) throw invalid('A subscription cannot have two items of the same price.', { param: 'items' })
}

function checkMethod (call: Call, customer: string, id: string | null | undefined): void {
  if (id === null || id === undefined) return
  if (call.books.paymentMethods.get(id)?.wire.customer !== customer) {
    throw invalid(`The customer does not have a payment method with the ID ${id}. The payment method must be attached to the customer.`, { code: 'resource_missing', param: 'default_payment_method' })
  }
}

function statusFits (status: Subscription['status'], asked: string | undefined): boolean {
  if (asked === undefined) return status !== 'canceled' && status !== 'incomplete_expired'
  return asked === 'all' || status === asked || (asked === 'ended' && (status === 'canceled' || status === 'incomplete_expired'))
}
