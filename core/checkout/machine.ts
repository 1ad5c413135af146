import type { CheckoutStatus } from '../adapter/checkout.ts'
import type { Mode } from '../adapter/context.ts'
import type { Money } from '../adapter/money.ts'
import type { PaymentProblem } from '../adapter/payments.ts'

/**
 * A page at the provider, a session or a link: pure, and the only place where one changes state. Complete and expired are
 * ends, save for a link that had all its payments before it ended, and of whose last one we heard later. Failed is one too, save for
 * a page that we gave up for never made and that the provider made after all.
 */
export const pageStatuses = ['unknown', 'open', 'complete', 'expired', 'failed'] as const
export type PageStatus = typeof pageStatuses[number]

export interface PageState {
  /** Our public id: what the provider must send back. */
  readonly reference: string
  readonly mode: Mode
  readonly amount: number
  readonly currency: string
  readonly status: PageStatus
  readonly providerReference: string | null
  readonly error: PaymentProblem | null
  /** The call whose outcome is not known. */
  readonly pending: 'create' | 'expire' | null
}

/** What a session and a link have in common, as the provider tells it. */
export interface PageSnapshot {
  providerReference: string
  reference?: string
  status: CheckoutStatus
  /** Absent where the provider does not tell it again. */
  amount?: Money
  mode?: Mode
}

export type PageFact =
  /** The provider's answer to the pending call itself. */
  | { type: 'answer', snapshot: PageSnapshot }
  /** Asked of the provider, or told by a signed webhook: a page that ended does not open again, so the older of two is no danger. */
  | { type: 'told', snapshot: PageSnapshot }
  /** The provider refused the pending call, or it never got there. */
  | { type: 'refused', problem: PaymentProblem }
  /** The provider certainly has no such page. */
  | { type: 'not_done' }
  /** A link has had as many payments as it may. */
  | { type: 'filled' }

export type PageOutcome =
  | { do: 'apply', next: PageState, statusChanged: boolean }
  | { do: 'ignore', why: string }
  /** It is not the page that we asked for: a person is told, and nothing of it is believed. */
  | { do: 'alert', why: string }

const isEnd = (status: PageStatus): boolean => status === 'complete' || status === 'expired'

export function pageTransition (state: PageState, fact: PageFact): PageOutcome {
  switch (fact.type) {
    case 'answer':
    case 'told': return applySnapshot(state, fact.snapshot, fact.type === 'answer')
    case 'refused': {
      if (state.pending === null) return ignore('nothing was pending')
      // A refused end leaves the page as it was; the caller is told.
      if (state.pending === 'expire' || state.status !== 'unknown') return become(state, { pending: null })
      return become(state, { pending: null, status: 'failed', error: fact.problem })
    }
    case 'not_done':
      if (state.pending !== 'create' || state.status !== 'unknown') return ignore('it is known')
      return become(state, { pending: null, status: 'failed', error: { code: 'provider_unavailable', message: 'the provider never received it; there is no page' } })
    case 'filled': return state.status === 'expired' ? become(state, { status: 'complete' }) : ignore('only an end is told otherwise')
  }
}

function applySnapshot (state: PageState, snapshot: PageSnapshot, answers: boolean): PageOutcome {
  const why = strange(state, snapshot)
  if (why !== undefined) return { do: 'alert', why }
  const pending = answers || state.pending === 'create' || snapshot.status !== 'open' ? null : state.pending
  if (isEnd(state.status)) return state.pending !== pending ? become(state, { pending }) : ignore(snapshot.status === state.status ? 'known already' : `${state.status} is final`)
  const { status, providerReference } = snapshot
  if (status === state.status && providerReference === state.providerReference && pending === state.pending) return ignore('known already')
  return become(state, { status, providerReference, pending, error: null })
}

function strange (state: PageState, snapshot: PageSnapshot): string | undefined {
  if (snapshot.reference !== undefined && snapshot.reference !== state.reference) return 'it is of another reference'
  if (snapshot.reference === undefined && state.providerReference === null && state.pending !== 'create') return 'it names no page of ours'
  if (state.providerReference !== null && state.providerReference !== snapshot.providerReference) return 'the provider made it twice'
  if (snapshot.mode !== undefined && snapshot.mode !== state.mode) return 'it is of the other mode'
  if (snapshot.amount !== undefined && (snapshot.amount.amount !== state.amount || snapshot.amount.currency !== state.currency)) return 'the amount is another'
  return undefined
}

function become (state: PageState, changes: Partial<PageState>): PageOutcome {
  const next = { ...state, ...changes }
  return { do: 'apply', next, statusChanged: next.status !== state.status }
}

function ignore (why: string): PageOutcome {
  return { do: 'ignore', why }
}
