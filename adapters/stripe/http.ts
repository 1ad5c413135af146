import { asProviderError, type ConnectionContext, type HttpRequest, isProviderError, jsonOf, ProviderError } from '../../core/adapter/index.ts'
import Stripe from 'stripe'
import { refusalOf } from './errors.ts'

/** The version whose words `wire.ts` speaks. A newer SDK with another one does not compile until somebody has read its changelog. */
export const apiVersion: Stripe.LatestApiVersion = '2026-10-28.endive'

/**
 * The SDK on top of the hub's client. Whatever is not a plain success is thrown from here as a ProviderError; the SDK wraps it
 * and `call` unwraps it. So the SDK never sees an error that it would retry: even with `maxNetworkRetries: 0` it sends a
 * request again after ECONNRESET (RequestSender._shouldRetry of stripe 23.1.0).
 */
class HubHttpClient extends Stripe.HttpClient {
  override getClientName (): string {
    return 'pasarela'
  }

  override async makeRequest (_host: string, _port: string, path: string, method: string, headers: Record<string, unknown>, data: string) {
    const context = open.get(String(headers.Authorization))
    if (context === undefined) throw new Error('a request to Stripe outside of call()')
    const request: HttpRequest = { method: method as HttpRequest['method'], url: context.origin() + path, headers: ownHeaders(headers, context) }
    if (method === 'POST') request.body = data
    const response = await context.http(request)
    if (response.status >= 400) throw refusalOf(response, context.now())
    // A redirect is nothing that Stripe says, so what answered was not Stripe.
    if (response.status >= 300) throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown', httpStatus: response.status })
    const body = jsonOf(response)
    if (typeof body !== 'object' || body === null || !('object' in body || 'id' in body)) {
      throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown', httpStatus: response.status })
    }
    return new Answer(response.status, body)
  }
}

class Answer extends Stripe.HttpClientResponse {
  readonly #body: unknown

  constructor (status: number, body: unknown) {
    super(status, {})
    this.#body = body
  }

  override getRawResponse (): unknown {
    return {}
  }

  override async toJSON (): Promise<unknown> {
    return this.#body
  }
}

/**
 * With the account's key in place of the pass, and without what the SDK adds of its own: an idempotency key (the hub chooses it,
 * or there is none), the machine's name (`X-Stripe-Client-User-Agent` holds `uname -a`) and lengths that the client counts itself.
 */
function ownHeaders (headers: Record<string, unknown>, context: ConnectionContext): Record<string, string> {
  const own: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    const text = String(value)
    if (/^(authorization|user-agent|x-stripe-client-.*|content-length)$/i.test(name)) continue
    if (name === 'Idempotency-Key' && text.startsWith('stripe-node-retry-')) continue
    own[name] = text
  }
  own.Authorization = `Bearer ${context.credentials.secret_key}`
  return own
}

/**
 * One SDK for all accounts, because building one costs about as much as the rest of a call. It knows no secret: each call gets a
 * pass, good for its own time and its own connection, in place of an API key. Without one nothing leaves.
 */
const stripe = new Stripe('no_key', { apiVersion, maxNetworkRetries: 0, telemetry: false, httpClient: new HubHttpClient() })
const open = new Map<string, ConnectionContext>()
let passes = 0

/**
 * Runs one SDK call, which hands `as` on as its request options: for the connected account, where the connection is one (header
 * Stripe-Account). Throws ProviderError only. Source: https://docs.stripe.com/connect/authentication, read 2026-11-21.
 */
export async function call<T> (context: ConnectionContext, run: (stripe: Stripe, as: Stripe.RequestOptions) => Promise<T>): Promise<T> {
  const account = connectedAccount(context)
  return callPlatform(context, (stripe, as) => run(stripe, account === undefined ? as : { ...as, stripeAccount: account }))
}

/** The connected account that a connection acts for with its platform's keys; undefined where the keys are the account's own. */
export function connectedAccount ({ settings, grant }: Pick<ConnectionContext, 'settings' | 'grant'>): string | undefined {
  // With the operator's key the account is what its owner granted, whatever a tenant writes into a setting.
  if (grant !== undefined) return grant.account
  const account = settings.connected_account
  return typeof account === 'string' && account !== '' ? account : undefined
}

/** The same as the account of the keys: only a platform can register a webhook for its connected accounts. */
export async function callPlatform<T> (context: ConnectionContext, run: (stripe: Stripe, as: Stripe.RequestOptions) => Promise<T>): Promise<T> {
  if (!context.credentials.secret_key) throw new ProviderError({ code: 'invalid_credentials', reached: 'nowhere', param: 'secret_key' })
  const pass = `pass_${++passes}`
  open.set(`Bearer ${pass}`, context)
  try {
    return await run(stripe, { apiKey: pass })
  } catch (thrown) {
    const inner = (thrown as { detail?: unknown }).detail
    throw isProviderError(inner) ? inner : asProviderError(thrown)
  } finally {
    open.delete(`Bearer ${pass}`)
  }
}
