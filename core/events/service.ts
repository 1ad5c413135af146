import type { Access } from '../access/principal.ts'
import type { Mode } from '../adapter/context.ts'
import { idWindow, pageOf } from '../db/id-window.ts'
import { inTenant } from '../db/in-tenant.ts'
import { HubError, invalidField } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { parseAnyId, publicId, uuidOf } from '../ids.ts'
import { type EventRow, findEvent } from './queries.ts'
import * as queries from './queries.ts'
import type { Event, ListEvents } from './schema.ts'

/** What happened in the tenant and mode of the request, newest first. */
export async function listEvents (hub: Pick<Hub, 'db'>, access: Access, query: ListEvents): Promise<{ data: Event[], next_cursor: string | null }> {
  const window = idWindow('event', query)
  const subjectId = query.subject === undefined ? undefined : parseAnyId(query.subject)?.uuid
  if (query.subject !== undefined && subjectId === undefined) throw invalidField('subject', 'is not an id')
  const rows = await inTenant(hub.db, access.tenantId, async db =>
    await queries.listEvents(db, access.mode, window, { ...(query.type !== undefined && { type: query.type }), ...(subjectId !== undefined && { subjectId }) }))
  return pageOf('event', window, rows, showEvent)
}

export async function getEvent (hub: Pick<Hub, 'db'>, access: Access, publicEventId: string): Promise<Event> {
  const row = await inTenant(hub.db, access.tenantId, async db => await findEvent(db, access.mode, uuidOf('event', publicEventId)))
  if (row === undefined) throw new HubError('not_found')
  return showEvent(row)
}

export function showEvent (row: EventRow): Event {
  return {
    id: publicId('event', row.id),
    type: row.type,
    timestamp: row.created_at.toISOString(),
    tenant_id: publicId('tenant', row.tenant_id),
    mode: row.mode as Mode,
    data: row.data as Record<string, unknown>
  }
}
