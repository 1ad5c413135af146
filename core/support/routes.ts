import type { HubInstance } from '../http.ts'
import { IdParams } from '../http-schema.ts'
import * as accesses from './access.ts'
import { buildBundle } from './bundle.ts'
import * as across from './overview.ts'
import {
  Bundle, ListOverview, ListSupportAccess, MaskedAlertPage, MaskedConnectionPage, MaskedInboundPage, MaskedOperationPage, NewSupportAccess, OfTenant, Overview, SupportAccess, SupportAccessPage
} from './schema.ts'

const tags = ['Support']
/** From outside: no tenant is entered, whatever `Pasarela-Tenant` says. */
const outside = { scope: 'support:read', home: true } as const

export async function supportRoutes (app: HubInstance): Promise<void> {
  const { hub } = app

  app.post('/v1/support_access', { config: { scope: 'support:write', home: true }, schema: { tags, summary: 'Enter the data of a tenant', body: NewSupportAccess, response: { 201: SupportAccess } } }, async (request, reply) =>
    await reply.code(201).send(await accesses.openAccess(hub, request.requireAccess(), request.body, request.idempotency)))
  app.get('/v1/support_access', { config: { scope: 'audit:read' }, schema: { tags, summary: 'Who of support entered, and why', querystring: ListSupportAccess, response: { 200: SupportAccessPage } } }, async request =>
    await accesses.listAccess(hub, request.requireAccess(), request.query))
  app.post('/v1/support_access/:id/end', { config: { anyone: true }, schema: { tags, summary: 'End it before its time', description: 'Who opened it, or an administrator of the tenant.', params: IdParams, response: { 200: SupportAccess } } }, async request =>
    await accesses.endAccess(hub, request.requireAccess(), request.params.id))

  app.get('/v1/support/overview', { config: outside, schema: { tags, summary: 'Where something is wrong, over all tenants', querystring: ListOverview, response: { 200: Overview } } }, async request =>
    await across.overview(hub, request.requireAccess(), request.query))
  app.get('/v1/support/connections', { config: outside, schema: { tags, summary: 'How a tenant’s connections do, masked', querystring: OfTenant, response: { 200: MaskedConnectionPage } } }, async request =>
    await across.maskedConnections(hub, request.requireAccess(), request.query))
  app.get('/v1/support/inbound_events', { config: outside, schema: { tags, summary: 'What became of a tenant’s webhooks, masked', querystring: OfTenant, response: { 200: MaskedInboundPage } } }, async request =>
    await across.maskedInbound(hub, request.requireAccess(), request.query))
  app.get('/v1/support/operations', { config: outside, schema: { tags, summary: 'A tenant’s calls to providers, masked', querystring: OfTenant, response: { 200: MaskedOperationPage } } }, async request =>
    await across.maskedOperations(hub, request.requireAccess(), request.query))
  app.get('/v1/support/alerts', { config: outside, schema: { tags, summary: 'A tenant’s alerts, masked', querystring: OfTenant, response: { 200: MaskedAlertPage } } }, async request =>
    await across.maskedAlerts(hub, request.requireAccess(), request.query))

  app.get('/v1/inbound_events/:id/bundle', { config: { scope: 'inbound:read' }, schema: { tags, summary: 'One incident, to be replayed in a test', params: IdParams, response: { 200: Bundle } } }, async request =>
    await buildBundle(hub, request.requireAccess(), request.params.id))
}
