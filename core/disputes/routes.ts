import type { HubInstance } from '../http.ts'
import { IdParams } from '../http-schema.ts'
import { Dispute, DisputePage, ListDisputes, NewEvidence } from './schema.ts'
import * as service from './service.ts'

const read = { scope: 'payments:read' } as const
const write = { scope: 'payments:write' } as const
const tags = ['Disputes']

/** 202 while nobody knows whether the provider took it. */
const statusOf = (dispute: { pending: string | null }): number => dispute.pending === null ? 200 : 202

export async function disputeRoutes (app: HubInstance): Promise<void> {
  const { hub } = app
  app.get('/v1/disputes', { config: read, schema: { tags, summary: 'List disputes', querystring: ListDisputes, response: { 200: DisputePage } } }, async request =>
    await service.listDisputes(hub, request.requireAccess(), request.query))
  app.get('/v1/disputes/:id', { config: read, schema: { tags, summary: 'Read a dispute', params: IdParams, response: { 200: Dispute } } }, async request =>
    await service.getDispute(hub, request.requireAccess(), request.params.id))
  app.post('/v1/disputes/:id/evidence', { config: write, schema: { tags, summary: 'Keep a draft of the evidence, or send it', params: IdParams, body: NewEvidence, response: { 200: Dispute, 202: Dispute } } }, async (request, reply) => {
    const dispute = await service.submitEvidence(hub, request.requireAccess(), request.params.id, request.body, request.idempotency)
    return await reply.code(statusOf(dispute) as 200).send(dispute)
  })
  app.post('/v1/disputes/:id/accept', { config: write, schema: { tags, summary: 'Give in', params: IdParams, response: { 200: Dispute, 202: Dispute } } }, async (request, reply) => {
    const dispute = await service.acceptDispute(hub, request.requireAccess(), request.params.id, request.idempotency)
    return await reply.code(statusOf(dispute) as 200).send(dispute)
  })
}
