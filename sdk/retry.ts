import { ConnectionError, retryAfterOf } from './errors.ts'

export interface RetryOptions {
  /** How often a request is sent again at most; 4 when absent, 0 for never. */
  retries?: number
  /** The first wait lasts up to this, and each further one up to twice as long, ms. */
  firstWaitMs?: number
  maxWaitMs?: number
  /** A server that asks for a longer wait (Retry-After) gets no retry: the error says how long, ms. */
  maxRetryAfterMs?: number
  /** Of one attempt, its answer's body included, ms; 60 s when absent, 0 for none. */
  timeoutMs?: number
}

export interface RetryTools {
  fetch: (request: Request, init?: RequestInit) => Promise<Response>
  /** 0 ≤ x < 1 */
  random: () => number
  now: () => number
  sleep: (ms: number, signal: AbortSignal) => Promise<void>
}

const defaults = { retries: 4, firstWaitMs: 500, maxWaitMs: 8_000, maxRetryAfterMs: 60_000, timeoutMs: 60_000 } as const satisfies Required<RetryOptions>

/**
 * Sends the request, and the very same again (its Idempotency-Key included) after a cut connection, a time-out, 429, 5xx,
 * and 409 while the first one still runs. An answer that the server repeats from its memory is final. Throws
 * `ConnectionError` when there never was an answer; a caller's own abort is thrown as it is.
 */
export async function sendWithRetries (request: Request, options: RetryOptions, { fetch, random, now, sleep }: RetryTools): Promise<Response> {
  const { retries, firstWaitMs, maxWaitMs, maxRetryAfterMs, timeoutMs } = { ...defaults, ...defined(options) }
  for (let attempt = 0; ; attempt++) {
    const last = attempt >= retries
    const signal = timeoutMs === 0 ? request.signal : AbortSignal.any([request.signal, AbortSignal.timeout(timeoutMs)])
    let response: Response | undefined
    let failure: unknown
    try {
      // The body of a request can be read once: the original is kept for the next time.
      response = await fetch(last ? request : request.clone(), { signal })
    } catch (error) {
      if (request.signal.aborted) throw error
      failure = error
    }
    if (response !== undefined && (last || !await isWorthRetrying(response))) return response
    const asked = response === undefined ? undefined : retryAfterOf(response.headers, now())
    if (response !== undefined && asked !== undefined && asked > maxRetryAfterMs) return response
    if (last) {
      const { method, url } = request
      throw new ConnectionError(`${method} ${url} got no answer: ${failure instanceof Error ? failure.message : String(failure)}`, {
        code: 'no_answer', status: 0, cause: failure, request: { method, url, idempotencyKey: request.headers.get('idempotency-key') ?? undefined }
      })
    }
    // Not waited for: the half of a body that was read by two ends when the other half does.
    response?.body?.cancel().catch(() => {})
    const wait = Math.min(maxWaitMs, firstWaitMs * 2 ** attempt)
    await sleep(Math.max(asked ?? 0, wait * (0.5 + random() / 2)), request.signal)
  }
}

async function isWorthRetrying (response: Response): Promise<boolean> {
  if (response.headers.get('idempotent-replayed') === 'true') return false
  if (response.status === 429 || response.status >= 500) return true
  if (response.status !== 409) return false
  const body = await response.clone().json().catch(() => undefined) as { code?: unknown } | undefined
  return body?.code === 'idempotency_in_progress'
}

function defined (options: RetryOptions): RetryOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

/** Ends early, by throwing, when the signal is aborted. */
export async function sleep (ms: number, signal: AbortSignal): Promise<void> {
  if (!signal.aborted) {
    await new Promise<void>(resolve => {
      const end = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', end)
        resolve()
      }
      const timer = setTimeout(end, ms)
      signal.addEventListener('abort', end)
    })
  }
  signal.throwIfAborted()
}
