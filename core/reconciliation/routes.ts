import type { HubInstance } from '../http.ts'
import { IdParams } from '../http-schema.ts'
import { getAudit, listAudits, startAudit } from './audits.ts'
import { BalanceTransaction, BalanceTransactionPage, CompletenessAudit, CompletenessAuditPage, ListBalanceTransactions, ListCompletenessAudits, Range, TransactionReading } from './schema.ts'
import { getBalanceTransaction, listBalanceTransactions, readTransactionsNow } from './transactions.ts'

const tags = ['Reconciliation']
const money = { scope: 'payments:read' } as const
const heard = { scope: 'inbound:read' } as const
/** Whoever may replay webhooks may look for those that never came. */
const write = { scope: 'inbound:write' } as const

export async function reconciliationRoutes (app: HubInstance): Promise<void> {
  const { hub } = app

  app.get('/v1/balance_transactions', { config: money, schema: { tags, summary: 'List movements of the providers’ balances', querystring: ListBalanceTransactions, response: { 200: BalanceTransactionPage } } }, async request =>
    await listBalanceTransactions(hub, request.requireAccess(), request.query))
  app.get('/v1/balance_transactions/:id', { config: money, schema: { tags, summary: 'Read a movement', params: IdParams, response: { 200: BalanceTransaction } } }, async request =>
    await getBalanceTransaction(hub, request.requireAccess(), request.params.id))
  app.post('/v1/connections/:id/read_transactions', {
    config: write, schema: { tags, summary: 'Read the provider’s books now', description: 'What a day does by itself. Reading again changes nothing twice.', params: IdParams, body: Range, response: { 200: TransactionReading } }
  }, async request => await readTransactionsNow(hub, request.requireAccess(), request.params.id, request.body))
  app.post('/v1/connections/:id/audit', {
    config: write,
    schema: { tags, summary: 'Look for what no webhook told', description: 'Compares the provider’s list of payments with ours, and fills the gaps. 202 while a long one goes on: read it with GET /v1/completeness_audits/:id.', params: IdParams, body: Range, response: { 201: CompletenessAudit, 202: CompletenessAudit } }
  }, async (request, reply) => {
    const audit = await startAudit(hub, request.requireAccess(), request.params.id, request.body, request.idempotency)
    return await reply.code((audit.status === 'running' ? 202 : 201) as 201).send(audit)
  })
  app.get('/v1/completeness_audits', { config: heard, schema: { tags, summary: 'List completeness audits', querystring: ListCompletenessAudits, response: { 200: CompletenessAuditPage } } }, async request =>
    await listAudits(hub, request.requireAccess(), request.query))
  app.get('/v1/completeness_audits/:id', { config: heard, schema: { tags, summary: 'Read a completeness audit', params: IdParams, response: { 200: CompletenessAudit } } }, async request =>
    await getAudit(hub, request.requireAccess(), request.params.id))
}
