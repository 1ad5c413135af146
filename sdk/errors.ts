import type { components, ErrorCode } from './schema.ts'

/** RFC 9457, as the API answers. */
export type Problem = components['schemas']['Problem']
export type FieldError = NonNullable<Problem['errors']>[number]

export interface FailedRequest {
  method: string
  url: string
  /** What the request was sent with: send it again with the same key and it happens once. */
  idempotencyKey?: string | undefined
}

/** What every failure of a call is. `code` is stable (docs/errors.md), `message` is for a person. */
export class PasarelaError extends Error {
  override readonly name: string = 'PasarelaError'
  readonly code: ErrorCode | (string & {})
  /** HTTP status; 0 when there was no answer. */
  readonly status: number
  /** Say it to support. */
  readonly requestId: string | undefined
  /** The fields that are wrong, by their path: `lines[0].quantity`. */
  readonly errors: readonly FieldError[]
  /** The provider's own code and sentence, verbatim. */
  readonly provider: Problem['provider']
  readonly problem: Problem | undefined
  readonly request: FailedRequest
  /** How long the server asks to wait, in ms. */
  readonly retryAfterMs: number | undefined

  constructor (message: string, { code, status, problem, requestId, retryAfterMs, request, cause }: { code: string, status: number, problem?: Problem | undefined, requestId?: string | undefined, retryAfterMs?: number | undefined, request: FailedRequest, cause?: unknown }) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.status = status
    this.problem = problem
    this.requestId = requestId
    this.errors = problem?.errors ?? []
    this.provider = problem?.provider
    this.request = request
    this.retryAfterMs = retryAfterMs
  }

  get idempotencyKey (): string | undefined {
    return this.request.idempotencyKey
  }
}

/** The request is wrong (400, 413, 415, 422): `errors` names the fields. Nothing was created. */
export class InvalidRequestError extends PasarelaError { override readonly name = 'InvalidRequestError' }
/** 401: no key, or one that is revoked or expired. */
export class AuthenticationError extends PasarelaError { override readonly name = 'AuthenticationError' }
/** 403: the key lacks the scope. */
export class PermissionError extends PasarelaError { override readonly name = 'PermissionError' }
/** 404: not there, or not yours. */
export class NotFoundError extends PasarelaError { override readonly name = 'NotFoundError' }
/** 409: its present state does not allow it. */
export class ConflictError extends PasarelaError { override readonly name = 'ConflictError' }
/** The key was used with another body (422), or its first request still runs after every retry (409). */
export class IdempotencyError extends PasarelaError { override readonly name = 'IdempotencyError' }
/** 429 after every retry. */
export class RateLimitError extends PasarelaError { override readonly name = 'RateLimitError' }
/** The payment or invoicing provider refused, or could not be asked: see `provider`. */
export class ProviderError extends PasarelaError { override readonly name = 'ProviderError' }
/** 5xx after every retry. */
export class ServerError extends PasarelaError { override readonly name = 'ServerError' }
/** No answer after every retry: whether it was done is not known. The same request with `idempotencyKey` finds out, and does it once. */
export class ConnectionError extends PasarelaError { override readonly name = 'ConnectionError' }

/** The error that an answer means. A body that is no problem (a proxy's page) is told by its status. */
export function errorOf (response: Response, body: unknown, request: FailedRequest): PasarelaError {
  const problem = isProblem(body) ? body : undefined
  const { status } = response
  const code = problem?.code ?? `http_${status}`
  const fields = problem?.errors?.length ? ` (${problem.errors.map(({ path, message }) => `${path}: ${message}`).join('; ')})` : ''
  const Kind = kindOf(status, code)
  return new Kind(`${problem?.detail ?? `${request.method} ${request.url} answered ${status}`}${fields}`, {
    code, status, problem, request, requestId: problem?.request_id ?? response.headers.get('request-id') ?? undefined, retryAfterMs: retryAfterOf(response.headers, Date.now())
  })
}

function kindOf (status: number, code: string): typeof PasarelaError {
  if (code.startsWith('idempotency_') && status !== 400) return IdempotencyError
  if (code.startsWith('provider_') && code !== 'provider_unknown') return ProviderError
  if (status >= 500) return ServerError
  switch (status) {
    case 401: return AuthenticationError
    case 403: return PermissionError
    case 404: return NotFoundError
    case 409: return ConflictError
    case 429: return RateLimitError
    default: return status >= 400 ? InvalidRequestError : PasarelaError
  }
}

function isProblem (body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && typeof (body as Problem).code === 'string' && typeof (body as Problem).status === 'number'
}

/** Retry-After as seconds or as a date, in ms from `now`. */
export function retryAfterOf (headers: Headers, now: number): number | undefined {
  const value = headers.get('retry-after')?.trim()
  if (value === undefined || value === '') return undefined
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000
  const at = Date.parse(value)
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}
