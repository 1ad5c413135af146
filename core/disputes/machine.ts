import type { DisputeReason, DisputeSnapshot, DisputeStatus } from '../adapter/disputes.ts'

/**
 * A dispute: pure, and the only place where one changes state. An inquiry may become a dispute; what is won, lost or accepted
 * is over. Webhooks come in any order, so an event only moves it forward; what the provider says when it is asked is true now.
 */
export interface DisputeState {
  readonly status: DisputeStatus
  readonly providerStatus: string
  readonly reason: DisputeReason
  readonly amount: number
  readonly currency: string
  readonly fee: number | null
  readonly evidenceDueBy: Date | null
  readonly evidenceSubmitted: boolean
}

export type DisputeFact =
  /** What a signed webhook said when it was made. */
  | { type: 'event', snapshot: DisputeSnapshot }
  /** Asked of the provider, or its answer. `current`: nothing was applied since the question left. */
  | { type: 'pulled', snapshot: DisputeSnapshot, current: boolean }
  /** The provider took our word that we give in. Most call that lost, too. */
  | { type: 'accepted', snapshot: DisputeSnapshot }

export type DisputeOutcome =
  | { do: 'apply', next: DisputeState, statusChanged: boolean }
  | { do: 'ignore', why: string }

const rank: Record<DisputeStatus, number> = {
  warning_needs_response: 0, warning_under_review: 1, warning_closed: 2, needs_response: 3, under_review: 4, won: 5, lost: 5, accepted: 5
}

export const isFinal = (status: DisputeStatus): boolean => rank[status] === 5
/** Nothing is waited for: an inquiry that was closed may still come back as a dispute. */
export const isClosed = (status: DisputeStatus): boolean => isFinal(status) || status === 'warning_closed'
export const wantsEvidence = (status: DisputeStatus): boolean => status === 'needs_response' || status === 'warning_needs_response'

export function begin (snapshot: DisputeSnapshot): DisputeState {
  return {
    status: snapshot.status,
    providerStatus: snapshot.providerStatus,
    reason: snapshot.reason,
    amount: snapshot.amount.amount,
    currency: snapshot.amount.currency,
    fee: snapshot.fee ?? null,
    evidenceDueBy: snapshot.evidenceDueBy ?? null,
    evidenceSubmitted: snapshot.evidenceSubmitted ?? false
  }
}

export function disputeTransition (state: DisputeState, fact: DisputeFact): DisputeOutcome {
  const { snapshot } = fact
  if (isFinal(state.status)) return become(state, lasting(state, snapshot))
  const told = fact.type === 'accepted' && !isFinal(snapshot.status) ? snapshot : { ...snapshot, ...(fact.type === 'accepted' && snapshot.status !== 'won' && { status: 'accepted' as const }) }
  const newest = fact.type !== 'event' && (fact.type === 'accepted' || fact.current)
  // Of two that say the same, the older one must not take back a deadline that was put off.
  if (!newest && rank[told.status] <= rank[state.status]) return become(state, lasting(state, snapshot))
  return become(state, { ...begin(told), ...lasting(state, snapshot), evidenceDueBy: snapshot.evidenceDueBy ?? state.evidenceDueBy })
}

/** What stays true once it was said, in whatever order it is heard. */
function lasting (state: DisputeState, snapshot: DisputeSnapshot): Partial<DisputeState> {
  return {
    evidenceSubmitted: state.evidenceSubmitted || snapshot.evidenceSubmitted === true,
    fee: Math.max(state.fee ?? 0, snapshot.fee ?? 0) || state.fee,
    evidenceDueBy: state.evidenceDueBy ?? snapshot.evidenceDueBy ?? null
  }
}

function become (state: DisputeState, changes: Partial<DisputeState>): DisputeOutcome {
  const next = { ...state, ...changes }
  const same = (Object.keys(next) as (keyof DisputeState)[]).every(name => plain(next[name]) === plain(state[name]))
  return same ? { do: 'ignore', why: isFinal(state.status) ? `${state.status} is final` : 'known already' } : { do: 'apply', next, statusChanged: next.status !== state.status }
}

const plain = (value: unknown): unknown => value instanceof Date ? value.getTime() : value

/** Days before the deadline at which a person is told. */
export const warningDays = [7, 3, 1] as const
export const dayMs = 24 * 3600_000

interface Deadline { status: DisputeStatus, evidenceDueBy: Date | null, evidenceSubmitted: boolean, warnedDays: number | null }

/** Which warning is due now and was not given yet; undefined: none. */
export function dueWarning ({ status, evidenceDueBy, evidenceSubmitted, warnedDays }: Deadline, now: Date): number | undefined {
  if (!wantsEvidence(status) || evidenceSubmitted || evidenceDueBy === null || evidenceDueBy <= now) return undefined
  const reached = warningDays.findLast(days => evidenceDueBy.getTime() - days * dayMs <= now.getTime())
  return reached !== undefined && (warnedDays === null || reached < warnedDays) ? reached : undefined
}

/** When it is looked at next: at the next warning, just after the deadline, and every day in any case. */
export function nextLook ({ status, evidenceDueBy }: Pick<Deadline, 'status' | 'evidenceDueBy'>, now: Date): Date {
  const due = wantsEvidence(status) && evidenceDueBy !== null ? evidenceDueBy.getTime() : undefined
  const moments = due === undefined ? [] : [...warningDays.map(days => due - days * dayMs), due + 60_000]
  return new Date(Math.min(...moments.filter(moment => moment > now.getTime()), now.getTime() + dayMs))
}
