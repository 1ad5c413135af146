import { sql } from 'kysely'
import type { Mode } from '../adapter/context.ts'
import type { IdWindow } from '../db/id-window.ts'
import type { TenantDb } from '../db/in-tenant.ts'

const selectEvents = (db: TenantDb, mode: Mode) => db.selectFrom('events').select(['id', 'tenant_id', 'type', 'mode', 'data', 'created_at']).where('tenant_id', '=', db.tenantId).where('mode', '=', mode)
export type EventRow = Awaited<ReturnType<ReturnType<typeof selectEvents>['executeTakeFirstOrThrow']>>

export async function listEvents (db: TenantDb, mode: Mode, window: IdWindow, { type, subjectId }: { type?: string, subjectId?: string }): Promise<EventRow[]> {
  return await selectEvents(db, mode)
    .$if(type !== undefined, q => type!.endsWith('*') ? q.where(sql<boolean>`starts_with(type, ${type!.slice(0, -1)})`) : q.where('type', '=', type!))
    .$if(subjectId !== undefined, q => q.where('subject_id', '=', subjectId!))
    .$if(window.before !== undefined, q => q.where('id', '<', window.before!))
    .$if(window.from !== undefined, q => q.where('id', '>=', window.from!))
    .orderBy('id', 'desc').limit(window.limit).execute()
}

/** Of either mode: for what follows an event by itself. */
export async function findAnyEvent (db: TenantDb, id: string): Promise<{ id: string, type: string, subject_id: string, data: unknown } | undefined> {
  return await db.selectFrom('events').select(['id', 'type', 'subject_id', 'data']).where('tenant_id', '=', db.tenantId).where('id', '=', id).executeTakeFirst()
}

export async function findEvent (db: TenantDb, mode: Mode, id: string): Promise<EventRow | undefined> {
  return await selectEvents(db, mode).where('id', '=', id).executeTakeFirst()
}

/** Somebody listens in this process, for the next seconds; who has gone without a word is forgotten. The database's own clock: its trigger asks by it. */
export async function keepListening (db: TenantDb, process: string, seconds: number): Promise<void> {
  await sql`insert into stream_listeners as l (tenant_id, process_id, until) values (${db.tenantId}, ${process}, now() + make_interval(secs => ${seconds}))
    on conflict (tenant_id, process_id) do update set until = greatest(l.until, excluded.until)`.execute(db)
  await sql`delete from stream_listeners where tenant_id = ${db.tenantId} and until < now() - interval '1 minute'`.execute(db)
}

export async function stopListening (db: TenantDb, process: string): Promise<void> {
  await sql`delete from stream_listeners where tenant_id = ${db.tenantId} and process_id = ${process}`.execute(db)
}
