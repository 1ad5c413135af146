import type { ProviderEvent, RawWebhook, Verdict, WebhookScheme } from '../../core/adapter/index.ts'
import type { WompiEvent } from './objects.ts'
import { isChecksum, type Signed, signedOf } from './signature.ts'

/** All are told to the one address of the account. Source: facts section 7.4. */
export const events = ['transaction.updated', 'nequi_token.updated', 'bancolombia_transfer_token.updated']

/** Repeated after 30 minutes, 3 hours and 24 hours, and nobody says that it is signed anew: two days. What is played again only asks again. */
export const defaultToleranceS = 172_800

/**
 * The checksum covers an id, a state, an amount and a moment, never the rest: whatever stands there, its only effect is that Wompi is asked.
 * There is no API to register an address: the tenant does it in the panel, which also shows the secret.
 */
export const webhooks = {
  verify: ({ body, headers, secrets, now, settings }): Verdict => {
    const refused = (reason: string): Verdict => ({ verdict: 'refused', reason })
    const event = eventOf(body)
    if (event === undefined) return refused('no JSON')
    const signed = signedOf(event)
    if (signed === undefined) return refused('it does not sign what an event of Wompi’s signs')
    const header = headers['x-event-checksum']
    if (header === undefined && settings.checksum_header !== false) return refused('no X-Event-Checksum')
    if (header !== undefined && !isChecksum(signed, header, secrets)) return refused('no secret of this connection made the X-Event-Checksum')
    if (!isChecksum(signed, event.signature?.checksum, secrets)) return refused('no secret of this connection made the checksum')
    // `environment` is not signed; a secret tells its own.
    if (!secrets.some(secret => isOf(secret, event.environment))) return refused('it is of the other environment')
    const toleranceS = typeof settings.webhook_tolerance_s === 'number' ? settings.webhook_tolerance_s : defaultToleranceS
    if (Math.abs(now.getTime() / 1000 - Number(signed.timestamp)) > toleranceS) return refused('it is too old, or of a time to come')
    return { verdict: 'verified', dedupeKey: [signed.event, ...signed.values, signed.timestamp].join(':').slice(0, 400), eventType: signed.event }
  },

  parse: ({ body }: RawWebhook): ProviderEvent[] => {
    const event = eventOf(body)
    const signed = event && signedOf(event)
    return [signed === undefined ? { type: 'ignored', why: 'not an event of Wompi’s' } : toldBy(signed)]
  }
} satisfies WebhookScheme

function toldBy (signed: Signed): ProviderEvent {
  if (signed.event !== 'transaction.updated') return { type: 'ignored', why: `${signed.event} changes nothing of ours` }
  return { type: 'payment', providerReference: signed.values[signed.properties.indexOf('transaction.id')]!, occurredAt: new Date(Number(signed.timestamp) * 1000) }
}

function isOf (secret: string, environment: unknown): boolean {
  const [, mode] = /^(test|prod)_events_/.exec(secret) ?? []
  return environment === undefined || mode === undefined || environment === mode
}

function eventOf (body: Uint8Array): WompiEvent | undefined {
  try {
    const event: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
    return typeof event === 'object' && event !== null && !Array.isArray(event) ? event as WompiEvent : undefined
  } catch {
    return undefined
  }
}
