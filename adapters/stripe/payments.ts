import {
  type ConfirmPaymentInput, type ConnectionContext, type CreatePaymentInput, type Lookup, type PaymentSnapshot, type PaymentsFamily, ProviderError, type ProviderPaymentStatus
} from '../../core/adapter/index.ts'
import type Stripe from 'stripe'
import { partOnWire } from './amounts.ts'
import { askedBetween, everyOne, keyed, lately, onePage, orTruth } from './asking.ts'
import { checkout } from './checkout.ts'
import { customerFor, customers } from './customers.ts'
import { cycles, subscriptionOfPayment } from './cycles.ts'
import { disputes } from './disputes.ts'
import { StripeRefusal } from './errors.ts'
import { call } from './http.ts'
import { metadataKeys, referenceOf } from './metadata.ts'
import { confirmationOf, needsCustomer, stripeNameOf } from './methods.ts'
import { stripeJsOf } from './next-action.ts'
import { createParams, expand } from './params.ts'
import { links } from './payment-links.ts'
import { plans } from './plans.ts'
import { refunds } from './refunds.ts'
import { savedMethods } from './saved-methods.ts'
import { subscriptions } from './subscriptions.ts'
import { transactions } from './transactions.ts'
import { snapshotOf } from './wire.ts'
import { idOf } from './wire-parts.ts'

const own = {
  createPayment: async (context, input) => {
    const params = createParams(input, context.settings, context.now())
    if (params.customer === undefined && needsCustomer([input.method?.type ?? 'card'])) params.customer = await customerFor(context, { ...input, metadataKey: 'payment' })
    const find = () => findIntent(context, { reference: input.reference, ...lately(context.now()) })
    const intent = await sent(context, (stripe, as) => stripe.paymentIntents.create(params, keyed(as, input)), find)
    return finishable(context, input, intent)
  },

  getPayment: read,

  findPayment: async (context, lookup) => {
    const intent = await findIntent(context, lookup)
    return intent === undefined ? undefined : snapshot(context, intent)
  },

  confirmPayment: async (context, input) => {
    const type = stripeNameOf(input.method.type)
    // An intent of one method takes another when it is told so.
    const params = { allowed_payment_method_types: [type], ...confirmationOf(input, context.now()), expand }
    if (needsCustomer([input.method.type])) await withCustomer(context, input)
    const intent = await sent(context, (stripe, as) => stripe.paymentIntents.confirm(input.providerReference, params, keyed(as, input)),
      () => readIf(context, input.providerReference, ['requires_action', 'processing', 'authorized', 'succeeded']))
    return finishable(context, input, intent)
  },

  capture: async (context, input) => {
    const params = { amount_to_capture: partOnWire(input.amount), expand }
    return snapshot(context, await sent(context, (stripe, as) => stripe.paymentIntents.capture(input.providerReference, params, keyed(as, input)),
      () => readIf(context, input.providerReference, ['succeeded'])))
  },

  cancel: async (context, input) => {
    const params = { cancellation_reason: input.reason, expand }
    return snapshot(context, await sent(context, (stripe, as) => stripe.paymentIntents.cancel(input.providerReference, params, keyed(as, input)),
      () => readIf(context, input.providerReference, ['canceled'])))
  },

  /** Without the probes of `test`: nobody can pay those. */
  listPayments: async (context, range) => onePage(range,
    page => call(context, (stripe, as) => stripe.paymentIntents.list({ expand: ['data.latest_charge'], ...page }, as)),
    intents => intents.filter(({ metadata }) => metadata[metadataKeys.probe] === undefined).map(intent => snapshot(context, intent)))
} satisfies PaymentsFamily

export const payments = {
  ...own, ...refunds, ...checkout, ...links, ...customers, ...savedMethods, ...plans, ...subscriptions, ...cycles, ...disputes, ...transactions
} satisfies PaymentsFamily

/**
 * The truth about a payment. One of a subscription carries no metadata of ours (Stripe copies none to it); then `reference` is found
 * through its invoice, so the hub may ask here of a payment that a webhook or `listPayments` names without a reference.
 */
async function read (context: ConnectionContext, providerReference: string): Promise<PaymentSnapshot> {
  const intent = await retrieve(context, providerReference)
  const told = snapshot(context, intent)
  if (referenceOf(intent.metadata) !== undefined || idOf(intent.customer) === undefined) return told
  return { ...told, reference: await subscriptionOfPayment(context, intent.id) }
}

function retrieve (context: ConnectionContext, id: string): Promise<Stripe.PaymentIntent> {
  return call(context, (stripe, as) => stripe.paymentIntents.retrieve(id, { expand }, as))
}

async function readIf (context: ConnectionContext, id: string, statuses: readonly ProviderPaymentStatus[]): Promise<Stripe.PaymentIntent | undefined> {
  const intent = await retrieve(context, id)
  return statuses.includes(snapshot(context, intent).status) ? intent : undefined
}

async function findIntent (context: ConnectionContext, { reference, from, to }: Lookup): Promise<Stripe.PaymentIntent | undefined> {
  const created = askedBetween({ from, to })
  const found = await everyOne(page => call(context, (stripe, as) => stripe.paymentIntents.list({ created, expand: ['data.latest_charge'], ...page }, as)),
    intent => intent.metadata[metadataKeys.payment] === reference)
  // The newest comes first; one that has money on it comes before.
  return found.find(intent => intent.status !== 'canceled' && (intent.amount_received > 0 || intent.amount_capturable > 0)) ?? found[0]
}

/** A transfer needs a customer, which an intent that was opened for a card may not have. */
async function withCustomer (context: ConnectionContext, input: ConfirmPaymentInput): Promise<void> {
  const intent = await retrieve(context, input.providerReference)
  if (idOf(intent.customer) !== undefined) return
  const customer = input.customer?.provider_reference ?? await customerFor(context, { ...input, metadataKey: 'payment' })
  await call(context, (stripe, as) => stripe.paymentIntents.update(intent.id, { customer }, keyed(as, input, 'whose')))
}

/** A write on a payment intent. A decline is an answer: the intent as it stands after it. */
async function sent (
  context: ConnectionContext, write: (stripe: Stripe, as: Stripe.RequestOptions) => Promise<Stripe.PaymentIntent>, truth: () => Promise<Stripe.PaymentIntent | undefined>
): Promise<Stripe.PaymentIntent> {
  return orTruth(async () => {
    try {
      return await call(context, write)
    } catch (thrown) {
      if (thrown instanceof StripeRefusal && thrown.declined !== undefined) return thrown.declined
      throw thrown
    }
  }, truth)
}

/**
 * Off session, a bank that wants the payer declines with `authentication_required` and the intent is back at its start. It is
 * confirmed once more as if the payer were there, which charges nothing: the bank's page is then its next action, and `error` says
 * why. Without a page to come back to the payer needs the intent's client secret, which is the next action as it is.
 * Source: https://docs.stripe.com/payments/save-during-payment#web-submit-payment, read 2026-11-21.
 */
async function finishable (context: ConnectionContext, input: CreatePaymentInput | ConfirmPaymentInput, intent: Stripe.PaymentIntent): Promise<PaymentSnapshot> {
  const declined = snapshot(context, intent)
  const method = intent.last_payment_error?.payment_method?.id ?? input.method?.token
  const asks = declined.status === 'requires_payment_method' && declined.error?.code === 'authentication_required'
  if (input.offSession !== true || !asks || input.returnUrl === undefined || method === undefined) return declined
  const params = { payment_method: method, return_url: input.returnUrl, off_session: false, expand }
  try {
    const asked = await sent(context, (stripe, as) => stripe.paymentIntents.confirm(intent.id, params, keyed(as, input, 'present')), () => retrieve(context, intent.id))
    const told = snapshot(context, asked)
    return told.status === 'requires_action' ? { ...told, error: declined.error } : told
  } catch (thrown) {
    // Refused for good: the decline stands, and so does its client secret.
    if (thrown instanceof ProviderError && thrown.reached !== 'unknown') return declined
    throw thrown
  }
}

function snapshot (context: ConnectionContext, intent: Stripe.PaymentIntent): PaymentSnapshot {
  return snapshotOf(intent, stripeJsOf(context))
}
