import fc from 'fast-check'
import t from 'tap'
import type { SavedMethodSnapshot } from '../adapter/customers.ts'
import { type MethodFact, type MethodState, methodTransition } from './method-machine.ts'

const snapshotOf = (status: SavedMethodSnapshot['status']): SavedMethodSnapshot => ({ providerReference: 'pm_1', status, type: 'card' })
const anyFact = fc.oneof(
  fc.record({ type: fc.constantFrom('answer' as const, 'pulled' as const, 'event' as const), snapshot: fc.constantFrom('active' as const, 'requires_action' as const, 'failed' as const).map(snapshotOf) }),
  fc.constantFrom<MethodFact>({ type: 'refused', problem: { code: 'card_declined' } }, { type: 'no_answer' }, { type: 'removed' }, { type: 'gone' }, { type: 'twin', snapshot: snapshotOf('active') })
)
const rank = { unknown: 0, requires_action: 1, failed: 2, active: 3, removed: 4 }

t.test('whatever the order of its news: it never goes back, and what was removed stays so', async () => {
  fc.assert(fc.property(fc.array(anyFact, { maxLength: 25 }), facts => {
    facts.reduce<MethodState>((state, fact) => {
      const outcome = methodTransition(Object.freeze(state), fact)
      if (outcome.do !== 'apply') return state
      const { next } = outcome
      if (state.status === 'removed' && next.status !== 'removed') throw new Error(`removed became ${next.status} by ${fact.type}`)
      if (rank[next.status] < rank[state.status] && fact.type !== 'twin') throw new Error(`${state.status} became ${next.status} by ${fact.type}`)
      if (!state.pending && next.pending) throw new Error('a call began by itself')
      return next
    }, { reference: 'pmt_1', status: 'unknown', pending: true, error: null })
  }), { numRuns: 3000 })
})

t.test('in the end it is what the provider says, whatever came before', async () => {
  fc.assert(fc.property(fc.array(anyFact, { maxLength: 10 }), facts => {
    const settled = facts.filter(({ type }) => type !== 'twin').reduce<MethodState>((state, fact) => {
      const outcome = methodTransition(state, fact)
      return outcome.do === 'apply' ? outcome.next : state
    }, { reference: 'pmt_1', status: 'unknown', pending: true, error: null })
    const outcome = methodTransition(settled, { type: 'pulled', snapshot: snapshotOf('active') })
    const last = outcome.do === 'apply' ? outcome.next : settled
    if (last.pending) throw new Error('a call stays open')
    if (last.status !== 'active' && last.status !== 'removed') throw new Error(`it is ${last.status}`)
  }), { numRuns: 3000 })
})

t.test('an old word of failure is asked about, not believed', async t => {
  const active: MethodState = { reference: 'pmt_1', status: 'active', pending: false, error: null }
  t.match(methodTransition(active, { type: 'event', snapshot: snapshotOf('failed') }), { do: 'pull' })
  t.match(methodTransition(active, { type: 'event', snapshot: snapshotOf('requires_action') }), { do: 'ignore' })
  t.match(methodTransition({ ...active, status: 'failed' }, { type: 'event', snapshot: snapshotOf('active') }), { do: 'apply', next: { status: 'active' } }, 'the payer tried again')
})
