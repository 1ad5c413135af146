import { sql } from 'kysely'
import type { Mode } from '../adapter/context.ts'
import type { PaymentProblem } from '../adapter/payments.ts'
import type { CycleSnapshot } from '../adapter/subscriptions.ts'
import type { IdWindow } from '../db/id-window.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import { publicId } from '../ids.ts'
import type { CancelAt, CycleState, PendingKind, Review, SubscriptionState } from './machine.ts'

/** The only SQL about subscriptions and their cycles. */
const selectSubscriptions = (db: TenantDb) => db.selectFrom('subscriptions').selectAll().where('tenant_id', '=', db.tenantId)
export type SubscriptionRow = Awaited<ReturnType<ReturnType<typeof selectSubscriptions>['executeTakeFirstOrThrow']>>

/** What a pending call asks for, in our own ids. */
export interface Change {
  at?: CancelAt
  plan?: string
  quantity?: number
  paymentMethod?: string
  proration?: 'prorate' | 'none'
}

export interface Pending { kind: PendingKind, change: Change, operationId: string, key: string, since: Date }

const pendingColumns = ({ kind, change, operationId, key, since }: Pending) => ({
  pending_kind: kind, pending_change: JSON.stringify(change), pending_operation_id: operationId, pending_key: key, pending_since: since
})
export const nothingPending = { pending_kind: null, pending_change: null, pending_operation_id: null, pending_key: null, pending_since: null }

export type NewRow = Pick<SubscriptionRow, 'id' | 'mode' | 'connection_id' | 'provider' | 'customer_id' | 'plan_id' | 'payment_method_id' | 'quantity' | 'trial_days' | 'return_url' | 'reference' | 'metadata'>

/** Until the provider answers, the outcome is not known: that is what a reader is told. */
export async function insertSubscription (db: TenantDb, { metadata, ...row }: NewRow, pending: Pending): Promise<SubscriptionRow> {
  return await db.insertInto('subscriptions').values({
    tenant_id: db.tenantId, ...row, metadata: JSON.stringify(metadata), status: 'unknown', known_status: 'incomplete', ...pendingColumns(pending), created_at: pending.since, updated_at: pending.since
  }).returningAll().executeTakeFirstOrThrow()
}

export async function markPending (db: TenantDb, id: string, pending: Pending, cancelWanted: CancelAt | null): Promise<SubscriptionRow> {
  return await db.updateTable('subscriptions').set({ status: 'unknown', ...pendingColumns(pending), cancel_wanted: cancelWanted, version: sql`version + 1`, updated_at: pending.since })
    .where('tenant_id', '=', db.tenantId).where('id', '=', id).returningAll().executeTakeFirstOrThrow()
}

export async function findSubscription (db: TenantDb, id: string): Promise<SubscriptionRow | undefined> {
  return await selectSubscriptions(db).where('id', '=', id).executeTakeFirst()
}

export async function lockSubscription (db: TenantDb, id: string): Promise<SubscriptionRow | undefined> {
  return await selectSubscriptions(db).where('id', '=', id).forUpdate().executeTakeFirst()
}

/** By the provider's id, within one connection. */
export async function findByProviderReference (db: TenantDb, connectionId: string, providerReference: string): Promise<SubscriptionRow | undefined> {
  return await selectSubscriptions(db).where('connection_id', '=', connectionId).where('provider_reference', '=', providerReference).executeTakeFirst()
}

/** News came that cannot be used yet: whoever has an answer under way must not take it for the newest word. */
export async function touch (db: TenantDb, id: string): Promise<void> {
  await db.updateTable('subscriptions').set({ version: sql`version + 1` }).where('tenant_id', '=', db.tenantId).where('id', '=', id).execute()
}

export async function saveSubscription (db: TenantDb, { tenant_id: _, id, version: __, ...row }: SubscriptionRow): Promise<SubscriptionRow> {
  const json = (value: unknown) => value === null ? null : JSON.stringify(value)
  return await db.updateTable('subscriptions')
    .set({ ...row, metadata: JSON.stringify(row.metadata), error: json(row.error), review: json(row.review), pending_change: json(row.pending_change), version: sql`version + 1` })
    .where('tenant_id', '=', db.tenantId).where('id', '=', id).returningAll().executeTakeFirstOrThrow()
}

export interface SubscriptionFilter extends IdWindow { mode: Mode, status?: string, reference?: string, customerId?: string, planId?: string }

export async function listSubscriptions (db: TenantDb, filter: SubscriptionFilter): Promise<SubscriptionRow[]> {
  return await selectSubscriptions(db).where('mode', '=', filter.mode)
    .$if(filter.before !== undefined, q => q.where('id', '<', filter.before!))
    .$if(filter.from !== undefined, q => q.where('id', '>=', filter.from!))
    .$if(filter.status !== undefined, q => q.where('status', '=', filter.status!))
    .$if(filter.reference !== undefined, q => q.where('reference', '=', filter.reference!))
    .$if(filter.customerId !== undefined, q => q.where('customer_id', '=', filter.customerId!))
    .$if(filter.planId !== undefined, q => q.where('plan_id', '=', filter.planId!))
    .orderBy('id', 'desc').limit(filter.limit).execute()
}

/** The machine's view of a row. */
export function stateOf (row: SubscriptionRow): SubscriptionState {
  return {
    reference: publicId('subscription', row.id),
    mode: row.mode as Mode,
    status: row.status as SubscriptionState['status'],
    knownStatus: row.known_status as SubscriptionState['knownStatus'],
    providerReference: row.provider_reference,
    currentPeriodStart: row.current_period_start,
    currentPeriodEnd: row.current_period_end,
    cancelAtPeriodEnd: row.cancel_at_period_end,
    canceledAt: row.canceled_at,
    trialEndsAt: row.trial_ends_at,
    nextAction: row.next_action_sealed !== null,
    error: row.error as PaymentProblem | null,
    review: row.review as Review | null,
    pending: row.pending_kind === null ? null : { kind: row.pending_kind as PendingKind, ...(changeOf(row).at !== undefined && { at: changeOf(row).at! }) },
    cancelWanted: row.cancel_wanted as CancelAt | null
  }
}

export const changeOf = (row: SubscriptionRow): Change => (row.pending_change ?? {}) as Change

/** What `next` says, on the row. */
export function withState (row: SubscriptionRow, next: SubscriptionState): SubscriptionRow {
  return {
    ...row,
    status: next.status,
    known_status: next.knownStatus,
    provider_reference: next.providerReference,
    current_period_start: next.currentPeriodStart,
    current_period_end: next.currentPeriodEnd,
    cancel_at_period_end: next.cancelAtPeriodEnd,
    canceled_at: next.canceledAt,
    trial_ends_at: next.trialEndsAt,
    error: next.error,
    ...(!next.nextAction && { next_action_sealed: null }),
    review: next.review,
    cancel_wanted: next.cancelWanted,
    ...(next.pending === null && nothingPending)
  }
}

// --- cycles -----------------------------------------------------------------------------------------------------------

const selectCycles = (db: TenantDb) => db.selectFrom('subscription_cycles').selectAll().where('tenant_id', '=', db.tenantId)
export type CycleRow = Awaited<ReturnType<ReturnType<typeof selectCycles>['executeTakeFirstOrThrow']>>

export async function findCycleByProviderReference (db: TenantDb, connectionId: string, providerReference: string): Promise<CycleRow | undefined> {
  return await selectCycles(db).where('connection_id', '=', connectionId).where('provider_reference', '=', providerReference).executeTakeFirst()
}

export async function lockCycle (db: TenantDb, id: string): Promise<CycleRow | undefined> {
  return await selectCycles(db).where('id', '=', id).forUpdate().executeTakeFirst()
}

const cycleColumns = (next: CycleState, snapshot: CycleSnapshot) => ({
  status: next.status,
  amount: next.amount,
  attempts: next.attempts,
  next_attempt_at: next.nextAttemptAt,
  payment_reference: next.paymentReference,
  ...(snapshot.periodStart !== undefined && { period_start: snapshot.periodStart }),
  ...(snapshot.periodEnd !== undefined && { period_end: snapshot.periodEnd })
})

export async function insertCycle (db: TenantDb, id: string, subscription: SubscriptionRow, next: CycleState, snapshot: CycleSnapshot, paymentOwed: boolean, now: Date): Promise<CycleRow> {
  return await db.insertInto('subscription_cycles').values({
    tenant_id: db.tenantId,
    id,
    mode: subscription.mode,
    subscription_id: subscription.id,
    connection_id: subscription.connection_id,
    provider_reference: snapshot.providerReference,
    currency: snapshot.amount.currency,
    ...cycleColumns(next, snapshot),
    error: snapshot.error === undefined ? null : JSON.stringify(snapshot.error),
    payment_owed: paymentOwed,
    created_at: now,
    updated_at: now
  }).returningAll().executeTakeFirstOrThrow()
}

export async function updateCycle (db: TenantDb, id: string, next: CycleState, snapshot: CycleSnapshot, paymentOwed: boolean, now: Date): Promise<CycleRow> {
  return await db.updateTable('subscription_cycles').set({
    ...cycleColumns(next, snapshot),
    ...(next.status === 'paid' ? { error: null } : snapshot.error !== undefined && { error: JSON.stringify(snapshot.error) }),
    ...(paymentOwed && { payment_owed: true }),
    updated_at: now
  }).where('tenant_id', '=', db.tenantId).where('id', '=', id).returningAll().executeTakeFirstOrThrow()
}

/** The payment of a cycle is here, as of the word that it was asked after. */
export async function setCyclePayment (db: TenantDb, cycle: CycleRow, paymentId: string, error: PaymentProblem | null, now: Date): Promise<CycleRow> {
  return await db.updateTable('subscription_cycles').set({ payment_id: paymentId, payment_owed: false, ...(error !== null && { error: JSON.stringify(error) }), updated_at: now })
    .where('tenant_id', '=', db.tenantId).where('id', '=', cycle.id).returningAll().executeTakeFirstOrThrow()
}

/** Is there one before it? The first is paid when a subscription begins; those after it renew it. */
export async function hasEarlierCycle (db: TenantDb, cycle: CycleRow): Promise<boolean> {
  const row = await db.selectFrom('subscription_cycles').select('id').where('tenant_id', '=', db.tenantId).where('subscription_id', '=', cycle.subscription_id).where('id', '!=', cycle.id)
    .$if(cycle.period_start !== null, q => q.where('period_start', '<', cycle.period_start!))
    .$if(cycle.period_start === null, q => q.where('id', '<', cycle.id)).limit(1).executeTakeFirst()
  return row !== undefined
}

/** Newest first. */
export async function listCycles (db: TenantDb, subscriptionId: string, window: IdWindow): Promise<CycleRow[]> {
  return await selectCycles(db).where('subscription_id', '=', subscriptionId)
    .$if(window.before !== undefined, q => q.where('id', '<', window.before!))
    .$if(window.from !== undefined, q => q.where('id', '>=', window.from!))
    .orderBy('id', 'desc').limit(window.limit).execute()
}

/** Whose payment we do not have, or not as it is now. */
export async function listOwedPayments (db: TenantDb, subscriptionId: string): Promise<CycleRow[]> {
  return await selectCycles(db).where('subscription_id', '=', subscriptionId).where('payment_owed', '=', true).orderBy('id').execute()
}

export function cycleStateOf (row: CycleRow): CycleState {
  return { status: row.status as CycleState['status'], amount: row.amount, attempts: row.attempts, nextAttemptAt: row.next_attempt_at, paymentReference: row.payment_reference }
}

/** When the job comes back to it. */
export async function findTimer (db: TenantDb, id: string): Promise<Date | undefined> {
  const row = await db.selectFrom('timers').select('due_at').where('tenant_id', '=', db.tenantId).where('kind', '=', 'subscription').where('id', '=', id).executeTakeFirst()
  return row?.due_at
}

/** How often a cancel was sent, or was about to be. */
export async function countCancels (db: TenantDb, id: string): Promise<number> {
  const row = await db.selectFrom('operations').select(sql<number>`count(*)::int`.as('count')).where('tenant_id', '=', db.tenantId).where('subject_id', '=', id).where('kind', '=', 'cancel_subscription').executeTakeFirstOrThrow()
  return row.count
}

/** The newest call of a kind, and whether nobody has told its end. */
export async function lastCall (db: TenantDb, id: string, kind: PendingKind): Promise<{ id: string, startedAt: Date, running: boolean } | undefined> {
  const row = await db.selectFrom('operations').select(['id', 'started_at', 'outcome']).where('tenant_id', '=', db.tenantId).where('subject_id', '=', id).where('kind', '=', kind).orderBy('id', 'desc').limit(1).executeTakeFirst()
  return row && { id: row.id, startedAt: row.started_at, running: row.outcome === 'running' }
}

/** It leaves now, and not when its row was written. */
export async function markSent (db: TenantDb, operationId: string, now: Date): Promise<void> {
  await db.updateTable('operations').set({ started_at: now }).where('tenant_id', '=', db.tenantId).where('id', '=', operationId).execute()
}
