import { type Kysely, sql } from 'kysely'
import { tenantTable } from './tenant-table.ts'

/** What payers contest at their bank. */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`
    create table disputes (
      tenant_id uuid not null,
      id uuid not null,
      mode text not null check (mode in ('test', 'live')),
      connection_id uuid not null,
      provider text not null,
      payment_id uuid not null,
      status text not null check (status in ('warning_needs_response', 'warning_under_review', 'warning_closed', 'needs_response', 'under_review', 'won', 'lost', 'accepted')),
      provider_status text not null,
      provider_reference text not null,
      reason text not null,
      provider_reason text,
      amount bigint not null,
      currency text not null,
      fee bigint,
      evidence_due_by timestamptz,
      evidence_submitted boolean not null default false,
      -- What was sent so far, as one text: it names the buyer.
      evidence_sealed text,
      -- Days before the deadline of the last warning that was given.
      warned_days integer,
      error jsonb,
      version integer not null default 0,
      pending_kind text check (pending_kind in ('submit_evidence', 'accept_dispute')),
      pending_operation_id uuid,
      pending_sealed text,
      pending_since timestamptz,
      opened_at timestamptz not null,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      primary key (tenant_id, id),
      foreign key (tenant_id, payment_id) references payments (tenant_id, id)
    )`.execute(db)
  await sql`create unique index disputes_by_provider_reference on disputes (tenant_id, connection_id, provider_reference)`.execute(db)
  await sql`create index disputes_in_order on disputes (tenant_id, mode, id desc)`.execute(db)
  await sql`create index disputes_by_payment on disputes (tenant_id, payment_id, id)`.execute(db)
  await tenantTable(db, 'disputes', { app: ['select', 'insert', 'update'] })
}
