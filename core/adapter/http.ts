import { ProviderError, type ProviderProblem } from './problems.ts'

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Absolute; its origin must be one that `ConnectionContext.origin()` gave. */
  url: string
  headers?: Record<string, string>
  body?: string | Uint8Array
  /** Whole exchange, ms; the hub's default for the operation when absent. */
  timeoutMs?: number
  /** Largest answer accepted, bytes; 4 MiB when absent. */
  maxBytes?: number
  /** Who the caller is, where the server asks for a certificate (mutual TLS). What the hub lends stands here unless the adapter says otherwise. */
  identity?: TlsIdentity
}

/** A certificate with its key, PEM. Never logged, never kept: it lives as long as a call. */
export interface TlsIdentity {
  /** The leaf first, then those above it. */
  certificate: string
  key: string
}

export interface HttpResponse {
  status: number
  /** Names in lower case. */
  headers: Record<string, string>
  body: Uint8Array
}

/**
 * The hub's one client. It resolves for every HTTP status. It throws ProviderError with `reached: nowhere` when nothing
 * left (refused, DNS, our own rate limit) and `reached: unknown` when the request left and no whole answer came.
 * It never repeats a request and never follows a redirect.
 */
export type HttpClient = (request: HttpRequest) => Promise<HttpResponse>

export function textOf (response: HttpResponse): string {
  return new TextDecoder().decode(response.body)
}

/** The answer's JSON. An answer that cannot be read may hide a success, so it is `unknown`. */
export function jsonOf (response: HttpResponse): unknown {
  try {
    return JSON.parse(textOf(response))
  } catch (cause) {
    throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown', httpStatus: response.status, cause })
  }
}

/** `Retry-After` in ms: seconds or an HTTP date (RFC 9110, 10.2.3). */
export function retryAfterMs (headers: Record<string, string>, now: Date): number | undefined {
  const value = headers['retry-after']
  if (value === undefined) return undefined
  const seconds = Number(value)
  if (Number.isFinite(seconds)) return Math.max(0, Math.round(seconds * 1000))
  const at = Date.parse(value)
  return Number.isNaN(at) ? undefined : Math.max(0, at - now.getTime())
}

/**
 * What a bare HTTP status says where the provider says nothing more: 429 did nothing, 5xx may have acted, 4xx refused.
 * Returns undefined for anything below 400.
 */
export function errorOfStatus (response: HttpResponse, now: Date): ProviderError | undefined {
  const { status } = response
  if (status < 400) return undefined
  if (status === 429) {
    return new ProviderError({ code: 'rate_limited', reached: 'nowhere', httpStatus: status, retryAfterMs: retryAfterMs(response.headers, now) })
  }
  if (status >= 500) return new ProviderError({ code: 'timeout_unknown', reached: 'unknown', httpStatus: status })
  const codes: Record<number, ProviderProblem> = { 401: 'invalid_credentials', 403: 'permission_denied', 404: 'not_found', 409: 'conflict' }
  return new ProviderError({ code: codes[status] ?? 'invalid_request', reached: 'answered', httpStatus: status })
}
