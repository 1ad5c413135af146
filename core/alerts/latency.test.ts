import fc from 'fast-check'
import t from 'tap'
import { bounds, noDurations, percentile, placeOf } from './latency.ts'

t.test('a percentile of counts is near the one of the calls themselves, and never beyond the longest', async t => {
  t.equal(percentile(noDurations(), 0, 0.95), null, 'nothing was called')
  const durations = fc.array(fc.integer({ min: 0, max: 200_000 }), { minLength: 1, maxLength: 200 })
  fc.assert(fc.property(durations, fc.constantFrom(0.5, 0.95, 0.99), (given, share) => {
    const counts = noDurations()
    for (const ms of given) counts[placeOf(ms)]!++
    const sorted = given.toSorted((a, b) => a - b)
    const exact = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!
    const told = percentile(counts, sorted.at(-1)!, share)!
    // In the same place of the scale as the exact one.
    const place = placeOf(exact)
    return told <= sorted.at(-1)! && told >= (bounds[place - 1] ?? 0) && told <= (bounds[place] ?? sorted.at(-1)!)
  }), { numRuns: 300 })
})
