import type { HubInstance } from '../http.ts'
import { IdParams } from '../http-schema.ts'
import { CancelSubscription, CyclePage, ListCycles, ListSubscriptions, NewSubscription, PatchSubscription, Preview, PreviewChange, ResolveReview, Subscription, SubscriptionPage } from './schema.ts'
import * as service from './service.ts'

const read = { scope: 'subscriptions:read' } as const
const write = { scope: 'subscriptions:write' } as const
const tags = ['Subscriptions']
const answers = { 200: Subscription, 202: Subscription } as const

/** 202 while nobody knows the outcome. */
const statusOf = (made: { status: string }, otherwise: number): number => made.status === 'unknown' ? 202 : otherwise

export async function subscriptionRoutes (app: HubInstance): Promise<void> {
  const { hub } = app

  app.post('/v1/subscriptions', { config: write, schema: { tags, summary: 'Subscribe a customer to a plan', body: NewSubscription, response: { 201: Subscription, 202: Subscription } } }, async (request, reply) => {
    const made = await service.createSubscription(hub, request.requireAccess(), request.body, request.idempotency)
    return await reply.code(statusOf(made, 201) as 201).send(made)
  })
  app.get('/v1/subscriptions', { config: read, schema: { tags, summary: 'List subscriptions', querystring: ListSubscriptions, response: { 200: SubscriptionPage } } }, async request =>
    await service.listSubscriptions(hub, request.requireAccess(), request.query))
  app.get('/v1/subscriptions/:id', { config: read, schema: { tags, summary: 'Read a subscription', params: IdParams, response: { 200: Subscription } } }, async request =>
    await service.getSubscription(hub, request.requireAccess(), request.params.id))
  app.patch('/v1/subscriptions/:id', { config: write, schema: { tags, summary: 'Change plan, quantity or payment method', params: IdParams, body: PatchSubscription, response: answers } }, async (request, reply) => {
    const made = await service.patchSubscription(hub, request.requireAccess(), request.params.id, request.body)
    return await reply.code(statusOf(made, 200) as 200).send(made)
  })
  app.post('/v1/subscriptions/:id/preview', { config: { ...write, idempotency: false as const }, schema: { tags, summary: 'What a change would cost', params: IdParams, body: PreviewChange, response: { 200: Preview } } }, async request =>
    await service.previewChange(hub, request.requireAccess(), request.params.id, request.body))
  app.post('/v1/subscriptions/:id/cancel', { config: write, schema: { tags, summary: 'Cancel, now or at the end of the period', params: IdParams, body: CancelSubscription, response: answers } }, async (request, reply) => {
    const made = await service.cancelSubscription(hub, request.requireAccess(), request.params.id, request.body.at ?? 'now', request.idempotency)
    return await reply.code(statusOf(made, 200) as 200).send(made)
  })
  app.post('/v1/subscriptions/:id/pause', { config: write, schema: { tags, summary: 'Pause', params: IdParams, response: answers } }, async (request, reply) => {
    const made = await service.pauseSubscription(hub, request.requireAccess(), request.params.id, request.idempotency)
    return await reply.code(statusOf(made, 200) as 200).send(made)
  })
  app.post('/v1/subscriptions/:id/resume', { config: write, schema: { tags, summary: 'Resume, or take back a cancel at the end of the period', params: IdParams, response: answers } }, async (request, reply) => {
    const made = await service.resumeSubscription(hub, request.requireAccess(), request.params.id, request.idempotency)
    return await reply.code(statusOf(made, 200) as 200).send(made)
  })
  app.post('/v1/subscriptions/:id/resolve_review', { config: write, schema: { tags, summary: 'End a review, or close by hand', params: IdParams, body: ResolveReview, response: { 200: Subscription } } }, async request =>
    await service.resolveReview(hub, request.requireAccess(), request.params.id, request.body, request.idempotency))
  app.get('/v1/subscriptions/:id/cycles', { config: read, schema: { tags, summary: 'List its billing periods', params: IdParams, querystring: ListCycles, response: { 200: CyclePage } } }, async request =>
    await service.listCycles(hub, request.requireAccess(), request.params.id, request.query))
}
