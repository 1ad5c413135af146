import { plan, timeFor, unplan } from '../agenda.ts'
import { smallest } from '../amounts.ts'
import { emit } from '../events.ts'
import { invalid, StripeError } from '../errors.ts'
import { newIntent } from '../intents.ts'
import { cancel, confirm } from '../intent-machine.ts'
import type { IntentRecord, Invoice, InvoiceItem, MethodRecord, SubscriptionRecord } from '../objects.ts'
import { quiet } from '../outcomes.ts'
import { named } from '../shelf.ts'
import { countryOf, type Call } from '../world.ts'
import { itemLine, toLine, type Draft } from './lines.ts'
import { become, endSubscription, isOver } from './status.ts'

/** An invoice from draft to its end. Source: https://docs.stripe.com/invoicing/integration/workflow-transitions, read 2026-11. */
const daySeconds = 86_400
/** After the first try: Stripe's own choice of times is not published. */
const retryDays = [3, 5]

export interface NewInvoice {
  customer: string
  subscription?: SubscriptionRecord
  reason: string
  drafts: Draft[]
  period: { start: number, end: number }
  currency: string
  collection?: Invoice['collection_method']
  daysUntilDue?: number | null
  description?: string | null
  metadata?: Record<string, string>
  autoAdvance?: boolean
  prorationDate?: number
}

export function newInvoice (call: Call, asked: NewInvoice): Invoice {
  const { books } = call
  const invoice = invoiceShape(call, asked, call.world.id('in_1'))
  const customer = books.customers.get(asked.customer)!
  if (customer.currency === null) customer.currency = asked.currency
  books.invoices.add(invoice)
  for (const draft of asked.drafts) if (draft.invoiceItem !== null) Object.assign(books.invoiceItems.get(draft.invoiceItem)!, { invoice: invoice.id })
  if (asked.subscription !== undefined) asked.subscription.wire.latest_invoice = invoice.id
  emit(call, 'invoice.created', { ...invoice })
  return invoice
}

/** Also of a preview, which is kept nowhere. */
export function invoiceShape (call: Call, asked: NewInvoice, id: string): Invoice {
  const { world, books } = call
  const customer = books.customers.get(asked.customer)
  const now = timeFor(call, asked.customer)
  const subscription = asked.subscription?.wire
  const total = asked.drafts.reduce((sum, each) => sum + each.amount, 0)
  const balance = customer?.balance ?? 0
  const due = dueOf(total, balance, asked.currency)
  const collection = asked.collection ?? subscription?.collection_method ?? 'charge_automatically'
  return {
    id,
    object: 'invoice',
    account_country: countryOf(call),
    account_name: 'Simulated shop',
    account_tax_ids: null,
    amount_due: due,
    amount_overpaid: 0,
    amount_paid: 0,
    amount_remaining: due,
    amount_shipping: 0,
    application: null,
    attempt_count: 0,
    attempted: false,
    auto_advance: asked.autoAdvance ?? true,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null, provider: null, status: null },
    automatically_finalizes_at: null,
    billing_reason: asked.reason,
    collection_method: collection,
    created: now,
    currency: asked.currency,
    custom_fields: null,
    customer: asked.customer,
    customer_account: null,
    customer_address: customer?.address ?? null,
    customer_email: customer?.email ?? null,
    customer_name: customer?.name ?? null,
    customer_phone: customer?.phone ?? null,
    customer_shipping: null,
    customer_tax_exempt: customer?.tax_exempt ?? 'none',
    customer_tax_ids: books.taxIds.items.filter(each => each.customer === asked.customer).map(({ type, value }) => ({ type, value })),
    default_payment_method: null,
    default_source: null,
    default_tax_rates: [],
    description: asked.description ?? null,
    discounts: [],
    due_date: collection === 'send_invoice' ? now + (asked.daysUntilDue ?? subscription?.days_until_due ?? 30) * daySeconds : null,
    effective_at: null,
    ending_balance: null,
    footer: null,
    from_invoice: null,
    hosted_invoice_url: null,
    invoice_pdf: null,
    issuer: { type: 'self' },
    last_finalization_error: null,
    latest_revision: null,
    lines: { object: 'list', data: asked.drafts.map(draft => toLine(call, draft, id)), has_more: false, total_count: asked.drafts.length, url: `/v1/invoices/${id}/lines` },
    livemode: books.livemode,
    metadata: asked.metadata ?? {},
    next_payment_attempt: null,
    number: null,
    on_behalf_of: null,
    parent: subscription === undefined
      ? null
      : {
          quote_details: null,
          subscription_details: { metadata: subscription.metadata, subscription: subscription.id, ...(asked.prorationDate === undefined ? {} : { subscription_proration_date: asked.prorationDate }) },
          type: 'subscription_details'
        },
    payment_settings: { default_mandate: null, payment_method_options: null, payment_method_types: subscription?.payment_settings.payment_method_types ?? null },
    period_end: asked.period.end,
    period_start: asked.period.start,
    post_payment_credit_notes_amount: 0,
    pre_payment_credit_notes_amount: 0,
    receipt_number: null,
    rendering: null,
    shipping_cost: null,
    shipping_details: null,
    starting_balance: balance,
    statement_descriptor: null,
    status: 'draft',
    status_transitions: { finalized_at: null, marked_uncollectible_at: null, paid_at: null, voided_at: null },
    subtotal: total,
    subtotal_excluding_tax: total,
    test_clock: customer?.test_clock ?? null,
    total,
    total_discount_amounts: [],
    total_excluding_tax: total,
    total_pretax_credit_amounts: [],
    total_taxes: [],
    webhooks_delivered_at: world.now()
  }
}

/** Items that wait for the next invoice of a customer, of one subscription. */
export function pendingItems ({ books }: Call, customer: string, subscription: string | null, currency: string): InvoiceItem[] {
  return books.invoiceItems.items.filter(each => each.customer === customer && each.invoice === null && each.currency === currency &&
    (subscription === null ? each.parent === null : each.parent === null || each.parent.subscription_details.subscription === subscription))
}

export function pendingDrafts (call: Call, customer: string, subscription: string | null, currency: string): Draft[] {
  return pendingItems(call, customer, subscription, currency).map(each => itemLine(call, each))
}

/** Credit of the customer is used first; what is too small to be charged waits on the balance. Source: https://docs.stripe.com/billing/customer/balance, read 2026-11. */
function dueOf (total: number, balance: number, currency: string): number {
  const due = Math.max(0, total + balance)
  return due < smallest(currency) ? 0 : due
}

/** From now on nothing on it changes, and it can be paid. */
export function finalize (call: Call, invoice: Invoice): void {
  const { world, books } = call
  if (invoice.status !== 'draft') throw wrongStatus('This invoice is already finalized, you can\'t re-finalize a non-draft invoice.')
  unplan(call, 'invoice_finalizes', invoice.id)
  const customer = books.customers.get(invoice.customer)
  const now = timeFor(call, invoice.customer)
  if (customer !== undefined) {
    invoice.number = `${customer.invoice_prefix}-${String(customer.next_invoice_sequence).padStart(4, '0')}`
    customer.next_invoice_sequence++
    invoice.starting_balance = customer.balance
    invoice.amount_due = invoice.amount_remaining = dueOf(invoice.total, customer.balance, invoice.currency)
    customer.balance = invoice.amount_due === 0 ? customer.balance + invoice.total : 0
    invoice.ending_balance = customer.balance
  }
  const token = world.id(books.livemode ? 'live_' : 'test_', 40)
  world.doors.set(token, { books, kind: 'invoice', id: invoice.id })
  Object.assign(invoice, {
    status: 'open',
    status_transitions: { ...invoice.status_transitions, finalized_at: now },
    automatically_finalizes_at: null,
    effective_at: now,
    hosted_invoice_url: `${world.url()}/i/${token}`
  })
  if (invoice.amount_due > 0) askFor(call, invoice, now)
  emit(call, 'invoice.finalized', { ...invoice })
  if (invoice.amount_due === 0) paid(call, invoice, undefined)
}

function askFor (call: Call, invoice: Invoice, now: number): void {
  const { world, books } = call
  const subscription = subscriptionOf(call, invoice)
  const intent = newIntent(call, {
    amount: invoice.amount_due,
    currency: invoice.currency,
    customer: invoice.customer,
    types: subscription?.wire.payment_settings.payment_method_types ?? ['card'],
    captureMethod: 'automatic',
    description: { subscription_create: 'Subscription creation', subscription_cycle: 'Subscription update', subscription_update: 'Subscription update' }[invoice.billing_reason] ?? `Payment for Invoice ${invoice.number}`,
    owner: { kind: 'invoice', id: invoice.id },
    references: subscription?.wire.metadata,
    setupFutureUsage: subscription === undefined ? null : 'off_session'
  })
  books.invoicePayments.add({
    id: world.id('inpay_1'),
    object: 'invoice_payment',
    amount_paid: null,
    amount_requested: invoice.amount_due,
    created: now,
    currency: invoice.currency,
    invoice: invoice.id,
    is_default: true,
    livemode: books.livemode,
    payment: { payment_intent: intent.id, type: 'payment_intent' },
    status: 'open',
    status_transitions: { canceled_at: null, paid_at: null }
  })
}

export function intentOf ({ books }: Call, invoice: Invoice): IntentRecord | undefined {
  const payment = books.invoicePayments.items.findLast(each => each.invoice === invoice.id && each.status !== 'canceled')
  return payment === undefined ? undefined : books.paymentIntents.get(payment.payment.payment_intent)
}

export function subscriptionOf ({ books }: Call, invoice: Invoice): SubscriptionRecord | undefined {
  return books.subscriptions.get(invoice.parent?.subscription_details.subscription ?? '')
}

/** What is charged when nobody says: the invoice's own, the subscription's, the customer's. */
export function defaultMethod (call: Call, customer: string, subscription: SubscriptionRecord | undefined, invoice?: Invoice): MethodRecord | undefined {
  const id = invoice?.default_payment_method ?? subscription?.wire.default_payment_method ?? call.books.customers.get(customer)?.invoice_settings.default_payment_method
  return id === null || id === undefined ? undefined : call.books.paymentMethods.get(id)
}

export function noMethod (): StripeError {
  return invalid('This customer has no attached payment source or default payment method. Please consider adding a default payment method. For more information, visit https://stripe.com/docs/billing/subscriptions/payment-methods-setting#subscription-priority.', { code: 'resource_missing' })
}

/** Tries to charge an open invoice. Answers why it could not be paid. `followUp`: what a failed renewal brings with it. */
export function attempt (call: Call, invoice: Invoice, method: MethodRecord | undefined, followUp = true): StripeError | undefined {
  const intent = intentOf(call, invoice)
  if (invoice.status !== 'open' || intent === undefined) return undefined
  invoice.attempt_count++
  invoice.attempted = true
  const refused = quiet(() => {
    if (method === undefined) throw noMethod()
    // What the payer has agreed to with one card says nothing of another.
    if (intent.wire.payment_method !== method.id) intent.authenticated = false
    confirm(call, intent, method)
  })
  if ((invoice.status as Invoice['status']) === 'paid') return undefined
  if (followUp) failed(call, invoice, intent)
  return refused
}

function failed (call: Call, invoice: Invoice, intent: IntentRecord): void {
  const subscription = subscriptionOf(call, invoice)
  const first = invoice.billing_reason === 'subscription_create'
  const days = first || !invoice.auto_advance ? undefined : retryDays[invoice.attempt_count - 1]
  invoice.next_payment_attempt = days === undefined ? null : timeFor(call, invoice.customer) + days * daySeconds
  if (invoice.next_payment_attempt !== null) plan(call, 'invoice_retries', invoice.id, invoice.next_payment_attempt, invoice.customer)
  if (intent.wire.status === 'requires_action') emit(call, 'invoice.payment_action_required', { ...invoice })
  if (!first || intent.wire.status !== 'requires_action') emit(call, 'invoice.payment_failed', { ...invoice })
  if (subscription === undefined || first || isOver(subscription)) return
  if (subscription.wire.status === 'active' || subscription.wire.status === 'trialing') become(call, subscription, { status: 'past_due' })
  if (days !== undefined || !invoice.auto_advance) return
  const { afterRetries } = call.world.rules
  if (afterRetries === 'cancel') endSubscription(call, subscription, 'canceled', 'payment_failed')
  else if (afterRetries === 'unpaid') become(call, subscription, { status: 'unpaid' })
}

/** The payment of an invoice has moved: by a try of Stripe's, or because the payer paid on a page. */
export function invoiceMoved (call: Call, invoice: Invoice, intent: IntentRecord): void {
  if (intent.wire.status === 'succeeded' && (invoice.status === 'open' || invoice.status === 'uncollectible')) paid(call, invoice, intent)
}

export function paid (call: Call, invoice: Invoice, intent: IntentRecord | undefined): void {
  const now = timeFor(call, invoice.customer)
  unplan(call, 'invoice_retries', invoice.id)
  Object.assign(invoice, {
    status: 'paid', amount_paid: invoice.amount_due, amount_remaining: 0, attempted: true, auto_advance: false, next_payment_attempt: null, status_transitions: { ...invoice.status_transitions, paid_at: now }
  })
  const payment = intent === undefined ? undefined : call.books.invoicePayments.items.find(each => each.payment.payment_intent === intent.id)
  if (payment !== undefined) {
    Object.assign(payment, { amount_paid: invoice.amount_due, status: 'paid', status_transitions: { canceled_at: null, paid_at: now } })
    emit(call, 'invoice_payment.paid', { ...payment })
  }
  emit(call, 'invoice.paid', { ...invoice })
  emit(call, 'invoice.payment_succeeded', { ...invoice })
  const subscription = subscriptionOf(call, invoice)
  if (subscription !== undefined) settled(call, subscription, invoice, intent)
}

function settled (call: Call, subscription: SubscriptionRecord, invoice: Invoice, intent: IntentRecord | undefined): void {
  const { wire } = subscription
  const keeps = wire.payment_settings.save_default_payment_method === 'on_subscription' && typeof intent?.wire.payment_method === 'string'
  const method = keeps ? { default_payment_method: intent!.wire.payment_method } : {}
  if (wire.status === 'incomplete') {
    unplan(call, 'incomplete', wire.id)
    become(call, subscription, { status: 'active', ...method })
  } else if (wire.status === 'paused' && invoice.billing_reason === 'subscription_update') {
    become(call, subscription, { status: 'active', status_details: undefined, ...method }, 'customer.subscription.resumed')
  } else if ((wire.status === 'past_due' || wire.status === 'unpaid') && wire.latest_invoice === invoice.id) become(call, subscription, { status: 'active', ...method })
  else if (keeps) become(call, subscription, method)
}

export function voidInvoice (call: Call, invoice: Invoice): void {
  if (invoice.status !== 'open' && invoice.status !== 'uncollectible') throw wrongStatus('You can only pass in open or uncollectible invoices to be voided.')
  stop(call, invoice, 'void_invoice')
  // What the balance gave, or took, comes back.
  const customer = call.books.customers.get(invoice.customer)
  if (customer !== undefined) customer.balance += invoice.starting_balance - (invoice.ending_balance ?? 0)
  Object.assign(invoice, { status: 'void', status_transitions: { ...invoice.status_transitions, voided_at: timeFor(call, invoice.customer) } })
  emit(call, 'invoice.voided', { ...invoice })
  const subscription = subscriptionOf(call, invoice)
  if (subscription === undefined || subscription.wire.latest_invoice !== invoice.id) return
  if (subscription.wire.status === 'incomplete') endSubscription(call, subscription, 'incomplete_expired', null)
  else if (subscription.wire.status === 'past_due' || subscription.wire.status === 'unpaid') become(call, subscription, { status: 'active' })
}

export function giveUp (call: Call, invoice: Invoice): void {
  if (invoice.status !== 'open') throw wrongStatus('You can only mark open invoices as uncollectible.')
  unplan(call, 'invoice_retries', invoice.id)
  Object.assign(invoice, { status: 'uncollectible', auto_advance: false, next_payment_attempt: null, status_transitions: { ...invoice.status_transitions, marked_uncollectible_at: timeFor(call, invoice.customer) } })
  emit(call, 'invoice.marked_uncollectible', { ...invoice })
}

function stop (call: Call, invoice: Invoice, reason: string): void {
  unplan(call, 'invoice_retries', invoice.id)
  const intent = intentOf(call, invoice)
  if (intent !== undefined) quiet(() => cancel(call, intent, reason))
  for (const payment of call.books.invoicePayments.items) {
    if (payment.invoice === invoice.id && payment.status === 'open') Object.assign(payment, { status: 'canceled', status_transitions: { canceled_at: timeFor(call, invoice.customer), paid_at: null } })
  }
  invoice.auto_advance = false
  invoice.next_payment_attempt = null
}

/** A draft becomes an invoice and is charged, as its time has come. */
export function advanceInvoice (call: Call, id: string): void {
  const invoice = call.books.invoices.get(id)
  if (invoice === undefined || invoice.status !== 'draft' || !invoice.auto_advance) return
  finalize(call, invoice)
  if (invoice.collection_method === 'charge_automatically') collect(call, invoice)
  else emit(call, 'invoice.sent', { ...invoice })
}

export function retryInvoice (call: Call, id: string): void {
  const invoice = call.books.invoices.get(id)
  if (invoice?.status === 'open' && invoice.auto_advance) collect(call, invoice)
}

function collect (call: Call, invoice: Invoice): void {
  attempt(call, invoice, defaultMethod(call, invoice.customer, subscriptionOf(call, invoice), invoice))
}

/** A renewal stays a draft for about an hour. */
export function finalizeLater (call: Call, invoice: Invoice): void {
  invoice.automatically_finalizes_at = invoice.created + call.world.rules.draftSeconds
  plan(call, 'invoice_finalizes', invoice.id, invoice.automatically_finalizes_at, invoice.customer)
}

/** A charge by hand: `POST /v1/invoices/:id/pay`. */
export function payInvoice (call: Call, invoice: Invoice, options: { method?: string, outOfBand?: boolean }): void {
  if (invoice.status === 'draft') finalize(call, invoice)
  if (invoice.status === 'paid') throw wrongStatus('Invoice is already paid')
  if (invoice.status === 'void') throw wrongStatus('This invoice is void and cannot be paid.')
  if (options.outOfBand === true) {
    stop(call, invoice, 'void_invoice')
    return paid(call, invoice, undefined)
  }
  const method = options.method === undefined ? defaultMethod(call, invoice.customer, subscriptionOf(call, invoice), invoice) : named(call.books.paymentMethods, options.method, 'PaymentMethod', 'payment_method')
  if (invoice.status === 'uncollectible') invoice.status = 'open'
  const refused = attempt(call, invoice, method)
  if (refused !== undefined) throw refused
  const intent = intentOf(call, invoice)
  if (intent?.wire.status === 'requires_action') {
    throw new StripeError(402, { type: 'card_error', code: 'invoice_payment_intent_requires_action', message: 'This payment requires additional user action before it can be completed successfully. Payment can be completed using the PaymentIntent associated with the Invoice.', payment_intent: { ...intent.wire } })
  }
}

function wrongStatus (message: string): StripeError {
  return invalid(message, { code: 'status_transition_invalid' })
}
