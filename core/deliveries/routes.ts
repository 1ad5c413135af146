import { Type } from 'typebox'
import type { HubInstance } from '../http.ts'
import { IdParams } from '../http-schema.ts'
import * as log from './log.ts'
import { Delivery, DeliveryDetail, DeliveryPage, Endpoint, EndpointHealth, EndpointPage, ListDeliveries, ListEndpoints, MadeEndpoint, NewEndpoint, PatchEndpoint, Recover, Recovered, ReplayDeliveries, ReplayedDeliveries, RotateSecret } from './schema.ts'
import * as service from './service.ts'

const read = { scope: 'webhooks:read', partnerHome: true } as const
const write = { scope: 'webhooks:write', partnerHome: true } as const
const tags = ['Webhooks out']
const partners = 'A partner’s key that names no tenant speaks of the partner’s own endpoints, which get the events of every tenant that it serves.'

export async function deliveryRoutes (app: HubInstance): Promise<void> {
  const { hub } = app

  app.post('/v1/webhook_endpoints', { config: write, schema: { tags, summary: 'Make a webhook endpoint', description: `The secret is shown this once. ${partners}`, body: NewEndpoint, response: { 201: MadeEndpoint } } }, async (request, reply) =>
    await reply.code(201).send(await service.createEndpoint(hub, request.requireAccess(), request.body, request.idempotency)))
  app.get('/v1/webhook_endpoints', { config: read, schema: { tags, summary: 'List webhook endpoints', querystring: ListEndpoints, response: { 200: EndpointPage } } }, async request =>
    await service.listEndpoints(hub, request.requireAccess(), request.query))
  app.get('/v1/webhook_endpoints/:id', { config: read, schema: { tags, summary: 'Read a webhook endpoint', params: IdParams, response: { 200: Endpoint } } }, async request =>
    await service.getEndpoint(hub, request.requireAccess(), request.params.id))
  app.patch('/v1/webhook_endpoints/:id', { config: write, schema: { tags, summary: 'Change, disable or enable again', params: IdParams, body: PatchEndpoint, response: { 200: Endpoint } } }, async request =>
    await service.patchEndpoint(hub, request.requireAccess(), request.params.id, request.body))
  app.delete('/v1/webhook_endpoints/:id', { config: write, schema: { tags, summary: 'Delete a webhook endpoint', params: IdParams, response: { 204: Type.Null() } } }, async (request, reply) => {
    await service.deleteEndpoint(hub, request.requireAccess(), request.params.id)
    return await reply.code(204).send(null)
  })
  app.post('/v1/webhook_endpoints/:id/rotate_secret', { config: write, schema: { tags, summary: 'Replace the signing secret', description: 'Both sign until the overlap is over, so that nothing is refused meanwhile.', params: IdParams, body: RotateSecret, response: { 200: MadeEndpoint } } }, async request =>
    await service.rotateSecret(hub, request.requireAccess(), request.params.id, request.body, request.idempotency))
  app.post('/v1/webhook_endpoints/:id/test', { config: write, schema: { tags, summary: 'Send a test event', params: IdParams, response: { 201: Delivery } } }, async (request, reply) =>
    await reply.code(201).send(await service.testEndpoint(hub, request.requireAccess(), request.params.id, request.idempotency)))
  app.post('/v1/webhook_endpoints/:id/recover', { config: write, schema: { tags, summary: 'Send everything since a moment that did not arrive', params: IdParams, body: Recover, response: { 200: Recovered } } }, async request =>
    await service.recoverEndpoint(hub, request.requireAccess(), request.params.id, request.body))
  app.get('/v1/webhook_endpoints/:id/health', { config: read, schema: { tags, summary: 'How an endpoint does', params: IdParams, response: { 200: EndpointHealth } } }, async request =>
    await service.endpointHealth(hub, request.requireAccess(), request.params.id))

  app.get('/v1/deliveries', { config: read, schema: { tags, summary: 'List deliveries', querystring: ListDeliveries, response: { 200: DeliveryPage } } }, async request =>
    await log.listDeliveries(hub, request.requireAccess(), request.query))
  app.get('/v1/deliveries/:id', { config: read, schema: { tags, summary: 'Read a delivery and its attempts', params: IdParams, response: { 200: DeliveryDetail } } }, async request =>
    await log.getDelivery(hub, request.requireAccess(), request.params.id))
  app.post('/v1/deliveries/:id/retry', { config: write, schema: { tags, summary: 'Send it again', params: IdParams, response: { 200: Delivery } } }, async request =>
    await log.retryDelivery(hub, request.requireAccess(), request.params.id))
  app.post('/v1/deliveries/replay', { config: write, schema: { tags, summary: 'Send many again, after a dry run', body: ReplayDeliveries, response: { 200: ReplayedDeliveries } } }, async request =>
    await log.replayDeliveries(hub, request.requireAccess(), request.body))
}
