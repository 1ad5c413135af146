import { createHash, randomBytes } from 'node:crypto'
import type { Harness } from '../conformance.ts'
import { type Adapter, type ConnectionContext, errorOfStatus, jsonOf, type OAuthApp, type OAuthGrant, ProviderError, serveSimulator, type SimulatedAnswer, type SimulatedRequest, type Simulator } from '../index.ts'
import { toyAdapter, toyManifest } from './toy-provider.ts'

/** Ways to connect by consent wrongly, each of which one promise of the suite must notice. */
export type ToyOAuthBug =
  | 'forgets_state' | 'forgets_challenge' | 'outage_is_over' | 'app_is_over' | 'never_over' | 'lost_is_refused' | 'lost_renewal_is_over' | 'renewal_of_another' | 'proof_writes' | 'undeclared_credential'

const text = { es: 'de juguete', en: 'toy' }

/** The toy provider with a button. */
export function toyOAuthAdapter (bug?: ToyOAuthBug): Adapter {
  async function token (context: ConnectionContext, app: OAuthApp, asked: Record<string, string>): Promise<OAuthGrant> {
    const response = await context.http({ method: 'POST', url: `${context.origin()}/token`, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ ...app, ...asked }) })
    if (response.status >= 400) {
      const plain = errorOfStatus(response, context.now()) as ProviderError
      if (plain.reached !== 'answered') throw plain
      throw new ProviderError({ code: plain.code, reached: 'answered', httpStatus: response.status, providerCode: (jsonOf(response) as { error: string }).error })
    }
    const { token: key, refresh, account, seconds } = jsonOf(response) as { token: string, refresh: string, account: string, seconds: number }
    return {
      account: { id: bug === 'renewal_of_another' && asked.refresh !== undefined ? `${account}0` : account },
      mode: context.mode,
      credentials: bug === 'undeclared_credential' ? { api_key: key, extra: key } : { api_key: key },
      refreshToken: refresh,
      expiresAt: new Date(context.now().getTime() + seconds * 1000)
    }
  }

  return {
    ...toyAdapter(),
    manifest: {
      ...toyManifest,
      retry_safety: { ...toyManifest.retry_safety, exchange_code: 'natural-key', refresh_grant: 'natural-key', revoke_grant: 'natural-key' },
      oauth: {
        button: text,
        app: { properties: { client_id: { title: text, where: text, secret: false }, client_secret: { title: text, where: text, secret: true } }, required: ['client_id', 'client_secret'] },
        refresh_ahead_ms: 86_400_000,
        operator_steps: []
      }
    },
    oauth: {
      authorizeUrl: ({ origin, app, state, redirectUri, codeChallenge }) =>
        `${origin()}/consent?${new URLSearchParams({ client: app.client_id!, back: redirectUri, ...(bug !== 'forgets_state' && { state }), ...(bug !== 'forgets_challenge' && { challenge: codeChallenge }) })}`,
      async exchange (context, app, { code, redirectUri, codeVerifier }) {
        try {
          return await token(context, app, { code, back: redirectUri, verifier: codeVerifier })
        } catch (error) {
          if (bug === 'lost_is_refused') throw new ProviderError({ code: 'provider_unavailable', reached: 'answered' })
          throw error
        }
      },
      async refresh (context, app, refresh) {
        try {
          return await token(context, app, { refresh })
        } catch (error) {
          const { reached, providerCode } = error as ProviderError
          if (providerCode === 'over' || (bug === 'app_is_over' && reached === 'answered') || (bug === 'lost_renewal_is_over' && reached === 'unknown')) return { over: providerCode ?? 'over' }
          throw error
        }
      },
      async prove (context) {
        const response = await context.http({ method: bug === 'proof_writes' ? 'POST' : 'GET', url: `${context.origin()}/v1/account`, headers: { authorization: `Bearer ${context.credentials['api_key']}` } })
        if (response.status === 401 && bug !== 'never_over') return { over: 'bad_key' }
        if (response.status >= 400) {
          if (bug === 'outage_is_over') return { over: 'down' }
          const failed = errorOfStatus(response, context.now()) as ProviderError
          throw failed
        }
        return { account: (jsonOf(response) as { id: string }).id }
      },
      async revoke (context, app, account) {
        await context.http({ method: 'POST', url: `${context.origin()}/revoke`, headers: {}, body: JSON.stringify({ ...app, account }) })
      }
    }
  }
}

interface Grant { client: string, account: string, token: string, refresh: string, used: boolean, dead: boolean }

/** Its other side: applications, codes and tokens, and nothing to sell. */
async function startToyOAuthSimulator () {
  const clients = new Map<string, string>()
  const codes = new Map<string, { client: string, back: string, challenge: string | null, account: string, used: boolean }>()
  const grants: Grant[] = []
  const json = (status: number, body: object): SimulatedAnswer => ({ status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  const refused = (error: string): SimulatedAnswer => json(400, { error })
  const random = (prefix: string) => `${prefix}${randomBytes(16).toString('hex')}`

  function answer ({ method, url, headers, body }: SimulatedRequest): SimulatedAnswer {
    const asked = url.searchParams
    if (url.pathname === '/consent') {
      const [back, code] = [new URL(asked.get('back') ?? ''), random('code_')]
      if (asked.get('state') !== null) back.searchParams.set('state', asked.get('state')!)
      if (asked.get('decision') === 'deny') back.searchParams.set('error', 'access_denied')
      else {
        codes.set(code, { client: asked.get('client') ?? '', back: asked.get('back') ?? '', challenge: asked.get('challenge'), account: 'acc1', used: false })
        back.searchParams.set('code', code)
      }
      return { status: 303, headers: { location: back.href } }
    }
    if (url.pathname === '/v1/account') {
      const grant = grants.find(({ token }) => headers['authorization'] === `Bearer ${token}`)
      return grant === undefined || grant.dead ? json(401, { code: 'bad_key', message: 'no such key' }) : json(200, { id: grant.account })
    }
    if (method !== 'POST') return json(404, {})
    const input = JSON.parse(body) as Record<string, string>
    if (clients.get(input['client_id'] ?? '') !== input['client_secret']) return refused('bad_client')
    if (url.pathname === '/revoke') {
      for (const grant of grants) if (grant.account === input['account']) grant.dead = true
      return json(200, {})
    }
    const issue = (account: string): SimulatedAnswer => {
      const grant = { client: input['client_id']!, account, token: random('toy_test_'), refresh: random('again_'), used: false, dead: false }
      grants.push(grant)
      return json(200, { token: grant.token, refresh: grant.refresh, account, seconds: 30 * 86_400 })
    }
    if (input['refresh'] !== undefined) {
      const grant = grants.find(({ refresh }) => refresh === input['refresh'])
      if (grant === undefined || grant.used || grant.dead) return refused('over')
      grant.used = true
      return issue(grant.account)
    }
    const code = codes.get(input['code'] ?? '')
    const proved = code?.challenge === null || createHash('sha256').update(input['verifier'] ?? '').digest('base64url') === code?.challenge
    if (code === undefined || code.used || code.client !== input['client_id'] || code.back !== input['back'] || !proved) return refused('bad_code')
    code.used = true
    return issue(code.account)
  }

  const server = await serveSimulator(answer)
  return {
    ...server,
    application () {
      const [client_id, client_secret] = [random('client'), random('secret')]
      clients.set(client_id, client_secret)
      return { client_id, client_secret }
    },
    take: (account: string) => { for (const grant of grants) if (grant.account === account) grant.dead = true }
  }
}

type ToyOAuthSimulator = Awaited<ReturnType<typeof startToyOAuthSimulator>>

export function toyOAuthHarness (bug?: ToyOAuthBug): Harness {
  const at = (simulator: Simulator) => simulator as unknown as ToyOAuthSimulator
  return {
    adapter: { ...toyOAuthAdapter(bug), manifest: { ...toyOAuthAdapter(bug).manifest, modes: ['test'] } },
    // As much of a simulator as consent needs.
    simulator: async () => await startToyOAuthSimulator() as unknown as Simulator,
    oauth: {
      application: simulator => at(simulator).application(),
      async consent (url, decision) {
        const answer = await fetch(`${url}&decision=${decision}`, { redirect: 'manual' })
        return answer.headers.get('location') ?? ''
      },
      revoke: (account, simulator) => at(simulator).take(account),
      wrongSecret: () => 'secret0'
    }
  }
}
