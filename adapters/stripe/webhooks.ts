import { type ConnectionContext, type ProviderEvent, ProviderError, type RawWebhook, type Verdict, type WebhookScheme } from '../../core/adapter/index.ts'
import Stripe from 'stripe'
import { probe, probeCurrency } from './connection.ts'
import { eventFrom } from './events.ts'
import { apiVersion, callPlatform, connectedAccount } from './http.ts'
import { metadataKeys } from './metadata.ts'
import { defaultToleranceSeconds, refusalReason } from './signature.ts'
import { dateOf } from './wire-parts.ts'

/** For what it verifies; it never calls. */
const library = new Stripe('no_key')

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

  shadows: {
    /** Stripe's own library, beside ours. */
    stripe_library: ({ body, headers, secrets, now, settings }): Verdict => {
      const tolerance = settings.webhook_tolerance_seconds
      for (const secret of secrets) {
        try {
          const event = library.webhooks.constructEvent(Buffer.from(body), headers['stripe-signature'] ?? '', secret, typeof tolerance === 'number' ? tolerance : defaultToleranceSeconds, undefined, now.getTime())
          return { verdict: 'verified', dedupeKey: event.id, eventType: event.type }
        } catch {}
      }
      return { verdict: 'refused', reason: 'Stripe’s library finds no signature of a secret of this connection' }
    }
  },

  accountOf: ({ body }) => {
    const { account, livemode } = eventOf(body) ?? {}
    return typeof account === 'string' ? { account, mode: livemode === true ? 'live' : 'test' } : undefined
  },

  parse: (raw: RawWebhook): ProviderEvent[] => {
    const event = eventOf(raw.body)
    if (event?.type === 'account.application.deauthorized') return [{ type: 'connection', what: 'revoked' }]
    const object = event?.data?.object as { object?: string } | undefined
    if (event?.type === undefined || object === undefined) return [{ type: 'ignored', why: 'an event without an object' }]
    return [eventFrom(event.type, object, dateOf(event.created))]
  },

  register: async (context, { url, events }) => {
    // Stripe takes no endpoint from a connected account: its platform gets the events of all of them (QUIRKS.md).
    const connect = connectedAccount(context) !== undefined
    const endpoint = await callPlatform(context, (stripe, as) => stripe.webhookEndpoints.create({
      url,
      ...(connect ? { connect } : {}),
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
      await callPlatform(context, (stripe, as) => stripe.webhookEndpoints.del(providerReference, {}, as))
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
    const page = await callPlatform(context, (stripe, as) => stripe.webhookEndpoints.list({ limit: 100 }, as))
    for (const other of page.data) {
      const ours = other.url === url && other.metadata?.[metadataKeys.connection] === context.connectionId
      if (ours && other.id !== keep) await webhooks.unregister(context, other.id)
    }
  } catch (thrown) {
    // The new endpoint stands, and only this answer holds its secret.
    context.log.warn({ err: thrown }, 'old webhook endpoints were not removed')
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
