import { Type } from 'typebox'
import { send } from '../documents/routes.ts'
import type { HubInstance } from '../http.ts'
import { bytesAs, IdParams } from '../http-schema.ts'
import { Mail } from '../notifications/schema.ts'
import { cancelInvoice } from './cancel.ts'
import { einvoicingRoutes } from './einvoicing.ts'
import { CancelInvoice, ChangeInvoice, Invoice, InvoicePage, ListInvoices, NewCreditNote, NewInvoice, InvoicePaymentLink, NewInvoicePayment, NewInvoicePaymentLink, PrintQuery, ResolveInvoiceReview, SendInvoice, Validation } from './schema.ts'
import { sendInvoice } from './send.ts'
import { payInvoice } from './pay.ts'
import { invoicePageRoutes } from './pay-page.ts'
import { closePaymentLink, getPaymentLink, makePaymentLink } from './payment-link.ts'
import { resolveReview } from './review.ts'
import * as service from './service.ts'

const read = { scope: 'invoices:read' } as const
const write = { scope: 'invoices:write' } as const
const tags = ['Invoices']

export async function invoiceRoutes (app: HubInstance): Promise<void> {
  const { hub } = app

  app.post('/v1/invoices', { config: write, schema: { tags, summary: 'Issue an invoice, or keep a draft', body: NewInvoice, response: { 201: Invoice } } }, async (request, reply) =>
    await reply.code(201).send(await service.createInvoice(hub, request.requireAccess(), request.body, request.idempotency)))
  app.post('/v1/invoices/validate', { config: write, schema: { tags, summary: 'Every broken rule, with its official code; nothing is sent', body: NewInvoice, response: { 200: Validation } } }, async request =>
    await service.validateInvoice(hub, request.requireAccess(), request.body))
  app.get('/v1/invoices', { config: read, schema: { tags, summary: 'List invoices', querystring: ListInvoices, response: { 200: InvoicePage } } }, async request =>
    await service.listInvoices(hub, request.requireAccess(), request.query))
  app.get('/v1/invoices/:id', { config: read, schema: { tags, summary: 'Read an invoice', params: IdParams, response: { 200: Invoice } } }, async request =>
    await service.getInvoice(hub, request.requireAccess(), request.params.id))
  app.patch('/v1/invoices/:id', { config: write, schema: { tags, summary: 'Change a draft, or correct what was rejected', params: IdParams, body: ChangeInvoice, response: { 200: Invoice } } }, async request =>
    await service.changeInvoice(hub, request.requireAccess(), request.params.id, request.body))
  app.post('/v1/invoices/:id/issue', { config: write, schema: { tags, summary: 'Issue a draft, or what was corrected', params: IdParams, response: { 200: Invoice } } }, async request =>
    await service.issueInvoice(hub, request.requireAccess(), request.params.id, request.idempotency))
  app.get('/v1/invoices/:id/xml', { config: read, schema: { tags, summary: 'The document exactly as it was stamped', params: IdParams, response: { 200: bytesAs('application/xml') } } }, async (request, reply) =>
    await send(reply, await service.invoiceXml(hub, request.requireAccess(), request.params.id)))
  app.get('/v1/invoices/:id/pdf', { config: read, schema: { tags, summary: 'Its printed representation', params: IdParams, querystring: PrintQuery, response: { 200: bytesAs('application/pdf') } } }, async (request, reply) =>
    await send(reply, await service.invoicePdf(hub, request.requireAccess(), request.params.id, request.query)))
  app.get('/v1/invoices/:id/ubl', { config: read, schema: { tags, summary: 'The same invoice as UBL 2.1 under EN 16931 (Spain)', params: IdParams, response: { 200: bytesAs('application/xml') } } }, async (request, reply) =>
    await send(reply, await service.invoiceUbl(hub, request.requireAccess(), request.params.id)))
  app.post('/v1/invoices/:id/cancel', { config: write, schema: { tags, summary: 'Ask for its cancellation', params: IdParams, body: CancelInvoice, response: { 200: Invoice } } }, async request => {
    await cancelInvoice(hub, request.requireAccess(), request.params.id, request.body, request.idempotency)
    return await service.getInvoice(hub, request.requireAccess(), request.params.id)
  })
  app.post('/v1/invoices/:id/resolve_review', { config: write, schema: { tags, summary: 'End a review, or say what became of one that nobody can be asked about', params: IdParams, body: ResolveInvoiceReview, response: { 200: Invoice } } }, async request => {
    await resolveReview(hub, request.requireAccess(), request.params.id, request.body, request.idempotency)
    return await service.getInvoice(hub, request.requireAccess(), request.params.id)
  })
  app.post('/v1/invoices/:id/payment_link', { config: write, schema: { tags, summary: 'A page where its customer pays what is due, by whatever you can take', params: IdParams, body: NewInvoicePaymentLink, response: { 201: InvoicePaymentLink } } }, async (request, reply) =>
    await reply.code(201).send(await makePaymentLink(hub, request.requireAccess(), request.params.id, request.body, request.idempotency)))
  app.get('/v1/invoices/:id/payment_link', { config: read, schema: { tags, summary: 'Read its payment link', params: IdParams, response: { 200: InvoicePaymentLink } } }, async request =>
    await getPaymentLink(hub, request.requireAccess(), request.params.id))
  app.delete('/v1/invoices/:id/payment_link', { config: write, schema: { tags, summary: 'Take its payment link back', params: IdParams, response: { 204: Type.Null() } } }, async (request, reply) => {
    await closePaymentLink(hub, request.requireAccess(), request.params.id)
    return await reply.code(204).send(null)
  })
  await app.register(async scope => { await invoicePageRoutes(scope as unknown as HubInstance) })
  await einvoicingRoutes(app)
  app.post('/v1/invoices/:id/send', { config: write, schema: { tags, summary: 'Mail it, XML and PDF attached', params: IdParams, body: SendInvoice, response: { 201: Mail } } }, async (request, reply) =>
    await reply.code(201).send(await sendInvoice(hub, request.requireAccess(), request.params.id, request.body, request.idempotency)))
  app.post('/v1/invoices/:id/credit_notes', { config: write, schema: { tags, summary: 'Credit all of it, or lines', params: IdParams, body: NewCreditNote, response: { 201: Invoice } } }, async (request, reply) =>
    await reply.code(201).send(await service.createCreditNote(hub, request.requireAccess(), request.params.id, request.body, request.idempotency)))
  app.post('/v1/invoices/:id/payments', { config: write, schema: { tags, summary: 'Tell a payment: its receipt is issued (complemento de pago)', params: IdParams, body: NewInvoicePayment, response: { 201: Invoice } } }, async (request, reply) =>
    await reply.code(201).send(await payInvoice(hub, request.requireAccess(), request.params.id, request.body, request.idempotency)))
}
