import type { Mode } from '../adapter/context.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import { newUuid } from '../ids.ts'
import type { EventType } from './types.ts'

export interface NewEvent {
  type: EventType
  mode: Mode
  subjectId: string
  /** The object as the API shows it, rendered now: what is delivered later never changes. */
  data: object
}

/** Writes the event in the same transaction as the change that it tells. */
export async function recordEvents (db: TenantDb, now: Date, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return
  await db.insertInto('events').values(events.map(event => ({
    tenant_id: db.tenantId,
    id: newUuid(now),
    mode: event.mode,
    type: event.type,
    subject_id: event.subjectId,
    data: JSON.stringify(event.data),
    created_at: now
  }))).execute()
}
