import { type Kysely, sql } from 'kysely'
import { tenantTable } from './tenant-table.ts'

/** Money taken, and the fiscal document that it ends in. */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`
    create table sales_settings (
      tenant_id uuid not null,
      mode text not null check (mode in ('test', 'live')),
      settings jsonb not null,
      updated_at timestamptz not null,
      primary key (tenant_id, mode)
    )`.execute(db)
  await tenantTable(db, 'sales_settings', { app: ['select', 'insert', 'update'] })

  await sql`
    create table sales (
      tenant_id uuid not null,
      id uuid not null,
      mode text not null check (mode in ('test', 'live')),
      -- Of an offline till: the same id with the same content is the same sale.
      client_id text,
      content_hash bytea,
      issuer_id uuid not null,
      country text not null,
      branch text,
      till text,
      ticket text not null,
      -- payment: made by itself of one that took money; whoever sold may still say more.
      origin text not null check (origin in ('api', 'payment')),
      payment_type text not null check (payment_type in ('in_person', 'online')),
      status text not null,
      document text not null,
      currency text not null,
      -- Units of the issuer's currency for one of it; null where it is that.
      exchange_rate text,
      total numeric(24, 6) not null,
      refunded numeric(24, 6) not null default 0,
      -- What its document says of it, before credit notes.
      document_amount numeric(24, 6) not null default 0,
      -- Lines as the invoice takes them, and the same computed.
      lines jsonb not null,
      rounding text not null check (rounding in ('currency', 'six')),
      model jsonb not null,
      tenders jsonb not null default '[]',
      -- Name, address and tax data of the buyer; null when they were erased or never told.
      buyer_sealed text,
      customer_id uuid,
      -- The payment of a provider that it came of.
      payment_id uuid,
      invoice_id uuid,
      global_id uuid,
      requires_invoice boolean,
      confirmed_by text,
      reference text,
      metadata jsonb not null default '{}',
      -- Our link, or the provider's.
      link_made_at timestamptz,
      link_expires_at timestamptz,
      link_url text,
      link_connection_id uuid,
      -- What the authority said of the buyer's data, and until when he may correct it.
      problem jsonb,
      orphan_at timestamptz,
      sold_at timestamptz not null,
      paid_at timestamptz,
      invoiced_at timestamptz,
      version integer not null default 0,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      primary key (tenant_id, id)
    )`.execute(db)
  await sql`create unique index sales_by_client_id on sales (tenant_id, mode, client_id) where client_id is not null`.execute(db)
  await sql`create unique index sales_by_payment on sales (tenant_id, payment_id) where payment_id is not null`.execute(db)
  await sql`create unique index sales_by_ticket on sales (tenant_id, issuer_id, ticket)`.execute(db)
  await sql`create index sales_by_status on sales (tenant_id, mode, status, id desc)`.execute(db)
  await sql`create index sales_by_global on sales (tenant_id, global_id) where global_id is not null`.execute(db)
  await sql`create index sales_by_invoice on sales (tenant_id, invoice_id) where invoice_id is not null`.execute(db)
  // What waits for a global invoice, oldest first.
  await sql`create index sales_waiting on sales (tenant_id, issuer_id, paid_at) where document = 'global_pending'`.execute(db)
  await tenantTable(db, 'sales', { app: ['select', 'insert', 'update'] })

  await sql`
    create table sale_refunds (
      tenant_id uuid not null,
      id uuid not null,
      sale_id uuid not null,
      method text not null check (method in ('cash', 'card', 'store_credit')),
      status text not null check (status in ('pending', 'succeeded', 'failed')),
      amount numeric(24, 6) not null,
      reason text not null,
      refund_id uuid,
      store_credit_id uuid,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      primary key (tenant_id, id)
    )`.execute(db)
  await sql`create index sale_refunds_by_sale on sale_refunds (tenant_id, sale_id)`.execute(db)
  await sql`create unique index sale_refunds_by_refund on sale_refunds (tenant_id, refund_id) where refund_id is not null`.execute(db)
  await tenantTable(db, 'sale_refunds', { app: ['select', 'insert', 'update'] })

  // One document for the tickets of a period that nobody wanted invoiced. It may be made anew, when one of them is.
  await sql`
    create table global_invoices (
      tenant_id uuid not null,
      id uuid not null,
      mode text not null check (mode in ('test', 'live')),
      issuer_id uuid not null,
      branch text,
      currency text not null,
      status text not null check (status in ('making', 'issued', 'replacing', 'canceled')),
      periodicity text not null,
      months text not null,
      year integer not null,
      period_from date not null,
      period_to date not null,
      tickets integer not null,
      total numeric(24, 6) not null,
      invoice_id uuid,
      former_invoices uuid[] not null default '{}',
      created_at timestamptz not null,
      updated_at timestamptz not null,
      primary key (tenant_id, id)
    )`.execute(db)
  await sql`create index global_invoices_by_invoice on global_invoices (tenant_id, invoice_id) where invoice_id is not null`.execute(db)
  await tenantTable(db, 'global_invoices', { app: ['select', 'insert', 'update'] })

  await sql`
    alter table invoices
      add column sale_id uuid,
      add column global_id uuid`.execute(db)
  await sql`create index invoices_by_sale on invoices (tenant_id, sale_id) where sale_id is not null`.execute(db)

  // Whatever tells that an invoice changed state, its sale or its global invoice is looked at again.
  await sql`
    create function app.invoice_changed() returns trigger language plpgsql volatile security invoker set search_path = public, pg_temp as $app$
    begin
      insert into timers (tenant_id, kind, id, due_at)
        select new.tenant_id, k.kind, k.id, new.updated_at from (values ('sale', new.sale_id), ('global_invoice', new.global_id)) as k (kind, id) where k.id is not null
      on conflict (tenant_id, kind, id) do update set due_at = least(timers.due_at, excluded.due_at), tries = 0;
      return null;
    end $app$`.execute(db)
  // A payment that took money is a sale, where its tenant has somebody who invoices; what became of it since changes that sale.
  await sql`
    create function app.payment_sold() returns trigger language plpgsql volatile security invoker set search_path = public, pg_temp as $app$
    begin
      if exists (select 1 from issuers where tenant_id = new.tenant_id and mode = new.mode and deleted_at is null) then
        insert into timers (tenant_id, kind, id, due_at) values (new.tenant_id, 'payment_sale', new.id, new.updated_at)
        on conflict (tenant_id, kind, id) do update set due_at = excluded.due_at, tries = 0;
      end if;
      return null;
    end $app$`.execute(db)
  await sql`
    create function app.refund_of_sale() returns trigger language plpgsql volatile security invoker set search_path = public, pg_temp as $app$
    begin
      insert into timers (tenant_id, kind, id, due_at)
        select new.tenant_id, 'payment_sale', s.payment_id, new.updated_at from sales s where s.tenant_id = new.tenant_id and s.payment_id = new.payment_id
      on conflict (tenant_id, kind, id) do update set due_at = excluded.due_at, tries = 0;
      return null;
    end $app$`.execute(db)
  for (const signature of ['invoice_changed()', 'payment_sold()', 'refund_of_sale()']) {
    await sql`revoke all on function ${sql.raw(`app.${signature}`)} from public`.execute(db)
    await sql`grant execute on function ${sql.raw(`app.${signature}`)} to pasarela_app`.execute(db)
  }
  await sql`create trigger invoices_of_sales after update on invoices for each row
    when ((new.sale_id is not null or new.global_id is not null) and new.status is distinct from old.status) execute function app.invoice_changed()`.execute(db)
  await sql`create trigger payments_sold after update on payments for each row
    when (new.known_status = 'succeeded' and new.known_status is distinct from old.known_status) execute function app.payment_sold()`.execute(db)
  await sql`create trigger payments_sold_at_once after insert on payments for each row when (new.known_status = 'succeeded') execute function app.payment_sold()`.execute(db)
  await sql`create trigger refunds_of_sales after insert or update on refunds for each row execute function app.refund_of_sale()`.execute(db)
}
