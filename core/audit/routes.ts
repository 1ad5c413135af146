import type { HubInstance } from '../http.ts'
import { AuditPage, ListAudit } from './schema.ts'
import { readAudit } from './service.ts'

export async function auditRoutes (app: HubInstance): Promise<void> {
  app.get('/v1/audit_log', { config: { scope: 'audit:read' }, schema: { tags: ['Tenants'], summary: 'Read who changed what', querystring: ListAudit, response: { 200: AuditPage } } }, async request =>
    await readAudit(app.hub, request.requireAccess(), request.query))
}
