import { type ConnectionContext, errorOfStatus, type HttpResponse, jsonOf, type OAuthApp, type OAuthFlow, ProviderError } from '../../core/adapter/index.ts'
import { call } from './http.ts'

interface Tokens {
  livemode?: boolean
  stripe_user_id?: string
}

interface Refusal {
  error?: string
  error_description?: string
}

/**
 * Connect for standard accounts: the account's owner consents, and from then on the platform's own key acts for the account (header
 * Stripe-Account). The tokens that Stripe also gives are not kept: they do the same, and are one more secret for each tenant.
 * Sources: https://docs.stripe.com/connect/oauth-standard-accounts and https://docs.stripe.com/connect/oauth-reference, read 2026-11-21.
 */
export const oauth = {
  authorizeUrl ({ origin, app, state, redirectUri }) {
    const url = new URL(`${origin('connect')}/oauth/authorize`)
    for (const [name, value] of Object.entries({ response_type: 'code', client_id: app.client_id!, scope: 'read_write', state, redirect_uri: redirectUri })) url.searchParams.set(name, value)
    return url.href
  },

  /** Stripe has no PKCE here; a code is good only with the platform's key. */
  async exchange (context, app, { code }) {
    const response = await post(context, app, '/oauth/token', { grant_type: 'authorization_code', code })
    if (response.status >= 400) throw refusalOf(response, context)
    const { stripe_user_id: account, livemode } = jsonOf(response) as Tokens
    if (typeof account !== 'string' || typeof livemode !== 'boolean') throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown', httpStatus: response.status })
    return { account: { id: account }, mode: livemode ? 'live' : 'test', credentials: {} }
  },

  async prove (context) {
    try {
      const account = await call(context, (stripe, as) => stripe.accounts.retrieveCurrent({}, as))
      return { account: account.id }
    } catch (thrown) {
      // "Application access may have been revoked." A key of the platform's own that is refused is 401, and nobody's consent.
      if (thrown instanceof ProviderError && thrown.reached === 'answered' && thrown.providerCode === 'account_invalid') return { over: 'account_invalid' }
      throw thrown
    }
  },

  async revoke (context, app, account) {
    const response = await post(context, app, '/oauth/deauthorize', { client_id: app.client_id!, stripe_user_id: account })
    // "This application is not connected": it was given back before.
    if (response.status >= 400 && bodyOf(response).error !== 'invalid_client') throw refusalOf(response, context)
  },

  operated: app => ({ secret_key: app.client_secret!, publishable_key: app.publishable_key! })
} satisfies OAuthFlow

async function post (context: ConnectionContext, { client_secret: secret }: OAuthApp, path: string, asked: Record<string, string>): Promise<HttpResponse> {
  return await context.http({
    method: 'POST',
    url: `${context.origin('connect')}${path}`,
    headers: { accept: 'application/json', authorization: `Bearer ${secret}`, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(asked).toString()
  })
}

function refusalOf (response: HttpResponse, context: ConnectionContext): ProviderError {
  const plain = errorOfStatus(response, context.now()) as ProviderError
  const { error, error_description: message } = bodyOf(response)
  if (plain.reached !== 'answered' || typeof error !== 'string') return plain
  return new ProviderError({ code: plain.code, reached: 'answered', httpStatus: response.status, providerCode: error, ...(typeof message === 'string' && { providerMessage: message }) })
}

function bodyOf (response: HttpResponse): Refusal {
  try {
    return (JSON.parse(new TextDecoder().decode(response.body)) ?? {}) as Refusal
  } catch {
    return {}
  }
}
