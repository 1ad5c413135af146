import type { HubInstance } from '../http.ts'
import { IdParams } from '../http-schema.ts'
import { ListOperations, OperationDetail, OperationPage } from './schema.ts'
import * as service from './service.ts'

const read = { scope: 'operations:read' } as const
const tags = ['Operations']

export async function operationRoutes (app: HubInstance): Promise<void> {
  const { hub } = app

  app.get('/v1/operations', { config: read, schema: { tags, summary: 'List calls to providers', querystring: ListOperations, response: { 200: OperationPage } } }, async request =>
    await service.listOperations(hub, request.requireAccess(), request.query))
  app.get('/v1/operations/:id', { config: read, schema: { tags, summary: 'Read a call, with what was said', params: IdParams, response: { 200: OperationDetail } } }, async request =>
    await service.getOperation(hub, request.requireAccess(), request.params.id))
}
