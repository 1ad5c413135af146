import { type Kysely, sql } from 'kysely'
import { gateFunction, tenantTable } from './tenant-table.ts'

/** Alerts that end by themselves, thresholds per tenant, how a connection does, and support staff who ask before they enter. */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`alter table alerts add column resolved_at timestamptz`.execute(db)
  await sql`create index alerts_unresolved on alerts (tenant_id, kind, subject_id) where resolved_at is null`.execute(db)
  await sql`create policy gate on alerts to pasarela_gate using (true) with check (true)`.execute(db)
  await sql`grant select on alerts to pasarela_gate`.execute(db)

  await sql`
    create table alert_settings (
      tenant_id uuid not null,
      mode text not null check (mode in ('test', 'live')),
      settings jsonb not null,
      updated_at timestamptz not null,
      updated_by text not null,
      primary key (tenant_id, mode)
    )`.execute(db)
  await tenantTable(db, 'alert_settings', { app: ['select', 'insert', 'update'] })

  // How calls to a provider went, in steps of five minutes: written every second or so, not with each call.
  await sql`
    create table connection_slots (
      tenant_id uuid not null,
      connection_id uuid not null,
      slot timestamptz not null,
      succeeded integer not null,
      refused integer not null,
      unknown integer not null,
      nowhere integer not null,
      -- How many took how long: one count for each bound of core/alerts/latency.ts.
      durations integer[] not null,
      longest_ms integer not null,
      primary key (tenant_id, connection_id, slot)
    )`.execute(db)
  await sql`create index connection_slots_by_time on connection_slots (slot)`.execute(db)
  await tenantTable(db, 'connection_slots', { app: ['select', 'insert', 'update', 'delete'], gate: ['select'] })

  // Whose alerts are to be looked at, and have no timer yet: ids only.
  await gateFunction(db, {
    signature: 'alert_suspects(p_now timestamptz, p_limit integer)',
    returns: 'table (tenant_id uuid)',
    volatility: 'stable',
    body: `
      select s.tenant_id from (
        select b.tenant_id from connection_slots b where b.slot >= p_now - interval '15 minutes'
        union select c.tenant_id from connections c where c.last_event_at >= p_now - interval '31 days' and c.deleted_at is null
        union select a.tenant_id from alerts a where a.resolved_at is null
      ) s where not exists (select 1 from timers t where t.tenant_id = s.tenant_id and t.kind = 'alerts') limit p_limit`
  })

  await sql`
    create table support_access (
      tenant_id uuid not null references tenants (id),
      id uuid not null,
      -- Of the platform: no foreign key, because the user is another tenant's row.
      user_id uuid not null,
      user_name text not null,
      kind text not null check (kind in ('look', 'repair')),
      reason text not null,
      created_at timestamptz not null,
      expires_at timestamptz not null,
      ended_at timestamptz,
      ended_by text,
      primary key (tenant_id, id),
      check (expires_at > created_at and expires_at <= created_at + interval '8 hours')
    )`.execute(db)
  await sql`create index support_access_by_user on support_access (user_id, id desc)`.execute(db)
  await tenantTable(db, 'support_access', { app: ['select', 'insert', 'update(ended_at, ended_by)'], gate: ['select'] })

  // With the session, in the same round trip: may this person be there now?
  await gateFunction(db, {
    signature: 'find_support_access(p_user uuid, p_tenant uuid, p_now timestamptz)',
    returns: 'table (id uuid, kind text)',
    volatility: 'stable',
    body: `
      select a.id, a.kind from support_access a
      where a.user_id = p_user and a.tenant_id = p_tenant and a.ended_at is null and a.created_at <= p_now and a.expires_at > p_now
      order by a.kind = 'repair' desc, a.expires_at desc limit 1`
  })
  await gateFunction(db, {
    signature: 'list_support_access(p_user uuid, p_id uuid, p_before uuid, p_from uuid, p_limit integer)',
    returns: 'setof support_access',
    volatility: 'stable',
    body: `
      select * from support_access a
      where (p_user is null or a.user_id = p_user) and (p_id is null or a.id = p_id) and (p_before is null or a.id < p_before) and (p_from is null or a.id >= p_from)
      order by a.id desc limit p_limit`
  })

  // Where something is wrong, of all tenants: counts, and a name that the hub masks before it is shown.
  await gateFunction(db, {
    signature: 'support_overview(p_now timestamptz, p_mode text, p_after uuid, p_limit integer)',
    returns: `table (tenant_id uuid, name text, status text, critical bigint, warning bigint, info bigint, kinds jsonb, connections bigint, failing bigint, reconnect bigint,
      calls bigint, failed bigint, refused_webhooks bigint, last_webhook_at timestamptz, entered bigint)`,
    volatility: 'stable',
    body: `
      with a as (
        select tenant_id, sum(critical)::bigint as critical, sum(warning)::bigint as warning, sum(info)::bigint as info, jsonb_object_agg(kind, critical + warning + info) as kinds
        from (
          select tenant_id, kind, count(*) filter (where severity = 'critical') as critical, count(*) filter (where severity = 'warning') as warning, count(*) filter (where severity = 'info') as info
          from alerts where resolved_at is null and (mode = p_mode or mode is null) group by 1, 2
        ) k group by 1
      ), c as (
        select tenant_id, count(*) as connections, count(*) filter (where enabled and health = 'failing') as failing,
          count(*) filter (where enabled and reconnect_since is not null) as reconnect, max(last_event_at) as last_webhook_at
        from connections where mode = p_mode and deleted_at is null group by 1
      ), s as (
        select b.tenant_id, sum(b.succeeded + b.refused + b.unknown + b.nowhere)::bigint as calls, sum(b.unknown + b.nowhere)::bigint as failed
        from connection_slots b join connections x on x.tenant_id = b.tenant_id and x.id = b.connection_id and x.mode = p_mode
        where b.slot >= p_now - interval '1 hour' group by 1
      ), r as (
        select tenant_id, sum(refused)::bigint as refused from inbound_refused_slots where mode = p_mode and slot >= p_now - interval '1 day' group by 1
      ), g as (
        select tenant_id, count(*) as entered from support_access where ended_at is null and expires_at > p_now group by 1
      )
      select t.id, t.name, t.status, coalesce(a.critical, 0), coalesce(a.warning, 0), coalesce(a.info, 0), coalesce(a.kinds, '{}'::jsonb), coalesce(c.connections, 0), coalesce(c.failing, 0),
        coalesce(c.reconnect, 0), coalesce(s.calls, 0), coalesce(s.failed, 0), coalesce(r.refused, 0), c.last_webhook_at, coalesce(g.entered, 0)
      from tenants t left join a on a.tenant_id = t.id left join c on c.tenant_id = t.id left join s on s.tenant_id = t.id left join r on r.tenant_id = t.id left join g on g.tenant_id = t.id
      where (p_after is null or t.id > p_after) and (a.tenant_id is not null or c.failing > 0 or c.reconnect > 0 or s.failed > 0 or r.refused > 0 or g.entered > 0)
      order by t.id limit p_limit`
  })
}
