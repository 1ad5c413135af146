import type { HubInstance } from '../../http.ts'
import { NotificationSettings, PutSettings } from './schema.ts'
import * as service from './service.ts'

const tags = ['Notices']

export async function switchRoutes (app: HubInstance): Promise<void> {
  const { hub } = app

  app.get('/v1/notification_settings', { config: { scope: 'connections:read' }, schema: { tags, summary: 'Which notices go out, to whom, by which channel', response: { 200: NotificationSettings } } }, async request =>
    await service.getSettings(hub, request.requireAccess()))
  app.put('/v1/notification_settings', { config: { scope: 'connections:write' }, schema: { tags, summary: 'Set them', body: PutSettings, response: { 200: NotificationSettings } } }, async request =>
    await service.putSettings(hub, request.requireAccess(), request.body))
}
