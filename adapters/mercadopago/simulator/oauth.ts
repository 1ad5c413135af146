import { createHash, createHmac } from 'node:crypto'
import type { SimulatedAnswer, SimulatedRequest } from '../../../core/adapter/simulator-server.ts'
import { type Account, type Json, newAccount, type World } from './world.ts'

/**
 * Applications, the page where a seller consents, and the token endpoint. Written from
 * https://www.mercadopago.com.mx/developers/en/docs/security/oauth and the OpenAPI document of 2026-06, read 2026-11-21.
 */

/** What a seller allowed an application, and the tokens that it has of it. Kept with the seller's account. */
export interface Grant {
  client: string
  access: string
  refresh: string
  /** Of the access token, ms since 1970. */
  until: number
  /** Used up by a renewal. */
  used: boolean
  /** The seller took it back, or the renewal ended it. */
  dead: boolean
}

interface Application { client_id: string, client_secret: string, webhook_secret: string, redirects: () => readonly string[], hook?: () => string }
interface Code { client: string, redirect: string, challenge: string | null, account: Account, until: number, used: boolean }

export interface OAuthRules {
  /** Whether an access token lives on after the renewal that replaced it. Nobody says; so both are played. */
  oldTokensLive: boolean
}

export interface OAuthTwin {
  rules: OAuthRules
  /** An application of an operator, with its addresses as the panel keeps them. */
  register: (redirects: () => readonly string[], options?: { hook?: () => string, client?: string }) => Application
  /** Where the application is told of its sellers. */
  hookUp: (client: string, url: string) => void
  /** The account of an access token that was granted; 'refused' when it was and is not good any more. */
  accountOf: (token: string) => Account | 'refused' | undefined
  /** Undefined: no address of OAuth's. */
  answer: (request: SimulatedRequest) => SimulatedAnswer | undefined
  /** The seller takes it back in their own panel. */
  revoke: (seller: string) => void
  /** Where the applications that an account let in hear of it. */
  hooksOf: (account: Account) => { url: string, secret: string }[]
}

const codeMs = 10 * 60_000
const tokenSeconds = 15_552_000
/** Where a seller would log in: in test mode the tokens that are asked for decide, so both kinds of account stand behind one number. */
const knownSeller = /^\d{6,12}$/

export function oauthTwin (world: World, site: string): OAuthTwin {
  const applications = new Map<string, Application>()
  const codes = new Map<string, Code>()
  const rules: OAuthRules = { oldTokensLive: true }

  /** The seller's account whose tokens begin so. */
  const sellerOf = (seller: string, mode: 'TEST' | 'APP_USR'): Account => {
    const known = [...world.accounts.values()].find(({ id, token }) => String(id) === seller && token.startsWith(mode))
    if (known !== undefined) return known
    const token = `${mode}-${world.digits(16)}-112110-${world.hex(32).replace(/^0/, '1')}-${seller}`
    const made = newAccount(world, token, site)
    world.accounts.set(token, made)
    return made
  }

  function consent ({ method, url, body }: SimulatedRequest): SimulatedAnswer {
    const asked = url.searchParams
    const application = applications.get(asked.get('client_id') ?? '')
    const redirect = asked.get('redirect_uri') ?? ''
    const challenge = asked.get('code_challenge')
    if (application === undefined) return html('La aplicación no existe.', 400)
    if (asked.get('response_type') !== 'code') return html('response_type no es válido.', 400)
    if (!application.redirects().includes(redirect)) return html('La URL de redirección no coincide con la de la aplicación.', 400)
    if (challenge !== null && asked.get('code_challenge_method') !== 'S256') return html('code_challenge_method no es válido.', 400)
    if (method === 'GET') {
      return html(`<h1>Una aplicación quiere acceder a su cuenta</h1><p>Aplicación ${application.client_id}: cobrar, devolver y ver sus cobros.</p>
<form method="post"><label>Cuenta <input name="account" value="120000001" pattern="\\d{6,12}"></label><button name="decision" value="allow">Permitir</button><button name="decision" value="deny">Cancelar</button></form>`)
    }
    const form = new URLSearchParams(body)
    const back = new URL(redirect)
    const state = asked.get('state')
    if (state !== null) back.searchParams.set('state', state)
    if (form.get('decision') !== 'allow') back.searchParams.set('error', 'access_denied')
    else {
      const seller = form.get('account') ?? ''
      if (!knownSeller.test(seller)) return html('Inicie sesión.', 400)
      const code = `TG-${world.hex(24)}-${seller}`
      codes.set(code, { client: application.client_id, redirect, challenge, account: sellerOf(seller, 'APP_USR'), until: world.now().getTime() + codeMs, used: false })
      back.searchParams.set('code', code)
    }
    return { status: 303, headers: { location: back.href } }
  }

  function token (asked: Json): SimulatedAnswer {
    const application = applications.get(String(asked.client_id))
    if (application === undefined || asked.client_secret !== application.client_secret) return refusal('invalid_client', 'invalid client_id or client_secret')
    switch (asked.grant_type) {
      case 'authorization_code': {
        const code = codes.get(String(asked.code))
        const late = 'Error validating grant. Your authorization code or refresh token may be expired or it was already used'
        if (code === undefined || code.used || code.until <= world.now().getTime() || code.client !== application.client_id) return refusal('invalid_grant', late)
        if (asked.redirect_uri !== code.redirect) return refusal('invalid_grant', 'the redirect_uri does not match')
        if (code.challenge !== null && createHash('sha256').update(String(asked.code_verifier ?? '')).digest('base64url') !== code.challenge) return refusal('invalid_grant', 'code_verifier is not valid')
        code.used = true
        return issued(application, String(code.account.id), asked)
      }
      case 'refresh_token': {
        const found = all().find(({ grant }) => grant.refresh === asked.refresh_token)
        if (found === undefined || found.grant.used || found.grant.dead || found.grant.client !== application.client_id) return refusal('invalid_grant', 'Error validating grant. Your authorization code or refresh token may be expired or it was already used')
        found.grant.used = true
        if (!rules.oldTokensLive) found.grant.dead = true
        return issued(application, String(found.account.id), asked)
      }
      default: return refusal('unsupported_grant_type', 'the grant_type is not supported')
    }
  }

  function issued (application: Application, seller: string, asked: Json): SimulatedAnswer {
    const kind = String(asked.test_token) === 'true' ? 'TEST' : 'APP_USR'
    const account = sellerOf(seller, kind)
    const access = `${kind}-${application.client_id.padEnd(16, '0').slice(0, 16)}-112110-${world.hex(32).replace(/^0/, '1')}-${seller}`
    const grant: Grant = { client: application.client_id, access, refresh: `TG-${world.hex(24)}-${seller}`, until: world.now().getTime() + tokenSeconds * 1000, used: false, dead: false }
    const kept = account.grants ??= []
    kept.push(grant)
    world.changed()
    const hex = world.hex(32)
    return json(200, {
      access_token: access, token_type: 'bearer', expires_in: tokenSeconds, scope: 'read write offline_access', user_id: Number(seller), refresh_token: grant.refresh,
      public_key: `${kind}-${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`, live_mode: kind !== 'TEST'
    })
  }

  const all = () => [...world.accounts.values()].flatMap(account => (account.grants ?? []).map(grant => ({ account, grant })))

  return {
    rules,
    register (redirects, { hook, client: client_id = String(world.digits(16)) } = {}) {
      const of = (what: string) => createHmac('sha256', 'the simulator').update(`${what} ${client_id}`).digest('hex').slice(0, 32)
      const made: Application = { client_id, client_secret: of('client'), webhook_secret: of('webhooks'), redirects, ...(hook !== undefined && { hook }) }
      applications.set(client_id, made)
      return made
    },
    hookUp (client, url) {
      const application = applications.get(client)
      if (application === undefined) throw new Error(`there is no application ${client}`)
      application.hook = () => url
    },
    accountOf (token) {
      const found = all().find(({ grant }) => grant.access === token)
      if (found === undefined) return undefined
      return found.grant.dead || found.grant.until <= world.now().getTime() ? 'refused' : found.account
    },
    answer (request) {
      const { pathname } = request.url
      if (pathname === '/authorization' && ['GET', 'POST'].includes(request.method)) return consent(request)
      if (pathname !== '/oauth/token' || request.method !== 'POST') return undefined
      let asked: unknown
      try {
        asked = JSON.parse(request.body)
      } catch {}
      return typeof asked === 'object' && asked !== null ? token(asked as Json) : refusal('invalid_request', 'Malformed JSON')
    },
    revoke (seller) {
      const its = all().filter(({ account }) => String(account.id) === seller)
      if (its.length === 0) throw new Error(`${seller} let nobody in`)
      for (const { grant } of its) grant.dead = true
      world.changed()
    },
    hooksOf: account => [...new Set((account.grants ?? []).filter(({ dead }) => !dead).map(({ client }) => client))].flatMap(client => {
      const { hook, webhook_secret: secret } = applications.get(client) ?? {}
      return hook === undefined || secret === undefined ? [] : [{ url: hook(), secret }]
    })
  }
}

const json = (status: number, body: Json): SimulatedAnswer => ({ status, headers: { 'content-type': 'application/json;charset=UTF-8' }, body: JSON.stringify(body) })
const refusal = (error: string, message: string): SimulatedAnswer => json(400, { message, error, status: 400, cause: [] })
const html = (body: string, status = 200): SimulatedAnswer => ({ status, headers: { 'content-type': 'text/html; charset=utf-8' }, body: `<!doctype html><title>Mercado Pago</title>${body}` })
