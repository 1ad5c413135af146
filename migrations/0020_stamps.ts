import { type Kysely, sql } from 'kysely'
import { tenantTable } from './tenant-table.ts'

/** How many stamps an account at a PAC had left, each time it was asked. */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`
    create table stamp_readings (
      tenant_id uuid not null,
      -- Made of the moment at which it was read.
      id uuid not null,
      mode text not null check (mode in ('test', 'live')),
      connection_id uuid not null,
      stamps_left integer not null,
      -- As the use of the weeks before had it then; null while that is not known.
      per_day double precision,
      days_left double precision,
      level text not null check (level in ('ok', 'low', 'critical', 'empty')),
      read_at timestamptz not null,
      primary key (tenant_id, id),
      foreign key (tenant_id, connection_id) references connections (tenant_id, id)
    )`.execute(db)
  await sql`create index stamp_readings_by_connection on stamp_readings (tenant_id, connection_id, id desc)`.execute(db)
  await tenantTable(db, 'stamp_readings', { app: ['select', 'insert', 'delete'] })
}
