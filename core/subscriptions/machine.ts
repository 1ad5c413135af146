import type { Mode } from '../adapter/context.ts'
import type { PaymentProblem } from '../adapter/payments.ts'
import type { CycleSnapshot, SubscriptionSnapshot, SubscriptionStatus as ProviderStatus } from '../adapter/subscriptions.ts'

/**
 * The subscription state machine: pure, and the only place where a subscription changes state. The provider's answer, its
 * webhook and the resolver all come through `transition`, under the row's lock. A subscription lives long and goes to and fro
 * (active, past due, active again), so unlike a payment's its states have no order: what is not the newest word is only a
 * reason to ask. An end alone proves itself.
 */
export type SubscriptionStatus = ProviderStatus | 'unknown'
export type PendingKind = 'create_subscription' | 'update_subscription' | 'cancel_subscription' | 'pause_subscription' | 'resume_subscription'
export type CancelAt = 'now' | 'period_end'

export interface Review {
  /** `made_twice`: the provider has a second one of ours. `alive_after_end`: it ended here, and goes on there. */
  reason: 'mode_mismatch' | 'reference_mismatch' | 'made_twice' | 'alive_after_end'
  provider_status: string
  /** The same in our words. */
  status: ProviderStatus
  provider_reference: string
}

export interface SubscriptionState {
  /** Our public id: what the provider must send back. */
  readonly reference: string
  readonly mode: Mode
  readonly status: SubscriptionStatus
  /** What is known for sure while `status` is `unknown`. */
  readonly knownStatus: ProviderStatus
  readonly providerReference: string | null
  readonly currentPeriodStart: Date | null
  readonly currentPeriodEnd: Date | null
  readonly cancelAtPeriodEnd: boolean
  readonly canceledAt: Date | null
  readonly trialEndsAt: Date | null
  /** Whether the payer has something to do; what, is sealed. */
  readonly nextAction: boolean
  readonly error: PaymentProblem | null
  readonly review: Review | null
  /** The call whose outcome is not known. */
  readonly pending: { readonly kind: PendingKind, readonly at?: CancelAt } | null
  /** The tenant wants it canceled and it is not yet: nothing that goes on is repeated any more. */
  readonly cancelWanted: CancelAt | null
}

export type Fact =
  /** The provider's answer to the pending call itself; `current`: nothing was applied since it was sent. */
  | { type: 'answer', snapshot: SubscriptionSnapshot, current: boolean }
  /** Asked of the provider; `current`: nothing was applied since the question left. */
  | { type: 'pulled', snapshot: SubscriptionSnapshot, current: boolean }
  /** What a signed webhook said when it was made. */
  | { type: 'event', snapshot: SubscriptionSnapshot }
  /** The provider refused the pending call · it never got there. */
  | { type: 'refused' | 'nowhere', problem: PaymentProblem }
  | { type: 'no_answer' }
  /** The provider certainly did not do it. */
  | { type: 'not_done' }
  /** The tenant asked to cancel while the outcome was unknown. */
  | { type: 'cancel_wanted', at: CancelAt }
  /** A person decided, with a reason; audited by the caller. */
  | { type: 'decided', decision: Decision }

export type Decision = 'accept_provider' | 'dismiss' | 'mark_canceled'

export type Outcome =
  /** `pull`: this much is certain, and the provider has to be asked for the rest. `undone`: a change that was asked for did not happen. */
  | { do: 'apply', next: SubscriptionState, pull?: boolean, undone?: PaymentProblem }
  /** Old or weaker news than what is known. */
  | { do: 'ignore', why: string }
  /** It may be true, but only the provider can say: ask, then apply the answer. */
  | { do: 'pull', why: string }

export const isFinal = (status: SubscriptionStatus): boolean => status === 'canceled' || status === 'expired'

export function transition (state: SubscriptionState, fact: Fact): Outcome {
  switch (fact.type) {
    case 'answer': return applySnapshot(state, fact.snapshot, { fresh: fact.current, answers: true })
    // That it is there answers whether it was made, however old the word is.
    case 'pulled': return applySnapshot(state, fact.snapshot, { fresh: fact.current, answers: state.pending?.kind === 'create_subscription' })
    case 'event': return applySnapshot(state, fact.snapshot, { fresh: false, answers: false })
    case 'refused': return undone({ ...state, cancelWanted: state.pending?.kind === 'cancel_subscription' ? null : state.cancelWanted }, fact.problem)
    case 'nowhere': return undone(state, fact.problem)
    case 'not_done': return notDone(state)
    case 'no_answer': return state.pending === null ? ignore('the outcome became known meanwhile') : become(state, { status: 'unknown' })
    case 'cancel_wanted': return state.pending === null ? ignore('nothing is pending') : become(state, { cancelWanted: fact.at === 'now' ? 'now' : state.cancelWanted ?? fact.at })
    case 'decided': return decided(state, fact.decision)
  }
}

function applySnapshot (state: SubscriptionState, snapshot: SubscriptionSnapshot, { fresh, answers }: { fresh: boolean, answers: boolean }): Outcome {
  if (state.providerReference !== null && state.providerReference !== snapshot.providerReference) return isFinal(snapshot.status) ? ignore('it is of another one, which has ended') : review(state, snapshot, 'made_twice')
  const mismatch = compare(state, snapshot, fresh)
  if (mismatch !== undefined) return review(state, snapshot, mismatch)
  const pending = answers || settles(state, snapshot) ? null : state.pending
  if (isFinal(state.knownStatus)) {
    const learns = state.providerReference === null && isFinal(snapshot.status)
    if (pending === state.pending && !learns) return ignore(`${state.knownStatus} is final`)
    return become(state, { pending, providerReference: snapshot.providerReference, status: state.knownStatus, cancelWanted: null })
  }
  if (isFinal(snapshot.status)) return become(state, { ...factsOf(snapshot), pending: null, status: snapshot.status, knownStatus: snapshot.status, cancelWanted: null })
  // While a call is under way even the state that we know is news: it may be of after the call, and then its answer is old.
  const known = state.pending === null && tellsNothing(state, snapshot)
  if (!fresh) {
    if (answers) {
      // The call has its answer; what was applied since it was sent may be newer than what it says.
      const first = state.providerReference === null
      const knownStatus = first ? snapshot.status : state.knownStatus
      return { ...become(state, { ...(first && factsOf(snapshot)), pending: null, knownStatus, status: knownStatus }), pull: true }
    }
    return known ? ignore('known already') : { do: 'pull', why: 'only an end is believed from an older snapshot' }
  }
  if (known) return ignore('known already')
  return become(state, {
    ...factsOf(snapshot),
    pending,
    knownStatus: snapshot.status,
    status: pending === null ? snapshot.status : 'unknown',
    ...(snapshot.cancelAtPeriodEnd && state.cancelWanted === 'period_end' && { cancelWanted: null })
  })
}

function factsOf (snapshot: SubscriptionSnapshot): Partial<SubscriptionState> {
  return {
    providerReference: snapshot.providerReference,
    currentPeriodStart: snapshot.currentPeriodStart ?? null,
    currentPeriodEnd: snapshot.currentPeriodEnd ?? null,
    cancelAtPeriodEnd: snapshot.cancelAtPeriodEnd,
    canceledAt: snapshot.canceledAt ?? null,
    trialEndsAt: snapshot.trialEndsAt ?? null,
    nextAction: snapshot.nextAction !== undefined,
    error: snapshot.error ?? null
  }
}

function tellsNothing (state: SubscriptionState, snapshot: SubscriptionSnapshot): boolean {
  if (snapshot.cancelAtPeriodEnd && state.cancelWanted === 'period_end') return false
  return state.providerReference === snapshot.providerReference && state.knownStatus === snapshot.status && state.cancelAtPeriodEnd === snapshot.cancelAtPeriodEnd &&
    sameTime(state.currentPeriodEnd, snapshot.currentPeriodEnd) && sameTime(state.currentPeriodStart, snapshot.currentPeriodStart) && sameTime(state.trialEndsAt, snapshot.trialEndsAt) &&
    sameTime(state.canceledAt, snapshot.canceledAt) && state.error?.code === snapshot.error?.code && state.nextAction === (snapshot.nextAction !== undefined)
}

const sameTime = (a: Date | null, b: Date | undefined): boolean => (a?.getTime() ?? null) === (b?.getTime() ?? null)

/** Is it ours, and may it still be alive? */
function compare (state: SubscriptionState, snapshot: SubscriptionSnapshot, fresh: boolean): Review['reason'] | undefined {
  if (snapshot.mode !== undefined && snapshot.mode !== state.mode) return 'mode_mismatch'
  if (snapshot.reference !== undefined && snapshot.reference !== state.reference) return 'reference_mismatch'
  if (!isFinal(state.knownStatus) || isFinal(snapshot.status)) return undefined
  // Given up here before the provider ever spoke of it; or brought back to life there.
  return state.providerReference === null || fresh ? 'alive_after_end' : undefined
}

/** Does this snapshot prove that the pending call was carried out, or that it no longer can be? */
function settles (state: SubscriptionState, snapshot: SubscriptionSnapshot): boolean {
  const { pending } = state
  if (pending === null || isFinal(snapshot.status)) return true
  switch (pending.kind) {
    case 'create_subscription': return true
    case 'cancel_subscription': return pending.at === 'period_end' && snapshot.cancelAtPeriodEnd
    case 'pause_subscription': return snapshot.status === 'paused'
    case 'resume_subscription': return snapshot.status !== 'paused' && !snapshot.cancelAtPeriodEnd
    // It tells of no plan and no quantity.
    case 'update_subscription': return false
  }
}

function undone (state: SubscriptionState, problem: PaymentProblem): Outcome {
  if (state.pending === null) return ignore('nothing was pending')
  if (state.pending.kind === 'create_subscription' && state.providerReference === null) {
    const status = state.cancelWanted === null ? 'expired' : 'canceled'
    return become(state, { pending: null, cancelWanted: null, status, knownStatus: status, error: problem })
  }
  return { ...become(state, { pending: null, status: state.knownStatus }), undone: problem }
}

function notDone (state: SubscriptionState): Outcome {
  // Whoever asked has gone away believing that it may be canceled: it is asked for again.
  if (state.pending?.kind === 'cancel_subscription') return become(state, { pending: null, status: state.knownStatus, cancelWanted: state.cancelWanted ?? state.pending.at ?? 'now' })
  return undone(state, { code: 'provider_unavailable', message: 'the provider never received it' })
}

function review (state: SubscriptionState, snapshot: SubscriptionSnapshot, reason: Review['reason']): Outcome {
  const found: Review = { reason, provider_status: snapshot.providerStatus, status: snapshot.status, provider_reference: snapshot.providerReference }
  if (state.review?.reason === reason && state.review.provider_reference === found.provider_reference && state.review.status === found.status) return ignore('under review already')
  // The state stays what it was; the provider has said what it did.
  return become(state, { review: found, ...(state.pending?.kind === 'create_subscription' && { pending: null, status: state.knownStatus }) })
}

function decided (state: SubscriptionState, decision: Decision): Outcome {
  const { review } = state
  const clear = { review: null, pending: null, cancelWanted: null }
  switch (decision) {
    // What is under way goes on.
    case 'dismiss': return review === null ? ignore('nothing is under review') : become(state, { review: null })
    case 'accept_provider':
      if (review === null) return ignore('nothing is under review')
      if (review.reason === 'made_twice') return ignore('the first one stands; end the second at the provider')
      if (review.reason !== 'alive_after_end') return ignore('what the provider tells of is not this one: there is nothing to accept')
      return { ...become(state, { ...clear, status: review.status, knownStatus: review.status, providerReference: review.provider_reference, canceledAt: null, error: null }), pull: true }
    case 'mark_canceled':
      if (isFinal(state.knownStatus)) return ignore(`${state.knownStatus} is final`)
      return become(state, { ...clear, status: 'canceled', knownStatus: 'canceled', nextAction: false })
  }
}

function become (state: SubscriptionState, changes: Partial<SubscriptionState>): Extract<Outcome, { do: 'apply' }> {
  return { do: 'apply', next: { ...state, ...changes } }
}

function ignore (why: string): Outcome {
  return { do: 'ignore', why }
}

/** What can be told: `subscription.<this>`. */
export type SubscriptionEvent = 'created' | 'activated' | 'resumed' | 'updated' | 'change_failed' | 'trial_ending' | 'renewed' | 'payment_failed' | 'review' | 'review_resolved' | Exclude<SubscriptionState['knownStatus'], 'incomplete' | 'active' | 'unknown'>

/** What is told of a change, in order. */
export function eventsOf (before: SubscriptionState, after: SubscriptionState): SubscriptionEvent[] {
  const events: SubscriptionEvent[] = []
  const [was, is] = [before.knownStatus, after.knownStatus]
  if (before.review !== null && after.review === null) events.push('review_resolved')
  if (before.providerReference === null && after.providerReference !== null) events.push('created')
  if (was !== is) {
    if (is === 'active' || is === 'trialing') events.push(was === 'paused' ? 'resumed' : is === 'active' ? 'activated' : 'trialing')
    else if (is !== 'incomplete') events.push(is)
  } else if (before.cancelAtPeriodEnd !== after.cancelAtPeriodEnd) events.push('updated')
  if (after.review !== null && after.review !== before.review) events.push('review')
  return events
}

// --- cycles -----------------------------------------------------------------------------------------------------------

export interface CycleState {
  readonly status: CycleSnapshot['status']
  readonly amount: number
  readonly attempts: number
  readonly nextAttemptAt: Date | null
  readonly paymentReference: string | null
}

/** A claim only goes forward; what is uncollectible may still be paid, or be void. */
const rank: Record<CycleSnapshot['status'], number> = { draft: 0, open: 1, uncollectible: 2, paid: 3, void: 3 }

/** The cycle after one more word of it, and null when that tells nothing new. `before` is null for the first word. */
export function cycleTransition (before: CycleState | null, snapshot: CycleSnapshot): CycleState | null {
  const found: CycleState = {
    status: snapshot.status,
    // What is given back by a change of plan is no claim.
    amount: Math.max(0, snapshot.amount.amount),
    attempts: snapshot.attempts,
    nextAttemptAt: snapshot.nextAttemptAt ?? null,
    paymentReference: snapshot.paymentProviderReference ?? before?.paymentReference ?? null
  }
  if (before === null) return found
  const step = rank[found.status] - rank[before.status] || found.attempts - before.attempts
  const ended = rank[before.status] === 3 && found.status !== before.status
  if (step < 0 || ended) {
    // An older word; but whose payment it is does not change with time.
    return before.paymentReference === null && found.paymentReference !== null ? { ...before, paymentReference: found.paymentReference } : null
  }
  const next = { ...found, attempts: Math.max(found.attempts, before.attempts), ...(rank[found.status] === 3 && { nextAttemptAt: null }) }
  const same = step === 0 && next.amount === before.amount && next.paymentReference === before.paymentReference && sameTime(before.nextAttemptAt, next.nextAttemptAt ?? undefined)
  return same ? null : next
}
