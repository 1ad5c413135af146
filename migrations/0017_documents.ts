import { type Kysely, sql } from 'kysely'
import { tenantTable } from './tenant-table.ts'

/** What is known of stored files. Their bytes lie in object storage, under the id. */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`
    create table documents (
      tenant_id uuid not null,
      id uuid not null,
      mode text not null check (mode in ('test', 'live')),
      kind text not null,
      subject_type text not null,
      subject_id uuid not null,
      name text not null,
      content_type text not null,
      bytes integer not null,
      sha256 bytea not null,
      created_at timestamptz not null,
      retain_until timestamptz not null,
      deleted_at timestamptz,
      primary key (tenant_id, id)
    )`.execute(db)
  await sql`create index documents_by_subject on documents (tenant_id, subject_type, subject_id, id)`.execute(db)
  await tenantTable(db, 'documents', { app: ['select', 'insert', 'update(deleted_at)'] })
}
