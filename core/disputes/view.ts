import type { Mode } from '../adapter/context.ts'
import type { DisputeReason, DisputeStatus } from '../adapter/disputes.ts'
import type { PaymentProblem } from '../adapter/payments.ts'
import { publicId } from '../ids.ts'
import { showProblem } from '../operations/problem.ts'
import type { DisputeRow, PendingKind } from './queries.ts'
import type { Dispute, Evidence } from './schema.ts'

/** `evidence` is opened only for who asked for the dispute itself: it names the buyer. */
export function showDispute (row: DisputeRow, language: 'es' | 'en', evidence: Evidence | null = null): Dispute {
  return {
    id: publicId('dispute', row.id),
    object: 'dispute',
    mode: row.mode as Mode,
    payment: publicId('payment', row.payment_id),
    status: row.status as DisputeStatus,
    reason: row.reason as DisputeReason,
    provider_reason: row.provider_reason,
    amount: row.amount,
    currency: row.currency,
    fee: row.fee,
    evidence_due_by: row.evidence_due_by?.toISOString() ?? null,
    evidence_submitted: row.evidence_submitted,
    evidence,
    pending: row.pending_kind as PendingKind | null,
    error: showProblem(row.error as PaymentProblem | null, language),
    provider: row.provider,
    connection: publicId('connection', row.connection_id),
    provider_reference: row.provider_reference,
    provider_status: row.provider_status,
    opened_at: row.opened_at.toISOString(),
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString()
  }
}

/** What its payment shows of it. */
export function showBriefly (row: DisputeRow): object {
  const { id, status, reason, amount, evidence_due_by: due } = showDispute(row, 'en')
  return { id, status, reason, amount, evidence_due_by: due }
}
