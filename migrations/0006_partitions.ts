import { type Kysely, sql } from 'kysely'

/**
 * The application owns nothing, so it cannot make the months to come: this function, with the owner's rights and no
 * argument but a count, does that and nothing else. A month that could not be made lies in the default partition.
 */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`create schema maintenance`.execute(db)
  await sql`
    create function maintenance.ensure_partitions(p_months integer) returns integer language plpgsql security definer set search_path = pg_catalog, pg_temp as $maintenance$
    declare
      parent text;
      month timestamptz;
      part text;
      made integer := 0;
    begin
      foreach parent in array array['operations', 'events', 'inbound_events'] loop
        for i in 0 .. least(p_months, 24) loop
          month := date_trunc('month', now() at time zone 'UTC') at time zone 'UTC' + make_interval(months => i);
          part := parent || to_char(month at time zone 'UTC', '"_y"YYYY"m"MM');
          if to_regclass('public.' || part) is null then
            begin
              execute format('create table public.%I partition of public.%I for values from (%L) to (%L)', part, parent, maintenance.first_id(month), maintenance.first_id(month + interval '1 month'));
              execute format('alter table public.%I enable row level security, force row level security', part);
              made := made + 1;
            exception when check_violation then
              -- Rows of that month are in the default partition already (nothing ran for months): they are served from there.
              raise warning '% stays in the default partition', part;
            end;
          end if;
        end loop;
      end loop;
      return made;
    end $maintenance$`.execute(db)
  await sql`
    create function maintenance.first_id(p_at timestamptz) returns uuid language sql immutable set search_path = pg_catalog, pg_temp as $maintenance$
      select (substr(h, 1, 8) || '-' || substr(h, 9, 4) || '-0000-0000-000000000000')::uuid
      from lpad(to_hex((extract(epoch from p_at) * 1000)::bigint), 12, '0') as h
    $maintenance$`.execute(db)
  await sql`revoke all on all functions in schema maintenance from public`.execute(db)
  await sql`grant usage on schema maintenance to pasarela_app`.execute(db)
  await sql`grant execute on function maintenance.ensure_partitions(integer) to pasarela_app`.execute(db)
}
