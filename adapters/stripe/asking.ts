import { type IdempotencyKey, type ListRange, ProviderError, type ProviderListing } from '../../core/adapter/index.ts'
import type Stripe from 'stripe'
import { StripeRefusal } from './errors.ts'

/** How Stripe is asked: with our key, in time windows, to the end of a list. */

/** "We remove keys after they are at least 24 hours old." Source: https://docs.stripe.com/api/idempotent_requests, read 2026-11-20. */
export const idempotencyWindowMs = 86_400_000

/** A list is read to its end, or the answer is `unknown`. */
const pageSize = 100
const maxPages = 20

/** Clocks differ, and the request may have been slow: Stripe works on one for 80 s at most. */
const beforeMs = 60_000
const afterMs = 120_000

export interface Page { limit: number, starting_after?: string }

/**
 * Request options with the hub's key. `step` is for a write that takes two requests: Stripe compares what is sent under a key, so
 * each step has one of its own, made of ours and always the same.
 */
export function keyed (as: Stripe.RequestOptions, { idempotencyKey }: { idempotencyKey: IdempotencyKey }, step?: string): Stripe.RequestOptions {
  return { ...as, idempotencyKey: step === undefined ? idempotencyKey : `${idempotencyKey}-${step}` }
}

const seconds = (ms: number) => Math.floor(ms / 1000)

/** `created`, for an object that was asked for between two moments of our clock. */
export function askedBetween ({ from, to }: { from: Date, to: Date }): Stripe.RangeQueryParam {
  return { gte: seconds(from.getTime() - beforeMs), lte: seconds(to.getTime() + afterMs) }
}

/** Where what was asked for under a key that is still remembered would be. */
export function lately (now: Date): { from: Date, to: Date } {
  return { from: new Date(now.getTime() - idempotencyWindowMs), to: now }
}

/** All that match, newest first. Throws `unknown` when the list is longer than we read: not found is then not known. */
export async function everyOne<T extends { id: string }> (list: (page: Page) => Promise<Stripe.ApiList<T>>, matches: (item: T) => boolean): Promise<T[]> {
  const found: T[] = []
  let after: string | undefined
  for (let read = 0; read < maxPages; read++) {
    const page = await list(after === undefined ? { limit: pageSize } : { limit: pageSize, starting_after: after })
    found.push(...page.data.filter(matches))
    after = page.data.at(-1)?.id
    if (!page.has_more || after === undefined) return found
  }
  if (found.length > 0) return found
  throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown', providerMessage: `more than ${pageSize * maxPages} objects to look through` })
}

/** One page of what was created between two moments, newest first; `next` asks for the one after it. */
export async function onePage<T extends { id: string }, O> (
  { from, to, cursor }: ListRange, list: (page: Page & { created: Stripe.RangeQueryParam }) => Promise<Stripe.ApiList<T>>, ours: (items: T[]) => O[] | Promise<O[]>
): Promise<ProviderListing<O>> {
  const created = { gte: seconds(from.getTime()), lte: seconds(to.getTime()) }
  const page = await list({ created, limit: pageSize, ...(cursor === undefined ? {} : { starting_after: cursor }) })
  const data = await ours(page.data)
  const last = page.data.at(-1)?.id
  return page.has_more && last !== undefined ? { data, next: last } : { data }
}

/**
 * Stripe keeps a 500 under its key and gives it again for a day, so repeating would never end. When it does, the first request is
 * over: what it did can be read. What cannot be read stays `unknown`, for Stripe may still repair it afterwards.
 * Source: https://docs.stripe.com/error-low-level#server-errors, read 2026-11-21.
 */
export async function orTruth<T> (write: () => Promise<T>, truth: () => Promise<T | ProviderError | undefined>): Promise<T> {
  try {
    return await write()
  } catch (thrown) {
    const done = thrown instanceof StripeRefusal && thrown.replayed ? await truth().catch(() => undefined) : undefined
    if (done === undefined || done instanceof ProviderError) throw thrown
    return done
  }
}

/**
 * A write that Stripe may refuse because it is done already: then what is there is the answer. `there` may also know the
 * refusal by a better name.
 */
export async function orDone<T> (write: () => Promise<T>, there: () => Promise<T | ProviderError | undefined>): Promise<T> {
  try {
    return await write()
  } catch (thrown) {
    if (!(thrown instanceof ProviderError) || thrown.reached !== 'answered') throw thrown
    const found = await there().catch(() => undefined)
    if (found === undefined || found instanceof ProviderError) throw found ?? thrown
    return found
  }
}

/** Stripe's refusal of what its object's state does not allow: for most objects it has no code of its own. */
export function wrongState (providerCode: string): ProviderError {
  return new ProviderError({ code: 'invalid_state', reached: 'answered', providerCode })
}

/** Refused before anything left. `param` is the field of our own API. */
export function refusal (param: string, message: string, code: 'invalid_request' | 'unsupported' | 'amount_invalid' = 'invalid_request'): ProviderError {
  return new ProviderError({ code, reached: 'nowhere', param, cause: new Error(message) })
}
