import { type Kysely, sql } from 'kysely'
import { gateFunction, tenantTable } from './tenant-table.ts'

/** A second verifier that only reports, and how many webhooks are refused when. */
export async function up (db: Kysely<unknown>): Promise<void> {
  // Beside the event and not in it: only connections that are watched have any. No foreign key, because refused ones are in a ring.
  await sql`
    create table shadow_verdicts (
      tenant_id uuid not null,
      -- Of the inbound event, stored or refused.
      id uuid not null,
      connection_id uuid not null,
      scheme text not null,
      verdict text not null check (verdict in ('verified', 'unverifiable', 'refused')),
      reason text,
      agrees boolean not null,
      primary key (tenant_id, id)
    )`.execute(db)
  await sql`create index shadow_verdicts_by_connection on shadow_verdicts (tenant_id, connection_id, id)`.execute(db)
  await tenantTable(db, 'shadow_verdicts', { app: ['select', 'insert', 'delete'] })

  await sql`
    create table shadow_counters (
      tenant_id uuid not null,
      connection_id uuid not null,
      scheme text not null,
      agreed bigint not null default 0,
      differed bigint not null default 0,
      since timestamptz not null,
      primary key (tenant_id, connection_id, scheme)
    )`.execute(db)
  await tenantTable(db, 'shadow_counters', { app: ['select', 'insert', 'update'] })

  // The ring keeps the newest only; how many there were when is here, in steps of five minutes.
  await sql`
    create table inbound_refused_slots (
      tenant_id uuid not null,
      connection_id uuid not null,
      slot timestamptz not null,
      mode text not null check (mode in ('test', 'live')),
      provider text not null,
      refused bigint not null,
      primary key (tenant_id, connection_id, slot)
    )`.execute(db)
  await sql`create index inbound_refused_slots_by_time on inbound_refused_slots (slot)`.execute(db)
  await tenantTable(db, 'inbound_refused_slots', { app: ['select', 'insert', 'update', 'delete'], gate: ['select'] })

  // All tenants' together, where a provider is not understood any more: numbers only. What was taken is counted connection by
  // connection, each by its index, and only of a provider of which something was refused.
  await gateFunction(db, {
    signature: 'refused_by_provider(p_from timestamptz, p_to timestamptz)',
    returns: 'table (provider text, mode text, connections bigint, refused bigint, taken bigint)',
    volatility: 'stable',
    body: `
      with bounds as (
        select (lpad(to_hex((extract(epoch from p_from) * 1000)::bigint), 12, '0') || '70008000000000000000')::uuid as first,
          (lpad(to_hex((extract(epoch from p_to) * 1000)::bigint), 12, '0') || '70008000000000000000')::uuid as last
      ), r as (
        select s.provider, s.mode, count(distinct s.connection_id) as connections, sum(s.refused)::bigint as refused
        from inbound_refused_slots s where s.slot >= p_from and s.slot < p_to group by s.provider, s.mode
      )
      select r.provider, r.mode, r.connections, r.refused, coalesce((
        select sum((select count(*) from inbound_events e where e.tenant_id = c.tenant_id and e.connection_id = c.id and e.id >= b.first and e.id < b.last))
        from connections c, bounds b
        where c.provider = r.provider and c.mode = r.mode and c.deleted_at is null and c.last_event_at >= p_from), 0)::bigint
      from r`
  })
}
