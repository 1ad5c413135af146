import type { PaymentSnapshot } from '../adapter/payments.ts'
import { type NewAlert, raiseAlert, resolveAlert } from '../alerts/raise.ts'
import type { KeptMethod } from '../customers/apply-method.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import type { EventTypeOf } from '../events/types.ts'
import type { Hub } from '../hub.ts'
import { newUuid, publicId } from '../ids.ts'
import { applyKept, prepareKept } from './keep-method.ts'
import { type Fact, isTerminal, type Outcome, type PaymentState, type ReviewReason, transition } from './machine.ts'
import * as queries from './queries.ts'
import type { PaymentRow, Settlement } from './queries.ts'
import { sealNextAction, showPayment } from './view.ts'

export interface Applied {
  row: PaymentRow
  outcome: Outcome
}

/** A fact with what has to be done before the transaction: what is secret in it is already sealed. */
export interface PreparedFact {
  fact: Fact
  nextActionSealed?: string | null
  kept?: KeptMethod
}

export async function prepare (hub: Pick<Hub, 'vault' | 'now'>, payment: Pick<PaymentRow, 'tenant_id' | 'id' | 'save_method'>, fact: Fact): Promise<PreparedFact> {
  if (!('snapshot' in fact)) return { fact }
  const [nextActionSealed, kept] = await Promise.all([sealNextAction(hub, payment.tenant_id, payment.id, fact.snapshot), payment.save_method ? prepareKept(hub, payment.tenant_id, fact.snapshot) : undefined])
  return { fact, nextActionSealed, ...(kept !== undefined && { kept }) }
}

interface Decision {
  outcome: Outcome
  /** Absent when nothing changes. */
  settlement?: Settlement
  alerts: NewAlert[]
}

/** What one fact does to a payment: pure, but for the clock. */
export function decide (hub: Pick<Hub, 'now' | 'config'>, row: PaymentRow, { fact, nextActionSealed }: PreparedFact): Decision {
  const now = hub.now()
  const state = queries.stateOf(row)
  const outcome = transition(state, fact)
  if (outcome.do !== 'apply') return { outcome, alerts: [] }
  const { next } = outcome
  const snapshot = 'snapshot' in fact ? fact.snapshot : undefined
  const payment: PaymentRow = {
    ...row,
    status: next.status,
    known_status: next.knownStatus,
    amount: next.amount,
    currency: next.currency,
    amount_capturable: next.amountCapturable,
    amount_captured: next.amountCaptured,
    amount_received: next.amountReceived,
    provider_reference: next.providerReference,
    transaction_reference: next.transactionReference,
    error: next.error,
    review: next.review,
    disputed: next.disputed,
    cancel_wanted_at: next.cancelWanted ? row.cancel_wanted_at ?? now : null,
    ...(snapshot !== undefined && { provider_status: snapshot.providerStatus, next_action_sealed: nextActionSealed ?? null }),
    ...(snapshot?.method !== undefined && { method: snapshot.method }),
    ...(isTerminal(next.status) && { method_sealed: null }),
    ...(next.pending === null && { pending_kind: null, pending_operation_id: null, pending_key: null, pending_sealed: null, pending_since: null }),
    ...((next.pending === null && state.pending !== null) && { resolve_tries: 0 }),
    next_run_at: outcome.pull === true ? now : nextRun(hub, row, next, now),
    updated_at: now
  }
  const told = (type: EventTypeOf<'payment'>) => ({ id: newUuid(now), mode: state.mode, type, subject_id: row.id, data: showPayment(payment, 'en'), created_at: now })
  const events = [
    ...(state.review !== null && next.review === null ? [told('payment.review_resolved')] : []),
    ...(outcome.statusChanged ? [told(`payment.${next.status}`)] : []),
    ...(outcome.review !== undefined ? [told('payment.review')] : []),
    ...(next.amountReceived > state.amountReceived && !outcome.statusChanged ? [told('payment.partially_funded')] : [])
  ]
  const subjectId = publicId('payment', row.id)
  const alerts: NewAlert[] = []
  if (outcome.review !== undefined) {
    alerts.push({ kind: alertOf(outcome.review.reason), severity: 'critical', mode: state.mode, subjectId, detail: { ...outcome.review, expected_amount: state.amount, expected_currency: state.currency } })
  }
  if (state.cancelWanted && next.status === 'succeeded') alerts.push({ kind: 'cancel_too_late', severity: 'critical', mode: state.mode, subjectId })
  return { outcome, settlement: { payment, attempt: attemptOf(row, fact, next, snapshot, now), events }, alerts }
}

/**
 * Applies one fact to a payment whose row is locked by this transaction: state, attempt, kept method, events and alerts change
 * together or not at all.
 */
export async function applyFact (hub: Pick<Hub, 'now' | 'config'>, db: TenantDb, given: PaymentRow, prepared: PreparedFact): Promise<Applied> {
  const row = await withKept(hub, db, given, prepared)
  const { outcome, settlement, alerts } = decide(hub, row, prepared)
  if (settlement === undefined) return { row, outcome }
  // The same news comes again (a repeated delivery, a replay, the next look): whoever judged it is not asked twice.
  if (outcome.do === 'apply' && outcome.review !== undefined && row.pending_kind === null && await queries.wasJudged(db, row.id, outcome.review)) {
    return { row, outcome: { do: 'ignore', why: 'a person has judged this already' } }
  }
  const saved = await queries.settle(db, row, settlement)
  if (saved === undefined) throw new Error(`payment ${row.id} was not locked while a fact was applied`)
  for (const alert of alerts) await raiseAlert(db, hub.now(), alert)
  if (row.review !== null && saved.review === null) await resolveAlert(db, hub.now(), ['amount_mismatch', 'money_after_end', 'payment_review'], publicId('payment', saved.id))
  return { row: saved, outcome }
}

/** First, so that what is told of the payment names the method. */
async function withKept (hub: Pick<Hub, 'now' | 'config'>, db: TenantDb, row: PaymentRow, { fact, kept }: PreparedFact): Promise<PaymentRow> {
  if (kept === undefined || !('snapshot' in fact)) return row
  return await applyKept(hub, db, row, transition(queries.stateOf(row), fact), fact.snapshot, kept)
}

/**
 * The same without a lock, in one round trip with the report of the call that told it: it is written only if the row is
 * still as `row` has it. Undefined when it is not, or when it takes more than a state: then it is decided under the lock.
 */
export async function applyUnlessMoved (hub: Pick<Hub, 'now' | 'config' | 'db'>, row: PaymentRow, prepared: PreparedFact, operation: NonNullable<Settlement['operation']>): Promise<Applied | undefined> {
  if (prepared.kept !== undefined) return undefined
  const { outcome, settlement, alerts } = decide(hub, row, prepared)
  if (settlement === undefined || alerts.length > 0 || (outcome.do === 'apply' && outcome.pull === true)) return undefined
  const saved = await queries.settle(hub.db, row, { ...settlement, operation })
  return saved && { row: saved, outcome }
}

const alertOf = (reason: ReviewReason) => reason === 'amount_mismatch' || reason === 'money_after_end' ? reason : 'payment_review'

/** A payment that waits for the payer is asked about now and then, in case its webhook never comes, ms. */
const pollMs = [10, 60, 6 * 60, 24 * 60].map(minutes => minutes * 60_000)
const pollsAtMost = 40

/** When the resolver looks at it next; null when nothing is left to find out. */
function nextRun (hub: Pick<Hub, 'config'>, row: PaymentRow, next: PaymentState, now: Date): Date | null {
  if (next.pending !== null) return row.next_run_at ?? new Date(now.getTime() + hub.config.resolverSchedule[0]!)
  if (next.cancelWanted && !isTerminal(next.status)) return now
  return nextPoll(next.providerReference, next.status, 0, now)
}

export function nextPoll (providerReference: string | null, status: PaymentState['status'], tries: number, now: Date): Date | null {
  if (isTerminal(status) || providerReference === null || tries >= pollsAtMost) return null
  return new Date(now.getTime() + pollMs[Math.min(tries, pollMs.length - 1)]!)
}

function attemptOf (row: PaymentRow, fact: Fact, next: PaymentState, snapshot: PaymentSnapshot | undefined, now: Date): Settlement['attempt'] {
  if (fact.type === 'decided' || fact.type === 'cancel_wanted') return null
  const ofAttempt = row.pending_kind !== 'capture' && row.pending_kind !== 'cancel'
  if (!ofAttempt && snapshot === undefined) return null
  return {
    number: row.attempts,
    status: attemptStatus(fact, next),
    provider_reference: snapshot?.providerReference ?? null,
    transaction_reference: snapshot?.transactionReference ?? null,
    error: next.error,
    updated_at: now
  }
}

function attemptStatus (fact: Fact, next: PaymentState): string {
  if (fact.type === 'nowhere' || fact.type === 'not_done') return 'never_sent'
  if (fact.type === 'refused') return 'declined'
  switch (next.knownStatus) {
    case 'succeeded':
    case 'authorized': return 'succeeded'
    case 'canceled': return 'canceled'
    case 'failed':
    case 'expired': return 'declined'
    case 'requires_payment_method': return next.pending !== null ? 'unknown' : next.error !== null ? 'declined' : 'open'
    default: return next.pending !== null ? 'unknown' : 'open'
  }
}
