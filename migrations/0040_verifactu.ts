import { type Kysely, sql } from 'kysely'
import { tenantTable } from './tenant-table.ts'

/** Spain's records of invoices: one chain for each taxpayer and installation. What is chained is written once and never changed. */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`
    create table verifactu_chains (
      tenant_id uuid not null,
      id uuid not null,
      mode text not null check (mode in ('test', 'live')),
      nif text not null,
      issuer_id uuid not null,
      system text not null check (system in ('verifactu', 'no_verifactu', 'off')),
      connection_id uuid,
      last_day date,
      next_system text check (next_system in ('no_verifactu', 'off')),
      position bigint not null default 0,
      last_number text,
      last_date text,
      last_huella text,
      last_at text,
      event_position bigint not null default 0,
      event_type text,
      event_huella text,
      event_at text,
      wait_seconds integer not null default 60,
      next_send_at timestamptz,
      batch_size integer not null default 1000,
      outage_since timestamptz,
      summarized_at timestamptz,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      primary key (tenant_id, id)
    )`.execute(db)
  await sql`create unique index verifactu_chains_once on verifactu_chains (tenant_id, mode, nif)`.execute(db)
  await tenantTable(db, 'verifactu_chains', { app: ['select', 'insert', 'update'] })

  await sql`
    create table verifactu_records (
      tenant_id uuid not null,
      id uuid not null,
      chain_id uuid not null,
      position bigint not null,
      mode text not null check (mode in ('test', 'live')),
      issuer_id uuid not null,
      invoice_id uuid not null,
      kind text not null check (kind in ('alta', 'anulacion')),
      number text not null,
      date text not null,
      operation_date text,
      type text,
      tax text,
      total text,
      correction text check (correction in ('N', 'S', 'X')),
      xml text,
      xml_sealed text,
      huella text not null,
      previous_huella text not null,
      generated_at text not null,
      system text not null check (system in ('verifactu', 'no_verifactu')),
      status text not null check (status in ('pending', 'sending', 'unknown', 'accepted', 'accepted_with_errors', 'rejected', 'unsigned', 'kept')),
      signed text,
      signed_sealed text,
      incident boolean not null default false,
      error_code text,
      error_message text,
      receipt text,
      operation_id uuid,
      sent_at timestamptz,
      answered_at timestamptz,
      created_at timestamptz not null,
      primary key (tenant_id, id)
    )`.execute(db)
  await sql`create unique index verifactu_records_chained on verifactu_records (tenant_id, chain_id, position)`.execute(db)
  await sql`create index verifactu_records_of_invoice on verifactu_records (tenant_id, invoice_id, position)`.execute(db)
  await sql`create index verifactu_records_by_number on verifactu_records (tenant_id, chain_id, number, position)`.execute(db)
  await sql`create index verifactu_records_open on verifactu_records (tenant_id, chain_id, position) where status in ('pending', 'sending', 'unknown', 'unsigned')`.execute(db)
  // What was chained stays: the application may only say what became of it, and seal what was said.
  await tenantTable(db, 'verifactu_records', { app: ['select', 'insert', 'update(status, xml, xml_sealed, signed, signed_sealed, incident, error_code, error_message, receipt, operation_id, sent_at, answered_at)'] })
  await sql`
    create function app.keep_verifactu_record() returns trigger language plpgsql set search_path = public, pg_temp as $$
    begin
      if new.xml is distinct from old.xml and (new.xml is not null or new.xml_sealed is null) then raise exception 'a chained record is not changed'; end if;
      if old.signed is not null and new.signed is distinct from old.signed and (new.signed is not null or new.signed_sealed is null) then raise exception 'a signed record is not changed'; end if;
      return new;
    end $$`.execute(db)
  await sql`revoke all on function app.keep_verifactu_record() from public`.execute(db)
  await sql`grant execute on function app.keep_verifactu_record() to pasarela_app`.execute(db)
  await sql`create trigger keep_verifactu_record before update on verifactu_records for each row execute function app.keep_verifactu_record()`.execute(db)

  await sql`
    create table verifactu_events (
      tenant_id uuid not null,
      id uuid not null,
      chain_id uuid not null,
      position bigint not null,
      mode text not null check (mode in ('test', 'live')),
      type text not null,
      xml text not null,
      signed text,
      huella text not null,
      generated_at text not null,
      created_at timestamptz not null,
      primary key (tenant_id, id)
    )`.execute(db)
  await sql`create unique index verifactu_events_chained on verifactu_events (tenant_id, chain_id, position)`.execute(db)
  await sql`create index verifactu_events_unsigned on verifactu_events (tenant_id, chain_id, position) where signed is null`.execute(db)
  await tenantTable(db, 'verifactu_events', { app: ['select', 'insert', 'update(signed)'] })
}
