import type { Mode } from '../adapter/context.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import { recordEvents } from '../events/record.ts'
import type { EventTypeOf } from '../events/types.ts'
import { publicId } from '../ids.ts'

/** An event about a connection, in the transaction of the change. `more` holds no secret and no setting: only what happened. */
export async function tellConnection (db: TenantDb, now: Date, { id, mode, provider }: { id: string, mode: string, provider: string }, type: EventTypeOf<'connection'>, more: object = {}): Promise<void> {
  await recordEvents(db, now, [{ type, mode: mode as Mode, subjectId: id, data: { id: publicId('connection', id), object: 'connection', provider, mode, ...more } }])
}
