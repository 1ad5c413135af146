import cookie from '@fastify/cookie'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { actAs } from '../core/access/act-as.ts'
import { credentialOf, identify, type Identity } from '../core/access/authenticate.ts'
import type { Access, Scope } from '../core/access/principal.ts'
import { markKeyUsed, markSessionSeen } from '../core/access/queries.ts'
import { isCsrfToken, sessionCookie } from '../core/access/sessions.ts'
import { inTenant } from '../core/db/in-tenant.ts'
import { HubError } from '../core/errors.ts'
import type {} from '../core/http.ts'
import { parseId } from '../core/ids.ts'
import { recordUse } from '../core/support/access.ts'
import { languageOf } from './language.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Any credential will do: the route is about whoever asks. */
    anyone?: true
  }
}

const unsafe = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])

/**
 * Who asks, for which tenant, in which mode, before a byte of the body is read; and whether that is enough for the route.
 * Needs `app.hub`. Register it before the routes: each one under /v1 must say what it takes.
 */
export const auth = fp(async app => {
  const { hub } = app
  if (!app.hasReplyDecorator('setCookie')) await app.register(cookie)
  app.decorateRequest('access', null)
  app.decorateRequest('requireAccess', function (this: FastifyRequest): Access {
    if (this.access === null) throw new HubError('unauthenticated')
    return this.access
  })

  app.decorateRequest('isStillAllowed', async function (this: FastifyRequest): Promise<boolean> {
    const { scope } = this.routeOptions.config
    try {
      const { tenantId, mode, principal } = await accessOf(this)
      return tenantId === this.access?.tenantId && mode === this.access.mode && principal.supportAccessId === this.access.principal.supportAccessId && (scope === undefined || principal.scopes.has(scope))
    } catch {
      return false // whoever is cut off comes again, and is told why
    }
  })

  app.addHook('onRoute', ({ method, url, config }) => {
    if (!isApi(url)) return
    const given = [config?.scope !== undefined, config?.public === true, config?.anyone === true].filter(Boolean).length
    if (given !== 1) throw new Error(`${[method].flat().join(',')} ${url} must have one of config.scope, config.public and config.anyone`)
  })

  app.addHook('onRequest', async request => {
    const { scope, anyone } = request.routeOptions.config
    if (scope === undefined && anyone !== true) {
      request.access = await accessIfAny(request)
      return
    }
    request.access = await accessOf(request)
    if (scope !== undefined) assertScope(request, scope)
    // On the tenant's record before anything is read; what cannot be recorded is not done.
    if (request.access.principal.supportAccessId !== undefined && request.access.tenantId !== request.access.principal.homeTenantId) {
      await recordUse(hub, request.access, { method: request.method, route: request.routeOptions.url ?? '', params: request.params as Record<string, string>, query: request.query as Record<string, unknown> })
    }
  })

  // RFC 9110: a 401 says how to do better, whoever answered it.
  app.addHook('onSend', (_request, reply: FastifyReply, payload, done) => {
    if (reply.statusCode === 401 && !reply.hasHeader('www-authenticate')) reply.header('www-authenticate', 'Bearer realm="pasarela"')
    done(null, payload)
  })

  async function accessOf (request: FastifyRequest): Promise<Access> {
    const { headers } = request
    const cookieToken = request.cookies[sessionCookie]
    const credential = credentialOf(headers.authorization, cookieToken)
    if (credential === undefined) throw new HubError('unauthenticated')
    const named = single(headers['pasarela-tenant'])
    const identity = await identify(hub.db, hub.now(), credential, named === undefined ? undefined : parseId('tenant', named))
    if (identity === undefined) throw new HubError('unauthenticated')
    // A browser sends the cookie along with whatever another site asks of it; the token it does not. Pages of the server's
    // own (the queue board) cannot send it either: what judges there also looks where a request comes from.
    if (credential.type === 'session' && unsafe.has(request.method) && isApi(request.routeOptions.url ?? '') && !isCsrfToken(credential.token, single(headers['x-csrf-token']))) throw new HubError('csrf_failed')
    const { tenantId, mode } = actAs(identity, { namesTenant: named !== undefined, mode: single(headers['pasarela-mode']), home: request.routeOptions.config.home === true, partnerHome: request.routeOptions.config.partnerHome === true })
    note(identity)
    return { principal: identity.principal, tenantId, mode, requestId: request.id, address: request.ip, language: languageOf(headers['accept-language']) }
  }

  /** On a public route: a credential that is no good is as good as none, and nothing is asked when there is none of ours. */
  async function accessIfAny (request: FastifyRequest): Promise<Access | null> {
    const credential = credentialOf(request.headers.authorization, request.cookies[sessionCookie])
    if (credential === undefined || credential.type === 'unreadable') return null
    try {
      return await accessOf(request)
    } catch (error) {
      if (!(error instanceof HubError)) request.log.warn({ err: error }, 'who asks a public route could not be found out')
      return null
    }
  }

  const noting = new Map<string, Promise<void>>()

  /** When it was last used, at most once a minute; nobody waits for it. */
  function note ({ principal, credentialId, seenLately }: Identity): void {
    if (seenLately || noting.has(credentialId)) return
    const now = hub.now()
    const work = principal.type === 'api_key'
      ? markKeyUsed(hub.db, principal.homeTenantId, credentialId, now)
      : inTenant(hub.db, principal.homeTenantId, async db => await markSessionSeen(db, credentialId, now))
    noting.set(credentialId, work
      .catch((error: unknown) => { hub.log.warn({ err: error, credential: principal.id }, 'the last use of a credential could not be noted') })
      .finally(() => { noting.delete(credentialId) }))
  }

  app.addHook('onClose', async () => { await Promise.all(noting.values()) })
}, { name: 'pasarela-auth' })

/** For what is no route of ours (the queue board): the same question, asked by hand. */
export function assertScope (request: FastifyRequest, scope: Scope): Access {
  const access = request.requireAccess()
  if (!access.principal.scopes.has(scope)) {
    throw new HubError('forbidden', { detail: { es: `Falta el permiso ${scope}.`, en: `The scope ${scope} is missing.` } })
  }
  return access
}

function single (header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(', ') : header
}

function isApi (url: string): boolean {
  return url === '/v1' || url.startsWith('/v1/')
}
