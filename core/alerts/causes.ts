import { sql, type RawBuilder } from 'kysely'
import type { TenantDb } from '../db/in-tenant.ts'
import { parseAnyId } from '../ids.ts'
import type { NewAlert } from './raise.ts'
import type { AlertRow } from './view.ts'

type Standing = Pick<AlertRow, 'id' | 'kind' | 'subject_id' | 'detail' | 'last_at'>
type Kind = NewAlert['kind']

interface Cause {
  /** Where what it is about stands, as `x`. */
  table: string
  /** While this holds of that row, the cause is there. A row that is gone has no cause. */
  holds: RawBuilder<unknown> | ((now: Date) => RawBuilder<unknown>)
  /** Only of alerts whose detail says so; the others wait for a person. */
  only?: (detail: Record<string, unknown>) => boolean
}

const given = sql`x.amount_refunded < x.amount_captured`
const underReview = sql`x.review is not null`
const pending = sql`x.pending_kind is not null`
const asksForEvidence = sql`x.status in ('needs_response', 'warning_needs_response')`
/** Of the same issuer, and good for longer. */
const noSuccessor = sql`x.deleted_at is null and (x.issuer_id is null or not exists (
  select from certificates o where o.tenant_id = x.tenant_id and o.issuer_id = x.issuer_id and o.id <> x.id and o.deleted_at is null and o.refused_at is null and o.valid_to > x.valid_to))`
const document = sql`coalesce(
  (select i.status from invoices i where i.tenant_id = x.tenant_id and i.id = x.invoice_id),
  (select i.status from global_invoices g join invoices i on i.tenant_id = g.tenant_id and i.id = g.invoice_id where g.tenant_id = x.tenant_id and g.id = x.global_id), 'none')`

/**
 * When the cause of an alert is gone, as a look at the database says it. A kind that is not here tells of something that happened: it
 * ends when a person has seen it. The figures of a connection are in `rules.ts`.
 */
const causes: Partial<Record<Kind, Cause>> = {
  amount_mismatch: { table: 'payments', holds: underReview },
  money_after_end: { table: 'payments', holds: underReview },
  // What a bank gave back, and what a page took twice, the payment itself does not say.
  payment_review: { table: 'payments', holds: underReview, only: ({ reason }) => reason !== 'returned' && reason !== 'paid_twice' },
  cancel_too_late: { table: 'payments', holds: given },
  payment_unresolved: { table: 'payments', holds: sql`x.pending_kind is not null or (x.cancel_wanted_at is not null and x.status not in ('succeeded', 'canceled', 'failed', 'expired'))` },
  refund_review: { table: 'refunds', holds: sql`x.status = 'unknown'`, only: ({ why }) => why === 'the provider could not be asked' },
  inbound_parked: { table: 'inbound_events', holds: sql`x.status in ('parked', 'received', 'retrying')` },
  connection_failing: { table: 'connections', holds: sql`x.enabled and x.deleted_at is null and x.health = 'failing'` },
  connection_reconnect: { table: 'connections', holds: sql`x.enabled and x.deleted_at is null and x.reconnect_since is not null` },
  webhooks_refused: { table: 'connections', holds: now => sql`x.deleted_at is null and exists (select from inbound_refused_slots s where s.tenant_id = x.tenant_id and s.connection_id = x.id and s.slot >= ${new Date(now.getTime() - 3600_000)})` },
  stamps_low: { table: 'connections', holds: sql`x.enabled and x.deleted_at is null and 'ok' <> (select s.level from stamp_readings s where s.tenant_id = x.tenant_id and s.connection_id = x.id order by s.id desc limit 1)` },
  subscription_review: { table: 'subscriptions', holds: underReview },
  subscription_unresolved: { table: 'subscriptions', holds: sql`x.pending_kind is not null or x.cancel_wanted is not null`, only: ({ pending }) => pending !== undefined },
  dispute_opened: { table: 'disputes', holds: asksForEvidence },
  dispute_evidence_due: { table: 'disputes', holds: asksForEvidence },
  dispute_unresolved: { table: 'disputes', holds: pending },
  invoice_rejected: { table: 'invoices', holds: sql`x.status = 'rejected'` },
  invoice_review: { table: 'invoices', holds: underReview },
  invoice_unresolved: { table: 'invoices', holds: sql`x.pending_kind is not null or x.status in ('queued', 'signed', 'submitted', 'unknown', 'cancel_requested')` },
  invoice_cancel_rejected: { table: 'invoices', holds: sql`x.status = 'cancel_rejected'` },
  receipt_waiting: { table: 'invoices', holds: sql`exists (select from invoice_payments p where p.tenant_id = x.tenant_id and p.invoice_id = x.id and p.waits is not null)` },
  certificate_expiring: { table: 'certificates', holds: noSuccessor },
  certificate_expired: { table: 'certificates', holds: noSuccessor },
  certificate_refused: { table: 'certificates', holds: sql`x.refused_at is not null and ${noSuccessor}` },
  WARN_BILLING_DATA: { table: 'sales', holds: sql`x.document = 'correcting'` },
  sale_without_document: { table: 'sales', holds: sql`x.refunded < x.total and (x.document not in ('invoiced', 'in_global') or ${document} not in ('issued', 'cancel_rejected', 'cancel_requested', 'cancel_pending_acceptance'))` },
  global_invoice_stuck: { table: 'global_invoices', holds: sql`x.status in ('making', 'replacing')` },
  mail_parked: { table: 'mails', holds: sql`x.status = 'parked'` },
  notice_parked: { table: 'notices', holds: sql`x.status = 'parked'` },
  notice_channel_failing: { table: 'notification_channels', holds: sql`x.deleted_at is null and x.enabled and x.health = 'failing'` },
  support_entered: { table: 'support_access', holds: now => sql`x.ended_at is null and x.expires_at > ${now}` }
}

/** Said again each day while it is so (`core/sales/audit.ts`): what was not said for longer is no more. */
const saidDaily: ReadonlySet<Kind> = new Set(['credit_note_missing', 'document_without_payment'])
const daySaidMs = 26 * 3600_000

/** Can the database say when this one is over? */
export const endsByItself = (kind: string): boolean => kind in causes || saidDaily.has(kind as Kind)

/** Of these alerts, the ids of those whose cause is gone. One statement for each kind. */
export async function withoutCause (db: TenantDb, now: Date, standing: readonly Standing[]): Promise<string[]> {
  const over = standing.filter(({ kind, last_at: at }) => saidDaily.has(kind as Kind) && now.getTime() - at.getTime() > daySaidMs).map(({ id }) => id)
  for (const [kind, cause] of Object.entries(causes)) {
    const asked = standing.flatMap(({ id, kind: of, subject_id: subject, detail }) => {
      const about = of !== kind || subject === null || cause.only?.(detail as Record<string, unknown>) === false ? undefined : subjectIn(cause.table, subject)
      return about === undefined ? [] : [{ id, about }]
    })
    if (asked.length === 0) continue
    const holds = typeof cause.holds === 'function' ? cause.holds(now) : cause.holds
    const { rows } = await sql<{ id: string }>`
      select x.id from ${sql.table(cause.table)} x where x.tenant_id = ${db.tenantId} and x.id = any(${[...new Set(asked.map(({ about }) => about))]}::uuid[]) and (${holds})`.execute(db)
    const there = new Set(rows.map(({ id }) => id))
    over.push(...asked.filter(({ about }) => !there.has(about)).map(({ id }) => id))
  }
  return over
}

/** What an id of another kind names does not stand in that table: nothing can be said. */
function subjectIn (table: string, subject: string): string | undefined {
  const parsed = parseAnyId(subject)
  return parsed === undefined || tableOf[parsed.kind] !== table ? undefined : parsed.uuid
}

const tableOf: Partial<Record<NonNullable<ReturnType<typeof parseAnyId>>['kind'], string>> = {
  payment: 'payments', refund: 'refunds', inbound: 'inbound_events', connection: 'connections', subscription: 'subscriptions', dispute: 'disputes', invoice: 'invoices', certificate: 'certificates',
  sale: 'sales', global_invoice: 'global_invoices', mail: 'mails', notice: 'notices', notification_channel: 'notification_channels', support_access: 'support_access'
}
