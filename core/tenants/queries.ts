import { type Kysely, sql } from 'kysely'
import type { IdWindow } from '../db/id-window.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import type { Database } from '../db/schema.ts'

export interface TenantRow { id: string, name: string, country: string, host_name: string | null, status: string, created_at: Date }

const columns = ['id', 'name', 'country', 'host_name', 'status', 'created_at'] as const

/** The tenant of the transaction. */
export async function findTenant (db: TenantDb): Promise<TenantRow & { kind: string } | undefined> {
  return await db.selectFrom('tenants').select([...columns, 'kind']).where('id', '=', db.tenantId).executeTakeFirst()
}

export async function lockTenant (db: TenantDb): Promise<TenantRow & { kind: string } | undefined> {
  return await db.selectFrom('tenants').select([...columns, 'kind']).where('id', '=', db.tenantId).forUpdate().executeTakeFirst()
}

export async function updateTenant (db: TenantDb, changes: { name?: string, host_name?: string | null, status?: string }, now: Date): Promise<TenantRow> {
  return await db.updateTable('tenants').set({ ...changes, updated_at: now }).where('id', '=', db.tenantId).returning(columns).executeTakeFirstOrThrow()
}

/** All tenants, or those that a partner serves; never the platform. */
export async function listTenants (db: Kysely<Database>, window: IdWindow, filter: { partnerId: string | null, status: string | null }): Promise<TenantRow[]> {
  const { rows } = await sql<TenantRow>`
    select * from gate.list_tenants(${filter.partnerId}, ${filter.status}, ${window.from ?? null}, ${window.before ?? null}, ${window.limit})`.execute(db)
  return rows
}
