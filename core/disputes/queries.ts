import { sql } from 'kysely'
import type { DisputeReason, DisputeStatus } from '../adapter/disputes.ts'
import type { Mode } from '../adapter/context.ts'
import type { PaymentProblem } from '../adapter/payments.ts'
import type { IdWindow } from '../db/id-window.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import type { DisputeState } from './machine.ts'

/** The only SQL about disputes. */
const selectDisputes = (db: TenantDb) => db.selectFrom('disputes').selectAll().where('tenant_id', '=', db.tenantId)
export type DisputeRow = Awaited<ReturnType<ReturnType<typeof selectDisputes>['executeTakeFirstOrThrow']>>

export async function insertDispute (db: TenantDb, dispute: {
  id: string, mode: Mode, connectionId: string, provider: string, paymentId: string, providerReference: string, providerReason: string | null, openedAt: Date, state: DisputeState, now: Date
}): Promise<DisputeRow> {
  return await db.insertInto('disputes').values({
    tenant_id: db.tenantId,
    id: dispute.id,
    mode: dispute.mode,
    connection_id: dispute.connectionId,
    provider: dispute.provider,
    payment_id: dispute.paymentId,
    provider_reference: dispute.providerReference,
    provider_reason: dispute.providerReason,
    ...stateColumns(dispute.state),
    opened_at: dispute.openedAt,
    created_at: dispute.now,
    updated_at: dispute.now
  }).returningAll().executeTakeFirstOrThrow()
}

const stateColumns = (state: DisputeState) => ({
  status: state.status,
  provider_status: state.providerStatus,
  reason: state.reason,
  amount: state.amount,
  currency: state.currency,
  fee: state.fee,
  evidence_due_by: state.evidenceDueBy,
  evidence_submitted: state.evidenceSubmitted
})

export async function findDispute (db: TenantDb, id: string): Promise<DisputeRow | undefined> {
  return await selectDisputes(db).where('id', '=', id).executeTakeFirst()
}

export async function lockDispute (db: TenantDb, id: string): Promise<DisputeRow | undefined> {
  return await selectDisputes(db).where('id', '=', id).forUpdate().executeTakeFirst()
}

export async function lockByProviderReference (db: TenantDb, connectionId: string, providerReference: string): Promise<DisputeRow | undefined> {
  return await selectDisputes(db).where('connection_id', '=', connectionId).where('provider_reference', '=', providerReference).forUpdate().executeTakeFirst()
}

export interface DisputeFilter extends IdWindow { mode: Mode, status?: string, reason?: string, paymentId?: string, connectionId?: string, dueBefore?: Date }

export async function listDisputes (db: TenantDb, filter: DisputeFilter): Promise<DisputeRow[]> {
  return await selectDisputes(db).where('mode', '=', filter.mode)
    .$if(filter.before !== undefined, q => q.where('id', '<', filter.before!))
    .$if(filter.from !== undefined, q => q.where('id', '>=', filter.from!))
    .$if(filter.status !== undefined, q => q.where('status', '=', filter.status!))
    .$if(filter.reason !== undefined, q => q.where('reason', '=', filter.reason!))
    .$if(filter.paymentId !== undefined, q => q.where('payment_id', '=', filter.paymentId!))
    .$if(filter.connectionId !== undefined, q => q.where('connection_id', '=', filter.connectionId!))
    .$if(filter.dueBefore !== undefined, q => q.where('status', 'in', ['needs_response', 'warning_needs_response']).where('evidence_submitted', '=', false).where('evidence_due_by', '<', filter.dueBefore!))
    .orderBy('id', 'desc').limit(filter.limit).execute()
}

/** The newest of a payment: what the payment shows. */
export async function newestOf (db: TenantDb, paymentId: string): Promise<DisputeRow | undefined> {
  return await selectDisputes(db).where('payment_id', '=', paymentId).orderBy('opened_at', 'desc').orderBy('id', 'desc').limit(1).executeTakeFirst()
}

export type PendingKind = 'submit_evidence' | 'accept_dispute'

export interface DisputeChanges {
  state?: DisputeState
  pending?: { kind: PendingKind, operationId: string, sealed: string, since: Date } | null
  evidenceSealed?: string
  warnedDays?: number
  error?: PaymentProblem | null
}

export async function updateDispute (db: TenantDb, id: string, { state, pending, evidenceSealed, warnedDays, error }: DisputeChanges, now: Date): Promise<DisputeRow> {
  return await db.updateTable('disputes').set({
    ...(state !== undefined && stateColumns(state)),
    ...(pending !== undefined && {
      pending_kind: pending?.kind ?? null, pending_operation_id: pending?.operationId ?? null, pending_sealed: pending?.sealed ?? null, pending_since: pending?.since ?? null
    }),
    ...(evidenceSealed !== undefined && { evidence_sealed: evidenceSealed }),
    ...(warnedDays !== undefined && { warned_days: warnedDays }),
    ...(error !== undefined && { error: error && JSON.stringify(error) }),
    version: sql`version + 1`,
    updated_at: now
  }).where('tenant_id', '=', db.tenantId).where('id', '=', id).returningAll().executeTakeFirstOrThrow()
}

/** What the payment shows of its newest dispute. Who asked about the payment before may be telling old news. */
export async function showOnPayment (db: TenantDb, paymentId: string, dispute: object, now: Date): Promise<void> {
  await db.updateTable('payments').set({ disputed: true, dispute: JSON.stringify(dispute), version: sql`version + 1`, updated_at: now })
    .where('tenant_id', '=', db.tenantId).where('id', '=', paymentId).execute()
}

/** The machine's view of a row. */
export function stateOf (row: DisputeRow): DisputeState {
  return {
    status: row.status as DisputeStatus,
    providerStatus: row.provider_status,
    reason: row.reason as DisputeReason,
    amount: row.amount,
    currency: row.currency,
    fee: row.fee,
    evidenceDueBy: row.evidence_due_by,
    evidenceSubmitted: row.evidence_submitted
  }
}
