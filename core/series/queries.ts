import { sql } from 'kysely'
import type { Mode } from '../adapter/context.ts'
import type { IdWindow } from '../db/id-window.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import type { Document } from '../issuers/schema.ts'

const selectSeries = (db: TenantDb) => db.selectFrom('series').selectAll().select(sql<Document>`document`.as('document')).where('tenant_id', '=', db.tenantId)
export type SeriesRow = Awaited<ReturnType<ReturnType<typeof selectSeries>['executeTakeFirstOrThrow']>>

export async function findSeries (db: TenantDb, id: string): Promise<SeriesRow | undefined> {
  return await selectSeries(db).where('id', '=', id).executeTakeFirst()
}

export async function lockSeries (db: TenantDb, id: string): Promise<SeriesRow | undefined> {
  return await selectSeries(db).where('id', '=', id).forUpdate().executeTakeFirst()
}

export async function listSeries (db: TenantDb, filter: IdWindow & { mode: Mode, issuerId?: string, document?: string, branch?: string, active?: boolean }): Promise<SeriesRow[]> {
  return await selectSeries(db).where('mode', '=', filter.mode)
    .$if(filter.issuerId !== undefined, q => q.where('issuer_id', '=', filter.issuerId!))
    .$if(filter.document !== undefined, q => q.where('document', '=', filter.document!))
    .$if(filter.branch !== undefined, q => q.where('branch', '=', filter.branch!))
    .$if(filter.active !== undefined, q => q.where('active', '=', filter.active!))
    .$if(filter.before !== undefined, q => q.where('id', '<', filter.before!))
    .$if(filter.from !== undefined, q => q.where('id', '>=', filter.from!))
    .orderBy('id', 'desc').limit(filter.limit).execute()
}

/** All of an issuer that number a kind of document, oldest first. */
export async function seriesFor (db: TenantDb, issuerId: string, document: string): Promise<SeriesRow[]> {
  return await selectSeries(db).where('issuer_id', '=', issuerId).where('document', '=', document).orderBy('id').execute()
}

export interface SeriesColumns {
  id: string
  mode: Mode
  issuer_id: string
  document: Document
  branch: string
  till: string
  prefix: string
  digits: number
  numbering: string
  next_number: number
  last_number: number
  active: boolean
}

/** `unlessThere`: another of the same numbering is left as it is. */
export async function insertSeries (db: TenantDb, series: SeriesColumns, now: Date, { unlessThere = false } = {}): Promise<void> {
  await db.insertInto('series').values({ ...series, tenant_id: db.tenantId, created_at: now, updated_at: now }).$if(unlessThere, q => q.onConflict(oc => oc.doNothing())).execute()
}

export async function updateSeries (db: TenantDb, id: string, changes: { digits?: number, next_number?: number, active?: boolean }, now: Date): Promise<SeriesRow> {
  return await db.updateTable('series').set({ ...changes, updated_at: now }).where('tenant_id', '=', db.tenantId).where('id', '=', id)
    .returningAll().returning(sql<Document>`document`.as('document')).executeTakeFirstOrThrow()
}

/** Takes the next number. The row stays locked to the end of the transaction, and a rollback gives the number back: so there is no gap. */
export async function takeNext (db: TenantDb, id: string): Promise<{ number: string, prefix: string, digits: number } | undefined> {
  return await db.updateTable('series').set({ next_number: sql`next_number + 1` })
    .where('tenant_id', '=', db.tenantId).where('id', '=', id).where('active', '=', true).whereRef('next_number', '<=', 'last_number')
    .returning([sql<string>`(next_number - 1)::text`.as('number'), 'prefix', 'digits']).executeTakeFirst()
}
