import { type Kysely, sql } from 'kysely'
import { gateFunction, tenantTable } from './tenant-table.ts'

/** Named schedules with what their last run did; what is forgotten when it is old enough; and who has work of which kind, for a run by hand. */
export async function up (db: Kysely<unknown>): Promise<void> {
  // Of the installation, so of the platform's tenant: no other sees them.
  await sql`
    create table schedules (
      tenant_id uuid not null references tenants (id),
      name text not null,
      due_at timestamptz not null,
      started_at timestamptz,
      finished_at timestamptz,
      outcome text check (outcome in ('running', 'succeeded', 'failed', 'stopped')),
      -- Of the last run that ended well: how much it did, and where the next one goes on.
      counts jsonb not null default '{}',
      error text,
      primary key (tenant_id, name)
    )`.execute(db)
  await tenantTable(db, 'schedules', { app: ['select', 'insert', 'update'] })

  // --- retention ----------------------------------------------------------------------------------------------------

  // What no law and no reconciliation needs any more is deleted by its own tenant's hand, tenant by tenant.
  await sql`grant delete on operations, inbound_events, inbound_refused, inbound_seen, sessions to pasarela_app`.execute(db)
  await gateMay(db, 'events', 'select, delete, update (data)')
  await gateMay(db, 'audit_log', 'select (tenant_id, id), delete')

  // What is append-only for the application may only end of old age, and no younger than these, whatever is asked.
  await gateFunction(db, {
    signature: 'forget_append_only(p_table text, p_tenant uuid, p_before uuid, p_limit integer)',
    returns: 'bigint',
    language: 'plpgsql',
    volatility: 'volatile',
    body: `
      declare
        gone bigint;
        least_age interval := case p_table when 'audit_log' then interval '365 days' when 'events' then interval '30 days' end;
      begin
        if least_age is null then raise exception '% is not forgotten here', p_table; end if;
        if (('x' || substr(replace(p_before::text, '-', ''), 1, 12))::bit(48)::bigint / 1000.0) > extract(epoch from now() - least_age) then
          raise exception '% is kept for % at least', p_table, least_age;
        end if;
        if p_table = 'audit_log' then
          with old as (delete from audit_log where tenant_id = p_tenant and id in (select id from audit_log where tenant_id = p_tenant and id < p_before order by id limit p_limit) returning 1)
          select count(*) into gone from old;
        else
          with old as (delete from events where tenant_id = p_tenant and id in (select id from events where tenant_id = p_tenant and id < p_before order by id limit p_limit) returning 1)
          select count(*) into gone from old;
        end if;
        return gone;
      end`
  })

  // Of an event's data only facts stay: what happened to how much money and which document, and no person.
  await gateFunction(db, {
    signature: 'expunge_events(p_tenant uuid, p_from uuid, p_before uuid, p_subjects uuid[], p_limit integer)',
    returns: 'bigint',
    volatility: 'volatile',
    body: `
      with old as (
        select tenant_id, id from events
        where tenant_id = p_tenant and id >= p_from and id < p_before and (p_subjects is null or subject_id = any(p_subjects)) and not (data ? 'expunged')
        order by id limit p_limit
      ), gone as (
        update events e set data = jsonb_build_object('expunged', true) || coalesce((
          select jsonb_object_agg(key, value) from jsonb_each(e.data)
          where key in ('id', 'object', 'mode', 'status', 'amount', 'amount_captured', 'amount_refunded', 'amount_received', 'currency', 'total', 'provider', 'connection', 'provider_reference', 'payment', 'refund',
            'invoice', 'sale', 'subscription', 'dispute', 'fiscal_id', 'country', 'kind', 'series', 'number', 'issued_at', 'canceled_at', 'created_at', 'updated_at', 'expires_at')
            and jsonb_typeof(value) not in ('object', 'array')), '{}')
        from old where e.tenant_id = old.tenant_id and e.id = old.id
        returning 1)
      select count(*) from gone`
  })

  // A month that is over and was kept long enough goes at once, without a row being touched. Busy: the next run tries again.
  await sql`
    create function maintenance.drop_months(p_table text, p_before timestamptz) returns text[] language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '1s' as $maintenance$
    declare
      part text;
      gone text[] := '{}';
      month timestamptz;
    begin
      if p_table not in ('operations', 'events', 'inbound_events') then raise exception 'the months of % are not dropped', p_table; end if;
      if p_before > now() - interval '30 days' then raise exception 'months are kept for 30 days at least'; end if;
      for part in
        select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = ('public.' || quote_ident(p_table))::regclass and c.relname ~ ('^' || p_table || '_y[0-9]{4}m[0-9]{2}$') order by 1
      loop
        month := make_timestamptz(substr(part, length(p_table) + 3, 4)::int, substr(part, length(p_table) + 8, 2)::int, 1, 0, 0, 0, 'UTC');
        if month + interval '1 month' <= p_before then
          execute format('drop table public.%I', part);
          gone := gone || part;
        end if;
      end loop;
      return gone;
    end $maintenance$`.execute(db)
  await sql`revoke all on function maintenance.drop_months(text, timestamptz) from public`.execute(db)
  await sql`grant execute on function maintenance.drop_months(text, timestamptz) to pasarela_app`.execute(db)

  // A new month locks its table for a moment; while somebody reads for long (a backup) all writers would queue up behind it.
  await sql`alter function maintenance.ensure_partitions(integer) set lock_timeout = '1s'`.execute(db)

  // --- work, by kind: ids only ----------------------------------------------------------------------------------------

  await gateFunction(db, {
    signature: 'waiting_work(p_kinds text[], p_tenant uuid, p_from timestamptz, p_to timestamptz, p_limit integer)',
    returns: 'table (kind text, tenant_id uuid, id uuid)',
    volatility: 'stable',
    body: `
      (select 'inbound', tenant_id, id from inbound_events
        where 'inbound' = any(p_kinds) and next_run_at > p_from and next_run_at <= p_to and (p_tenant is null or tenant_id = p_tenant) order by next_run_at limit p_limit)
      union all
      (select 'payment', tenant_id, id from payments
        where 'payment' = any(p_kinds) and next_run_at > p_from and next_run_at <= p_to and (p_tenant is null or tenant_id = p_tenant) order by next_run_at limit p_limit)
      union all
      (select 'refund', tenant_id, id from refunds
        where 'refund' = any(p_kinds) and next_run_at > p_from and next_run_at <= p_to and (p_tenant is null or tenant_id = p_tenant) order by next_run_at limit p_limit)
      union all
      (select kind, tenant_id, id from timers
        where kind = any(p_kinds) and due_at > p_from and due_at <= p_to and (p_tenant is null or tenant_id = p_tenant) order by due_at limit p_limit)`
  })
  await gateFunction(db, {
    signature: 'work_by_kind(p_now timestamptz)',
    returns: 'table (kind text, planned bigint, due bigint, next_at timestamptz)',
    volatility: 'stable',
    body: `
      select 'inbound', count(*), count(*) filter (where next_run_at <= p_now), min(next_run_at) from inbound_events where next_run_at is not null
      union all
      select 'payment', count(*), count(*) filter (where next_run_at <= p_now), min(next_run_at) from payments where next_run_at is not null
      union all
      select 'refund', count(*), count(*) filter (where next_run_at <= p_now), min(next_run_at) from refunds where next_run_at is not null
      union all
      select kind, count(*), count(*) filter (where due_at <= p_now), min(due_at) from timers group by kind`
  })
}

/** The table may have the policy from another migration already. */
async function gateMay (db: Kysely<unknown>, table: string, privileges: string): Promise<void> {
  const { rows: [found] } = await sql<{ there: boolean }>`select exists (select from pg_policies where schemaname = 'public' and tablename = ${table} and policyname = 'gate') as there`.execute(db)
  if (found?.there !== true) await sql`create policy gate on ${sql.table(table)} to pasarela_gate using (true) with check (true)`.execute(db)
  await sql`grant ${sql.raw(privileges)} on ${sql.table(table)} to pasarela_gate`.execute(db)
}
