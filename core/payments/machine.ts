import type { Mode } from '../adapter/context.ts'
import type { PaymentProblem, PaymentSnapshot, ProviderPaymentStatus } from '../adapter/payments.ts'

/**
 * The payment state machine: pure, and the only place where a payment changes state. The provider's answer, its webhook and
 * the resolver all come through `transition`, under the row's lock.
 */
export type PaymentStatus = ProviderPaymentStatus | 'unknown'
export type PendingKind = 'create_payment' | 'confirm_payment' | 'capture' | 'cancel'

export type ReviewReason =
  | 'amount_mismatch' | 'currency_mismatch' | 'reference_mismatch' | 'mode_mismatch'
  | 'captured_less' | 'captured_more' | 'refunded_more' | 'paid_twice' | 'money_after_end'

export interface Review {
  reason: ReviewReason
  provider_amount: number
  provider_currency: string
  provider_status: string
  /** The same in our words. */
  status: ProviderPaymentStatus
  provider_reference: string
  amount_captured: number
}

export interface PaymentState {
  /** What the provider must send back: our public payment id, or that of the page or subscription it came of. */
  readonly reference: string
  /** Of one that was begun on a page of ours: its own public id, which the provider may send back instead. */
  readonly ownReference?: string
  readonly mode: Mode
  readonly amount: number
  readonly currency: string
  readonly capture: 'automatic' | 'manual'
  /** The payer was not there when it was tried. */
  readonly offSession: boolean
  readonly status: PaymentStatus
  /** What is known for sure while `status` is `unknown`. */
  readonly knownStatus: ProviderPaymentStatus
  readonly amountCapturable: number
  readonly amountCaptured: number
  /** Of a transfer that comes in parts: what is there so far. */
  readonly amountReceived: number
  readonly providerReference: string | null
  readonly transactionReference: string | null
  readonly error: PaymentProblem | null
  readonly review: Review | null
  readonly disputed: boolean
  /**
   * The call whose outcome is not known. `withMethod`: it asked for money, not only for an open payment. `again`: it is not
   * the payment's first attempt, so what the provider's known object says may be of the attempt before.
   */
  readonly pending: { readonly kind: PendingKind, readonly withMethod: boolean, readonly again: boolean } | null
  /** The tenant asked to cancel while the outcome was unknown: nothing is repeated any more. */
  readonly cancelWanted: boolean
}

export type Fact =
  /** The provider's answer to the pending call itself. */
  | { type: 'answer', snapshot: PaymentSnapshot, current: boolean }
  /** Asked of the provider; `current`: nothing was applied since the question left; `found`: looked for by our reference, the newest there is. */
  | { type: 'pulled', snapshot: PaymentSnapshot, current: boolean, found?: boolean }
  /** The tenant's own bank statement tells of money. `doubt`: it is not exactly what was asked for, so a person decides. */
  | { type: 'credited', snapshot: PaymentSnapshot, doubt?: ReviewReason }
  /** What a signed webhook said when it was made. */
  | { type: 'event', snapshot: PaymentSnapshot }
  /** The provider refused the pending call. */
  | { type: 'refused', problem: PaymentProblem, ends: boolean }
  /** The pending call never got there. */
  | { type: 'nowhere', problem: PaymentProblem }
  | { type: 'no_answer' }
  /** The provider certainly has no such payment (create), or certainly did not do it (confirm, capture, cancel). */
  | { type: 'not_done' }
  /** The tenant asked to cancel a payment whose outcome is unknown. */
  | { type: 'cancel_wanted' }
  /** Canceled before the provider knew of it. */
  | { type: 'canceled_here' }
  /** A person decided, with a reason; audited by the caller. */
  | { type: 'decided', decision: Decision }

export type Decision = 'accept_provider' | 'dismiss' | 'mark_succeeded' | 'mark_failed' | 'mark_canceled'

export type Outcome =
  /** `pull`: this much is certain, and the provider has to be asked for the rest. */
  | { do: 'apply', next: PaymentState, statusChanged: boolean, review?: Review, pull?: boolean }
  /** Old or weaker news than what is known. */
  | { do: 'ignore', why: string }
  /** It may be true, but only the provider can say: ask, then apply the answer. */
  | { do: 'pull', why: string }

const rank: Record<ProviderPaymentStatus, number> = {
  requires_payment_method: 0, requires_action: 1, processing: 2, authorized: 3, succeeded: 4, canceled: 4, failed: 4, expired: 4
}

export const isTerminal = (status: PaymentStatus): boolean => status !== 'unknown' && rank[status] === 4
const isMoney = (status: ProviderPaymentStatus): boolean => status === 'authorized' || status === 'succeeded'
/** States from which a payment does not come back by itself, so that even an old event proves them. */
const isDecisive = (status: ProviderPaymentStatus): boolean => rank[status] >= 3

export function transition (state: PaymentState, fact: Fact): Outcome {
  switch (fact.type) {
    case 'answer': return applySnapshot(state, fact.snapshot, { fresh: fact.current, answers: true, found: false })
    case 'pulled': return applySnapshot(state, fact.snapshot, { fresh: fact.current, answers: false, found: fact.found === true })
    case 'credited': return fact.doubt === undefined ? applySnapshot(state, fact.snapshot, { fresh: true, answers: false, found: false }) : review(state, fact.snapshot, fact.doubt)
    case 'event': return applySnapshot(state, fact.snapshot, { fresh: false, answers: false, found: false })
    case 'refused': return refused(state, fact.problem, fact.ends)
    case 'nowhere': return backToKnown(state, fact.problem)
    case 'no_answer': return state.pending === null ? ignore('the outcome became known meanwhile') : become(state, { status: 'unknown' })
    case 'not_done': return notDone(state)
    case 'cancel_wanted': return state.pending === null ? ignore('nothing is pending') : become(state, { cancelWanted: true })
    case 'canceled_here': return state.providerReference === null && state.pending === null && state.review === null && !isTerminal(state.status)
      ? become(state, { status: 'canceled', knownStatus: 'canceled' })
      : ignore('the provider knows of it')
    case 'decided': return decided(state, fact.decision)
  }
}

function applySnapshot (state: PaymentState, snapshot: PaymentSnapshot, { fresh, answers, found: newest }: { fresh: boolean, answers: boolean, found: boolean }): Outcome {
  const found = snapshot.status
  // Where each attempt is an object of its own, what was found while a new one is asked for is that new one.
  const ofThisAttempt = answers || isKnown(state, snapshot) || (newest && state.pending?.kind === 'create_payment')
  const ofTheOneBefore = !answers && state.pending?.kind === 'create_payment' && state.pending.again && state.providerReference === snapshot.providerReference
  if ((!ofThisAttempt || ofTheOneBefore) && !isMoney(found)) return ignore('it is of an earlier attempt')
  const mismatch = compare(state, snapshot)
  if (mismatch !== undefined) return review(state, snapshot, mismatch)

  if (isTerminal(state.knownStatus)) {
    // Money that arrives after the end is never swallowed and never turns the end around by itself.
    if (isMoney(found) && state.knownStatus !== 'succeeded') {
      // A hold that was released since looks the same in an old event.
      return fresh || found === 'succeeded' ? review(state, snapshot, 'money_after_end') : { do: 'pull', why: 'an older snapshot may tell of a hold that is over' }
    }
    const pending = answers || settles(state, snapshot) ? null : state.pending
    if (found !== state.knownStatus) {
      return pending === state.pending && state.status === state.knownStatus ? ignore(`${state.knownStatus} is final`) : become(state, { pending, status: state.knownStatus })
    }
    return become(state, { ...factsOf(state, snapshot), pending, status: state.knownStatus })
  }

  const forward = rank[found] > rank[state.knownStatus]
  if (state.knownStatus === 'authorized' && rank[found] < 3) return answers ? become(state, { pending: null, status: 'authorized' }) : ignore('authorized does not go back')
  if (!fresh && !isDecisive(found)) {
    // An older story: `requires_action` may be of an attempt that was declined since.
    if (!answers) return { do: 'pull', why: 'only a decisive state is believed from an older snapshot' }
    // The call has its answer. Until the newest word is here, the further of the two states stands: it lets nobody pay again.
    const knownStatus = forward ? found : state.knownStatus
    const outcome = become(state, { ...(forward && factsOf(state, snapshot)), providerReference: snapshot.providerReference, pending: null, knownStatus, status: knownStatus })
    return outcome.do === 'apply' ? { ...outcome, pull: true } : outcome
  }
  const pending = answers || settles(state, snapshot) ? null : state.pending
  return become(state, {
    ...factsOf(state, snapshot),
    pending,
    knownStatus: found,
    // While the pending call is not proved one way or the other, what is known is not the whole truth.
    status: pending !== null && !(forward && isDecisive(found)) ? 'unknown' : found,
    ...(pending === null && { cancelWanted: state.cancelWanted && !isTerminal(found) })
  })
}

/** Is it the provider's object that we know, or the first that we hear of? */
const isKnown = (state: PaymentState, snapshot: PaymentSnapshot): boolean =>
  state.providerReference === null || state.providerReference === snapshot.providerReference

/** What may be learned from any matching snapshot. Amounts only grow. */
function factsOf (state: PaymentState, snapshot: PaymentSnapshot): Partial<PaymentState> {
  return {
    providerReference: snapshot.providerReference,
    transactionReference: snapshot.transactionReference ?? state.transactionReference,
    amountCapturable: snapshot.status === 'authorized' ? snapshot.amountCapturable : 0,
    amountCaptured: snapshot.status === 'succeeded' ? Math.max(state.amountCaptured, snapshot.amountCaptured) : state.amountCaptured,
    amountReceived: Math.max(state.amountReceived, snapshot.amountReceived ?? 0),
    error: snapshot.error ?? null,
    disputed: state.disputed || snapshot.disputed === true
  }
}

/** The intent against what the provider says, before money is believed. */
function compare (state: PaymentState, snapshot: PaymentSnapshot): ReviewReason | undefined {
  if (snapshot.reference !== undefined && snapshot.reference !== state.reference && snapshot.reference !== state.ownReference) return 'reference_mismatch'
  if (!isMoney(snapshot.status)) return undefined
  if (snapshot.reference === undefined && state.providerReference !== snapshot.providerReference) return 'reference_mismatch'
  if (!isKnown(state, snapshot) && isMoney(state.knownStatus)) return 'paid_twice'
  if (snapshot.mode !== undefined && snapshot.mode !== state.mode) return 'mode_mismatch'
  if (snapshot.amount.currency !== state.currency) return 'currency_mismatch'
  if (snapshot.amount.amount !== state.amount) return 'amount_mismatch'
  if (snapshot.amountCaptured > state.amount || snapshot.amountCapturable > state.amount) return 'captured_more'
  if (snapshot.status === 'succeeded' && (snapshot.amountCaptured <= 0 || (snapshot.amountCaptured < state.amount && state.capture === 'automatic'))) return 'captured_less'
  if ((snapshot.amountRefunded ?? 0) > snapshot.amountCaptured) return 'refunded_more'
  return undefined
}

/** Does this snapshot prove that the pending call was carried out, or that it no longer can be? */
function settles (state: PaymentState, snapshot: PaymentSnapshot): boolean {
  const { pending } = state
  if (pending === null) return true
  if (rank[snapshot.status] === 4) return true
  switch (pending.kind) {
    case 'create_payment':
      return !pending.withMethod || snapshot.status !== 'requires_payment_method' || snapshot.error !== undefined
    case 'confirm_payment':
      return snapshot.status !== 'requires_payment_method' ||
        (snapshot.error !== undefined && snapshot.transactionReference !== undefined && snapshot.transactionReference !== state.transactionReference)
    case 'capture': return false
    case 'cancel': return false
  }
}

function refused (state: PaymentState, problem: PaymentProblem, ends: boolean): Outcome {
  if (state.pending === null) return ignore('nothing was pending')
  const asksForMoney = state.pending.kind === 'create_payment' || state.pending.kind === 'confirm_payment'
  // A refused capture or cancel leaves the payment as it was; the caller is told.
  if (!asksForMoney || isDecisive(state.knownStatus)) return become(state, { pending: null, status: state.knownStatus, cancelWanted: false })
  if (cancelsHere(state)) return canceledUnsent(state)
  const status = ends && state.pending.kind === 'create_payment' ? 'failed' : 'requires_payment_method'
  return become(state, { pending: null, status, knownStatus: status, error: problem })
}

function backToKnown (state: PaymentState, problem: PaymentProblem): Outcome {
  if (state.pending === null) return ignore('nothing was pending')
  const asksForMoney = state.pending.kind === 'create_payment' || state.pending.kind === 'confirm_payment'
  if (asksForMoney && cancelsHere(state)) return canceledUnsent(state)
  return become(state, { pending: null, status: state.knownStatus, ...(asksForMoney && !isDecisive(state.knownStatus) && { error: problem }) })
}

/** The tenant wants it canceled, and the provider has nothing that could be. */
const cancelsHere = (state: PaymentState): boolean => state.cancelWanted && state.providerReference === null && !isDecisive(state.knownStatus)

function canceledUnsent (state: PaymentState): Outcome {
  return become(state, { pending: null, cancelWanted: false, status: 'canceled', knownStatus: 'canceled', error: null })
}

function notDone (state: PaymentState): Outcome {
  if (state.pending === null) return ignore('nothing was pending')
  if (cancelsHere(state)) return canceledUnsent(state)
  if (state.pending.kind === 'create_payment' && !isDecisive(state.knownStatus)) {
    return become(state, {
      pending: null,
      status: 'requires_payment_method',
      knownStatus: 'requires_payment_method',
      error: { code: 'provider_unavailable', message: 'the provider never received it; nothing was charged' }
    })
  }
  return become(state, { pending: null, status: state.knownStatus })
}

function decided (state: PaymentState, decision: Decision): Outcome {
  const clear = { review: null, pending: null, cancelWanted: false }
  switch (decision) {
    case 'dismiss':
      return state.review === null ? ignore('nothing is under review') : become(state, { review: null, status: state.knownStatus, pending: null })
    case 'accept_provider': {
      const { review } = state
      if (review === null) return ignore('nothing is under review')
      if (state.knownStatus === 'succeeded' && review.reason === 'paid_twice') return ignore('the first payment stands; give the second back at the provider')
      if (!isMoney(review.status)) return ignore('the provider tells of no money: there is nothing to accept')
      const status = review.amount_captured > 0 ? 'succeeded' : 'authorized'
      // The hold that the review is about is over: there is nothing left to accept.
      if (status === 'authorized' && isTerminal(state.knownStatus) && review.reason !== 'money_after_end') return ignore(`${state.knownStatus} is final`)
      return become(state, {
        ...clear,
        status,
        knownStatus: status,
        // The person accepts what the provider took: the intent follows it, so that no amount ever exceeds it.
        amount: Math.max(review.provider_amount, review.amount_captured),
        currency: review.provider_currency,
        providerReference: review.provider_reference,
        amountCaptured: review.amount_captured,
        amountCapturable: status === 'authorized' ? review.provider_amount : 0
      })
    }
    case 'mark_succeeded':
      if (isTerminal(state.status)) return ignore(`${state.status} is final`)
      return become(state, { ...clear, status: 'succeeded', knownStatus: 'succeeded', amountCaptured: state.amount, amountCapturable: 0 })
    case 'mark_failed':
    case 'mark_canceled': {
      if (isTerminal(state.status)) return ignore(`${state.status} is final`)
      const status = decision === 'mark_failed' ? 'failed' : 'canceled'
      return become(state, { ...clear, status, knownStatus: status, amountCapturable: 0 })
    }
  }
}

function review (state: PaymentState, snapshot: PaymentSnapshot, reason: ReviewReason): Outcome {
  if (state.review?.reason === reason && state.review.provider_status === snapshot.providerStatus && state.review.amount_captured === snapshot.amountCaptured) {
    return ignore('under review already')
  }
  // An event from before the capture must not undo what the person is shown.
  if (state.review?.provider_reference === snapshot.providerReference && snapshot.amountCaptured < state.review.amount_captured) return ignore('the review knows of more')
  const found: Review = {
    reason,
    provider_amount: snapshot.amount.amount,
    provider_currency: snapshot.amount.currency,
    provider_status: snapshot.providerStatus,
    status: snapshot.status,
    provider_reference: snapshot.providerReference,
    amount_captured: snapshot.amountCaptured
  }
  // The state stays what it was; a person decides. The pending call is over: the provider has said what it did.
  const outcome = become(state, { review: found, pending: null, status: state.pending === null ? state.status : state.knownStatus })
  return outcome.do === 'apply' ? { ...outcome, review: found } : outcome
}

function become (state: PaymentState, changes: Partial<PaymentState>): Outcome {
  const next = personNeeded({ ...state, ...changes })
  const amountReceived = Math.max(next.amountReceived, next.amountCaptured)
  return { do: 'apply', next: { ...next, amountReceived }, statusChanged: next.status !== state.status }
}

/** To the provider an off-session charge that the bank wants the payer for is declined. It is not: the payer can finish it, with the same method. */
function personNeeded (state: PaymentState): PaymentState {
  const waits = state.offSession && state.pending === null && state.status === 'requires_payment_method' && state.error?.code === 'authentication_required'
  return waits ? { ...state, status: 'requires_action', knownStatus: 'requires_action' } : state
}

function ignore (why: string): Outcome {
  return { do: 'ignore', why }
}
