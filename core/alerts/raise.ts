import { sql } from 'kysely'
import type { Mode } from '../adapter/context.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import { newUuid } from '../ids.ts'

export interface NewAlert {
  kind: 'amount_mismatch' | 'payment_review' | 'money_after_end' | 'cancel_too_late' | 'refund_review' | 'inbound_parked' | 'connection_failing' | 'connection_reconnect' | 'webhooks_refused' | 'provider_webhooks_refused' | 'payment_unresolved' | 'paid_elsewhere' | 'webhooks_missed' | 'customer_not_forgotten' | 'subscription_review' | 'subscription_unresolved' | 'checkout_review' | 'dispute_opened' | 'dispute_evidence_due' | 'dispute_unresolved' | 'invoice_rejected' | 'invoice_review' | 'invoice_unresolved' | 'invoice_canceled_elsewhere' | 'invoice_not_registered' | 'invoice_cancel_rejected' | 'invoice_overpaid' | 'receipt_after_refund' | 'receipt_waiting' | 'stamps_low' | 'mail_refused' | 'mail_parked' | 'notice_refused' | 'notice_parked' | 'notice_unknown' | 'notice_channel_failing' | 'certificate_expiring' | 'certificate_expired' | 'WARN_BILLING_DATA' | 'sale_without_document' | 'sale_without_issuer' | 'credit_note_missing' | 'document_without_payment' | 'global_invoice_stuck' | 'certificate_refused'
  severity: 'info' | 'warning' | 'critical'
  mode: Mode
  /** Public id of what it is about. */
  subjectId: string
  /** What makes it another alert about the same thing: how near a date is. */
  step?: string
  detail?: Record<string, unknown>
}

/** Raises an alert, or counts one more on the open one about the same thing. */
export async function raiseAlert (db: TenantDb, now: Date, alert: NewAlert): Promise<void> {
  await db.insertInto('alerts').values({
    tenant_id: db.tenantId,
    id: newUuid(now),
    mode: alert.mode,
    kind: alert.kind,
    severity: alert.severity,
    subject_id: alert.subjectId,
    dedupe_key: `${alert.kind}:${alert.subjectId}${alert.step === undefined ? '' : `:${alert.step}`}`,
    detail: JSON.stringify(alert.detail ?? {}),
    created_at: now,
    last_at: now
  })
    .onConflict(oc => oc.columns(['tenant_id', 'dedupe_key']).where('acknowledged_at', 'is', null)
      .doUpdateSet({ times: sql`alerts.times + 1`, severity: alert.severity, last_at: now, detail: JSON.stringify(alert.detail ?? {}) }))
    .execute()
}
