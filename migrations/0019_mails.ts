import { type Kysely, sql } from 'kysely'
import { tenantTable } from './tenant-table.ts'

/** Mails that go out, and what of them was taken; documents that are one of several of a kind; how an issuer wants its mails. */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`
    create table mails (
      tenant_id uuid not null references tenants (id),
      id uuid not null,
      mode text not null check (mode in ('test', 'live')),
      -- What it is about.
      subject_type text not null,
      subject_id uuid not null,
      -- Whose logo it carries.
      issuer_id uuid,
      automatic boolean not null,
      status text not null check (status in ('queued', 'sending', 'sent', 'refused', 'parked')),
      -- Handed over at least once without an answer: the same mail, by its Message-ID, may arrive twice.
      uncertain boolean not null default false,
      attempts integer not null default 0,
      -- Who gets it, what it says and what each server answered. Null once it was kept long enough.
      content_sealed text,
      documents uuid[] not null default '{}',
      -- What the server said last, as a number or a word of ours: its sentence names people, so it is in content_sealed.
      error_code text,
      created_at timestamptz not null,
      attempted_at timestamptz,
      ended_at timestamptz,
      updated_at timestamptz not null,
      primary key (tenant_id, id)
    )`.execute(db)
  await sql`create index mails_by_subject on mails (tenant_id, subject_id, id desc)`.execute(db)
  // What goes out by itself goes out once, whatever repeats the job.
  await sql`create unique index mails_automatic_once on mails (tenant_id, subject_id) where automatic`.execute(db)
  await tenantTable(db, 'mails', { app: ['select', 'insert', 'update'] })

  await sql`alter table documents add column variant text not null default ''`.execute(db)
  // A printed representation is made once, whoever asks first.
  await sql`create unique index documents_printed_once on documents (tenant_id, subject_type, subject_id, variant) where kind = 'pdf' and deleted_at is null`.execute(db)

  await sql`alter table issuers add column mail jsonb not null default '{}'`.execute(db)
}
