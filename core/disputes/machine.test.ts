import fc from 'fast-check'
import t from 'tap'
import { type DisputeSnapshot, type DisputeStatus, disputeStatuses } from '../adapter/disputes.ts'
import { begin, dayMs, type DisputeFact, type DisputeState, disputeTransition, dueWarning, isFinal, nextLook, warningDays, wantsEvidence } from './machine.ts'

const runs = { numRuns: Number(process.env.PASARELA_PROPERTY_RUNS ?? 3000) }
const due = new Date('2026-12-10T00:00:00Z')
const base: DisputeSnapshot = { providerReference: 'dp_1', paymentProviderReference: 'pp_1', status: 'needs_response', providerStatus: 'needs_response', reason: 'fraudulent', amount: { amount: 10_000, currency: 'MXN' }, evidenceDueBy: due, evidenceSubmitted: false }
const at = (status: DisputeStatus, changes: Partial<DisputeSnapshot> = {}): DisputeSnapshot => ({ ...base, status, providerStatus: status, ...changes })

/** What may follow what, at a provider. */
const legal: Record<DisputeStatus, DisputeStatus[]> = {
  warning_needs_response: ['warning_under_review', 'warning_closed', 'needs_response'],
  warning_under_review: ['warning_closed', 'needs_response'],
  warning_closed: ['needs_response'],
  needs_response: ['under_review', 'won', 'lost', 'accepted'],
  under_review: ['won', 'lost'],
  won: [],
  lost: [],
  accepted: []
}

/** A life of a dispute: the snapshots that its provider's webhooks would carry. */
const life = fc.tuple(fc.constantFrom<DisputeStatus>('warning_needs_response', 'needs_response'), fc.array(fc.nat(10), { maxLength: 6 })).map(([first, choices]) => {
  const told = [at(first)]
  for (const choice of choices) {
    const before = told.at(-1)!
    const next = legal[before.status][choice % Math.max(1, legal[before.status].length)]
    if (next === undefined) break
    const submitted = before.evidenceSubmitted === true || next === 'under_review' || next === 'warning_under_review'
    told.push(at(next, { evidenceSubmitted: submitted, ...(next === 'lost' && { fee: 1500 }) }))
  }
  return told
})

/** Each at least once, some again, in any order. */
const deliveries = life.chain(told => fc.tuple(fc.constant(told), fc.shuffledSubarray([...told, ...told, ...told], { minLength: told.length }).map(some => [...some, ...told])))
  .chain(([told, events]) => fc.tuple(fc.constant(told), fc.shuffledSubarray(events, { minLength: events.length })))

function apply (state: DisputeState | undefined, fact: DisputeFact): DisputeState {
  if (state === undefined) return begin(fact.snapshot)
  const outcome = disputeTransition(state, fact)
  return outcome.do === 'apply' ? outcome.next : state
}

t.test('in whatever order its webhooks come, doubled or late: the end is the provider’s', async () => {
  fc.assert(fc.property(deliveries, ([told, events]) => {
    let state: DisputeState | undefined
    for (const snapshot of events) state = apply(state, { type: 'event', snapshot })
    const truth = told.at(-1)!
    if (state!.status !== truth.status) throw new Error(`${state!.status}, and the provider says ${truth.status}: ${events.map(({ status }) => status).join(', ')}`)
    if (state!.evidenceSubmitted !== (told.some(snapshot => snapshot.evidenceSubmitted === true))) throw new Error('the evidence is forgotten')
    if (told.some(({ fee }) => fee === 1500) && state!.fee !== 1500) throw new Error('the fee is forgotten')
  }), runs)
})

t.test('what is won, lost or accepted stays so, whatever is said afterwards', async () => {
  const fact = fc.record({ type: fc.constantFrom('event', 'pulled', 'accepted'), status: fc.constantFrom(...disputeStatuses), current: fc.boolean() })
    .map(({ type, status, current }) => ({ type, snapshot: at(status), ...(type === 'pulled' && { current }) }) as DisputeFact)
  fc.assert(fc.property(fc.array(fact, { minLength: 1, maxLength: 30 }), facts => {
    facts.reduce<DisputeState | undefined>((before, fact) => {
      const after = apply(before, fact)
      if (before !== undefined && isFinal(before.status) && after.status !== before.status) throw new Error(`${before.status} became ${after.status}`)
      if (before?.evidenceSubmitted === true && !after.evidenceSubmitted) throw new Error('evidence that was sent was taken back')
      return after
    }, undefined)
  }), runs)
})

t.test('what the provider says when it is asked is true now, except after the end', async () => {
  fc.assert(fc.property(deliveries, fc.constantFrom(...disputeStatuses), ([, events], status) => {
    let state: DisputeState | undefined
    for (const snapshot of events) state = apply(state, { type: 'event', snapshot })
    const after = apply(state, { type: 'pulled', snapshot: at(status), current: true })
    if (after.status !== (isFinal(state!.status) ? state!.status : status)) throw new Error(`${state!.status}, asked: ${status}, then ${after.status}`)
  }), runs)
})

t.test('an answer that is older than other news is no more than an event', async t => {
  t.match(disputeTransition(begin(at('under_review')), { type: 'pulled', snapshot: at('needs_response'), current: false }), { do: 'ignore' })
  t.match(disputeTransition(begin(at('under_review')), { type: 'pulled', snapshot: at('needs_response'), current: true }), { do: 'apply', next: { status: 'needs_response' } }, 'a second round')
})

t.test('an inquiry that was closed may come back as a dispute', async t => {
  t.match(disputeTransition(begin(at('warning_closed')), { type: 'event', snapshot: at('needs_response') }), { do: 'apply', statusChanged: true, next: { status: 'needs_response' } })
  t.match(disputeTransition(begin(at('needs_response')), { type: 'event', snapshot: at('warning_closed') }), { do: 'ignore' })
})

t.test('we gave in, and the provider calls it lost: accepted', async t => {
  t.match(disputeTransition(begin(at('needs_response')), { type: 'accepted', snapshot: at('lost') }), { next: { status: 'accepted', providerStatus: 'lost' } })
  t.match(disputeTransition(begin(at('accepted')), { type: 'event', snapshot: at('lost') }), { do: 'ignore' })
  t.match(disputeTransition(begin(at('needs_response')), { type: 'accepted', snapshot: at('under_review') }), { next: { status: 'under_review' } }, 'not over yet')
})

t.test('a deadline that was put off is the new one', async t => {
  const later = new Date(due.getTime() + 5 * dayMs)
  t.match(disputeTransition(begin(at('needs_response')), { type: 'pulled', snapshot: at('needs_response', { evidenceDueBy: later }), current: true }), { do: 'apply', statusChanged: false, next: { evidenceDueBy: later } })
})

t.test('seven days, three, and one before the deadline: each warning once, none after it or where no evidence is wanted', async () => {
  const moment = fc.integer({ min: -10 * dayMs, max: 20 * dayMs })
  fc.assert(fc.property(fc.array(moment, { maxLength: 60 }), fc.constantFrom(...disputeStatuses), fc.boolean(), (moments, status, submitted) => {
    let warnedDays: number | null = null
    const given: number[] = []
    for (const ms of moments.toSorted((a, b) => b - a)) {
      const now = new Date(due.getTime() - ms)
      const days = dueWarning({ status, evidenceDueBy: due, evidenceSubmitted: submitted, warnedDays }, now)
      if (days === undefined) continue
      if (!wantsEvidence(status) || submitted || now >= due || ms > days * dayMs) throw new Error(`warned ${days} days before at ${ms}`)
      given.push(days)
      warnedDays = days
    }
    if (new Set(given).size !== given.length || given.some((days, index) => index > 0 && days > given[index - 1]!)) throw new Error(`warned ${given.join()}`)
    const reached = moments.filter(ms => ms > 0)
    for (const days of warningDays) {
      const inside = reached.some(ms => ms <= days * dayMs && ms > (warningDays[warningDays.indexOf(days) + 1] ?? 0) * dayMs)
      if (wantsEvidence(status) && !submitted && inside && !given.includes(days)) throw new Error(`not warned ${days} days before`)
    }
  }), runs)
})

t.test('the next look is at the next warning, and within a day', async () => {
  fc.assert(fc.property(fc.integer({ min: -5 * dayMs, max: 20 * dayMs }), fc.constantFrom(...disputeStatuses), (ms, status) => {
    const now = new Date(due.getTime() - ms)
    const look = nextLook({ status, evidenceDueBy: due }, now)
    if (look <= now || look.getTime() - now.getTime() > dayMs) throw new Error(`${look.getTime() - now.getTime()} ms`)
    const missed = warningDays.map(days => due.getTime() - days * dayMs).find(moment => moment > now.getTime() && moment < look.getTime())
    if (wantsEvidence(status) && missed !== undefined) throw new Error('a warning is slept through')
  }), runs)
})
