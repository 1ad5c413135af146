import { type Kysely, sql } from 'kysely'
import { gateFunction, tenantTable } from './tenant-table.ts'

/** Who may do what: tenants, people, sessions, keys, partners, what they changed, and the keys that seal their secrets. */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`
    create table tenants (
      id uuid primary key,
      kind text not null default 'tenant' check (kind in ('tenant', 'platform')),
      name text not null,
      country text not null check (country ~ '^[A-Z]{2}$'),
      host_name text unique,
      status text not null default 'active' check (status in ('active', 'suspended')),
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    )`.execute(db)
  await sql`create unique index one_platform on tenants (kind) where kind = 'platform'`.execute(db)
  await tenantTable(db, 'tenants', { tenantColumn: 'id', app: ['select', 'insert', 'update'], gate: ['select'] })

  await sql`
    create table users (
      tenant_id uuid not null references tenants (id),
      id uuid not null,
      email text not null check (email = lower(email)),
      name text not null,
      role text not null check (role in ('platform_admin', 'support', 'tenant_admin', 'tenant_member', 'viewer')),
      password_hash text not null,
      status text not null default 'active' check (status in ('active', 'disabled')),
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      primary key (tenant_id, id),
      unique (tenant_id, email)
    )`.execute(db)
  await sql`create index users_by_email on users (email)`.execute(db)
  await tenantTable(db, 'users', { app: ['select', 'insert', 'update'], gate: ['select'] })

  await sql`
    create table sessions (
      tenant_id uuid not null references tenants (id),
      id uuid not null,
      user_id uuid not null,
      token_hash bytea not null unique,
      address text,
      user_agent text,
      created_at timestamptz not null default now(),
      last_seen_at timestamptz not null default now(),
      expires_at timestamptz not null,
      revoked_at timestamptz,
      primary key (tenant_id, id),
      foreign key (tenant_id, user_id) references users (tenant_id, id)
    )`.execute(db)
  await sql`create index sessions_by_user on sessions (tenant_id, user_id) where revoked_at is null`.execute(db)
  await tenantTable(db, 'sessions', { app: ['select', 'insert', 'update'], gate: ['select'] })

  await sql`
    create table partners (
      tenant_id uuid not null references tenants (id),
      id uuid not null,
      name text not null,
      created_at timestamptz not null default now(),
      primary key (tenant_id, id)
    )`.execute(db)
  await tenantTable(db, 'partners', { app: ['select', 'insert', 'update'] })

  // A row here is the tenant's consent that the partner acts for it, so it belongs to the tenant.
  await sql`
    create table partner_tenants (
      tenant_id uuid not null references tenants (id),
      partner_id uuid not null,
      created_at timestamptz not null default now(),
      primary key (tenant_id, partner_id)
    )`.execute(db)
  await sql`create index partner_tenants_by_partner on partner_tenants (partner_id)`.execute(db)
  await tenantTable(db, 'partner_tenants', { app: ['select', 'insert', 'delete'], gate: ['select'] })

  await sql`
    create table api_keys (
      tenant_id uuid not null references tenants (id),
      id uuid not null,
      kind text not null check (kind in ('tenant', 'partner', 'platform')),
      partner_id uuid,
      mode text not null check (mode in ('test', 'live')),
      label text not null,
      hint text not null,
      hash bytea not null unique,
      scopes text[] not null,
      created_at timestamptz not null default now(),
      expires_at timestamptz,
      last_used_at timestamptz,
      revoked_at timestamptz,
      primary key (tenant_id, id),
      check ((kind = 'partner') = (partner_id is not null))
    )`.execute(db)
  await tenantTable(db, 'api_keys', { app: ['select', 'insert', 'update'], gate: ['select', 'update'] })

  await sql`
    create table audit_log (
      tenant_id uuid not null,
      id uuid not null,
      actor_type text not null check (actor_type in ('user', 'api_key', 'system')),
      actor_id text not null,
      action text not null,
      subject_type text not null,
      subject_id text not null,
      detail jsonb not null default '{}',
      request_id text,
      address text,
      created_at timestamptz not null default now(),
      primary key (tenant_id, id)
    )`.execute(db)
  await sql`create index audit_log_by_subject on audit_log (tenant_id, subject_id, id)`.execute(db)
  // Append-only for the application: no update, no delete.
  await tenantTable(db, 'audit_log', { app: ['select', 'insert'] })

  await sql`
    create table data_keys (
      tenant_id uuid not null references tenants (id),
      id uuid not null,
      wrapped text not null,
      master_key_id text not null,
      current boolean not null default true,
      created_at timestamptz not null default now(),
      primary key (tenant_id, id)
    )`.execute(db)
  await sql`create unique index one_current_data_key on data_keys (tenant_id) where current`.execute(db)
  await sql`create index data_keys_by_master on data_keys (master_key_id)`.execute(db)
  await tenantTable(db, 'data_keys', { app: ['select', 'insert', 'update'], gate: ['select'] })

  await sql`
    create table idempotency_keys (
      tenant_id uuid not null,
      mode text not null check (mode in ('test', 'live')),
      key text not null,
      request_hash bytea not null,
      owner uuid not null,
      leased_until timestamptz not null,
      subject text,
      answer_status integer,
      answer_sealed text,
      created_at timestamptz not null default now(),
      expires_at timestamptz not null,
      primary key (tenant_id, mode, key)
    )`.execute(db)
  await sql`create index idempotency_keys_by_expiry on idempotency_keys (expires_at)`.execute(db)
  await tenantTable(db, 'idempotency_keys', { app: ['select', 'insert', 'update', 'delete'], gate: ['select', 'update', 'delete'] })

  // --- gate: the only ways to a row without knowing its tenant -------------------------------------------------------

  await gateFunction(db, {
    signature: 'find_api_key(p_hash bytea, p_now timestamptz)',
    returns: 'table (tenant_id uuid, id uuid, kind text, partner_id uuid, mode text, scopes text[], tenant_status text, seen_lately boolean)',
    volatility: 'stable',
    body: `
      select k.tenant_id, k.id, k.kind, k.partner_id, k.mode, k.scopes, t.status, coalesce(k.last_used_at > p_now - interval '1 minute', false)
      from api_keys k join tenants t on t.id = k.tenant_id
      where k.hash = p_hash and k.revoked_at is null and (k.expires_at is null or k.expires_at > p_now)
        and (k.kind = 'tenant' or t.kind = 'platform')` // a wide key is one only where the platform keeps it
  })
  await gateFunction(db, {
    signature: 'api_key_used(p_tenant uuid, p_id uuid, p_now timestamptz)',
    returns: 'void',
    volatility: 'volatile',
    body: 'update api_keys set last_used_at = p_now where tenant_id = p_tenant and id = p_id'
  })
  await gateFunction(db, {
    signature: 'find_session(p_hash bytea, p_now timestamptz)',
    returns: 'table (tenant_id uuid, id uuid, user_id uuid, role text, email text, tenant_status text, seen_lately boolean)',
    volatility: 'stable',
    body: `
      select s.tenant_id, s.id, s.user_id, u.role, u.email, t.status, s.last_seen_at > p_now - interval '1 minute'
      from sessions s
      join users u on u.tenant_id = s.tenant_id and u.id = s.user_id and u.status = 'active'
      join tenants t on t.id = s.tenant_id
      where s.token_hash = p_hash and s.revoked_at is null and s.expires_at > p_now
        and (u.role not in ('platform_admin', 'support') or t.kind = 'platform')`
  })
  await gateFunction(db, {
    signature: 'find_login(p_email text, p_tenant uuid)',
    returns: 'table (tenant_id uuid, user_id uuid, password_hash text, tenant_name text)',
    volatility: 'stable',
    body: `
      select u.tenant_id, u.id, u.password_hash, t.name
      from users u join tenants t on t.id = u.tenant_id and t.status = 'active'
      where u.email = p_email and u.status = 'active' and (p_tenant is null or u.tenant_id = p_tenant) order by u.tenant_id limit 20`
  })
  await gateFunction(db, {
    signature: 'find_tenant(p_id uuid)',
    returns: 'table (id uuid, kind text, name text, country text, status text)',
    volatility: 'stable',
    body: 'select id, kind, name, country, status from tenants where id = p_id'
  })
  await gateFunction(db, {
    signature: 'platform_tenant()',
    returns: 'table (id uuid)',
    volatility: 'stable',
    body: "select id from tenants where kind = 'platform'"
  })
  await gateFunction(db, {
    signature: 'partner_serves(p_partner uuid, p_tenant uuid)',
    returns: 'boolean',
    volatility: 'stable',
    body: 'select exists (select 1 from partner_tenants where partner_id = p_partner and tenant_id = p_tenant)'
  })
  await gateFunction(db, {
    signature: 'list_tenants(p_partner uuid, p_status text, p_from uuid, p_before uuid, p_limit integer)',
    returns: 'table (id uuid, name text, country text, host_name text, status text, created_at timestamptz)',
    volatility: 'stable',
    body: `
      select t.id, t.name, t.country, t.host_name, t.status, t.created_at from tenants t
      where t.kind = 'tenant' and (p_before is null or t.id < p_before) and (p_from is null or t.id >= p_from) and (p_status is null or t.status = p_status)
        and (p_partner is null or exists (select 1 from partner_tenants p where p.tenant_id = t.id and p.partner_id = p_partner))
      order by t.id desc limit p_limit`
  })
  await gateFunction(db, {
    signature: 'data_keys_not_under(p_master_key_id text, p_limit integer)',
    returns: 'table (tenant_id uuid, id uuid, wrapped text)',
    volatility: 'stable',
    body: 'select tenant_id, id, wrapped from data_keys where master_key_id <> p_master_key_id order by id limit p_limit'
  })
  await gateFunction(db, {
    signature: 'renew_idempotency_leases(p_owner uuid, p_until timestamptz)',
    returns: 'void',
    volatility: 'volatile',
    body: 'update idempotency_keys set leased_until = p_until where owner = p_owner and answer_status is null'
  })
  await gateFunction(db, {
    signature: 'forget_idempotency_keys(p_now timestamptz, p_limit integer)',
    returns: 'bigint',
    volatility: 'volatile',
    body: `
      with gone as (
        delete from idempotency_keys where (tenant_id, mode, key) in (
          select tenant_id, mode, key from idempotency_keys where expires_at < p_now limit p_limit for update skip locked)
        returning 1)
      select count(*) from gone`
  })
}
