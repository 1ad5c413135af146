import { type Kysely, sql } from 'kysely'
import { tenantTable } from './tenant-table.ts'

/** Who was asked by mail to join a tenant. The link is a secret: only its hash is here, in the row of the tenant that the link names. */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`
    create table invitations (
      tenant_id uuid not null references tenants (id),
      id uuid not null,
      email text not null check (email = lower(email)),
      name text,
      role text not null,
      language text not null check (language in ('es', 'en')),
      token_hash bytea not null,
      invited_by text not null,
      status text not null check (status in ('pending', 'accepted', 'revoked')),
      user_id uuid,
      created_at timestamptz not null,
      expires_at timestamptz not null,
      ended_at timestamptz,
      primary key (tenant_id, id)
    )`.execute(db)
  // One open invitation for a mail: a new one takes its place.
  await sql`create unique index invitations_pending on invitations (tenant_id, email) where status = 'pending'`.execute(db)
  await sql`create unique index invitations_by_token on invitations (tenant_id, token_hash)`.execute(db)
  await tenantTable(db, 'invitations', { app: ['select', 'insert', 'update'] })
}
