import type { Access } from '../access/principal.ts'
import { idWindow, pageOf } from '../db/id-window.ts'
import { inTenant } from '../db/in-tenant.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import { type AuditRow, listAudit } from './queries.ts'
import type { AuditLine, ListAudit } from './schema.ts'

/** Who changed what, newest first. Nothing but reading: the database lets nobody change a line. */
export async function readAudit (hub: Pick<Hub, 'db'>, access: Access, query: ListAudit): Promise<{ data: AuditLine[], next_cursor: string | null }> {
  const window = idWindow('audit', query)
  const rows = await inTenant(hub.db, access.tenantId, async db => await listAudit(db, window, query))
  return pageOf('audit', window, rows, showLine)
}

function showLine (row: AuditRow): AuditLine {
  return {
    id: publicId('audit', row.id),
    object: 'audit_line',
    actor: { type: row.actor_type as 'user', id: row.actor_id },
    action: row.action,
    subject: { type: row.subject_type, id: row.subject_id },
    detail: row.detail as Record<string, unknown>,
    request_id: row.request_id,
    address: row.address,
    created_at: row.created_at.toISOString()
  }
}
