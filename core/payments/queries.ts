import { type Kysely, sql } from 'kysely'
import type { Mode } from '../adapter/context.ts'
import type { PaymentProblem, ProviderPaymentStatus } from '../adapter/payments.ts'
import { codeOf } from '../db/errors.ts'
import type { IdWindow } from '../db/id-window.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import type { Database } from '../db/schema.ts'
import { publicId } from '../ids.ts'
import type { PaymentState, PaymentStatus, PendingKind, Review } from './machine.ts'

/** The only SQL about payments. A row comes as the database has it; `stateOf` gives the machine's view of it. */
const selectPayments = (db: TenantDb) => db.selectFrom('payments').selectAll().where('tenant_id', '=', db.tenantId)
export type PaymentRow = Awaited<ReturnType<ReturnType<typeof selectPayments>['executeTakeFirstOrThrow']>>

const selectRefunds = (db: TenantDb) => db.selectFrom('refunds').selectAll().where('tenant_id', '=', db.tenantId)
export type RefundRow = Awaited<ReturnType<ReturnType<typeof selectRefunds>['executeTakeFirstOrThrow']>>

export interface Intent {
  payment: Omit<PaymentRow, 'version' | 'amount_capturable' | 'amount_captured' | 'amount_refunded' | 'disputed' | 'resolve_tries' | NullUntilAnswered>
  attempt: { id: string, payment_id: string, number: number, connection_id: string, status: 'unknown', idempotency_key: string, method: object | null, created_at: Date, updated_at: Date }
  operation: { id: string, mode: Mode, connection_id: string, provider: string, kind: string, subject_id: string, idempotency_key: string, request_id: string, started_at: Date }
  audit: object
}
type NullUntilAnswered = 'provider_status' | 'provider_reference' | 'transaction_reference' | 'next_action_sealed' | 'error' | 'review' | 'cancel_wanted_at'

/**
 * Commits the intent of a new payment in one round trip. Throws what `isConnectionChanged` and `isKeyLost` tell apart, and
 * then nothing was written.
 */
export async function beginPayment (db: Kysely<Database>, connectionVersion: number, { payment, attempt, operation, audit }: Intent, idempotency: { key: string, owner: string } | null): Promise<PaymentRow> {
  await sql`select app.begin_payment(${payment.tenant_id}, ${connectionVersion}, ${JSON.stringify(payment)}::jsonb, ${JSON.stringify(attempt)}::jsonb,
    ${JSON.stringify(operation)}::jsonb, ${JSON.stringify(audit)}::jsonb, ${idempotency?.key ?? null}, ${idempotency?.owner ?? null}, ${publicId('payment', payment.id)})`.execute(db)
  return {
    ...payment,
    version: 0,
    amount_capturable: 0,
    amount_captured: 0,
    amount_refunded: 0,
    disputed: false,
    resolve_tries: 0,
    provider_status: null,
    provider_reference: null,
    transaction_reference: null,
    next_action_sealed: null,
    error: null,
    review: null,
    cancel_wanted_at: null
  }
}

export const isKeyLost = (error: unknown): boolean => codeOf(error) === 'PA001'
export const isConnectionChanged = (error: unknown): boolean => codeOf(error) === 'PA002'

/** A call that was decided and may be on its way: written before the provider is asked. */
export interface Pending {
  kind: PendingKind
  operationId: string
  idempotencyKey: string
  /** The adapter's input, sealed: what is repeated, if it is. */
  sealed: string
  since: Date
  nextRunAt: Date
}

const pendingColumns = (pending: Pending) => ({
  pending_kind: pending.kind,
  pending_operation_id: pending.operationId,
  pending_key: pending.idempotencyKey,
  pending_sealed: pending.sealed,
  pending_since: pending.since,
  resolve_tries: 0,
  next_run_at: pending.nextRunAt
})

export async function markPending (db: TenantDb, id: string, pending: Pending, changes: { method?: object | null, attempts?: number }): Promise<PaymentRow> {
  return await db.updateTable('payments').set({
    status: 'unknown',
    ...pendingColumns(pending),
    ...(changes.method !== undefined && { method: changes.method && JSON.stringify(changes.method) }),
    ...(changes.attempts !== undefined && { attempts: changes.attempts }),
    version: sql`version + 1`,
    updated_at: pending.since
  }).where('tenant_id', '=', db.tenantId).where('id', '=', id).returningAll().executeTakeFirstOrThrow()
}

export async function findPayment (db: TenantDb, id: string): Promise<PaymentRow | undefined> {
  return await selectPayments(db).where('id', '=', id).executeTakeFirst()
}

export async function lockPayment (db: TenantDb, id: string): Promise<PaymentRow | undefined> {
  return await selectPayments(db).where('id', '=', id).forUpdate().executeTakeFirst()
}

/** By the provider's id of the payment or of any of its attempts, within one connection. */
export async function findByProviderReference (db: TenantDb, connectionId: string, providerReference: string): Promise<string | undefined> {
  const direct = await db.selectFrom('payments').select('id')
    .where('tenant_id', '=', db.tenantId).where('connection_id', '=', connectionId).where('provider_reference', '=', providerReference).executeTakeFirst()
  if (direct !== undefined) return direct.id
  const attempt = await db.selectFrom('payment_attempts').select('payment_id')
    .where('tenant_id', '=', db.tenantId).where('connection_id', '=', connectionId).where('provider_reference', '=', providerReference).executeTakeFirst()
  return attempt?.payment_id
}

export interface PaymentFilter extends IdWindow {
  mode: Mode
  status?: string
  reference?: string
  connectionId?: string
}

export async function listPayments (db: TenantDb, filter: PaymentFilter): Promise<PaymentRow[]> {
  return await selectPayments(db).where('mode', '=', filter.mode)
    .$if(filter.before !== undefined, q => q.where('id', '<', filter.before!))
    .$if(filter.status !== undefined, q => q.where('status', '=', filter.status!))
    .$if(filter.reference !== undefined, q => q.where('reference', '=', filter.reference!))
    .$if(filter.connectionId !== undefined, q => q.where('connection_id', '=', filter.connectionId!))
    .$if(filter.from !== undefined, q => q.where('id', '>=', filter.from!))
    .orderBy('id', 'desc').limit(filter.limit).execute()
}

/** The machine's view of a row. */
export function stateOf (row: PaymentRow): PaymentState {
  return {
    reference: publicId('payment', row.id),
    mode: row.mode as Mode,
    amount: row.amount,
    currency: row.currency,
    capture: row.capture as 'automatic' | 'manual',
    status: row.status as PaymentStatus,
    knownStatus: row.known_status as ProviderPaymentStatus,
    amountCapturable: row.amount_capturable,
    amountCaptured: row.amount_captured,
    providerReference: row.provider_reference,
    transactionReference: row.transaction_reference,
    error: row.error as PaymentProblem | null,
    review: row.review as Review | null,
    disputed: row.disputed,
    pending: row.pending_kind === null ? null : { kind: row.pending_kind as PendingKind, withMethod: row.method !== null, again: row.attempts > 1 },
    cancelWanted: row.cancel_wanted_at !== null
  }
}

export interface Settlement {
  /** The row as it becomes. */
  payment: PaymentRow
  attempt: { number: number, status: string, provider_reference: string | null, transaction_reference: string | null, error: PaymentProblem | null, updated_at: Date } | null
  events: readonly { id: string, mode: string, type: string, subject_id: string, data: object, created_at: Date }[]
  /** The call that told it, with its report. */
  operation?: { id: string, report: { exchanges: object } & Record<string, unknown> }
}

/** Writes what the machine decided on `row`; undefined, and nothing written, when the row has moved on since. */
export async function settle (db: Kysely<Database>, row: PaymentRow, { payment, attempt, events, operation }: Settlement): Promise<PaymentRow | undefined> {
  const { exchanges = null, ...report } = operation?.report ?? {}
  const { rows } = await sql<{ settled: boolean }>`select app.settle_payment(${row.tenant_id}, ${row.id}, ${row.version}, ${JSON.stringify(payment)}::jsonb, ${attempt && JSON.stringify(attempt)}::jsonb,
    ${operation?.id ?? null}, ${operation === undefined ? null : JSON.stringify(report)}::jsonb, ${exchanges && JSON.stringify(exchanges)}::jsonb, ${JSON.stringify(events)}::jsonb) as settled`.execute(db)
  return rows[0]?.settled === true ? { ...payment, version: row.version + 1 } : undefined
}

export async function scheduleResolve (db: TenantDb, table: 'payments' | 'refunds', id: string, nextRunAt: Date | null, tries: number): Promise<void> {
  await db.updateTable(table).set({ next_run_at: nextRunAt, resolve_tries: tries })
    .where('tenant_id', '=', db.tenantId).where('id', '=', id).execute()
}

// --- attempts ---------------------------------------------------------------------------------------------------------

export async function insertAttempt (db: TenantDb, attempt: { id: string, paymentId: string, number: number, connectionId: string, idempotencyKey: string, method: object | null, now: Date }): Promise<void> {
  await db.insertInto('payment_attempts').values({
    tenant_id: db.tenantId,
    id: attempt.id,
    payment_id: attempt.paymentId,
    number: attempt.number,
    connection_id: attempt.connectionId,
    status: 'unknown',
    idempotency_key: attempt.idempotencyKey,
    method: attempt.method && JSON.stringify(attempt.method),
    created_at: attempt.now,
    updated_at: attempt.now
  }).execute()
}

export async function listAttempts (db: TenantDb, paymentId: string) {
  return await db.selectFrom('payment_attempts').selectAll()
    .where('tenant_id', '=', db.tenantId).where('payment_id', '=', paymentId).orderBy('number').execute()
}

// --- refunds ----------------------------------------------------------------------------------------------------------

export async function insertRefund (db: TenantDb, refund: {
  id: string, payment: PaymentRow, amount: number, currency: string, reason: string | null, metadata: Record<string, string>, origin: 'api' | 'provider', status: string
  idempotencyKey?: string, providerReference?: string, providerStatus?: string
  pending?: { operationId: string, sealed: string, since: Date, nextRunAt: Date }, now: Date
}): Promise<RefundRow> {
  return await db.insertInto('refunds').values({
    tenant_id: db.tenantId,
    id: refund.id,
    mode: refund.payment.mode,
    payment_id: refund.payment.id,
    connection_id: refund.payment.connection_id,
    provider: refund.payment.provider,
    status: refund.status,
    amount: refund.amount,
    currency: refund.currency,
    reason: refund.reason,
    metadata: JSON.stringify(refund.metadata),
    origin: refund.origin,
    idempotency_key: refund.idempotencyKey ?? null,
    provider_reference: refund.providerReference ?? null,
    provider_status: refund.providerStatus ?? null,
    ...(refund.pending !== undefined && {
      pending_operation_id: refund.pending.operationId,
      pending_sealed: refund.pending.sealed,
      pending_since: refund.pending.since,
      next_run_at: refund.pending.nextRunAt
    }),
    created_at: refund.now,
    updated_at: refund.now
  }).returningAll().executeTakeFirstOrThrow()
}

export async function findRefund (db: TenantDb, id: string): Promise<RefundRow | undefined> {
  return await selectRefunds(db).where('id', '=', id).executeTakeFirst()
}

export async function lockRefund (db: TenantDb, id: string): Promise<RefundRow | undefined> {
  return await selectRefunds(db).where('id', '=', id).forUpdate().executeTakeFirst()
}

export async function findRefundByProviderReference (db: TenantDb, connectionId: string, providerReference: string): Promise<RefundRow | undefined> {
  return await selectRefunds(db).where('connection_id', '=', connectionId).where('provider_reference', '=', providerReference).executeTakeFirst()
}

export async function listRefunds (db: TenantDb, paymentId: string): Promise<RefundRow[]> {
  return await selectRefunds(db).where('payment_id', '=', paymentId).orderBy('id').execute()
}

export async function updateRefund (db: TenantDb, id: string, changes: {
  status: string, providerStatus?: string, providerReference?: string, error?: PaymentProblem | null, settled: boolean, nextRunAt: Date | null, now: Date
}): Promise<RefundRow> {
  return await db.updateTable('refunds').set({
    status: changes.status,
    ...(changes.providerStatus !== undefined && { provider_status: changes.providerStatus }),
    ...(changes.providerReference !== undefined && { provider_reference: changes.providerReference }),
    ...(changes.error !== undefined && { error: changes.error && JSON.stringify(changes.error) }),
    ...(changes.settled && { pending_operation_id: null, pending_sealed: null, pending_since: null }),
    next_run_at: changes.nextRunAt,
    updated_at: changes.now
  }).where('tenant_id', '=', db.tenantId).where('id', '=', id).returningAll().executeTakeFirstOrThrow()
}

/** Sum of the refunds in these states, in minor units. */
export async function sumRefunds (db: TenantDb, paymentId: string, statuses: readonly string[]): Promise<number> {
  const row = await db.selectFrom('refunds').select(sql<number>`coalesce(sum(amount), 0)::bigint`.as('sum'))
    .where('tenant_id', '=', db.tenantId).where('payment_id', '=', paymentId).where('status', 'in', [...statuses]).executeTakeFirstOrThrow()
  return row.sum
}

export async function setRefunded (db: TenantDb, paymentId: string, amountRefunded: number, now: Date): Promise<PaymentRow> {
  return await db.updateTable('payments').set({ amount_refunded: amountRefunded, version: sql`version + 1`, updated_at: now })
    .where('tenant_id', '=', db.tenantId).where('id', '=', paymentId).returningAll().executeTakeFirstOrThrow()
}

// --- timeline ---------------------------------------------------------------------------------------------------------

/** Did a person end a review of exactly this? The audit log remembers it. */
export async function wasJudged (db: TenantDb, paymentId: string, review: Review): Promise<boolean> {
  const row = await db.selectFrom('audit_log').select('id')
    .where('tenant_id', '=', db.tenantId).where('subject_id', '=', publicId('payment', paymentId)).where('action', 'like', 'payment.review\\_%')
    .where(sql<boolean>`detail -> 'before' -> 'review' = ${JSON.stringify(review)}::jsonb`).limit(1).executeTakeFirst()
  return row !== undefined
}

export async function listSubjectEvents (db: TenantDb, subjectIds: readonly string[]) {
  return await db.selectFrom('events').select(['id', 'type', 'subject_id', 'data', 'created_at'])
    .where('tenant_id', '=', db.tenantId).where('subject_id', 'in', [...subjectIds]).orderBy('id').limit(500).execute()
}

export async function listSubjectOperations (db: TenantDb, subjectIds: readonly string[]) {
  return await db.selectFrom('operations').select(['id', 'kind', 'outcome', 'error_code', 'provider_code', 'http_status', 'duration_ms', 'started_at', 'subject_id'])
    .where('tenant_id', '=', db.tenantId).where('subject_id', 'in', [...subjectIds]).orderBy('id').limit(500).execute()
}

export async function listSubjectWebhooks (db: TenantDb, subjectIds: readonly string[]) {
  return await db.selectFrom('inbound_events').select(['id', 'event_type', 'verdict', 'status', 'reason', 'received_at', 'processed_at'])
    .where('tenant_id', '=', db.tenantId).where('subject_id', 'in', [...subjectIds]).orderBy('id').limit(500).execute()
}

export async function listSubjectChanges (db: TenantDb, publicIds: readonly string[]) {
  return await db.selectFrom('audit_log').select(['id', 'action', 'actor_type', 'actor_id', 'detail', 'created_at'])
    .where('tenant_id', '=', db.tenantId).where('subject_id', 'in', [...publicIds]).orderBy('id').limit(500).execute()
}
