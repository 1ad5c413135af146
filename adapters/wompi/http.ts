import { asProviderError, type ConnectionContext, type HttpRequest, jsonOf, ProviderError } from '../../core/adapter/index.ts'
import { refusalOf } from './errors.ts'

export interface Asked {
  method: HttpRequest['method']
  path: string
  query?: Record<string, string | number | undefined>
  body?: object
  /** Which of the account's keys opens it. Source: facts section 7.2 and the reference, route by route. */
  key: 'public' | 'private'
}

/**
 * One request; gives `data` of the answer. Wompi knows no idempotency key: a transaction's `reference` is unique instead. Throws
 * ProviderError only. An answer without `data` may hide a success: `unknown`.
 */
export async function call<T> (context: ConnectionContext, { method, path, query = {}, body, key }: Asked): Promise<T> {
  const name = key === 'public' ? 'public_key' : 'private_key'
  const secret = context.credentials[name]
  if (!secret) throw new ProviderError({ code: 'invalid_credentials', reached: 'nowhere', param: name })
  try {
    const url = new URL(`${context.origin()}/v1${path}`)
    for (const [field, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(field, String(value))
    const response = await context.http({
      method,
      url: url.href,
      headers: { accept: 'application/json', authorization: `Bearer ${secret}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) })
    })
    if (response.status >= 400) throw refusalOf(response, context.now())
    const answer = response.status < 300 ? jsonOf(response) as { data?: unknown } | null : undefined
    if (typeof answer?.data !== 'object' || answer.data === null) throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown', httpStatus: response.status })
    return answer.data as T
  } catch (thrown) {
    throw asProviderError(thrown)
  }
}

/** An id as a part of a path. */
export const segment = encodeURIComponent
