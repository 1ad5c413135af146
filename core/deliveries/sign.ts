import { createHmac, createPrivateKey, createPublicKey, type KeyObject, sign as signBytes } from 'node:crypto'

/**
 * Standard Webhooks (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md, read 2026-11-21):
 * HMAC-SHA256 (`v1`, secrets `whsec_…` of 24 to 64 bytes) and Ed25519 (`v1a`, public keys `whpk_…`), both over `id.timestamp.body`.
 */

/** What signs for an endpoint. The bytes are secrets. */
export interface SigningKey {
  /** `whsec_` and base64. */
  secret: string
  /** Seed of the Ed25519 pair, base64; absent where the endpoint does not want `v1a`. */
  seed?: string
  /** ISO 8601; absent for the newest, which has no end yet. */
  until?: string
}

/** A key that is ready to sign. */
export interface Signer { hmac: Buffer, ed25519?: KeyObject, until: number }

const prefix = 'whsec_'
/** PKCS #8 of an Ed25519 key, before its 32 bytes (RFC 8410, 7). */
const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex')

/** Fresh random bytes are arguments: 32 for the secret, 32 for the pair. */
export function newSigningKey (secret: Buffer, seed?: Buffer): SigningKey {
  return { secret: `${prefix}${secret.toString('base64')}`, ...(seed !== undefined && { seed: seed.toString('base64') }) }
}

/** The bytes of a `whsec_…`; undefined when it is none of 24 to 64 bytes. */
export function secretBytes (secret: string): Buffer | undefined {
  if (!secret.startsWith(prefix)) return undefined
  const text = secret.slice(prefix.length)
  const bytes = Buffer.from(text, 'base64')
  return bytes.length >= 24 && bytes.length <= 64 && bytes.toString('base64').replace(/=+$/, '') === text.replace(/=+$/, '') ? bytes : undefined
}

/** `whpk_` and base64: for who verifies `v1a`. */
export function publicKeyOf (seed: string): string {
  const { x } = createPublicKey(privateKeyOf(seed)).export({ format: 'jwk' })
  return `whpk_${Buffer.from(x!, 'base64url').toString('base64')}`
}

export function signerOf (key: SigningKey): Signer {
  const hmac = secretBytes(key.secret)
  if (hmac === undefined) throw new TypeError('a signing secret is not readable')
  return { hmac, ...(key.seed !== undefined && { ed25519: privateKeyOf(key.seed) }), until: key.until === undefined ? Infinity : Date.parse(key.until) }
}

/** The three headers. `id` is the event's, the same at every attempt; the time is the attempt's. Every key that is valid then signs. */
export function signatureHeaders (signers: readonly Signer[], id: string, at: Date, body: string): Record<string, string> {
  const timestamp = String(Math.floor(at.getTime() / 1000))
  const content = `${id}.${timestamp}.${body}`
  const signatures = signers.filter(({ until }) => until > at.getTime()).flatMap(({ hmac, ed25519 }) => [
    `v1,${createHmac('sha256', hmac).update(content).digest('base64')}`,
    ...ed25519 === undefined ? [] : [`v1a,${signBytes(null, Buffer.from(content), ed25519).toString('base64')}`]
  ])
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') }
}

function privateKeyOf (seed: string): KeyObject {
  return createPrivateKey({ key: Buffer.concat([pkcs8, Buffer.from(seed, 'base64')]), format: 'der', type: 'pkcs8' })
}
