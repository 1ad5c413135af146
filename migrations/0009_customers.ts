import { type Kysely, sql } from 'kysely'
import { tenantTable } from './tenant-table.ts'

/** Who pays: customers of a tenant, what stands for them at each provider, and the methods that they saved there. */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`
    create table customers (
      tenant_id uuid not null,
      id uuid not null,
      mode text not null check (mode in ('test', 'live')),
      name text,
      email text,
      phone text,
      tax_id text,
      address jsonb,
      reference text,
      metadata jsonb not null default '{}',
      default_method_id uuid,
      -- Counts the changes: a provider that was told an older one is told again.
      version integer not null default 1,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      -- The row stays, for what refers to it; what was personal in it is gone.
      deleted_at timestamptz,
      primary key (tenant_id, id)
    )`.execute(db)
  await sql`create index customers_in_order on customers (tenant_id, mode, id desc) where deleted_at is null`.execute(db)
  await sql`create index customers_by_email on customers (tenant_id, mode, lower(email)) where email is not null`.execute(db)
  await sql`create index customers_by_tax_id on customers (tenant_id, mode, tax_id) where tax_id is not null`.execute(db)
  await sql`create index customers_by_reference on customers (tenant_id, mode, reference) where reference is not null`.execute(db)
  await tenantTable(db, 'customers', { app: ['select', 'insert', 'update'] })

  await sql`
    -- What stands at a connection's provider for one of our objects. Made when it is first needed, by one caller at a time.
    create table counterparts (
      tenant_id uuid not null,
      id uuid not null,
      kind text not null check (kind in ('customer', 'plan')),
      owner_id uuid not null,
      connection_id uuid not null,
      provider_reference text,
      -- The key under which it is asked for; another one after a refusal.
      key_id uuid not null,
      -- Since when the outcome is not known, and when it was sent last. Null: it was never asked for, or the last outcome is known.
      asked_at timestamptz,
      sent_at timestamptz,
      -- Until then somebody is at it.
      busy_until timestamptz,
      told_version integer,
      removed_at timestamptz,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      primary key (tenant_id, id),
      unique (tenant_id, kind, owner_id, connection_id)
    )`.execute(db)
  await tenantTable(db, 'counterparts', { app: ['select', 'insert', 'update'] })

  await sql`
    create table payment_methods (
      tenant_id uuid not null,
      id uuid not null,
      mode text not null check (mode in ('test', 'live')),
      customer_id uuid not null,
      connection_id uuid not null,
      provider text not null,
      type text not null,
      status text not null check (status in ('unknown', 'requires_action', 'active', 'failed', 'removed')),
      brand text,
      last4 text,
      exp_month integer,
      exp_year integer,
      -- The provider's id, with which money can be taken; the mac finds it by what a webhook names.
      provider_sealed text,
      provider_mac bytea,
      setup_reference text,
      next_action_sealed text,
      error jsonb,
      -- The call that saves it, until its outcome is known.
      pending_key text,
      pending_operation_id uuid,
      pending_sealed text,
      pending_since timestamptz,
      removed_at timestamptz,
      -- The provider no longer has it either.
      detached_at timestamptz,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      primary key (tenant_id, id),
      foreign key (tenant_id, customer_id) references customers (tenant_id, id)
    )`.execute(db)
  await sql`create index payment_methods_by_customer on payment_methods (tenant_id, customer_id, id desc)`.execute(db)
  await sql`create index payment_methods_by_provider on payment_methods (tenant_id, connection_id, provider_mac) where provider_mac is not null`.execute(db)
  await sql`create index payment_methods_by_setup on payment_methods (tenant_id, connection_id, setup_reference) where setup_reference is not null`.execute(db)
  await tenantTable(db, 'payment_methods', { app: ['select', 'insert', 'update'] })
}
