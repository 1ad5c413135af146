import { Type } from 'typebox'
import type { HubInstance } from '../../http.ts'
import { IdParams } from '../../http-schema.ts'
import { ListSubscriptions, NewSubscription, PushSubscription, SubscriptionPage } from './schema.ts'
import * as service from './service.ts'

const read = { scope: 'customers:read' } as const
const write = { scope: 'customers:write' } as const
const tags = ['Notices']

export async function pushRoutes (app: HubInstance): Promise<void> {
  const { hub } = app

  app.post('/v1/web_push/subscriptions', { config: write, schema: { tags, summary: 'Say at which browser somebody is reached', description: 'Repeating it changes nothing.', body: NewSubscription, response: { 201: PushSubscription } } }, async (request, reply) =>
    await reply.code(201).send(await service.subscribe(hub, request.requireAccess(), request.body)))
  app.get('/v1/web_push/subscriptions', { config: read, schema: { tags, summary: 'List subscriptions', querystring: ListSubscriptions, response: { 200: SubscriptionPage } } }, async request =>
    await service.listSubscriptions(hub, request.requireAccess(), request.query))
  app.delete('/v1/web_push/subscriptions/:id', { config: write, schema: { tags, summary: 'End a subscription', params: IdParams, response: { 204: Type.Null() } } }, async (request, reply) => {
    await service.unsubscribe(hub, request.requireAccess(), request.params.id)
    return await reply.code(204).send(null)
  })
}
