import t from 'tap'
import { storable } from './storable.ts'

t.test('what PostgreSQL cannot keep is taken out, at any depth, and everything else stays', async t => {
  const at = new Date()
  const bytes = Buffer.from([0, 1])
  const given = { 'a\0': ['x\0y', { b: 'half \ud83d', c: null, d: undefined, e: 1, f: true }], at, bytes, whole: '🛍️', escaped: '\\u0000' }
  t.same(storable(given), { a: ['xy', { b: 'half \ufffd', c: null, d: undefined, e: 1, f: true }], at, bytes, whole: '🛍️', escaped: '\\u0000' })
  t.equal(storable(given).at, at)
  t.equal(storable(given).bytes, bytes)
  t.equal(storable(undefined), undefined)
  t.same(Object.keys(storable(JSON.parse('{"__proto__": "x\\u0000"}') as object)), ['__proto__'])
})
