import t from 'tap'
import fc from 'fast-check'
import type { Interval } from '../objects.ts'
import { endAfter, plus } from './periods.ts'

const at = (text: string) => Date.parse(text) / 1000
const month = { interval: 'month' as const, interval_count: 1 }

t.test('months end where they end, and the anchor\'s day comes back', async t => {
  const anchor = at('2026-01-31T10:30:00Z')
  t.strictSame([1, 2, 3, 13].map(times => new Date(plus(anchor, month, times) * 1000).toISOString()), ['2026-02-28T10:30:00.000Z', '2026-03-31T10:30:00.000Z', '2026-04-30T10:30:00.000Z', '2027-02-28T10:30:00.000Z'])
  t.equal(plus(at('2028-02-29T00:00:00Z'), { interval: 'year', interval_count: 1 }, 1), at('2029-02-28T00:00:00Z'))
  t.equal(endAfter(anchor, month, at('2026-02-28T10:30:00Z')), at('2026-03-31T10:30:00Z'), 'the end of one is the beginning of the next')
})

t.test('the next end lies after, and the one before it does not', async () => {
  const every = fc.record({ interval: fc.constantFrom<Interval>('day', 'week', 'month', 'year'), interval_count: fc.integer({ min: 1, max: 12 }) })
  fc.assert(fc.property(fc.integer({ min: 0, max: 2_000_000_000 }), every, fc.integer({ min: 0, max: 200_000_000 }), (anchor, each, later) => {
    const end = endAfter(anchor, each, anchor + later)
    let times = 0
    while (plus(anchor, each, times) < end) times++
    return end > anchor + later && plus(anchor, each, times) === end && (times === 0 || plus(anchor, each, times - 1) <= anchor + later)
  }), { numRuns: 300 })
})
