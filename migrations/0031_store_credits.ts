import { type Kysely, sql } from 'kysely'
import { tenantTable } from './tenant-table.ts'

/** What a buyer may spend later, instead of the money back. */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`
    create table store_credits (
      tenant_id uuid not null,
      id uuid not null,
      mode text not null check (mode in ('test', 'live')),
      code text not null,
      status text not null check (status in ('active', 'redeemed', 'expired', 'void')),
      currency text not null,
      amount bigint not null check (amount > 0),
      balance bigint not null check (balance >= 0 and balance <= amount),
      customer_id uuid,
      sale_id uuid,
      reason text,
      metadata jsonb not null default '{}',
      expires_at timestamptz not null,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      primary key (tenant_id, id)
    )`.execute(db)
  await sql`create unique index store_credits_by_code on store_credits (tenant_id, mode, code)`.execute(db)
  await tenantTable(db, 'store_credits', { app: ['select', 'insert', 'update'] })
  await sql`
    create table store_credit_events (
      tenant_id uuid not null,
      id uuid not null,
      store_credit_id uuid not null,
      type text not null check (type in ('issued', 'redeemed', 'restored', 'expired', 'voided')),
      amount bigint not null,
      balance bigint not null,
      sale_id uuid,
      reference text,
      created_at timestamptz not null,
      primary key (tenant_id, id)
    )`.execute(db)
  await sql`create index store_credit_events_by_credit on store_credit_events (tenant_id, store_credit_id, id)`.execute(db)
  await tenantTable(db, 'store_credit_events', { app: ['select', 'insert'] })
}
