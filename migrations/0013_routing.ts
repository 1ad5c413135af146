import { type Kysely, sql } from 'kysely'
import { tenantTable } from './tenant-table.ts'

/** Which connection is asked first: a tenant's ordered rules, one list for each mode. */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`
    create table routing_rules (
      tenant_id uuid not null references tenants (id),
      mode text not null check (mode in ('test', 'live')),
      -- Counts the lists that were written: who writes over another's is told.
      version integer not null,
      rules jsonb not null,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      primary key (tenant_id, mode)
    )`.execute(db)
  await tenantTable(db, 'routing_rules', { app: ['select', 'insert', 'update'] })
}
