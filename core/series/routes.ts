import type { HubInstance } from '../http.ts'
import { IdParams } from '../http-schema.ts'
import { ListSeries, NewSeries, PatchSeries, Series, SeriesPage } from './schema.ts'
import * as service from './service.ts'

const read = { scope: 'issuers:read' } as const
const write = { scope: 'issuers:write' } as const
const tags = ['Issuers']

export async function seriesRoutes (app: HubInstance): Promise<void> {
  const { hub } = app

  app.post('/v1/series', { config: write, schema: { tags, summary: 'Add a series', body: NewSeries, response: { 201: Series } } }, async (request, reply) =>
    await reply.code(201).send(await service.createSeries(hub, request.requireAccess(), request.body, request.idempotency)))
  app.get('/v1/series', { config: read, schema: { tags, summary: 'List series', querystring: ListSeries, response: { 200: SeriesPage } } }, async request =>
    await service.listSeries(hub, request.requireAccess(), request.query))
  app.get('/v1/series/:id', { config: read, schema: { tags, summary: 'Read a series', params: IdParams, response: { 200: Series } } }, async request =>
    await service.getSeries(hub, request.requireAccess(), request.params.id))
  app.patch('/v1/series/:id', { config: write, schema: { tags, summary: 'Switch a series on or off, or go on from a higher number', params: IdParams, body: PatchSeries, response: { 200: Series } } }, async request =>
    await service.changeSeries(hub, request.requireAccess(), request.params.id, request.body))
}
