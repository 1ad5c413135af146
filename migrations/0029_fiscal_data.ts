import { type Kysely, sql } from 'kysely'
import { tenantTable } from './tenant-table.ts'

/** Whose document a payment gets and what it says is sold: told with the payment, or typed by the buyer on the provider's page. */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`
    create table fiscal_data (
      tenant_id uuid not null references tenants (id),
      subject_type text not null check (subject_type in ('payment', 'checkout_session', 'payment_link', 'subscription')),
      subject_id uuid not null,
      mode text not null check (mode in ('test', 'live')),
      source text not null check (source in ('given', 'collected')),
      -- Of the buyer's tax id, under a key that only this tenant has: finds one person's rows, and tells nobody who it is.
      person text,
      -- Null once it was erased.
      sealed text,
      -- What the provider's page asks the buyer for.
      collects text[] not null default '{}',
      erased_at timestamptz,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      primary key (tenant_id, subject_id)
    )`.execute(db)
  await sql`create index fiscal_data_by_person on fiscal_data (tenant_id, person) where person is not null`.execute(db)
  await tenantTable(db, 'fiscal_data', { app: ['select', 'insert', 'update'] })
}
