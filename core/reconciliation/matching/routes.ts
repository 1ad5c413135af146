import { exported, isFile } from '../../export/send.ts'
import type { HubInstance } from '../../http.ts'
import { IdParams } from '../../http-schema.ts'
import { ListItems, PutReconciliationSettings, ReconciliationItem, ReconciliationPage, ReconciliationRun, ReconciliationSettings, ResolveItem, RunReconciliation } from './schema.ts'
import * as service from './service.ts'

const tags = ['Reconciliation']
const read = { scope: 'reports:read' } as const
const write = { scope: 'payments:write' } as const

export async function matchingRoutes (app: HubInstance): Promise<void> {
  const { hub } = app

  app.get('/v1/reports/reconciliation', {
    config: read,
    schema: { tags, summary: 'Provider, bank and documents side by side', description: 'What agrees, what is waited for, and what somebody has to look at, with totals in minor units and the age of what is open.', querystring: ListItems, response: { 200: exported(ReconciliationPage, 'A page of items, or a file.') } }
  }, async (request, reply) => isFile(request.query)
    ? await service.exportItems(hub, request.requireAccess(), request.query, reply)
    : await service.listItems(hub, request.requireAccess(), request.query) as never)
  app.get('/v1/reports/reconciliation/:id', { config: read, schema: { tags, summary: 'Read an item', params: IdParams, response: { 200: ReconciliationItem } } }, async request =>
    await service.getItem(hub, request.requireAccess(), request.params.id))
  app.post('/v1/reports/reconciliation/:id/resolve', { config: write, schema: { tags, summary: 'Resolve an exception', description: 'With the reason, for the audit log. What is found otherwise later opens it again.', params: IdParams, body: ResolveItem, response: { 200: ReconciliationItem } } }, async request =>
    await service.resolveItem(hub, request.requireAccess(), request.params.id, request.body))
  app.post('/v1/reports/reconciliation/run', { config: write, schema: { tags, summary: 'Reconcile now', description: 'What an hour does by itself.', body: RunReconciliation, response: { 202: ReconciliationRun } } }, async (request, reply) =>
    await reply.code(202).send(await service.runNow(hub, request.requireAccess(), request.body)))
  app.get('/v1/reconciliation_settings', { config: read, schema: { tags, summary: 'Read the rules of reconciliation', response: { 200: ReconciliationSettings } } }, async request =>
    await service.getSettings(hub, request.requireAccess()))
  app.put('/v1/reconciliation_settings', { config: write, schema: { tags, summary: 'Set the rules of reconciliation', body: PutReconciliationSettings, response: { 200: ReconciliationSettings } } }, async request =>
    await service.putSettings(hub, request.requireAccess(), request.body))
}
