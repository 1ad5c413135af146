import { asProviderError, type ConnectionContext, type HttpRequest, type IdempotencyKey, jsonOf, ProviderError, textOf } from '../../core/adapter/index.ts'
import { unreadable } from './asking.ts'
import { refusalOf } from './errors.ts'

export interface Asked {
  method: HttpRequest['method']
  path: string
  query?: Record<string, string | number | undefined>
  body?: object
  /** The public id opens tokens and lists of banks, the private one all else. Source: facts section 6.1. */
  key: 'public' | 'private'
  /** Sent along where the setting `idempotency_header` says so; nothing relies on it (QUIRKS.md). */
  idempotencyKey?: IdempotencyKey | string
  /** A deletion may answer nothing. */
  mayBeEmpty?: boolean
}

/** One request; gives the JSON of the answer. Throws ProviderError only. An answer that cannot be read may hide a success: `unknown`. */
export async function call<T extends object> (context: ConnectionContext, { method, path, query = {}, body, key, idempotencyKey, mayBeEmpty }: Asked): Promise<T> {
  const name = key === 'public' ? 'public_merchant_id' : 'private_merchant_id'
  const secret = context.credentials[name]
  if (!secret) throw new ProviderError({ code: 'invalid_credentials', reached: 'nowhere', param: name })
  try {
    const url = new URL(`${context.origin()}${path}`)
    for (const [field, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(field, String(value))
    const response = await context.http({
      method,
      url: url.href,
      headers: {
        accept: 'application/json',
        [key === 'public' ? 'public-merchant-id' : 'private-merchant-id']: secret,
        ...(idempotencyKey !== undefined && context.settings.idempotency_header !== false && { 'idempotency-key': idempotencyKey }),
        ...(body !== undefined && { 'content-type': 'application/json' })
      },
      ...(body !== undefined && { body: JSON.stringify(body) })
    })
    if (response.status >= 400) throw refusalOf(response, context.now())
    if (mayBeEmpty === true && response.status < 300 && textOf(response).trim() === '') return {} as T
    const answer = response.status < 300 ? jsonOf(response) : undefined
    if (typeof answer !== 'object' || answer === null) throw unreadable()
    return answer as T
  } catch (thrown) {
    throw asProviderError(thrown)
  }
}

/** An id as a part of a path. */
export const segment = encodeURIComponent
