import { type NewAlert, raiseAlert } from '../alerts/raise.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import { clearTimer, setTimer } from '../db/timers.ts'
import { recordEvents } from '../events/record.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import { afterIssue } from './after-issue.ts'
import { nameless, withCustomerOf } from './delegate.ts'
import { type Fact, type InvoiceState, isStamped, type Outcome, transition } from './machine.ts'
import * as queries from './queries.ts'
import type { InvoiceChanges, InvoiceRow } from './queries.ts'
import { annulRecord } from './records.ts'
import { eventData } from './view.ts'

export interface Applied {
  row: InvoiceRow
  outcome: Outcome
}

/**
 * Applies one fact to an invoice whose row this transaction has locked: state, what else became known with it, event, alert and
 * the next look change together or not at all.
 */
export async function applyFact (hub: Pick<Hub, 'now' | 'config' | 'adapters'>, db: TenantDb, row: InvoiceRow, fact: Fact, known: InvoiceChanges = {}): Promise<Applied> {
  const now = hub.now()
  const before = queries.stateOf(row)
  const outcome = transition(before, fact)
  if (outcome.do === 'ignore') return { row, outcome }
  const { next } = outcome
  const saved = await queries.updateInvoice(db, row.id, {
    ...known,
    ...(row.delegated && known.messages !== undefined && { messages: nameless(known.messages, row) }),
    status: next.status,
    review: next.review,
    fiscal_id: next.fiscalId,
    cancel_motive: next.cancel?.motive ?? (next.status === 'canceled' ? row.cancel_motive : null),
    cancel_substitute: next.cancel?.substitute ?? (next.status === 'canceled' ? row.cancel_substitute : null),
    pending_kind: next.pending,
    ...(next.pending === null && { pending_operation_id: null, pending_key: null, pending_since: null }),
    ...(next.status === 'canceled' && before.status !== 'canceled' && { canceled_at: now })
  }, now)
  if (outcome.statusChanged) await recordEvents(db, now, [{ type: `invoice.${next.status}`, mode: saved.mode as 'test', subjectId: saved.id, data: eventData(saved) }])
  else if (before.review === null && next.review !== null) await recordEvents(db, now, [{ type: 'invoice.review', mode: saved.mode as 'test', subjectId: saved.id, data: eventData(saved) }])
  if (!isStamped(before.status) && isStamped(next.status)) await afterIssue(hub, db, withCustomerOf(saved, row), now)
  if (outcome.statusChanged) await wakeReceivable(db, saved, now)
  if (outcome.statusChanged && next.status === 'canceled') await annulRecord(hub, db, saved)
  for (const alert of alertsOf(before, next, saved)) await raiseAlert(db, now, alert)
  const at = nextLook(hub, before, next, now)
  if (at === null) await clearTimer(db, 'invoice', row.id)
  else if (at !== undefined) await setTimer(db, 'invoice', row.id, at)
  return { row: saved, outcome }
}

/** What is owed depends on credit notes and receipts as well as on the invoice itself. */
async function wakeReceivable (db: TenantDb, row: InvoiceRow, now: Date): Promise<void> {
  const ended = row.status === 'canceled' || row.status === 'rejected'
  const about = row.kind === 'credit_note' ? row.related_id : row.kind === 'payment_receipt' && ended ? row.related_id : null
  if (about !== null) await setTimer(db, 'receivable', about, now)
  else if (row.status === 'canceled' || (row.status === 'issued' && row.payment_id !== null)) await setTimer(db, 'receivable', row.id, now)
}

/** When the job looks at it next: a moment; null: nothing is left to do; undefined: as it was planned. */
function nextLook (hub: Pick<Hub, 'config'>, before: InvoiceState, next: InvoiceState, now: Date): Date | null | undefined {
  const changed = before.status !== next.status || before.pending !== next.pending
  if (!changed) return undefined
  if (next.pending !== null) return new Date(now.getTime() + hub.config.resolverSchedule[0]!)
  switch (next.status) {
    case 'queued':
    case 'signed': return now
    case 'submitted':
    case 'unknown':
    case 'cancel_requested':
    case 'cancel_pending_acceptance': return new Date(now.getTime() + hub.config.resolverSchedule[0]!)
    default: return null
  }
}

function alertsOf (before: InvoiceState, next: InvoiceState, row: InvoiceRow): NewAlert[] {
  const shared = { mode: row.mode as 'test', subjectId: publicId('invoice', row.id) }
  const alerts: NewAlert[] = []
  if (next.review !== null && before.review !== next.review) alerts.push({ kind: 'invoice_review', severity: 'critical', ...shared, detail: { reason: next.review, fiscal_id: next.fiscalId } })
  if (next.status === 'rejected' && before.status !== 'rejected') alerts.push({ kind: 'invoice_rejected', severity: 'warning', ...shared, detail: { messages: row.messages } })
  if (next.status === 'canceled' && before.status !== 'canceled' && before.cancel === null) alerts.push({ kind: 'invoice_canceled_elsewhere', severity: 'warning', ...shared, detail: { fiscal_id: next.fiscalId } })
  if (next.status === 'cancel_rejected' && before.status !== 'cancel_rejected') alerts.push({ kind: 'invoice_cancel_rejected', severity: 'warning', ...shared, detail: { fiscal_id: next.fiscalId } })
  return alerts
}
