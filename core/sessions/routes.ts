import type { CookieSerializeOptions } from '@fastify/cookie'
import { Type } from 'typebox'
import { type Passwords, passwords as standard } from '../access/passwords.ts'
import { sessionCookie } from '../access/sessions.ts'
import type { HubInstance } from '../http.ts'
import { IdParams } from '../http-schema.ts'
import { ListSessions, Login, OpenSession, SessionPage } from './schema.ts'
import * as service from './service.ts'

const own = { anyone: true, home: true } as const
const tags = ['Tenants']

export interface SessionRouteOptions { passwords?: Passwords }

export async function sessionRoutes (app: HubInstance, { passwords = standard }: SessionRouteOptions = {}): Promise<void> {
  const { hub } = app
  const cookie = (): CookieSerializeOptions => ({ path: '/', httpOnly: true, sameSite: 'lax', secure: hub.publicUrl().startsWith('https:') })

  app.post('/v1/sessions', { config: { public: true, idempotency: false }, schema: { tags, summary: 'Log in', body: Login, response: { 201: OpenSession } } }, async (request, reply) => {
    if (app.hasDecorator('limitLogin')) await app.limitLogin(request, request.body.email)
    const caller = { requestId: request.id, address: request.ip, language: 'en' as const, userAgent: request.headers['user-agent'] }
    const { token, session } = await service.login(hub, passwords, caller, request.body)
    return await reply.code(201).header('cache-control', 'no-store').setCookie(sessionCookie, token, { ...cookie(), expires: new Date(session.expires_at) }).send(session)
  })
  app.get('/v1/sessions', { config: own, schema: { tags, summary: 'List your sessions', querystring: ListSessions, response: { 200: SessionPage } } }, async request =>
    await service.listSessions(hub, request.requireAccess(), request.query))
  app.get('/v1/sessions/current', { config: own, schema: { tags, summary: 'Read the session of this request', response: { 200: OpenSession } } }, async (request, reply) => {
    const session = await service.currentSession(hub, request.requireAccess(), request.cookies[sessionCookie])
    return await reply.header('cache-control', 'no-store').send(session)
  })
  app.delete('/v1/sessions/:id', { config: own, schema: { tags, summary: 'End a session (`current`: log out)', params: IdParams, response: { 204: Type.Null() } } }, async (request, reply) => {
    if (await service.endSession(hub, request.requireAccess(), request.params.id)) reply.clearCookie(sessionCookie, cookie())
    return await reply.code(204).send(null)
  })
}
