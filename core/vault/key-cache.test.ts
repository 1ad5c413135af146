import fc from 'fast-check'
import t from 'tap'
import { createKeyCache } from './key-cache.ts'

const clock = (start = 0) => {
  let time = start
  return { now: () => new Date(time), advance: (ms: number) => { time += ms } }
}

t.test('a value is kept until its time is over, and no longer', async t => {
  const { now, advance } = clock()
  const cache = createKeyCache<number>({ maxEntries: 10, ttlMs: 1000, now })
  let loads = 0
  const get = async () => await cache.get('a', async () => ++loads)
  t.equal(await get(), 1)
  advance(999)
  t.equal(await get(), 1, 'reading does not prolong it')
  advance(1)
  t.equal(await get(), 2)
})

t.test('the least recently used goes first', async t => {
  const cache = createKeyCache<string>({ maxEntries: 2, ttlMs: 1000, now: clock().now })
  const loaded: string[] = []
  const get = async (name: string) => await cache.get(name, async () => { loaded.push(name); return name })
  for (const name of ['a', 'b', 'a', 'c', 'a', 'b']) await get(name)
  t.same(loaded, ['a', 'b', 'c', 'b'])
})

t.test('it never holds more than its bound', async t => {
  await fc.assert(fc.asyncProperty(fc.array(fc.nat({ max: 20 })), fc.nat({ max: 5 }), async (names, maxEntries) => {
    const cache = createKeyCache<number>({ maxEntries, ttlMs: 1000, now: clock().now })
    const values = await Promise.all(names.map(async name => await cache.get(String(name), async () => name)))
    t.same(values, names)
    t.ok(cache.size <= maxEntries)
  }))
})

t.test('those who ask at once share one load, and a failure is not kept', async t => {
  const cache = createKeyCache<number>({ maxEntries: 2, ttlMs: 1000, now: clock().now })
  let loads = 0
  const fail = async (): Promise<number> => { loads++; throw new Error('the database is away') }
  const results = await Promise.allSettled([1, 2, 3].map(async () => await cache.get('a', fail)))
  t.ok(results.every(result => result.status === 'rejected'))
  t.equal(loads, 1)
  t.equal(await cache.get('a', async () => 7), 7)
  await t.rejects(cache.get('b', () => { throw new Error('at once') }))
  t.equal(await cache.get('b', async () => 8), 8)
})
