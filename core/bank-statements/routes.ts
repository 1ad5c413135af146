import type { HubInstance } from '../http.ts'
import { IdParams } from '../http-schema.ts'
import { Entry, EntryPage, ListEntries, ListStatements, MatchEntry, NewStatement, StatementPage, StatementWithEntries } from './schema.ts'
import * as service from './service.ts'

const read = { scope: 'payments:read' } as const
const write = { scope: 'payments:write' } as const
const tags = ['Bank statements']
/** As a form with the file, or as JSON with the file in Base64: the same fields. */
const consumes = ['application/json', 'multipart/form-data']
/** Five megabytes in Base64, and the rest of the body. */
const bodyLimit = 7_100_000

export async function bankStatementRoutes (app: HubInstance): Promise<void> {
  const { hub } = app

  app.post('/v1/bank_statements', { bodyLimit, config: write, schema: { tags, consumes, summary: 'Import a statement: what matches is paid', body: NewStatement, response: { 200: StatementWithEntries, 201: StatementWithEntries } } }, async (request, reply) => {
    const { created, statement } = await service.importStatement(hub, request.requireAccess(), request.body, request.idempotency)
    return await reply.code(created ? 201 : 200).send(statement)
  })
  app.get('/v1/bank_statements', { config: read, schema: { tags, summary: 'List statements', querystring: ListStatements, response: { 200: StatementPage } } }, async request =>
    await service.listStatements(hub, request.requireAccess(), request.query))
  app.get('/v1/bank_statements/:id', { config: read, schema: { tags, summary: 'Read a statement with its entries', params: IdParams, response: { 200: StatementWithEntries } } }, async request =>
    await service.getStatement(hub, request.requireAccess(), request.params.id))
  app.get('/v1/bank_entries', { config: read, schema: { tags, summary: 'List entries of statements', querystring: ListEntries, response: { 200: EntryPage } } }, async request =>
    await service.listEntries(hub, request.requireAccess(), request.query))
  app.get('/v1/bank_entries/:id', { config: read, schema: { tags, summary: 'Read an entry', params: IdParams, response: { 200: Entry } } }, async request =>
    await service.getEntry(hub, request.requireAccess(), request.params.id))
  app.post('/v1/bank_entries/:id/match', { config: write, schema: { tags, summary: 'Say which payment an entry is', params: IdParams, body: MatchEntry, response: { 200: Entry } } }, async request =>
    await service.matchByHand(hub, request.requireAccess(), request.params.id, request.body, request.idempotency))
}
