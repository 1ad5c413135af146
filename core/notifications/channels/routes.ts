import { Type } from 'typebox'
import type { HubInstance } from '../../http.ts'
import { IdParams } from '../../http-schema.ts'
import { ChannelPage, ChannelTestResult, ListChannels, NewChannel, NotificationChannel, PatchChannel } from './schema.ts'
import * as service from './service.ts'

const read = { scope: 'connections:read' } as const
const write = { scope: 'connections:write' } as const
const tags = ['Notices']

export async function channelRoutes (app: HubInstance): Promise<void> {
  const { hub } = app

  app.post('/v1/notification_channels', { config: write, schema: { tags, summary: 'Set up a channel for notices', description: 'One of each type in each mode.', body: NewChannel, response: { 201: NotificationChannel } } }, async (request, reply) =>
    await reply.code(201).send(await service.createChannel(hub, request.requireAccess(), request.body, request.idempotency)))
  app.get('/v1/notification_channels', { config: read, schema: { tags, summary: 'List channels', querystring: ListChannels, response: { 200: ChannelPage } } }, async request =>
    await service.listChannels(hub, request.requireAccess(), request.query))
  app.get('/v1/notification_channels/:id', { config: read, schema: { tags, summary: 'Read a channel', params: IdParams, response: { 200: NotificationChannel } } }, async request =>
    await service.getChannel(hub, request.requireAccess(), request.params.id))
  app.patch('/v1/notification_channels/:id', { config: write, schema: { tags, summary: 'Change a channel, its credentials, or switch it off', params: IdParams, body: PatchChannel, response: { 200: NotificationChannel } } }, async request =>
    await service.patchChannel(hub, request.requireAccess(), request.params.id, request.body))
  app.delete('/v1/notification_channels/:id', { config: write, schema: { tags, summary: 'Take a channel down', params: IdParams, response: { 204: Type.Null() } } }, async (request, reply) => {
    await service.deleteChannel(hub, request.requireAccess(), request.params.id)
    return await reply.code(204).send(null)
  })
  app.post('/v1/notification_channels/:id/test', { config: write, schema: { tags, summary: 'Prove its credentials', description: 'Nobody is sent anything.', params: IdParams, response: { 200: ChannelTestResult } } }, async request =>
    await service.testChannel(hub, request.requireAccess(), request.params.id))
}
