import { inspect, isDeepStrictEqual } from 'node:util'
import { isProviderError, type ProviderError, type Reached } from '../problems.ts'

/** A promise that the adapter does not keep; the message is what its author reads. */
export class BrokenPromise extends Error {
  override readonly name = 'BrokenPromise'
}

export function check (truth: unknown, message: string): asserts truth {
  if (truth === false || truth === undefined || truth === null || truth === '' || truth === 0) throw new BrokenPromise(message)
}

export function same (actual: unknown, expected: unknown, message: string): void {
  if (!isDeepStrictEqual(actual, expected)) throw new BrokenPromise(`${message}: expected ${shown(expected)}, got ${shown(actual)}`)
}

/** Runs what must be refused, and gives back how. A ProviderError is the only way. */
export async function refusal (what: Promise<unknown>, message: string): Promise<ProviderError> {
  let answer: unknown
  try {
    answer = await what
  } catch (error) {
    if (isProviderError(error)) return error
    throw new BrokenPromise(`${message}: threw what is not a ProviderError: ${shown(error)}`)
  }
  throw new BrokenPromise(`${message}: it was answered as if all were well: ${shown(answer)}`)
}

export function reached (error: ProviderError, allowed: readonly Reached[], message: string): void {
  check(allowed.includes(error.reached), `${message}: reached says '${error.reached}' (${error.message}), not ${allowed.map(word => `'${word}'`).join(' or ')}`)
}

export function shown (value: unknown): string {
  return inspect(value, { depth: 4, breakLength: Infinity, maxStringLength: 200 }).slice(0, 600)
}
