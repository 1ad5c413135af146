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
  readonly #context: ConnectionContext

  constructor (context: ConnectionContext) {
    super()
    this.#context = context
  }

  override getClientName (): string {
    return 'pasarela'
  }

  override async makeRequest (_host: string, _port: string, path: string, method: string, headers: Record<string, unknown>, data: string) {
    const context = this.#context
    const request: HttpRequest = { method: method as HttpRequest['method'], url: context.origin() + path, headers: ownHeaders(headers) }
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
 * Without what the SDK adds of its own: an idempotency key (the hub chooses it, or there is none), the machine's name
 * (`X-Stripe-Client-User-Agent` holds `uname -a`) and lengths that the client counts itself.
 */
function ownHeaders (headers: Record<string, unknown>): Record<string, string> {
  const own: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    const text = String(value)
    if (/^(user-agent|x-stripe-client-.*|content-length)$/i.test(name)) continue
    if (name === 'Idempotency-Key' && text.startsWith('stripe-node-retry-')) continue
    own[name] = text
  }
  return own
}

/** One SDK per open connection; it goes when the context goes. Building one costs about 0.1 ms. */
const clients = new WeakMap<ConnectionContext, Stripe>()

function clientOf (context: ConnectionContext): Stripe {
  let client = clients.get(context)
  if (client === undefined) {
    const key = context.credentials.secret_key
    if (key === undefined || key === '') throw new ProviderError({ code: 'invalid_credentials', reached: 'nowhere', param: 'secret_key' })
    client = new Stripe(key, { apiVersion, maxNetworkRetries: 0, telemetry: false, httpClient: new HubHttpClient(context) })
    clients.set(context, client)
  }
  return client
}

/** Runs one SDK call; throws ProviderError only. */
export async function call<T> (context: ConnectionContext, run: (stripe: Stripe) => Promise<T>): Promise<T> {
  try {
    return await run(clientOf(context))
  } catch (thrown) {
    const inner = (thrown as { detail?: unknown }).detail
    throw isProviderError(inner) ? inner : asProviderError(thrown)
  }
}
