import { type Kysely, sql } from 'kysely'

/** Some providers' statements name the charge, not the payment: reconciliation looks a payment up by it. */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`create index payments_by_transaction_reference on payments (tenant_id, connection_id, transaction_reference) where transaction_reference is not null`.execute(db)
}
