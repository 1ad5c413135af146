import type { HubInstance } from '../http.ts'
import { IdParams } from '../http-schema.ts'
import { CheckoutSession, CheckoutSessionPage, ListPages, NewCheckoutSession, NewPaymentLink, PaymentLink, PaymentLinkPage } from './schema.ts'
import * as service from './service.ts'

const read = { scope: 'payments:read' } as const
const write = { scope: 'payments:write' } as const

/** 202 while nobody knows the outcome. */
const statusOf = (made: { status: string }): number => made.status === 'unknown' ? 202 : 201

export async function checkoutRoutes (app: HubInstance): Promise<void> {
  const { hub } = app
  const sessions = ['Checkout sessions']
  app.post('/v1/checkout_sessions', { config: write, schema: { tags: sessions, summary: 'Make a page on which one payer pays', body: NewCheckoutSession, response: { 201: CheckoutSession, 202: CheckoutSession } } }, async (request, reply) => {
    const session = await service.createCheckoutSession(hub, request.requireAccess(), request.body, request.idempotency)
    return await reply.code(statusOf(session) as 201).send(session)
  })
  app.get('/v1/checkout_sessions', { config: read, schema: { tags: sessions, summary: 'List checkout sessions', querystring: ListPages, response: { 200: CheckoutSessionPage } } }, async request =>
    await service.listCheckoutSessions(hub, request.requireAccess(), request.query))
  app.get('/v1/checkout_sessions/:id', { config: read, schema: { tags: sessions, summary: 'Read a checkout session; an open one is asked about', params: IdParams, response: { 200: CheckoutSession } } }, async request =>
    await service.getCheckoutSession(hub, request.requireAccess(), request.params.id))
  app.post('/v1/checkout_sessions/:id/expire', { config: write, schema: { tags: sessions, summary: 'End it', params: IdParams, response: { 200: CheckoutSession } } }, async request =>
    await service.expireCheckoutSession(hub, request.requireAccess(), request.params.id, request.idempotency))

  const links = ['Payment links']
  app.post('/v1/payment_links', { config: write, schema: { tags: links, summary: 'Make a link that many may pay', body: NewPaymentLink, response: { 201: PaymentLink, 202: PaymentLink } } }, async (request, reply) => {
    const link = await service.createPaymentLink(hub, request.requireAccess(), request.body, request.idempotency)
    return await reply.code(statusOf(link) as 201).send(link)
  })
  app.get('/v1/payment_links', { config: read, schema: { tags: links, summary: 'List payment links', querystring: ListPages, response: { 200: PaymentLinkPage } } }, async request =>
    await service.listPaymentLinks(hub, request.requireAccess(), request.query))
  app.get('/v1/payment_links/:id', { config: read, schema: { tags: links, summary: 'Read a payment link', params: IdParams, response: { 200: PaymentLink } } }, async request =>
    await service.getPaymentLink(hub, request.requireAccess(), request.params.id))
  app.post('/v1/payment_links/:id/expire', { config: write, schema: { tags: links, summary: 'End it', params: IdParams, response: { 200: PaymentLink } } }, async request =>
    await service.expirePaymentLink(hub, request.requireAccess(), request.params.id, request.idempotency))
}
