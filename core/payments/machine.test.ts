import fc from 'fast-check'
import t from 'tap'
import type { PaymentSnapshot } from '../adapter/payments.ts'
import { isTerminal, type PaymentState, transition } from './machine.ts'
import { rank, type Step, steps, World, type WorldOptions } from './fixtures/world.ts'

const anyStep = fc.record({ what: fc.constantFrom(...steps), n: fc.nat(20) })
const anyLife = fc.record({
  options: fc.record<WorldOptions>({ capture: fc.constantFrom('automatic', 'manual'), withMethod: fc.boolean(), confirmable: fc.constant(true) }),
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
    must(state.review === null, 'nothing was wrong, and a person is called', world)
    if (truth === undefined) return must(state.amountCaptured === 0 && (state.status === 'requires_payment_method' || isTerminal(state.status)), 'the provider has nothing', world)
    must(state.status === truth.status, 'another state than the provider’s', world)
    must(state.amountCaptured === truth.amountCaptured, 'another amount than the provider’s', world)
    must(state.amountCapturable === (truth.status === 'authorized' ? truth.amountCapturable : 0), 'another hold than the provider’s', world)
    must(state.providerReference === truth.providerReference, 'another object than the provider’s', world)
  }), runs)
})

t.test('where each attempt is an object of its own, money on any of them is found, and a second one is a person’s', async () => {
  fc.assert(fc.property(anyLife, ({ options, steps, order }) => {
    const world = live({ ...options, confirmable: false }, steps, order)
    const { state, truth } = world
    must(state.pending === null, 'a call stays open', world)
    if ((truth?.status === 'succeeded' || truth?.status === 'authorized') && world.charges === 1) must(state.review !== null || state.status === truth.status, 'money was taken and nobody says so', world)
    if (world.charges > 1) must(state.review !== null || world.events.some(({ status }) => status === 'canceled' || status === 'expired'), 'taken twice and nobody is told', world)
  }), runs)
})

t.test('amounts never exceed, never shrink; an end is an end', async () => {
  fc.assert(fc.property(anyLife, fc.boolean(), ({ options, steps, order }, confirmable) => {
    const world = live({ ...options, confirmable }, steps, order)
    world.history.reduce((before, after) => {
      must(after.amountCaptured <= after.amount && after.amountCapturable <= after.amount, 'more than was asked', world)
      must(after.amountCaptured >= before.amountCaptured, 'captured money vanished', world)
      must(!isTerminal(before.status) || after.status === before.status, `${before.status} became ${after.status}`, world)
      must(!isTerminal(before.knownStatus) || after.knownStatus === before.knownStatus, `${before.knownStatus} was ${after.knownStatus} after all`, world)
      must(!(before.knownStatus === 'authorized') || rank(after.knownStatus) >= 3, 'a hold was forgotten', world)
      return after
    })
  }), runs)
})

t.test('with no second attempt of ours, nothing is ever taken twice', async () => {
  fc.assert(fc.property(anyLife, ({ options, steps, order }) => {
    const world = live(options, steps, order)
    must(world.charges <= 1, 'charged twice', world)
  }), runs)
})

t.test('another amount, currency, reference or mode never becomes money of ours: a person decides', async () => {
  const wrongs: Record<string, WorldOptions['wrong'] & object> = {
    amount_mismatch: { amount: { amount: 9_999, currency: 'MXN' } },
    currency_mismatch: { amount: { amount: 10_000, currency: 'USD' } },
    reference_mismatch: { reference: 'pay_2' },
    mode_mismatch: { mode: 'live' }
  }
  fc.assert(fc.property(anyLife, fc.constantFrom(...Object.keys(wrongs)), ({ options, steps, order }, reason) => {
    const world = live({ ...options, wrong: wrongs[reason]! }, steps, order)
    must(world.history.every(({ status, amountCaptured }) => status !== 'succeeded' && status !== 'authorized' && amountCaptured === 0), 'believed', world)
    const { truth } = world
    if (truth !== undefined && (truth.status === 'succeeded' || truth.status === 'authorized')) must(world.state.review?.reason === reason, 'nobody is told', world)
    if (world.state.review !== null) must(world.state.pending === null, 'a call stays open', world)
  }), runs)
})

t.test('any answer ends the call, and says no less than what was known', async () => {
  fc.assert(fc.property(anyLife, fc.boolean(), fc.nat(10), ({ options, steps }, current, n) => {
    const world = new World(options)
    for (const step of steps) world.step(step)
    const { state, events } = world
    const snapshot = events[n % Math.max(1, events.length)]
    if (state.pending === null || snapshot === undefined) return
    const outcome = transition(state, { type: 'answer', snapshot, current })
    must(outcome.do === 'apply' ? outcome.next.pending === null : outcome.do === 'pull' && isTerminal(state.knownStatus), 'still pending', world)
    if (outcome.do === 'apply' && !current) must(rank(outcome.next.knownStatus) >= rank(state.knownStatus), 'went back', world)
  }), runs)
})

const open: PaymentState = {
  reference: 'pay_1', mode: 'test', amount: 10_000, currency: 'MXN', capture: 'manual', status: 'requires_payment_method', knownStatus: 'requires_payment_method',
  amountCapturable: 0, amountCaptured: 0, amountReceived: 0, offSession: false, providerReference: 'pi_1', transactionReference: null, error: null, review: null, disputed: false, cancelWanted: false, pending: null
}
const held: PaymentSnapshot = { providerReference: 'pi_1', reference: 'pay_1', mode: 'test', status: 'authorized', providerStatus: 'requires_capture', amount: { amount: 10_000, currency: 'MXN' }, amountCapturable: 10_000, amountCaptured: 0 }
const taken: PaymentSnapshot = { ...held, status: 'succeeded', providerStatus: 'succeeded', amountCapturable: 0, amountCaptured: 10_000 }

t.test('an event from before the release of a hold is no money after the end: the provider is asked', async t => {
  const canceled: PaymentState = { ...open, status: 'canceled', knownStatus: 'canceled' }
  t.match(transition(canceled, { type: 'event', snapshot: held }), { do: 'pull' })
  t.match(transition(canceled, { type: 'pulled', snapshot: { ...held, status: 'canceled', amountCapturable: 0 }, current: true }), { do: 'apply', next: { status: 'canceled', review: null } })
  t.match(transition(canceled, { type: 'pulled', snapshot: held, current: true }), { next: { status: 'canceled', review: { reason: 'money_after_end' } } }, 'but when it is there now, a person is told')
  t.match(transition(canceled, { type: 'event', snapshot: taken }), { next: { status: 'canceled', review: { reason: 'money_after_end', amount_captured: 10_000 } } })
})

t.test('money on a second object of the provider is taken twice, held or captured', async t => {
  const second = { ...taken, providerReference: 'pi_2' }
  for (const status of ['authorized', 'succeeded'] as const) {
    t.match(transition({ ...open, status, knownStatus: status }, { type: 'event', snapshot: second }), { next: { status, providerReference: 'pi_1', review: { reason: 'paid_twice', provider_reference: 'pi_2' } } })
  }
})

t.test('a hold or a capture beyond the amount, or of nothing, is no payment', async t => {
  t.match(transition(open, { type: 'event', snapshot: { ...held, amountCapturable: 10_001 } }), { review: { reason: 'captured_more' } })
  t.match(transition(open, { type: 'event', snapshot: { ...taken, amountCaptured: 10_001 } }), { review: { reason: 'captured_more' } })
  t.match(transition(open, { type: 'event', snapshot: { ...taken, amountCaptured: 0 } }), { review: { reason: 'captured_less' } })
  t.match(transition({ ...open, capture: 'automatic' }, { type: 'event', snapshot: { ...taken, amountCaptured: 9_999 } }), { review: { reason: 'captured_less' } })
  t.match(transition(open, { type: 'event', snapshot: { ...taken, amountRefunded: 10_001 } }), { review: { reason: 'refunded_more' } })
  t.match(transition(open, { type: 'event', snapshot: { ...taken, amountCaptured: 4_000 } }), { next: { status: 'succeeded', amountCaptured: 4_000 } }, 'a part that we asked for is')
})

t.test('canceled while nobody knew, and then it was never there: canceled, not left hanging', async t => {
  const wanted: PaymentState = { ...open, providerReference: null, status: 'unknown', cancelWanted: true, pending: { kind: 'create_payment', withMethod: true, again: false } }
  const problem = { code: 'rate_limited' } as const
  for (const fact of [{ type: 'nowhere', problem }, { type: 'refused', problem, ends: false }, { type: 'not_done' }] as const) {
    t.match(transition(wanted, fact), { next: { status: 'canceled', cancelWanted: false, pending: null } }, fact.type)
    for (const kind of ['confirm_payment', 'create_payment'] as const) {
      t.match(transition({ ...wanted, providerReference: 'pi_1', pending: { kind, withMethod: true, again: true } }, fact), { next: { status: 'requires_payment_method', cancelWanted: true } }, `${fact.type} of ${kind}: what is open there is still to be canceled`)
    }
  }
})

t.test('the object of the declined attempt says nothing of the one that is being asked for', async t => {
  const second: PaymentState = { ...open, status: 'unknown', pending: { kind: 'create_payment', withMethod: true, again: true } }
  const declined: PaymentSnapshot = { ...held, status: 'requires_payment_method', providerStatus: 'declined', amountCapturable: 0, error: { code: 'card_declined' } }
  t.match(transition(second, { type: 'pulled', snapshot: declined, current: true, found: true }), { do: 'ignore' })
  t.match(transition(second, { type: 'event', snapshot: { ...declined, status: 'canceled' } }), { do: 'ignore' })
  t.match(transition(second, { type: 'pulled', snapshot: { ...declined, providerReference: 'pi_2' }, current: true, found: true }), { next: { status: 'requires_payment_method', providerReference: 'pi_2', pending: null } })
  t.match(transition(second, { type: 'pulled', snapshot: { ...held, providerReference: 'pi_2' }, current: true, found: true }), { next: { status: 'authorized', providerReference: 'pi_2', pending: null } })
})

t.test('what the tenant’s own statement tells', async t => {
  const waits: PaymentState = { ...open, status: 'requires_action', knownStatus: 'requires_action' }
  t.match(transition(waits, { type: 'credited', snapshot: taken }), { do: 'apply', next: { status: 'succeeded', amountCaptured: 10_000, review: null } }, 'exactly what was asked for is paid')
  const doubted = transition(waits, { type: 'credited', snapshot: { ...taken, providerStatus: 'credited A' }, doubt: 'money_after_end' })
  t.match(doubted, { do: 'apply', next: { status: 'requires_action', amountCaptured: 0, review: { reason: 'money_after_end', provider_amount: 10_000 } } }, 'a doubt is a person’s, even about the right amount')
  t.match(doubted.do === 'apply' && transition(doubted.next, { type: 'decided', decision: 'accept_provider' }), { next: { status: 'succeeded', amountCaptured: 10_000, review: null } })
  t.match(transition(waits, { type: 'credited', snapshot: { ...taken, amount: { amount: 9_000, currency: 'MXN' }, amountCaptured: 9_000 } }), { next: { status: 'requires_action', review: { reason: 'amount_mismatch' } } }, 'what is not exact is compared here once more')
  const paid: PaymentState = { ...open, status: 'succeeded', knownStatus: 'succeeded', amountCaptured: 10_000 }
  t.match(transition(paid, { type: 'credited', snapshot: { ...taken, providerStatus: 'credited B' }, doubt: 'paid_twice' }), { next: { status: 'succeeded', amountCaptured: 10_000, review: { reason: 'paid_twice' } } }, 'what came twice changes nothing by itself')
})

t.test('a review', async t => {
  const outcome = transition(open, { type: 'event', snapshot: { ...taken, amount: { amount: 8_000, currency: 'MXN' }, amountCaptured: 8_000 } })
  if (outcome.do !== 'apply') return t.fail('not applied')
  const reviewed = outcome.next
  t.match(reviewed, { status: 'requires_payment_method', amountCaptured: 0, review: { reason: 'amount_mismatch', provider_amount: 8_000 } })
  const older = { ...held, amount: { amount: 8_000, currency: 'MXN' }, amountCapturable: 8_000 }
  t.match(transition(reviewed, { type: 'event', snapshot: older }), { do: 'ignore' }, 'is not undone by an older event')
  t.match(transition(reviewed, { type: 'canceled_here' }), { do: 'ignore' }, 'is not canceled away')
  t.match(transition({ ...reviewed, providerReference: null }, { type: 'canceled_here' }), { do: 'ignore' })
  t.match(transition(reviewed, { type: 'decided', decision: 'accept_provider' }), { next: { status: 'succeeded', amount: 8_000, amountCaptured: 8_000, review: null } }, 'is accepted')
  t.match(transition(reviewed, { type: 'decided', decision: 'dismiss' }), { next: { status: 'requires_payment_method', amountCaptured: 0, review: null } }, 'or dismissed')
  t.match(transition(reviewed, { type: 'decided', decision: 'mark_canceled' }), { next: { status: 'canceled', review: null } })
  t.match(transition({ ...open, status: 'succeeded', knownStatus: 'succeeded' }, { type: 'decided', decision: 'mark_failed' }), { do: 'ignore' }, 'nobody closes by hand what has ended')
  t.match(transition(open, { type: 'decided', decision: 'accept_provider' }), { do: 'ignore' }, 'nor accepts what nobody said')
  const over = transition({ ...open, amountCapturable: 0 }, { type: 'event', snapshot: { ...taken, amountCaptured: 12_000 } })
  t.match(over.do === 'apply' && transition(over.next, { type: 'decided', decision: 'accept_provider' }), { next: { amount: 12_000, amountCaptured: 12_000 } }, 'the intent follows what was taken')
  const gone: PaymentState = { ...reviewed, status: 'canceled', knownStatus: 'canceled', review: { ...reviewed.review!, amount_captured: 0 } }
  t.match(transition(gone, { type: 'decided', decision: 'accept_provider' }), { do: 'ignore' }, 'a hold that is over cannot be accepted')
  const twice = transition({ ...open, status: 'succeeded', knownStatus: 'succeeded', amountCaptured: 10_000 }, { type: 'event', snapshot: { ...held, providerReference: 'pi_2' } })
  t.match(twice.do === 'apply' && transition(twice.next, { type: 'decided', decision: 'accept_provider' }), { do: 'ignore' }, 'the second payment does not replace the first')
})
