import type { DocumentStatus } from '../adapter/invoicing.ts'

/**
 * The invoice state machine: pure, and the only place where an invoice changes state. What the PAC answers, its webhook, the
 * resolver and the tax authority's own status service all come through `transition`, under the row's lock.
 */
export const invoiceStatuses = [
  'draft', 'queued', 'signed', 'submitted', 'unknown', 'issued', 'rejected', 'cancel_requested', 'cancel_pending_acceptance', 'canceled', 'cancel_rejected'
] as const
export type InvoiceStatus = typeof invoiceStatuses[number]

export interface InvoiceState {
  readonly status: InvoiceStatus
  /** The authority's identifier, once there is one: it never changes. */
  readonly fiscalId: string | null
  /** The call whose outcome is not known. While there is one, nothing else is sent. */
  readonly pending: 'issue' | 'cancel' | null
  /** Asked for by us, until the authority has decided. */
  readonly cancel: { readonly motive: string, readonly substitute: string | null } | null
  readonly review: 'other_document' | 'issued_after_rejection' | null
}

/** Who says it: the authority's word on its own register outweighs what a provider remembers. */
export type Teller = 'provider' | 'authority'

export type Fact =
  /** A draft, or a rejected one that was corrected, takes its number and waits for the job. */
  | { type: 'queued' }
  /** Built and, where the hub seals, sealed. */
  | { type: 'signed' }
  /** The intent of a call is written. */
  | { type: 'asked', what: 'issue' }
  | { type: 'asked', what: 'cancel', motive: string, substitute: string | null }
  | { type: 'told', by: Teller, status: DocumentStatus, fiscalId?: string }
  /** No answer: it may have been stamped, or cancelled. */
  | { type: 'no_answer' }
  /** Refused, with its reason: nothing was stamped, or nothing cancelled. */
  | { type: 'refused' }
  /** It never got there, or certainly has not been done: it may be sent again. */
  | { type: 'not_done' }
  /** A person has looked at it: our state stays, or it was certainly not stamped, nor will be. */
  | { type: 'judged', as?: 'rejected' }

export type Outcome =
  | { do: 'apply', next: InvoiceState, statusChanged: boolean }
  | { do: 'ignore', why: string }

const ignore = (why: string): Outcome => ({ do: 'ignore', why })

/** Its stamp exists: it is a fiscal document, whatever becomes of it. */
export const isStamped = (status: InvoiceStatus): boolean => stamped.has(status)
const stamped = new Set<InvoiceStatus>(['issued', 'cancel_requested', 'cancel_pending_acceptance', 'canceled', 'cancel_rejected'])
/** Sent, and nobody knows what became of it; or something else came back. */
const isJudgeable = ({ status, pending, review }: InvoiceState): boolean => status === 'submitted' || status === 'unknown' || (status === 'signed' && pending === 'issue' && review !== null)
const cancelling = new Set<InvoiceStatus>(['cancel_requested', 'cancel_pending_acceptance'])

export function transition (state: InvoiceState, fact: Fact): Outcome {
  const become = (changes: Partial<InvoiceState>): Outcome => {
    const next = { ...state, ...changes }
    return { do: 'apply', next, statusChanged: next.status !== state.status }
  }
  switch (fact.type) {
    case 'queued': return state.status === 'draft' || state.status === 'rejected' ? become({ status: 'queued' }) : ignore(`it is ${state.status}`)
    case 'signed': return state.status === 'queued' && state.pending === null ? become({ status: 'signed' }) : ignore(`it is ${state.status}`)
    case 'asked': return asked(state, fact, become)
    case 'told': return told(state, fact, become)
    case 'no_answer': return state.pending === 'issue'
      ? become({ status: 'unknown' })
      // A cancellation whose answer was lost has been requested, as far as anybody knows.
      : state.pending === 'cancel' && !cancelling.has(state.status) ? become({ status: 'cancel_requested' }) : ignore('nothing was waited for, or it is known already')
    case 'refused': return state.pending === 'issue'
      ? become({ status: 'rejected', pending: null })
      : state.pending === 'cancel' ? become({ status: 'cancel_rejected', pending: null, cancel: null }) : ignore('nothing was waited for')
    case 'not_done': return state.pending === 'issue'
      ? become({ status: 'signed', pending: null })
      : state.pending === 'cancel' ? become({ status: 'issued', pending: null, cancel: null }) : ignore('nothing was waited for')
    case 'judged':
      if (fact.as === 'rejected') return isJudgeable(state) ? become({ status: 'rejected', pending: null, review: null }) : ignore(`it is ${state.status}`)
      return state.review === null ? ignore('nothing is to be judged') : become({ review: null })
  }
}

type Become = (changes: Partial<InvoiceState>) => Outcome

function asked (state: InvoiceState, fact: Extract<Fact, { type: 'asked' }>, become: Become): Outcome {
  if (state.pending !== null) return ignore(`${state.pending} is under way`)
  // `submitted`: taken long ago, and the authority has lost it since: the same bytes go out once more.
  if (fact.what === 'issue') return state.status === 'signed' || state.status === 'unknown' || state.status === 'submitted' ? become({ pending: 'issue' }) : ignore(`it is ${state.status}`)
  if (state.status !== 'issued' && state.status !== 'cancel_rejected') return ignore(`it is ${state.status}`)
  return become({ pending: 'cancel', cancel: { motive: fact.motive, substitute: fact.substitute } })
}

function told (state: InvoiceState, fact: Extract<Fact, { type: 'told' }>, become: Become): Outcome {
  const { fiscalId } = fact
  // A second stamp, or an answer about something else: never taken over by itself.
  if (fiscalId !== undefined && state.fiscalId !== null && fiscalId !== state.fiscalId) return state.review === 'other_document' ? ignore('a person is told already') : become({ review: 'other_document' })
  if (state.status === 'draft') return ignore('it was never sent')
  const id = fiscalId === undefined ? {} : { fiscalId }
  if (fact.status === 'submitted') return isStamped(state.status) || state.status === 'rejected' || (state.status === 'submitted' && state.pending === null) ? ignore(`it is ${state.status}`) : become({ ...id, status: 'submitted', pending: null })
  if (fact.status === 'rejected') return isStamped(state.status) || state.status === 'rejected' ? ignore(`it is ${state.status}`) : become({ status: 'rejected', pending: null })
  if (!isStamped(state.status)) {
    // The first news that it is stamped. Without an identifier it is no document yet.
    const known = fiscalId ?? state.fiscalId
    if (known === null) return ignore('it names no fiscal id')
    return become({ fiscalId: known, status: fact.status, pending: null, review: state.status === 'rejected' ? 'issued_after_rejection' : state.review })
  }
  return afterStamp(state, fact, become)
}

/** A cancellation moves one way: requested, then perhaps waiting for the receiver, then decided. */
function afterStamp (state: InvoiceState, { status, by }: Extract<Fact, { type: 'told' }>, become: Become): Outcome {
  if (state.status === status) return state.pending === 'cancel' && status !== 'issued' ? become({ pending: null }) : ignore(`it is ${status} already`)
  if (state.status === 'canceled') return ignore('it is cancelled')
  switch (status) {
    case 'canceled': return become({ status, pending: null })
    case 'cancel_rejected': return cancelling.has(state.status) || state.pending === 'cancel' ? become({ status, pending: null, cancel: null }) : ignore('no cancellation was asked for')
    case 'cancel_pending_acceptance': return become({ status, pending: null })
    case 'cancel_requested': return state.status === 'cancel_pending_acceptance' ? ignore('it is further already') : become({ status, pending: null })
    // Valid while a cancellation is under way is no news: the register changes when it is decided.
    case 'issued': return by === 'authority' && state.status === 'cancel_rejected' && state.pending === null ? become({ status }) : ignore('a cancellation is under way')
    default: return ignore(`it is ${state.status}`)
  }
}
