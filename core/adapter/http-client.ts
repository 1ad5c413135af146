import { hash } from 'node:crypto'
import http from 'node:http'
import https from 'node:https'
import type { LookupFunction } from 'node:net'
import axios, { type AxiosRequestConfig } from 'axios'
import type { HttpClient, HttpRequest, HttpResponse, TlsIdentity } from './http.ts'
import { isProviderError, ProviderError } from './problems.ts'

/** One exchange as it was, secrets included: whoever keeps it scrubs it first. */
export interface HttpExchange {
  method: string
  url: string
  requestHeaders: Record<string, string>
  requestBody?: string | Uint8Array
  status?: number
  responseHeaders?: Record<string, string>
  responseBody?: Uint8Array
  startedAt: Date
  durationMs: number
  error?: ProviderError
}

export interface HttpClientOptions {
  /** Where this client may go. Anything else is a bug of ours, and nothing is sent. */
  allowedOrigins: readonly string[] | ((origin: string) => boolean)
  /** Whole exchange, from the first packet of the connection to the last byte of the answer. */
  defaultTimeoutMs: number
  /** Asked before every request; the wait does not count against the timeout. */
  limiter?: { take: () => Promise<void> }
  /** Told of every exchange that was tried, answered or not. What it throws changes nothing for the caller. */
  onExchange?: (exchange: HttpExchange) => void
  userAgent?: string
  now?: () => Date
  /** In place of the system's, of names only: refuses addresses that must not be called. */
  lookup?: LookupFunction
}

const defaultMaxBytes = 4 * 1024 * 1024

/** Below the idle limit of the usual front ends (60 s), so that a kept socket is seldom closed under a request. */
const idleSocketMs = 30_000

/** Sockets to one origin. Past it requests queue inside the process, where a timeout is still `nowhere`. */
const maxSockets = 256

interface Agents { http: http.Agent, https: https.Agent }
let agents: Agents | undefined

function sharedAgents (): Agents {
  if (agents === undefined) {
    const options = { keepAlive: true, maxSockets, maxFreeSockets: 64, maxTotalSockets: 1024, timeout: idleSocketMs }
    agents = { http: new http.Agent(options), https: new https.Agent(options) }
  }
  return agents
}

/** Sockets of whoever shows a certificate, by its fingerprint: never lent to anybody else. */
const identified = new Map<string, https.Agent>()
const identitiesAtMost = 200

/** A socket is its caller's: what one identity opened no other may write to. */
function agentOf ({ certificate, key }: TlsIdentity): https.Agent {
  const id = hash('sha256', `${certificate}\n${key}`)
  let agent = identified.get(id)
  if (agent === undefined) {
    if (identified.size >= identitiesAtMost) {
      const [oldest, unused] = identified.entries().next().value!
      identified.delete(oldest)
      unused.destroy()
    }
    identified.set(id, agent = new https.Agent({ keepAlive: true, maxSockets: 4, maxFreeSockets: 2, timeout: idleSocketMs, cert: certificate, key }))
  }
  return agent
}

/** Closes every kept socket. The next request opens new ones. */
export function closeHttpAgents (): void {
  agents?.http.destroy()
  agents?.https.destroy()
  agents = undefined
  for (const agent of identified.values()) agent.destroy()
  identified.clear()
}

/** The one way to a provider. See `HttpClient` for what it promises. */
export function createHttpClient (options: HttpClientOptions): HttpClient {
  const allowed = originCheck(options.allowedOrigins)
  const now = options.now ?? (() => new Date())
  const ownHeaders = { accept: '*/*', 'user-agent': options.userAgent ?? 'pasarela' }

  return async function exchange (request) {
    const url = checkedUrl(request.url, allowed)
    const headers = { ...ownHeaders, ...wireHeaders(request.headers) }
    await options.limiter?.take()
    const startedAt = now()
    const start = performance.now()
    let response: HttpResponse | undefined
    let error: ProviderError | undefined
    try {
      response = await send(url, request, headers, request.timeoutMs ?? options.defaultTimeoutMs, options.lookup)
      return response
    } catch (thrown) {
      error = thrown as ProviderError
      throw thrown
    } finally {
      if (options.onExchange !== undefined) {
        tell(options.onExchange, {
          method: request.method,
          url: url.href,
          requestHeaders: headers,
          requestBody: request.body,
          status: response?.status ?? error?.httpStatus,
          responseHeaders: response?.headers,
          responseBody: response?.body,
          startedAt,
          durationMs: performance.now() - start,
          error
        })
      }
    }
  }
}

async function send (url: URL, request: HttpRequest, headers: Record<string, string>, timeoutMs: number, lookup?: LookupFunction): Promise<HttpResponse> {
  const progress: Progress = { connected: false, status: undefined }
  const deadline = new AbortController()
  const timer = setTimeout(() => deadline.abort(), timeoutMs)
  const pool = sharedAgents()
  const config: AxiosRequestConfig & { transport: unknown } = {
    method: request.method,
    url: url.href,
    headers: headers as Record<string, string>,
    data: bytesOf(request.body),
    signal: deadline.signal,
    responseType: 'arraybuffer',
    maxContentLength: request.maxBytes ?? defaultMaxBytes,
    maxRedirects: 0,
    proxy: false,
    decompress: true,
    validateStatus: null,
    transformRequest: [],
    transformResponse: [],
    httpAgent: pool.http,
    httpsAgent: request.identity === undefined ? pool.https : agentOf(request.identity),
    transport: observed(url.protocol === 'https:', progress),
    ...(lookup !== undefined && { lookup: lookup as unknown as NonNullable<AxiosRequestConfig['lookup']> })
  }
  try {
    const answer = await axios.request<Buffer>(config)
    return { status: answer.status, headers: plainHeaders(answer.headers as Record<string, unknown>), body: answer.data }
  } catch (thrown) {
    throw failure(thrown, progress, deadline.signal.aborted, timeoutMs)
  } finally {
    clearTimeout(timer)
  }
}

interface Progress {
  /** The socket was open (for TLS: the peer had proved itself), so the request may have been written. */
  connected: boolean
  status: number | undefined
}

/**
 * Node's own transport, watched. Node writes nothing of a request before `connect` (TLS: `secureConnect`), so until then
 * nothing can have reached the provider. A kept socket was open from the start: if it breaks, nobody knows.
 */
function observed (secure: boolean, progress: Progress) {
  return {
    request (options: https.RequestOptions, answered: (response: http.IncomingMessage) => void): http.ClientRequest {
      const outgoing = (secure ? https : http).request(options, response => {
        progress.connected = true
        progress.status = response.statusCode
        answered(response)
      })
      outgoing.once('socket', socket => {
        if (!socket.connecting) progress.connected = true
        else socket.once(secure ? 'secureConnect' : 'connect', () => { progress.connected = true })
      })
      return outgoing
    }
  }
}

/** Only how far it got decides; the reason is for the log. */
function failure (thrown: unknown, progress: Progress, late: boolean, timeoutMs: number): ProviderError {
  if (isProviderError(thrown)) return thrown
  const code = codeOf(thrown)
  const cause = new TransportError(late ? `no whole answer within ${timeoutMs} ms` : messageOf(thrown), late ? 'TIMEOUT' : code)
  if (progress.connected) return new ProviderError({ code: 'timeout_unknown', reached: 'unknown', httpStatus: progress.status, cause })
  // ERR_INVALID_CHAR and its kin: Node refused to put it on the wire (a line break in a credential, a blank in a path).
  const unsayable = code.startsWith('ERR_INVALID') || code === 'ERR_UNESCAPED_CHARACTERS'
  return new ProviderError({ code: unsayable ? 'invalid_request' : 'provider_unavailable', reached: 'nowhere', cause })
}

/** Stands for axios' own error, which holds the whole request, credentials included. */
export class TransportError extends Error {
  override readonly name = 'TransportError'
  readonly code: string

  constructor (message: string, code: string) {
    super(message)
    this.code = code
  }
}

function codeOf (thrown: unknown): string {
  const { code, cause } = (thrown ?? {}) as { code?: unknown, cause?: { code?: unknown } }
  return String(cause?.code ?? code ?? 'UNKNOWN')
}

function messageOf (thrown: unknown): string {
  return thrown instanceof Error ? thrown.message || codeOf(thrown) : 'unknown failure'
}

function originCheck (allowed: HttpClientOptions['allowedOrigins']): (origin: string) => boolean {
  if (typeof allowed === 'function') return allowed
  const origins = new Set(allowed.map(origin => new URL(origin).origin))
  return origin => origins.has(origin)
}

function checkedUrl (text: string, allowed: (origin: string) => boolean): URL {
  const url = new URL(text)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new Error(`${url.protocol} is not HTTP`)
  if (url.username !== '' || url.password !== '') throw new Error('credentials do not belong in a URL')
  if (!allowed(url.origin)) throw new Error(`${url.origin} is not an origin of this connection`)
  return url
}

/** Names in lower case. A value that cannot be sent as it is (axios would mend it in silence) is refused. */
function wireHeaders (headers: Record<string, string> = {}): Record<string, string> {
  const wire: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
      throw new ProviderError({ code: 'invalid_request', reached: 'nowhere', param: name, cause: new Error(`header ${name} holds a character that HTTP cannot carry`) })
    }
    wire[name.toLowerCase()] = value
  }
  return wire
}

function plainHeaders (headers: Record<string, unknown>): Record<string, string> {
  const plain: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && value !== null && typeof value !== 'function') plain[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : String(value)
  }
  return plain
}

function bytesOf (body: string | Uint8Array | undefined): string | Buffer | undefined {
  if (body === undefined || typeof body === 'string' || Buffer.isBuffer(body)) return body
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength)
}

function tell (listener: (exchange: HttpExchange) => void, exchange: HttpExchange): void {
  try {
    listener(exchange)
  } catch (thrown) {
    process.emitWarning(`a listener to HTTP exchanges failed: ${messageOf(thrown)}`)
  }
}
