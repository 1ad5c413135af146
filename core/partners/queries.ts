import { type Kysely, sql } from 'kysely'
import type { IdWindow } from '../db/id-window.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import type { Database } from '../db/schema.ts'

export interface PartnerRow { id: string, name: string, created_at: Date }

export async function insertPartner (db: TenantDb, partner: { id: string, name: string, now: Date }): Promise<void> {
  await db.insertInto('partners').values({ tenant_id: db.tenantId, id: partner.id, name: partner.name, created_at: partner.now }).execute()
}

export async function findPartner (db: TenantDb, id: string): Promise<PartnerRow | undefined> {
  return await db.selectFrom('partners').select(['id', 'name', 'created_at']).where('tenant_id', '=', db.tenantId).where('id', '=', id).executeTakeFirst()
}

export async function listPartners (db: TenantDb, window: IdWindow, ids?: readonly string[]): Promise<PartnerRow[]> {
  return await db.selectFrom('partners').select(['id', 'name', 'created_at']).where('tenant_id', '=', db.tenantId)
    .$if(ids !== undefined, q => q.where('id', 'in', [...ids!]))
    .$if(window.before !== undefined, q => q.where('id', '<', window.before!))
    .$if(window.from !== undefined, q => q.where('id', '>=', window.from!))
    .orderBy('id', 'desc').limit(window.limit).execute()
}

// --- which partners the tenant of the transaction lets act for it ------------------------------------------------------

/** False when it was so already. */
export async function insertGrant (db: TenantDb, partnerId: string, now: Date): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await db.insertInto('partner_tenants').values({ tenant_id: db.tenantId, partner_id: partnerId, created_at: now })
    .onConflict(conflict => conflict.doNothing()).executeTakeFirst()
  return numInsertedOrUpdatedRows === 1n
}

/** False when there was none. */
export async function deleteGrant (db: TenantDb, partnerId: string): Promise<boolean> {
  const { numDeletedRows } = await db.deleteFrom('partner_tenants').where('tenant_id', '=', db.tenantId).where('partner_id', '=', partnerId).executeTakeFirst()
  return numDeletedRows === 1n
}

export async function listGrants (db: TenantDb): Promise<string[]> {
  const rows = await db.selectFrom('partner_tenants').select('partner_id').where('tenant_id', '=', db.tenantId).execute()
  return rows.map(row => row.partner_id)
}

export async function isServed (db: Kysely<Database>, partnerId: string, tenantId: string): Promise<boolean> {
  const { rows } = await sql<{ served: boolean }>`select gate.partner_serves(${partnerId}, ${tenantId}) as served`.execute(db)
  return rows[0]?.served === true
}

export async function isTenant (db: Kysely<Database>, tenantId: string): Promise<boolean> {
  const { rows } = await sql`select 1 from gate.find_tenant(${tenantId}) where kind = 'tenant'`.execute(db)
  return rows.length > 0
}
