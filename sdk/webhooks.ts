/**
 * Signing and verifying webhooks as Standard Webhooks 1.0 has it (https://www.standardwebhooks.com, read 2026-11-21), by
 * WebCrypto: in Node 20 or newer, at the edge, anywhere. Nothing of the client is needed for it.
 */
import type { WebhookEvent } from './events.ts'

export type { WebhookEvent, WebhookEventOf, WebhookEventType } from './events.ts'

type HeadersLike = Headers | Record<string, string | readonly string[] | undefined>

export interface VerifyOptions {
  /** How far the sender's clock may be from ours, in seconds; 300 when absent. */
  toleranceSeconds?: number
  now?: () => Date
}

export interface SignOptions {
  /** `evt_…`: the same over all attempts. */
  id: string
  /** Of this attempt. */
  timestamp: Date
  /** `whsec_…` (v1), `whsk_…` (v1a): each signs. */
  secrets: string | readonly string[]
}

export type VerificationFailure = 'no_secret' | 'secret_invalid' | 'headers_missing' | 'timestamp_invalid' | 'too_old' | 'too_new' | 'signature_mismatch' | 'body_invalid'

/** Answer it with 400 or 401, and do nothing of what the body says. */
export class WebhookVerificationError extends Error {
  override readonly name = 'WebhookVerificationError'
  readonly reason: VerificationFailure

  constructor (reason: VerificationFailure, message: string) {
    super(message)
    this.reason = reason
  }
}

/**
 * The event, when one of `secrets` signed these bytes lately; throws `WebhookVerificationError` otherwise. `body` must be
 * what arrived, byte for byte: a body that was parsed and written again does not verify. During a rotation give both
 * secrets: `whsec_…` for signatures v1, the public key `whpk_…` for v1a.
 */
export async function verifyWebhook (body: string | Uint8Array, headers: HeadersLike, secrets: string | readonly string[], { toleranceSeconds = 300, now = () => new Date() }: VerifyOptions = {}): Promise<WebhookEvent> {
  const keys = [secrets].flat()
  if (keys.length === 0) throw new WebhookVerificationError('no_secret', 'no secret was given to verify with')
  const [id, timestamp, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map(name => headerOf(headers, name))
  if (!id || !timestamp || !signatures) throw new WebhookVerificationError('headers_missing', 'webhook-id, webhook-timestamp and webhook-signature must be there')
  if (!/^\d{1,12}$/.test(timestamp)) throw new WebhookVerificationError('timestamp_invalid', 'webhook-timestamp is not in seconds')
  const age = now().getTime() / 1000 - Number(timestamp)
  if (age > toleranceSeconds) throw new WebhookVerificationError('too_old', `it was sent ${Math.round(age)} s ago`)
  if (age < -toleranceSeconds) throw new WebhookVerificationError('too_new', `it is dated ${Math.round(-age)} s ahead`)
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
  const signed = signedBytes(id, timestamp, bytes)
  const given = signatures.split(' ').flatMap(signature => {
    const [version, value] = signature.split(',')
    const decoded = version === undefined || value === undefined ? undefined : fromBase64(value)
    return decoded === undefined ? [] : [{ version, bytes: decoded }]
  }).slice(0, 20)
  for (const secret of keys) {
    const verifier = await verifierOf(secret)
    for (const { version, bytes } of given) if (version === verifier.version && await verifier.verify(bytes, signed)) return parse(textOf(body))
  }
  throw new WebhookVerificationError('signature_mismatch', 'no signature matches: it is another endpoint’s secret, or the body was changed on its way (parsed and written again?)')
}

/** The headers of a delivery, for tests of your receiver: `fetch(url, { method: 'POST', body, headers: await signWebhook(body, …) })`. */
export async function signWebhook (body: string | Uint8Array, { id, timestamp, secrets }: SignOptions): Promise<Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>> {
  const keys = [secrets].flat()
  if (keys.length === 0) throw new WebhookVerificationError('no_secret', 'no secret was given to sign with')
  const seconds = String(Math.floor(timestamp.getTime() / 1000))
  const signed = signedBytes(id, seconds, typeof body === 'string' ? new TextEncoder().encode(body) : body)
  return { 'webhook-id': id, 'webhook-timestamp': seconds, 'webhook-signature': (await Promise.all(keys.map(async key => await sign(key, signed)))).join(' ') }
}

/** A new `whsec_…` of 32 random bytes. */
export function newWebhookSecret (): string {
  return `whsec_${toBase64(crypto.getRandomValues(new Uint8Array(32)))}`
}

// --- keys ---------------------------------------------------------------------------------------------------------------

interface Verifier { version: string, verify: (signature: Bytes, signed: Bytes) => Promise<boolean> }
type Bytes = Uint8Array<ArrayBuffer>

const hmac = { name: 'HMAC', hash: 'SHA-256' } as const
/** The standard asks for 24 to 64 bytes. */
const hmacBytes = { min: 24, max: 64 }
/** PKCS #8 of an Ed25519 key, up to its 32 bytes (RFC 8410, section 7). */
const pkcs8 = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20]

async function verifierOf (secret: string): Promise<Verifier> {
  if (secret.startsWith('whpk_')) {
    const key = await crypto.subtle.importKey('raw', keyBytes(secret, 'whpk_', 32, 32), 'Ed25519', false, ['verify'])
    return { version: 'v1a', verify: async (signature, signed) => await crypto.subtle.verify('Ed25519', key, signature, signed) }
  }
  const key = await crypto.subtle.importKey('raw', keyBytes(secret, 'whsec_', hmacBytes.min, hmacBytes.max), hmac, false, ['verify'])
  return { version: 'v1', verify: async (signature, signed) => await crypto.subtle.verify('HMAC', key, signature, signed) }
}

async function sign (secret: string, signed: Bytes): Promise<string> {
  if (secret.startsWith('whsk_')) {
    const seed = keyBytes(secret, 'whsk_', 32, 64).slice(0, 32)
    const key = await crypto.subtle.importKey('pkcs8', new Uint8Array([...pkcs8, ...seed]), 'Ed25519', false, ['sign'])
    return `v1a,${toBase64(new Uint8Array(await crypto.subtle.sign('Ed25519', key, signed)))}`
  }
  const key = await crypto.subtle.importKey('raw', keyBytes(secret, 'whsec_', hmacBytes.min, hmacBytes.max), hmac, false, ['sign'])
  return `v1,${toBase64(new Uint8Array(await crypto.subtle.sign('HMAC', key, signed)))}`
}

/** An empty or short key would verify what anybody signs: it is refused. */
function keyBytes (secret: string, prefix: string, min: number, max: number): Bytes {
  const bytes = secret.startsWith(prefix) ? fromBase64(secret.slice(prefix.length)) : undefined
  if (bytes === undefined || bytes.length < min || bytes.length > max) throw new WebhookVerificationError('secret_invalid', `a secret must be ${prefix} and ${min} to ${max} bytes in Base64`)
  return bytes
}

function signedBytes (id: string, timestamp: string, body: Uint8Array): Bytes {
  const head = new TextEncoder().encode(`${id}.${timestamp}.`)
  const bytes = new Uint8Array(head.length + body.length)
  bytes.set(head)
  bytes.set(body, head.length)
  return bytes
}

function parse (text: string): WebhookEvent {
  try {
    const event = JSON.parse(text) as WebhookEvent
    if (typeof event === 'object' && event !== null && typeof event.type === 'string') return event
  } catch {}
  throw new WebhookVerificationError('body_invalid', 'it is signed, and no event')
}

function textOf (body: string | Uint8Array): string {
  return typeof body === 'string' ? body : new TextDecoder().decode(body)
}

function headerOf (headers: HeadersLike, name: string): string | undefined {
  if (headers instanceof Headers) return headers.get(name) ?? undefined
  const value = Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1]
  return typeof value === 'string' || value === undefined ? value : value.join(' ')
}

/** Undefined unless it is the one way to write its bytes: the bits that Base64 leaves over are no place to change a signature. */
function fromBase64 (text: string): Bytes | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text) || text.length % 4 !== 0) return undefined
  const bytes = Uint8Array.from(atob(text), character => character.charCodeAt(0))
  return toBase64(bytes) === text ? bytes : undefined
}

function toBase64 (bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
}
