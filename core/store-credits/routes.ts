import type { HubInstance } from '../http.ts'
import { IdParams } from '../http-schema.ts'
import { ListStoreCredits, NewStoreCredit, RedeemStoreCredit, StoreCredit, StoreCreditPage } from './schema.ts'
import * as service from './service.ts'

const read = { scope: 'payments:read' } as const
const write = { scope: 'payments:write' } as const
const tags = ['Store credit']

export async function storeCreditRoutes (app: HubInstance): Promise<void> {
  const { hub } = app

  app.post('/v1/store_credits', { config: write, schema: { tags, summary: 'Give store credit: a code that is worth money at your tills', body: NewStoreCredit, response: { 201: StoreCredit } } }, async (request, reply) =>
    await reply.code(201).send(await service.createStoreCredit(hub, request.requireAccess(), request.body, request.idempotency)))
  app.get('/v1/store_credits', { config: read, schema: { tags, summary: 'List store credits', querystring: ListStoreCredits, response: { 200: StoreCreditPage } } }, async request =>
    await service.listStoreCredits(hub, request.requireAccess(), request.query))
  app.get('/v1/store_credits/:id', { config: read, schema: { tags, summary: 'Read a store credit, and what became of it', params: IdParams, response: { 200: StoreCredit } } }, async request =>
    await service.getStoreCredit(hub, request.requireAccess(), request.params.id))
  app.post('/v1/store_credits/:id/redeem', { config: write, schema: { tags, summary: 'Spend some of it, or all', params: IdParams, body: RedeemStoreCredit, response: { 200: StoreCredit } } }, async request =>
    await service.redeemStoreCredit(hub, request.requireAccess(), request.params.id, request.body, request.idempotency))
}
