import createFetchClient from 'openapi-fetch'
import { errorOf } from './errors.ts'
import { List, type Page } from './pages.ts'
import { type RetryOptions, type RetryTools, sendWithRetries, sleep } from './retry.ts'
import type { paths } from './schema.ts'
import { type Change, changes, type StreamOptions } from './stream.ts'

type Method = 'get' | 'put' | 'post' | 'patch' | 'delete'
type PathOf<M extends Method> = { [P in keyof paths]: paths[P] extends Record<M, object> ? P : never }[keyof paths]
type Operation<P extends keyof paths, M extends Method> = M extends keyof paths[P] ? paths[P][M] : never

type Part<T, K extends string> = K extends keyof T ? [Exclude<T[K], undefined>] extends [never] ? unknown : Pick<T, K> : unknown
type Parameters<O> = O extends { parameters: infer P } ? Part<P, 'path'> & Part<P, 'query'> : unknown
type BodyIn<C> = C extends { 'multipart/form-data': unknown } ? FormData | C['application/json' & keyof C] : C[keyof C]
type Body<O> = O extends { requestBody: { content: infer C } } ? { body: BodyIn<C> }
  : O extends { requestBody?: infer R } ? [Exclude<R, undefined>] extends [never] ? unknown : Exclude<R, undefined> extends { content: infer C } ? { body?: BodyIn<C> } : unknown : unknown

type Done = 200 | 201 | 202 | 203 | 204 | 206
/** What a call answers when it is not refused. */
export type Success<O> = O extends { responses: infer R } ? { [S in keyof R & Done]: R[S] extends { content: infer C } ? C[keyof C] : undefined }[keyof R & Done] : never

/** What every call takes beside what its route takes. */
export interface CallOptions extends RetryOptions {
  /** Of a POST; made when absent, and kept over the retries. Give your own where your own code may send it again. */
  idempotencyKey?: string
  /** Instead of the client's. */
  tenant?: string
  mode?: 'test' | 'live'
  language?: 'es' | 'en'
  headers?: Record<string, string>
  signal?: AbortSignal
}

/** `path`, `query` and `body`, as the route wants them. */
export type Options<P extends keyof paths, M extends Method> = Parameters<Operation<P, M>> & Body<Operation<P, M>> & CallOptions
type Arguments<O> = {} extends O ? [options?: O] : [options: O]

type Call<M extends Method> = <P extends PathOf<M>>(path: P, ...options: Arguments<Options<P, M>>) => Promise<Success<Operation<P, M>>>

type ListPath = { [P in PathOf<'get'>]: Success<Operation<P, 'get'>> extends Page<unknown> ? P : never }[PathOf<'get'>]
type Item<P extends keyof paths> = Success<Operation<P, 'get'>> extends Page<infer I> ? I : never

export interface Download {
  bytes: Uint8Array
  type: string
  /** As the server names the file. */
  name: string | undefined
}

/** Every call throws a `PasarelaError` when it is refused or gets no answer. */
export interface Client {
  get: Call<'get'>
  post: Call<'post'>
  put: Call<'put'>
  patch: Call<'patch'>
  delete: Call<'delete'>
  /** Every item of a list: `for await (const payment of client.list('/v1/payments'))`. */
  list: <P extends ListPath>(path: P, ...options: Arguments<Options<P, 'get'>>) => List<Item<P>>
  /** A file as its bytes: the XML or PDF of an invoice, a ticket, a report. */
  download: <P extends PathOf<'get'>>(path: P, ...options: Arguments<Options<P, 'get'>>) => Promise<Download>
  /** What happens from now on, as it happens: kind and id only. It connects again by itself; `signal` ends it. */
  changes: (options?: StreamOptions) => AsyncGenerator<Change, void, undefined>
}

type Later<T> = T | (() => T | undefined)

export interface ClientOptions extends RetryOptions {
  /** Of the server, such as `https://pasarela.example.com`; '' is the page's own. */
  url: string
  /** `pas_test_…` or `pas_live_…`. Never in a browser. */
  key?: string
  /** In the browser: the session's cookie is sent along, and this token with each change. */
  session?: { csrfToken: Later<string> }
  /** The tenant to act for: with a partner key, or a platform session. */
  tenant?: Later<string>
  /** With a session; a key has its mode already. */
  mode?: Later<'test' | 'live'>
  /** Of sentences for people; en when absent. */
  language?: Later<'es' | 'en'>
  headers?: Record<string, string>
  fetch?: RetryTools['fetch']
  /** For tests. */
  tools?: Partial<Pick<RetryTools, 'random' | 'now' | 'sleep'>> & { newKey?: () => string }
}

interface AnyOptions extends CallOptions {
  path?: Record<string, string>
  query?: Record<string, unknown>
  body?: unknown
}

/** A client for one credential. It keeps no state but its options and may be used for everything at once. */
export function createClient (options: ClientOptions): Client {
  const { url, key, session, fetch = async (request, init) => await globalThis.fetch(request, init) } = options
  if ((key === undefined) === (session === undefined)) throw new TypeError('give the client one of `key` and `session`')
  if (key !== undefined && !/^[\x21-\x7e]+$/.test(key)) throw new TypeError('the key is not one: it has spaces or unusual characters')
  const { newKey = () => `sdk-${crypto.randomUUID()}`, ...given } = options.tools ?? {}
  const tools: RetryTools = { fetch, random: Math.random, now: Date.now, sleep, ...given }
  const raw = createFetchClient<Record<string, never>>({ baseUrl: url, ...(session !== undefined && { credentials: 'include' as const }) })

  function headersFor (method: string, call: CallOptions): Record<string, string> {
    const headers: Record<string, string | undefined> = {
      ...options.headers,
      authorization: key === undefined ? undefined : `Bearer ${key}`,
      'x-csrf-token': session === undefined || method === 'GET' ? undefined : now(session.csrfToken),
      'pasarela-tenant': call.tenant ?? now(options.tenant),
      'pasarela-mode': call.mode ?? now(options.mode),
      'accept-language': call.language ?? now(options.language),
      'idempotency-key': method === 'POST' ? call.idempotencyKey ?? newKey() : undefined,
      ...call.headers
    }
    return Object.fromEntries(Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined))
  }

  async function answer (method: Uppercase<Method>, path: string, call: AnyOptions = {}): Promise<Response> {
    const { path: inPath, query, body, signal } = call
    const retry = { ...options, ...defined(call) }
    const headers = headersFor(method, call)
    const { error, response } = await raw.request(method.toLowerCase() as never, path as never, {
      params: { path: inPath, query },
      headers,
      parseAs: 'stream',
      fetch: async (request: Request) => await sendWithRetries(request, retry, tools),
      ...(body !== undefined && { body }),
      ...(signal !== undefined && { signal })
    } as never) as { error?: unknown, response: Response }
    if (response.ok) return response
    throw errorOf(response, error, { method, url: response.url === '' ? path : response.url, idempotencyKey: headers['idempotency-key'] })
  }

  const call = (method: Uppercase<Method>) => async (path: string, call?: AnyOptions): Promise<unknown> => await read(await answer(method, path, call))
  const get = call('GET')

  return {
    get,
    post: call('POST'),
    put: call('PUT'),
    patch: call('PATCH'),
    delete: call('DELETE'),
    list: (path: string, asked: AnyOptions = {}) => new List(async cursor =>
      await get(path, cursor === undefined ? asked : { ...asked, query: { ...asked.query, cursor } }) as Page<never>),
    download: async (path: string, asked?: AnyOptions): Promise<Download> => {
      const response = await answer('GET', path, asked)
      return { bytes: new Uint8Array(await response.arrayBuffer()), type: response.headers.get('content-type') ?? '', name: nameOf(response) }
    },
    changes: (asked: StreamOptions = {}) => changes({
      open: async signal => await answer('GET', '/v1/stream', {
        headers: { accept: 'text/event-stream' },
        ...(asked.types !== undefined && { query: { type: asked.types } }),
        signal,
        retries: 0,
        timeoutMs: 0
      }),
      random: tools.random,
      sleep: tools.sleep
    }, asked)
  } as unknown as Client
}

async function read (response: Response): Promise<unknown> {
  if (response.status === 204 || response.body === null) return undefined
  const type = response.headers.get('content-type') ?? ''
  if (/^application\/(?:[\w.+-]+\+)?json\b/.test(type)) return await response.json()
  return await response.text()
}

function nameOf (response: Response): string | undefined {
  const disposition = response.headers.get('content-disposition') ?? ''
  const encoded = /filename\*=UTF-8''([^;]+)/i.exec(disposition)?.[1]
  return encoded === undefined ? /filename="?([^";]+)"?/i.exec(disposition)?.[1] : decodeURIComponent(encoded)
}

function now<T extends string> (value: Later<T> | undefined): T | undefined {
  return typeof value === 'function' ? value() : value
}

function defined<T extends object> (record: T): Partial<T> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as Partial<T>
}
