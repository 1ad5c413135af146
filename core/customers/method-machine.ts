import type { SavedMethodSnapshot } from '../adapter/customers.ts'
import type { PaymentProblem } from '../adapter/payments.ts'

/** A saved payment method: pure, and the only place where one changes state. */
export const methodStatuses = ['unknown', 'requires_action', 'active', 'failed', 'removed'] as const
export type MethodStatus = typeof methodStatuses[number]

export interface MethodState {
  readonly reference: string
  readonly status: MethodStatus
  /** The call that saves it has no known outcome. */
  readonly pending: boolean
  readonly error: PaymentProblem | null
}

export type MethodFact =
  /** The call's own answer · asked of the provider · what a signed webhook said when it was made. */
  | { type: 'answer' | 'pulled' | 'event', snapshot: SavedMethodSnapshot }
  /** The provider refused the call, or it never got there, or it was certainly not carried out. */
  | { type: 'refused', problem: PaymentProblem }
  | { type: 'no_answer' }
  /** By the tenant. It is never used again, whatever the provider still has to say. */
  | { type: 'removed' }
  /** The provider no longer has it: the payer or the tenant took it away there. */
  | { type: 'gone' }
  /** The very same method is saved already. */
  | { type: 'twin', snapshot: SavedMethodSnapshot }

export type MethodOutcome =
  | { do: 'apply', next: MethodState, statusChanged: boolean }
  | { do: 'ignore', why: string }
  /** It may be true now or have been true once: only the provider can say. */
  | { do: 'pull', why: string }

/** A set-up that failed may be tried again by the payer; one that was agreed to stays so. */
const rank: Record<MethodStatus, number> = { unknown: 0, requires_action: 1, failed: 2, active: 3, removed: 4 }

export function methodTransition (state: MethodState, fact: MethodFact): MethodOutcome {
  switch (fact.type) {
    case 'answer':
    case 'pulled':
    case 'event': return applySnapshot(state, fact.snapshot, fact.type)
    case 'twin': return state.status === 'removed' ? settled(state) : become(state, { pending: false, status: 'failed', error: { code: 'duplicate', message: 'this method is saved already' } })
    case 'refused': return !state.pending ? ignore('nothing was pending') : state.status === 'unknown' ? become(state, { pending: false, status: 'failed', error: fact.problem }) : settled(state)
    case 'no_answer': return ignore('not known yet')
    case 'removed': return state.status === 'removed' ? ignore('it was removed already') : become(state, { status: 'removed', error: null })
    case 'gone': return state.status === 'active' ? become(state, { status: 'removed', error: null }) : ignore(`it is ${state.status}`)
  }
}

function applySnapshot (state: MethodState, snapshot: SavedMethodSnapshot, source: 'answer' | 'pulled' | 'event'): MethodOutcome {
  if (state.status === 'removed') return settled(state)
  if (state.status === 'active' && snapshot.status === 'failed' && source === 'event') return { do: 'pull', why: 'it may have been taken away at the provider' }
  if (rank[snapshot.status] > rank[state.status]) return become(state, { pending: false, status: snapshot.status, error: snapshot.error ?? null })
  return settled(state)
}

function settled (state: MethodState): MethodOutcome {
  return state.pending ? become(state, { pending: false }) : ignore(`it is ${state.status}`)
}

function become (state: MethodState, changes: Partial<MethodState>): MethodOutcome {
  const next = { ...state, ...changes }
  return { do: 'apply', next, statusChanged: next.status !== state.status }
}

const ignore = (why: string): MethodOutcome => ({ do: 'ignore', why })
