import type { ProviderEvent } from '../../core/adapter/index.ts'
import type Stripe from 'stripe'
import { checkoutOf } from './checkout.ts'
import { cycleOf, subscriptionReferenceOf } from './cycles.ts'
import { disputeOf } from './disputes.ts'
import { metadataKeys, referenceOf } from './metadata.ts'
import { savedMethodOf, setupOf } from './saved-methods.ts'
import { subscriptionOf } from './subscriptions.ts'
import { refundOf, snapshotOf } from './wire.ts'
import { idOf } from './wire-parts.ts'

/** Source: https://docs.stripe.com/api/events/types, read 2026-11-21. */
export const events = [
  'payment_intent.created', 'payment_intent.requires_action', 'payment_intent.processing', 'payment_intent.amount_capturable_updated',
  'payment_intent.partially_funded', 'payment_intent.succeeded', 'payment_intent.payment_failed', 'payment_intent.canceled',
  'charge.succeeded', 'charge.failed', 'charge.captured', 'charge.expired', 'charge.refunded', 'charge.updated',
  'refund.created', 'refund.updated', 'refund.failed',
  'charge.dispute.created', 'charge.dispute.updated', 'charge.dispute.closed', 'charge.dispute.funds_withdrawn', 'charge.dispute.funds_reinstated',
  'checkout.session.completed', 'checkout.session.async_payment_succeeded', 'checkout.session.async_payment_failed', 'checkout.session.expired',
  'customer.subscription.created', 'customer.subscription.updated', 'customer.subscription.deleted', 'customer.subscription.paused',
  'customer.subscription.resumed', 'customer.subscription.trial_will_end',
  'invoice.created', 'invoice.finalized', 'invoice.paid', 'invoice.payment_failed', 'invoice.payment_action_required', 'invoice.voided', 'invoice.marked_uncollectible',
  'setup_intent.requires_action', 'setup_intent.succeeded', 'setup_intent.setup_failed', 'setup_intent.canceled',
  'payment_method.automatically_updated', 'payment_method.detached',
  'customer_cash_balance_transaction.created'
]

type Of<T> = (object: T, occurredAt: Date | undefined) => ProviderEvent

/** A webhook's object in our words, or why it is none of ours. */
export function eventFrom (type: string, object: { object?: string }, occurredAt: Date | undefined): ProviderEvent {
  const read = Object.hasOwn(readers, object.object ?? '') ? readers[object.object as keyof typeof readers] as Of<unknown> : undefined
  return read === undefined ? ignored(`${type} is not one that we use`) : read(object, occurredAt)
}

const readers = {
  payment_intent: (intent: Stripe.PaymentIntent, occurredAt) => {
    if (intent.metadata?.[metadataKeys.probe] !== undefined) return { type: 'connection', what: 'ping' }
    // Of a subscription's payment the reference is not in it: `getPayment` finds it, and the invoice's own event tells it too.
    return { type: 'payment', providerReference: intent.id, reference: referenceOf(intent.metadata), occurredAt, snapshot: readable(() => snapshotOf(intent)) }
  },

  charge: (charge: Stripe.Charge, occurredAt) => {
    const payment = idOf(charge.payment_intent)
    if (payment === undefined) return ignored('a charge of no payment intent')
    return { type: 'payment', providerReference: payment, reference: referenceOf(charge.metadata), occurredAt }
  },

  refund: (refund: Stripe.Refund, occurredAt) => {
    const payment = idOf(refund.payment_intent)
    const snapshot = readable(() => refundOf(refund))
    if (payment === undefined) return ignored('a refund of no payment intent')
    const reference = refund.metadata?.[metadataKeys.payment]
    if (snapshot === undefined) return { type: 'payment', providerReference: payment, reference, occurredAt }
    return { type: 'refund', providerReference: payment, reference, occurredAt, refund: snapshot }
  },

  dispute: (dispute: Stripe.Dispute, occurredAt) => {
    const payment = idOf(dispute.payment_intent)
    const snapshot = readable(() => disputeOf(dispute))
    if (payment === undefined) return ignored('a dispute of no payment intent')
    if (snapshot === undefined) return { type: 'payment', providerReference: payment, occurredAt }
    return { type: 'dispute', providerReference: payment, occurredAt, dispute: snapshot }
  },

  /** A session that a payment link opened carries the link's metadata: `reference` is then our id of the link, and the snapshot names it. */
  'checkout.session': (session: Stripe.Checkout.Session, occurredAt) => {
    const reference = session.metadata?.[metadataKeys.checkout] ?? session.metadata?.[metadataKeys.link]
    return { type: 'checkout', providerReference: session.id, reference, occurredAt, snapshot: readable(() => checkoutOf(session)) }
  },

  subscription: (subscription: Stripe.Subscription, occurredAt) => ({
    type: 'subscription', providerReference: subscription.id, reference: subscription.metadata?.[metadataKeys.subscription], occurredAt, snapshot: readable(() => subscriptionOf(subscription))
  }),

  /** Without the payment that paid it: a webhook's invoice does not name it. `getSubscription` and `listCycles` do. */
  invoice: (invoice: Stripe.Invoice, occurredAt) => {
    const subscription = idOf(invoice.parent?.subscription_details?.subscription)
    if (subscription === undefined) return ignored('an invoice of no subscription')
    return { type: 'subscription', providerReference: subscription, reference: subscriptionReferenceOf(invoice), occurredAt, cycle: readable(() => cycleOf(invoice)) }
  },

  setup_intent: (setup: Stripe.SetupIntent, occurredAt) => {
    const method = idOf(setup.payment_method) ?? setup.last_setup_error?.payment_method?.id
    const reference = setup.metadata?.[metadataKeys.method]
    if (method === undefined) return ignored('a set-up without a method')
    return { type: 'saved_method', providerReference: method, reference, occurredAt, snapshot: readable(() => setupOf(setup)) }
  },

  /** What the card networks told of a new date or number; or that it was removed, which has no snapshot: it is listed no more. */
  payment_method: (method: Stripe.PaymentMethod, occurredAt) => ({
    type: 'saved_method', providerReference: method.id, occurredAt, snapshot: method.customer === null ? undefined : savedMethodOf(method)
  }),

  /** Money of a transfer: only what was put to a payment is about one. */
  customer_cash_balance_transaction: (move: Stripe.CustomerCashBalanceTransaction, occurredAt) => {
    const payment = idOf((move.applied_to_payment ?? move.unapplied_from_payment)?.payment_intent)
    return payment === undefined ? ignored('money that is of no payment yet') : { type: 'payment', providerReference: payment, occurredAt }
  }
} satisfies { [object: string]: Of<never> }

function ignored (why: string): ProviderEvent {
  return { type: 'ignored', why }
}

/** A status that we do not know makes no event unreadable: without a snapshot the hub asks. */
function readable<T> (read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
