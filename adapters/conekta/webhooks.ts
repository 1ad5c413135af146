import { type ConnectionContext, type ProviderEvent, ProviderError, type RawWebhook, type Verdict, type WebhookScheme } from '../../core/adapter/index.ts'
import { dateOf, every } from './asking.ts'
import { chargebacksOf } from './disputes.ts'
import { exactDigits, del, get, post, put, segment } from './http.ts'
import { heldOf, referenceOf } from './marks.ts'
import type { ConektaEvent, Order, Subscription, Webhook, WebhookKey } from './objects.ts'
import { publicKeyText, refusalReason } from './signature.ts'
import { subscriptionOf } from './subscriptions.ts'
import { disputeSnapshot, refundsOf, refundSnapshot, snapshotOf } from './wire.ts'

/** What we ask to be told. Source: facts section 2.5 (the documentation's list; the specification's enumeration names five of them). */
export const events = [
  'webhook_ping', 'order.created', 'order.pending_payment', 'order.pre_authorized', 'order.paid', 'order.declined', 'order.expired', 'order.canceled', 'order.voided', 'order.refunded', 'order.partially_refunded',
  'order.charged_back', 'order.fraudulent', 'order.under_fraud_review', 'charge.chargeback.created', 'charge.chargeback.updated', 'charge.chargeback.under_review', 'charge.chargeback.lost', 'charge.chargeback.won',
  'subscription.created', 'subscription.paused', 'subscription.resumed', 'subscription.canceled', 'subscription.paid', 'subscription.payment_failed'
]

export const webhooks = {
  verify: ({ body, headers, secrets }): Verdict => {
    const reason = refusalReason({ body, header: headers.digest, keys: secrets })
    if (reason !== undefined) return { verdict: 'refused', reason }
    const event = eventOf(body)
    if (typeof event?.id !== 'string' || typeof event.type !== 'string') return { verdict: 'refused', reason: 'signed by Conekta, but not an event' }
    return { verdict: 'verified', dedupeKey: event.id, eventType: event.type }
  },

  parse: (raw: RawWebhook): ProviderEvent[] => {
    const event = eventOf(raw.body)
    if (event?.type === undefined) return [{ type: 'ignored', why: 'an event without a type' }]
    return eventsFrom(event)
  },

  /**
   * The address is registered once, whatever was registered before: two of one address would be two deliveries. Every event of a mode
   * is signed with the account's own key, which others may be using: a key is made only where there is none.
   * Source: OpenAPI 2.3.0, createWebhook and createWebhookKey, and facts section 2.5; read 2026-11-21.
   */
  register: async (context, { url, events }) => {
    const key = await activeKey(context)
    const known = (await every<Webhook>(context, '/webhooks', { url })).filter(webhook => webhook.url === url)
    const [kept, ...others] = known
    for (const other of others) await webhooks.unregister(context, other.id)
    const body = { url, subscribed_events: [...events] }
    const webhook = kept === undefined ? await post<Webhook>(context, '/webhooks', body) : await put<Webhook>(context, `/webhooks/${segment(kept.id)}`, { ...body, active: true })
    if (typeof webhook.id !== 'string') throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown' })
    return { providerReference: webhook.id, secret: key }
  },

  unregister: async (context, providerReference) => {
    try {
      await del(context, `/webhooks/${segment(providerReference)}`)
    } catch (thrown) {
      if (!(thrown instanceof ProviderError && thrown.code === 'not_found')) throw thrown
    }
  },

  /** `webhook_ping`, to this address alone. */
  provoke: async (context, providerReference) => {
    if (context.mode !== 'test') throw new ProviderError({ code: 'unsupported', reached: 'nowhere', param: 'mode' })
    await post(context, `/webhooks/${segment(providerReference)}/test`)
  }
} satisfies WebhookScheme

async function activeKey (context: ConnectionContext): Promise<string> {
  const keys = await every<WebhookKey>(context, '/webhook_keys')
  const listed = keys.filter(({ active }) => active !== false).toSorted((a, b) => (b.created_at ?? 0) - (a.created_at ?? 0))[0]
  const known = listed?.public_key === undefined && listed !== undefined ? await get<WebhookKey>(context, `/webhook_keys/${segment(listed.id)}`) : listed
  const { public_key: key } = known ?? await post<WebhookKey>(context, '/webhook_keys', { active: true })
  if (typeof key !== 'string' || publicKeyText(key) === '') throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown', providerMessage: 'a webhook key without its public half' })
  return publicKeyText(key)
}

function eventOf (body: Uint8Array): Partial<ConektaEvent> | undefined {
  try {
    const event: unknown = JSON.parse(exactDigits(new TextDecoder().decode(body)))
    return typeof event === 'object' && event !== null ? event as Partial<ConektaEvent> : undefined
  } catch {
    return undefined
  }
}

/** Each payment is told twice, as `order.*` and as `charge.*`: only the order's family is acted on, and of the charge's what concerns chargebacks. */
function eventsFrom ({ type, data, created_at: created }: Partial<ConektaEvent>): ProviderEvent[] {
  const occurredAt = dateOf(created)
  const at = occurredAt === undefined ? {} : { occurredAt }
  if (type === 'webhook_ping') return [{ type: 'connection', what: 'ping' }]
  const object = data?.object
  if (object === undefined) return [{ type: 'ignored', why: 'an event without an object' }]
  if (type!.startsWith('order.') && object.object === 'order') return orderEvents(type!, object as unknown as Order, at)
  if (type!.startsWith('charge.chargeback.')) {
    const order = (object as { order_id?: unknown }).order_id
    // Which order it is: the order tells the rest.
    return typeof order === 'string' ? [{ type: 'payment', providerReference: order, ...at }] : [{ type: 'ignored', why: 'a chargeback that names no order' }]
  }
  if (type!.startsWith('subscription.') && object.object === 'subscription') return [subscriptionEvent(object as unknown as Subscription, at)]
  return [{ type: 'ignored', why: `${type} changes nothing of ours` }]
}

function orderEvents (type: string, order: Order, at: { occurredAt?: Date }): ProviderEvent[] {
  const reference = referenceOf(order.metadata)
  const about = { providerReference: order.id, ...(reference !== undefined && { reference }), ...at }
  // How much was taken of what was held the order need not say: then it is asked.
  const asks = heldOf(order.metadata) !== undefined
  const snapshot = asks ? undefined : quietly(() => snapshotOf(order))
  const payment: ProviderEvent = { type: 'payment', ...about, ...(snapshot !== undefined && { snapshot }) }
  const refunds = /refunded$/.test(type) ? refundsOf(order).flatMap(refund => quietly(() => refundSnapshot(order, refund)) ?? []) : []
  const disputes = chargebacksOf(order).flatMap(({ charge, chargeback }) => quietly(() => disputeSnapshot(order, charge, chargeback)) ?? [])
  return [payment, ...refunds.map((refund): ProviderEvent => ({ type: 'refund', ...about, refund })), ...disputes.map((dispute): ProviderEvent => ({ type: 'dispute', ...about, dispute }))]
}

function subscriptionEvent (subscription: Subscription, at: { occurredAt?: Date }): ProviderEvent {
  const snapshot = quietly(() => subscriptionOf(subscription))
  return {
    type: 'subscription', providerReference: `${subscription.customer_id}/${subscription.id}`, ...(snapshot?.reference !== undefined && { reference: snapshot.reference }), ...at,
    // Which order paid its period only Conekta can say.
    ...(snapshot !== undefined && !subscription.last_billing_cycle_order_id && { snapshot })
  }
}

/** A word that nobody heard of makes the hub ask; it does not stop the event. */
function quietly<T> (make: () => T): T | undefined {
  try {
    return make()
  } catch {
    return undefined
  }
}
