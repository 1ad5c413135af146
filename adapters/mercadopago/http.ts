import { createHash } from 'node:crypto'
import { asProviderError, type ConnectionContext, type HttpRequest, type HttpResponse, type IdempotencyKey, jsonOf, ProviderError, textOf } from '../../core/adapter/index.ts'
import { refusalOf } from './errors.ts'

export type Query = Record<string, string | number | undefined>

export interface Asked {
  method: HttpRequest['method']
  path: string
  query?: Query
  body?: object
  key?: IdempotencyKey
}

/**
 * One request. Throws ProviderError only. An answer that is neither an object nor a list of Mercado Pago's may hide a success: `unknown`.
 * Source: OpenAPI 3.1 of 2026-06 and facts section 3.1, read 2026-11-21.
 */
export async function call<T> (context: ConnectionContext, asked: Asked): Promise<T> {
  return await answered(context, asked, response => {
    const answer = response.status < 300 ? jsonOf(response) : undefined
    if (typeof answer !== 'object' || answer === null) throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown', httpStatus: response.status })
    return answer as T
  })
}

async function answered<T> (context: ConnectionContext, { method, path, query = {}, body, key }: Asked, read: (response: HttpResponse) => T): Promise<T> {
  const token = context.credentials.access_token
  if (!token) throw new ProviderError({ code: 'invalid_credentials', reached: 'nowhere', param: 'access_token' })
  try {
    const url = new URL(context.origin() + path)
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value))
    const response = await context.http({
      method,
      url: url.href,
      headers: {
        accept: 'application/json',
        authorization: `Bearer ${token}`,
        ...(key !== undefined && { 'x-idempotency-key': uuidOf(key) }),
        ...(body !== undefined && { 'content-type': 'application/json' })
      },
      ...(body !== undefined && { body: JSON.stringify(body) })
    })
    if (response.status >= 400) throw refusalOf(response, context.now())
    return read(response)
  } catch (thrown) {
    throw asProviderError(thrown)
  }
}

export const get = <T>(context: ConnectionContext, path: string, query?: Query): Promise<T> => call<T>(context, { method: 'GET', path, ...(query !== undefined && { query }) })
/** A file. */
export const getText = (context: ConnectionContext, path: string): Promise<string> => answered(context, { method: 'GET', path }, textOf)
export const post = <T>(context: ConnectionContext, path: string, body: object, key?: IdempotencyKey): Promise<T> => call<T>(context, { method: 'POST', path, body, ...(key !== undefined && { key }) })
export const put = <T>(context: ConnectionContext, path: string, body: object): Promise<T> => call<T>(context, { method: 'PUT', path, body })
export const del = <T>(context: ConnectionContext, path: string): Promise<T> => call<T>(context, { method: 'DELETE', path })

/** An id as a part of a path. */
export const segment = encodeURIComponent

/** Mercado Pago's own ids are numbers; what is none is nothing of theirs. */
export function numbered (providerReference: string): string {
  if (!/^\d{1,20}$/.test(providerReference)) throw new ProviderError({ code: 'not_found', reached: 'answered', providerCode: 'not_a_number' })
  return providerReference
}

/** The hub's key in the form that is asked for, a UUID of version 4: the same key is always the same UUID. */
export function uuidOf (key: IdempotencyKey): string {
  const hex = createHash('sha256').update(key).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${'89ab'[Number.parseInt(hex[16]!, 16) % 4]!}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
