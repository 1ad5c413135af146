import { type Kysely, sql } from 'kysely'

/** An authority refused what a certificate signed (SRI 39, 40): nothing more goes out with it until a person has acted. */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`alter table certificates add column refused_at timestamptz, add column refused_because text`.execute(db)
}
