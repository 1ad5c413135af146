import fc from 'fast-check'
import t from 'tap'
import { ProviderError } from './problems.ts'
import { createRateLimiter } from './rate-limiter.ts'

/** A clock that only moves when told; timers fire in order as it passes them. */
function clock () {
  let time = 0
  let timers: { at: number, callback: () => void }[] = []
  return {
    now: () => time,
    get pending () { return timers.length },
    setTimer: (callback: () => void, ms: number) => {
      const timer = { at: time + ms, callback }
      timers.push(timer)
      return () => { timers = timers.filter(other => other !== timer) }
    },
    async pass (ms: number) {
      await Promise.resolve()
      const end = time + ms
      for (;;) {
        const next = timers.filter(timer => timer.at <= end).sort((a, b) => a.at - b.at)[0]
        if (next === undefined) break
        timers = timers.filter(timer => timer !== next)
        time = next.at
        next.callback()
        await Promise.resolve()
      }
      time = end
      await Promise.resolve()
    }
  }
}

t.test('a burst leaves at once, the rest in order at the rate', async t => {
  const time = clock()
  const limiter = createRateLimiter(time)
  const left: [number, number][] = []
  for (let i = 0; i < 10; i++) limiter.take('a', 10, 5000).then(() => left.push([i, time.now()]), t.error)
  await time.pass(0)
  t.same(left, [[0, 0], [1, 0]], 'a fifth of a second of allowance')
  await time.pass(800)
  t.same(left.slice(2), [2, 3, 4, 5, 6, 7, 8, 9].map(i => [i, (i - 1) * 100]))
  t.equal(time.pending, 0)
})

t.test('who would wait too long is refused now, with the time that it takes; keys do not touch each other', async t => {
  const time = clock()
  const limiter = createRateLimiter(time)
  await limiter.take('a', 1, 0)
  const error: ProviderError = await limiter.take('a', 1, 999).catch(error => error)
  t.match(error, { code: 'rate_limited', reached: 'nowhere', retryAfterMs: 1000 })
  await limiter.take('b', 1, 0)
  const waiting = limiter.take('a', 1, 1000)
  await time.pass(1000)
  await waiting
})

t.test('a pause holds the key, refuses who cannot wait, and ends without a burst', async t => {
  const time = clock()
  const limiter = createRateLimiter(time)
  const left: string[] = []
  for (let i = 0; i < 20; i++) await limiter.take('a', 100, 0)
  const patient = limiter.take('a', 100, 10_000).then(() => left.push('patient'))
  const hasty = limiter.take('a', 100, 500).then(() => 'left', (error: ProviderError) => error.retryAfterMs)
  limiter.pause('a', 3000)
  t.equal(await hasty, 3020, 'the one before it goes first')
  t.match(await limiter.take('a', 100, 100).catch(error => error), { code: 'rate_limited' })
  await limiter.take('b', 100, 0)
  await time.pass(2999)
  t.same(left, [])
  await time.pass(11)
  await patient
  t.same(left, ['patient'])
  limiter.pause('never seen', 1000)
  t.match(await limiter.take('never seen', 100, 100).catch(error => error), { retryAfterMs: 1000 })
})

t.test('the queue is bounded, and closing leaves nobody waiting', async t => {
  const time = clock()
  const limiter = createRateLimiter({ ...time, maxWaiting: 3 })
  const all = Array.from({ length: 6 }, () => limiter.take('a', 1, 60_000).then(() => 'left', (error: ProviderError) => error.code))
  limiter.close()
  t.same(await Promise.all(all), ['left', ...Array(5).fill('rate_limited')])
  t.equal(time.pending, 0)
})

t.test('rested keys are forgotten', async t => {
  const time = clock()
  const limiter = createRateLimiter(time)
  for (let i = 0; i < 20_000; i++) {
    await limiter.take(`key ${i}`, 1000, 0)
    if (i % 100 === 0) await time.pass(10)
  }
  t.ok(limiter.size < 3000, `${limiter.size} remembered`)
})

t.test('a rate that is not one is a bug', async t => {
  for (const rate of [0, -1, NaN]) t.throws(() => createRateLimiter().take('a', rate, 0), RangeError)
})

t.test('whatever comes when: never more than the allowance in any second, always in order', async () => {
  await fc.assert(fc.asyncProperty(
    fc.integer({ min: 1, max: 200 }),
    fc.array(fc.record({ after: fc.integer({ min: 0, max: 300 }), many: fc.integer({ min: 1, max: 30 }), pause: fc.boolean() }), { maxLength: 20 }),
    async (rate, steps) => {
      const time = clock()
      const limiter = createRateLimiter(time)
      const left: { id: number, at: number }[] = []
      let id = 0
      let done = 0
      for (const { after, many, pause } of steps) {
        await time.pass(after)
        if (pause) limiter.pause('a', after)
        for (let i = 0; i < many; i++) {
          const mine = id++
          limiter.take('a', rate, 3000).then(() => left.push({ id: mine, at: time.now() }), () => {}).finally(() => { done++ })
        }
      }
      await time.pass(10_000)
      await new Promise(resolve => setImmediate(resolve))
      if (done !== id) return false
      const burst = Math.max(1, rate * 0.2)
      return left.every(({ at, id }, i) => {
        const inSecond = left.slice(i).filter(other => other.at < at + 1000).length
        return inSecond <= rate + burst + 1 && (i === 0 || id > (left[i - 1]?.id as number))
      })
    }), { numRuns: 300 })
})

t.test('a thousand a second cost next to nothing', async t => {
  const limiter = createRateLimiter()
  const start = performance.now()
  for (let i = 0; i < 100_000; i++) await limiter.take(`k${i % 10}`, 1e6, 0)
  const micros = (performance.now() - start) * 1000 / 100_000
  t.comment(`${micros.toFixed(2)} µs each`)
  t.ok(micros < 100)
})
