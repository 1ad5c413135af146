import { type ConnectionContext, type PaymentSnapshot, type PaymentsFamily, ProviderError, type RefundSnapshot } from '../../core/adapter/index.ts'
import type Stripe from 'stripe'
import { partOnWire } from './amounts.ts'
import { StripeRefusal } from './errors.ts'
import { call } from './http.ts'
import { confirmation, createParams, expand } from './params.ts'
import { metadataKeys, refundOf, snapshotOf } from './wire.ts'

/** A list is read to its end, or the answer is `unknown`. */
const pageSize = 100
const maxPages = 20

/** Clocks differ, and the request may have been slow: Stripe works on one for 80 s at most. */
const beforeMs = 60_000
const afterMs = 120_000

export const payments = {
  createPayment: (context, input) => {
    const params = createParams(input, context.settings)
    return orDeclined(context, () => call(context, (stripe, as) => stripe.paymentIntents.create(params, keyed(as, input))))
  },

  getPayment: async (context, providerReference) =>
    snapshot(context, await call(context, (stripe, as) => stripe.paymentIntents.retrieve(providerReference, { expand }, as))),

  findPayment: async (context, { reference, from, to }) => {
    const created = { gte: seconds(from.getTime() - beforeMs), lte: seconds(to.getTime() + afterMs) }
    const list = (page: Page) => call(context, (stripe, as) => stripe.paymentIntents.list({ created, expand: ['data.latest_charge'], ...page }, as))
    const found = await everyOne(list, intent => intent.metadata[metadataKeys.payment] === reference)
    // The newest comes first; one that has money on it comes before.
    const best = found.find(intent => intent.status !== 'canceled' && (intent.amount_received > 0 || intent.amount_capturable > 0)) ?? found[0]
    return best === undefined ? undefined : snapshot(context, best)
  },

  confirmPayment: (context, input) => {
    const params = { ...confirmation(input.method, input.returnUrl, input.offSession), expand }
    return orDeclined(context, () => call(context, (stripe, as) => stripe.paymentIntents.confirm(input.providerReference, params, keyed(as, input))))
  },

  capture: async (context, input) => {
    const params = { amount_to_capture: partOnWire(input.amount), expand }
    return orDeclined(context, () => call(context, (stripe, as) => stripe.paymentIntents.capture(input.providerReference, params, keyed(as, input))))
  },

  cancel: async (context, input) => {
    const params = { cancellation_reason: input.reason, expand }
    return snapshot(context, await call(context, (stripe, as) => stripe.paymentIntents.cancel(input.providerReference, params, keyed(as, input))))
  },

  refund: async (context, input) => refundOf(await call(context, (stripe, as) => stripe.refunds.create({
    payment_intent: input.providerReference,
    amount: partOnWire(input.amount),
    reason: input.reason,
    metadata: { [metadataKeys.refund]: input.refundReference, [metadataKeys.payment]: input.reference }
  }, keyed(as, input)))),

  getRefund: async (context, providerReference) => refundOf(await call(context, (stripe, as) => stripe.refunds.retrieve(providerReference, {}, as))),

  findRefund: async (context, { refundReference, providerReference }): Promise<RefundSnapshot | undefined> => {
    const list = (page: Page) => call(context, (stripe, as) => stripe.refunds.list({ payment_intent: providerReference, ...page }, as))
    const [found] = await everyOne(list, refund => refund.metadata?.[metadataKeys.refund] === refundReference)
    return found === undefined ? undefined : refundOf(found)
  }
} satisfies PaymentsFamily

interface Page { limit: number, starting_after?: string }

/** All that match, newest first. Throws `unknown` when the list is longer than we read: not found is then not known. */
async function everyOne<T extends { id: string }> (list: (page: Page) => Promise<Stripe.ApiList<T>>, matches: (item: T) => boolean): Promise<T[]> {
  const found: T[] = []
  let after: string | undefined
  for (let read = 0; read < maxPages; read++) {
    const page = await list(after === undefined ? { limit: pageSize } : { limit: pageSize, starting_after: after })
    found.push(...page.data.filter(matches))
    after = page.data.at(-1)?.id
    if (!page.has_more || after === undefined) return found
  }
  if (found.length > 0) return found
  throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown', providerMessage: `more than ${pageSize * maxPages} objects to look through` })
}

/** A decline is an answer: the intent as it stands after it. */
async function orDeclined (context: ConnectionContext, attempt: () => Promise<Stripe.PaymentIntent>): Promise<PaymentSnapshot> {
  try {
    return snapshot(context, await attempt())
  } catch (thrown) {
    if (thrown instanceof StripeRefusal && thrown.declined !== undefined) return snapshot(context, thrown.declined)
    throw thrown
  }
}

function snapshot (context: ConnectionContext, intent: Stripe.PaymentIntent): PaymentSnapshot {
  return snapshotOf(intent, context.credentials.publishable_key)
}

const keyed = (as: Stripe.RequestOptions, { idempotencyKey }: { idempotencyKey: string }): Stripe.RequestOptions => ({ ...as, idempotencyKey })

const seconds = (ms: number) => Math.floor(ms / 1000)
