import { type Kysely, sql } from 'kysely'
import { inTenant } from '../db/in-tenant.ts'
import type { Database } from '../db/schema.ts'
import type { DataKeyRow, DataKeyStore } from './data-key-store.ts'

const columns = ['id', 'wrapped', 'master_key_id as masterKeyId'] as const

/** Data keys in PostgreSQL, each behind its tenant's policy. `insert` commits in a transaction of its own. */
export function databaseKeyStore (db: Kysely<Database>): DataKeyStore {
  return {
    current: async tenant => await inTenant(db, tenant, async db => await currentRow(db)),
    byId: async (tenant, id) => await inTenant(db, tenant, async db =>
      await db.selectFrom('data_keys').select(columns).where('tenant_id', '=', tenant).where('id', '=', id).executeTakeFirst()),
    insert: async (tenant, row) => await inTenant(db, tenant, async db => {
      await db.insertInto('data_keys').values({ tenant_id: tenant, id: row.id, wrapped: row.wrapped, master_key_id: row.masterKeyId })
        .onConflict(oc => oc.columns(['tenant_id']).where('current', '=', true).doNothing()).execute()
      return (await currentRow(db))!
    }),
    listNotUnder: async (masterKeyId, limit) => {
      const { rows } = await sql<{ tenant_id: string, id: string, wrapped: string }>`select * from gate.data_keys_not_under(${masterKeyId}, ${limit})`.execute(db)
      return rows.map(({ tenant_id: tenant, id, wrapped }) => ({ tenant, id, wrapped }))
    },
    replaceWrapped: async (tenant, id, oldWrapped, newWrapped, masterKeyId) => await inTenant(db, tenant, async db => {
      const { numUpdatedRows } = await db.updateTable('data_keys').set({ wrapped: newWrapped, master_key_id: masterKeyId })
        .where('tenant_id', '=', tenant).where('id', '=', id).where('wrapped', '=', oldWrapped).executeTakeFirst()
      return numUpdatedRows === 1n
    })
  }

  async function currentRow (db: Parameters<Parameters<typeof inTenant>[2]>[0]): Promise<DataKeyRow | undefined> {
    return await db.selectFrom('data_keys').select(columns).where('tenant_id', '=', db.tenantId).where('current', '=', true).executeTakeFirst()
  }
}
