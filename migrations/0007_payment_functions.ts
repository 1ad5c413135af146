import type { Kysely } from 'kysely'
import { appFunction } from './tenant-table.ts'

/**
 * A payment's intent and its outcome, one round trip and one commit each: a transaction in five messages would cost the
 * database more than the provider. With the caller's rights (security invoker), so row-level security holds; the machine
 * decides in the application, these only write what it decided.
 */
export async function up (db: Kysely<unknown>): Promise<void> {
  // PA001: the Idempotency-Key is another run's. PA002: the connection is not as it was when it was chosen.
  await appFunction(db, 'begin_payment(p_tenant uuid, p_connection_version integer, p_payment jsonb, p_attempt jsonb, p_operation jsonb, p_audit jsonb, p_key text, p_owner uuid, p_subject text)', 'void', `
    begin
      perform set_config('app.tenant_id', p_tenant::text, true);
      perform 1 from connections c
        where c.tenant_id = p_tenant and c.id = (p_payment ->> 'connection_id')::uuid and c.version = p_connection_version and c.enabled and c.deleted_at is null;
      if not found then
        raise exception 'the connection changed' using errcode = 'PA002';
      end if;
      if p_key is not null then
        update idempotency_keys k set subject = p_subject
          where k.tenant_id = p_tenant and k.mode = p_payment ->> 'mode' and k.key = p_key and k.owner = p_owner and k.answer_status is null;
        if not found then
          raise exception 'the key belongs to another run' using errcode = 'PA001';
        end if;
      end if;
      -- Columns by name: one that a later version adds gets its default from this version, too.
      insert into operations (tenant_id, id, mode, connection_id, provider, kind, subject_id, idempotency_key, request_id, started_at)
        select p_tenant, o.id, o.mode, o.connection_id, o.provider, o.kind, o.subject_id, o.idempotency_key, o.request_id, o.started_at
        from jsonb_populate_record(null::operations, p_operation) o;
      insert into payments (tenant_id, id, mode, connection_id, provider, status, known_status, amount, currency, capture, method, reference, description,
          statement_descriptor, customer, return_url, off_session, metadata, attempts, pending_kind, pending_operation_id, pending_key, pending_sealed, pending_since,
          next_run_at, created_at, updated_at)
        select p_tenant, p.id, p.mode, p.connection_id, p.provider, p.status, p.known_status, p.amount, p.currency, p.capture, p.method, p.reference, p.description,
          p.statement_descriptor, p.customer, p.return_url, p.off_session, p.metadata, p.attempts, p.pending_kind, p.pending_operation_id, p.pending_key, p.pending_sealed, p.pending_since,
          p.next_run_at, p.created_at, p.updated_at
        from jsonb_populate_record(null::payments, p_payment) p;
      insert into payment_attempts (tenant_id, id, payment_id, number, connection_id, status, idempotency_key, method, created_at, updated_at)
        select p_tenant, a.id, a.payment_id, a.number, a.connection_id, a.status, a.idempotency_key, a.method, a.created_at, a.updated_at
        from jsonb_populate_record(null::payment_attempts, p_attempt) a;
      insert into audit_log (tenant_id, id, actor_type, actor_id, action, subject_type, subject_id, detail, request_id, address, created_at)
        select p_tenant, l.id, l.actor_type, l.actor_id, l.action, l.subject_type, l.subject_id, l.detail, l.request_id, l.address, l.created_at
        from jsonb_populate_record(null::audit_log, p_audit) l;
    end`)

  // False when the payment is not at p_version any more: then nothing was written, and the caller decides anew under the lock.
  await appFunction(db, 'settle_payment(p_tenant uuid, p_payment uuid, p_version integer, p_changes jsonb, p_attempt jsonb, p_operation uuid, p_report jsonb, p_exchanges jsonb, p_events jsonb)', 'boolean', `
    begin
      perform set_config('app.tenant_id', p_tenant::text, true);
      update payments p set
          status = c.status, known_status = c.known_status, provider_status = c.provider_status, amount = c.amount, currency = c.currency,
          amount_capturable = c.amount_capturable, amount_captured = c.amount_captured, method = c.method, provider_reference = c.provider_reference,
          transaction_reference = c.transaction_reference, next_action_sealed = c.next_action_sealed, error = c.error, review = c.review, disputed = c.disputed,
          cancel_wanted_at = c.cancel_wanted_at, pending_kind = c.pending_kind, pending_operation_id = c.pending_operation_id, pending_key = c.pending_key,
          pending_sealed = c.pending_sealed, pending_since = c.pending_since, resolve_tries = c.resolve_tries, next_run_at = c.next_run_at,
          updated_at = c.updated_at, version = p.version + 1
        from jsonb_populate_record(null::payments, p_changes) c
        where p.tenant_id = p_tenant and p.id = p_payment and p.version = p_version;
      if not found then
        return false;
      end if;
      if p_attempt is not null then
        update payment_attempts a set
          status = c.status, provider_reference = coalesce(c.provider_reference, a.provider_reference),
          transaction_reference = coalesce(c.transaction_reference, a.transaction_reference), error = c.error, updated_at = c.updated_at
        from jsonb_populate_record(null::payment_attempts, p_attempt) c
        where a.tenant_id = p_tenant and a.payment_id = p_payment and a.number = c.number;
      end if;
      if p_operation is not null then
        update operations o set
          outcome = c.outcome, error_code = c.error_code, provider_code = c.provider_code, http_status = c.http_status, duration_ms = c.duration_ms,
          exchanges = p_exchanges, finished_at = c.finished_at
        from jsonb_populate_record(null::operations, p_report) c
        where o.tenant_id = p_tenant and o.id = p_operation;
      end if;
      insert into events (tenant_id, id, mode, type, subject_id, data, created_at)
        select p_tenant, e.id, e.mode, e.type, e.subject_id, e.data, e.created_at from jsonb_populate_recordset(null::events, p_events) e;
      return true;
    end`)
}
