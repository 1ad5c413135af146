import { randomBytes } from 'node:crypto'
import { type ConnectionContext, errorOfStatus, fromWire, type HttpRequest, type HttpResponse, jsonOf, type Money, ProviderError, type ProviderProblem, retryAfterMs, toWire } from '../../index.ts'
import type { ToyBug } from './bugs.ts'
import { toyManifest } from './manifest.ts'

export interface ToyClient {
  bug: ToyBug | undefined
  call: (context: ConnectionContext, method: HttpRequest['method'], path: string, body?: object, key?: string) => Promise<unknown>
  /** The first of a list that carries our reference. */
  first: <T>(context: ConnectionContext, path: string, reference: string | undefined) => Promise<T | undefined>
  wireAmount: (amount: Money) => number
  moneyOf: (wire: number, currency: string) => Money
}

/** How the toy's API is spoken to, rightly but for the bug. */
export function toyClient (bug?: ToyBug): ToyClient {
  let remembered: string | undefined

  async function call (context: ConnectionContext, method: HttpRequest['method'], path: string, body?: object, key?: string): Promise<unknown> {
    let secret = context.credentials['api_key'] ?? ''
    if (bug === 'keeps_state') secret = remembered ??= secret
    if (bug === 'leaky_log') context.log.info({ authorization: `Bearer ${secret}` }, 'asking')
    const response = await sent()
    if (response.status >= 400) throw refusalOf(response, context.now())
    return bug === 'paid_on_garbage' ? lenient(response) : jsonOf(response)

    async function sent (again = true): Promise<HttpResponse> {
      try {
        return await context.http({
          method,
          url: `${context.origin()}${path}`,
          headers: {
            authorization: `Bearer ${secret}`,
            'content-type': 'application/json',
            ...key !== undefined && { 'idempotency-key': bug === 'own_keys' ? randomBytes(8).toString('hex') : bug === 'constant_key' ? 'key' : key }
          },
          body: body === undefined ? undefined : JSON.stringify(body)
        })
      } catch (error) {
        if (bug === 'made_up_retries' && again) return sent(false)
        if (bug === 'failed_on_timeout') throw new ProviderError({ code: 'provider_unavailable', reached: 'answered', cause: error })
        if (bug === 'plain_error') throw new Error('no answer', { cause: error })
        throw error
      }
    }
  }

  function refusalOf (response: HttpResponse, now: Date): ProviderError {
    if (response.status === 429 && bug === 'rate_limit_unknown') return new ProviderError({ code: 'rate_limited', reached: 'unknown', retryAfterMs: retryAfterMs(response.headers, now) })
    const general = errorOfStatus(response, now) as ProviderError
    if (general.reached !== 'answered') return general
    const { code, message } = jsonOf(response) as { code: string, message: string }
    const ours = bug === 'wrong_key_is_outage' && code === 'bad_key' ? 'provider_unavailable' : bug === 'refunds_cash_wrongly' && code === 'cash_stays' ? 'invalid_request' : toyManifest.errors[code] as ProviderProblem | undefined
    return new ProviderError({ code: ours ?? general.code, reached: 'answered', providerCode: code, providerMessage: message, httpStatus: response.status })
  }

  return {
    bug,
    call,
    async first<T> (context: ConnectionContext, path: string, reference: string | undefined) {
      const { data } = await call(context, 'GET', reference === undefined ? path : `${path}?reference=${encodeURIComponent(reference)}`) as { data: T[] }
      return data[0]
    },
    wireAmount (amount) {
      if (bug === 'float_amounts') return Math.trunc(amount.amount / 100 * 100)
      if (bug === 'cents_everywhere') return amount.amount * (amount.currency === 'CLP' ? 100 : 1)
      const rule = toyManifest.amounts[amount.currency]
      if (bug === 'rounds' && amount.currency === 'KWD') return Math.round(amount.amount / 10) * 10
      try {
        return toWire(amount, rule)
      } catch (cause) {
        throw new ProviderError({ code: 'amount_invalid', reached: 'nowhere', cause })
      }
    },
    moneyOf (wire, currency) {
      if (bug === 'cents_everywhere') return { amount: wire / (currency === 'CLP' ? 100 : 1), currency }
      return fromWire(wire, currency, toyManifest.amounts[currency])
    }
  }
}

/** Any account is an answer to someone who forgets to look. */
function lenient (response: HttpResponse): unknown {
  try {
    return jsonOf(response)
  } catch {
    return { id: 'pay_0', status: 'paid', amount: 0, currency: 'MXN', captured: 0, refunded: 0, reference: '', client_secret: '' }
  }
}
