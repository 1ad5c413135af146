import { sql } from 'kysely'
import type { Mode } from '../adapter/context.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import { recordEvents } from '../events/record.ts'
import { newUuid } from '../ids.ts'
import { type AlertRow, showAlert } from './view.ts'

export interface NewAlert {
  kind: 'amount_mismatch' | 'payment_review' | 'money_after_end' | 'cancel_too_late' | 'refund_review' | 'inbound_parked' | 'connection_failing' | 'connection_reconnect' | 'webhooks_refused' | 'provider_webhooks_refused' | 'payment_unresolved' | 'paid_elsewhere' | 'webhooks_missed' | 'reconciliation_exceptions' | 'customer_not_forgotten' | 'subscription_review' | 'subscription_unresolved' | 'checkout_review' | 'dispute_opened' | 'dispute_evidence_due' | 'dispute_unresolved' | 'invoice_rejected' | 'invoice_review' | 'invoice_unresolved' | 'invoice_canceled_elsewhere' | 'invoice_not_registered' | 'invoice_cancel_rejected' | 'invoice_overpaid' | 'receipt_after_refund' | 'receipt_waiting' | 'stamps_low' | 'mail_refused' | 'mail_parked' | 'notice_refused' | 'notice_parked' | 'notice_unknown' | 'notice_channel_failing' | 'certificate_expiring' | 'certificate_expired' | 'WARN_BILLING_DATA' | 'sale_without_document' | 'sale_without_issuer' | 'credit_note_missing' | 'document_without_payment' | 'global_invoice_stuck' | 'certificate_refused' | 'verifactu_refused' | 'verifactu_stuck' | 'verifactu_chain_broken' | 'payments_failing' | 'provider_slow' | 'stamping_failing' | 'webhooks_silent' | 'webhooks_unmatched' | 'queue_old' | 'support_entered' | 'webhook_endpoint_failing' | 'webhook_endpoint_disabled'
  severity: 'info' | 'warning' | 'critical'
  mode: Mode
  /** Public id of what it is about. */
  subjectId: string
  /** What makes it another alert about the same thing: how near a date is. */
  step?: string
  detail?: Record<string, unknown>
}

/**
 * Raises an alert, or counts one more on the open one about the same thing. What is open anew is also an event (`alert.opened`).
 * After a person has acknowledged it, the same thing happening again is news.
 */
export async function raiseAlert (db: TenantDb, now: Date, alert: NewAlert): Promise<void> {
  const row = await db.insertInto('alerts').values({
    tenant_id: db.tenantId,
    id: newUuid(now),
    mode: alert.mode,
    kind: alert.kind,
    severity: alert.severity,
    subject_id: alert.subjectId,
    dedupe_key: keyOf(alert),
    detail: JSON.stringify(alert.detail ?? {}),
    created_at: now,
    last_at: now
  })
    .onConflict(oc => oc.columns(['tenant_id', 'dedupe_key']).where('acknowledged_at', 'is', null)
      .doUpdateSet({ times: sql`alerts.times + 1`, severity: alert.severity, last_at: now, detail: JSON.stringify(alert.detail ?? {}) }))
    .returningAll().executeTakeFirstOrThrow()
  if (row.times === 1) await tell(db, now, 'opened', row)
}

/**
 * For what is looked at again and again (a rate, a silence): while it lasts it stays one alert, acknowledged or not, and is counted
 * on only where it got worse, or after `everyMs`. A look that finds the same writes nothing.
 */
export async function raiseLasting (db: TenantDb, now: Date, alert: NewAlert, { everyMs = 30 * 60_000 } = {}): Promise<void> {
  const standing = await db.selectFrom('alerts').select(['id', 'severity', 'last_at']).where('tenant_id', '=', db.tenantId)
    .where('kind', '=', alert.kind).where('subject_id', '=', alert.subjectId).where('resolved_at', 'is', null).orderBy('id', 'desc').limit(1).executeTakeFirst()
  if (standing === undefined) return await raiseAlert(db, now, alert)
  const worse = ranks[alert.severity] > ranks[standing.severity as NewAlert['severity']]
  if (!worse && now.getTime() - standing.last_at.getTime() < everyMs) return
  await db.updateTable('alerts').set({ times: sql`times + 1`, severity: alert.severity, last_at: now, detail: JSON.stringify(alert.detail ?? {}) })
    .where('tenant_id', '=', db.tenantId).where('id', '=', standing.id).execute()
}

/** The cause is gone: what stood about it, acknowledged or not, has ended by itself. Of `subjectId` alone. Gives how many there were. */
export async function resolveAlert (db: TenantDb, now: Date, kinds: NewAlert['kind'] | readonly NewAlert['kind'][], subjectId: string): Promise<number> {
  const rows = await db.updateTable('alerts').set(ended(now)).where('tenant_id', '=', db.tenantId).where('kind', 'in', typeof kinds === 'string' ? [kinds] : kinds)
    .where('subject_id', '=', subjectId).where('resolved_at', 'is', null).returningAll().execute()
  for (const row of rows) await tell(db, now, 'resolved', row)
  return rows.length
}

/** The same by id, for who has found that the cause is gone. One that ended meanwhile is left as it is. */
export async function resolveById (db: TenantDb, now: Date, ids: readonly string[]): Promise<number> {
  if (ids.length === 0) return 0
  const rows = await db.updateTable('alerts').set(ended(now)).where('tenant_id', '=', db.tenantId).where('id', 'in', ids).where('resolved_at', 'is', null).returningAll().execute()
  for (const row of rows) await tell(db, now, 'resolved', row)
  return rows.length
}

/** What ended frees the key of its cause, so that the same cause may open another. (The unique index knows of `acknowledged_at` only.) */
const ended = (now: Date) => ({ resolved_at: now, dedupe_key: sql<string>`alerts.dedupe_key || ' ' || alerts.id` })

const ranks = { info: 0, warning: 1, critical: 2 } as const
const keyOf = ({ kind, subjectId, step }: NewAlert): string => `${kind}:${subjectId}${step === undefined ? '' : `:${step}`}`

/** As an event, in English like all events; of no mode is told as live. */
export async function tell (db: TenantDb, now: Date, what: 'opened' | 'acknowledged' | 'resolved', row: AlertRow): Promise<void> {
  await recordEvents(db, now, [{ type: `alert.${what}`, mode: (row.mode ?? 'live') as Mode, subjectId: row.id, data: showAlert(row, 'en') }])
}
