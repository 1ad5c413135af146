import { type ConnectionContext, type ProviderEvent, ProviderError, type RawWebhook, type Verdict, type WebhookScheme } from '../../core/adapter/index.ts'
import type Stripe from 'stripe'
import { probe, probeCurrency } from './connection.ts'
import { apiVersion, call } from './http.ts'
import { defaultToleranceSeconds, refusalReason } from './signature.ts'
import { dateOf, idOf, metadataKeys, refundOf, snapshotOf } from './wire.ts'

/** Source: https://docs.stripe.com/api/events/types, read 2026-11-20. */
export const events = [
  'payment_intent.created', 'payment_intent.requires_action', 'payment_intent.processing', 'payment_intent.amount_capturable_updated',
  'payment_intent.partially_funded', 'payment_intent.succeeded', 'payment_intent.payment_failed', 'payment_intent.canceled',
  'charge.succeeded', 'charge.failed', 'charge.captured', 'charge.expired', 'charge.refunded', 'charge.updated',
  'refund.created', 'refund.updated', 'refund.failed',
  'charge.dispute.created', 'charge.dispute.updated', 'charge.dispute.closed', 'charge.dispute.funds_withdrawn', 'charge.dispute.funds_reinstated'
]

export const webhooks = {
  verify: ({ body, headers, secrets, now, settings }): Verdict => {
    const tolerance = settings.webhook_tolerance_seconds
    const reason = refusalReason({
      body,
      header: headers['stripe-signature'],
      secrets,
      nowSeconds: Math.floor(now.getTime() / 1000),
      toleranceSeconds: typeof tolerance === 'number' && tolerance > 0 ? tolerance : defaultToleranceSeconds
    })
    if (reason !== undefined) return { verdict: 'refused', reason }
    const event = eventOf(body)
    if (typeof event?.id !== 'string' || typeof event.type !== 'string') return { verdict: 'refused', reason: 'signed by Stripe, but not an event' }
    return { verdict: 'verified', dedupeKey: event.id, eventType: event.type }
  },

  parse: (raw: RawWebhook): ProviderEvent[] => {
    const event = eventOf(raw.body)
    const object = event?.data?.object as Partial<Stripe.Event.Data.Object> & { object?: string } | undefined
    if (event?.type === undefined || object === undefined) return [{ type: 'ignored', why: 'an event without an object' }]
    return [eventFrom(event.type, object, dateOf(event.created))]
  },

  register: async (context, { url, events }) => {
    const endpoint = await call(context, (stripe, as) => stripe.webhookEndpoints.create({
      url,
      enabled_events: events as Stripe.WebhookEndpointCreateParams.EnabledEvent[],
      // Events are rendered in the endpoint's version, whatever the account's own is.
      api_version: apiVersion,
      description: 'Pasarela',
      metadata: { [metadataKeys.connection]: context.connectionId }
    }, as))
    await forgetOthers(context, url, endpoint.id)
    return { providerReference: endpoint.id, secret: endpoint.secret }
  },

  unregister: async (context, providerReference) => {
    try {
      await call(context, (stripe, as) => stripe.webhookEndpoints.del(providerReference, {}, as))
    } catch (thrown) {
      if (!(thrown instanceof ProviderError && thrown.code === 'not_found')) throw thrown
    }
  },

  /** An intent of the smallest amount, opened and canceled: `payment_intent.created` and `.canceled` follow. */
  provoke: async (context) => {
    if (context.mode !== 'test') throw new ProviderError({ code: 'unsupported', reached: 'nowhere', param: 'mode' })
    await probe(context, await probeCurrency(context))
  }
} satisfies WebhookScheme

/**
 * An endpoint whose creation was not answered stays at Stripe, with a secret that nobody knows. So each registration removes
 * what this connection registered before for the same address; until then both deliver, and the hub drops the doubles.
 */
async function forgetOthers (context: ConnectionContext, url: string, keep: string): Promise<void> {
  try {
    const page = await call(context, (stripe, as) => stripe.webhookEndpoints.list({ limit: 100 }, as))
    for (const other of page.data) {
      const ours = other.url === url && other.metadata?.[metadataKeys.connection] === context.connectionId
      if (ours && other.id !== keep) await webhooks.unregister(context, other.id)
    }
  } catch (thrown) {
    // The new endpoint stands, and only this answer holds its secret.
    context.log.warn({ err: thrown }, 'old webhook endpoints were not removed')
  }
}

function eventFrom (type: string, object: Partial<Stripe.Event.Data.Object> & { object?: string }, occurredAt: Date | undefined): ProviderEvent {
  if (object.object === 'payment_intent') {
    const intent = object as Stripe.PaymentIntent
    if (intent.metadata?.[metadataKeys.probe] !== undefined) return { type: 'connection', what: 'ping' }
    return { type: 'payment', providerReference: intent.id, reference: intent.metadata?.[metadataKeys.payment], occurredAt, snapshot: readable(() => snapshotOf(intent)) }
  }
  if (object.object === 'refund') {
    const refund = object as Stripe.Refund
    const payment = idOf(refund.payment_intent)
    const snapshot = readable(() => refundOf(refund))
    if (payment === undefined) return { type: 'ignored', why: 'a refund of no payment intent' }
    const reference = refund.metadata?.[metadataKeys.payment]
    if (snapshot === undefined) return { type: 'payment', providerReference: payment, reference, occurredAt }
    return { type: 'refund', providerReference: payment, reference, occurredAt, refund: snapshot }
  }
  if (object.object === 'dispute') {
    const dispute = object as Stripe.Dispute
    const payment = idOf(dispute.payment_intent)
    if (payment === undefined) return { type: 'ignored', why: 'a dispute of no payment intent' }
    return { type: 'payment', providerReference: payment, occurredAt }
  }
  if (object.object === 'charge') {
    const charge = object as Stripe.Charge
    const payment = idOf(charge.payment_intent)
    if (payment === undefined) return { type: 'ignored', why: 'a charge of no payment intent' }
    return { type: 'payment', providerReference: payment, reference: charge.metadata?.[metadataKeys.payment], occurredAt }
  }
  return { type: 'ignored', why: `${type} is not one that we use` }
}

/** A status that we do not know makes no event unreadable: without a snapshot the hub asks. */
function readable<T> (read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

function eventOf (body: Uint8Array): Partial<Stripe.Event> | undefined {
  try {
    const event: unknown = JSON.parse(new TextDecoder().decode(body))
    return typeof event === 'object' && event !== null ? event as Partial<Stripe.Event> : undefined
  } catch {
    return undefined
  }
}
