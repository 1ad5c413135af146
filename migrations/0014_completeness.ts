import { type Kysely, sql } from 'kysely'
import { tenantTable } from './tenant-table.ts'

/** What providers' books say: movements of the balance, and what they list that no webhook told us. */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`
    create table balance_transactions (
      tenant_id uuid not null references tenants (id),
      -- Made of the moment at which the money moved, so that a list by time needs no index of its own.
      id uuid not null,
      mode text not null check (mode in ('test', 'live')),
      connection_id uuid not null,
      provider text not null,
      provider_reference text not null,
      type text not null check (type in ('payment', 'refund', 'dispute', 'fee', 'payout', 'other')),
      amount bigint not null,
      currency text not null check (currency ~ '^[A-Z]{3}$'),
      fee bigint,
      net bigint,
      payout text,
      payment_id uuid,
      refund_id uuid,
      payment_provider_reference text,
      occurred_at timestamptz not null,
      available_at timestamptz,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      primary key (tenant_id, id),
      unique (tenant_id, connection_id, provider_reference),
      foreign key (tenant_id, connection_id) references connections (tenant_id, id)
    )`.execute(db)
  await sql`create index balance_transactions_by_payout on balance_transactions (tenant_id, payout, id) where payout is not null`.execute(db)
  await sql`create index balance_transactions_by_payment on balance_transactions (tenant_id, payment_id) where payment_id is not null`.execute(db)
  await tenantTable(db, 'balance_transactions', { app: ['select', 'insert', 'update'] })

  // How far the books of a connection were read.
  await sql`
    create table transaction_readings (
      tenant_id uuid not null,
      connection_id uuid not null,
      read_until timestamptz not null,
      updated_at timestamptz not null,
      primary key (tenant_id, connection_id),
      foreign key (tenant_id, connection_id) references connections (tenant_id, id)
    )`.execute(db)
  await tenantTable(db, 'transaction_readings', { app: ['select', 'insert', 'update'] })

  await sql`
    create table completeness_audits (
      tenant_id uuid not null,
      id uuid not null,
      mode text not null check (mode in ('test', 'live')),
      connection_id uuid not null,
      provider text not null,
      trigger text not null check (trigger in ('schedule', 'request')),
      status text not null check (status in ('running', 'completed', 'failed')),
      from_at timestamptz not null,
      to_at timestamptz not null,
      -- Where the provider's list goes on: a crash begins again from here.
      cursor text,
      checked integer not null default 0,
      missed integer not null default 0,
      repaired integer not null default 0,
      foreign_count integer not null default 0,
      unheard integer not null default 0,
      detail jsonb not null default '{"missed": [], "foreign": []}',
      error jsonb,
      started_at timestamptz not null,
      finished_at timestamptz,
      primary key (tenant_id, id),
      foreign key (tenant_id, connection_id) references connections (tenant_id, id)
    )`.execute(db)
  await sql`create index completeness_audits_by_connection on completeness_audits (tenant_id, connection_id, id desc)`.execute(db)
  await tenantTable(db, 'completeness_audits', { app: ['select', 'insert', 'update'] })

  // Connections that are there already are audited from now on, spread over a day. Row-level security hides them from the owner.
  await sql`grant insert on timers to pasarela_gate`.execute(db)
  await sql`set local role pasarela_gate`.execute(db)
  await sql`
    insert into timers (tenant_id, kind, id, due_at)
    select c.tenant_id, k.kind, c.id, now() + random() * interval '1 day'
    from connections c, (values ('completeness_audit'), ('balance_transactions')) k (kind)
    where c.deleted_at is null and c.tested_at is not null
    on conflict do nothing`.execute(db)
  await sql`reset role`.execute(db)
  await sql`revoke insert on timers from pasarela_gate`.execute(db)
}
