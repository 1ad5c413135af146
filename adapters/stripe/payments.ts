import {
  type ConnectionContext, type Lookup, type PaymentSnapshot, type PaymentsFamily, ProviderError, type ProviderPaymentStatus, type RefundSnapshot
} from '../../core/adapter/index.ts'
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

/** "We remove keys after they are at least 24 hours old." Source: https://docs.stripe.com/api/idempotent_requests, read 2026-11-20. */
export const idempotencyWindowMs = 86_400_000

export const payments = {
  createPayment: async (context, input) => {
    const params = createParams(input, context.settings)
    return sent(context, (stripe, as) => stripe.paymentIntents.create(params, keyed(as, input)), () => {
      const to = context.now()
      return find(context, { reference: input.reference, from: new Date(to.getTime() - idempotencyWindowMs), to })
    })
  },

  getPayment: read,

  findPayment: find,

  confirmPayment: async (context, input) => {
    const params = { ...confirmation(input.method, input.returnUrl, input.offSession), expand }
    return sent(context, (stripe, as) => stripe.paymentIntents.confirm(input.providerReference, params, keyed(as, input)),
      () => readIf(context, input.providerReference, ['requires_action', 'processing', 'authorized', 'succeeded']))
  },

  capture: async (context, input) => {
    const params = { amount_to_capture: partOnWire(input.amount), expand }
    return sent(context, (stripe, as) => stripe.paymentIntents.capture(input.providerReference, params, keyed(as, input)),
      () => readIf(context, input.providerReference, ['succeeded']))
  },

  cancel: async (context, input) => {
    const params = { cancellation_reason: input.reason, expand }
    return sent(context, (stripe, as) => stripe.paymentIntents.cancel(input.providerReference, params, keyed(as, input)),
      () => readIf(context, input.providerReference, ['canceled']))
  },

  refund: async (context, input) => {
    const params = {
      payment_intent: input.providerReference,
      amount: partOnWire(input.amount),
      reason: input.reason,
      metadata: { [metadataKeys.refund]: input.refundReference, [metadataKeys.payment]: input.reference }
    }
    return orTruth(async () => refundOf(await call(context, (stripe, as) => stripe.refunds.create(params, keyed(as, input)))), () => findRefund(context, input))
  },

  getRefund: async (context, providerReference) => refundOf(await call(context, (stripe, as) => stripe.refunds.retrieve(providerReference, {}, as))),

  findRefund
} satisfies PaymentsFamily

async function read (context: ConnectionContext, providerReference: string): Promise<PaymentSnapshot> {
  return snapshot(context, await call(context, (stripe, as) => stripe.paymentIntents.retrieve(providerReference, { expand }, as)))
}

async function readIf (context: ConnectionContext, providerReference: string, statuses: readonly ProviderPaymentStatus[]): Promise<PaymentSnapshot | undefined> {
  const now = await read(context, providerReference)
  return statuses.includes(now.status) ? now : undefined
}

async function find (context: ConnectionContext, { reference, from, to }: Lookup): Promise<PaymentSnapshot | undefined> {
  const created = { gte: seconds(from.getTime() - beforeMs), lte: seconds(to.getTime() + afterMs) }
  const list = (page: Page) => call(context, (stripe, as) => stripe.paymentIntents.list({ created, expand: ['data.latest_charge'], ...page }, as))
  const found = await everyOne(list, intent => intent.metadata[metadataKeys.payment] === reference)
  // The newest comes first; one that has money on it comes before.
  const best = found.find(intent => intent.status !== 'canceled' && (intent.amount_received > 0 || intent.amount_capturable > 0)) ?? found[0]
  return best === undefined ? undefined : snapshot(context, best)
}

async function findRefund (context: ConnectionContext, { refundReference, providerReference }: { refundReference: string, providerReference: string }): Promise<RefundSnapshot | undefined> {
  const list = (page: Page) => call(context, (stripe, as) => stripe.refunds.list({ payment_intent: providerReference, ...page }, as))
  const [found] = await everyOne(list, refund => refund.metadata?.[metadataKeys.refund] === refundReference)
  return found === undefined ? undefined : refundOf(found)
}

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

/** A write on a payment intent. A decline is an answer: the intent as it stands after it. */
async function sent (
  context: ConnectionContext, write: (stripe: Stripe, as: Stripe.RequestOptions) => Promise<Stripe.PaymentIntent>, truth: () => Promise<PaymentSnapshot | undefined>
): Promise<PaymentSnapshot> {
  return orTruth(async () => {
    try {
      return snapshot(context, await call(context, write))
    } catch (thrown) {
      if (thrown instanceof StripeRefusal && thrown.declined !== undefined) return snapshot(context, thrown.declined)
      throw thrown
    }
  }, truth)
}

/**
 * Stripe keeps a 500 under its key and gives it again for a day, so repeating would never end. When it does, the first request is
 * over: what it did can be read. What cannot be read stays `unknown`, for Stripe may still repair it afterwards.
 * Source: https://docs.stripe.com/error-low-level#server-errors, read 2026-11-21.
 */
async function orTruth<T> (write: () => Promise<T>, truth: () => Promise<T | undefined>): Promise<T> {
  try {
    return await write()
  } catch (thrown) {
    const done = thrown instanceof StripeRefusal && thrown.replayed ? await truth().catch(() => undefined) : undefined
    if (done !== undefined) return done
    throw thrown
  }
}

function snapshot (context: ConnectionContext, intent: Stripe.PaymentIntent): PaymentSnapshot {
  return snapshotOf(intent, context.credentials.publishable_key)
}

const keyed = (as: Stripe.RequestOptions, { idempotencyKey }: { idempotencyKey: string }): Stripe.RequestOptions => ({ ...as, idempotencyKey })

const seconds = (ms: number) => Math.floor(ms / 1000)
