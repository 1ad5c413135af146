import type { RefundSnapshot, RefundStatus as ProviderRefundStatus } from '../adapter/payments.ts'

/**
 * The refund state machine: pure. A refund that succeeded may still fail (the bank sends it back); nothing else goes back,
 * save one that we gave up for never made and that the provider made after all.
 */
export type RefundStatus = ProviderRefundStatus | 'unknown'

export interface RefundState {
  readonly status: RefundStatus
  readonly amount: number
  readonly currency: string
  readonly providerReference: string | null
}

const rank: Record<RefundStatus, number> = { unknown: 0, pending: 1, requires_action: 1, succeeded: 2, canceled: 3, failed: 3 }

export type RefundOutcome =
  | { do: 'apply', status: RefundStatus }
  | { do: 'ignore', why: string }
  | { do: 'review', why: string }

export function refundTransition (state: RefundState, snapshot: RefundSnapshot): RefundOutcome {
  if (state.providerReference !== null && state.providerReference !== snapshot.providerReference) return { do: 'review', why: 'the provider made it twice' }
  if (snapshot.amount.amount !== state.amount || snapshot.amount.currency !== state.currency) return { do: 'review', why: 'the amount is another' }
  if (state.providerReference === null && rank[state.status] === 3) return { do: 'apply', status: snapshot.status }
  if (snapshot.status === state.status) return { do: 'ignore', why: 'known already' }
  if (rank[snapshot.status] < rank[state.status]) return { do: 'ignore', why: `${state.status} does not go back` }
  if (rank[state.status] === 3) return { do: 'ignore', why: `${state.status} is final` }
  return { do: 'apply', status: snapshot.status }
}

/** Does money of this refund count as gone, or as promised? `unknown` counts: it may have been sent. */
export const holdsMoney = (status: RefundStatus): boolean => status !== 'failed' && status !== 'canceled'
export const gaveMoneyBack = (status: RefundStatus): boolean => status === 'succeeded' || status === 'pending' || status === 'requires_action'
