import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { connectAccount, type Keys } from '../accounts.ts'
import { metFaults } from '../api.ts'
import { emit } from '../events.ts'
import { quietly, type World } from '../world.ts'
import { escape, html, testNote } from './html.ts'

/**
 * Connect's OAuth for standard accounts: the page where an account's owner consents, the token endpoint and the way back.
 * Source: https://docs.stripe.com/connect/oauth-reference, read 2026-11-21.
 */

/** A platform's OAuth settings, of one mode. */
interface Platform { clientId: string, account: string, livemode: boolean, redirects: () => readonly string[] }
interface Code { clientId: string, account: string, until: number, used: boolean }

export interface ConnectTwin {
  /** What the settings of the platform that this key opens show: its client id, with these addresses to come back to. */
  register: (secretKey: string, redirects: () => readonly string[]) => string
  /** The platform's endpoint for its connected accounts, as its Dashboard makes one; gives its signing secret. It is there from the first consent on, when its address is known. */
  listen: (secretKey: string, url: () => string) => string
  /** The account's owner takes it back in their own Dashboard. */
  revoke: (account: string) => void
}

const codeSeconds = 300

export function connectPages (app: FastifyInstance, world: World, keys: Keys): ConnectTwin {
  const platforms = new Map<string, Platform>()
  const codes = new Map<string, Code>()
  const listeners = new Map<string, () => void>()

  function asked (query: Record<string, string | undefined>): { platform: Platform, redirect: string } | string {
    const platform = platforms.get(query.client_id ?? '')
    if (platform === undefined) return 'No application matches the supplied client identifier'
    if (query.response_type !== 'code') return 'Invalid response_type'
    if (!['read_write', 'read_only', undefined].includes(query.scope)) return 'Invalid scope'
    const redirects = platform.redirects()
    const redirect = query.redirect_uri ?? redirects[0]
    if (redirect === undefined || !redirects.includes(redirect)) return 'Invalid redirect URI. Ensure this uri exactly matches one of the uris specified in your application settings'
    return { platform, redirect }
  }

  app.get<{ Querystring: Record<string, string | undefined> }>('/oauth/authorize', (request, reply) => {
    const good = asked(request.query)
    if (typeof good === 'string') return html(reply, 400, `<h1>Something is wrong</h1><p>${escape(good)}</p>`)
    return html(reply, 200, `<h1>Connect your account</h1>${testNote}<p>A platform (${escape(good.platform.account)}) asks to read and write in your Stripe account.</p>
<form method="post"><label>Account <input name="account" value="shop" pattern="[A-Za-z0-9_]{3,40}"></label><button name="decision" value="allow">Connect</button> <button name="decision" value="deny" class="second">Return</button></form>`)
  })

  app.post<{ Querystring: Record<string, string | undefined>, Body: string }>('/oauth/authorize', (request, reply) => {
    const good = asked(request.query)
    if (typeof good === 'string') return html(reply, 400, `<h1>Something is wrong</h1><p>${escape(good)}</p>`)
    const form = new URLSearchParams(request.body)
    const back = new URL(good.redirect)
    if (request.query.state !== undefined) back.searchParams.set('state', request.query.state)
    if (form.get('decision') !== 'allow') {
      back.searchParams.set('error', 'access_denied')
      back.searchParams.set('error_description', 'The user denied your request')
      return reply.redirect(back.href, 303)
    }
    const owner = form.get('account') ?? ''
    if (!/^[A-Za-z0-9_]{3,40}$/.test(owner)) return html(reply, 400, '<h1>Something is wrong</h1><p>Log in.</p>')
    const code = world.id('ac_', 32)
    codes.set(code, { clientId: good.platform.clientId, account: owner, until: world.now() + codeSeconds, used: false })
    back.searchParams.set('scope', request.query.scope ?? 'read_write')
    back.searchParams.set('code', code)
    return reply.redirect(back.href, 303)
  })

  /** The platform that the key opens; undefined when it opens none. */
  function platformOf (request: FastifyRequest, form: URLSearchParams): { account: string, livemode: boolean } | undefined {
    try {
      const access = keys.open(request.headers.authorization ?? `Bearer ${form.get('client_secret') ?? ''}`, undefined)
      return access.publishable ? undefined : { account: access.platform, livemode: access.books.livemode }
    } catch {
      return undefined
    }
  }

  function token (request: FastifyRequest): Told {
    const form = new URLSearchParams(request.body as string)
    const platform = platformOf(request, form)
    if (platform === undefined) return told(401, 'invalid_client', 'No such API key')
    if (form.get('grant_type') !== 'authorization_code') return told(400, 'unsupported_grant_type', 'grant_type must be authorization_code or refresh_token')
    const code = codes.get(form.get('code') ?? '')
    const its = code && platforms.get(code.clientId)
    if (code === undefined || its === undefined || code.until <= world.now()) return told(400, 'invalid_grant', `Authorization code does not exist: ${form.get('code')}`)
    if (its.account !== platform.account || its.livemode !== platform.livemode) return told(400, 'invalid_grant', 'Authorization code provided does not belong to you')
    if (code.used) return told(400, 'invalid_grant', 'This authorization code has already been used. All tokens issued with this code have been revoked.')
    code.used = true
    listeners.get(its.clientId)?.()
    const connected = connectAccount(world, platform.account, code.account)
    world.changed()
    const mode = platform.livemode ? 'live' : 'test'
    return {
      status: 200, body: {
        access_token: world.id(`sk_${mode}_51`, 24), livemode: platform.livemode, refresh_token: world.id('rt_', 40), token_type: 'bearer',
        stripe_publishable_key: world.id(`pk_${mode}_51`, 24), stripe_user_id: connected.id, scope: 'read_write'
      }
    }
  }

  function deauthorize (request: FastifyRequest): Told {
    const form = new URLSearchParams(request.body as string)
    const platform = platformOf(request, form)
    const its = platforms.get(form.get('client_id') ?? '')
    if (platform === undefined || its === undefined || its.account !== platform.account) return told(401, 'invalid_client', 'No such application')
    const id = form.get('stripe_user_id') ?? ''
    if (world.accounts.get(id)?.platforms.includes(platform.account) !== true) return told(401, 'invalid_client', `This application is not connected to stripe account ${id}, or that account does not exist.`)
    leave(id, platform.account, its)
    return { status: 200, body: { stripe_user_id: id } }
  }

  /** The event goes to the platform's endpoints while they still listen. */
  function leave (id: string, platform: string, { clientId, livemode }: Platform): void {
    const account = world.accounts.get(id)!
    quietly(world, livemode ? account.live : account.test, call => emit(call, 'account.application.deauthorized', { id: clientId, object: 'application', name: 'Platform' }))
    account.platforms = account.platforms.filter(each => each !== platform)
    world.changed()
  }

  app.post('/oauth/token', (request, reply) => withFaults(request, reply, () => token(request)))
  app.post('/oauth/deauthorize', (request, reply) => withFaults(request, reply, () => deauthorize(request)))

  const named = (prefix: string, ...of: unknown[]): string => `${prefix}_${createHash('sha256').update(of.join(' ')).digest('hex').slice(0, 32)}`
  const clientIdOf = (account: string, livemode: boolean): string => named('ca', account, livemode)
  const opened = (secretKey: string) => keys.open(`Bearer ${secretKey}`, undefined)

  return {
    register (secretKey, redirects) {
      const { platform: account, books: { livemode } } = opened(secretKey)
      const clientId = clientIdOf(account, livemode)
      platforms.set(clientId, { clientId, account, livemode, redirects })
      return clientId
    },
    listen (secretKey, url) {
      const { platform: account, books: { livemode } } = opened(secretKey)
      const [id, secret] = [named('we', account, livemode), named('whsec', account, livemode)]
      listeners.set(clientIdOf(account, livemode), () => {
        const { endpoints } = opened(secretKey).books
        const record = endpoints.get(id) ?? endpoints.add({
          id,
          created: world.now(),
          secret,
          previous: null,
          connect: true,
          wire: { id, object: 'webhook_endpoint', api_version: null, application: null, created: world.now(), description: null, enabled_events: ['*'], livemode, metadata: {}, status: 'enabled', url: url() }
        })
        record.wire = { ...record.wire, url: url() }
        world.changed()
      })
      return secret
    },
    revoke (id) {
      for (const its of platforms.values()) if (world.accounts.get(id)?.platforms.includes(its.account) === true) leave(id, its.account, its)
    }
  }
}

interface Told { status: number, body: object }

const told = (status: number, error: string, description: string): Told => ({ status, body: { error, error_description: description } })

/** As the API meets them; these addresses are not of it. */
function withFaults (request: FastifyRequest, reply: FastifyReply, act: () => Told): unknown {
  const fault = metFaults.get(request.raw)
  const cut = (): FastifyReply => {
    reply.hijack()
    request.raw.socket.destroy()
    return reply
  }
  const send = ({ status, body }: Told): FastifyReply => reply.code(status).type('application/json').send(JSON.stringify(body))
  switch (fault?.kind) {
    case 'cut_before': return cut()
    case 'error_500_before': return reply.code(500).send('upstream failure')
    case 'rate_limit': return reply.code(429).header('retry-after', '2').send('slow down')
  }
  const answer = act()
  switch (fault?.kind) {
    case 'cut_after':
    case 'cut_mid_body': return cut()
    case 'error_500': return reply.code(502).send('bad gateway')
    case 'garbage': return reply.code(200).type('text/html').send('<html><body>Welcome</body></html>')
    default: return send(answer)
  }
}
