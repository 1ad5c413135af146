import { type Kysely, sql } from 'kysely'
import { monthPartitions, tenantTable } from './tenant-table.ts'

/** Money: payments, their attempts and refunds; what happened (events) and what needs a person (alerts). */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`
    -- No foreign keys on what is written with every payment: each would lock the tenant's and the connection's row once more.
    -- app.begin_payment checks the connection in the same statement; tenants and connections are never deleted.
    create table payments (
      tenant_id uuid not null,
      id uuid not null,
      mode text not null check (mode in ('test', 'live')),
      connection_id uuid not null,
      provider text not null,
      status text not null check (status in ('requires_payment_method', 'requires_action', 'processing', 'authorized', 'succeeded', 'canceled', 'failed', 'expired', 'unknown')),
      known_status text not null check (known_status in ('requires_payment_method', 'requires_action', 'processing', 'authorized', 'succeeded', 'canceled', 'failed', 'expired')),
      provider_status text,
      amount bigint not null check (amount > 0),
      currency text not null check (currency ~ '^[A-Z]{3}$'),
      amount_capturable bigint not null default 0 check (amount_capturable >= 0),
      amount_captured bigint not null default 0 check (amount_captured >= 0 and amount_captured <= amount),
      amount_refunded bigint not null default 0 check (amount_refunded >= 0),
      capture text not null check (capture in ('automatic', 'manual')),
      method jsonb,
      reference text,
      description text,
      statement_descriptor text,
      customer jsonb,
      return_url text,
      off_session boolean not null default false,
      metadata jsonb not null default '{}',
      provider_reference text,
      transaction_reference text,
      next_action_sealed text,
      error jsonb,
      review jsonb,
      disputed boolean not null default false,
      cancel_wanted_at timestamptz,
      attempts integer not null default 0,
      -- Counts the facts applied: who asked the provider before the last one may be telling old news.
      version integer not null default 0,
      -- The call whose outcome is not known yet: what was asked, under which key, and since when.
      pending_kind text check (pending_kind in ('create_payment', 'confirm_payment', 'capture', 'cancel')),
      pending_operation_id uuid,
      pending_key text,
      pending_sealed text,
      pending_since timestamptz,
      resolve_tries integer not null default 0,
      next_run_at timestamptz,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      primary key (tenant_id, id)
    )`.execute(db)
  await sql`create index payments_in_order on payments (tenant_id, mode, id desc)`.execute(db)
  await sql`create index payments_by_provider_reference on payments (tenant_id, connection_id, provider_reference) where provider_reference is not null`.execute(db)
  await sql`create index payments_by_reference on payments (tenant_id, mode, reference) where reference is not null`.execute(db)
  await sql`create index payments_due on payments (next_run_at) where next_run_at is not null`.execute(db)
  await tenantTable(db, 'payments', { app: ['select', 'insert', 'update'], gate: ['select'] })

  await sql`
    create table payment_attempts (
      tenant_id uuid not null,
      id uuid not null,
      payment_id uuid not null,
      number integer not null,
      connection_id uuid not null,
      status text not null check (status in ('unknown', 'open', 'declined', 'succeeded', 'canceled', 'never_sent')),
      idempotency_key text not null,
      method jsonb,
      provider_reference text,
      transaction_reference text,
      error jsonb,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      primary key (tenant_id, id),
      unique (tenant_id, payment_id, number)
    )`.execute(db)
  await sql`create index payment_attempts_by_provider_reference on payment_attempts (tenant_id, connection_id, provider_reference) where provider_reference is not null`.execute(db)
  await tenantTable(db, 'payment_attempts', { app: ['select', 'insert', 'update'] })

  await sql`
    create table refunds (
      tenant_id uuid not null,
      id uuid not null,
      mode text not null check (mode in ('test', 'live')),
      payment_id uuid not null,
      connection_id uuid not null,
      provider text not null,
      status text not null check (status in ('unknown', 'pending', 'requires_action', 'succeeded', 'failed', 'canceled')),
      provider_status text,
      amount bigint not null check (amount > 0),
      currency text not null,
      reason text check (reason in ('requested_by_customer', 'duplicate', 'fraudulent')),
      metadata jsonb not null default '{}',
      origin text not null default 'api' check (origin in ('api', 'provider')),
      idempotency_key text,
      provider_reference text,
      error jsonb,
      pending_operation_id uuid,
      pending_sealed text,
      pending_since timestamptz,
      resolve_tries integer not null default 0,
      next_run_at timestamptz,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      primary key (tenant_id, id),
      foreign key (tenant_id, payment_id) references payments (tenant_id, id)
    )`.execute(db)
  await sql`create index refunds_by_payment on refunds (tenant_id, payment_id, id)`.execute(db)
  await sql`create unique index refunds_by_provider_reference on refunds (tenant_id, connection_id, provider_reference) where provider_reference is not null`.execute(db)
  await sql`create index refunds_due on refunds (next_run_at) where next_run_at is not null`.execute(db)
  await tenantTable(db, 'refunds', { app: ['select', 'insert', 'update'], gate: ['select'] })

  await sql`
    create table events (
      tenant_id uuid not null,
      id uuid not null,
      mode text not null check (mode in ('test', 'live')),
      type text not null,
      subject_id uuid not null,
      data jsonb not null,
      created_at timestamptz not null,
      primary key (tenant_id, id)
    ) partition by range (id)`.execute(db)
  await sql`create index events_by_subject on events (tenant_id, subject_id, id)`.execute(db)
  // What happened does not change: no update.
  await tenantTable(db, 'events', { app: ['select', 'insert'], partitioned: true })
  await monthPartitions(db, 'events', new Date(), 4)

  await sql`
    create table alerts (
      tenant_id uuid not null references tenants (id),
      id uuid not null,
      mode text check (mode in ('test', 'live')),
      kind text not null,
      severity text not null check (severity in ('info', 'warning', 'critical')),
      subject_id text,
      dedupe_key text not null,
      detail jsonb not null default '{}',
      times integer not null default 1,
      created_at timestamptz not null,
      last_at timestamptz not null,
      acknowledged_at timestamptz,
      acknowledged_by text,
      primary key (tenant_id, id)
    )`.execute(db)
  await sql`create unique index alerts_open on alerts (tenant_id, dedupe_key) where acknowledged_at is null`.execute(db)
  await tenantTable(db, 'alerts', { app: ['select', 'insert', 'update'] })
}
