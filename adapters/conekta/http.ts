import { asProviderError, type ConnectionContext, type HttpRequest, type HttpResponse, jsonOf, ProviderError } from '../../core/adapter/index.ts'
import { refusalOf } from './errors.ts'

/** The version whose words the adapter speaks; the answer comes in the same. */
const mediaType = 'application/vnd.conekta-v2.3.0+json'

export interface Asked {
  method: HttpRequest['method']
  path: string
  query?: Record<string, string | number | undefined>
  body?: object
}

/**
 * One request. Conekta knows no idempotency key, so none is sent: whoever repeats asks first. Throws ProviderError only. An answer
 * that is not an object of Conekta's may hide a success: `unknown`.
 * Source: OpenAPI 2.3.0, security and parameters, read 2026-11-21.
 */
export async function call<T> (context: ConnectionContext, { method, path, query = {}, body }: Asked): Promise<T> {
  const key = context.credentials.private_key
  if (!key) throw new ProviderError({ code: 'invalid_credentials', reached: 'nowhere', param: 'private_key' })
  try {
    const url = new URL(context.origin() + path)
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value))
    const child = context.settings.child_company_id
    const response = await context.http({
      method,
      url: url.href,
      headers: {
        accept: mediaType,
        'accept-language': 'es',
        authorization: `Bearer ${key}`,
        ...(typeof child === 'string' && child !== '' && { 'x-child-company-id': child }),
        ...(body !== undefined && { 'content-type': 'application/json' })
      },
      ...(body !== undefined && { body: JSON.stringify(body) })
    })
    if (response.status >= 400) throw refusalOf(response, context.now())
    const answer = response.status < 300 ? jsonOf(exact(response)) : undefined
    if (typeof answer !== 'object' || answer === null || !('object' in answer || 'id' in answer)) throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown', httpStatus: response.status })
    return answer as T
  } catch (thrown) {
    throw asProviderError(thrown)
  }
}

export const get = <T>(context: ConnectionContext, path: string, query?: Asked['query']): Promise<T> => call<T>(context, { method: 'GET', path, ...(query !== undefined && { query }) })
export const post = <T>(context: ConnectionContext, path: string, body: object = {}): Promise<T> => call<T>(context, { method: 'POST', path, body })
export const put = <T>(context: ConnectionContext, path: string, body: object = {}): Promise<T> => call<T>(context, { method: 'PUT', path, body })
export const del = <T>(context: ConnectionContext, path: string): Promise<T> => call<T>(context, { method: 'DELETE', path })

/** An id as a part of a path. */
export const segment = encodeURIComponent

/**
 * A cash reference or a CLABE of 14 to 20 digits may come as a bare number (the OpenAPI examples write it so): as JavaScript reads
 * it, its last digits would be lost.
 */
export function exactDigits (json: string): string {
  return json.replace(/("(?:reference|clabe|receiving_account_number|agreement|tracking_code)"\s*:\s*)(\d{15,30})(?=\s*[,}])/g, '$1"$2"')
}

function exact (response: HttpResponse): HttpResponse {
  return { ...response, body: Buffer.from(exactDigits(Buffer.from(response.body).toString())) }
}
