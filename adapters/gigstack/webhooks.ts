import { createHmac, timingSafeEqual } from 'node:crypto'
import { type ConnectionContext, type ProviderEvent, ProviderError, type RawWebhook, type Verdict, type Verification, type WebhookScheme } from '../../core/adapter/index.ts'
import { call } from './http.ts'
import { referenceKey } from './wire.ts'

/** As Standard Webhooks says: five minutes either way. */
const toleranceSeconds = 300

interface GigstackEvent {
  id: string
  type: string
  created?: number
  data?: { object?: { uuid?: unknown, id?: unknown, metadata?: Record<string, unknown> | null } }
}

function eventIn (body: Uint8Array): GigstackEvent | undefined {
  try {
    const event = JSON.parse(Buffer.from(body).toString('utf8')) as Partial<GigstackEvent> | null
    return typeof event?.id === 'string' && event.id !== '' && typeof event.type === 'string' ? event as GigstackEvent : undefined
  } catch {
    return undefined
  }
}

type Check = (input: Verification, secrets: readonly string[]) => string | undefined

/** Standard Webhooks (https://www.standardwebhooks.com): base64 HMAC-SHA256 of `id.timestamp.body`. */
const standard: Check = ({ headers, body, now }, secrets) => {
  const [id, timestamp, signatures] = [headers['webhook-id'], headers['webhook-timestamp'], headers['webhook-signature']]
  if (id === undefined || id === '' || timestamp === undefined || signatures === undefined) return 'there is no Webhook-* signature'
  if (!/^\d{1,12}$/.test(timestamp) || Math.abs(Number(timestamp) - now.getTime() / 1000) > toleranceSeconds) return 'it was signed at another time'
  const given = signatures.split(' ').flatMap(each => each.startsWith('v1,') ? [each.slice(3)] : [])
  const signed = secrets.some(secret => given.some(signature => same(signature, createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.`).update(body).digest('base64'))))
  return signed ? undefined : 'the Webhook-* signature is another one'
}

/** A secret with its prefix is base64, as the standard has it; any other is taken as it is. */
const keyOf = (secret: string): Buffer => secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : Buffer.from(secret)

/** Older endpoints: hex HMAC-SHA256 of the body. It says no time, so a recorded one passes again; it only makes us ask. */
const legacy: Check = ({ headers, body }, secrets) => {
  const given = headers['x-gigstack-signature']?.replace(/^sha256=/, '').toLowerCase()
  if (given === undefined || given === '') return 'there is no X-Gigstack-Signature'
  return secrets.some(secret => same(given, createHmac('sha256', secret).update(body).digest('hex'))) ? undefined : 'the X-Gigstack-Signature is another one'
}

/** A secret that Gigstack is told to send along. It covers nothing. */
const header: Check = ({ headers, settings }, secrets) => {
  const given = headers[typeof settings.webhook_header === 'string' ? settings.webhook_header : 'x-webhook-secret']
  return given !== undefined && given !== '' && secrets.some(secret => same(given, secret)) ? undefined : 'the header with the secret is missing, or holds another'
}

const any: Check = (input, secrets) => input.headers['webhook-signature'] === undefined ? legacy(input, secrets) : standard(input, secrets)

const checks: Readonly<Record<string, Check>> = { any, standard, legacy, header }

function same (a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}

const ignored: ProviderEvent[] = [{ type: 'ignored', why: 'no event about a document' }]

export const webhooks = {
  verify (input: Verification): Verdict {
    const event = eventIn(input.body)
    if (event === undefined) return { verdict: 'refused', reason: 'it is no event' }
    const told = { dedupeKey: event.id, eventType: event.type }
    const { webhook_signature: how = 'any' } = input.settings
    if (how === 'none') return { verdict: 'unverifiable', ...told }
    const check = checks[String(how)]
    const secrets = input.secrets.filter(secret => secret !== '' && keyOf(secret).length > 0)
    const reason = check === undefined ? `webhook_signature is ${String(how)}` : secrets.length === 0 ? 'no secret is known' : check(input, secrets)
    if (reason !== undefined) return { verdict: 'refused', reason }
    return how === 'header' ? { verdict: 'unverifiable', ...told } : { verdict: 'verified', ...told }
  },

  /** Which document it is about, and nothing of what it says of it. */
  parse ({ body }: RawWebhook): ProviderEvent[] {
    const event = eventIn(body)
    if (event === undefined || !event.type.startsWith('invoice.')) return ignored
    const { uuid, id, metadata } = event.data?.object ?? {}
    const providerReference = typeof uuid === 'string' && uuid !== '' ? uuid : id
    if (typeof providerReference !== 'string' || providerReference === '') return ignored
    const reference = metadata?.[referenceKey]
    return [{
      type: 'document', providerReference,
      ...(typeof reference === 'string' && { reference }),
      ...(typeof event.created === 'number' && { occurredAt: new Date(event.created) })
    }]
  },

  async register (context: ConnectionContext, { url, events }: { url: string, events: readonly string[] }): Promise<{ providerReference: string, secret?: string }> {
    const { data } = await call(context, 'POST', '/webhooks', { body: { url, events, description: 'Pasarela', status: 'active' } })
    const { id, secret } = (data ?? {}) as { id?: unknown, secret?: unknown }
    if (typeof id !== 'string') throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown' })
    await forgetOthers(context, url, id)
    return { providerReference: id, ...(typeof secret === 'string' && secret !== '' && { secret }) }
  },

  async unregister (context: ConnectionContext, providerReference: string): Promise<void> {
    await call(context, 'DELETE', `/webhooks/${encodeURIComponent(providerReference)}`).catch((error: unknown) => {
      if (!(error instanceof ProviderError && error.code === 'not_found')) throw error
    })
  }
} satisfies WebhookScheme

/** One whose registration was not answered stays there, with a secret that nobody knows. */
async function forgetOthers (context: ConnectionContext, url: string, keep: string): Promise<void> {
  try {
    const { data } = await call(context, 'GET', '/webhooks', { query: { limit: '100' } })
    for (const other of (Array.isArray(data) ? data : []) as { id?: unknown, url?: unknown }[]) {
      if (other.url === url && typeof other.id === 'string' && other.id !== keep) await webhooks.unregister(context, other.id)
    }
  } catch (error) {
    context.log.warn({ err: error }, 'old webhooks were not removed')
  }
}
