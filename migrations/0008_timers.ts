import { type Kysely, sql } from 'kysely'
import { gateFunction, tenantTable } from './tenant-table.ts'

/**
 * When a row of any table wants to be looked at: one table for every kind of background work, so that a new kind needs no
 * index, no column and no gate function of its own. (Payments, refunds and webhooks keep `next_run_at` in the row: theirs is the hot path.)
 */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`
    create table timers (
      tenant_id uuid not null,
      kind text not null,
      id uuid not null,
      due_at timestamptz not null,
      tries integer not null default 0,
      primary key (tenant_id, kind, id)
    )`.execute(db)
  await sql`create index timers_due on timers (due_at)`.execute(db)
  await tenantTable(db, 'timers', { app: ['select', 'insert', 'update', 'delete'], gate: ['select'] })
  await gateFunction(db, {
    signature: 'due_work(p_now timestamptz, p_limit integer)',
    returns: 'table (kind text, tenant_id uuid, id uuid)',
    volatility: 'stable',
    body: `
      (select 'inbound', tenant_id, id from inbound_events where next_run_at <= p_now order by next_run_at limit p_limit)
      union all
      (select 'payment', tenant_id, id from payments where next_run_at <= p_now order by next_run_at limit p_limit)
      union all
      (select 'refund', tenant_id, id from refunds where next_run_at <= p_now order by next_run_at limit p_limit)
      union all
      (select kind, tenant_id, id from timers where due_at <= p_now order by due_at limit p_limit)`
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
      select 'refund', count(*), coalesce(extract(epoch from p_now - min(next_run_at)), 0)::double precision from refunds where next_run_at <= p_now
      union all
      select kind, count(*), coalesce(extract(epoch from p_now - min(due_at)), 0)::double precision from timers where due_at <= p_now group by kind`
  })
}
