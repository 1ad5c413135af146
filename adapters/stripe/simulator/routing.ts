import type { Check } from './params.ts'
import { allowedTypesSince, since } from './versions.ts'
import type { Call } from './world.ts'

/** One endpoint of the API: its parameters are judged before anything is done. */
export interface Route {
  method: 'GET' | 'POST' | 'DELETE'
  path: string
  params: (version: string) => Check
  /** Judged after the single parameters and still before anything is done: a refusal is not remembered for the idempotency key. */
  prepare: ((call: Call, params: never, path: Record<string, string>) => void) | undefined
  run: (call: Call, params: never, path: Record<string, string>) => object
  /** A payer's browser may call it with the publishable key; what it names must be named with its client secret. */
  browser?: 'free' | 'with_secret'
}

/** Parameters that differ between versions. */
export interface Versioned<T> { at: (version: string) => Check<T> }

/** Ties the parameters' types to the function that uses them. */
export function route<T> (
  method: Route['method'], path: string, params: Check<T> | Versioned<T>,
  run: (call: Call, params: T, path: Record<string, string>) => object,
  prepare?: (call: Call, params: T, path: Record<string, string>) => void
): Route {
  return { method, path, params: 'at' in params ? params.at : () => params, run: run as Route['run'], prepare: prepare as Route['prepare'] }
}

/** `free`: makes something that nobody has yet; `with_secret`: only with the `client_secret` of the object. */
export function forBrowsers (made: Route, browser: 'free' | 'with_secret'): Route {
  return { ...made, browser }
}

/** The same parameters, but the list of types has the name of the version: the other name is unknown there. */
export function byVersion<T> (before: Check<T>, after: Check<T>): Versioned<T> {
  return { at: version => since(version, allowedTypesSince) ? after : before }
}
