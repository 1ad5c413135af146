import type { PaymentSnapshot } from '../adapter/payments.ts'
import { raiseAlert } from '../alerts/raise.ts'
import { recordEvents } from '../events/record.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import { type Fact, isTerminal, type Outcome, type PaymentState, type ReviewReason, transition } from './machine.ts'
import * as queries from './queries.ts'
import type { PaymentRow } from './queries.ts'
import { sealNextAction, showPayment } from './view.ts'

export interface Applied {
  row: PaymentRow
  outcome: Outcome
}

/** A fact with what has to be done before the transaction: its next action is already sealed. */
export interface PreparedFact {
  fact: Fact
  nextActionSealed?: string | null
}

export async function prepare (hub: Pick<Hub, 'vault'>, tenantId: string, paymentId: string, fact: Fact): Promise<PreparedFact> {
  if (!('snapshot' in fact)) return { fact }
  return { fact, nextActionSealed: await sealNextAction(hub, tenantId, paymentId, fact.snapshot) }
}

/**
 * Applies one fact to a payment whose row is locked by this transaction: state, attempt, events and alerts change together
 * or not at all.
 */
export async function applyFact (hub: Pick<Hub, 'now' | 'config'>, db: TenantDb, row: PaymentRow, { fact, nextActionSealed }: PreparedFact): Promise<Applied> {
  const now = hub.now()
  const state = queries.stateOf(row)
  const outcome = transition(state, fact)
  if (outcome.do !== 'apply') return { row, outcome }
  const { next } = outcome
  const snapshot = 'snapshot' in fact ? fact.snapshot : undefined
  const saved = await queries.saveState(db, row, next, {
    ...(snapshot !== undefined && { providerStatus: snapshot.providerStatus, nextActionSealed: nextActionSealed ?? null }),
    ...(snapshot?.method !== undefined && { method: snapshot.method }),
    ...((next.pending === null && state.pending !== null) && { resolveTries: 0 }),
    nextRunAt: outcome.pull === true ? now : nextRun(hub, row, next, now),
    now
  })
  await updateAttempt(db, row, fact, next, snapshot, now)
  const shown = showPayment(saved, 'en')
  const events = []
  if (outcome.statusChanged) events.push({ type: `payment.${next.status}`, mode: state.mode, subjectId: row.id, data: shown })
  if (outcome.review !== undefined) events.push({ type: 'payment.review', mode: state.mode, subjectId: row.id, data: shown })
  await recordEvents(db, now, events)
  if (outcome.review !== undefined) {
    await raiseAlert(db, now, {
      kind: alertOf(outcome.review.reason),
      severity: 'critical',
      mode: state.mode,
      subjectId: publicId('payment', row.id),
      detail: { ...outcome.review, expected_amount: state.amount, expected_currency: state.currency }
    })
  }
  if (state.cancelWanted && next.status === 'succeeded') {
    await raiseAlert(db, now, { kind: 'cancel_too_late', severity: 'critical', mode: state.mode, subjectId: publicId('payment', row.id) })
  }
  return { row: saved, outcome }
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

async function updateAttempt (db: TenantDb, row: PaymentRow, fact: Fact, next: PaymentState, snapshot: PaymentSnapshot | undefined, now: Date): Promise<void> {
  if (fact.type === 'decided' || fact.type === 'cancel_wanted') return
  const attemptPending = row.pending_kind === 'capture' || row.pending_kind === 'cancel'
  if (attemptPending && snapshot === undefined) return
  await queries.updateLastAttempt(db, row, {
    status: attemptStatus(fact, next),
    ...(snapshot !== undefined && { providerReference: snapshot.providerReference, transactionReference: snapshot.transactionReference ?? null }),
    error: next.error,
    now
  })
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
