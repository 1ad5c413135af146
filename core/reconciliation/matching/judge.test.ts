import fc from 'fast-check'
import t from 'tap'
import { allocate, type Fact, judge, type Tolerance } from './judge.ts'
import { assign, type Candidate } from './payouts.ts'

const now = new Date('2026-11-21T12:00:00Z')
const yesterday = new Date('2026-11-20T12:00:00Z')
const tomorrow = new Date('2026-11-22T12:00:00Z')
const exact: Tolerance = { absolute: 0, percent: 0, otherCurrency: 'mismatch' }
const mxn = (amount: number) => ({ amount, currency: 'MXN' })
const parts = (...amounts: (number | [number, string])[]) => amounts.map((part, i) => ({ id: String(i), amount: typeof part === 'number' ? part : part[0], currency: typeof part === 'number' ? 'MXN' : part[1] }))
const said = (fact: Partial<Pick<Fact, 'expected' | 'found' | 'dueAt'>>, tolerance = exact) => {
  const verdict = judge({ expected: mxn(1000), found: [], dueAt: yesterday, ...fact }, tolerance, now)
  return verdict && [verdict.status, verdict.difference]
}

t.test('every status has its cause', async t => {
  t.same(said({ found: parts(1000) }), ['matched', 0])
  t.same(said({ found: parts(400, 600) }), ['matched', 0], 'in parts')
  t.same(said({ dueAt: tomorrow }), ['expected', -1000])
  t.same(said({}), ['missing', -1000])
  t.same(said({ dueAt: null }), ['missing', -1000])
  t.same(said({ found: parts(999) }), ['amount_under', -1])
  t.same(said({ found: parts(400), dueAt: tomorrow }), ['expected', -600], 'the rest may come yet')
  t.same(said({ found: parts(1001) }), ['amount_over', 1])
  t.same(said({ found: parts(1000, 1000) }), ['duplicate', 1000])
  t.same(said({ found: parts(1000, 300) }), ['amount_over', 300])
  t.same(said({ found: parts([1000, 'USD']) }), ['currency_mismatch', 0])
  t.same(said({ expected: null, found: parts(77) }), ['unexpected', 77])
  t.same(said({ expected: mxn(0), found: parts(77) }), ['unexpected', 77], 'of a payment that took nothing')
  t.same(said({ expected: mxn(0), found: parts(-50, 50) }), ['matched', 0], 'taken and given again')
  t.equal(said({ expected: mxn(0) }), undefined)
  t.equal(said({ expected: null }), undefined)
})

t.test('what goes out is judged like what comes in', async t => {
  t.same(said({ expected: mxn(-300), found: parts(-300) }), ['matched', 0])
  t.same(said({ expected: mxn(-300), found: parts(-200) }), ['amount_under', 100])
  t.same(said({ expected: mxn(-300), found: parts(-400) }), ['amount_over', -100])
  t.same(said({ expected: mxn(-300), found: parts(-300, -300) }), ['duplicate', -300])
})

t.test('the larger of the two tolerances counts, and no more than it', async t => {
  t.same(said({ found: parts(990) }, { ...exact, absolute: 10 }), ['matched', -10])
  t.same(said({ found: parts(989) }, { ...exact, absolute: 10 }), ['amount_under', -11])
  t.same(said({ found: parts(1020) }, { ...exact, absolute: 10, percent: 2 }), ['matched', 20])
  t.same(said({ found: parts(1021) }, { ...exact, absolute: 10, percent: 2 }), ['amount_over', 21])
  t.same(said({ found: parts([55, 'USD']) }, { ...exact, otherCurrency: 'accept' }), ['matched', 0])
})

t.test('refunds that name nobody: equal ones first, no one twice, whatever the order', async t => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 6 }), fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 6 }), fc.infiniteStream(fc.nat()), (wants, haves, random) => {
    const named = (amounts: readonly number[]) => amounts.map((amount, i) => ({ id: String(i), amount }))
    const shuffled = <T>(list: T[]) => list.map(item => [random.next().value, item] as const).toSorted(([one], [other]) => one - other).map(([, item]) => item)
    const one = allocate(named(wants), named(haves))
    const other = allocate(shuffled(named(wants)), shuffled(named(haves)))
    t.same([...one.of].toSorted(), [...other.of].toSorted())
    t.same(one.left, other.left)
    t.equal(one.of.size + one.left.length, haves.length, 'each is somebody’s or left over')
    t.equal(new Set([...one.of.values()]).size, one.of.size)
    t.equal(one.of.size, Math.min(wants.length, haves.length))
    const equal = Math.min(...[1, 2, 3, 4].map(amount => [...one.of].filter(([id, have]) => wants[Number(id)] === amount && have.amount === amount).length - Math.min(wants.filter(want => want === amount).length, haves.filter(have => have === amount).length)))
    t.equal(equal, 0, 'as many equal ones as there can be')
  }), { numRuns: 200 })
})

t.test('an entry is one payout at most, and the nearest amount, then the earliest day, is taken', async t => {
  const candidate = (payoutKey: string, entryId: string, amount: number, bookedOn: string): Candidate => ({ payoutKey, entryId, amount, currency: 'MXN', bookedOn, named: false })
  const chosen = assign([{ key: 'p1', amount: 100 }, { key: 'p2', amount: 100 }], [candidate('p1', 'b', 100, '2026-11-03'), candidate('p1', 'a', 101, '2026-11-01'), candidate('p2', 'b', 100, '2026-11-03'), candidate('p2', 'a', 101, '2026-11-01')])
  t.same([...chosen].map(([key, { entryId }]) => [key, entryId]), [['p1', 'b'], ['p2', 'a']])
})
