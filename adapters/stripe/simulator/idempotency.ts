import { isDeepStrictEqual } from 'node:util'
import { invalid, StripeError } from './errors.ts'

/**
 * Stripe's API v1 rules: the first answer of a key is kept with its status, failures included, once the endpoint began to execute;
 * a repeat with other parameters is refused, one that comes while the first is under way too. Kept for at least 24 hours.
 * Source: https://docs.stripe.com/api/idempotent_requests, read 2026-11.
 */
export interface StoredAnswer {
  path: string
  params: object
  requestId: string
  at: number
  /** Absent while the first request is under way. */
  answer?: { status: number, body: string }
}

const keepSeconds = 24 * 3600
const sweepEvery = 4096

export function checkKey (key: string): void {
  if (key.length > 255) throw invalid('Idempotency keys can be at most 255 characters long.')
}

/** The answer to give again, or undefined when the request is to be executed. */
export function replay (kept: Map<string, StoredAnswer>, key: string, path: string, params: object, now: number): StoredAnswer | undefined {
  const first = kept.get(key)
  if (first === undefined || first.at + keepSeconds < now) return undefined
  if (first.path !== path) {
    throw new StripeError(400, { type: 'idempotency_error', message: `Keys for idempotent requests can only be used for the same endpoint they were first used for ('${path}' vs '${first.path}'). Try using a key other than '${key}' if you meant to execute a different request.` }, original(first))
  }
  if (!isDeepStrictEqual(first.params, params)) {
    throw new StripeError(400, { type: 'idempotency_error', message: `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.` }, original(first))
  }
  if (first.answer === undefined) {
    throw new StripeError(409, { type: 'idempotency_error', code: 'idempotency_key_in_use', message: `There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, and the other request is still going through): ${key}. Please try again later.` }, original(first))
  }
  return first
}

export function begin (kept: Map<string, StoredAnswer>, key: string, path: string, params: object, requestId: string, now: number): StoredAnswer {
  if (kept.size % sweepEvery === sweepEvery - 1) sweep(kept, now)
  const entry: StoredAnswer = { path, params, requestId, at: now }
  kept.delete(key)
  kept.set(key, entry)
  return entry
}

/** The oldest come first. */
function sweep (kept: Map<string, StoredAnswer>, now: number): void {
  for (const [key, { at }] of kept) {
    if (at + keepSeconds >= now) return
    kept.delete(key)
  }
}

function original (first: StoredAnswer): Record<string, string> {
  return { 'original-request': first.requestId }
}
