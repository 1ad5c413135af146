import { exported } from '../export/send.ts'
import type { HubInstance } from '../http.ts'
import { IdParams } from '../http-schema.ts'
import { getCosts, putCosts } from './costs.ts'
import { connectionFigures, dashboard } from './dashboard.ts'
import { feesReport } from './fees.ts'
import { invoicesReport } from './invoices.ts'
import { runReport } from './report.ts'
import { ConnectionFigures, Costs, Dashboard, DashboardQuery, FeePage, FeesQuery, FiguresQuery, InvoiceReportPage, InvoicesQuery, PutCosts, TransactionPage, TransactionsQuery } from './schema.ts'
import { transactionsReport } from './transactions.ts'

const read = { scope: 'reports:read' } as const
const tags = ['Reports']

export async function reportRoutes (app: HubInstance): Promise<void> {
  const { hub } = app

  app.get('/v1/reports/transactions', { config: read, schema: { tags, summary: 'Payments and refunds, what they cost, and totals', querystring: TransactionsQuery, response: { 200: exported(TransactionPage, 'A page, or a file with every row.') } } }, async (request, reply) =>
    await runReport(hub, request.requireAccess(), transactionsReport, request.query, reply))
  app.get('/v1/reports/fees', { config: read, schema: { tags, summary: 'What it cost: told, expected, adjustments, stamps', querystring: FeesQuery, response: { 200: exported(FeePage, 'A page, or a file with every row.') } } }, async (request, reply) =>
    await runReport(hub, request.requireAccess(), feesReport, request.query, reply))
  app.get('/v1/reports/invoices', { config: read, schema: { tags, summary: 'Fiscal documents, stamped or not, and what the authority says', querystring: InvoicesQuery, response: { 200: exported(InvoiceReportPage, 'A page, or a file with every row.') } } }, async (request, reply) =>
    await runReport(hub, request.requireAccess(), invoicesReport, request.query, reply))
  app.get('/v1/dashboard', { config: read, schema: { tags, summary: 'How it goes, in figures', querystring: DashboardQuery, response: { 200: Dashboard } } }, async request =>
    await dashboard(hub, request.requireAccess(), request.query))

  app.get('/v1/connections/:id/figures', { config: { scope: 'connections:read' }, schema: { tags, summary: 'A connection’s webhooks and calls over time', params: IdParams, querystring: FiguresQuery, response: { 200: ConnectionFigures } } }, async request =>
    await connectionFigures(hub, request.requireAccess(), request.params.id, request.query))
  app.get('/v1/connections/:id/costs', { config: { scope: 'connections:read' }, schema: { tags, summary: 'What a connection costs by its contract', params: IdParams, response: { 200: Costs } } }, async request =>
    await getCosts(hub, request.requireAccess(), request.params.id))
  app.put('/v1/connections/:id/costs', { config: { scope: 'connections:write' }, schema: { tags, summary: 'Say what a connection costs', params: IdParams, body: PutCosts, response: { 200: Costs } } }, async request =>
    await putCosts(hub, request.requireAccess(), request.params.id, request.body))
}
