import fc from 'fast-check'
import t from 'tap'
import { type Fact, type InvoiceState, type InvoiceStatus, invoiceStatuses, isStamped, transition } from './machine.ts'

const draft: InvoiceState = { status: 'draft', fiscalId: null, pending: null, cancel: null, review: null }

function run (facts: readonly Fact[], from = draft): InvoiceState {
  return facts.reduce((state, fact) => {
    const outcome = transition(state, fact)
    return outcome.do === 'apply' ? outcome.next : state
  }, from)
}

const told = (status: Extract<Fact, { type: 'told' }>['status'], fiscalId?: string, by: 'provider' | 'authority' = 'provider'): Fact => ({ type: 'told', by, status, ...(fiscalId !== undefined && { fiscalId }) })
const cancel: Fact = { type: 'asked', what: 'cancel', motive: '02', substitute: null }
const sent: Fact[] = [{ type: 'queued' }, { type: 'signed' }, { type: 'asked', what: 'issue' }]
const issued: Fact[] = [...sent, told('issued', 'U1')]

t.test('the roads that an invoice takes', async t => {
  const roads: [string, Fact[], Partial<InvoiceState>][] = [
    ['stamped at once', issued, { status: 'issued', fiscalId: 'U1', pending: null }],
    ['answered later', [...sent, told('submitted'), told('issued', 'U1')], { status: 'issued' }],
    ['refused, corrected, stamped', [...sent, { type: 'refused' }, ...issued], { status: 'issued', fiscalId: 'U1' }],
    ['no answer, and it was stamped', [...sent, { type: 'no_answer' }, told('issued', 'U1')], { status: 'issued', pending: null }],
    ['no answer, it was not, sent again', [...sent, { type: 'no_answer' }, { type: 'not_done' }, { type: 'asked', what: 'issue' }, told('issued', 'U1')], { status: 'issued' }],
    ['no answer keeps it from being sent again', [...sent, { type: 'no_answer' }, { type: 'asked', what: 'issue' }], { status: 'unknown', pending: 'issue' }],
    ['cancelled without acceptance', [...issued, cancel, told('cancel_requested'), told('canceled', 'U1', 'authority')], { status: 'canceled', fiscalId: 'U1' }],
    ['the receiver says no', [...issued, cancel, told('cancel_requested'), told('cancel_pending_acceptance'), told('cancel_rejected')], { status: 'cancel_rejected', cancel: null }],
    ['asked again after a no', [...issued, cancel, told('cancel_rejected'), cancel, told('canceled')], { status: 'canceled' }],
    ['accepted is not cancelled', [...issued, cancel, told('cancel_requested')], { status: 'cancel_requested' }],
    ['a cancellation whose answer was lost', [...issued, cancel, { type: 'no_answer' }], { status: 'cancel_requested', pending: 'cancel' }],
    ['one that never got there', [...issued, cancel, { type: 'not_done' }], { status: 'issued', cancel: null, pending: null }],
    ['the register still says valid meanwhile', [...issued, cancel, told('cancel_requested'), told('issued', 'U1', 'authority')], { status: 'cancel_requested' }],
    ['cancelled elsewhere', [...issued, told('canceled', 'U1', 'authority')], { status: 'canceled' }],
    ['nothing cancels it twice', [...issued, cancel, told('canceled'), cancel], { status: 'canceled', pending: null }],
    ['another document is never taken over', [...issued, told('canceled', 'U2')], { status: 'issued', fiscalId: 'U1', review: 'other_document' }],
    ['a stamp after a rejection counts, and is shown to a person', [...sent, { type: 'refused' }, told('issued', 'U1')], { status: 'issued', review: 'issued_after_rejection' }],
    ['nobody can be asked: a person says that it was not', [...sent, { type: 'no_answer' }, { type: 'judged', as: 'rejected' }], { status: 'rejected', pending: null }],
    ['and is corrected by an answer that comes after all', [...sent, { type: 'no_answer' }, { type: 'judged', as: 'rejected' }, told('issued', 'U1')], { status: 'issued', review: 'issued_after_rejection' }],
    ['what is stamped is not judged away', [...issued, { type: 'judged', as: 'rejected' }], { status: 'issued' }],
    ['what is on its way is not judged either', [...sent, { type: 'judged', as: 'rejected' }], { status: 'signed', pending: 'issue' }],
    ['a stamp without an identifier is none', [...sent, told('issued')], { status: 'signed', pending: 'issue' }],
    ['a draft cannot be told anything', [told('issued', 'U1')], { status: 'draft', fiscalId: null }]
  ]
  for (const [name, facts, expected] of roads) t.match(run(facts), expected, name)
})

const fact: fc.Arbitrary<Fact> = fc.oneof(
  fc.constantFrom<Fact>({ type: 'queued' }, { type: 'signed' }, { type: 'asked', what: 'issue' }, cancel, { ...cancel, motive: '01', substitute: 'U9' } as Fact, { type: 'no_answer' }, { type: 'refused' }, { type: 'not_done' }, { type: 'judged' }, { type: 'judged', as: 'rejected' }),
  fc.record({
    type: fc.constant('told' as const),
    by: fc.constantFrom('provider' as const, 'authority' as const),
    status: fc.constantFrom('submitted' as const, 'issued' as const, 'rejected' as const, 'cancel_requested' as const, 'cancel_pending_acceptance' as const, 'canceled' as const, 'cancel_rejected' as const),
    fiscalId: fc.constantFrom('U1', 'U2', undefined)
  }) as fc.Arbitrary<Fact>
)

t.test('whatever happens in whatever order', async () => {
  fc.assert(fc.property(fc.array(fact, { maxLength: 40 }), facts => {
    let state = draft
    const seen: InvoiceStatus[] = []
    for (const each of facts) {
      const outcome = transition(state, each)
      const before = state
      if (outcome.do === 'apply') {
        state = outcome.next
        if (outcome.statusChanged !== (state.status !== before.status)) throw new Error('statusChanged lies')
      }
      seen.push(state.status)
      if (!invoiceStatuses.includes(state.status)) throw new Error(state.status)
      if (before.fiscalId !== null && state.fiscalId !== before.fiscalId) throw new Error('the fiscal id changed')
      if (before.status === 'canceled' && state.status !== 'canceled') throw new Error('a cancelled one came back')
      if (isStamped(before.status) && !isStamped(state.status)) throw new Error('a stamp was lost')
      if (isStamped(state.status) && state.fiscalId === null) throw new Error('stamped without an identifier')
      if (before.pending !== null && each.type === 'asked' && outcome.do === 'apply') throw new Error('something was sent while an outcome was open')
      if (isStamped(before.status) && each.type === 'asked' && each.what === 'issue' && outcome.do === 'apply') throw new Error('stamped twice')
      if (state.status === 'canceled' && before.status !== 'canceled' && !(each.type === 'told' && each.status === 'canceled')) throw new Error('cancelled by something else than the news of it')
      // The same news again changes nothing more.
      const again = transition(state, each)
      if (each.type === 'told' && again.do === 'apply' && again.statusChanged) throw new Error(`twice the same news moved it on: ${state.status}`)
    }
  }), { numRuns: 20_000 })
})
