import { type ConnectionContext, type ListRange, ProviderError, type ProviderListing } from '../../core/adapter/index.ts'
import { get } from './http.ts'
import type { List } from './objects.ts'

/** How Conekta is asked: page by page, to the end of a list or of a window. */

/** "The maximum value is 250" (OpenAPI 2.3.0, parameter limit). */
const pageSize = 250
const maxPages = 20

/** Clocks differ, and a request may have been slow. */
const beforeSeconds = 60
const afterSeconds = 120

export const seconds = (date: Date): number => Math.floor(date.getTime() / 1000)
export const dateOf = (at: number | null | undefined): Date | undefined => typeof at === 'number' && at > 0 ? new Date(at * 1000) : undefined
export const iso = (at: number | null | undefined): string | undefined => dateOf(at)?.toISOString()

/** The window in which something would be that was asked for between two moments of our clock. */
export function windowOf ({ from, to }: { from: Date, to: Date }): { from: number, to: number } {
  return { from: seconds(from) - beforeSeconds, to: seconds(to) + afterSeconds }
}

export async function page<T> (context: ConnectionContext, path: string, query: Record<string, string | number | undefined>, cursor?: string): Promise<{ data: T[], next?: string }> {
  const list = await get<List<T>>(context, path, { limit: pageSize, ...query, ...(cursor !== undefined && { next: cursor }) })
  // The specification answers "a list of subscriptions" with one: both are taken.
  if ((list.object as string) === 'subscription') return { data: [list as unknown as T] }
  if (!Array.isArray(list.data)) throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown' })
  const next = list.has_more && typeof list.next_page_url === 'string' ? URL.parse(list.next_page_url)?.searchParams.get('next') ?? undefined : undefined
  if (list.has_more && next === undefined) throw new ProviderError({ code: 'unknown', reached: 'unknown', providerMessage: 'a list that goes on without saying where' })
  return { data: list.data, ...(next !== undefined && { next }) }
}

/**
 * The first that matches. Throws `unknown` when the list is longer than we read: not found is then not known. `since`: what is older
 * cannot be it, so a page that ends before it is the last one, where the account's lists are told newest first (setting `newest_first`).
 */
export async function first<T extends { created_at?: number }> (
  context: ConnectionContext, path: string, query: Record<string, string | number | undefined>, matches: (item: T) => boolean, { since }: { since?: number } = {}
): Promise<T | undefined> {
  let cursor: string | undefined
  for (let read = 0; read < maxPages; read++) {
    const { data, next } = await page<T>(context, path, query, cursor)
    const found = data.find(matches)
    if (found !== undefined) return found
    const oldest = data.at(-1)?.created_at
    if (next === undefined || (since !== undefined && oldest !== undefined && oldest < since && context.settings.newest_first !== false)) return undefined
    cursor = next
  }
  throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown', providerMessage: `more than ${pageSize * maxPages} objects to look through` })
}

/** All of a list that is never long: a customer's cards, subscriptions, a charge's transactions. Throws `unknown` when it is. */
export async function every<T> (context: ConnectionContext, path: string, query: Record<string, string | number | undefined> = {}): Promise<T[]> {
  const all: T[] = []
  let cursor: string | undefined
  for (let read = 0; read < maxPages; read++) {
    const { data, next } = await page<T>(context, path, query, cursor)
    all.push(...data)
    if (next === undefined) return all
    cursor = next
  }
  throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown', providerMessage: `more than ${pageSize * maxPages} objects to look through` })
}

/** One page of a list that Conekta cannot cut by time: what is outside the range is left out, and past its beginning nothing is asked. */
export async function pageWithin<T extends { created_at: number }, O> (
  context: ConnectionContext, path: string, query: Record<string, string | number | undefined>, { from, to, cursor }: ListRange, ours: (items: T[]) => O[] | Promise<O[]>
): Promise<ProviderListing<O>> {
  const { data, next } = await page<T>(context, path, query, cursor)
  const [begin, end] = [seconds(from), seconds(to)]
  const told = await ours(data.filter(({ created_at: at }) => at >= begin && at <= end))
  const past = context.settings.newest_first !== false && (data.at(-1)?.created_at ?? end) < begin
  return { data: told, ...(next !== undefined && !past && { next }) }
}

/** Refused before anything left. `param` is the field of our own API. */
export function refusal (param: string, message: string, code: 'invalid_request' | 'unsupported' | 'amount_invalid' | 'limit_exceeded' = 'invalid_request'): ProviderError {
  return new ProviderError({ code, reached: 'nowhere', param, providerMessage: message, cause: new Error(message) })
}

/** A word that is not in the documentation that we read: nobody knows what it means. */
export function neverHeardOf (word: unknown): ProviderError {
  return new ProviderError({ code: 'unknown', reached: 'unknown', providerCode: String(word) })
}

/** A write that Conekta may refuse because it is done already: then what is there is the answer. */
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
