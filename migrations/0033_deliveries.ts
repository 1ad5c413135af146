import { type Kysely, sql } from 'kysely'
import { gateFunction, tenantTable } from './tenant-table.ts'

/**
 * Webhooks out: endpoints, what is to be delivered to each, and how that went. An event's deliveries are written by the statement that
 * writes the event, whoever writes it, so that there is no outbox to be read first: a delivery that is due is the outbox.
 */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`
    create table webhook_endpoints (
      tenant_id uuid not null references tenants (id),
      id uuid not null,
      -- Then it lives in the platform's tenant, and gets the events of every tenant that lets the partner act for it.
      partner_id uuid,
      mode text not null check (mode in ('test', 'live')),
      url text not null,
      label text,
      event_types text[] not null,
      -- [{path: [text], op: in|not_in|gte|lte, values: [scalar]}]; all must hold.
      filters jsonb not null default '[]' check (jsonb_typeof(filters) = 'array'),
      ordered boolean not null default false,
      enabled boolean not null default true,
      disabled_reason text check (disabled_reason in ('by_person', 'gone', 'failing')),
      disabled_at timestamptz,
      -- Every signing key that is valid now; what a person may see of them is in hints.
      secrets_sealed text,
      hints jsonb not null default '[]',
      -- Another one wherever what is sent, or where to, changes.
      version integer not null default 1,
      -- How many requests of one process may be under way: halved by time-outs, doubled by success.
      concurrency integer not null default 8 check (concurrency > 0),
      consecutive_failures integer not null default 0,
      failing_since timestamptz,
      -- The circuit breaker: nothing is sent until then, and then one delivery tries.
      paused_until timestamptz,
      trips integer not null default 0,
      last_success_at timestamptz,
      last_failure_at timestamptz,
      deleted_at timestamptz,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      primary key (tenant_id, id),
      check (enabled = (disabled_reason is null)),
      check (deleted_at is null or not enabled)
    )`.execute(db)
  await sql`create unique index webhook_endpoints_by_id on webhook_endpoints (id)`.execute(db)
  await sql`create index webhook_endpoints_of_tenant on webhook_endpoints (tenant_id, mode) where enabled and partner_id is null`.execute(db)
  await sql`create index webhook_endpoints_of_partner on webhook_endpoints (partner_id, mode) where enabled and partner_id is not null`.execute(db)
  await tenantTable(db, 'webhook_endpoints', { app: ['select', 'insert', 'update'], gate: ['select', 'update'] })

  await sql`
    create table deliveries (
      -- Whose the endpoint is.
      tenant_id uuid not null,
      -- Of the event's millisecond, the rest from the event and the endpoint: the same event is never there twice for one endpoint.
      id uuid not null,
      endpoint_id uuid not null,
      partner_id uuid,
      mode text not null,
      -- Whose the event is.
      event_tenant_id uuid not null,
      event_id uuid not null,
      event_type text not null,
      subject_id uuid not null,
      -- In which order an object's events were written: whoever writes one holds the object's lock.
      seq bigint generated always as identity,
      -- Of a test, which is no event.
      payload text,
      status text not null default 'pending' check (status in ('pending', 'succeeded', 'failed')),
      attempts integer not null default 0,
      -- Attempts since it was last asked for: the place in the schedule.
      step integer not null default 0,
      next_attempt_at timestamptz,
      leased_until timestamptz,
      -- The newest attempts, oldest first.
      log jsonb not null default '[]',
      last_status integer,
      last_error text,
      last_duration_ms integer,
      last_attempt_at timestamptz,
      created_at timestamptz not null,
      ended_at timestamptz,
      primary key (tenant_id, id),
      check ((status = 'pending') = (next_attempt_at is not null))
    ) with (fillfactor = 80)`.execute(db)
  // Only what is still to be delivered stands in these two, however much there was.
  await sql`create index deliveries_due on deliveries (endpoint_id, next_attempt_at, seq) where next_attempt_at is not null`.execute(db)
  await sql`create index deliveries_of_object on deliveries (endpoint_id, subject_id, seq) where next_attempt_at is not null`.execute(db)
  await sql`create index deliveries_by_endpoint on deliveries (tenant_id, endpoint_id, id desc)`.execute(db)
  await tenantTable(db, 'deliveries', { app: ['select', 'insert', 'update'], gate: ['select', 'insert', 'update', 'delete'] })

  await sql`
    create table webhook_endpoint_hours (
      tenant_id uuid not null,
      endpoint_id uuid not null,
      hour timestamptz not null,
      succeeded integer not null default 0,
      failed integer not null default 0,
      duration_ms bigint not null default 0,
      primary key (tenant_id, endpoint_id, hour)
    )`.execute(db)
  await tenantTable(db, 'webhook_endpoint_hours', { app: ['select'], gate: ['select', 'insert', 'update', 'delete'] })

  // The bodies are read with the deliveries, which belong to whoever owns the endpoint.
  await sql`create policy gate on events to pasarela_gate using (true) with check (true)`.execute(db)
  await sql`grant select on events to pasarela_gate`.execute(db)

  await gateFunction(db, {
    signature: 'fan_out_events()',
    returns: 'trigger',
    language: 'plpgsql',
    volatility: 'volatile',
    body: `
      begin
        -- Most tenants have none: that is all they pay.
        if not exists (select 1 from fresh v join webhook_endpoints w on w.tenant_id = v.tenant_id and w.enabled and w.partner_id is null)
          and not exists (select 1 from fresh v join partner_tenants p on p.tenant_id = v.tenant_id join webhook_endpoints w on w.partner_id = p.partner_id and w.enabled and w.partner_id is not null) then
          return null;
        end if;
        insert into deliveries (${deliveryColumns})
          select ${deliveryOf} from fresh v cross join lateral (${endpointsOf('v')}) w where ${matching} order by v.id
          on conflict do nothing;
        -- A worker that is awake holds this lock, shared, and looks every few milliseconds: then there is nobody to wake, and commits need not queue for NOTIFY.
        if found and pg_try_advisory_xact_lock(${doorbell}) then
          perform pg_notify('deliveries_due', '');
        end if;
        return null;
      end`
  })
  // Whoever makes a trigger must be allowed to call its function, for that moment.
  await sql`set local role pasarela_gate`.execute(db)
  await sql`grant execute on function gate.fan_out_events() to session_user`.execute(db)
  await sql`reset role`.execute(db)
  await sql`create trigger fan_out after insert on events referencing new table as fresh for each statement execute function gate.fan_out_events()`.execute(db)
  await sql`set local role pasarela_gate`.execute(db)
  await sql`revoke execute on function gate.fan_out_events() from session_user`.execute(db)
  await sql`reset role`.execute(db)

  // What is due, of every endpoint that may be called now, a few of each: an endpoint that is slow or away holds back nobody else.
  await gateFunction(db, {
    signature: 'claim_deliveries(p_now timestamptz, p_lease_ms integer, p_limit integer, p_busy uuid[], p_busy_counts integer[])',
    returns: `table (tenant_id uuid, id uuid, endpoint_id uuid, endpoint_version integer, probe boolean, served boolean, event_id uuid, event_tenant_id uuid, event_type text,
      mode text, event_at timestamptz, data text, step integer)`,
    language: 'plpgsql',
    volatility: 'volatile',
    body: `
      #variable_conflict use_column
      declare
        e record;
        room integer;
        remaining integer := p_limit;
        taken integer;
        lease timestamptz := p_now + p_lease_ms * interval '1 millisecond';
      begin
        for e in
          with recursive waiting as (
            (select d.endpoint_id from deliveries d where d.next_attempt_at is not null order by d.endpoint_id limit 1)
            union all
            select (select d.endpoint_id from deliveries d where d.next_attempt_at is not null and d.endpoint_id > q.endpoint_id order by d.endpoint_id limit 1)
              from waiting q where q.endpoint_id is not null
          )
          select w.id, w.version, w.ordered, w.concurrency, w.paused_until, w.partner_id, coalesce(b.busy, 0) as busy
            from waiting q join webhook_endpoints w on w.id = q.endpoint_id left join unnest(p_busy, p_busy_counts) as b (id, busy) on b.id = w.id
            where w.enabled and (w.paused_until is null or w.paused_until <= p_now) and coalesce(b.busy, 0) < w.concurrency
              and exists (select 1 from deliveries d where d.endpoint_id = w.id and d.next_attempt_at <= p_now and (d.leased_until is null or d.leased_until <= p_now))
            order by random()
        loop
          room := least(remaining, e.concurrency - e.busy);
          if e.paused_until is not null then
            -- Half open: one delivery of one process tries, the others see the pause that this makes.
            update webhook_endpoints w set paused_until = lease where w.id = e.id and w.paused_until = e.paused_until;
            continue when not found;
            room := 1;
          end if;
          return query
            with due as materialized (
              select d.tenant_id, d.id from deliveries d
                where d.endpoint_id = e.id and d.next_attempt_at <= p_now and (d.leased_until is null or d.leased_until <= p_now)
                  and (not e.ordered or not exists (
                    select 1 from deliveries f where f.endpoint_id = d.endpoint_id and f.subject_id = d.subject_id and f.seq < d.seq and f.next_attempt_at is not null))
                order by d.next_attempt_at, d.seq limit room for update skip locked
            ), leased as (
              update deliveries d set leased_until = lease from due where d.tenant_id = due.tenant_id and d.id = due.id
                returning d.tenant_id, d.id, d.event_id, d.event_tenant_id, d.event_type, d.mode, d.payload, d.created_at, d.step, d.seq
            )
            select l.tenant_id, l.id, e.id, e.version, e.paused_until is not null,
                e.partner_id is null or l.payload is not null or exists (select 1 from partner_tenants p where p.partner_id = e.partner_id and p.tenant_id = l.event_tenant_id),
                l.event_id, l.event_tenant_id, l.event_type, l.mode, l.created_at, coalesce(l.payload, v.data::text), l.step
              from leased l left join events v on v.tenant_id = l.event_tenant_id and v.id = l.event_id order by l.seq;
          get diagnostics taken = row_count;
          remaining := remaining - taken;
          exit when remaining <= 0;
        end loop;
      end`
  })

  await gateFunction(db, {
    signature: 'delivery_endpoints(p_ids uuid[])',
    returns: 'table (tenant_id uuid, id uuid, version integer, url text, secrets_sealed text)',
    volatility: 'stable',
    body: 'select tenant_id, id, version, url, secrets_sealed from webhook_endpoints where id = any(p_ids) and enabled'
  })

  // What became of a batch, and what that says of each endpoint: one statement of the application, one commit.
  await gateFunction(db, {
    signature: 'settle_deliveries(p_now timestamptz, p_results jsonb, p_endpoints jsonb, p_failures integer, p_pause_ms integer, p_pause_at_most_ms integer, p_concurrency integer)',
    returns: 'table (tenant_id uuid, id uuid, mode text, failures_before integer, consecutive_failures integer, failing_since timestamptz, tripped boolean)',
    language: 'plpgsql',
    volatility: 'volatile',
    body: `
      #variable_conflict use_column
      begin
        -- One that ended meanwhile (a lease that ran out, an endpoint that was disabled) stays as it ended.
        update deliveries d set
            status = coalesce(r.status, d.status),
            next_attempt_at = case when r.status is null then d.next_attempt_at else r.next_attempt_at end,
            leased_until = null,
            attempts = d.attempts + case when r.attempt is null then 0 else 1 end,
            step = d.step + case when r.attempt is null then 0 else 1 end,
            log = case when r.attempt is null then d.log when jsonb_array_length(d.log) >= ${logLength} then (d.log - 0) || r.attempt else d.log || r.attempt end,
            last_status = case when r.status is null then d.last_status else r.http_status end,
            last_error = case when r.status is null then d.last_error else r.error end,
            last_duration_ms = coalesce(r.duration_ms, d.last_duration_ms),
            last_attempt_at = coalesce(r.at, d.last_attempt_at),
            ended_at = case when r.status in ('succeeded', 'failed') then p_now end
          from jsonb_to_recordset(p_results) as r (tenant_id uuid, id uuid, status text, next_attempt_at timestamptz, attempt jsonb, http_status integer, error text, duration_ms integer, at timestamptz)
          where d.tenant_id = r.tenant_id and d.id = r.id and d.next_attempt_at is not null;
        if jsonb_array_length(p_endpoints) = 0 then
          return;
        end if;
        return query
          with r as (
            select * from jsonb_to_recordset(p_endpoints) as r (id uuid, succeeded integer, failed integer, "trailing" integer, timeouts integer, duration_ms bigint, probed boolean, resume_at timestamptz)
          ), before as materialized (
            select w.id, w.tenant_id, w.consecutive_failures as failures, w.failing_since,
                case when r.succeeded > 0 then r.trailing else w.consecutive_failures + r.trailing end as failures_now,
                r.trailing > 0 and (case when r.succeeded > 0 then r.trailing else w.consecutive_failures + r.trailing end) >= p_failures
                  and (r.probed or w.paused_until is null or w.paused_until <= p_now) as tripped
              -- Always in the same order, so that two batches wait for each other and do not lock each other out.
              from webhook_endpoints w join r on r.id = w.id order by w.id for update of w
          ), hours as (
            insert into webhook_endpoint_hours as h (tenant_id, endpoint_id, hour, succeeded, failed, duration_ms)
              select b.tenant_id, b.id, date_trunc('hour', p_now at time zone 'UTC') at time zone 'UTC', r.succeeded, r.failed, r.duration_ms from before b join r on r.id = b.id order by b.id
              on conflict (tenant_id, endpoint_id, hour) do update set succeeded = h.succeeded + excluded.succeeded, failed = h.failed + excluded.failed, duration_ms = h.duration_ms + excluded.duration_ms
          )
          update webhook_endpoints w set
              consecutive_failures = b.failures_now,
              failing_since = case when r.trailing = 0 then null when r.succeeded > 0 then p_now else coalesce(w.failing_since, p_now) end,
              last_success_at = case when r.succeeded > 0 then p_now else w.last_success_at end,
              last_failure_at = case when r.failed > 0 then p_now else w.last_failure_at end,
              trips = case when r.trailing = 0 then 0 when b.tripped then w.trips + 1 else w.trips end,
              paused_until = case
                when r.trailing = 0 then null
                when b.tripped then greatest(p_now + least(p_pause_at_most_ms, p_pause_ms * 2.0 ^ least(w.trips, 20)) * interval '1 millisecond', r.resume_at)
                when r.probed then greatest(p_now, r.resume_at)
                else greatest(w.paused_until, r.resume_at) end,
              concurrency = case when r.timeouts > 0 then greatest(1, w.concurrency / 2) when r.succeeded > 0 and r.failed = 0 then least(p_concurrency, w.concurrency * 2) else w.concurrency end
            from r join before b on b.id = r.id where w.id = r.id
            returning w.tenant_id, w.id, w.mode, b.failures, w.consecutive_failures, w.failing_since, b.tripped;
      end`
  })

  // Events since a moment that an endpoint wants and never had: it was disabled, or wanted others then.
  await gateFunction(db, {
    signature: 'recover_deliveries(p_endpoint uuid, p_since uuid, p_now timestamptz, p_limit integer)',
    returns: 'bigint',
    volatility: 'volatile',
    body: `
      with wanted as (
        select v.*, w.id as endpoint_id, w.partner_id, w.tenant_id as owner_id
          from webhook_endpoints w cross join lateral (
            select v.* from events v where w.partner_id is null and v.tenant_id = w.tenant_id and v.mode = w.mode and v.id >= p_since
            union all
            select v.* from partner_tenants p join events v on v.tenant_id = p.tenant_id and v.mode = w.mode and v.id >= p_since where w.partner_id is not null and p.partner_id = w.partner_id
          ) v
          where w.id = p_endpoint and w.enabled and ${matching}
            and not exists (select 1 from deliveries d where d.tenant_id = w.tenant_id and d.id = ${deliveryId})
          order by v.id limit p_limit
      ), made as (
        insert into deliveries (${deliveryColumns})
          select v.owner_id, ${deliveryId.replaceAll('w.id', 'v.endpoint_id')}, v.endpoint_id, v.partner_id, v.mode, v.tenant_id, v.id, v.type, v.subject_id, p_now, v.created_at from wanted v order by v.id
          on conflict do nothing returning 1
      ) select count(*) from made`
  })

  // Retention: what ended before a moment; the hours with it.
  await gateFunction(db, {
    signature: 'forget_deliveries(p_before timestamptz, p_limit integer)',
    returns: 'bigint',
    volatility: 'volatile',
    body: `
      with old as (select tenant_id, id from deliveries where ended_at < p_before and id < (lpad(to_hex((extract(epoch from p_before) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid limit p_limit),
        hours as (delete from webhook_endpoint_hours where hour < p_before),
        gone as (delete from deliveries d using old where d.tenant_id = old.tenant_id and d.id = old.id returning 1)
      select count(*) from gone`
  })

  // Planned once, and by the indexes: a plan of a time when the tables were empty must do when they are not.
  await sql`set local role pasarela_gate`.execute(db)
  for (const name of ['fan_out_events', 'claim_deliveries', 'settle_deliveries']) {
    for (const setting of ['plan_cache_mode = force_generic_plan', 'enable_seqscan = off', 'enable_hashjoin = off', 'enable_mergejoin = off']) await sql.raw(`alter function gate.${name} set ${setting}`).execute(db)
  }
  await sql`reset role`.execute(db)

  await gateFunction(db, {
    signature: 'deliveries_health(p_now timestamptz)',
    returns: 'table (waiting bigint, oldest_seconds double precision)',
    volatility: 'stable',
    body: 'select count(*), coalesce(extract(epoch from p_now - min(next_attempt_at)), 0)::double precision from deliveries where next_attempt_at <= p_now'
  })
}

const doorbell = 'hashtext(\'pasarela deliveries\')'

/** Attempts of a delivery that are kept. */
const logLength = 20

const deliveryColumns = 'tenant_id, id, endpoint_id, partner_id, mode, event_tenant_id, event_id, event_type, subject_id, next_attempt_at, created_at'

/** A UUIDv7 (RFC 9562, 5.7) of the event's millisecond, whose random part is a hash of both. */
const hash = 'encode(sha256(uuid_send(v.id) || uuid_send(w.id)), \'hex\')'
const deliveryId = `(substr(replace(v.id::text, '-', ''), 1, 12) || '7' || substr(${hash}, 1, 3) || '8' || substr(${hash}, 4, 15))::uuid`

const deliveryOf = `w.tenant_id, ${deliveryId}, w.id, w.partner_id, v.mode, v.tenant_id, v.id, v.type, v.subject_id, v.created_at, v.created_at`

/** The tenant's own endpoints and those of partners that it lets act for it: two looks into small indexes, for whoever has none too. */
function endpointsOf (event: string): string {
  return `select w.* from webhook_endpoints w where w.tenant_id = ${event}.tenant_id and w.mode = ${event}.mode and w.enabled and w.partner_id is null
    union all
    select w.* from partner_tenants p join webhook_endpoints w on w.partner_id = p.partner_id and w.mode = ${event}.mode and w.enabled and w.partner_id is not null where p.tenant_id = ${event}.tenant_id`
}

/** Nothing here can fail, whatever the data hold: it runs in the transaction of a payment. */
const matching = `
  ('*' = any (w.event_types) or v.type = any (w.event_types)
    or exists (select 1 from unnest(w.event_types) as p (pattern) where right(p.pattern, 2) = '.*' and starts_with(v.type, left(p.pattern, -1))))
  and (w.filters = '[]' or not exists (
    select 1 from jsonb_array_elements(w.filters) as f (rule)
      cross join lateral (select v.data #> array(select jsonb_array_elements_text(f.rule -> 'path'))) as x (found)
      where not coalesce(case f.rule ->> 'op'
        when 'in' then f.rule -> 'values' @> x.found
        when 'not_in' then not f.rule -> 'values' @> coalesce(x.found, 'null')
        when 'gte' then jsonb_typeof(x.found) = 'number' and x.found >= f.rule #> '{values,0}'
        when 'lte' then jsonb_typeof(x.found) = 'number' and x.found <= f.rule #> '{values,0}' end, false)))`
