import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import { HubError } from '../errors.ts'
import type { HubInstance } from '../http.ts'
import { bytesAs, IdParams } from '../http-schema.ts'
import type { DocumentRow } from './queries.ts'
import { Document, DocumentLink, NewLink } from './schema.ts'
import * as service from './service.ts'

const read = { scope: 'invoices:read' } as const
const tags = ['Documents']

export async function documentRoutes (app: HubInstance): Promise<void> {
  const { hub } = app

  app.get('/v1/documents/:id', { config: read, schema: { tags, summary: 'What is known of a stored file', params: IdParams, response: { 200: Document } } }, async request =>
    await service.getDocument(hub, request.requireAccess(), request.params.id))
  app.get('/v1/documents/:id/content', { config: read, schema: { tags, summary: 'Its bytes', params: IdParams, response: { 200: bytesAs('application/octet-stream') } } }, async (request, reply) =>
    await send(reply, await service.readContent(hub, request.requireAccess(), request.params.id)))
  app.post('/v1/documents/:id/link', { config: read, schema: { tags, summary: 'A link that opens it without a key, for a while', params: IdParams, body: NewLink, response: { 201: DocumentLink } } }, async (request, reply) =>
    await reply.code(201).send(await service.makeLink(hub, request.requireAccess(), request.params.id, request.body.expires_in)))

  app.get('/documents/:token', { config: { public: true }, schema: { tags, summary: 'Download by a signed link', params: Type.Object({ token: Type.String({ maxLength: 200 }) }) } }, async (request, reply) => {
    const found = await service.openLink(hub, request.params.token)
    if (found === undefined) throw new HubError('not_found')
    return await send(reply, found)
  })
}

/** As a download: nothing that a tenant's customer wrote is ever run as a page of ours. */
export async function send (reply: FastifyReply, { row, bytes }: { row: Pick<DocumentRow, 'name' | 'content_type'>, bytes: Buffer }): Promise<FastifyReply> {
  return await reply
    .header('content-disposition', `attachment; filename="${row.name.replace(/[^\w.-]/g, '_')}"; filename*=UTF-8''${encodeURIComponent(row.name)}`)
    .header('cache-control', 'private, no-store')
    .header('content-security-policy', "default-src 'none'; sandbox")
    .type(row.content_type)
    .send(bytes)
}
