import { type Kysely, sql } from 'kysely'
import { tenantTable } from './tenant-table.ts'

/** What the provider's books, the bank and the fiscal documents say of the same money, side by side. */
export async function up (db: Kysely<unknown>): Promise<void> {
  // How far a tenant's facts were looked at, and by which rules.
  await sql`
    create table reconciliations (
      tenant_id uuid not null,
      id uuid not null,
      mode text not null check (mode in ('test', 'live')),
      settings jsonb not null default '{}',
      -- Where the next run begins, and where a run over everything stands.
      place jsonb not null default '{}',
      last_run_at timestamptz,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      primary key (tenant_id, id),
      unique (tenant_id, mode)
    )`.execute(db)
  await tenantTable(db, 'reconciliations', { app: ['select', 'insert', 'update'] })

  await sql`
    create table reconciliation_items (
      tenant_id uuid not null,
      -- Its moment is the fact's: the order of the list is that of the money.
      id uuid not null,
      mode text not null check (mode in ('test', 'live')),
      leg text not null check (leg in ('provider', 'payout', 'bank', 'document')),
      -- Which fact it is: each is one item, however often it is looked at.
      key text not null,
      subject text not null,
      connection_id uuid,
      status text not null check (status in ('matched', 'expected', 'missing', 'amount_over', 'amount_under', 'currency_mismatch', 'duplicate', 'unexpected')),
      currency text not null,
      expected bigint,
      found_currency text,
      found bigint,
      difference bigint not null,
      parts jsonb not null default '[]',
      since timestamptz not null,
      due_at timestamptz,
      -- What a person said of it; whatever is found otherwise later opens it again, and keeps this.
      resolution text check (resolution in ('accepted', 'corrected', 'written_off')),
      reason text,
      resolved_by text,
      resolved_at timestamptz,
      reopened_at timestamptz,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      primary key (tenant_id, id),
      unique (tenant_id, mode, leg, key)
    )`.execute(db)
  await sql`create index reconciliation_items_open on reconciliation_items (tenant_id, mode, id) where status <> 'matched'`.execute(db)
  await tenantTable(db, 'reconciliation_items', { app: ['select', 'insert', 'update', 'delete'] })

  // Which entry of a statement is which payout: an entry is one at most.
  await sql`
    create table payout_entries (
      tenant_id uuid not null,
      entry_id uuid not null,
      payout_key text not null,
      mode text not null check (mode in ('test', 'live')),
      paid_out_at timestamptz not null,
      primary key (tenant_id, entry_id)
    )`.execute(db)
  await sql`create index payout_entries_in_order on payout_entries (tenant_id, mode, paid_out_at)`.execute(db)
  await tenantTable(db, 'payout_entries', { app: ['select', 'insert', 'delete'] })

  // Small tables beside those of payments, and no hot path writes them.
  await sql`create index if not exists balance_transactions_by_change on balance_transactions (tenant_id, mode, updated_at, id)`.execute(db)
  await sql`create index if not exists balance_transactions_payouts on balance_transactions (tenant_id, mode, occurred_at) where type = 'payout'`.execute(db)
  await sql`create index bank_entries_by_change on bank_entries (tenant_id, mode, updated_at, id)`.execute(db)
  await sql`create index bank_entries_by_amount on bank_entries (tenant_id, mode, currency, amount) where direction = 'credit'`.execute(db)
}
