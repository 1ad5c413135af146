import { Type } from 'typebox'
import { MadeApiKey, NewApiKey } from '../api-keys/schema.ts'
import type { HubInstance } from '../http.ts'
import { IdParams } from '../http-schema.ts'
import { Grant, GrantParams, ListPartners, NewPartner, Partner, PartnerPage } from './schema.ts'
import * as service from './service.ts'

const write = { scope: 'partners:write', home: true } as const
const tags = ['Tenants']

export async function partnerRoutes (app: HubInstance): Promise<void> {
  const { hub } = app

  app.post('/v1/partners', { config: write, schema: { tags, summary: 'Make a partner', body: NewPartner, response: { 201: Partner } } }, async (request, reply) =>
    await reply.code(201).send(await service.createPartner(hub, request.requireAccess(), request.body, request.idempotency)))
  app.get('/v1/partners', { config: { scope: 'partners:read' }, schema: { tags, summary: 'List partners (of a tenant: those that act for it)', querystring: ListPartners, response: { 200: PartnerPage } } }, async request =>
    await service.listPartners(hub, request.requireAccess(), request.query))
  app.post('/v1/partners/:id/api_keys', { config: write, schema: { tags, summary: 'Make a key of a partner', params: IdParams, body: NewApiKey, response: { 201: MadeApiKey } } }, async (request, reply) =>
    await reply.code(201).send(await service.createPartnerKey(hub, request.requireAccess(), request.params.id, request.body, request.idempotency)))
  app.put('/v1/partners/:id/tenants/:tenant_id', { config: write, schema: { tags, summary: 'Let a partner act for a tenant', params: GrantParams, response: { 200: Grant } } }, async request =>
    await service.grantTenant(hub, request.requireAccess(), request.params.id, request.params.tenant_id))
  app.delete('/v1/partners/:id/tenants/:tenant_id', { config: write, schema: { tags, summary: 'Let it no longer', params: GrantParams, response: { 204: Type.Null() } } }, async (request, reply) => {
    await service.withdrawTenant(hub, request.requireAccess(), request.params.id, request.params.tenant_id)
    return await reply.code(204).send(null)
  })
}
