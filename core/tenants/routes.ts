import type { HubInstance } from '../http.ts'
import { IdParams } from '../http-schema.ts'
import { ListTenants, NewTenant, PatchTenant, Tenant, TenantPage } from './schema.ts'
import * as service from './service.ts'

const read = { scope: 'tenants:read', home: true } as const
const write = { scope: 'tenants:write', home: true } as const
const tags = ['Tenants']

export async function tenantRoutes (app: HubInstance): Promise<void> {
  const { hub } = app

  app.post('/v1/tenants', { config: write, schema: { tags, summary: 'Make a tenant', body: NewTenant, response: { 201: Tenant } } }, async (request, reply) =>
    await reply.code(201).send(await service.createTenant(hub, request.requireAccess(), request.body, request.idempotency)))
  app.get('/v1/tenants', { config: read, schema: { tags, summary: 'List tenants', querystring: ListTenants, response: { 200: TenantPage } } }, async request =>
    await service.listTenants(hub, request.requireAccess(), request.query))
  app.get('/v1/tenants/current', { config: { anyone: true }, schema: { tags, summary: 'Read the tenant that the request acts in', response: { 200: Tenant } } }, async request =>
    await service.currentTenant(hub, request.requireAccess()))
  app.get('/v1/tenants/:id', { config: read, schema: { tags, summary: 'Read a tenant', params: IdParams, response: { 200: Tenant } } }, async request =>
    await service.getTenant(hub, request.requireAccess(), request.params.id))
  app.patch('/v1/tenants/:id', { config: write, schema: { tags, summary: 'Change, suspend or reopen a tenant', params: IdParams, body: PatchTenant, response: { 200: Tenant } } }, async request =>
    await service.patchTenant(hub, request.requireAccess(), request.params.id, request.body))
}
