import { type Kysely, sql } from 'kysely'
import { gateFunction } from './tenant-table.ts'

/**
 * Which trace wrote a row (a W3C `traceparent`), so that the work which a row brings later goes on in it: the row is the
 * truth, and a job that was lost took its trace along. Null wherever nothing is traced.
 */
export async function up (db: Kysely<unknown>): Promise<void> {
  for (const table of ['timers', 'operations', 'events']) await sql`alter table ${sql.table(table)} add column trace text`.execute(db)
  // Said once per transaction, by `inTenant` and by the functions' callers: whoever writes these rows, also from SQL, need not know of it.
  for (const table of ['operations', 'events']) await sql`alter table ${sql.table(table)} alter column trace set default nullif(current_setting('app.trace', true), '')`.execute(db)

  // Of a call, an event and a timer no more than whose it is and its trace.
  await lookedAtByGate(db, 'operations')
  await lookedAtByGate(db, 'events')
  await sql`grant select (tenant_id, id, subject_id, trace) on operations to pasarela_gate`.execute(db)
  await sql`grant select (tenant_id, id, trace) on events to pasarela_gate`.execute(db)
  await gateFunction(db, {
    signature: 'traces_of(p_kinds text[], p_tenants uuid[], p_ids uuid[], p_since uuid)',
    returns: 'table (kind text, id uuid, trace text)',
    volatility: 'stable',
    body: `
      select w.kind, w.id, case when w.kind = 'event' then (select v.trace from events v where v.tenant_id = w.tenant_id and v.id = w.id) else coalesce(
        (select m.trace from timers m where m.tenant_id = w.tenant_id and m.kind = w.kind and m.id = w.id),
        (select o.trace from operations o where o.tenant_id = w.tenant_id and o.subject_id = w.id and o.id >= p_since order by o.id desc limit 1)) end
      from unnest(p_kinds, p_tenants, p_ids) as w (kind, tenant_id, id)`
  })

  // How many alerts stand open, for the operator's gauges: counts by kind, and nothing of whose they are.
  await lookedAtByGate(db, 'alerts')
  await sql`grant select (kind, severity, acknowledged_at, resolved_at) on alerts to pasarela_gate`.execute(db)
  await gateFunction(db, {
    signature: 'open_alerts()',
    returns: 'table (kind text, severity text, count bigint)',
    volatility: 'stable',
    body: 'select kind, severity, count(*) from alerts where acknowledged_at is null and resolved_at is null group by kind, severity'
  })
}

/** The policy that every table with columns for gate functions has; another migration may have made it. */
async function lookedAtByGate (db: Kysely<unknown>, table: string): Promise<void> {
  const { rows } = await sql`select from pg_policies where schemaname = 'public' and tablename = ${table} and policyname = 'gate'`.execute(db)
  if (rows.length === 0) await sql`create policy gate on ${sql.table(table)} to pasarela_gate using (true) with check (true)`.execute(db)
}
