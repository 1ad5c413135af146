import type { ProviderEvent, RawWebhook, Verdict, WebhookScheme } from '../../core/adapter/index.ts'
import { dateOf } from './asking.ts'
import { refusalReason } from './signature.ts'

/** What is to be ticked in the panel. Source: facts section 3.7 and the documentation's table of topics, read 2026-11-21. */
export const events = ['payment', 'topic_chargebacks_wh', 'subscription_preapproval', 'subscription_authorized_payment', 'mp-connect']

interface Notification {
  id?: number | string
  type?: string
  action?: string
  date_created?: string
  user_id?: number | string
}

/**
 * The signature covers an id, a request and a moment, never the body: whatever stands there, its only effect is that Mercado Pago is
 * asked. There is no API to register an address: the tenant does it in the panel, which also shows the secret.
 */
export const webhooks = {
  verify: ({ url, body, headers, secrets, now, settings }): Verdict => {
    const id = dataIdOf(url)
    const toleranceS = typeof settings.webhook_tolerance_s === 'number' ? settings.webhook_tolerance_s : defaultToleranceS
    const reason = refusalReason({ id, requestId: headers['x-request-id'], header: headers['x-signature'] }, { secrets, now, toleranceS })
    if (reason !== undefined) return { verdict: 'refused', reason }
    const told = notificationOf(body)
    const type = typeOf(url, told)
    if (type === undefined) return { verdict: 'refused', reason: 'signed, but of no type' }
    return { verdict: 'verified', dedupeKey: [type, id, told?.id ?? told?.date_created ?? ''].join(':'), eventType: told?.action ?? type }
  },

  shadows: {
    /** Only ids as they came. Since June 2026 Mercado Pago signs them so; whether anything still needs the lower case, this tells. */
    as_received: ({ url, headers, body, secrets, now, settings }): Verdict => {
      const id = dataIdOf(url)
      const toleranceS = typeof settings.webhook_tolerance_s === 'number' ? settings.webhook_tolerance_s : defaultToleranceS
      const reason = refusalReason({ id, requestId: headers['x-request-id'], header: headers['x-signature'] }, { secrets, now, toleranceS, asReceived: true })
      const told = notificationOf(body)
      return reason === undefined ? { verdict: 'verified', dedupeKey: String(id), eventType: typeOf(url, told) ?? 'unknown' } : { verdict: 'refused', reason }
    }
  },

  /** Outside of the signature: another number makes the hub ask about something that account does not have. */
  accountOf: ({ body }) => {
    const account = notificationOf(body)?.user_id
    return account === undefined ? undefined : { account: String(account) }
  },

  parse: ({ url, body }: RawWebhook): ProviderEvent[] => {
    const told = notificationOf(body)
    const id = dataIdOf(url)
    if (id === null) return [{ type: 'ignored', why: 'a notification about nothing' }]
    return [eventOf(typeOf(url, told), id, told)]
  }
} satisfies WebhookScheme

/** It is repeated every 15 minutes, and nobody says whether it is signed anew each time. What is played again only asks again. */
export const defaultToleranceS = 3000

function eventOf (type: string | undefined, id: string, told: Notification | undefined): ProviderEvent {
  if (told?.action === 'test.created') return { type: 'connection', what: 'ping' }
  const occurredAt = dateOf(told?.date_created)
  const at = occurredAt === undefined ? {} : { occurredAt }
  switch (type) {
    case 'payment': return { type: 'payment', providerReference: id, ...at }
    case 'subscription_preapproval': return { type: 'subscription', providerReference: id, ...at }
    case 'topic_chargebacks_wh':
    case 'chargebacks': return { type: 'dispute_named', providerReference: id, ...at }
    case 'mp-connect': return told?.action === 'application.deauthorized' ? { type: 'connection', what: 'revoked' } : { type: 'ignored', why: 'a connection that was made' }
    case 'subscription_authorized_payment': return { type: 'ignored', why: 'its payment is told by a notification of its own' }
    default: return { type: 'ignored', why: `${type ?? 'what has no type'} changes nothing of ours` }
  }
}

const queryOf = (url: string): URLSearchParams => new URLSearchParams(url.includes('?') ? url.slice(url.indexOf('?') + 1) : '')

const dataIdOf = (url: string): string | null => queryOf(url).get('data.id')

function typeOf (url: string, told: Notification | undefined): string | undefined {
  const query = queryOf(url)
  return query.get('type') || query.get('topic') || (typeof told?.type === 'string' && told.type !== '' ? told.type : undefined)
}

function notificationOf (body: Uint8Array): Notification | undefined {
  try {
    const told: unknown = JSON.parse(new TextDecoder().decode(body))
    if (typeof told !== 'object' || told === null || Array.isArray(told)) return undefined
    const { id, type, action, date_created: at, user_id: user } = told as Record<string, unknown>
    return {
      ...((typeof id === 'number' || typeof id === 'string') && { id }), ...(typeof type === 'string' && { type }), ...(typeof action === 'string' && action !== '' && { action }), ...(typeof at === 'string' && { date_created: at }),
      ...((typeof user === 'number' || typeof user === 'string') && { user_id: user })
    }
  } catch {
    return undefined
  }
}
