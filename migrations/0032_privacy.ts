import { type Kysely, sql } from 'kysely'

/** A tenant whose buyers' fiscal data is delegated keeps none of it in clear; one person's data is found by a keyed mark, to be given and erased. */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table invoices
      -- Its tenant delegates fiscal data: from its stamp on the buyer stands in no other column than customer_sealed.
      add column delegated boolean not null default false,
      -- The buyer as asked and as computed, sealed; null while they stand in body and model, and once the document was kept long enough.
      add column customer_sealed text,
      -- Of the buyer's tax id, under a key that only this tenant has: for the person's own rights. Not indexed.
      add column person text`.execute(db)
  // Its bytes lie sealed in the storage; sha256 and bytes are those of what they open to.
  await sql`alter table documents add column encrypted boolean not null default false`.execute(db)
  await sql`alter table sales add column person text`.execute(db)
  await sql`create index sales_by_person on sales (tenant_id, person) where person is not null`.execute(db)
  // What the law wants kept goes when the law's years are over, whatever ended them.
  await sql`
    create function app.invoice_forgotten() returns trigger language plpgsql volatile security invoker set search_path = public, pg_temp as $app$
    begin
      update invoices set customer_sealed = null, person = null where tenant_id = new.tenant_id and id = new.subject_id and customer_sealed is not null;
      return null;
    end $app$`.execute(db)
  await sql`revoke all on function app.invoice_forgotten() from public`.execute(db)
  await sql`grant execute on function app.invoice_forgotten() to pasarela_app`.execute(db)
  await sql`create trigger documents_forgotten after update on documents for each row
    when (new.subject_type = 'invoice' and new.kind = 'xml' and new.deleted_at is not null and old.deleted_at is null) execute function app.invoice_forgotten()`.execute(db)
}
