import fc from 'fast-check'
import t from 'tap'
import { type PageFact, type PageSnapshot, type PageState, pageTransition } from './machine.ts'

const runs = { numRuns: Number(process.env.PASARELA_PROPERTY_RUNS ?? 3000) }
const amount = { amount: 19_900, currency: 'MXN' }
const asked: PageState = { reference: 'chk_1', mode: 'test', ...amount, status: 'unknown', providerReference: null, error: null, pending: 'create' }
const told = (status: PageSnapshot['status'], changes: Partial<PageSnapshot> = {}): PageSnapshot => ({ providerReference: 'cs_1', reference: 'chk_1', status, amount, mode: 'test', ...changes })
const open: PageState = { ...asked, status: 'open', providerReference: 'cs_1', pending: null }
const problem = { code: 'invalid_request' } as const

function apply (state: PageState, fact: PageFact): PageState {
  const outcome = pageTransition(Object.freeze(state), fact)
  return outcome.do === 'apply' ? outcome.next : state
}

/** A page that was made, and what came of it, told by anybody in any order, doubled and late. */
const life = fc.record({
  end: fc.constantFrom<PageSnapshot['status']>('open', 'complete', 'expired'),
  facts: fc.array(fc.record({ type: fc.constantFrom('answer', 'told'), late: fc.boolean() }), { minLength: 1, maxLength: 12 })
}).map(({ end, facts }) => ({ end, facts: [...facts.map(({ type, late }): PageFact => ({ type: type as 'told', snapshot: told(late ? 'open' : end) })), { type: 'told' as const, snapshot: told(end) }] }))

t.test('whoever tells first, however often and late: in the end we say what the provider says', async () => {
  fc.assert(fc.property(life, ({ end, facts }) => {
    const state = facts.reduce(apply, asked)
    if (state.status !== end || state.pending !== null || state.providerReference !== 'cs_1') throw new Error(JSON.stringify(state))
  }), runs)
})

t.test('an end is an end, and what is known is not unknown again', async () => {
  const fact = fc.oneof(
    fc.record({ type: fc.constantFrom<'answer' | 'told'>('answer', 'told'), snapshot: fc.record({ status: fc.constantFrom<PageSnapshot['status']>('open', 'complete', 'expired'), wrong: fc.constantFrom({}, { reference: 'chk_2' }, { amount: { amount: 1, currency: 'MXN' } }, { mode: 'live' as const }, { providerReference: 'cs_2' }) }).map(({ status, wrong }) => told(status, wrong)) }),
    fc.constantFrom<PageFact>({ type: 'refused', problem }, { type: 'not_done' })
  )
  fc.assert(fc.property(fc.array(fact, { maxLength: 20 }), facts => {
    facts.reduce((before, fact) => {
      const after = apply(before, fact)
      if ((before.status === 'complete' || before.status === 'expired') && after.status !== before.status) throw new Error(`${before.status} became ${after.status}`)
      if (before.status !== 'unknown' && after.status === 'unknown') throw new Error(`${before.status} is unknown again`)
      if (before.providerReference !== null && after.providerReference !== before.providerReference) throw new Error('another page')
      return after
    }, asked)
  }), runs)
})

t.test('what is not the page that we asked for is not believed', async t => {
  for (const [wrong, why] of [[{ reference: 'chk_2' }, /reference/], [{ amount: { amount: 1, currency: 'MXN' } }, /amount/], [{ amount: { amount: 19_900, currency: 'USD' } }, /amount/], [{ mode: 'live' as const }, /mode/], [{ providerReference: 'cs_2' }, /twice/]] as const) {
    t.match(pageTransition(open, { type: 'told', snapshot: told('complete', wrong) }), { do: 'alert', why })
  }
  t.match(pageTransition({ ...open, status: 'failed', providerReference: null }, { type: 'told', snapshot: told('complete', { reference: undefined as never }) }), { do: 'alert' }, 'one that names nothing, and nothing is waited for')
})

t.test('given up for never made, and made after all', async t => {
  const failed = apply(asked, { type: 'not_done' })
  t.match(failed, { status: 'failed', pending: null, error: { code: 'provider_unavailable' } })
  t.match(apply(failed, { type: 'told', snapshot: told('complete') }), { status: 'complete', providerReference: 'cs_1', error: null })
  t.match(pageTransition(open, { type: 'not_done' }), { do: 'ignore' })
})

t.test('a link that ended, and had all its payments after all', t => {
  t.match(apply({ ...open, status: 'expired' }, { type: 'filled' }), { status: 'complete' })
  for (const status of ['unknown', 'open', 'complete', 'failed'] as const) t.match(pageTransition({ ...open, status }, { type: 'filled' }), { do: 'ignore' }, status)
  t.end()
})

t.test('a refused making fails it; a refused end leaves it open', async t => {
  t.match(apply(asked, { type: 'refused', problem }), { status: 'failed', error: problem, pending: null })
  t.match(apply({ ...open, pending: 'expire' }, { type: 'refused', problem }), { status: 'open', pending: null, error: null })
  t.match(apply({ ...open, pending: 'create' }, { type: 'refused', problem }), { status: 'open' }, 'a webhook was faster: it is there')
  t.match(pageTransition(open, { type: 'refused', problem }), { do: 'ignore' })
})

t.test('an end that was asked for and not answered stays pending until the page has ended', async t => {
  const ending: PageState = { ...open, pending: 'expire' }
  t.match(pageTransition(ending, { type: 'told', snapshot: told('open') }), { do: 'ignore' })
  t.match(apply(ending, { type: 'told', snapshot: told('expired') }), { status: 'expired', pending: null })
  t.match(apply(ending, { type: 'told', snapshot: told('complete') }), { status: 'complete', pending: null }, 'it was paid first')
})
