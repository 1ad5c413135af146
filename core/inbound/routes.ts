import { setTimeout as wait } from 'node:timers/promises'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { HubError } from '../errors.ts'
import type { HubInstance } from '../http.ts'
import { IdParams, Mode } from '../http-schema.ts'
import { receiveForApp } from './app-hooks.ts'
import { type InboundDeps, receive, type Received, type Reception } from './receive.ts'
import { InboundEvent, InboundEventDetail, InboundPage, ListInbound, Replayed, ReplayMany } from './schema.ts'
import * as service from './service.ts'

export async function inboundRoutes (app: HubInstance): Promise<void> {
  const { hub } = app
  const read = { scope: 'inbound:read' } as const
  const write = { scope: 'inbound:write' } as const
  const tags = ['Inbound webhooks']
  app.get('/v1/inbound_events', { config: read, schema: { tags, summary: 'What providers sent', querystring: ListInbound, response: { 200: InboundPage } } }, async request =>
    await service.listInbound(hub, request.requireAccess(), request.query))
  app.get('/v1/inbound_events/:id', { config: read, schema: { tags, summary: 'One event with its bytes', params: IdParams, response: { 200: InboundEventDetail } } }, async request =>
    await service.getInbound(hub, request.requireAccess(), request.params.id))
  app.post('/v1/inbound_events/:id/replay', { config: write, schema: { tags, summary: 'Process it once more', params: IdParams, response: { 200: InboundEvent } } }, async request =>
    await service.replayOne(hub, request.requireAccess(), request.params.id))
  app.post('/v1/inbound_events/replay', { config: write, schema: { tags, summary: 'Process many once more', body: ReplayMany, response: { 200: Replayed } } }, async request =>
    await service.replayMany(hub, request.requireAccess(), request.body))
}

/** Every refusal takes this long, so that its timing does not tell a wrong signature from an address that does not exist, ms. */
const refusalMs = 25

/** The addresses that providers call. Nothing parses the body before it is verified and stored. */
export async function hookRoutes (app: HubInstance, deps: Omit<InboundDeps, 'hub'>): Promise<void> {
  const { hub } = app
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: hub.config.inboundMaxBytes }, (_request, body, done) => { done(null, body) })

  app.post('/hooks/:token', {
    config: { public: true },
    bodyLimit: hub.config.inboundMaxBytes,
    schema: { tags: ['Inbound webhooks'], summary: 'Where providers send their webhooks', params: Type.Object({ token: Type.String({ maxLength: 200 }) }) }
  }, async (request, reply) => {
    return await answered(request, reply, async hook => await receive({ hub, ...deps }, { token: request.params.token, ...hook }))
  })

  app.post('/hooks/apps/:provider/:mode', {
    config: { public: true },
    bodyLimit: hub.config.inboundMaxBytes,
    schema: { tags: ['Inbound webhooks'], summary: 'Where providers tell the operator’s application of the accounts that were connected by consent', params: Type.Object({ provider: Type.String({ maxLength: 40 }), mode: Mode }) }
  }, async (request, reply) => {
    return await answered(request, reply, async hook => await receiveForApp({ hub, ...deps }, { provider: request.params.provider, mode: request.params.mode, ...hook }))
  })
}

async function answered (request: FastifyRequest, reply: FastifyReply, take: (hook: Omit<Received, 'token'>) => Promise<Reception>): Promise<FastifyReply> {
  const startedAt = performance.now()
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : String(value ?? '')]))
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
  const reception = await take({ body, headers, url: request.url, address: request.ip })
  if (reception.verdict === 'refused') {
    await wait(Math.max(0, refusalMs - (performance.now() - startedAt)))
    throw new HubError('webhook_unverified')
  }
  const { status, body: text, contentType } = reception.answer
  return await reply.code(status).type(contentType).send(text)
}
