import { sql } from 'kysely'
import type { Mode } from '../adapter/context.ts'
import type { IdWindow } from '../db/id-window.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import type { EntryStatus } from './schema.ts'

const selectStatements = (db: TenantDb) => db.selectFrom('bank_statements').selectAll().where('tenant_id', '=', db.tenantId)
export type StatementRow = Awaited<ReturnType<ReturnType<typeof selectStatements>['executeTakeFirstOrThrow']>>

/** With what became of the review that an entry caused: it is over when its payment's is. */
const selectEntries = (db: TenantDb) => db.selectFrom('bank_entries as e').leftJoin('payments as p', join => join.onRef('p.tenant_id', '=', 'e.tenant_id').onRef('p.id', '=', 'e.payment_id'))
  .selectAll('e').select(shownStatus.as('shown_status')).where('e.tenant_id', '=', db.tenantId)
const shownStatus = sql<EntryStatus>`case when e.status = 'review' and e.payment_id is not null and p.review is null then 'resolved' else e.status end`
export type EntryRow = Awaited<ReturnType<ReturnType<typeof selectEntries>['executeTakeFirstOrThrow']>>

/** Statements of an account are read one at a time: what was seen before is known for sure. It ends with the transaction. */
export async function lockStatements (db: TenantDb, accountId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('pasarela bank statements'), hashtext(${`${db.tenantId} ${accountId}`}))`.execute(db)
}

export async function insertStatement (db: TenantDb, statement: Omit<StatementRow, 'tenant_id'>): Promise<StatementRow> {
  return await db.insertInto('bank_statements').values({ ...statement, tenant_id: db.tenantId }).returningAll().executeTakeFirstOrThrow()
}

export async function findStatement (db: TenantDb, id: string): Promise<StatementRow | undefined> {
  return await selectStatements(db).where('id', '=', id).executeTakeFirst()
}

export async function findByContent (db: TenantDb, accountId: string, sha256: Buffer): Promise<StatementRow | undefined> {
  return await selectStatements(db).where('bank_account_id', '=', accountId).where('sha256', '=', sha256).executeTakeFirst()
}

export async function listStatements (db: TenantDb, filter: IdWindow & { mode: Mode, accountId?: string }): Promise<StatementRow[]> {
  return await selectStatements(db).where('mode', '=', filter.mode)
    .$if(filter.accountId !== undefined, q => q.where('bank_account_id', '=', filter.accountId!))
    .$if(filter.before !== undefined, q => q.where('id', '<', filter.before!))
    .$if(filter.from !== undefined, q => q.where('id', '>=', filter.from!))
    .orderBy('id', 'desc').limit(filter.limit).execute()
}

export type NewEntry = Omit<EntryRow, 'tenant_id' | 'shown_status' | 'transfer_id' | 'payment_id' | 'updated_at'>

const rowsAtOnce = 500

export async function insertEntries (db: TenantDb, entries: readonly NewEntry[]): Promise<void> {
  for (let from = 0; from < entries.length; from += rowsAtOnce) {
    await db.insertInto('bank_entries').values(entries.slice(from, from + rowsAtOnce).map(entry => ({ ...entry, tenant_id: db.tenantId, updated_at: entry.created_at }))).execute()
  }
}

export interface SeenEntry { id: string, dedupe_key: Buffer, direction: string, amount: number, currency: string, payment_id: string | null }

/** What the account's statements before told under these marks, by the mark in hexadecimal. */
export async function findSeen (db: TenantDb, accountId: string, keys: readonly Buffer[]): Promise<Map<string, SeenEntry>> {
  const found = new Map<string, SeenEntry>()
  for (let from = 0; from < keys.length; from += rowsAtOnce) {
    const rows = await db.selectFrom('bank_entries').select(['id', 'dedupe_key', 'direction', 'amount', 'currency', 'payment_id'])
      .where('tenant_id', '=', db.tenantId).where('bank_account_id', '=', accountId).where('status', '!=', 'duplicate').where('dedupe_key', 'in', keys.slice(from, from + rowsAtOnce)).execute()
    for (const row of rows) found.set(row.dedupe_key.toString('hex'), row)
  }
  return found
}

export async function findEntry (db: TenantDb, id: string): Promise<EntryRow | undefined> {
  return await selectEntries(db).where('e.id', '=', id).executeTakeFirst()
}

/** Held until the transaction ends. */
export async function lockEntry (db: TenantDb, id: string): Promise<EntryRow | undefined> {
  return await selectEntries(db).where('e.id', '=', id).forUpdate('e').executeTakeFirst()
}

export interface EntryFilter extends IdWindow {
  mode: Mode
  statementId?: string
  accountId?: string
  paymentId?: string
  status?: EntryStatus
}

export async function listEntries (db: TenantDb, filter: EntryFilter): Promise<EntryRow[]> {
  return await selectEntries(db).where('e.mode', '=', filter.mode)
    .$if(filter.statementId !== undefined, q => q.where('e.statement_id', '=', filter.statementId!))
    .$if(filter.accountId !== undefined, q => q.where('e.bank_account_id', '=', filter.accountId!))
    .$if(filter.paymentId !== undefined, q => q.where('e.payment_id', '=', filter.paymentId!))
    .$if(filter.status !== undefined, q => q.where('e.status', '=', filter.status === 'resolved' ? 'review' : filter.status!).where(shownStatus, '=', filter.status!))
    .$if(filter.before !== undefined, q => q.where('e.id', '<', filter.before!))
    .$if(filter.from !== undefined, q => q.where('e.id', '>=', filter.from!))
    .orderBy('e.id', 'desc').limit(filter.limit).execute()
}

/** In the order of the file. */
export async function firstEntries (db: TenantDb, statementId: string, limit: number): Promise<EntryRow[]> {
  return await selectEntries(db).where('e.statement_id', '=', statementId).orderBy('e.line').orderBy('e.id').limit(limit).execute()
}

export async function waitingEntries (db: TenantDb, statementId: string, limit: number): Promise<string[]> {
  const rows = await db.selectFrom('bank_entries').select('id').where('tenant_id', '=', db.tenantId).where('statement_id', '=', statementId).where('status', '=', 'new').orderBy('line').orderBy('id').limit(limit).execute()
  return rows.map(({ id }) => id)
}

export async function countEntries (db: TenantDb, statementIds: readonly string[]): Promise<Map<string, Partial<Record<EntryStatus, number>>>> {
  const counts = new Map<string, Partial<Record<EntryStatus, number>>>()
  if (statementIds.length === 0) return counts
  const rows = await db.selectFrom('bank_entries as e').leftJoin('payments as p', join => join.onRef('p.tenant_id', '=', 'e.tenant_id').onRef('p.id', '=', 'e.payment_id'))
    .select(['e.statement_id', shownStatus.as('status'), sql<number>`count(*)`.as('count')])
    .where('e.tenant_id', '=', db.tenantId).where('e.statement_id', 'in', [...statementIds]).groupBy(['e.statement_id', shownStatus]).execute()
  for (const { statement_id: id, status, count } of rows) counts.set(id, { ...counts.get(id), [status]: count })
  return counts
}

export async function updateEntry (db: TenantDb, id: string, changes: { status: 'matched' | 'review' | 'unknown', reason: string | null, transfer_id?: string, payment_id?: string, suggested_payment_id?: string | null }, now: Date): Promise<void> {
  await db.updateTable('bank_entries').set({ ...changes, updated_at: now }).where('tenant_id', '=', db.tenantId).where('id', '=', id).execute()
}
