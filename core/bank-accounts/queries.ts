import { sql } from 'kysely'
import type { Mode } from '../adapter/context.ts'
import type { IdWindow } from '../db/id-window.ts'
import type { TenantDb } from '../db/in-tenant.ts'

const selectAccounts = (db: TenantDb) => db.selectFrom('bank_accounts').selectAll().where('tenant_id', '=', db.tenantId)
export type AccountRow = Awaited<ReturnType<ReturnType<typeof selectAccounts>['executeTakeFirstOrThrow']>>

const selectTransfers = (db: TenantDb) => db.selectFrom('bank_transfers').selectAll().where('tenant_id', '=', db.tenantId)
export type TransferRow = Awaited<ReturnType<ReturnType<typeof selectTransfers>['executeTakeFirstOrThrow']>>

// --- accounts ---------------------------------------------------------------------------------------------------------

/** One at a time of a tenant, mode and currency: who is primary is decided under it. It ends with the transaction. */
export async function lockPrimary (db: TenantDb, mode: Mode, currency: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('pasarela primary bank account'), hashtext(${`${db.tenantId} ${mode} ${currency}`}))`.execute(db)
}

export async function insertAccount (db: TenantDb, account: Omit<AccountRow, 'tenant_id' | 'deleted_at' | 'updated_at'>): Promise<AccountRow> {
  return await db.insertInto('bank_accounts').values({ ...account, tenant_id: db.tenantId, updated_at: account.created_at }).returningAll().executeTakeFirstOrThrow()
}

/** A deleted one too, where it is named by what was done with it. */
export async function findAccount (db: TenantDb, id: string, { deleted = false } = {}): Promise<AccountRow | undefined> {
  return await selectAccounts(db).where('id', '=', id).$if(!deleted, q => q.where('deleted_at', 'is', null)).executeTakeFirst()
}

export async function lockAccount (db: TenantDb, id: string): Promise<AccountRow | undefined> {
  return await selectAccounts(db).where('id', '=', id).where('deleted_at', 'is', null).forUpdate().executeTakeFirst()
}

/** Keeps it from being deleted until the transaction ends; others may do the same meanwhile. */
export async function holdAccount (db: TenantDb, id: string): Promise<AccountRow | undefined> {
  return await selectAccounts(db).where('id', '=', id).where('deleted_at', 'is', null).forShare().executeTakeFirst()
}

export async function primaryAccount (db: TenantDb, mode: Mode, currency: string): Promise<AccountRow | undefined> {
  return await selectAccounts(db).where('mode', '=', mode).where('currency', '=', currency).where('is_primary', '=', true).where('deleted_at', 'is', null).executeTakeFirst()
}

export async function listAccounts (db: TenantDb, filter: IdWindow & { mode: Mode, currency?: string }): Promise<AccountRow[]> {
  return await selectAccounts(db).where('mode', '=', filter.mode).where('deleted_at', 'is', null)
    .$if(filter.currency !== undefined, q => q.where('currency', '=', filter.currency!))
    .$if(filter.before !== undefined, q => q.where('id', '<', filter.before!))
    .$if(filter.from !== undefined, q => q.where('id', '>=', filter.from!))
    .orderBy('id', 'desc').limit(filter.limit).execute()
}

export async function countAccounts (db: TenantDb, mode: Mode, currency: string): Promise<number> {
  const row = await db.selectFrom('bank_accounts').select(sql<number>`count(*)`.as('count'))
    .where('tenant_id', '=', db.tenantId).where('mode', '=', mode).where('currency', '=', currency).where('deleted_at', 'is', null).executeTakeFirstOrThrow()
  return row.count
}

export async function updateAccount (db: TenantDb, id: string, changes: Partial<Pick<AccountRow, 'label' | 'kind' | 'beneficiary' | 'time_zone' | 'is_primary' | 'deleted_at'>>, now: Date): Promise<void> {
  await db.updateTable('bank_accounts').set({ ...changes, updated_at: now }).where('tenant_id', '=', db.tenantId).where('id', '=', id).execute()
}

export async function dethronePrimary (db: TenantDb, mode: Mode, currency: string, now: Date): Promise<void> {
  await db.updateTable('bank_accounts').set({ is_primary: false, updated_at: now }).where('tenant_id', '=', db.tenantId)
    .where('mode', '=', mode).where('currency', '=', currency).where('is_primary', '=', true).where('deleted_at', 'is', null).execute()
}

// --- expected transfers -----------------------------------------------------------------------------------------------

export async function insertTransfer (db: TenantDb, transfer: Pick<TransferRow, 'id' | 'mode' | 'connection_id' | 'bank_account_id' | 'payment_id' | 'attempt' | 'reference' | 'amount' | 'currency' | 'expires_at' | 'closes_at' | 'created_at'>): Promise<TransferRow> {
  return await db.insertInto('bank_transfers').values({ ...transfer, tenant_id: db.tenantId, updated_at: transfer.created_at }).returningAll().executeTakeFirstOrThrow()
}

/** Which of these references no transfer of the account has, or none that is open. */
export async function freeReferences (db: TenantDb, accountId: string, references: readonly string[]): Promise<{ neverUsed: string[], notOpen: string[] }> {
  const rows = await db.selectFrom('bank_transfers').select(['reference', 'status'])
    .where('tenant_id', '=', db.tenantId).where('bank_account_id', '=', accountId).where('reference', 'in', [...references]).execute()
  const used = new Set(rows.map(row => row.reference))
  const open = new Set(rows.filter(row => row.status === 'open').map(row => row.reference))
  return { neverUsed: references.filter(reference => !used.has(reference)), notOpen: references.filter(reference => !open.has(reference)) }
}

export async function findTransfer (db: TenantDb, id: string): Promise<TransferRow | undefined> {
  return await selectTransfers(db).where('id', '=', id).executeTakeFirst()
}

export async function lockTransfer (db: TenantDb, id: string): Promise<TransferRow | undefined> {
  return await selectTransfers(db).where('id', '=', id).forUpdate().executeTakeFirst()
}

/** The newest one of a payment, of one connection and attempt where they are named. */
export async function findTransferOf (db: TenantDb, paymentId: string, of: { connectionId?: string, attempt?: number } = {}): Promise<TransferRow | undefined> {
  return await selectTransfers(db).where('payment_id', '=', paymentId)
    .$if(of.connectionId !== undefined, q => q.where('connection_id', '=', of.connectionId!))
    .$if(of.attempt !== undefined, q => q.where('attempt', '=', of.attempt!))
    .orderBy('id', 'desc').limit(1).executeTakeFirst()
}

const referencesAtOnce = 5000

/** For each of these references of an account one transfer: the open one, else the newest. */
export async function findByReferences (db: TenantDb, accountId: string, references: readonly string[]): Promise<Map<string, TransferRow>> {
  const found = new Map<string, TransferRow>()
  for (let from = 0; from < references.length; from += referencesAtOnce) {
    const rows = await selectTransfers(db).where('bank_account_id', '=', accountId).where('reference', 'in', references.slice(from, from + referencesAtOnce)).orderBy('id').execute()
    for (const row of rows) if (found.get(row.reference)?.status !== 'open') found.set(row.reference, row)
  }
  return found
}

export async function updateTransfer (db: TenantDb, id: string, changes: Partial<Pick<TransferRow, 'status' | 'amount_received' | 'transaction_reference'>>, now: Date): Promise<TransferRow> {
  return await db.updateTable('bank_transfers').set({ ...changes, updated_at: now }).where('tenant_id', '=', db.tenantId).where('id', '=', id).returningAll().executeTakeFirstOrThrow()
}

export async function hasOpenTransfers (db: TenantDb, accountId: string): Promise<boolean> {
  return await db.selectFrom('bank_transfers').select('id').where('tenant_id', '=', db.tenantId).where('bank_account_id', '=', accountId).where('status', '=', 'open').limit(1).executeTakeFirst() !== undefined
}
