import { type Kysely, sql } from 'kysely'

/** Some providers sign their address' query as well: without it what was refused could never be judged anew. */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`alter table inbound_refused add column url text not null default '/hooks/:token'`.execute(db)
}
