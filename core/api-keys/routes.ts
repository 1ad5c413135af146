import type { HubInstance } from '../http.ts'
import { IdParams } from '../http-schema.ts'
import { ApiKey, ApiKeyPage, ListApiKeys, MadeApiKey, NewApiKey } from './schema.ts'
import * as service from './service.ts'

const read = { scope: 'api_keys:read' } as const
const write = { scope: 'api_keys:write' } as const
const tags = ['Tenants']

export async function apiKeyRoutes (app: HubInstance): Promise<void> {
  const { hub } = app

  app.post('/v1/api_keys', { config: write, schema: { tags, summary: 'Make an API key', body: NewApiKey, response: { 201: MadeApiKey } } }, async (request, reply) =>
    await reply.code(201).send(await service.createApiKey(hub, request.requireAccess(), request.body, request.idempotency)))
  app.get('/v1/api_keys', { config: read, schema: { tags, summary: 'List API keys', querystring: ListApiKeys, response: { 200: ApiKeyPage } } }, async request =>
    await service.listApiKeys(hub, request.requireAccess(), request.query))
  app.delete('/v1/api_keys/:id', { config: write, schema: { tags, summary: 'Revoke an API key', params: IdParams, response: { 200: ApiKey } } }, async request =>
    await service.revokeApiKey(hub, request.requireAccess(), request.params.id))
}
