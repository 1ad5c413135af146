import { type ProviderEvent, ProviderError, type RawWebhook, textOf, type Verdict, type WebhookScheme } from '../../core/adapter/index.ts'
import { dateOf, ifThere, oursIn } from './asking.ts'
import { call, del, get, post, segment } from './http.ts'
import type { PaypalEvent, Webhook } from './objects.ts'
import { certificatePath, ownRoots, refusalReason, trustedLeaf } from './signature.ts'
import { captureName } from './wire.ts'

/** What we ask to be told. Source: facts section 5.6. */
export const events = [
  'CHECKOUT.ORDER.APPROVED', 'CHECKOUT.ORDER.COMPLETED', 'CHECKOUT.PAYMENT-APPROVAL.REVERSED', 'PAYMENT.AUTHORIZATION.CREATED', 'PAYMENT.AUTHORIZATION.VOIDED',
  'PAYMENT.CAPTURE.PENDING', 'PAYMENT.CAPTURE.COMPLETED', 'PAYMENT.CAPTURE.DECLINED', 'PAYMENT.CAPTURE.DENIED', 'PAYMENT.CAPTURE.REFUNDED', 'PAYMENT.CAPTURE.REVERSED', 'PAYMENT.REFUND.PENDING', 'PAYMENT.REFUND.FAILED',
  'CUSTOMER.DISPUTE.CREATED', 'CUSTOMER.DISPUTE.UPDATED', 'CUSTOMER.DISPUTE.RESOLVED',
  'BILLING.SUBSCRIPTION.CREATED', 'BILLING.SUBSCRIPTION.ACTIVATED', 'BILLING.SUBSCRIPTION.UPDATED', 'BILLING.SUBSCRIPTION.EXPIRED', 'BILLING.SUBSCRIPTION.CANCELLED', 'BILLING.SUBSCRIPTION.SUSPENDED', 'BILLING.SUBSCRIPTION.PAYMENT.FAILED',
  'PAYMENT.SALE.COMPLETED', 'PAYMENT.SALE.REFUNDED', 'PAYMENT.SALE.REVERSED', 'VAULT.PAYMENT-TOKEN.CREATED', 'VAULT.PAYMENT-TOKEN.DELETED'
]

const hourMs = 3_600_000

export const webhooks = {
  /** A transmission that was heard is not heard again: whoever captured one cannot make another event of it. */
  verify: ({ body, headers, secrets, now, settings, key }): Verdict => {
    const hours = typeof settings.webhook_max_age_hours === 'number' ? settings.webhook_max_age_hours : 0
    const id = headers['paypal-transmission-id']
    const reason = refusalReason({ id, time: headers['paypal-transmission-time'], signature: headers['paypal-transmission-sig'], algorithm: headers['paypal-auth-algo'], body }, { key, webhookIds: secrets, now, maxAgeMs: hours * hourMs })
    if (reason !== undefined) return { verdict: 'refused', reason }
    const event = eventOf(body)
    if (typeof event?.id !== 'string' || typeof event.event_type !== 'string') return { verdict: 'refused', reason: 'signed by PayPal, but not an event' }
    return { verdict: 'unverifiable', dedupeKey: id!, eventType: event.event_type }
  },

  keyName: ({ headers }, mode) => certificatePath(headers['paypal-cert-url'], mode),

  /** From PayPal's own origin: the delivery only says which. Redirects are not followed. */
  fetchKey: async ({ mode, origin, http, now, redirected }, name) => {
    const response = await http({ method: 'GET', url: origin('certificates') + name, maxBytes: 100_000 })
    if (response.status !== 200) throw new ProviderError({ code: 'not_found', reached: 'answered', httpStatus: response.status })
    const pem = textOf(response)
    return trustedLeaf(pem, { mode, now: now(), ...(redirected && { anchors: ownRoots(pem) }) })
  },

  parse: (raw: RawWebhook): ProviderEvent[] => {
    const event = eventOf(raw.body)
    return event?.event_type === undefined ? [{ type: 'ignored', why: 'an event without a type' }] : [eventFrom(event)]
  },

  /** An address is registered once, and asked for by its address. */
  register: async (context, { url, events }) => {
    const wanted = events.map(name => ({ name }))
    const known = ((await get<{ webhooks?: Webhook[] }>(context, '/v1/notifications/webhooks')).webhooks ?? []).find(webhook => webhook.url === url)
    const webhook = known === undefined
      ? await post<Webhook>(context, '/v1/notifications/webhooks', { url, event_types: wanted })
      : await call<Webhook>(context, { method: 'PATCH', path: `/v1/notifications/webhooks/${segment(known.id)}`, body: [{ op: 'replace', path: '/event_types', value: wanted }] })
    if (typeof webhook.id !== 'string') throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown' })
    // What is signed holds the webhook's own id: without it nothing verifies.
    return { providerReference: webhook.id, secret: webhook.id }
  },

  unregister: async (context, providerReference) => { await ifThere(() => del(context, `/v1/notifications/webhooks/${segment(providerReference)}`)) }
} satisfies WebhookScheme

function eventOf (body: Uint8Array): Partial<PaypalEvent> | undefined {
  try {
    const event: unknown = JSON.parse(new TextDecoder().decode(body))
    return typeof event === 'object' && event !== null ? event as Partial<PaypalEvent> : undefined
  } catch {
    return undefined
  }
}

/** Only what is to be asked for: the body is not signed. */
function eventFrom ({ event_type: type = '', resource = {}, create_time: created }: Partial<PaypalEvent>): ProviderEvent {
  const occurredAt = dateOf(created)
  const at = occurredAt === undefined ? {} : { occurredAt }
  const id = typeof resource.id === 'string' && /^[\w-]{3,60}$/.test(resource.id) ? resource.id : undefined
  const reference = oursIn(resource.custom_id)
  if (type.startsWith('CUSTOMER.DISPUTE.')) {
    const dispute = resource.dispute_id
    return typeof dispute === 'string' ? { type: 'dispute_named', providerReference: dispute, ...at } : { type: 'ignored', why: 'a dispute without an id' }
  }
  if (type.startsWith('PAYMENT.SALE.')) {
    const agreement = resource.billing_agreement_id
    return typeof agreement === 'string' ? { type: 'subscription', providerReference: agreement, ...at } : { type: 'ignored', why: 'a sale of no subscription' }
  }
  if (id === undefined) return { type: 'ignored', why: `${type} names nothing` }
  if (type.startsWith('BILLING.SUBSCRIPTION.')) return { type: 'subscription', providerReference: id, ...(reference !== undefined && { reference }), ...at }
  if (type.startsWith('VAULT.PAYMENT-TOKEN.')) return { type: 'saved_method', providerReference: id, ...at }
  if (type.startsWith('CHECKOUT.')) {
    const order = type.startsWith('CHECKOUT.ORDER.') ? id : resource.order_id
    return typeof order === 'string' ? { type: 'payment', providerReference: order, ...at } : { type: 'ignored', why: `${type} names no order` }
  }
  const order = resource.supplementary_data?.related_ids?.order_id
  if (typeof order === 'string') return { type: 'payment', providerReference: order, ...(reference?.startsWith('pay_') === true && { reference }), ...at }
  // A refund names its capture ("up"), which names the order.
  const up = /\/captures\/(\w{1,50})$/.exec(resource.links?.find(({ rel }) => rel === 'up')?.href ?? '')?.[1]
  if (up !== undefined) return { type: 'payment', providerReference: captureName(up), ...at }
  if (type.startsWith('PAYMENT.CAPTURE.')) return { type: 'payment', providerReference: captureName(id), ...at }
  return { type: 'ignored', why: `${type} changes nothing of ours` }
}
