import type { DisputeStatus } from '../adapter/disputes.ts'
import type { Mode } from '../adapter/context.ts'
import { raiseAlert } from '../alerts/raise.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import { clearTimer, setTimer } from '../db/timers.ts'
import { recordEvents } from '../events/record.ts'
import type { EventTypeOf } from '../events/types.ts'
import type { Hub } from '../hub.ts'
import { newUuid, publicId } from '../ids.ts'
import { lockPayment } from '../payments/queries.ts'
import { begin, type DisputeFact, disputeTransition, isClosed, nextLook } from './machine.ts'
import * as queries from './queries.ts'
import { type DisputeRow, stateOf } from './queries.ts'
import { showBriefly, showDispute } from './view.ts'

/** The kind of job that looks after disputes. */
export const disputeTimer = 'dispute'

/**
 * What the provider says of a dispute of this payment: the first word makes it one of ours, later ones go through the machine.
 * The payment shows the newest. Undefined when it is of another mode: then nothing of it is believed.
 */
export async function tellDispute (hub: Pick<Hub, 'now'>, db: TenantDb, paymentId: string, fact: DisputeFact): Promise<DisputeRow | undefined> {
  const now = hub.now()
  const { snapshot } = fact
  // Always the payment first, as refunds do: so two who tell of the same new dispute make one.
  const payment = (await lockPayment(db, paymentId))!
  if (snapshot.mode !== undefined && snapshot.mode !== payment.mode) return undefined
  const known = await queries.lockByProviderReference(db, payment.connection_id, snapshot.providerReference)
  if (known !== undefined) return await applyDispute(hub, db, known, fact)
  const row = await queries.insertDispute(db, {
    id: newUuid(now),
    mode: payment.mode as Mode,
    connectionId: payment.connection_id,
    provider: payment.provider,
    paymentId,
    providerReference: snapshot.providerReference,
    providerReason: snapshot.providerReason ?? null,
    openedAt: snapshot.createdAt ?? now,
    state: begin(snapshot),
    now
  })
  if (!isClosed(row.status as DisputeStatus)) {
    await raiseAlert(db, now, { kind: 'dispute_opened', severity: 'critical', mode: row.mode as Mode, subjectId: publicId('dispute', row.id), detail: { payment: publicId('payment', paymentId), amount: row.amount, currency: row.currency, reason: row.reason, evidence_due_by: row.evidence_due_by } })
  }
  await changed(db, row, ['dispute.created', ...endOf(row.status as DisputeStatus)], now)
  return row
}

/** Applies a fact to a dispute that is locked by this transaction, its payment before it. */
export async function applyDispute (hub: Pick<Hub, 'now'>, db: TenantDb, row: DisputeRow, fact: DisputeFact, also: Omit<queries.DisputeChanges, 'state'> = {}): Promise<DisputeRow> {
  const now = hub.now()
  const outcome = disputeTransition(stateOf(row), fact)
  if (outcome.do === 'ignore' && Object.keys(also).length === 0) return row
  const saved = await queries.updateDispute(db, row.id, { ...also, ...(outcome.do === 'apply' && { state: outcome.next }) }, now)
  if (outcome.do === 'apply') await changed(db, saved, outcome.statusChanged ? endOf(outcome.next.status, 'dispute.updated') : ['dispute.updated'], now)
  return saved
}

/** Each end has an event of its own. */
function endOf (status: DisputeStatus, otherwise?: EventTypeOf<'dispute'>): EventTypeOf<'dispute'>[] {
  switch (status) {
    case 'won':
    case 'lost':
    case 'accepted': return [`dispute.${status}`]
    case 'warning_closed': return ['dispute.closed']
    default: return otherwise === undefined ? [] : [otherwise]
  }
}

/** Events, the payment's view of it, and the next look, in the same transaction. */
async function changed (db: TenantDb, row: DisputeRow, types: EventTypeOf<'dispute'>[], now: Date): Promise<void> {
  await recordEvents(db, now, types.map(type => ({ type, mode: row.mode as Mode, subjectId: row.id, data: showDispute(row, 'en') })))
  const newest = await queries.newestOf(db, row.payment_id)
  if (newest?.id === row.id) await queries.showOnPayment(db, row.payment_id, showBriefly(row), now)
  const status = row.status as DisputeStatus
  if (isClosed(status) && row.pending_kind === null) await clearTimer(db, disputeTimer, row.id)
  // The first look is at once: a deadline that is near is told of now.
  else await setTimer(db, disputeTimer, row.id, row.warned_days === null ? now : nextLook({ status, evidenceDueBy: row.evidence_due_by }, now))
}

/** The transaction that applies something to a known dispute: its payment's lock, then its own. */
export async function lockBoth (db: TenantDb, row: Pick<DisputeRow, 'id' | 'payment_id'>): Promise<DisputeRow> {
  await lockPayment(db, row.payment_id)
  return (await queries.lockDispute(db, row.id))!
}
