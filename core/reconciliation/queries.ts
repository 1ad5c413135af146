import { sql } from 'kysely'
import type { Mode } from '../adapter/context.ts'
import type { IdWindow } from '../db/id-window.ts'
import type { TenantDb } from '../db/in-tenant.ts'

// --- movements of the balance -----------------------------------------------------------------------------------------

const selectTransactions = (db: TenantDb) => db.selectFrom('balance_transactions').selectAll().where('tenant_id', '=', db.tenantId)
export type TransactionRow = Awaited<ReturnType<ReturnType<typeof selectTransactions>['executeTakeFirstOrThrow']>>
export type NewTransaction = Omit<TransactionRow, 'tenant_id' | 'created_at' | 'updated_at'>

/**
 * Writes what the provider tells, once for each of its ids; what is told anew (a payout, a date) is taken over, and what is no
 * longer told stays. How many were new, and how many became another.
 */
export async function upsertTransactions (db: TenantDb, rows: readonly NewTransaction[], now: Date): Promise<{ stored: number, changed: number }> {
  if (rows.length === 0) return { stored: 0, changed: 0 }
  const written = await db.insertInto('balance_transactions').values(rows.map(row => ({ ...row, tenant_id: db.tenantId, created_at: now, updated_at: now })))
    .onConflict(oc => oc.columns(['tenant_id', 'connection_id', 'provider_reference']).doUpdateSet({
      type: sql`excluded.type`,
      amount: sql`excluded.amount`,
      currency: sql`excluded.currency`,
      fee: sql`coalesce(excluded.fee, balance_transactions.fee)`,
      net: sql`coalesce(excluded.net, balance_transactions.net)`,
      payout: sql`coalesce(excluded.payout, balance_transactions.payout)`,
      payment_id: sql`coalesce(excluded.payment_id, balance_transactions.payment_id)`,
      refund_id: sql`coalesce(excluded.refund_id, balance_transactions.refund_id)`,
      payment_provider_reference: sql`coalesce(excluded.payment_provider_reference, balance_transactions.payment_provider_reference)`,
      available_at: sql`coalesce(excluded.available_at, balance_transactions.available_at)`,
      updated_at: now
    }).where(sql<boolean>`(balance_transactions.type, balance_transactions.amount, balance_transactions.currency) is distinct from (excluded.type, excluded.amount, excluded.currency)
      or (excluded.fee is not null and excluded.fee is distinct from balance_transactions.fee) or (excluded.net is not null and excluded.net is distinct from balance_transactions.net)
      or (excluded.payout is not null and excluded.payout is distinct from balance_transactions.payout) or (excluded.available_at is not null and excluded.available_at is distinct from balance_transactions.available_at)
      or (excluded.payment_id is not null and balance_transactions.payment_id is null) or (excluded.refund_id is not null and balance_transactions.refund_id is null)`))
    .returning(sql<boolean>`xmax = 0`.as('fresh')).execute()
  const stored = written.filter(({ fresh }) => fresh).length
  return { stored, changed: written.length - stored }
}

export interface TransactionFilter { connectionId?: string, paymentId?: string, payout?: string, type?: string }

export async function listTransactions (db: TenantDb, mode: Mode, window: IdWindow, filter: TransactionFilter): Promise<TransactionRow[]> {
  return await selectTransactions(db).where('mode', '=', mode)
    .$if(filter.connectionId !== undefined, q => q.where('connection_id', '=', filter.connectionId!))
    .$if(filter.paymentId !== undefined, q => q.where('payment_id', '=', filter.paymentId!))
    .$if(filter.payout !== undefined, q => q.where('payout', '=', filter.payout!))
    .$if(filter.type !== undefined, q => q.where('type', '=', filter.type!))
    .$if(window.before !== undefined, q => q.where('id', '<', window.before!))
    .$if(window.from !== undefined, q => q.where('id', '>=', window.from!))
    .orderBy('id', 'desc').limit(window.limit).execute()
}

export async function findTransaction (db: TenantDb, mode: Mode, id: string): Promise<TransactionRow | undefined> {
  return await selectTransactions(db).where('mode', '=', mode).where('id', '=', id).executeTakeFirst()
}

export async function readUntil (db: TenantDb, connectionId: string): Promise<Date | undefined> {
  const row = await db.selectFrom('transaction_readings').select('read_until').where('tenant_id', '=', db.tenantId).where('connection_id', '=', connectionId).executeTakeFirst()
  return row?.read_until
}

/** It only moves forward: a range of the past that is read once more says nothing of the newest. */
export async function markRead (db: TenantDb, connectionId: string, until: Date, now: Date): Promise<void> {
  await db.insertInto('transaction_readings').values({ tenant_id: db.tenantId, connection_id: connectionId, read_until: until, updated_at: now })
    .onConflict(oc => oc.columns(['tenant_id', 'connection_id']).doUpdateSet({ read_until: sql`greatest(transaction_readings.read_until, excluded.read_until)`, updated_at: now })).execute()
}

// --- whose it is ------------------------------------------------------------------------------------------------------

/** Payments by the provider's ids of them, of any of their attempts, or of their charges, within one connection. */
export async function paymentsByProviderReference (db: TenantDb, connectionId: string, references: readonly string[]): Promise<Map<string, string>> {
  if (references.length === 0) return new Map()
  const attempts = await db.selectFrom('payment_attempts').select(['provider_reference', 'payment_id'])
    .where('tenant_id', '=', db.tenantId).where('connection_id', '=', connectionId).where('provider_reference', 'in', [...references]).execute()
  const payments = await db.selectFrom('payments').select(['provider_reference', 'id as payment_id'])
    .where('tenant_id', '=', db.tenantId).where('connection_id', '=', connectionId).where('provider_reference', 'in', [...references]).execute()
  const found = new Map([...attempts, ...payments].map(row => [row.provider_reference!, row.payment_id]))
  // Some providers name a movement's charge, where the payment is the order around it.
  const others = references.filter(reference => !found.has(reference))
  if (others.length === 0) return found
  const charges = await db.selectFrom('payments').select(['transaction_reference', 'id'])
    .where('tenant_id', '=', db.tenantId).where('connection_id', '=', connectionId).where('transaction_reference', 'in', others).execute()
  for (const row of charges) found.set(row.transaction_reference!, row.id)
  return found
}

/** Of these payments, those that are or were at this connection. */
export async function paymentsAt (db: TenantDb, connectionId: string, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set()
  const rows = await db.selectFrom('payment_attempts').select('payment_id').distinct()
    .where('tenant_id', '=', db.tenantId).where('payment_id', 'in', [...ids]).where('connection_id', '=', connectionId).execute()
  return new Set(rows.map(row => row.payment_id))
}

export async function refundsAt (db: TenantDb, connectionId: string, ids: readonly string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map()
  const rows = await db.selectFrom('refunds').select(['id', 'payment_id']).where('tenant_id', '=', db.tenantId).where('id', 'in', [...ids]).where('connection_id', '=', connectionId).execute()
  return new Map(rows.map(row => [row.id, row.payment_id]))
}

/** Of these payments, those that a webhook of the connection spoke of. */
export async function heardOf (db: TenantDb, connectionId: string, ids: readonly string[], fromId: string): Promise<Set<string>> {
  if (ids.length === 0) return new Set()
  const rows = await db.selectFrom('inbound_events').select('subject_id').distinct()
    .where('tenant_id', '=', db.tenantId).where('subject_id', 'in', [...ids]).where('connection_id', '=', connectionId).where('id', '>=', fromId).execute()
  return new Set(rows.map(row => row.subject_id!))
}

/** Refunds of a payment that may have come further than we know. */
export async function openRefunds (db: TenantDb, paymentId: string): Promise<string[]> {
  const rows = await db.selectFrom('refunds').select('id').where('tenant_id', '=', db.tenantId).where('payment_id', '=', paymentId).where('status', 'in', ['unknown', 'pending', 'requires_action']).execute()
  return rows.map(({ id }) => id)
}

/** Whether its provider was told where to send webhooks, or has sent one. */
export async function listensAt (db: TenantDb, connectionId: string): Promise<boolean> {
  const row = await db.selectFrom('connections').select(['hook_reference', 'first_event_at']).where('tenant_id', '=', db.tenantId).where('id', '=', connectionId).executeTakeFirst()
  return row !== undefined && (row.hook_reference !== null || row.first_event_at !== null)
}

// --- audits -----------------------------------------------------------------------------------------------------------

const selectAudits = (db: TenantDb) => db.selectFrom('completeness_audits').selectAll().where('tenant_id', '=', db.tenantId)
export type AuditRow = Awaited<ReturnType<ReturnType<typeof selectAudits>['executeTakeFirstOrThrow']>>

export async function insertAudit (db: TenantDb, audit: { id: string, mode: Mode, connectionId: string, provider: string, trigger: 'schedule' | 'request', from: Date, to: Date, now: Date }): Promise<AuditRow> {
  return await db.insertInto('completeness_audits').values({
    tenant_id: db.tenantId, id: audit.id, mode: audit.mode, connection_id: audit.connectionId, provider: audit.provider, trigger: audit.trigger, status: 'running', from_at: audit.from, to_at: audit.to, started_at: audit.now
  }).returningAll().executeTakeFirstOrThrow()
}

export async function findAudit (db: TenantDb, id: string): Promise<AuditRow | undefined> {
  return await selectAudits(db).where('id', '=', id).executeTakeFirst()
}

export async function listAudits (db: TenantDb, mode: Mode, window: IdWindow, filter: { connectionId?: string, status?: string }): Promise<AuditRow[]> {
  return await selectAudits(db).where('mode', '=', mode)
    .$if(filter.connectionId !== undefined, q => q.where('connection_id', '=', filter.connectionId!))
    .$if(filter.status !== undefined, q => q.where('status', '=', filter.status!))
    .$if(window.before !== undefined, q => q.where('id', '<', window.before!))
    .$if(window.from !== undefined, q => q.where('id', '>=', window.from!))
    .orderBy('id', 'desc').limit(window.limit).execute()
}

/** The audit of a connection that is under way, and until when the last one that ended well looked. */
export async function lastAudits (db: TenantDb, connectionId: string): Promise<{ running: AuditRow | undefined, completedTo: Date | undefined }> {
  const of = selectAudits(db).where('connection_id', '=', connectionId).orderBy('id', 'desc').limit(1)
  const running = await of.where('status', '=', 'running').executeTakeFirst()
  const completed = await of.where('status', '=', 'completed').executeTakeFirst()
  return { running, completedTo: completed?.to_at }
}

export interface AuditChanges {
  status?: 'completed' | 'failed'
  cursor?: string | null
  checked?: number
  missed?: number
  repaired?: number
  foreign_count?: number
  unheard?: number
  detail?: string
  error?: string | null
  finished_at?: Date
}

/** Undefined when somebody else has brought it on since `seen`: a page counts once. */
export async function updateAudit (db: TenantDb, seen: AuditRow, changes: AuditChanges): Promise<AuditRow | undefined> {
  return await db.updateTable('completeness_audits').set(changes).where('tenant_id', '=', db.tenantId).where('id', '=', seen.id)
    .where('status', '=', 'running').where(sql<boolean>`cursor is not distinct from ${seen.cursor}`).returningAll().executeTakeFirst()
}
