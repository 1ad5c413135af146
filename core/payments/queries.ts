import { type Kysely, sql } from 'kysely'
import type { Mode } from '../adapter/context.ts'
import type { PaymentProblem, ProviderPaymentStatus } from '../adapter/payments.ts'
import { codeOf } from '../db/errors.ts'
import type { IdWindow } from '../db/id-window.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import { keepingTrace } from '../db/keeping-trace.ts'
import type { Database } from '../db/schema.ts'
import type { EventType } from '../events/types.ts'
import { publicId } from '../ids.ts'
import { noteWork } from '../telemetry/work.ts'
import type { PaymentState, PaymentStatus, PendingKind, Review } from './machine.ts'

/** The only SQL about payments. A row comes as the database has it; `stateOf` gives the machine's view of it. */
const selectPayments = (db: TenantDb) => db.selectFrom('payments').selectAll().where('tenant_id', '=', db.tenantId)
export type PaymentRow = Awaited<ReturnType<ReturnType<typeof selectPayments>['executeTakeFirstOrThrow']>>

/** Where a payment comes from that we did not ask for ourselves. */
export type PaymentOrigin = 'checkout_session' | 'payment_link' | 'subscription'

const selectRefunds = (db: TenantDb) => db.selectFrom('refunds').selectAll().where('tenant_id', '=', db.tenantId)
export type RefundRow = Awaited<ReturnType<ReturnType<typeof selectRefunds>['executeTakeFirstOrThrow']>>

export interface Intent {
  payment: Omit<PaymentRow, 'version' | 'amount_capturable' | 'amount_captured' | 'amount_received' | 'amount_refunded' | 'disputed' | 'resolve_tries' | NullUntilAnswered>
  attempt: { id: string, payment_id: string, number: number, connection_id: string, status: 'unknown', idempotency_key: string, method: object | null, created_at: Date, updated_at: Date }
  operation: { id: string, mode: Mode, connection_id: string, provider: string, kind: string, subject_id: string, idempotency_key: string, request_id: string, started_at: Date }
  audit: object
}
type NullUntilAnswered = 'succeeded_at' | 'origin_type' | 'origin_id' | 'dispute' | 'provider_status' | 'provider_reference' | 'transaction_reference' | 'next_action_sealed' | 'error' | 'review' | 'cancel_wanted_at'

/**
 * Commits the intent of a new payment in one round trip, or writes it in the transaction that `db` is. Throws what `isConnectionChanged` and `isKeyLost` tell apart, and
 * then nothing was written.
 */
export async function beginPayment (db: Kysely<Database>, connectionVersion: number, { payment, attempt, operation, audit }: Intent, idempotency: { key: string, owner: string } | null): Promise<PaymentRow> {
  noteWork({ operation: publicId('operation', operation.id), connection: publicId('connection', operation.connection_id) })
  await sql`select ${keepingTrace()}app.begin_payment(${payment.tenant_id}, ${connectionVersion}, ${JSON.stringify(payment)}::jsonb, ${JSON.stringify(attempt)}::jsonb,
    ${JSON.stringify(operation)}::jsonb, ${JSON.stringify(audit)}::jsonb, ${idempotency?.key ?? null}, ${idempotency?.owner ?? null}, ${publicId('payment', payment.id)})`.execute(db)
  // A payment of an invoice is written in a transaction of several steps anyway, that of its reservation.
  if (payment.invoice_id !== null) await db.updateTable('payments').set({ invoice_id: payment.invoice_id, exchange_rate: payment.exchange_rate }).where('tenant_id', '=', payment.tenant_id).where('id', '=', payment.id).execute()
  return {
    ...payment,
    version: 0,
    amount_capturable: 0,
    amount_captured: 0,
    amount_received: 0,
    amount_refunded: 0,
    disputed: false,
    resolve_tries: 0,
    succeeded_at: null,
    origin_type: null,
    origin_id: null,
    dispute: null,
    provider_status: null,
    provider_reference: null,
    transaction_reference: null,
    next_action_sealed: null,
    error: null,
    review: null,
    cancel_wanted_at: null
  }
}

/** It was begun on a page of ours: in the transaction that writes it. */
export async function setOrigin (db: TenantDb, row: PaymentRow, origin: { type: PaymentOrigin, id: string }): Promise<PaymentRow> {
  await db.updateTable('payments').set({ origin_type: origin.type, origin_id: origin.id }).where('tenant_id', '=', db.tenantId).where('id', '=', row.id).execute()
  return { ...row, origin_type: origin.type, origin_id: origin.id }
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

/** What one more attempt changes on its payment. */
export interface NextAttempt { number: number, method: object, paymentMethodId: string | null, offSession: boolean, methodSealed?: string }

export async function markPending (db: TenantDb, id: string, pending: Pending, attempt?: NextAttempt): Promise<PaymentRow> {
  return await db.updateTable('payments').set({
    status: 'unknown',
    ...pendingColumns(pending),
    ...(attempt !== undefined && {
      method: JSON.stringify(attempt.method), attempts: attempt.number, payment_method_id: attempt.paymentMethodId, off_session: attempt.offSession, ...(attempt.methodSealed !== undefined && { method_sealed: attempt.methodSealed })
    }),
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

/** A payment that is already there at the provider. Undefined when this connection has one of that reference that came to be so. */
export async function insertAdopted (db: TenantDb, payment: {
  id: string, connection: { id: string, provider: string, mode: Mode }, origin: { type: PaymentOrigin, id: string }, providerReference: string, amount: number, currency: string, capture: 'automatic' | 'manual'
  customerId: string | null, customer: object | null, reference: string | null, description: string | null, statementDescriptor: string | null, lines: object | null, metadata: Record<string, string>, invoiceId: string | null, saveMethod: boolean, now: Date
}): Promise<PaymentRow | undefined> {
  return await db.insertInto('payments').values({
    tenant_id: db.tenantId,
    id: payment.id,
    mode: payment.connection.mode,
    connection_id: payment.connection.id,
    provider: payment.connection.provider,
    status: 'requires_payment_method',
    known_status: 'requires_payment_method',
    amount: payment.amount,
    currency: payment.currency,
    capture: payment.capture,
    origin_type: payment.origin.type,
    origin_id: payment.origin.id,
    provider_reference: payment.providerReference,
    customer_id: payment.customerId,
    customer: payment.customer && JSON.stringify(payment.customer),
    reference: payment.reference,
    description: payment.description,
    statement_descriptor: payment.statementDescriptor,
    lines: payment.lines && JSON.stringify(payment.lines),
    metadata: JSON.stringify(payment.metadata),
    invoice_id: payment.invoiceId,
    save_method: payment.saveMethod,
    attempts: 1,
    created_at: payment.now,
    updated_at: payment.now
  }).onConflict(oc => oc.columns(['tenant_id', 'connection_id', 'provider_reference']).where('origin_type', 'is not', null).doNothing())
    .returningAll().executeTakeFirst()
}

export interface OriginSum { count: number, amount: number }

/** How many payments of each origin hold money or took it, and how much was taken, in minor units. */
export async function sumByOrigins (db: TenantDb, originIds: readonly string[]): Promise<Map<string, OriginSum>> {
  if (originIds.length === 0) return new Map()
  const rows = await db.selectFrom('payments').select(['origin_id', sql<number>`count(*)`.as('count'), sql<number>`coalesce(sum(amount_captured), 0)::bigint`.as('amount')])
    .where('tenant_id', '=', db.tenantId).where('origin_id', 'in', [...originIds]).where('known_status', 'in', ['authorized', 'succeeded']).groupBy('origin_id').execute()
  return new Map(rows.map(({ origin_id: id, ...sum }) => [id!, sum]))
}

export async function sumByOrigin (db: TenantDb, originId: string): Promise<OriginSum> {
  return (await sumByOrigins(db, [originId])).get(originId) ?? { count: 0, amount: 0 }
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
  originId?: string
}

export async function listPayments (db: TenantDb, filter: PaymentFilter): Promise<PaymentRow[]> {
  return await selectPayments(db).where('mode', '=', filter.mode)
    .$if(filter.before !== undefined, q => q.where('id', '<', filter.before!))
    .$if(filter.status !== undefined, q => q.where('status', '=', filter.status!))
    .$if(filter.reference !== undefined, q => q.where('reference', '=', filter.reference!))
    .$if(filter.connectionId !== undefined, q => q.where('connection_id', '=', filter.connectionId!))
    .$if(filter.originId !== undefined, q => q.where('origin_id', '=', filter.originId!))
    .$if(filter.from !== undefined, q => q.where('id', '>=', filter.from!))
    .orderBy('id', 'desc').limit(filter.limit).execute()
}

/** The machine's view of a row. */
export function stateOf (row: PaymentRow): PaymentState {
  return {
    reference: row.origin_type === null ? publicId('payment', row.id) : publicId(row.origin_type as PaymentOrigin, row.origin_id!),
    ...(row.origin_type === 'payment_link' && { ownReference: publicId('payment', row.id) }),
    mode: row.mode as Mode,
    amount: row.amount,
    currency: row.currency,
    capture: row.capture as 'automatic' | 'manual',
    offSession: row.off_session,
    status: row.status as PaymentStatus,
    knownStatus: row.known_status as ProviderPaymentStatus,
    amountCapturable: row.amount_capturable,
    amountCaptured: row.amount_captured,
    amountReceived: row.amount_received,
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
  events: readonly { id: string, mode: string, type: EventType, subject_id: string, data: object, created_at: Date }[]
  /** The call that told it, with its report. */
  operation?: { id: string, report: { exchanges: object } & Record<string, unknown> }
}

/** Writes what the machine decided on `row`; undefined, and nothing written, when the row has moved on since. */
export async function settle (db: Kysely<Database>, row: PaymentRow, { payment, attempt, events, operation }: Settlement): Promise<PaymentRow | undefined> {
  const { exchanges = null, ...report } = operation?.report ?? {}
  const { rows } = await sql<{ settled: boolean }>`select ${keepingTrace()}app.settle_payment(${row.tenant_id}, ${row.id}, ${row.version}, ${JSON.stringify(payment)}::jsonb, ${attempt && JSON.stringify(attempt)}::jsonb,
    ${operation?.id ?? null}, ${operation === undefined ? null : JSON.stringify(report)}::jsonb, ${exchanges && JSON.stringify(exchanges)}::jsonb, ${JSON.stringify(events)}::jsonb) as settled`.execute(db)
  return rows[0]?.settled === true ? { ...payment, version: row.version + 1 } : undefined
}

/** The saved method that it was paid with, or that it kept. */
export async function setPaymentMethod (db: TenantDb, id: string, methodId: string): Promise<void> {
  await db.updateTable('payments').set({ payment_method_id: methodId }).where('tenant_id', '=', db.tenantId).where('id', '=', id).execute()
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

export async function findAttempt (db: TenantDb, id: string) {
  return await db.selectFrom('payment_attempts').select(['id', 'payment_id', 'connection_id', 'provider_reference'])
    .where('tenant_id', '=', db.tenantId).where('id', '=', id).executeTakeFirst()
}

/** An attempt at a connection that its payment has left since. */
export async function findLeftAttempt (db: TenantDb, connectionId: string, providerReference: string) {
  return await db.selectFrom('payment_attempts as a').innerJoin('payments as p', join => join.onRef('p.tenant_id', '=', 'a.tenant_id').onRef('p.id', '=', 'a.payment_id'))
    .select(['a.id', 'a.payment_id']).where('a.tenant_id', '=', db.tenantId).where('a.connection_id', '=', connectionId).where('a.provider_reference', '=', providerReference)
    .whereRef('p.connection_id', '!=', 'a.connection_id').executeTakeFirst()
}

/** Is there a payment of this connection whose object at the provider we do not know yet? It is due to be asked about, so the index of those finds it. */
export async function hasUnanswered (db: TenantDb, connectionId: string): Promise<boolean> {
  const row = await db.selectFrom('payments').select('id').where('tenant_id', '=', db.tenantId).where('connection_id', '=', connectionId)
    .where('next_run_at', 'is not', null).where('provider_reference', 'is', null).where('pending_kind', 'is not', null).limit(1).executeTakeFirst()
  return row !== undefined
}

/** How an attempt ended whose payment goes on with another. */
export async function endAttempt (db: TenantDb, paymentId: string, attempt: NonNullable<Settlement['attempt']>): Promise<{ id: string }> {
  return await db.updateTable('payment_attempts')
    .set({ status: attempt.status, provider_reference: attempt.provider_reference, transaction_reference: attempt.transaction_reference, error: attempt.error && JSON.stringify(attempt.error), updated_at: attempt.updated_at })
    .where('tenant_id', '=', db.tenantId).where('payment_id', '=', paymentId).where('number', '=', attempt.number).returning('id').executeTakeFirstOrThrow()
}

/** The payment goes on at another connection. Nothing the one before said was ever written to it, so there is nothing to take back. */
export async function reroute (db: TenantDb, id: string, connection: { id: string, provider: string }, pending: Pending, attempts: number): Promise<PaymentRow> {
  return await db.updateTable('payments').set({
    connection_id: connection.id,
    provider: connection.provider,
    attempts,
    ...pendingColumns(pending),
    version: sql`version + 1`,
    updated_at: pending.since
  }).where('tenant_id', '=', db.tenantId).where('id', '=', id).returningAll().executeTakeFirstOrThrow()
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

export async function listDisputeIds (db: TenantDb, paymentId: string): Promise<string[]> {
  const rows = await db.selectFrom('disputes').select('id').where('tenant_id', '=', db.tenantId).where('payment_id', '=', paymentId).orderBy('id').limit(20).execute()
  return rows.map(({ id }) => id)
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
