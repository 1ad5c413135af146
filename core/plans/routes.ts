import type { HubInstance } from '../http.ts'
import { IdParams } from '../http-schema.ts'
import { ListPlans, NewPlan, Plan, PlanPage } from './schema.ts'
import * as service from './service.ts'

const read = { scope: 'subscriptions:read' } as const
const write = { scope: 'subscriptions:write' } as const
const tags = ['Subscriptions']

export async function planRoutes (app: HubInstance): Promise<void> {
  const { hub } = app

  app.post('/v1/plans', { config: write, schema: { tags, summary: 'Make a plan', body: NewPlan, response: { 201: Plan } } }, async (request, reply) =>
    await reply.code(201).send(await service.createPlan(hub, request.requireAccess(), request.body, request.idempotency)))
  app.get('/v1/plans', { config: read, schema: { tags, summary: 'List plans', querystring: ListPlans, response: { 200: PlanPage } } }, async request =>
    await service.listPlans(hub, request.requireAccess(), request.query))
  app.get('/v1/plans/:id', { config: read, schema: { tags, summary: 'Read a plan', params: IdParams, response: { 200: Plan } } }, async request =>
    await service.getPlan(hub, request.requireAccess(), request.params.id))
  app.post('/v1/plans/:id/archive', { config: write, schema: { tags, summary: 'Offer a plan no more', params: IdParams, response: { 200: Plan } } }, async request =>
    await service.archivePlan(hub, request.requireAccess(), request.params.id))
}
