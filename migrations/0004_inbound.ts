import { type Kysely, sql } from 'kysely'
import { gateFunction, monthPartitions, tenantTable } from './tenant-table.ts'

/** Webhooks in: what was verified and stored, what was refused and why, and who has work to do. */
export async function up (db: Kysely<unknown>): Promise<void> {
  // Deduplication has its own table: a unique key on a partitioned one would have to contain the month.
  await sql`
    create table inbound_seen (
      tenant_id uuid not null,
      connection_id uuid not null,
      dedupe_key text not null,
      event_id uuid not null,
      duplicates integer not null default 0,
      primary key (tenant_id, connection_id, dedupe_key)
    )`.execute(db)
  await tenantTable(db, 'inbound_seen', { app: ['select', 'insert', 'update'], gate: ['select', 'insert', 'update'] })

  await sql`
    create table inbound_events (
      tenant_id uuid not null,
      id uuid not null,
      connection_id uuid not null,
      mode text not null check (mode in ('test', 'live')),
      provider text not null,
      verdict text not null check (verdict in ('verified', 'unverifiable')),
      event_type text not null,
      dedupe_key text not null,
      -- What the provider sent, as it came: it may hold what lets a buyer pay, so the tenant's key seals it.
      body_sealed text not null,
      headers jsonb not null,
      url text not null,
      status text not null default 'received' check (status in ('received', 'retrying', 'processed', 'ignored', 'unmatched', 'parked')),
      reason text,
      attempts integer not null default 0,
      subject_id uuid,
      received_at timestamptz not null,
      processed_at timestamptz,
      next_run_at timestamptz,
      primary key (tenant_id, id)
    ) partition by range (id)`.execute(db)
  await sql`create index inbound_events_due on inbound_events (next_run_at) where next_run_at is not null`.execute(db)
  await sql`create index inbound_events_by_subject on inbound_events (tenant_id, subject_id, id) where subject_id is not null`.execute(db)
  await sql`create index inbound_events_by_connection on inbound_events (tenant_id, connection_id, id desc)`.execute(db)
  await tenantTable(db, 'inbound_events', { app: ['select', 'insert', 'update'], gate: ['select', 'insert'], partitioned: true })
  // What is sealed does not get smaller, so no time is spent on trying.
  await sql`alter table inbound_events alter column body_sealed set storage external`.execute(db)
  await monthPartitions(db, 'inbound_events', new Date(), 4)

  // A ring per connection: the newest N are kept, so nobody fills the disk with what we refused.
  await sql`
    create table inbound_refused (
      tenant_id uuid not null,
      connection_id uuid not null,
      slot integer not null,
      id uuid not null,
      mode text not null check (mode in ('test', 'live')),
      reason text not null,
      body_sealed text not null,
      body_bytes integer not null,
      headers jsonb not null,
      address text,
      received_at timestamptz not null,
      primary key (tenant_id, connection_id, slot)
    )`.execute(db)
  await sql`create unique index inbound_refused_by_id on inbound_refused (tenant_id, id)`.execute(db)
  await tenantTable(db, 'inbound_refused', { app: ['select', 'insert', 'update'] })

  await sql`
    create table inbound_refused_counters (
      tenant_id uuid not null,
      connection_id uuid not null,
      refused bigint not null default 0,
      primary key (tenant_id, connection_id)
    )`.execute(db)
  await tenantTable(db, 'inbound_refused_counters', { app: ['select', 'insert', 'update'] })

  // Many tenants' webhooks in one insert and one commit. A key seen before only counts as a duplicate.
  await gateFunction(db, {
    signature: `store_hooks(p_tenant uuid[], p_connection uuid[], p_id uuid[], p_mode text[], p_provider text[], p_verdict text[],
      p_type text[], p_key text[], p_body_sealed text[], p_headers text[], p_url text[], p_now timestamptz)`,
    returns: 'table (event_id uuid, fresh boolean)',
    volatility: 'volatile',
    body: `
      with r as (
        select * from unnest(p_tenant, p_connection, p_id, p_mode, p_provider, p_verdict, p_type, p_key, p_body_sealed, p_headers, p_url)
          as u (tenant_id, connection_id, id, mode, provider, verdict, event_type, dedupe_key, body_sealed, headers, url)
      ), s as (
        insert into inbound_seen as seen (tenant_id, connection_id, dedupe_key, event_id)
        select tenant_id, connection_id, dedupe_key, id from r
        on conflict (tenant_id, connection_id, dedupe_key) do update set duplicates = seen.duplicates + 1
        returning seen.event_id
      ), e as (
        insert into inbound_events (tenant_id, id, connection_id, mode, provider, verdict, event_type, dedupe_key, body_sealed, headers, url, received_at, next_run_at)
        select r.tenant_id, r.id, r.connection_id, r.mode, r.provider, r.verdict, r.event_type, r.dedupe_key, r.body_sealed, r.headers::jsonb, r.url, p_now, p_now
        from r join s on s.event_id = r.id
      )
      select s.event_id, exists (select 1 from r where r.id = s.event_id) from s`
  })

  // Who has work: ids only. Several sweepers may ask at once; the row lock in the job decides.
  await gateFunction(db, {
    signature: 'due_work(p_now timestamptz, p_limit integer)',
    returns: 'table (kind text, tenant_id uuid, id uuid)',
    volatility: 'stable',
    body: `
      (select 'inbound', tenant_id, id from inbound_events where next_run_at <= p_now order by next_run_at limit p_limit)
      union all
      (select 'payment', tenant_id, id from payments where next_run_at <= p_now order by next_run_at limit p_limit)
      union all
      (select 'refund', tenant_id, id from refunds where next_run_at <= p_now order by next_run_at limit p_limit)`
  })
  await gateFunction(db, {
    signature: 'queue_health(p_now timestamptz)',
    returns: 'table (kind text, waiting bigint, oldest_seconds double precision)',
    volatility: 'stable',
    body: `
      select 'inbound', count(*), coalesce(extract(epoch from p_now - min(next_run_at)), 0)::double precision from inbound_events where next_run_at <= p_now
      union all
      select 'payment', count(*), coalesce(extract(epoch from p_now - min(next_run_at)), 0)::double precision from payments where next_run_at <= p_now
      union all
      select 'refund', count(*), coalesce(extract(epoch from p_now - min(next_run_at)), 0)::double precision from refunds where next_run_at <= p_now`
  })
}
