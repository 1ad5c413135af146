import { createHash } from 'node:crypto'
import { asProviderError, type ConnectionContext, errorOfStatus, type HttpRequest, jsonOf, ProviderError } from '../../core/adapter/index.ts'
import { refusalOf } from './errors.ts'

export interface Asked {
  method: HttpRequest['method']
  path: string
  query?: Record<string, string | number | undefined>
  body?: object
  /** `PayPal-Request-Id`. */
  key?: string
  /** A body that is no JSON of its own. */
  raw?: { body: string, contentType: string }
}

/** A minute before its end a token is not used any more. */
const marginMs = 60_000
const tokenName = 'access_token'

/**
 * One request, as the account. A token that PayPal does not know any more is replaced, once: 401 did nothing. Throws ProviderError only.
 * An answer that is not an object may hide a success: `unknown`. Source: facts section 5.1, read 2026-11-21.
 */
export async function call<T> (context: ConnectionContext, asked: Asked): Promise<T> {
  const { token, kept } = await tokenOf(context)
  try {
    return await send<T>(context, asked, token)
  } catch (thrown) {
    if (!kept || !(thrown instanceof ProviderError) || thrown.code !== 'invalid_credentials') throw thrown
    context.memory?.set(tokenName, '', 0)
    return await send<T>(context, asked, (await tokenOf(context)).token)
  }
}

async function send<T> (context: ConnectionContext, { method, path, query = {}, body, key, raw }: Asked, token: string): Promise<T> {
  try {
    const url = new URL(context.origin() + path)
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value))
    const { partner_attribution_id: partner } = context.settings
    const response = await context.http({
      method,
      url: url.href,
      headers: {
        accept: 'application/json',
        authorization: `Bearer ${token}`,
        // Without it a creation answers with an id and nothing else.
        prefer: 'return=representation',
        ...(key !== undefined && { 'paypal-request-id': requestId(key) }),
        ...(typeof partner === 'string' && partner !== '' && { 'paypal-partner-attribution-id': partner }),
        ...(raw !== undefined ? { 'content-type': raw.contentType } : body !== undefined && { 'content-type': 'application/json' })
      },
      ...(raw !== undefined ? { body: raw.body } : body !== undefined && { body: JSON.stringify(body) })
    })
    if (response.status >= 400) throw refusalOf(response, context.now())
    if (response.status === 204 || (response.status === 202 && response.body.length === 0)) return {} as T
    const answer = response.status < 300 ? jsonOf(response) : undefined
    if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown', httpStatus: response.status })
    return answer as T
  } catch (thrown) {
    throw asProviderError(thrown)
  }
}

/** At most 108 characters for orders. */
const requestId = (key: string): string => /^[\x21-\x7e]{1,108}$/.test(key) ? key : createHash('sha256').update(key).digest('hex')

/**
 * A token by client credentials: the one that the hub keeps for this connection, else a new one. Whatever goes wrong here, the call itself
 * never left: `nowhere`.
 */
export async function tokenOf (context: ConnectionContext): Promise<{ token: string, kept: boolean }> {
  const { client_id: id, client_secret: secret } = context.credentials
  if (!id || !secret) throw new ProviderError({ code: 'invalid_credentials', reached: 'nowhere', param: id ? 'client_secret' : 'client_id' })
  const kept = context.memory?.get(tokenName)
  if (kept !== undefined) return { token: kept, kept: true }
  const response = await context.http({
    method: 'POST',
    url: `${context.origin()}/v1/oauth2/token`,
    headers: { accept: 'application/json', authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`, 'content-type': 'application/x-www-form-urlencoded' },
    body: 'grant_type=client_credentials'
  }).catch((thrown: unknown) => { throw before(thrown) })
  if (response.status === 401 || response.status === 400) throw refusalOf(response, context.now())
  const error = errorOfStatus(response, context.now())
  if (error !== undefined) throw before(error)
  let answer: { access_token?: unknown, expires_in?: unknown }
  try {
    answer = jsonOf(response) as typeof answer
  } catch (thrown) {
    throw before(thrown)
  }
  const { access_token: token, expires_in: seconds } = answer
  if (typeof token !== 'string' || token === '') throw before(new ProviderError({ code: 'timeout_unknown', reached: 'unknown' }))
  const lifeMs = Number(seconds) * 1000 - marginMs
  if (lifeMs > 0) context.memory?.set(tokenName, token, lifeMs)
  return { token, kept: false }
}

/** A token moves no money: that it did not come means that nothing was asked. */
function before (thrown: unknown): ProviderError {
  const error = asProviderError(thrown)
  if (error.reached !== 'unknown') return error
  return new ProviderError({ code: 'provider_unavailable', reached: 'nowhere', providerCode: error.providerCode, providerMessage: error.providerMessage, httpStatus: error.httpStatus, cause: error })
}

export const get = <T>(context: ConnectionContext, path: string, query?: Asked['query']): Promise<T> => call<T>(context, { method: 'GET', path, ...(query !== undefined && { query }) })
export const post = <T>(context: ConnectionContext, path: string, body: object = {}, key?: string): Promise<T> => call<T>(context, { method: 'POST', path, body, ...(key !== undefined && { key }) })
export const del = <T>(context: ConnectionContext, path: string): Promise<T> => call<T>(context, { method: 'DELETE', path })

/** An id as a part of a path. */
export const segment = encodeURIComponent
