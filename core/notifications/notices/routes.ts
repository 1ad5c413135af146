import type { HubInstance } from '../../http.ts'
import { IdParams } from '../../http-schema.ts'
import { ListNotices, Notice, NoticePage } from './schema.ts'
import * as service from './service.ts'

const read = { scope: 'invoices:read' } as const
const write = { scope: 'invoices:write' } as const
const tags = ['Notices']

export async function noticeRoutes (app: HubInstance): Promise<void> {
  const { hub } = app

  app.get('/v1/notices', { config: read, schema: { tags, summary: 'List notices: who was told what, by which channel, and what became of it', querystring: ListNotices, response: { 200: NoticePage } } }, async request =>
    await service.listNotices(hub, request.requireAccess(), request.query))
  app.get('/v1/notices/:id', { config: read, schema: { tags, summary: 'Read a notice', params: IdParams, response: { 200: Notice } } }, async request =>
    await service.getNotice(hub, request.requireAccess(), request.params.id))
  app.post('/v1/notices/:id/retry', { config: write, schema: { tags, summary: 'Send it once more', description: 'One that is `unknown` may then arrive twice.', params: IdParams, response: { 200: Notice } } }, async request =>
    await service.retryNotice(hub, request.requireAccess(), request.params.id))
}
