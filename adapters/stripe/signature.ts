import { createHmac, timingSafeEqual } from 'node:crypto'

export const defaultToleranceSeconds = 300

/** More than Stripe ever sends (one v1 for each secret that is rolling, and a v0 in test mode). */
const maxParts = 16

export interface SignedBody {
  body: Uint8Array
  /** `Stripe-Signature` as it came. */
  header: string | undefined
  secrets: readonly string[]
  nowSeconds: number
  toleranceSeconds: number
}

/**
 * Why the body is not taken for Stripe's, or undefined when it is. HMAC-SHA256 of `t.body` under the whole `whsec_` string; any
 * v1 of any secret will do. Stricter than the SDK: the time may not lie ahead either, and the header is taken only as
 * Stripe writes it. Source: https://docs.stripe.com/webhooks#verify-manually, read 2026-11-20.
 */
export function refusalReason ({ body, header, secrets, nowSeconds, toleranceSeconds }: SignedBody): string | undefined {
  const keys = secrets.filter(secret => secret !== '')
  if (keys.length === 0) return 'no secret to verify with'
  if (header === undefined || header === '') return 'no Stripe-Signature header'
  const parts = header.split(',')
  if (parts.length > maxParts || header.length > 4096) return 'Stripe-Signature header is too long'
  if (!parts.every(part => /^[a-z][a-z0-9]*=[^=,\s]+$/.test(part))) return 'Stripe-Signature header is malformed'
  const times = valuesOf(parts, 't')
  const [time] = times
  if (times.length !== 1 || time === undefined || !/^[1-9]\d{0,11}$/.test(time)) return 'Stripe-Signature header has no single time'
  const signatures = valuesOf(parts, 'v1').filter(value => /^[0-9a-f]{64}$/.test(value)).map(value => Buffer.from(value, 'hex'))
  if (signatures.length === 0) return 'Stripe-Signature header has no v1 signature'
  if (!matches(body, time, keys, signatures)) return 'no signature matches a secret of this connection'
  const age = nowSeconds - Number(time)
  if (age > toleranceSeconds) return `signed ${age} s ago`
  if (age < -toleranceSeconds) return `signed ${-age} s ahead of our clock`
  return undefined
}

/** Every secret against every signature, without stopping at the first that fits: how long it takes says nothing. */
function matches (body: Uint8Array, time: string, secrets: string[], signatures: Buffer[]): boolean {
  let matched = false
  for (const secret of secrets) {
    const expected = createHmac('sha256', secret).update(`${time}.`).update(body).digest()
    for (const signature of signatures) matched = timingSafeEqual(expected, signature) || matched
  }
  return matched
}

function valuesOf (parts: string[], name: string): string[] {
  return parts.filter(part => part.startsWith(`${name}=`)).map(part => part.slice(name.length + 1))
}
