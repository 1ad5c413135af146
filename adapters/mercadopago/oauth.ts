import { type ConnectionContext, type HttpResponse, jsonOf, type Mode, type OAuthApp, type OAuthFlow, type OAuthGrant, ProviderError } from '../../core/adapter/index.ts'
import { readMe } from './countries.ts'
import { isTestUser } from './connection.ts'
import { refusalOf } from './errors.ts'

/** What the token endpoint answers. Source: OpenAPI document of 2026-06 (POST /oauth/token) and its page in the API reference, read 2026-11-21. */
interface Tokens {
  access_token?: string
  expires_in?: number
  user_id?: number | string
  refresh_token?: string
  public_key?: string
  live_mode?: boolean
}

/**
 * The seller consents at auth.mercadopago.com; the tokens live for 180 days, and each renewal gives another refresh token.
 * Source: https://www.mercadopago.com.mx/developers/en/docs/security/oauth, read 2026-11-21. What it leaves open is in QUIRKS.md.
 */
export const oauth = {
  authorizeUrl ({ origin, app, state, redirectUri, codeChallenge }) {
    const url = new URL(`${origin('auth')}/authorization`)
    for (const [name, value] of Object.entries({ client_id: app.client_id!, response_type: 'code', platform_id: 'mp', state, redirect_uri: redirectUri, code_challenge: codeChallenge, code_challenge_method: 'S256' })) url.searchParams.set(name, value)
    return url.href
  },

  async exchange (context, app, { code, redirectUri, codeVerifier }) {
    const response = await ask(context, app, { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: codeVerifier })
    if (response.status >= 400) throw refusalOf(response, context.now())
    return await grantOf(context, response)
  },

  async refresh (context, app, refreshToken) {
    const response = await ask(context, app, { grant_type: 'refresh_token', refresh_token: refreshToken })
    // Expired, revoked, of another application, or used before: https://mercadopago.com.mx/developers/en/reference/oauth/_oauth_token/post, read 2026-11-21.
    const word = response.status >= 400 && response.status < 500 ? wordOf(response) : undefined
    if (word === 'invalid_grant' || word === 'unauthorized_client') return { over: word }
    if (response.status >= 400) throw refusalOf(response, context.now())
    return await grantOf(context, response)
  },

  async prove (context) {
    try {
      const me = await readMe(context)
      if (me.id === undefined) throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown' })
      return { account: String(me.id) }
    } catch (thrown) {
      if (thrown instanceof ProviderError && thrown.reached === 'answered' && thrown.httpStatus === 401) return { over: thrown.providerCode ?? 'unauthorized' }
      throw thrown
    }
  }
} satisfies OAuthFlow

/** Whether tokens of a test are asked for is said each time: the documentation does not tie it to the code. */
async function ask (context: ConnectionContext, { client_id: id, client_secret: secret }: OAuthApp, asked: Record<string, string>): Promise<HttpResponse> {
  return await context.http({
    method: 'POST',
    url: `${context.origin()}/oauth/token`,
    headers: { accept: 'application/json', 'content-type': 'application/json' },
    body: JSON.stringify({ client_id: id, client_secret: secret, ...asked, ...(context.mode === 'test' && { test_token: 'true' }) })
  })
}

async function grantOf (context: ConnectionContext, response: HttpResponse): Promise<OAuthGrant> {
  const tokens = response.status < 300 ? jsonOf(response) as Tokens | null : undefined
  const { access_token: token, expires_in: seconds, user_id: user, refresh_token: refreshToken, public_key: publicKey } = tokens ?? {}
  if (typeof token !== 'string' || typeof seconds !== 'number' || user === undefined) throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown', httpStatus: response.status })
  return {
    account: { id: String(user) },
    mode: await modeOf(context, token, tokens?.live_mode),
    credentials: { access_token: token, ...(typeof publicKey === 'string' && { public_key: publicKey }) },
    ...(typeof refreshToken === 'string' && { refreshToken }),
    expiresAt: new Date(context.now().getTime() + seconds * 1000)
  }
}

/** A test user's production token moves no money: then the account itself is asked. It cannot be refused any more, so what is not known is taken for live. */
async function modeOf (context: ConnectionContext, token: string, live: boolean | undefined): Promise<Mode> {
  if (live === false || token.startsWith('TEST-')) return 'test'
  if (context.mode === 'live') return 'live'
  const me = await readMe({ ...context, credentials: { access_token: token } }).catch(() => undefined)
  return me !== undefined && isTestUser(me) ? 'test' : 'live'
}

function wordOf (response: HttpResponse): string | undefined {
  try {
    const { error } = JSON.parse(new TextDecoder().decode(response.body)) as { error?: unknown }
    return typeof error === 'string' ? error : undefined
  } catch {
    return undefined
  }
}
