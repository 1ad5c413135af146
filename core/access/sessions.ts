import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { hashSecret, type Random } from './keys.ts'

export const sessionCookie = 'pasarela_session'

/** An opaque token of 256 random bits; the database has only its hash. */
export function makeSessionToken (random: Random = randomBytes): { token: string, hash: Buffer } {
  const token = random(32).toString('base64url')
  return { token, hash: hashSecret(token) }
}

export function looksLikeSessionToken (text: string): boolean {
  return /^[\w-]{43}$/.test(text)
}

/**
 * What a page must send back with each change. It is derived from the token, which no page can read (httpOnly), so that
 * it needs neither a column nor a key of its own, and ends with the session.
 */
export function csrfTokenOf (sessionToken: string): string {
  return createHmac('sha256', sessionToken).update('pasarela csrf token').digest('base64url')
}

export function isCsrfToken (sessionToken: string, given: string | undefined): boolean {
  const expected = Buffer.from(csrfTokenOf(sessionToken))
  const actual = Buffer.from(given ?? '')
  return actual.length === expected.length && timingSafeEqual(actual, expected)
}
