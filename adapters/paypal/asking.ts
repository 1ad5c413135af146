import { createHash } from 'node:crypto'
import { ProviderError } from '../../core/adapter/index.ts'

/** Refused before anything left. `param` is the field of our own API. */
export function refusal (param: string, message: string, code: 'invalid_request' | 'unsupported' | 'amount_invalid' = 'invalid_request'): ProviderError {
  return new ProviderError({ code, reached: 'nowhere', param, providerMessage: message, cause: new Error(message) })
}

/** A word that is not in the documentation that we read: nobody knows what it means. */
export function neverHeardOf (word: unknown): ProviderError {
  return new ProviderError({ code: 'unknown', reached: 'unknown', providerCode: String(word) })
}

/** An answer that is not what was asked for hides what happened. */
export const strange = (message?: string): ProviderError => new ProviderError({ code: 'timeout_unknown', reached: 'unknown', ...(message !== undefined && { providerMessage: message }) })

/** What is gone, or never was, is undefined. */
export async function ifThere<T> (ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask()
  } catch (thrown) {
    if (thrown instanceof ProviderError && thrown.code === 'not_found' && thrown.reached === 'answered') return undefined
    throw thrown
  }
}

/** A write that PayPal may refuse because it is done already: then what is there is the answer. */
export async function orDone<T> (write: () => Promise<T>, there: () => Promise<T | undefined>): Promise<T> {
  try {
    return await write()
  } catch (thrown) {
    if (!(thrown instanceof ProviderError) || thrown.reached !== 'answered') throw thrown
    const found = await there().catch(() => undefined)
    if (found === undefined) throw thrown
    return found
  }
}

export function dateOf (text: unknown): Date | undefined {
  const at = typeof text === 'string' ? Date.parse(text) : NaN
  return Number.isNaN(at) ? undefined : new Date(at)
}

/** Seconds are required, fractions are not (reporting). */
export const wireTime = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`

/** A vault's customer id has 22 characters at most: the 128 bits of our id, as base64url, are 22. */
export function vaultCustomerOf (reference: string): string {
  const hex = /_([0-9a-f]{32})$/.exec(reference)?.[1]
  const bytes = hex === undefined ? createHash('sha256').update(reference).digest().subarray(0, 16) : Buffer.from(hex, 'hex')
  return bytes.toString('base64url')
}

/** One of our ids, in what PayPal echoes of ours. */
export function oursIn (text: unknown): string | undefined {
  return typeof text === 'string' && /^[a-z]{2,5}_[0-9a-f]{32}$/.test(text) ? text : undefined
}
