import { Type } from 'typebox'
import type { HubInstance } from '../http.ts'
import { bytesAs, closed, IdParams, oneOf } from '../http-schema.ts'
import { createSales } from './batch.ts'
import { createGlobals, getGlobal, listGlobals } from './global.ts'
import { refundSale } from './refunds.ts'
import { ConfirmPayment, GlobalInvoice, GlobalInvoicePage, InvoiceSale, ListGlobalInvoices, ListSales, NewGlobalInvoice, NewSale, NewSales, NewSelfInvoice, RefundSale, Sale, SalePage, SalesAnswer, SelfInvoice } from './schema.ts'
import * as service from './service.ts'
import { PutSalesSettings, SalesSettings } from './settings-schema.ts'
import { getSettings, putSettings } from './settings.ts'
import { ticketOf } from './ticket.ts'

const read = { scope: 'payments:read' } as const
const write = { scope: 'payments:write' } as const
const invoicesRead = { scope: 'invoices:read' } as const
const invoicesWrite = { scope: 'invoices:write' } as const
const tags = ['Sales']
const Ticket = Type.Object({ width: Type.Optional(oneOf(['58', '80'], { default: '80', description: 'Millimetres of the roll.' })) }, closed)

export async function saleRoutes (app: HubInstance): Promise<void> {
  const { hub } = app

  app.post('/v1/sales', { config: write, schema: { tags, summary: 'Take down a sale: what was sold, how it was paid, and whether an invoice is wanted', body: NewSale, response: { 201: Sale } } }, async (request, reply) =>
    await reply.code(201).send(await service.createSale(hub, request.requireAccess(), request.body, request.idempotency)))
  app.post('/v1/sales/batch', { config: write, bodyLimit: 4_194_304, schema: { tags, summary: 'Sales of tills that were offline: an answer for each, safe to repeat', body: NewSales, response: { 200: SalesAnswer } } }, async request =>
    await createSales(hub, request.requireAccess(), request.body))
  app.get('/v1/sales', { config: read, schema: { tags, summary: 'List sales', querystring: ListSales, response: { 200: SalePage } } }, async request =>
    await service.listSales(hub, request.requireAccess(), request.query))
  app.get('/v1/sales/:id', { config: read, schema: { tags, summary: 'Read a sale', params: IdParams, response: { 200: Sale } } }, async request =>
    await service.getSale(hub, request.requireAccess(), request.params.id))
  app.post('/v1/sales/:id/confirm_payment', { config: write, schema: { tags, summary: 'It was paid, or not: a self-invoice link for the buyer, or its place in the next global invoice', params: IdParams, body: ConfirmPayment, response: { 200: Sale } } }, async request =>
    await service.confirmPayment(hub, request.requireAccess(), request.params.id, request.body, request.idempotency))
  app.post('/v1/sales/:id/invoice', { config: invoicesWrite, schema: { tags, summary: 'Ticket → invoice. A second one is a 409', params: IdParams, body: InvoiceSale, response: { 200: Sale } } }, async request =>
    await service.invoiceSale(hub, request.requireAccess(), request.params.id, request.body, request.idempotency))
  app.post('/v1/sales/:id/refund', { config: write, schema: { tags, summary: 'Give it back, or a part: in cash, by the payment, or as store credit. Its document is credited by itself', params: IdParams, body: RefundSale, response: { 200: Sale } } }, async request =>
    await refundSale(hub, request.requireAccess(), request.params.id, request.body, request.idempotency))
  app.post('/v1/sales/:id/cancel', { config: write, schema: { tags, summary: 'It will not be paid', params: IdParams, response: { 200: Sale } } }, async request =>
    await service.cancelSale(hub, request.requireAccess(), request.params.id))
  app.get('/v1/sales/:id/ticket', { config: read, schema: { tags, summary: 'The ticket for a printer of 58 or 80 mm, as HTML', params: IdParams, querystring: Ticket, response: { 200: bytesAs('text/html') } } }, async (request, reply) =>
    await reply.type('text/html; charset=utf-8').send(await ticketOf(hub, request.requireAccess(), request.params.id, request.query.width ?? '80')))

  app.get('/v1/sales_settings', { config: read, schema: { tags, summary: 'How your sales end in documents', response: { 200: SalesSettings } } }, async request =>
    await getSettings(hub, request.requireAccess()))
  app.put('/v1/sales_settings', { config: invoicesWrite, schema: { tags, summary: 'Say how your sales end in documents', body: PutSalesSettings, response: { 200: SalesSettings } } }, async request =>
    await putSettings(hub, request.requireAccess(), request.body))

  app.post('/v1/self_invoices', { config: invoicesWrite, schema: { tags: ['Self-invoicing'], summary: 'A link on which the buyer of a sale makes their invoice', body: NewSelfInvoice, response: { 201: SelfInvoice } } }, async (request, reply) =>
    await reply.code(201).send(await service.createSelfInvoice(hub, request.requireAccess(), request.body, request.idempotency)))

  app.post('/v1/global_invoices', { config: invoicesWrite, schema: { tags: ['Global invoices'], summary: 'Make the global invoices of a period now', body: NewGlobalInvoice, response: { 201: GlobalInvoicePage } } }, async (request, reply) =>
    await reply.code(201).send(await createGlobals(hub, request.requireAccess(), request.body)))
  app.get('/v1/global_invoices', { config: invoicesRead, schema: { tags: ['Global invoices'], summary: 'List global invoices', querystring: ListGlobalInvoices, response: { 200: GlobalInvoicePage } } }, async request =>
    await listGlobals(hub, request.requireAccess(), request.query))
  app.get('/v1/global_invoices/:id', { config: invoicesRead, schema: { tags: ['Global invoices'], summary: 'Read a global invoice', params: IdParams, response: { 200: GlobalInvoice } } }, async request =>
    await getGlobal(hub, request.requireAccess(), request.params.id))
}
