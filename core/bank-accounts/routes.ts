import { Type } from 'typebox'
import type { HubInstance } from '../http.ts'
import { IdParams } from '../http-schema.ts'
import { BankAccount, BankAccountPage, ListBankAccounts, NewBankAccount, PatchBankAccount } from './schema.ts'
import * as service from './service.ts'

const read = { scope: 'connections:read' } as const
const write = { scope: 'connections:write' } as const
const tags = ['Bank accounts']

export async function bankAccountRoutes (app: HubInstance): Promise<void> {
  const { hub } = app

  app.post('/v1/bank_accounts', { config: write, schema: { tags, summary: 'Say where money can be sent', body: NewBankAccount, response: { 201: BankAccount } } }, async (request, reply) =>
    await reply.code(201).send(await service.createBankAccount(hub, request.requireAccess(), request.body, request.idempotency)))
  app.get('/v1/bank_accounts', { config: read, schema: { tags, summary: 'List bank accounts', querystring: ListBankAccounts, response: { 200: BankAccountPage } } }, async request =>
    await service.listBankAccounts(hub, request.requireAccess(), request.query))
  app.get('/v1/bank_accounts/:id', { config: read, schema: { tags, summary: 'Read a bank account', params: IdParams, response: { 200: BankAccount } } }, async request =>
    await service.getBankAccount(hub, request.requireAccess(), request.params.id))
  app.patch('/v1/bank_accounts/:id', { config: write, schema: { tags, summary: 'Change it, make it the primary one', params: IdParams, body: PatchBankAccount, response: { 200: BankAccount } } }, async request =>
    await service.changeBankAccount(hub, request.requireAccess(), request.params.id, request.body))
  app.delete('/v1/bank_accounts/:id', { config: write, schema: { tags, summary: 'Receive nothing there any more', params: IdParams, response: { 204: Type.Null() } } }, async (request, reply) => {
    await service.deleteBankAccount(hub, request.requireAccess(), request.params.id)
    return await reply.code(204).send(null)
  })
}
