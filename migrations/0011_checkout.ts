import { type Kysely, sql } from 'kysely'
import { appFunction, tenantTable } from './tenant-table.ts'

/** Pages at the provider (checkout sessions and payment links), and what a payment may carry beside its amount. */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table payments
      -- Where a payment came to be that we did not ask for ourselves; then its reference at the provider is the origin's.
      add column origin_type text check (origin_type in ('checkout_session', 'payment_link', 'subscription')),
      add column origin_id uuid,
      add column customer_id uuid,
      add column payment_method_id uuid,
      -- What an off-session charge was tried with, for the person who has to finish it; forgotten at the end.
      add column method_sealed text,
      add column lines jsonb,
      add column tax_breakdown jsonb,
      add column installments integer,
      add column success_url text,
      add column cancel_url text,
      add column expires_at timestamptz,
      add column save_method boolean not null default false,
      add column amount_received bigint not null default 0 check (amount_received >= 0),
      -- The newest dispute as the payment shows it; the row itself is in disputes.
      add column dispute jsonb,
      add check ((origin_type is null) = (origin_id is null))`.execute(db)
  // One payment for what a webhook, a look and an answer tell at the same time.
  await sql`create unique index payments_adopted on payments (tenant_id, connection_id, provider_reference) where origin_type is not null`.execute(db)
  await sql`create index payments_by_origin on payments (tenant_id, origin_id, id) where origin_id is not null`.execute(db)

  await sql`
    create table checkout_pages (
      tenant_id uuid not null,
      id uuid not null,
      kind text not null check (kind in ('checkout_session', 'payment_link')),
      mode text not null check (mode in ('test', 'live')),
      connection_id uuid not null,
      provider text not null,
      status text not null check (status in ('unknown', 'open', 'complete', 'expired', 'failed')),
      provider_status text,
      amount bigint not null check (amount > 0),
      currency text not null check (currency ~ '^[A-Z]{3}$'),
      capture text not null check (capture in ('automatic', 'manual')),
      lines jsonb,
      methods jsonb,
      reference text,
      description text,
      statement_descriptor text,
      metadata jsonb not null default '{}',
      customer jsonb,
      customer_id uuid,
      success_url text,
      cancel_url text,
      collect_tax_id boolean not null default false,
      save_method boolean not null default false,
      locale text check (locale in ('es', 'en')),
      max_payments integer check (max_payments > 0),
      -- A link that collects an invoice.
      invoice_id uuid,
      expires_at timestamptz,
      url text,
      payer jsonb,
      payment_id uuid,
      provider_reference text,
      error jsonb,
      -- Counts what was applied, as a payment's does.
      version integer not null default 0,
      pending_kind text check (pending_kind in ('create', 'expire')),
      pending_operation_id uuid,
      pending_sealed text,
      pending_since timestamptz,
      checked_at timestamptz,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      primary key (tenant_id, id)
    )`.execute(db)
  await sql`create index checkout_pages_in_order on checkout_pages (tenant_id, kind, mode, id desc)`.execute(db)
  await sql`create unique index checkout_pages_by_provider_reference on checkout_pages (tenant_id, connection_id, provider_reference) where provider_reference is not null`.execute(db)
  await sql`create index checkout_pages_by_invoice on checkout_pages (tenant_id, invoice_id) where invoice_id is not null`.execute(db)
  await tenantTable(db, 'checkout_pages', { app: ['select', 'insert', 'update'] })

  // What a webhook was about: a payment where it does not say.
  await sql`alter table inbound_events add column subject_type text`.execute(db)

  // As 0007 has them, with the columns above.
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
          next_run_at, customer_id, payment_method_id, method_sealed, lines, tax_breakdown, installments, success_url, cancel_url, expires_at, save_method,
          created_at, updated_at)
        select p_tenant, p.id, p.mode, p.connection_id, p.provider, p.status, p.known_status, p.amount, p.currency, p.capture, p.method, p.reference, p.description,
          p.statement_descriptor, p.customer, p.return_url, p.off_session, p.metadata, p.attempts, p.pending_kind, p.pending_operation_id, p.pending_key, p.pending_sealed, p.pending_since,
          p.next_run_at, p.customer_id, p.payment_method_id, p.method_sealed, p.lines, p.tax_breakdown, p.installments, p.success_url, p.cancel_url, p.expires_at, coalesce(p.save_method, false),
          p.created_at, p.updated_at
        from jsonb_populate_record(null::payments, p_payment) p;
      insert into payment_attempts (tenant_id, id, payment_id, number, connection_id, status, idempotency_key, method, created_at, updated_at)
        select p_tenant, a.id, a.payment_id, a.number, a.connection_id, a.status, a.idempotency_key, a.method, a.created_at, a.updated_at
        from jsonb_populate_record(null::payment_attempts, p_attempt) a;
      insert into audit_log (tenant_id, id, actor_type, actor_id, action, subject_type, subject_id, detail, request_id, address, created_at)
        select p_tenant, l.id, l.actor_type, l.actor_id, l.action, l.subject_type, l.subject_id, l.detail, l.request_id, l.address, l.created_at
        from jsonb_populate_record(null::audit_log, p_audit) l;
    end`)

  await appFunction(db, 'settle_payment(p_tenant uuid, p_payment uuid, p_version integer, p_changes jsonb, p_attempt jsonb, p_operation uuid, p_report jsonb, p_exchanges jsonb, p_events jsonb)', 'boolean', `
    begin
      perform set_config('app.tenant_id', p_tenant::text, true);
      update payments p set
          status = c.status, known_status = c.known_status, provider_status = c.provider_status, amount = c.amount, currency = c.currency,
          amount_capturable = c.amount_capturable, amount_captured = c.amount_captured, method = c.method, provider_reference = c.provider_reference,
          transaction_reference = c.transaction_reference, next_action_sealed = c.next_action_sealed, error = c.error, review = c.review, disputed = c.disputed,
          cancel_wanted_at = c.cancel_wanted_at, pending_kind = c.pending_kind, pending_operation_id = c.pending_operation_id, pending_key = c.pending_key,
          pending_sealed = c.pending_sealed, pending_since = c.pending_since, resolve_tries = c.resolve_tries, next_run_at = c.next_run_at,
          -- Absent where the version before this one decided.
          amount_received = coalesce(c.amount_received, p.amount_received), method_sealed = c.method_sealed,
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
