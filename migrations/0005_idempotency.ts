import { type Kysely, sql } from 'kysely'
import { appFunction } from './tenant-table.ts'

/**
 * An Idempotency-Key is claimed before every POST, so it costs one round trip: the functions name the tenant themselves,
 * for the one statement that calls them. They have the caller's rights (security invoker), so row-level security holds.
 */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`create schema app`.execute(db)
  await sql`grant usage on schema app to pasarela_app`.execute(db)

  // outcome: claimed | taken_over (the run before died; `known_subject` is how far it got) | running | done | mismatch
  await appFunction(db, 'claim_idempotency_key(p_tenant uuid, p_mode text, p_key text, p_hash bytea, p_owner uuid, p_now timestamptz, p_leased_until timestamptz, p_expires_at timestamptz)',
    'table (outcome text, known_subject text, status integer, sealed text)', `
    declare
      k public.idempotency_keys%rowtype;
    begin
      perform set_config('app.tenant_id', p_tenant::text, true);
      -- Nobody waits for the disk: the commit that writes the request's intent flushes this one with it, and before that nothing was done.
      perform set_config('synchronous_commit', 'off', true);
      for attempt in 1 .. 5 loop
        insert into idempotency_keys (tenant_id, mode, key, request_hash, owner, leased_until, created_at, expires_at)
        values (p_tenant, p_mode, p_key, p_hash, p_owner, p_leased_until, p_now, p_expires_at)
        on conflict do nothing;
        if found then
          return query select 'claimed', null::text, null::integer, null::text;
          return;
        end if;
        select * into k from idempotency_keys i where i.tenant_id = p_tenant and i.mode = p_mode and i.key = p_key for update;
        continue when not found; -- released between the two statements
        if k.expires_at <= p_now and (k.answer_status is not null or k.leased_until <= p_now) then
          update idempotency_keys i
          set request_hash = p_hash, owner = p_owner, leased_until = p_leased_until, subject = null, answer_status = null, answer_sealed = null,
            created_at = p_now, expires_at = p_expires_at
          where i.tenant_id = p_tenant and i.mode = p_mode and i.key = p_key;
          return query select 'claimed', null::text, null::integer, null::text;
        elsif k.request_hash <> p_hash then
          return query select 'mismatch', null::text, null::integer, null::text;
        elsif k.answer_status is not null then
          return query select 'done', k.subject, k.answer_status, k.answer_sealed;
        elsif k.owner = p_owner or k.leased_until > p_now then
          return query select 'running', null::text, null::integer, null::text;
        else
          update idempotency_keys i set owner = p_owner, leased_until = p_leased_until
          where i.tenant_id = p_tenant and i.mode = p_mode and i.key = p_key;
          return query select 'taken_over', k.subject, null::integer, null::text;
        end if;
        return;
      end loop;
      return query select 'running', null::text, null::integer, null::text;
    end`)

  // False when another run has taken the key over: its answer counts.
  await appFunction(db, 'finish_idempotency_key(p_tenant uuid, p_mode text, p_key text, p_owner uuid, p_status integer, p_sealed text)', 'boolean', `
    begin
      perform set_config('app.tenant_id', p_tenant::text, true);
      update idempotency_keys set answer_status = p_status, answer_sealed = p_sealed
      where tenant_id = p_tenant and mode = p_mode and key = p_key and owner = p_owner and answer_status is null;
      return found;
    end`)

  // True when the key is free again. One whose intent is written is never forgotten: it is handed to the next request
  // (the nil owner is nobody's, so no lease renews it) or, without p_hand_over, left for finish_idempotency_key.
  await appFunction(db, 'release_idempotency_key(p_tenant uuid, p_mode text, p_key text, p_owner uuid, p_now timestamptz, p_hand_over boolean)', 'boolean', `
    begin
      perform set_config('app.tenant_id', p_tenant::text, true);
      delete from idempotency_keys
      where tenant_id = p_tenant and mode = p_mode and key = p_key and owner = p_owner and answer_status is null and subject is null;
      if found then
        return true;
      end if;
      update idempotency_keys set owner = '00000000-0000-0000-0000-000000000000', leased_until = p_now
      where p_hand_over and tenant_id = p_tenant and mode = p_mode and key = p_key and owner = p_owner and answer_status is null;
      return found;
    end`)
}
