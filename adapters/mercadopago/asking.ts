import { type ConnectionContext, ProviderError } from '../../core/adapter/index.ts'
import { get, type Query } from './http.ts'

/** How Mercado Pago is asked: page by page, by offset. */

const pageSize = 50
const maxPages = 20

/** Clocks differ, and a request may have been slow. */
const beforeMs = 60_000
const afterMs = 120_000

export interface Page<T> {
  paging?: { total?: number, limit?: number, offset?: number }
  results?: T[]
  /** Preferences and merchant orders. */
  elements?: T[]
}

/** `2026-01-15T13:30:00.000-00:00`: ISO with an offset. */
export const stamp = (at: Date): string => at.toISOString().replace('Z', '-00:00')
export const dateOf = (text: string | null | undefined): Date | undefined => {
  const at = Date.parse(text ?? '')
  return Number.isNaN(at) ? undefined : new Date(at)
}
export const iso = (text: string | null | undefined): string | undefined => dateOf(text)?.toISOString()

/** The window in which something would be that was asked for between two moments of our clock. */
export function windowOf ({ from, to }: { from: Date, to: Date }): { from: Date, to: Date } {
  return { from: new Date(from.getTime() - beforeMs), to: new Date(to.getTime() + afterMs) }
}

export const isWithin = (text: string | null | undefined, { from, to }: { from: Date, to: Date }): boolean => {
  const at = dateOf(text)
  return at !== undefined && at >= from && at <= to
}

/** A page, and where the next one begins. */
export async function page<T> (context: ConnectionContext, path: string, query: Query, cursor?: string): Promise<{ data: T[], next?: string }> {
  const offset = Number(cursor ?? 0)
  const told = await get<Page<T>>(context, path, { ...query, limit: pageSize, offset })
  const data = told.results ?? told.elements
  if (!Array.isArray(data)) throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown' })
  const seen = offset + data.length
  const more = data.length > 0 && seen < (told.paging?.total ?? (data.length < pageSize ? seen : Infinity))
  return { data, ...(more && { next: String(seen) }) }
}

/** All of a list. Throws `unknown` when it is longer than we read: not found is then not known. */
export async function every<T> (context: ConnectionContext, path: string, query: Query = {}): Promise<T[]> {
  const all: T[] = []
  for await (const item of each<T>(context, path, query)) all.push(item)
  return all
}

/** The first that matches. Throws `unknown` like `every`. */
export async function first<T> (context: ConnectionContext, path: string, query: Query, matches: (item: T) => boolean): Promise<T | undefined> {
  for await (const item of each<T>(context, path, query)) if (matches(item)) return item
  return undefined
}

async function * each<T> (context: ConnectionContext, path: string, query: Query): AsyncGenerator<T> {
  let cursor: string | undefined
  for (let read = 0; read < maxPages; read++) {
    const { data, next } = await page<T>(context, path, query, cursor)
    yield * data
    if (next === undefined) return
    cursor = next
  }
  throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown', providerMessage: `more than ${pageSize * maxPages} objects to look through` })
}

/** Refused before anything left. `param` is the field of our own API. */
export function refusal (param: string, message: string, code: 'invalid_request' | 'unsupported' | 'amount_invalid' | 'duplicate' = 'invalid_request'): ProviderError {
  return new ProviderError({ code, reached: 'nowhere', param, providerMessage: message, cause: new Error(message) })
}

/** A word that is not in the documentation that we read: nobody knows what it means. */
export function neverHeardOf (word: unknown): ProviderError {
  return new ProviderError({ code: 'unknown', reached: 'unknown', providerCode: String(word) })
}

/** A write that may be refused because it is done already: then what is there is the answer. */
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

/** What is asked before a charge moves nothing: whatever fails here, the charge was never sent. */
export async function before<T> (ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (thrown) {
    if (!(thrown instanceof ProviderError) || thrown.reached !== 'unknown') throw thrown
    throw new ProviderError({ code: 'provider_unavailable', reached: 'nowhere', providerCode: thrown.providerCode, providerMessage: thrown.providerMessage, httpStatus: thrown.httpStatus, cause: thrown })
  }
}
