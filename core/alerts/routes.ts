import type { HubInstance } from '../http.ts'
import { IdParams } from '../http-schema.ts'
import { Alert, AlertPage, AlertSettings, ListAlerts, PutAlertSettings } from './schema.ts'
import * as service from './service.ts'

const tags = ['Alerts']

export async function alertRoutes (app: HubInstance): Promise<void> {
  const { hub } = app

  app.get('/v1/alerts', { config: { scope: 'alerts:read' }, schema: { tags, summary: 'List alerts', querystring: ListAlerts, response: { 200: AlertPage } } }, async request =>
    await service.listAlerts(hub, request.requireAccess(), request.query))
  app.get('/v1/alerts/:id', { config: { scope: 'alerts:read' }, schema: { tags, summary: 'Read an alert', params: IdParams, response: { 200: Alert } } }, async request =>
    await service.getAlert(hub, request.requireAccess(), request.params.id))
  app.post('/v1/alerts/:id/acknowledge', { config: { scope: 'alerts:write' }, schema: { tags, summary: 'Say that you have seen it', params: IdParams, response: { 200: Alert } } }, async request =>
    await service.acknowledgeAlert(hub, request.requireAccess(), request.params.id))
  app.get('/v1/alert_settings', { config: { scope: 'alerts:read' }, schema: { tags, summary: 'Read the thresholds', response: { 200: AlertSettings } } }, async request =>
    await service.getSettings(hub, request.requireAccess()))
  app.put('/v1/alert_settings', { config: { scope: 'connections:write' }, schema: { tags, summary: 'Replace the thresholds', body: PutAlertSettings, response: { 200: AlertSettings } } }, async request =>
    await service.putSettings(hub, request.requireAccess(), request.body.rules))
}
