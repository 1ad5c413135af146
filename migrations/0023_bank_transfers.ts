import { type Kysely, sql } from 'kysely'
import { tenantTable } from './tenant-table.ts'

/** Bank transfers of one's own: where money comes to, which transfers are expected there, and what the bank's statements say. */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`
    create table bank_accounts (
      tenant_id uuid not null references tenants (id),
      id uuid not null,
      mode text not null check (mode in ('test', 'live')),
      kind text not null check (kind in ('checking', 'savings', 'business', 'payroll')),
      label text not null,
      currency text not null check (currency ~ '^[A-Z]{3}$'),
      country text not null check (country ~ '^[A-Z]{2}$'),
      time_zone text not null,
      -- The first three digits of a CLABE.
      bank_code text,
      bank text not null,
      beneficiary text not null,
      scheme text not null check (scheme in ('clabe', 'iban', 'account_number')),
      -- {clabe, iban, account_number, bic}
      numbers_sealed text not null,
      last4 text not null,
      -- Under a key of the tenant's own: finds the same account, and tells nobody which it is.
      number_mac bytea not null,
      is_primary boolean not null,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      deleted_at timestamptz,
      primary key (tenant_id, id)
    )`.execute(db)
  await sql`create unique index bank_accounts_once on bank_accounts (tenant_id, mode, number_mac) where deleted_at is null`.execute(db)
  await sql`create unique index bank_accounts_primary on bank_accounts (tenant_id, mode, currency) where is_primary and deleted_at is null`.execute(db)
  await tenantTable(db, 'bank_accounts', { app: ['select', 'insert', 'update'] })

  // What the adapter of bank transfers asks of: the book of transfers that are expected.
  await sql`
    create table bank_transfers (
      tenant_id uuid not null,
      id uuid not null,
      mode text not null check (mode in ('test', 'live')),
      connection_id uuid not null,
      bank_account_id uuid not null,
      payment_id uuid not null,
      attempt integer not null check (attempt >= 1),
      -- SPEI's referencia numérica has seven digits at most; none of ours begins with a zero, which banks leave out or add.
      reference text not null check (reference ~ '^[1-9][0-9]{6}$'),
      amount bigint not null check (amount > 0),
      currency text not null,
      status text not null default 'open' check (status in ('open', 'paid', 'canceled', 'expired')),
      -- What statements brought for it so far, exact or not.
      amount_received bigint not null default 0 check (amount_received >= 0),
      transaction_reference text,
      -- The payer's deadline; and until when a statement is waited for that tells of a transfer made in time.
      expires_at timestamptz not null,
      closes_at timestamptz not null,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      primary key (tenant_id, id),
      unique (tenant_id, connection_id, payment_id, attempt),
      foreign key (tenant_id, bank_account_id) references bank_accounts (tenant_id, id)
    )`.execute(db)
  await sql`create unique index bank_transfers_open on bank_transfers (tenant_id, bank_account_id, reference) where status = 'open'`.execute(db)
  await sql`create index bank_transfers_by_reference on bank_transfers (tenant_id, bank_account_id, reference, id desc)`.execute(db)
  await sql`create index bank_transfers_by_payment on bank_transfers (tenant_id, payment_id, id desc)`.execute(db)
  await tenantTable(db, 'bank_transfers', { app: ['select', 'insert', 'update'] })

  await sql`
    create table bank_statements (
      tenant_id uuid not null,
      id uuid not null,
      mode text not null check (mode in ('test', 'live')),
      bank_account_id uuid not null,
      format text not null check (format in ('csv', 'camt.053')),
      -- Which of our column layouts it was read by; 'custom' for one of the caller's.
      layout text,
      name text,
      sha256 bytea not null,
      bytes integer not null,
      from_day date,
      to_day date,
      lines_skipped integer not null default 0,
      created_at timestamptz not null,
      primary key (tenant_id, id),
      unique (tenant_id, bank_account_id, sha256),
      foreign key (tenant_id, bank_account_id) references bank_accounts (tenant_id, id)
    )`.execute(db)
  await tenantTable(db, 'bank_statements', { app: ['select', 'insert'] })

  await sql`
    create table bank_entries (
      tenant_id uuid not null,
      id uuid not null,
      mode text not null check (mode in ('test', 'live')),
      statement_id uuid not null,
      bank_account_id uuid not null,
      line integer not null,
      direction text not null check (direction in ('credit', 'debit')),
      amount bigint not null check (amount >= 0),
      currency text not null,
      booked_on date not null,
      -- Only where the statement tells the time of day.
      booked_at timestamptz,
      reference text,
      -- Digits of its texts that may be a reference.
      hints text[] not null default '{}',
      tracking_key text,
      description text not null default '',
      payer text,
      balance bigint,
      dedupe_key bytea not null,
      status text not null check (status in ('new', 'matched', 'review', 'unknown', 'duplicate', 'ignored')),
      reason text,
      transfer_id uuid,
      payment_id uuid,
      suggested_payment_id uuid,
      duplicate_of uuid,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      primary key (tenant_id, id),
      foreign key (tenant_id, statement_id) references bank_statements (tenant_id, id)
    )`.execute(db)
  // What was seen on one statement counts once, also when the next statement has it again.
  await sql`create unique index bank_entries_once on bank_entries (tenant_id, bank_account_id, dedupe_key) where status <> 'duplicate'`.execute(db)
  await sql`create index bank_entries_by_statement on bank_entries (tenant_id, statement_id, id)`.execute(db)
  await sql`create index bank_entries_by_status on bank_entries (tenant_id, mode, status, id desc)`.execute(db)
  await sql`create index bank_entries_by_payment on bank_entries (tenant_id, payment_id) where payment_id is not null`.execute(db)
  await tenantTable(db, 'bank_entries', { app: ['select', 'insert', 'update'] })
}
