import type { HubInstance } from '../http.ts'
import { IdParams } from '../http-schema.ts'
import { payPageRoutes } from './pay-page.ts'
import { createRefund, getRefund, listRefunds } from './refunds.ts'
import {
  CancelPayment, CapturePayment, ConfirmPayment, ListPayments, NewPayment, NewRefund, Payment, PaymentPage, Refund, RefundPage, ResolveReview, Timeline
} from './schema.ts'
import * as service from './service.ts'
import { paymentTimeline } from './timeline.ts'

const read = { scope: 'payments:read' } as const
const write = { scope: 'payments:write' } as const
const tags = ['Payments']

/** 202 while nobody knows the outcome. */
const statusOf = (made: { status: string }, otherwise: number): number => made.status === 'unknown' ? 202 : otherwise

export async function paymentRoutes (app: HubInstance): Promise<void> {
  const { hub } = app

  app.post('/v1/payments', { config: write, schema: { tags, summary: 'Take a payment', body: NewPayment, response: { 201: Payment, 202: Payment } } }, async (request, reply) => {
    const payment = await service.createPayment(hub, request.requireAccess(), request.body, request.idempotency)
    return await reply.code(statusOf(payment, 201) as 201).send(payment)
  })
  app.get('/v1/payments', { config: read, schema: { tags, summary: 'List payments', querystring: ListPayments, response: { 200: PaymentPage } } }, async request =>
    await service.listPayments(hub, request.requireAccess(), request.query))
  app.get('/v1/payments/:id', { config: read, schema: { tags, summary: 'Read a payment', params: IdParams, response: { 200: Payment } } }, async request =>
    await service.getPayment(hub, request.requireAccess(), request.params.id))
  app.post('/v1/payments/:id/confirm', { config: write, schema: { tags, summary: 'Try another method', params: IdParams, body: ConfirmPayment, response: { 200: Payment, 202: Payment } } }, async (request, reply) => {
    const payment = await service.confirmPayment(hub, request.requireAccess(), request.params.id, request.body, request.idempotency)
    return await reply.code(statusOf(payment, 200) as 200).send(payment)
  })
  app.post('/v1/payments/:id/capture', { config: write, schema: { tags, summary: 'Capture what was authorised', params: IdParams, body: CapturePayment, response: { 200: Payment, 202: Payment } } }, async (request, reply) => {
    const payment = await service.capturePayment(hub, request.requireAccess(), request.params.id, request.body.amount, request.idempotency)
    return await reply.code(statusOf(payment, 200) as 200).send(payment)
  })
  app.post('/v1/payments/:id/cancel', { config: write, schema: { tags, summary: 'Cancel', params: IdParams, body: CancelPayment, response: { 200: Payment, 202: Payment } } }, async (request, reply) => {
    const payment = await service.cancelPayment(hub, request.requireAccess(), request.params.id, request.body.reason, request.idempotency)
    return await reply.code(statusOf(payment, 200) as 200).send(payment)
  })
  app.post('/v1/payments/:id/resolve_review', { config: write, schema: { tags, summary: 'End a review, or close by hand', params: IdParams, body: ResolveReview, response: { 200: Payment } } }, async request =>
    await service.resolveReview(hub, request.requireAccess(), request.params.id, request.body, request.idempotency))
  app.get('/v1/payments/:id/timeline', { config: read, schema: { tags, summary: 'All that happened', params: IdParams, response: { 200: Timeline } } }, async request =>
    await paymentTimeline(hub, request.requireAccess(), request.params.id))
  app.post('/v1/payments/:id/refunds', { config: write, schema: { tags, summary: 'Refund', params: IdParams, body: NewRefund, response: { 201: Refund, 202: Refund } } }, async (request, reply) => {
    const refund = await createRefund(hub, request.requireAccess(), request.params.id, request.body, request.idempotency)
    return await reply.code(statusOf(refund, 201) as 201).send(refund)
  })
  app.get('/v1/payments/:id/refunds', { config: read, schema: { tags, summary: 'List refunds', params: IdParams, response: { 200: RefundPage } } }, async request =>
    await listRefunds(hub, request.requireAccess(), request.params.id))
  app.get('/v1/refunds/:id', { config: read, schema: { tags, summary: 'Read a refund', params: IdParams, response: { 200: Refund } } }, async request =>
    await getRefund(hub, request.requireAccess(), request.params.id))
  await app.register(async scope => { await payPageRoutes(scope as unknown as HubInstance) })
}
