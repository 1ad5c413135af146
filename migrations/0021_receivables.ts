import { type Kysely, sql } from 'kysely'

/** What is paid of an invoice, by whom, and what became of that money since. */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table payments
      add column invoice_id uuid,
      -- Units of the invoice's country for one of the payment's currency, as the tenant told it: its receipt says it.
      add column exchange_rate numeric(24, 10),
      -- When the money was taken, as far as we know: what a receipt dates the payment by.
      add column succeeded_at timestamptz`.execute(db)
  await sql`create index payments_by_invoice on payments (tenant_id, invoice_id) where invoice_id is not null`.execute(db)

  await sql`
    alter table invoices
      -- By credit notes.
      add column amount_credited numeric(24, 6) not null default 0,
      -- Where its customer pays: what the tenant allows there.
      add column link jsonb`.execute(db)

  // A payment may be there before its receipt, and where the law knows none there never is one.
  await sql`
    alter table invoice_payments
      alter column number drop not null,
      alter column balance_before drop not null,
      alter column form drop not null,
      -- Told by the tenant, so that it does not follow the payment's own amount.
      add column told boolean not null default true,
      add column given_back numeric(24, 6) not null default 0,
      -- What of it pays the invoice, and what came in beyond what was due. Null: all of it, by the version before.
      add column applied numeric(24, 6),
      add column excess numeric(24, 6) not null default 0,
      add column receipt_amount numeric(24, 6),
      add column receipt_tries integer not null default 0,
      add column receipt_retry_at timestamptz,
      -- Why there is no receipt yet.
      add column waits text`.execute(db)
  await sql`grant update, delete on invoice_payments to pasarela_app`.execute(db)
  await sql`create index invoice_payments_by_payment_id on invoice_payments (tenant_id, payment_id) where payment_id is not null`.execute(db)

  // Answer, webhook, resolver, refund, dispute, a person's decision: whatever changes a payment, its invoices are looked at
  // again, and no path can forget it. With the caller's rights, so row-level security holds.
  await sql`
    create function app.wake_receivables(p_tenant uuid, p_payment uuid, p_invoice uuid, p_at timestamptz) returns void language sql volatile security invoker
    set search_path = public, pg_temp as $app$
      insert into timers (tenant_id, kind, id, due_at)
        select p_tenant, 'receivable', i.id, p_at
        from (select p_invoice as id where p_invoice is not null union select invoice_id from invoice_payments where tenant_id = p_tenant and payment_id = p_payment order by 1) i
      on conflict (tenant_id, kind, id) do update set due_at = excluded.due_at, tries = 0
    $app$`.execute(db)
  await sql`
    create function app.payment_changed() returns trigger language plpgsql volatile security invoker set search_path = public, pg_temp as $app$
    begin
      perform app.wake_receivables(new.tenant_id, new.id, new.invoice_id, new.updated_at);
      return null;
    end $app$`.execute(db)
  await sql`
    create function app.dispute_changed() returns trigger language plpgsql volatile security invoker set search_path = public, pg_temp as $app$
    declare
      v_invoice uuid;
    begin
      select invoice_id into v_invoice from payments where tenant_id = new.tenant_id and id = new.payment_id;
      if v_invoice is not null then
        perform app.wake_receivables(new.tenant_id, new.payment_id, v_invoice, new.updated_at);
      end if;
      return null;
    end $app$`.execute(db)
  await sql`
    create function app.payment_succeeded() returns trigger language plpgsql volatile security invoker set search_path = public, pg_temp as $app$
    begin
      new.succeeded_at = new.updated_at;
      return new;
    end $app$`.execute(db)
  for (const signature of ['wake_receivables(uuid, uuid, uuid, timestamptz)', 'payment_changed()', 'dispute_changed()', 'payment_succeeded()']) {
    await sql`revoke all on function ${sql.raw(`app.${signature}`)} from public`.execute(db)
    await sql`grant execute on function ${sql.raw(`app.${signature}`)} to pasarela_app`.execute(db)
  }
  await sql`create trigger payments_succeeded before update on payments for each row
    when (new.succeeded_at is null and new.known_status = 'succeeded' and old.known_status <> 'succeeded') execute function app.payment_succeeded()`.execute(db)
  await sql`create trigger payments_receivable after update on payments for each row when (new.invoice_id is not null) execute function app.payment_changed()`.execute(db)
  await sql`create trigger disputes_receivable after insert or update on disputes for each row execute function app.dispute_changed()`.execute(db)
}
