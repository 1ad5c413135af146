import { type Passwords, passwords as standard } from '../access/passwords.ts'
import type { HubInstance } from '../http.ts'
import { IdParams } from '../http-schema.ts'
import { createFailureCounter } from './failures.ts'
import { ListUsers, NewUser, PatchSelf, PatchUser, User, UserPage } from './schema.ts'
import * as service from './service.ts'

const read = { scope: 'users:read' } as const
const write = { scope: 'users:write' } as const
const self = { anyone: true, home: true } as const
const tags = ['Tenants']

export interface UserRouteOptions { passwords?: Passwords }

export async function userRoutes (app: HubInstance, { passwords = standard }: UserRouteOptions = {}): Promise<void> {
  const { hub } = app
  const tools = { passwords, failures: createFailureCounter({ most: 10, windowMs: 15 * 60_000, now: hub.now }) }

  app.post('/v1/users', { config: write, schema: { tags, summary: 'Add a user', body: NewUser, response: { 201: User } } }, async (request, reply) =>
    await reply.code(201).send(await service.createUser(hub, request.requireAccess(), request.body, request.idempotency, passwords)))
  app.get('/v1/users', { config: read, schema: { tags, summary: 'List users', querystring: ListUsers, response: { 200: UserPage } } }, async request =>
    await service.listUsers(hub, request.requireAccess(), request.query))
  app.get('/v1/users/me', { config: self, schema: { tags, summary: 'Read yourself', response: { 200: User } } }, async request =>
    await service.getSelf(hub, request.requireAccess()))
  app.patch('/v1/users/me', { config: self, schema: { tags, summary: 'Change your name or password', body: PatchSelf, response: { 200: User } } }, async request =>
    await service.patchSelf(hub, request.requireAccess(), request.body, tools))
  app.get('/v1/users/:id', { config: read, schema: { tags, summary: 'Read a user', params: IdParams, response: { 200: User } } }, async request =>
    await service.getUser(hub, request.requireAccess(), request.params.id))
  app.patch('/v1/users/:id', { config: write, schema: { tags, summary: 'Change role, status, name or password', params: IdParams, body: PatchUser, response: { 200: User } } }, async request =>
    await service.patchUser(hub, request.requireAccess(), request.params.id, request.body, passwords))
}
