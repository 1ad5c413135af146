import { Type } from 'typebox'
import { send } from '../documents/routes.ts'
import type { HubInstance } from '../http.ts'
import { bytesAs, IdParams } from '../http-schema.ts'
import { exportRecords } from './export.ts'
import { AnnulRecord, CorrectRecord, EventPage, ExportRecords, ListEvents, ListRecords, NewEvent, RecordPage, SetVerifactu, Verifactu, VerifactuCheck, VerifactuEvent, VerifactuRecord } from './schema.ts'
import * as service from './service.ts'

const tags = ['VERI*FACTU']
const read = { scope: 'invoices:read' } as const
const write = { scope: 'invoices:write' } as const

export async function verifactuRoutes (app: HubInstance): Promise<void> {
  const { hub } = app

  app.get('/v1/issuers/:id/verifactu', { config: { scope: 'issuers:read' }, schema: { tags, summary: 'How an issuer of Spain keeps its records', params: IdParams, response: { 200: Verifactu } } }, async request =>
    await service.getVerifactu(hub, request.requireAccess(), request.params.id))
  app.put('/v1/issuers/:id/verifactu', { config: { scope: 'issuers:write' }, schema: { tags, summary: 'Submit records, keep them signed, or neither', params: IdParams, body: SetVerifactu, response: { 200: Verifactu } } }, async request =>
    await service.setVerifactu(hub, request.requireAccess(), request.params.id, request.body))
  app.post('/v1/issuers/:id/verifactu/check', { config: write, schema: { tags, summary: 'Look at the whole chain, record by record', params: IdParams, response: { 200: VerifactuCheck } } }, async request =>
    await service.checkChain(hub, request.requireAccess(), request.params.id))
  app.post('/v1/issuers/:id/verifactu/export', { config: write, schema: { tags, summary: 'Records or events of a period, as a ZIP of XML', params: IdParams, body: ExportRecords, response: { 200: bytesAs('application/zip') } } }, async (request, reply) =>
    await send(reply, await exportRecords(hub, request.requireAccess(), request.params.id, request.body)))
  app.post('/v1/issuers/:id/verifactu/events', { config: write, schema: { tags, summary: 'Put an event on record that only people know of', params: IdParams, body: NewEvent, response: { 201: VerifactuEvent } } }, async (request, reply) =>
    await reply.code(201).send(await service.addEvent(hub, request.requireAccess(), request.params.id, request.body, request.idempotency)))

  app.get('/v1/verifactu_records', { config: read, schema: { tags, summary: 'List records', querystring: ListRecords, response: { 200: RecordPage } } }, async request =>
    await service.listRecords(hub, request.requireAccess(), request.query))
  app.get('/v1/verifactu_records/:id', { config: read, schema: { tags, summary: 'Read a record', params: IdParams, response: { 200: VerifactuRecord } } }, async request =>
    await service.getRecord(hub, request.requireAccess(), request.params.id))
  app.get('/v1/verifactu_records/:id/xml', { config: read, schema: { tags, summary: 'The record as it was chained', params: IdParams, response: { 200: bytesAs('application/xml') } } }, async (request, reply) =>
    await send(reply, await service.recordXml(hub, request.requireAccess(), request.params.id)))
  app.post('/v1/verifactu_records/:id/correct', { config: write, schema: { tags, summary: 'Chain a correction (subsanación)', params: IdParams, body: CorrectRecord, response: { 201: VerifactuRecord } } }, async (request, reply) =>
    await reply.code(201).send(await service.correctRecord(hub, request.requireAccess(), request.params.id, request.body, request.idempotency)))
  app.post('/v1/verifactu_records/:id/annul', { config: write, schema: { tags, summary: 'Chain an annulment: the invoice should never have been', params: IdParams, body: AnnulRecord, response: { 201: VerifactuRecord } } }, async (request, reply) =>
    await reply.code(201).send(await service.annulRecord(hub, request.requireAccess(), request.params.id, request.body, request.idempotency)))

  app.get('/v1/verifactu_events', { config: read, schema: { tags, summary: 'The system’s own events, where records are kept and not submitted', querystring: ListEvents, response: { 200: EventPage } } }, async request =>
    await service.listEvents(hub, request.requireAccess(), request.query))
  app.get('/v1/verifactu_events/:id/xml', { config: read, schema: { tags, summary: 'The event as it was chained and signed', params: IdParams, response: { 200: bytesAs('application/xml') } } }, async (request, reply) =>
    await send(reply, await service.eventXml(hub, request.requireAccess(), request.params.id)))
  app.get('/v1/verifactu/declaration', { config: read, schema: { tags, summary: 'The producer’s responsible declaration of this software, for signing', querystring: Type.Object({}, { additionalProperties: false }), response: { 200: bytesAs('text/plain') } } }, async (request, reply) => {
    request.requireAccess()
    return await reply.type('text/plain; charset=utf-8').send(service.declaration(hub))
  })
}
