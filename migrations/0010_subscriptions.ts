import { type Kysely, sql } from 'kysely'
import { tenantTable } from './tenant-table.ts'

/** What is paid again and again: plans, subscriptions to them, and the claim of each period. */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`
    create table plans (
      tenant_id uuid not null,
      id uuid not null,
      mode text not null check (mode in ('test', 'live')),
      name text not null,
      amount bigint not null check (amount > 0),
      currency text not null check (currency ~ '^[A-Z]{3}$'),
      interval text not null check (interval in ('day', 'week', 'month', 'year')),
      interval_count integer not null check (interval_count > 0),
      trial_days integer check (trial_days >= 0),
      reference text,
      metadata jsonb not null default '{}',
      created_at timestamptz not null,
      archived_at timestamptz,
      primary key (tenant_id, id)
    )`.execute(db)
  await sql`create index plans_in_order on plans (tenant_id, mode, id desc)`.execute(db)
  await tenantTable(db, 'plans', { app: ['select', 'insert', 'update'] })

  await sql`
    create table subscriptions (
      tenant_id uuid not null,
      id uuid not null,
      mode text not null check (mode in ('test', 'live')),
      connection_id uuid not null,
      provider text not null,
      customer_id uuid not null,
      plan_id uuid not null,
      payment_method_id uuid,
      quantity integer not null check (quantity > 0),
      status text not null check (status in ('incomplete', 'trialing', 'active', 'past_due', 'unpaid', 'paused', 'canceled', 'expired', 'unknown')),
      known_status text not null check (known_status in ('incomplete', 'trialing', 'active', 'past_due', 'unpaid', 'paused', 'canceled', 'expired')),
      provider_status text,
      provider_reference text,
      current_period_start timestamptz,
      current_period_end timestamptz,
      cancel_at_period_end boolean not null default false,
      canceled_at timestamptz,
      trial_days integer,
      trial_ends_at timestamptz,
      trial_told_at timestamptz,
      return_url text,
      next_action_sealed text,
      error jsonb,
      review jsonb,
      reference text,
      metadata jsonb not null default '{}',
      cancel_wanted text check (cancel_wanted in ('now', 'period_end')),
      -- Counts the facts applied: who asked the provider before the last one may be telling old news.
      version integer not null default 0,
      -- The call whose outcome is not known yet: what was asked, under which key, and since when. It names nothing secret.
      pending_kind text check (pending_kind in ('create_subscription', 'update_subscription', 'cancel_subscription', 'pause_subscription', 'resume_subscription')),
      pending_change jsonb,
      pending_operation_id uuid,
      pending_key text,
      pending_since timestamptz,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      primary key (tenant_id, id),
      foreign key (tenant_id, customer_id) references customers (tenant_id, id),
      foreign key (tenant_id, plan_id) references plans (tenant_id, id)
    )`.execute(db)
  await sql`create index subscriptions_in_order on subscriptions (tenant_id, mode, id desc)`.execute(db)
  await sql`create index subscriptions_by_customer on subscriptions (tenant_id, customer_id, id desc)`.execute(db)
  await sql`create unique index subscriptions_by_provider_reference on subscriptions (tenant_id, connection_id, provider_reference) where provider_reference is not null`.execute(db)
  await sql`create index subscriptions_by_reference on subscriptions (tenant_id, mode, reference) where reference is not null`.execute(db)
  await tenantTable(db, 'subscriptions', { app: ['select', 'insert', 'update'] })

  await sql`
    create table subscription_cycles (
      tenant_id uuid not null,
      id uuid not null,
      mode text not null check (mode in ('test', 'live')),
      subscription_id uuid not null,
      connection_id uuid not null,
      provider_reference text not null,
      status text not null check (status in ('draft', 'open', 'paid', 'uncollectible', 'void')),
      amount bigint not null check (amount >= 0),
      currency text not null,
      period_start timestamptz,
      period_end timestamptz,
      attempts integer not null default 0,
      next_attempt_at timestamptz,
      error jsonb,
      payment_reference text,
      payment_id uuid,
      -- The payment has changed since we last asked for it.
      payment_owed boolean not null default false,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      primary key (tenant_id, id),
      unique (tenant_id, connection_id, provider_reference),
      foreign key (tenant_id, subscription_id) references subscriptions (tenant_id, id)
    )`.execute(db)
  await sql`create index subscription_cycles_in_order on subscription_cycles (tenant_id, subscription_id, period_start desc, id desc)`.execute(db)
  await tenantTable(db, 'subscription_cycles', { app: ['select', 'insert', 'update'] })
}
