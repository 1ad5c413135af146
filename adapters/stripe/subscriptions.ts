import {
  type ConnectionContext, type CreateSubscriptionInput, type Lookup, type PaymentsFamily, type ProrationPreview, type SubscriptionSnapshot, type SubscriptionStatus, type UpdateSubscriptionInput
} from '../../core/adapter/index.ts'
import type Stripe from 'stripe'
import { moneyOf } from './amounts.ts'
import { askedBetween, everyOne, keyed, lately, orDone, orTruth, wrongState } from './asking.ts'
import { cycleOf } from './cycles.ts'
import { problemOf } from './errors.ts'
import { call } from './http.ts'
import { metadataKeys, metadataOf } from './metadata.ts'
import { clientSecretOf, nextActionOf, stripeJsOf } from './next-action.ts'
import { dateOf, expanded, idOf, modeOf, neverHeardOf } from './wire-parts.ts'

/** Source: https://docs.stripe.com/billing/subscriptions/overview and the types of stripe 23.1.0, read 2026-11-21. */
export const subscriptions = {
  createSubscription: async (context, input) => {
    const params = subscriptionParams(input)
    return told(context, await orTruth(() => call<Stripe.Subscription>(context, (stripe, as) => stripe.subscriptions.create(params, keyed(as, input))),
      () => findRaw(context, { reference: input.reference, ...lately(context.now()) })))
  },

  getSubscription: async (context, providerReference) => told(context, await retrieve(context, providerReference)),

  findSubscription: async (context, lookup) => {
    const found = await findRaw(context, lookup)
    return found === undefined ? undefined : told(context, found)
  },

  updateSubscription: async (context, input) => {
    const item = itemParams(await retrieve(context, input.providerReference), input)
    const { methodProviderReference: method, proration } = input
    return changed(context, input, {
      ...(item === undefined ? {} : { items: [item] }),
      proration_behavior: prorations[proration],
      ...(method === undefined ? {} : { default_payment_method: method })
    }, ({ items, default_payment_method: usual }) => {
      const now = items.data[0]
      return (item === undefined || ((item.price ?? now?.price.id) === now?.price.id && item.quantity === now?.quantity)) && (method === undefined || idOf(usual) === method)
    })
  },

  /** What Stripe would bill next. It changes nothing, although it is a POST. */
  previewUpdate: async (context, input) => {
    const item = itemParams(await retrieve(context, input.providerReference), input)
    const invoice = await call(context, (stripe, as) => stripe.invoices.createPreview({
      subscription: input.providerReference,
      subscription_details: { ...(item === undefined ? {} : { items: [item] }), proration_behavior: prorations[input.proration] }
    }, as))
    return previewOf(invoice)
  },

  /**
   * Now: nothing is given back and nothing more is billed. DELETE takes no key; what is canceled already is found so.
   * At the end of the period: it can be taken back until then by `resumeSubscription`.
   */
  cancelSubscription: async (context, input) => {
    if (input.at === 'period_end') return changed(context, input, { cancel_at_period_end: true }, now => now.cancel_at_period_end)
    const write = () => call<Stripe.Subscription>(context, (stripe, as) => stripe.subscriptions.cancel(input.providerReference, { invoice_now: false, prorate: false, expand }, as))
    return told(context, await orDone(write, () => readIf(context, input.providerReference, ended)))
  },

  /** The periods go on and their invoices are void: nothing is owed for them. */
  pauseSubscription: async (context, input) => changed(context, input, { pause_collection: { behavior: 'void' } }, now => now.pause_collection !== null),

  /** Takes back a pause, or a cancellation at the end of the period. One that a trial left without a card is resumed by its own route. */
  resumeSubscription: async (context, input) => {
    const before = await retrieve(context, input.providerReference)
    if (before.status !== 'paused') return changed(context, input, { pause_collection: '', cancel_at_period_end: false }, now => now.pause_collection === null && !now.cancel_at_period_end)
    return told(context, await orTruth(() => call<Stripe.Subscription>(context, (stripe, as) => stripe.subscriptions.resume(input.providerReference, { expand }, keyed(as, input))),
      () => readIf(context, input.providerReference, now => now.status !== 'paused')))
  }
} satisfies Partial<PaymentsFamily>

const expand = ['latest_invoice.confirmation_secret', 'latest_invoice.payments', 'pending_setup_intent']

const prorations = { prorate: 'create_prorations', none: 'none' } as const

function retrieve (context: ConnectionContext, id: string): Promise<Stripe.Subscription> {
  return call(context, (stripe, as) => stripe.subscriptions.retrieve(id, { expand }, as))
}

async function readIf (context: ConnectionContext, id: string, is: (subscription: Stripe.Subscription) => boolean): Promise<Stripe.Subscription | undefined> {
  const subscription = await retrieve(context, id)
  return is(subscription) ? subscription : undefined
}

/** `done` knows the change when it is there. */
async function changed (
  context: ConnectionContext, input: Parameters<typeof keyed>[1] & { providerReference: string }, params: Stripe.SubscriptionUpdateParams, done: (subscription: Stripe.Subscription) => boolean
): Promise<SubscriptionSnapshot> {
  const write = () => call<Stripe.Subscription>(context, (stripe, as) => stripe.subscriptions.update(input.providerReference, { ...params, expand }, keyed(as, input)))
  const refused = async () => {
    const subscription = await retrieve(context, input.providerReference)
    return ended(subscription) ? wrongState(subscription.status) : undefined
  }
  return told(context, await orTruth(() => orDone(write, refused), () => readIf(context, input.providerReference, done)))
}

const ended = ({ status }: Stripe.Subscription) => status === 'canceled' || status === 'incomplete_expired'

async function findRaw (context: ConnectionContext, { reference, from, to }: Lookup): Promise<Stripe.Subscription | undefined> {
  const created = askedBetween({ from, to })
  const [found] = await everyOne(page => call(context, (stripe, as) => stripe.subscriptions.list({ created, status: 'all', ...page }, as)),
    subscription => subscription.metadata[metadataKeys.subscription] === reference)
  return found === undefined ? undefined : retrieve(context, found.id)
}

/**
 * With a saved method the first period is charged at once, and one that fails leaves it `incomplete`; without one it waits for the
 * payer, who pays it by the next action, and the method is kept for the periods to come.
 */
function subscriptionParams (input: CreateSubscriptionInput): Stripe.SubscriptionCreateParams {
  const saved = input.methodProviderReference
  return {
    customer: input.customerProviderReference,
    items: [{ price: input.planProviderReference, quantity: input.quantity }],
    metadata: metadataOf(input.metadata, { subscription: input.reference, plan: input.planReference }),
    ...(saved === undefined ? { payment_behavior: 'default_incomplete' } : { payment_behavior: 'allow_incomplete', default_payment_method: saved, off_session: true }),
    payment_settings: { save_default_payment_method: 'on_subscription', payment_method_types: ['card'] },
    ...(input.trialDays === undefined || input.trialDays === 0 ? {} : { trial_period_days: input.trialDays }),
    expand
  }
}

/** A subscription of ours has one item; its id must be told, or Stripe adds a second. */
function itemParams (subscription: Stripe.Subscription, { planProviderReference, quantity }: Pick<UpdateSubscriptionInput, 'planProviderReference' | 'quantity'>) {
  const item = subscription.items.data[0]
  if (planProviderReference === undefined && quantity === undefined) return undefined
  return { id: item?.id, ...(planProviderReference === undefined ? {} : { price: planProviderReference }), quantity: quantity ?? item?.quantity }
}

const statuses: Record<string, SubscriptionStatus> = {
  incomplete: 'incomplete', incomplete_expired: 'expired', trialing: 'trialing', active: 'active', past_due: 'past_due', unpaid: 'unpaid', paused: 'paused', canceled: 'canceled'
}

/** As a webhook tells it: without what Stripe only tells on request. Throws `unknown` for a status that is not in what we read. */
export function subscriptionOf (subscription: Stripe.Subscription): SubscriptionSnapshot {
  const status = Object.hasOwn(statuses, subscription.status) ? statuses[subscription.status] : undefined
  if (status === undefined) throw neverHeardOf(subscription.status)
  // Stripe's own `paused` is the end of a trial without a card; a pause of ours leaves its status as it was.
  const paused = subscription.pause_collection !== null && subscription.pause_collection !== undefined && !ended(subscription)
  // Of the item since 2025-03-31.basil.
  const item = subscription.items?.data[0]
  const invoice = expanded(subscription.latest_invoice)
  return {
    providerReference: subscription.id,
    reference: subscription.metadata?.[metadataKeys.subscription],
    status: paused ? 'paused' : status,
    providerStatus: subscription.status,
    currentPeriodStart: dateOf(item?.current_period_start),
    currentPeriodEnd: dateOf(item?.current_period_end),
    cancelAtPeriodEnd: subscription.cancel_at_period_end,
    canceledAt: dateOf(subscription.canceled_at),
    trialEndsAt: dateOf(subscription.trial_end),
    latestCycle: invoice === undefined ? undefined : cycleOf(invoice),
    mode: modeOf(subscription.livemode)
  }
}

/** With what the payer has to do about the open period, or to leave a card for one that follows a trial. */
async function told (context: ConnectionContext, subscription: Stripe.Subscription): Promise<SubscriptionSnapshot> {
  const snapshot = subscriptionOf(subscription)
  const js = stripeJsOf(context)
  const invoice = expanded(subscription.latest_invoice)
  if (invoice?.status === 'open' && !ended(subscription)) {
    const page = invoice.hosted_invoice_url ?? undefined
    const payment = snapshot.latestCycle?.paymentProviderReference
    if (payment !== undefined) {
      const intent = await call(context, (stripe, as) => stripe.paymentIntents.retrieve(payment, {}, as))
      const error = intent.last_payment_error === null || intent.last_payment_error === undefined ? undefined : problemOf(intent.last_payment_error)
      return { ...snapshot, nextAction: nextActionOf(intent, js, page), error }
    }
    const secret = invoice.confirmation_secret?.client_secret
    return secret === undefined ? snapshot : { ...snapshot, nextAction: clientSecretOf(secret, js, page) }
  }
  const setup = expanded(subscription.pending_setup_intent)
  return setup === undefined || ended(subscription) ? snapshot : { ...snapshot, nextAction: nextActionOf(setup, js) }
}

function previewOf (invoice: Stripe.Invoice): ProrationPreview {
  const amountOf = (wire: number) => moneyOf(wire, invoice.currency)
  const lines = invoice.lines.data.map(line => ({
    description: line.description ?? '',
    amount: amountOf(line.amount).amount,
    proration: (line.parent?.subscription_item_details ?? line.parent?.invoice_item_details)?.proration === true,
    periodStart: dateOf(line.period.start),
    periodEnd: dateOf(line.period.end)
  }))
  return {
    // Below zero nothing is due, and Stripe keeps the rest for the next bill.
    amountDue: amountOf(invoice.total < 0 ? invoice.total : invoice.amount_due),
    prorated: lines.filter(({ proration }) => proration).reduce((sum, { amount }) => sum + amount, 0),
    lines
  }
}
