import { Type } from 'typebox'
import type { HubInstance } from '../http.ts'
import { decideRouting } from './decide.ts'
import { Decide, Decision, PutRouting, Routing } from './schema.ts'
import * as service from './service.ts'

const read = { scope: 'connections:read' } as const
const write = { scope: 'connections:write' } as const
const tags = ['Routing']

export async function routingRoutes (app: HubInstance): Promise<void> {
  const { hub } = app

  app.get('/v1/routing', { config: read, schema: { tags, summary: 'Read the routing rules', response: { 200: Routing } } }, async (request, reply) => {
    const routing = await service.getRouting(hub, request.requireAccess())
    return await reply.header('etag', `"${routing.version}"`).send(routing)
  })
  app.put('/v1/routing', {
    config: write,
    schema: { tags, summary: 'Replace the routing rules', description: 'The whole list, in its order. Of one mode: the key’s.', headers: Type.Object({ 'if-match': Type.Optional(Type.String({ maxLength: 60, description: 'The version that was read.' })) }), body: PutRouting, response: { 200: Routing } }
  }, async (request, reply) => {
    const expected = service.versionOf(request.headers['if-match']) ?? request.body.version
    const routing = await service.putRouting(hub, request.requireAccess(), request.body, expected)
    return await reply.header('etag', `"${routing.version}"`).send(routing)
  })
  app.post('/v1/routing/decide', {
    config: { ...read, idempotency: false }, schema: { tags, summary: 'Where would it go?', description: 'Explains the choice of a connection. Nothing is paid, written or asked of a provider.', body: Decide, response: { 200: Decision } }
  }, async request => await decideRouting(hub, request.requireAccess(), request.body))
}
