import fc from 'fast-check'
import t from 'tap'
import type { RefundSnapshot, RefundStatus as ProviderStatus } from '../adapter/payments.ts'
import { gaveMoneyBack, holdsMoney, type RefundState, refundTransition } from './refund-machine.ts'

const asked: RefundState = Object.freeze({ status: 'unknown', amount: 5_000, currency: 'MXN', providerReference: null })
const made = (status: ProviderStatus, changes: Partial<RefundSnapshot> = {}): RefundSnapshot =>
  Object.freeze({ providerReference: 're_1', status, providerStatus: status, amount: Object.freeze({ amount: 5_000, currency: 'MXN' }), ...changes })

/** The lives that a refund can have at a provider. */
const lives: ProviderStatus[][] = [
  ['succeeded'], ['pending', 'succeeded'], ['pending', 'failed'], ['pending', 'canceled'], ['requires_action', 'pending', 'succeeded'], ['requires_action', 'canceled'], ['succeeded', 'failed'],
  ['pending', 'succeeded', 'failed']
]

function apply (state: RefundState, snapshot: RefundSnapshot): RefundState {
  const outcome = refundTransition(state, snapshot)
  return outcome.do === 'apply' ? Object.freeze({ ...state, status: outcome.status, providerReference: snapshot.providerReference }) : state
}

t.test('in whatever order and however often a refund is told, the end is the provider’s', async () => {
  fc.assert(fc.property(fc.constantFrom(...lives), fc.array(fc.nat(5), { maxLength: 20 }), (life, order) => {
    const told = [...order.map(n => life[n % life.length]!), ...life.toSorted(), life.at(-1)!]
    const states = told.reduce<RefundState[]>((seen, status) => [...seen, apply(seen.at(-1)!, made(status))], [asked])
    if (states.at(-1)!.status !== life.at(-1)) throw new Error(`${told.join(' ')} ends ${states.at(-1)!.status}`)
    states.reduce((before, after) => {
      if (!holdsMoney(before.status) && after.status !== before.status) throw new Error(`${before.status} became ${after.status}`)
      if (before.status === 'succeeded' && gaveMoneyBack(after.status) && after.status !== 'succeeded') throw new Error(`succeeded became ${after.status}`)
      return after
    })
  }), { numRuns: 3000 })
})

t.test('another amount, another currency or a second refund is a person’s', async t => {
  const known: RefundState = { ...asked, providerReference: 're_1' }
  fc.assert(fc.property(fc.constantFrom(asked, known, { ...known, status: 'succeeded' as const }), fc.constantFrom(
    made('succeeded', { amount: { amount: 4_999, currency: 'MXN' } }), made('pending', { amount: { amount: 5_000, currency: 'USD' } }), made('failed', { amount: { amount: 5_001, currency: 'MXN' } })
  ), (state, snapshot) => refundTransition(state, snapshot).do === 'review'))
  t.match(refundTransition(known, made('succeeded', { providerReference: 're_2' })), { do: 'review', why: /twice/ })
})

t.test('a refund that was given up for never made, and was made after all, is told', async t => {
  const givenUp: RefundState = { ...asked, status: 'failed' }
  t.match(refundTransition(givenUp, made('succeeded')), { do: 'apply', status: 'succeeded' })
  t.match(refundTransition({ ...givenUp, providerReference: 're_1' }, made('succeeded')), { do: 'ignore' }, 'but what the provider itself ended stays ended')
})

t.test('what may have been sent counts as promised until it is known', async t => {
  t.equal(holdsMoney('unknown'), true)
  t.equal(gaveMoneyBack('unknown'), false)
  t.same((['failed', 'canceled'] as const).map(holdsMoney), [false, false])
})
