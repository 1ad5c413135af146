import type { HubInstance } from '../http.ts'
import { IdParams } from '../http-schema.ts'
import { ListMails, Mail, MailPage } from './schema.ts'
import * as service from './service.ts'

const read = { scope: 'invoices:read' } as const
const write = { scope: 'invoices:write' } as const
const tags = ['Mails']

export async function mailRoutes (app: HubInstance): Promise<void> {
  const { hub } = app

  app.get('/v1/mails', { config: read, schema: { tags, summary: 'List mails: what went out, waits, was refused or is parked', querystring: ListMails, response: { 200: MailPage } } }, async request =>
    await service.listMails(hub, request.requireAccess(), request.query))
  app.get('/v1/mails/:id', { config: read, schema: { tags, summary: 'Read a mail, and what became of each recipient’s', params: IdParams, response: { 200: Mail } } }, async request =>
    await service.getMail(hub, request.requireAccess(), request.params.id))
  app.post('/v1/mails/:id/retry', { config: write, schema: { tags, summary: 'Send it again to whoever did not get it', params: IdParams, response: { 200: Mail } } }, async request =>
    await service.retryMail(hub, request.requireAccess(), request.params.id))
}
