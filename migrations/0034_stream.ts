import { type Kysely, sql } from 'kysely'
import { appFunction, tenantTable } from './tenant-table.ts'

/**
 * Who is listening to what happens, and the word that goes out to them. NOTIFY makes commits wait for each other
 * (one lock for the whole database, PostgreSQL 16 to 18), so it is sent only for tenants that somebody listens to at the moment.
 */
export async function up (db: Kysely<unknown>): Promise<void> {
  // A lease: what a killed process leaves behind ends by itself.
  await sql`
    create table stream_listeners (
      tenant_id uuid not null,
      process_id uuid not null,
      until timestamptz not null,
      primary key (tenant_id, process_id)
    )`.execute(db)
  await tenantTable(db, 'stream_listeners', { app: ['select', 'insert', 'update', 'delete'] })

  // With the rights of whoever writes the event: row-level security holds. Ids and words of ours only: NOTIFY is not under it.
  await appFunction(db, 'announce_events()', 'trigger', `
    begin
      if exists (select 1 from stream_listeners l where l.tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid and l.until > now()) then
        perform pg_notify('event_recorded', concat_ws(':', f.tenant_id, f.mode, f.type, f.subject_id, f.id)) from fresh f order by f.id;
      end if;
      return null;
    end`)
  await sql`create trigger announce after insert on events referencing new table as fresh for each statement execute function app.announce_events()`.execute(db)
}
