import { Type } from 'typebox'
import { type Passwords, passwords as standard } from '../access/passwords.ts'
import type { HubInstance } from '../http.ts'
import { IdParams } from '../http-schema.ts'
import { AcceptInvitation, Invitation, InvitationAccepted, InvitationMade, InvitationPage, InvitationSeen, ListInvitations, LookUpInvitation, NewInvitation } from './schema.ts'
import * as service from './service.ts'

const read = { scope: 'users:read' } as const
const write = { scope: 'users:write' } as const
/** Whoever holds the link: there is no credential to remember an answer for. */
const holder = { public: true, idempotency: false } as const
const tags = ['Tenants']

export interface InvitationRouteOptions { passwords?: Passwords }

export async function invitationRoutes (app: HubInstance, { passwords = standard }: InvitationRouteOptions = {}): Promise<void> {
  const { hub } = app

  app.post('/v1/invitations', { config: write, schema: { tags, summary: 'Invite somebody by mail', body: NewInvitation, response: { 201: InvitationMade } } }, async (request, reply) =>
    await reply.code(201).header('cache-control', 'no-store').send(await service.invite(hub, request.requireAccess(), request.body, request.idempotency)))
  app.get('/v1/invitations', { config: read, schema: { tags, summary: 'List invitations', querystring: ListInvitations, response: { 200: InvitationPage } } }, async request =>
    await service.listInvitations(hub, request.requireAccess(), request.query))
  app.get('/v1/invitations/:id', { config: read, schema: { tags, summary: 'Read an invitation', params: IdParams, response: { 200: Invitation } } }, async request =>
    await service.getInvitation(hub, request.requireAccess(), request.params.id))
  app.delete('/v1/invitations/:id', { config: write, schema: { tags, summary: 'Revoke an invitation', params: IdParams, response: { 204: Type.Null() } } }, async (request, reply) => {
    await service.revokeInvitation(hub, request.requireAccess(), request.params.id)
    return await reply.code(204).send(null)
  })
  app.post('/v1/invitations/look_up', { config: holder, schema: { tags, summary: 'What an invitation’s link is for', body: LookUpInvitation, response: { 200: InvitationSeen } } }, async request =>
    await service.lookUp(hub, request.body.token))
  app.post('/v1/invitations/accept', { config: holder, schema: { tags, summary: 'Accept an invitation', body: AcceptInvitation, response: { 201: InvitationAccepted } } }, async (request, reply) =>
    await reply.code(201).send(await service.accept(hub, { requestId: request.id, address: request.ip, language: request.language }, request.body, passwords)))
}
