import fc from 'fast-check'
import t from 'tap'
import type { CycleSnapshot, SubscriptionSnapshot } from '../adapter/subscriptions.ts'
import { type Step, steps, World, type WorldOptions } from './fixtures/world.ts'
import { type CycleState, cycleTransition, eventsOf, isFinal, type SubscriptionState, transition } from './machine.ts'

const anyStep = fc.record({ what: fc.constantFrom(...steps), n: fc.nat(20) })
const anyLife = fc.record({
  options: fc.record<WorldOptions>({ trial: fc.boolean() }),
  steps: fc.array(anyStep, { minLength: 5, maxLength: 60 }),
  order: fc.array(fc.nat(50), { maxLength: 30 })
})
const runs = { numRuns: Number(process.env.PASARELA_PROPERTY_RUNS ?? 3000) }

function live (options: WorldOptions, taken: Step[], order: number[]): World {
  const world = new World(options)
  for (const step of taken) world.step(step)
  world.finish(order)
  return world
}

/** Fails with the whole story. */
function must (holds: boolean, what: string, world: World): void {
  if (!holds) throw new Error(`${what}\n${world.told.join('\n')}\nstate ${JSON.stringify(world.state)}\ntruth ${JSON.stringify(world.truth)}`)
}

t.test('whatever is lost, late, doubled or out of order: in the end we say what the provider says', async () => {
  fc.assert(fc.property(anyLife, ({ options, steps, order }) => {
    const world = live(options, steps, order)
    const { state, truth } = world
    must(state.pending === null, 'a call stays open', world)
    must(state.status !== 'unknown', 'the outcome stays unknown', world)
    if (truth === undefined) return must(isFinal(state.status), 'the provider has nothing', world)
    if (state.review?.reason === 'alive_after_end') return must(state.providerReference === null && isFinal(state.status), 'under review without a reason', world)
    must(state.review === null, 'nothing was wrong, and a person is called', world)
    must(state.status === truth.status, 'another state than the provider’s', world)
    must(state.providerReference === truth.providerReference, 'another object than the provider’s', world)
    must(state.cancelAtPeriodEnd === truth.cancelAtPeriodEnd || isFinal(state.status), 'another end than the provider’s', world)
    must(state.currentPeriodEnd?.getTime() === truth.currentPeriodEnd?.getTime() || isFinal(state.status), 'another period than the provider’s', world)
    must(state.cancelWanted === null, 'a cancel that was wanted was forgotten', world)
  }), runs)
})

t.test('an end is an end, here and whatever comes after it; and there is never a second one', async () => {
  fc.assert(fc.property(anyLife, ({ options, steps, order }) => {
    const world = live(options, steps, order)
    world.history.reduce((before, after) => {
      must(!isFinal(before.knownStatus) || after.knownStatus === before.knownStatus, `${before.knownStatus} became ${after.knownStatus}`, world)
      must(before.providerReference === null || after.providerReference === before.providerReference, 'it became another one', world)
      return after
    })
    must(world.created <= 1, 'made twice', world)
    for (const end of ['created', 'canceled', 'expired']) must(world.published.filter(event => event === end).length <= 1, `${end} is told twice`, world)
  }), runs)
})

t.test('another reference or mode never becomes ours: a person decides', async () => {
  const wrongs: Record<string, WorldOptions['wrong'] & object> = { reference_mismatch: { reference: 'sub_2' }, mode_mismatch: { mode: 'live' } }
  fc.assert(fc.property(anyLife, fc.constantFrom(...Object.keys(wrongs)), ({ options, steps, order }, reason) => {
    const world = live({ ...options, wrong: wrongs[reason]! }, steps, order)
    must(world.history.every(({ providerReference }) => providerReference === null), 'believed', world)
    if (world.truth !== undefined) must(world.state.review?.reason === reason, 'nobody is told', world)
  }), runs)
})

const base: SubscriptionState = {
  reference: 'sub_1', mode: 'test', status: 'active', knownStatus: 'active', providerReference: 'p_1', currentPeriodStart: new Date(0), currentPeriodEnd: new Date(1000), cancelAtPeriodEnd: false, canceledAt: null,
  trialEndsAt: null, nextAction: false, error: null, review: null, pending: null, cancelWanted: null
}
const snapshot: SubscriptionSnapshot = { providerReference: 'p_1', reference: 'sub_1', status: 'active', providerStatus: 'active', cancelAtPeriodEnd: false, currentPeriodStart: new Date(0), currentPeriodEnd: new Date(1000) }
const next = (...given: Parameters<typeof transition>): SubscriptionState => {
  const outcome = transition(...given)
  if (outcome.do !== 'apply') throw new Error(outcome.why)
  return outcome.next
}

t.test('what an older snapshot may do', async t => {
  t.match(transition(base, { type: 'event', snapshot: { ...snapshot, status: 'past_due' } }), { do: 'pull' }, 'it may be over already')
  t.match(transition(base, { type: 'event', snapshot }), { do: 'ignore' }, 'nothing new')
  t.match(transition(base, { type: 'event', snapshot: { ...snapshot, status: 'canceled' } }), { do: 'apply', next: { status: 'canceled' } }, 'an end proves itself')
  t.match(transition(base, { type: 'event', snapshot: { ...snapshot, providerReference: 'p_0', status: 'canceled' } }), { do: 'ignore' }, 'the end of another one is none of ours')
  t.match(transition(base, { type: 'event', snapshot: { ...snapshot, providerReference: 'p_2' } }), { do: 'apply', next: { status: 'active', review: { reason: 'made_twice' } } })
})

t.test('what proves a call', async t => {
  const pending = (kind: NonNullable<SubscriptionState['pending']>['kind'], at?: 'now' | 'period_end'): SubscriptionState => ({ ...base, status: 'unknown', pending: { kind, ...(at && { at }) } })
  const pulled = (state: SubscriptionState, changes: Partial<SubscriptionSnapshot>) => transition(state, { type: 'pulled', snapshot: { ...snapshot, ...changes }, current: true })
  t.match(pulled(pending('pause_subscription'), { status: 'paused' }), { next: { status: 'paused', pending: null } })
  t.match(pulled(pending('pause_subscription'), {}), { do: 'apply', next: { status: 'unknown', pending: {} } }, 'not paused yet; and whoever has an answer under way sees that it was asked')
  t.match(transition(pending('pause_subscription'), { type: 'event', snapshot }), { do: 'pull' }, 'the state that we know may be the one after the call')
  t.match(pulled(pending('cancel_subscription', 'period_end'), { cancelAtPeriodEnd: true }), { next: { status: 'active', pending: null, cancelAtPeriodEnd: true } })
  t.match(pulled(pending('cancel_subscription', 'now'), { cancelAtPeriodEnd: true }), { next: { status: 'unknown', pending: { at: 'now' } } })
  t.match(pulled(pending('update_subscription'), { currentPeriodEnd: new Date(2000) }), { next: { status: 'unknown' } }, 'a snapshot tells of no plan')
  t.match(next(pending('cancel_subscription', 'now'), { type: 'not_done' }), { status: 'active', pending: null, cancelWanted: 'now' }, 'a cancel that was not done is still wanted')
  t.match(transition(pending('update_subscription'), { type: 'refused', problem: { code: 'invalid_request' } }), { next: { status: 'active', pending: null }, undone: { code: 'invalid_request' } })
})

t.test('a create that came to nothing', async t => {
  const asked: SubscriptionState = { ...base, status: 'unknown', knownStatus: 'incomplete', providerReference: null, pending: { kind: 'create_subscription' } }
  t.match(next(asked, { type: 'refused', problem: { code: 'card_declined' } }), { status: 'expired', error: { code: 'card_declined' }, pending: null })
  const unwanted = next(asked, { type: 'cancel_wanted', at: 'now' })
  t.match(next(unwanted, { type: 'not_done' }), { status: 'canceled', cancelWanted: null })
  const given = next(asked, { type: 'not_done' })
  t.match(next(given, { type: 'event', snapshot }), { status: 'expired', review: { reason: 'alive_after_end' } }, 'it goes on at the provider: a person must see it')
})

t.test('a person’s word ends a review; an end is opened again only where it goes on at the provider', async t => {
  const decide = (state: SubscriptionState, decision: 'accept_provider' | 'dismiss' | 'mark_canceled') => transition(state, { type: 'decided', decision })
  const ghost: SubscriptionState = { ...base, status: 'canceled', knownStatus: 'canceled', providerReference: null, review: { reason: 'alive_after_end', provider_status: 'active', status: 'active', provider_reference: 'p_9' } }
  t.match(decide(ghost, 'accept_provider'), { do: 'apply', pull: true, next: { status: 'active', knownStatus: 'active', providerReference: 'p_9', review: null } })
  t.match(decide(ghost, 'dismiss'), { do: 'apply', next: { status: 'canceled', review: null } })
  t.match(decide(ghost, 'mark_canceled'), { do: 'ignore', why: /final/ })
  const twice: SubscriptionState = { ...base, review: { ...ghost.review!, reason: 'made_twice' } }
  t.match(decide(twice, 'accept_provider'), { do: 'ignore', why: /the first one stands/ })
  t.match(decide({ ...twice, review: { ...ghost.review!, reason: 'mode_mismatch' } }, 'accept_provider'), { do: 'ignore' })
  t.match(decide(twice, 'mark_canceled'), { do: 'apply', next: { status: 'canceled', knownStatus: 'canceled', review: null } })
  const unknown: SubscriptionState = { ...base, status: 'unknown', pending: { kind: 'cancel_subscription', at: 'now' }, cancelWanted: 'now' }
  t.match(decide(unknown, 'mark_canceled'), { next: { status: 'canceled', pending: null, cancelWanted: null } })
  t.match(decide({ ...unknown, review: ghost.review }, 'dismiss'), { next: { status: 'unknown', pending: { kind: 'cancel_subscription' }, cancelWanted: 'now', review: null } }, 'what is under way goes on')
  for (const decision of ['accept_provider', 'dismiss'] as const) t.match(decide(base, decision), { do: 'ignore' }, 'nobody accepts what nobody said')
})

t.test('whatever its life was: a decision leaves no review, and opens no end but one that goes on there', async () => {
  fc.assert(fc.property(anyLife, fc.constantFrom('accept_provider' as const, 'dismiss' as const, 'mark_canceled' as const), ({ options, steps }, decision) => {
    const world = new World(options)
    for (const step of steps) world.step(step)
    const { state } = world
    const outcome = transition(state, { type: 'decided', decision })
    if (outcome.do !== 'apply') return
    must(outcome.next.review === null, 'still under review', world)
    must(!isFinal(state.knownStatus) || isFinal(outcome.next.knownStatus) || (decision === 'accept_provider' && state.review?.reason === 'alive_after_end'), 'an end was opened', world)
    must(decision === 'dismiss' || outcome.next.pending === null, 'a call stays open', world)
  }), runs)
})

t.test('what is told', async t => {
  const told = (before: Partial<SubscriptionState>, after: Partial<SubscriptionState>) => eventsOf({ ...base, ...before }, { ...base, ...after })
  t.same(told({ providerReference: null, knownStatus: 'incomplete' }, { knownStatus: 'incomplete' }), ['created'])
  t.same(told({ providerReference: null, knownStatus: 'incomplete' }, {}), ['created', 'activated'])
  t.same(told({ knownStatus: 'past_due' }, {}), ['activated'])
  t.same(told({ knownStatus: 'paused' }, {}), ['resumed'])
  t.same(told({}, { knownStatus: 'past_due' }), ['past_due'])
  t.same(told({}, { knownStatus: 'unpaid' }), ['unpaid'])
  t.same(told({}, { cancelAtPeriodEnd: true }), ['updated'])
  t.same(told({}, { status: 'unknown' }), [], 'that nobody knows is no news')
})

const anyCycle = fc.record({ status: fc.constantFrom('draft' as const, 'open' as const, 'paid' as const, 'uncollectible' as const, 'void' as const), attempts: fc.nat(4), payment: fc.boolean() })
const cycleOf = ({ status, attempts, payment }: { status: CycleSnapshot['status'], attempts: number, payment: boolean }): CycleSnapshot => ({
  providerReference: 'in_1', subscriptionProviderReference: 'p_1', status, amount: { amount: 100, currency: 'MXN' }, attempts, ...(payment && { paymentProviderReference: 'pi_1' })
})

t.test('a cycle only goes forward, whatever the order of its news, and its payment is never forgotten', async () => {
  fc.assert(fc.property(fc.array(anyCycle, { minLength: 1, maxLength: 12 }), words => {
    const rank = { draft: 0, open: 1, uncollectible: 2, paid: 3, void: 3 }
    words.reduce<CycleState | null>((before, word) => {
      const after = cycleTransition(before, cycleOf(word)) ?? before!
      if (before !== null) {
        if (rank[after.status] < rank[before.status]) throw new Error(`${before.status} became ${after.status}`)
        if (rank[before.status] === 3 && after.status !== before.status) throw new Error(`${before.status} is an end`)
        if (after.attempts < before.attempts) throw new Error('an attempt was forgotten')
        if (before.paymentReference !== null && after.paymentReference === null) throw new Error('its payment was forgotten')
      }
      return after
    }, null)
  }), runs)
})
