import { plan, timeFor, unplan } from '../agenda.ts'
import { invalid, type StripeError } from '../errors.ts'
import { emit } from '../events.ts'
import type { Invoice, Metadata, MethodRecord, Price, Subscription, SubscriptionItem, SubscriptionRecord } from '../objects.ts'
import { newSetup } from '../setup-intents.ts'
import type { Call } from '../world.ts'
import { addInvoiceItem } from './invoice-items.ts'
import { attempt, defaultMethod, finalize, finalizeLater, giveUp, intentOf, newInvoice, noMethod, pendingDrafts, pendingItems, voidInvoice, advanceInvoice } from './invoicing.ts'
import { periodLine, type Draft } from './lines.ts'
import { endAfter, sameInterval } from './periods.ts'
import { prorate, type Change } from './prorations.ts'
import { become, endSubscription, isOver, snapshot } from './status.ts'

/** What a subscription does. Source: https://docs.stripe.com/billing/subscriptions/overview#subscription-statuses, read 2026-11. */
const hours = 3600
/** The first payment may take so long. */
const incompleteSeconds = 23 * hours
const warningSeconds = 3 * 24 * hours

export interface NewItem { price: Price, quantity: number, metadata?: Metadata }

export interface NewSubscription {
  customer: string
  items: NewItem[]
  metadata?: Metadata
  description?: string | null
  behavior: 'allow_incomplete' | 'default_incomplete' | 'error_if_incomplete'
  trialEnd?: number
  trialSettings?: Subscription['trial_settings']
  method?: string
  collection?: Subscription['collection_method']
  daysUntilDue?: number
  cancelAt?: number
  cancelAtPeriodEnd?: boolean
  paymentSettings?: Partial<Subscription['payment_settings']>
  billingMode?: 'classic' | 'flexible'
  offSession?: boolean
}

/** Begins a subscription and its first invoice. What cannot be paid is refused only when that was asked for. */
export function newSubscription (call: Call, asked: NewSubscription): SubscriptionRecord {
  const { books } = call
  const record = subscriptionShape(call, asked)
  const { wire } = record
  const trialing = wire.trial_end !== null
  const charges = wire.collection_method === 'charge_automatically'
  books.subscriptions.add(record)
  const fallback = () => defaultMethod(call, wire.customer, record)
  const free = trialing || wire.items.data.every(each => each.price.unit_amount === 0)
  if (charges && !free && asked.behavior !== 'default_incomplete' && fallback() === undefined) {
    books.subscriptions.remove(wire.id)
    throw noMethod()
  }
  // What is told of a subscription that does not come to be is not told.
  if (asked.behavior === 'error_if_incomplete') call.held = []
  const invoice = newInvoice(call, { customer: wire.customer, subscription: record, reason: 'subscription_create', drafts: firstDrafts(call, record), period: { start: wire.start_date, end: wire.start_date }, currency: wire.currency })
  if (trialing) wire.status = 'trialing'
  else if (!charges) wire.status = 'active'
  let refused: StripeError | undefined
  if (!charges && !free) finalizeLater(call, invoice)
  else {
    finalize(call, invoice)
    if (invoice.status === 'open' && asked.behavior !== 'default_incomplete') refused = attempt(call, invoice, fallback(), asked.behavior !== 'error_if_incomplete')
  }
  if (asked.behavior === 'error_if_incomplete') settle(call, record, invoice, refused)
  if (trialing && asked.behavior === 'default_incomplete' && fallback() === undefined) {
    wire.pending_setup_intent = newSetup(call, { customer: wire.customer, description: null, metadata: {}, types: ['card'], usage: 'off_session', owner: { kind: 'subscription', id: wire.id } }).id
  }
  if (wire.status === 'incomplete') plan(call, 'incomplete', wire.id, wire.created + incompleteSeconds, wire.customer)
  record.announced = true
  emit(call, 'customer.subscription.created', snapshot(wire))
  watch(call, record)
  warnBeforeTrialEnds(call, record)
  return record
}

/** All or nothing. */
function settle (call: Call, record: SubscriptionRecord, invoice: Invoice, refused: StripeError | undefined): void {
  const held = call.held ?? []
  delete call.held
  if (refused === undefined && intentOf(call, invoice)?.wire.status !== 'requires_action') {
    for (const tell of held) tell()
    return
  }
  const intent = intentOf(call, invoice)
  call.books.invoices.remove(invoice.id)
  call.books.subscriptions.remove(record.id)
  if (intent !== undefined) {
    call.books.paymentIntents.remove(intent.id)
    call.world.intents.delete(intent.id)
  }
  throw refused ?? invalid('Payment for this subscription requires additional user action before it can be completed successfully. Payment can be completed using the PaymentIntent associated with subscription.', { type: 'card_error', code: 'subscription_payment_intent_requires_action' }, 402)
}

function subscriptionShape (call: Call, asked: NewSubscription): SubscriptionRecord {
  const { world, books } = call
  const id = world.id('sub_1')
  const now = timeFor(call, asked.customer)
  const every = asked.items[0]!.price.recurring!
  const trialEnd = asked.trialEnd !== undefined && asked.trialEnd > now ? asked.trialEnd : null
  const end = trialEnd ?? endAfter(now, every, now)
  const wire: Subscription = {
    id,
    object: 'subscription',
    application: null,
    application_fee_percent: null,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null },
    billing_cycle_anchor: trialEnd ?? now,
    billing_cycle_anchor_config: null,
    billing_mode: { flexible: asked.billingMode === 'classic' ? null : { proration_discounts: 'included' }, type: asked.billingMode ?? 'flexible' },
    billing_schedules: [],
    billing_thresholds: null,
    cancel_at: asked.cancelAtPeriodEnd === true ? end : asked.cancelAt ?? null,
    cancel_at_period_end: asked.cancelAtPeriodEnd ?? false,
    canceled_at: asked.cancelAtPeriodEnd === true || asked.cancelAt !== undefined ? now : null,
    cancellation_details: { comment: null, feedback: null, reason: asked.cancelAtPeriodEnd === true ? 'cancellation_requested' : null },
    collection_method: asked.collection ?? 'charge_automatically',
    created: now,
    currency: asked.items[0]!.price.currency,
    customer: asked.customer,
    customer_account: null,
    days_until_due: asked.daysUntilDue ?? null,
    default_payment_method: asked.method ?? null,
    default_source: null,
    default_tax_rates: [],
    description: asked.description ?? null,
    discounts: [],
    ended_at: null,
    invoice_settings: { account_tax_ids: null, custom_fields: null, description: null, footer: null, issuer: { type: 'self' } },
    items: { object: 'list', data: [], has_more: false, total_count: asked.items.length, url: `/v1/subscription_items?subscription=${id}` },
    latest_invoice: null,
    livemode: books.livemode,
    managed_payments: null,
    metadata: asked.metadata ?? {},
    next_pending_invoice_item_invoice: null,
    on_behalf_of: null,
    pause_collection: null,
    payment_settings: { payment_method_options: null, payment_method_types: null, save_default_payment_method: 'off', ...asked.paymentSettings },
    pending_invoice_item_interval: null,
    pending_setup_intent: null,
    pending_update: null,
    schedule: null,
    start_date: now,
    status: 'incomplete',
    test_clock: books.customers.get(asked.customer)!.test_clock,
    transfer_data: null,
    trial_end: trialEnd,
    trial_settings: asked.trialSettings ?? { end_behavior: { missing_payment_method: 'create_invoice' } },
    trial_start: trialEnd === null ? null : now
  }
  wire.items.data = asked.items.map(item => newItem(call, wire, item, { start: now, end }))
  return { id, created: now, wire, announced: false }
}

export function newItem ({ world }: Call, { id: subscription, created }: Pick<Subscription, 'id' | 'created'>, { price, quantity, metadata = {} }: NewItem, period: { start: number, end: number }): SubscriptionItem {
  return {
    id: world.id('si_', 14),
    object: 'subscription_item',
    billing_thresholds: null,
    created,
    current_period_end: period.end,
    current_period_start: period.start,
    current_trial: null,
    discounts: [],
    metadata,
    plan: planOf(price),
    price,
    quantity,
    subscription,
    tax_rates: []
  }
}

/** The older face of a price. */
export function planOf ({ id, active, unit_amount: amount, created, currency, livemode, nickname, product, recurring }: Price): object {
  return {
    id, object: 'plan', active, amount, amount_decimal: String(amount), billing_scheme: 'per_unit', created, currency, interval: recurring!.interval, interval_count: recurring!.interval_count, livemode, metadata: {},
    meter: null, nickname, product, tiers_mode: null, transform_usage: null, trial_period_days: recurring!.trial_period_days, usage_type: 'licensed'
  }
}

function firstDrafts (call: Call, { wire }: SubscriptionRecord): Draft[] {
  const trialing = wire.trial_end !== null
  return [
    ...wire.items.data.map(item => periodLine(call, item, periodOf(item), trialing)),
    ...pendingDrafts(call, wire.customer, wire.id, wire.currency)
  ]
}

export function periodOf ({ current_period_start: start, current_period_end: end }: SubscriptionItem): { start: number, end: number } {
  return { start, end }
}

export function periodEnd ({ wire }: SubscriptionRecord): number {
  return Math.min(...wire.items.data.map(each => each.current_period_end))
}

/** What happens next by the clock. */
export function watch (call: Call, record: SubscriptionRecord): void {
  const { wire } = record
  for (const kind of ['renewal', 'cancel_at']) unplan(call, kind, wire.id)
  if (isOver(record) || wire.status === 'paused') return
  plan(call, 'renewal', wire.id, periodEnd(record), wire.customer)
  if (wire.cancel_at !== null && !wire.cancel_at_period_end) plan(call, 'cancel_at', wire.id, wire.cancel_at, wire.customer)
}

/** Three days before, or at once when the trial is shorter. */
export function warnBeforeTrialEnds (call: Call, { wire }: SubscriptionRecord): void {
  if (wire.status !== 'trialing' || wire.trial_end === null) return unplan(call, 'trial_warning', wire.id)
  plan(call, 'trial_warning', wire.id, Math.max(timeFor(call, wire.customer), wire.trial_end - warningSeconds), wire.customer)
}

/** A period is over: the next one begins, or the subscription ends. */
export function renew (call: Call, id: string): void {
  const record = call.books.subscriptions.get(id)
  if (record === undefined || isOver(record) || record.wire.status === 'paused' || record.wire.status === 'incomplete') return
  const { wire } = record
  const start = periodEnd(record)
  if (wire.cancel_at_period_end) return endSubscription(call, record, 'canceled', 'cancellation_requested')
  const trialEnds = wire.status === 'trialing'
  if (trialEnds && defaultMethod(call, wire.customer, record) === undefined) {
    const { missing_payment_method: missing } = wire.trial_settings.end_behavior
    if (missing === 'cancel') return endSubscription(call, record, 'canceled', null)
    if (missing === 'pause') return pause(call, record, 'trial_end_without_payment_method')
  }
  const { current_period_start: previous, price } = wire.items.data[0]!
  const period = { start, end: endAfter(wire.billing_cycle_anchor, price.recurring!, start) }
  become(call, record, { ...(trialEnds ? { status: 'active' as const } : {}), items: inPeriod(wire, period) })
  watch(call, record)
  const drafts = [...wire.items.data.map(item => periodLine(call, item, period)), ...pendingDrafts(call, wire.customer, wire.id, wire.currency)]
  bill(call, record, drafts, { start: previous, end: start })
}

function inPeriod (wire: Subscription, period: { start: number, end: number }): Subscription['items'] {
  return { ...wire.items, data: wire.items.data.map(item => ({ ...item, current_period_start: period.start, current_period_end: period.end })) }
}

/** The claim of a period: a draft for an hour, unless collection is paused. */
function bill (call: Call, record: SubscriptionRecord, drafts: Draft[], period: { start: number, end: number }): void {
  const { wire } = record
  const { pause_collection: paused } = wire
  const invoice = newInvoice(call, {
    customer: wire.customer, subscription: record, reason: 'subscription_cycle', drafts, period, currency: wire.currency, autoAdvance: wire.status !== 'unpaid' && paused?.behavior !== 'keep_as_draft'
  })
  if (paused?.behavior === 'void' || paused?.behavior === 'mark_uncollectible') {
    finalize(call, invoice)
    if (invoice.status !== 'open') return
    if (paused.behavior === 'void') voidInvoice(call, invoice)
    else giveUp(call, invoice)
  } else if (invoice.auto_advance) finalizeLater(call, invoice)
}

export function warnOfTrialEnd (call: Call, id: string): void {
  const record = call.books.subscriptions.get(id)
  if (record?.wire.status === 'trialing') emit(call, 'customer.subscription.trial_will_end', snapshot(record.wire))
}

/** The first payment never came. */
export function giveUpIncomplete (call: Call, id: string): void {
  const record = call.books.subscriptions.get(id)
  if (record?.wire.status !== 'incomplete') return
  const invoice = call.books.invoices.get(record.wire.latest_invoice ?? '')
  if (invoice?.status === 'open') voidInvoice(call, invoice)
  else endSubscription(call, record, 'incomplete_expired', null)
}

export function cancelNow (call: Call, id: string): void {
  const record = call.books.subscriptions.get(id)
  if (record !== undefined && !isOver(record)) endSubscription(call, record, 'canceled', 'cancellation_requested')
}

/** Ended by the owner, with or without a last invoice. */
export function cancelSubscription (call: Call, record: SubscriptionRecord, options: { invoiceNow: boolean, prorate: boolean }): void {
  const { wire } = record
  const now = timeFor(call, wire.customer)
  if (options.prorate && (wire.status === 'active' || wire.status === 'past_due')) {
    for (const draft of prorate(call, wire.items.data.map(before => ({ before })), now)) addInvoiceItem(call, wire.customer, draft)
  }
  const drafts = options.invoiceNow ? pendingDrafts(call, wire.customer, wire.id, wire.currency) : []
  const last = drafts.length === 0 ? undefined : newInvoice(call, { customer: wire.customer, subscription: record, reason: 'subscription_update', drafts, period: { start: now, end: now }, currency: wire.currency })
  if (!options.invoiceNow && !options.prorate) {
    for (const item of pendingItems(call, wire.customer, wire.id, wire.currency)) if (item.proration) call.books.invoiceItems.remove(item.id)
  }
  if (last !== undefined) advanceInvoice(call, last.id)
  endSubscription(call, record, wire.status === 'incomplete' ? 'incomplete_expired' : 'canceled', 'cancellation_requested')
}

export function pause (call: Call, record: SubscriptionRecord, reason: string): void {
  const { wire } = record
  if (isOver(record) || wire.status === 'incomplete' || wire.status === 'paused') throw invalid(`A subscription with a status of ${wire.status} cannot be paused.`, { code: 'subscription_unexpected_state' })
  become(call, record, { status: 'paused', status_details: { paused: { subscription: { type: reason }, transitioned_at: timeFor(call, wire.customer), type: 'subscription' } } }, 'customer.subscription.paused')
  watch(call, record)
}

/** A new period from now, which is claimed at once; or the old one, while it lasts. */
export function resume (call: Call, record: SubscriptionRecord, anchor: 'now' | 'unchanged', onAttempt = false): void {
  const { wire } = record
  if (wire.status !== 'paused') throw invalid(`Only paused subscriptions can be resumed: this one has a status of ${wire.status}.`)
  const now = timeFor(call, wire.customer)
  if (anchor === 'unchanged' && periodEnd(record) > now) {
    become(call, record, { status: 'active', status_details: undefined }, 'customer.subscription.resumed')
    return watch(call, record)
  }
  const every = wire.items.data[0]!.price.recurring!
  const from = anchor === 'now' ? now : wire.billing_cycle_anchor
  const period = { start: now, end: endAfter(from, every, now) }
  Object.assign(wire, { billing_cycle_anchor: from, items: inPeriod(wire, period), trial_end: wire.trial_end === null ? null : Math.min(wire.trial_end, now) })
  const drafts = [...wire.items.data.map(item => periodLine(call, item, period)), ...pendingDrafts(call, wire.customer, wire.id, wire.currency)]
  const invoice = newInvoice(call, { customer: wire.customer, subscription: record, reason: 'subscription_update', drafts, period: { start: now, end: now }, currency: wire.currency })
  if (onAttempt) become(call, record, { status: 'active', status_details: undefined }, 'customer.subscription.resumed')
  finalize(call, invoice)
  if (invoice.status === 'open') attempt(call, invoice, defaultMethod(call, wire.customer, record), onAttempt)
  watch(call, record)
}

export interface ItemsChange {
  items: SubscriptionItem[]
  changes: Change[]
  behavior: 'always_invoice' | 'create_prorations' | 'none'
  at: number
  /** The old interval, or now. */
  restart: boolean
}

/** What a change of items costs, and when that is billed. Nothing is changed yet. */
export function costOf (call: Call, { wire }: SubscriptionRecord, { changes, behavior, at, items, restart }: ItemsChange): { prorations: Draft[], periods: Draft[], period: { start: number, end: number } | undefined } {
  const free = wire.status === 'trialing'
  const prorations = behavior === 'none' || free ? [] : prorate(call, changes, at)
  if (!restart || free) return { prorations, periods: [], period: undefined }
  const period = { start: at, end: endAfter(at, items[0]!.price.recurring!, at) }
  return { prorations, periods: items.map(item => periodLine(call, item, period)), period }
}

export function changeItems (call: Call, record: SubscriptionRecord, change: ItemsChange, charge: 'allow_incomplete' | 'default_incomplete' | 'error_if_incomplete'): void {
  const { wire } = record
  const { prorations, periods, period } = costOf(call, record, change)
  const before = { items: wire.items, billing_cycle_anchor: wire.billing_cycle_anchor, latest_invoice: wire.latest_invoice }
  const now = periods.length > 0 || (change.behavior === 'always_invoice' && prorations.length > 0)
  const strict = now && charge === 'error_if_incomplete'
  if (strict) call.held = []
  wire.items = { ...wire.items, data: change.items, total_count: change.items.length }
  if (period !== undefined) {
    wire.billing_cycle_anchor = change.at
    wire.items = inPeriod(wire, period)
  }
  const added = prorations.map(draft => addInvoiceItem(call, wire.customer, draft))
  if (!now) return
  const drafts = [...pendingDrafts(call, wire.customer, wire.id, wire.currency), ...periods]
  const invoice = newInvoice(call, { customer: wire.customer, subscription: record, reason: 'subscription_update', drafts, period: { start: change.at, end: change.at }, currency: wire.currency, prorationDate: change.at })
  finalize(call, invoice)
  const charges = invoice.status === 'open' && charge !== 'default_incomplete' && wire.collection_method === 'charge_automatically'
  const refused = charges ? attempt(call, invoice, defaultMethod(call, wire.customer, record), !strict) : undefined
  if (!strict) return
  const held = call.held ?? []
  delete call.held
  if (refused === undefined) return held.forEach(tell => tell())
  Object.assign(wire, before)
  for (const item of added) call.books.invoiceItems.remove(item.id)
  call.books.invoices.remove(invoice.id)
  throw refused
}

export function intervalChanges (before: SubscriptionItem[], after: SubscriptionItem[]): boolean {
  return after.length > 0 && !sameInterval(before[0]!.price.recurring!, after[0]!.price.recurring!)
}

/** A set-up that a trial was waiting for is done. */
export function setupDone (call: Call, id: string, method: MethodRecord): void {
  const record = call.books.subscriptions.get(id)
  if (record === undefined) return
  const keeps = record.wire.payment_settings.save_default_payment_method === 'on_subscription'
  become(call, record, { pending_setup_intent: null, ...(keeps ? { default_payment_method: method.id } : {}) })
}

/** Collection that was paused until now goes on. */
export function resumeCollection (call: Call, id: string): void {
  const record = call.books.subscriptions.get(id)
  if (record !== undefined && !isOver(record)) become(call, record, { pause_collection: null })
}
