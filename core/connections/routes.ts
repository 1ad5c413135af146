import { Type } from 'typebox'
import type { HubInstance } from '../http.ts'
import { IdParams } from '../http-schema.ts'
import { Connection, ConnectionPage, Health, ListConnections, NewConnection, PatchConnection, ReplaceCredentials, ListStamps, Setup, StampPage, TestResult } from './schema.ts'
import * as service from './service.ts'
import { listStamps } from './stamps.ts'

const read = { scope: 'connections:read' } as const
const write = { scope: 'connections:write' } as const
const tags = ['Connections']

export async function connectionRoutes (app: HubInstance): Promise<void> {
  const { hub } = app

  app.post('/v1/connections', { config: write, schema: { tags, summary: 'Connect an account', body: NewConnection, response: { 201: Connection } } }, async (request, reply) =>
    await reply.code(201).send(await service.createConnection(hub, request.requireAccess(), request.body, request.idempotency)))
  app.get('/v1/connections', { config: read, schema: { tags, summary: 'List connections', querystring: ListConnections, response: { 200: ConnectionPage } } }, async request =>
    await service.listConnections(hub, request.requireAccess(), request.query))
  app.get('/v1/connections/:id', { config: read, schema: { tags, summary: 'Read a connection', params: IdParams, response: { 200: Connection } } }, async request =>
    await service.getConnection(hub, request.requireAccess(), request.params.id))
  app.patch('/v1/connections/:id', { config: write, schema: { tags, summary: 'Change label, settings, or switch off', params: IdParams, body: PatchConnection, response: { 200: Connection } } }, async request =>
    await service.patchConnection(hub, request.requireAccess(), request.params.id, request.body))
  app.delete('/v1/connections/:id', { config: write, schema: { tags, summary: 'Disconnect', params: IdParams, response: { 204: Type.Null() } } }, async (request, reply) => {
    await service.deleteConnection(hub, request.requireAccess(), request.params.id)
    return await reply.code(204).send(null)
  })
  app.post('/v1/connections/:id/test', { config: write, schema: { tags, summary: 'Prove the credentials', params: IdParams, response: { 200: TestResult } } }, async request =>
    await service.testConnection(hub, request.requireAccess(), request.params.id))
  app.post('/v1/connections/:id/credentials', { config: write, schema: { tags, summary: 'Replace credentials', params: IdParams, body: ReplaceCredentials, response: { 200: Connection } } }, async request =>
    await service.replaceCredentials(hub, request.requireAccess(), request.params.id, request.body))
  app.post('/v1/connections/:id/webhook', { config: write, schema: { tags, summary: 'Register our webhook at the provider', params: IdParams, response: { 200: Connection } } }, async request =>
    await service.registerWebhook(hub, request.requireAccess(), request.params.id))
  app.get('/v1/connections/:id/health', { config: read, schema: { tags, summary: 'Health', params: IdParams, response: { 200: Health } } }, async request =>
    await service.connectionHealth(hub, request.requireAccess(), request.params.id))
  app.get('/v1/connections/:id/stamps', { config: read, schema: { tags, summary: 'Stamps left at the PAC, each time it was asked', params: IdParams, querystring: ListStamps, response: { 200: StampPage } } }, async request =>
    await listStamps(hub, request.requireAccess(), request.params.id, request.query))
  app.get('/v1/connections/:id/setup', { config: read, schema: { tags, summary: 'Where the wizard stands', params: IdParams, response: { 200: Setup } } }, async request =>
    await service.connectionSetup(hub, request.requireAccess(), request.params.id))
}
