import { type Kysely, sql } from 'kysely'
import { tenantTable } from './tenant-table.ts'

/** Fiscal documents: what was asked, what was computed, what was sent, what the authority made of it. */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`
    create table invoices (
      tenant_id uuid not null,
      id uuid not null,
      mode text not null check (mode in ('test', 'live')),
      country text not null,
      kind text not null,
      status text not null,
      review text,
      issuer_id uuid not null,
      certificate_id uuid,
      connection_id uuid,
      provider text,
      series_id uuid,
      series text,
      number text,
      -- As asked: what is computed anew when a rejected one is corrected.
      body jsonb not null,
      -- The unified model with its totals: what is shown, and what a PAC that seals for us gets.
      model jsonb not null,
      customer_tax_id text not null,
      currency text not null,
      total numeric(24, 6) not null,
      -- What is still to be paid of it; only for what is paid later.
      amount_paid numeric(24, 6) not null default 0,
      due date,
      reference text,
      payment_id uuid,
      -- The document that this one is about: of a credit note, a payment receipt, a substitute.
      related_id uuid,
      fiscal_id text,
      provider_reference text,
      provider_status text,
      -- Exactly the bytes that are sent, and sent again: building anew would be another document.
      sealed bytea,
      issued_at timestamptz,
      stamped_at timestamptz,
      messages jsonb not null default '[]',
      cancel_motive text,
      cancel_substitute text,
      cancel_sealed bytea,
      cancel_asked_at timestamptz,
      canceled_at timestamptz,
      pending_kind text check (pending_kind in ('issue', 'cancel')),
      pending_operation_id uuid,
      pending_key text,
      pending_since timestamptz,
      metadata jsonb not null default '{}',
      version integer not null default 0,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      primary key (tenant_id, id)
    )`.execute(db)
  // The natural key: a number is never on two documents.
  await sql`create unique index invoices_by_number on invoices (tenant_id, issuer_id, mode, kind, series, number) where number is not null`.execute(db)
  await sql`create unique index invoices_by_fiscal_id on invoices (tenant_id, mode, fiscal_id) where fiscal_id is not null`.execute(db)
  await sql`create index invoices_by_payment on invoices (tenant_id, payment_id) where payment_id is not null`.execute(db)
  await sql`create index invoices_by_related on invoices (tenant_id, related_id) where related_id is not null`.execute(db)
  await sql`create index invoices_by_status on invoices (tenant_id, mode, status, id desc)`.execute(db)
  await tenantTable(db, 'invoices', { app: ['select', 'insert', 'update'] })

  // What was paid of an invoice, and the receipt (complemento de pago) that says so.
  await sql`
    create table invoice_payments (
      tenant_id uuid not null,
      id uuid not null,
      invoice_id uuid not null,
      number integer not null,
      amount numeric(24, 6) not null,
      balance_before numeric(24, 6) not null,
      currency text not null,
      form text not null,
      paid_at timestamptz not null,
      payment_id uuid,
      receipt_id uuid,
      created_at timestamptz not null,
      primary key (tenant_id, id),
      unique (tenant_id, invoice_id, number)
    )`.execute(db)
  // A payment of any provider pays an invoice once.
  await sql`create unique index invoice_payments_by_payment on invoice_payments (tenant_id, invoice_id, payment_id) where payment_id is not null`.execute(db)
  await tenantTable(db, 'invoice_payments', { app: ['select', 'insert', 'update(receipt_id)'] })
}
