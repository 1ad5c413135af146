import { Type } from 'typebox'
import type { HubInstance } from '../http.ts'
import { bytesAs, IdParams } from '../http-schema.ts'
import { Issuer, IssuerPage, ListIssuers, NewIssuer, PatchIssuer } from './schema.ts'
import * as service from './service.ts'

const read = { scope: 'issuers:read' } as const
const write = { scope: 'issuers:write' } as const
const tags = ['Issuers']

export async function issuerRoutes (app: HubInstance): Promise<void> {
  const { hub } = app

  app.post('/v1/issuers', { config: write, schema: { tags, summary: 'Add a fiscal identity', body: NewIssuer, response: { 201: Issuer } } }, async (request, reply) =>
    await reply.code(201).send(await service.createIssuer(hub, request.requireAccess(), request.body, request.idempotency)))
  app.get('/v1/issuers', { config: read, schema: { tags, summary: 'List issuers', querystring: ListIssuers, response: { 200: IssuerPage } } }, async request =>
    await service.listIssuers(hub, request.requireAccess(), request.query))
  app.get('/v1/issuers/:id', { config: read, schema: { tags, summary: 'Read an issuer', params: IdParams, response: { 200: Issuer } } }, async request =>
    await service.getIssuer(hub, request.requireAccess(), request.params.id))
  app.patch('/v1/issuers/:id', { config: write, schema: { tags, summary: 'Change an issuer, its branches, branding and defaults', params: IdParams, body: PatchIssuer, response: { 200: Issuer } } }, async request =>
    await service.changeIssuer(hub, request.requireAccess(), request.params.id, request.body))
  app.delete('/v1/issuers/:id', { config: write, schema: { tags, summary: 'Remove an issuer', params: IdParams, response: { 204: Type.Null() } } }, async (request, reply) => {
    await service.deleteIssuer(hub, request.requireAccess(), request.params.id)
    return await reply.code(204).send(null)
  })
  app.get('/v1/issuers/:id/logo', { config: read, schema: { tags, summary: 'The logo’s bytes', params: IdParams, response: { 200: bytesAs('image/png', 'image/jpeg') } } }, async (request, reply) => {
    const { bytes, type } = await service.issuerLogo(hub, request.requireAccess(), request.params.id)
    return await reply.type(type).header('cache-control', 'private, max-age=300').send(bytes)
  })
}
