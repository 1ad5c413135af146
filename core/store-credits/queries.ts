import type { Mode } from '../adapter/context.ts'
import type { IdWindow } from '../db/id-window.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import { newUuid } from '../ids.ts'

/** The only SQL about store credits. */
const selectCredits = (db: TenantDb) => db.selectFrom('store_credits').selectAll().where('tenant_id', '=', db.tenantId)
export type StoreCreditRow = Awaited<ReturnType<ReturnType<typeof selectCredits>['executeTakeFirstOrThrow']>>

export const findCredit = async (db: TenantDb, id: string): Promise<StoreCreditRow | undefined> => await selectCredits(db).where('id', '=', id).executeTakeFirst()
export const lockCredit = async (db: TenantDb, id: string): Promise<StoreCreditRow | undefined> => await selectCredits(db).where('id', '=', id).forUpdate().executeTakeFirst()
export const lockByCode = async (db: TenantDb, mode: Mode, code: string): Promise<StoreCreditRow | undefined> => await selectCredits(db).where('mode', '=', mode).where('code', '=', code).forUpdate().executeTakeFirst()

export async function listCredits (db: TenantDb, filter: IdWindow & { mode: Mode, status?: string, code?: string, saleId?: string }): Promise<StoreCreditRow[]> {
  return await selectCredits(db).where('mode', '=', filter.mode)
    .$if(filter.before !== undefined, q => q.where('id', '<', filter.before!))
    .$if(filter.from !== undefined, q => q.where('id', '>=', filter.from!))
    .$if(filter.status !== undefined, q => q.where('status', '=', filter.status!))
    .$if(filter.code !== undefined, q => q.where('code', '=', filter.code!))
    .$if(filter.saleId !== undefined, q => q.where('sale_id', '=', filter.saleId!))
    .orderBy('id', 'desc').limit(filter.limit).execute()
}

export interface NewCreditRow { id: string, mode: Mode, code: string, currency: string, amount: number, customer_id: string | null, sale_id: string | null, reason: string | null, metadata: Record<string, string>, expires_at: Date, created_at: Date }

export async function insertCredit (db: TenantDb, { metadata, ...row }: NewCreditRow): Promise<StoreCreditRow> {
  return await db.insertInto('store_credits').values({ tenant_id: db.tenantId, ...row, metadata: JSON.stringify(metadata), status: 'active', balance: row.amount, updated_at: row.created_at }).returningAll().executeTakeFirstOrThrow()
}

export async function updateCredit (db: TenantDb, id: string, changes: { status?: string, balance?: number }, now: Date): Promise<StoreCreditRow> {
  return await db.updateTable('store_credits').set({ ...changes, updated_at: now }).where('tenant_id', '=', db.tenantId).where('id', '=', id).returningAll().executeTakeFirstOrThrow()
}

export async function insertCreditEvent (db: TenantDb, event: { store_credit_id: string, type: 'issued' | 'redeemed' | 'restored' | 'expired' | 'voided', amount: number, balance: number, sale_id?: string | null, reference?: string | null }, now: Date): Promise<void> {
  await db.insertInto('store_credit_events').values({ tenant_id: db.tenantId, id: newUuid(now), ...event, created_at: now }).execute()
}

/** Oldest first. */
export async function eventsOf (db: TenantDb, id: string) {
  return await db.selectFrom('store_credit_events').selectAll().where('tenant_id', '=', db.tenantId).where('store_credit_id', '=', id).orderBy('id').execute()
}
