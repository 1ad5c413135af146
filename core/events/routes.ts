import type { HubInstance } from '../http.ts'
import { IdParams } from '../http-schema.ts'
import { Event, EventPage, ListEvents } from './schema.ts'
import * as service from './service.ts'

const read = { scope: 'events:read' } as const
const tags = ['Events']

export async function eventRoutes (app: HubInstance): Promise<void> {
  const { hub } = app

  app.get('/v1/events', { config: read, schema: { tags, summary: 'List events', querystring: ListEvents, response: { 200: EventPage } } }, async request =>
    await service.listEvents(hub, request.requireAccess(), request.query))
  app.get('/v1/events/:id', { config: read, schema: { tags, summary: 'Read an event', params: IdParams, response: { 200: Event } } }, async request =>
    await service.getEvent(hub, request.requireAccess(), request.params.id))
}
