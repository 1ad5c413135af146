import { type Kysely, sql } from 'kysely'
import { gateFunction, monthPartitions, tenantTable } from './tenant-table.ts'

/** A tenant's accounts at providers, their sealed secrets, and every call that was made with them. */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`
    create table connections (
      tenant_id uuid not null references tenants (id),
      id uuid not null,
      provider text not null,
      mode text not null check (mode in ('test', 'live')),
      label text not null,
      enabled boolean not null default true,
      settings jsonb not null default '{}',
      account jsonb,
      hook_token_hash bytea not null unique,
      hook_token_sealed text not null,
      hook_reference text,
      hook_url text,
      hook_registered_at timestamptz,
      health text not null default 'untested' check (health in ('untested', 'healthy', 'failing', 'disabled')),
      tested_at timestamptz,
      test_evidence jsonb,
      last_success_at timestamptz,
      last_error_at timestamptz,
      last_error jsonb,
      failures_in_row integer not null default 0,
      first_event_at timestamptz,
      last_event_at timestamptz,
      last_refused_at timestamptz,
      version integer not null default 1,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      deleted_at timestamptz,
      primary key (tenant_id, id)
    )`.execute(db)
  await sql`create index connections_in_order on connections (tenant_id, mode, id desc) where deleted_at is null`.execute(db)
  await tenantTable(db, 'connections', { app: ['select', 'insert', 'update'], gate: ['select'] })

  await sql`
    create table credentials (
      tenant_id uuid not null,
      id uuid not null,
      connection_id uuid not null,
      name text not null,
      version integer not null,
      sealed text not null,
      fingerprint text not null,
      hint text not null,
      valid_from timestamptz not null default now(),
      valid_until timestamptz,
      primary key (tenant_id, id),
      unique (tenant_id, connection_id, name, version),
      foreign key (tenant_id, connection_id) references connections (tenant_id, id)
    )`.execute(db)
  await tenantTable(db, 'credentials', { app: ['select', 'insert', 'update', 'delete'], gate: ['select'] })

  await sql`
    create table operations (
      tenant_id uuid not null,
      id uuid not null,
      mode text not null check (mode in ('test', 'live')),
      connection_id uuid not null,
      provider text not null,
      kind text not null,
      subject_id uuid,
      idempotency_key text,
      outcome text not null default 'running' check (outcome in ('running', 'succeeded', 'refused', 'unknown', 'nowhere')),
      error_code text,
      provider_code text,
      http_status integer,
      duration_ms integer,
      exchanges jsonb not null default '[]',
      request_id text,
      started_at timestamptz not null,
      finished_at timestamptz,
      primary key (tenant_id, id)
    ) partition by range (id)`.execute(db)
  await sql`create index operations_by_subject on operations (tenant_id, subject_id, id)`.execute(db)
  await sql`create index operations_by_connection on operations (tenant_id, connection_id, id desc)`.execute(db)
  await tenantTable(db, 'operations', { app: ['select', 'insert', 'update'], partitioned: true })
  await monthPartitions(db, 'operations', new Date(), 4)

  // The hook token names the connection; its sealed secrets come along, so that a webhook costs one question. A connection
  // that is switched off, or a tenant that is suspended, still hears what became of the money it took before.
  await gateFunction(db, {
    signature: 'find_hook(p_token_hash bytea, p_secret_names jsonb, p_now timestamptz)',
    returns: 'table (tenant_id uuid, connection_id uuid, provider text, mode text, settings jsonb, secrets jsonb)',
    volatility: 'stable',
    body: `
      select c.tenant_id, c.id, c.provider, c.mode, c.settings,
        coalesce((select jsonb_agg(jsonb_build_object('name', k.name, 'version', k.version, 'sealed', k.sealed, 'valid_until', k.valid_until) order by k.version desc)
          from credentials k where k.tenant_id = c.tenant_id and k.connection_id = c.id
            and p_secret_names ->> c.provider = k.name and k.valid_from <= p_now and (k.valid_until is null or k.valid_until > p_now)), '[]'::jsonb)
      from connections c
      where c.hook_token_hash = p_token_hash and c.deleted_at is null`
  })
}
