import t from 'tap'
import { hashSecret, looksLikeKey, makeKey } from './keys.ts'

t.test('a key says its mode and holds 256 random bits', async t => {
  const made = makeKey('test', bytes => Buffer.alloc(bytes, 255))
  t.match(made.key, /^pas_test_[0-9A-Za-z]{43}$/)
  t.not(made.key, makeKey('test', bytes => Buffer.alloc(bytes, 254)).key, 'every bit counts')
  t.match(makeKey('live').key, /^pas_live_[0-9A-Za-z]{43}$/)
  t.equal(makeKey('live', bytes => Buffer.alloc(bytes)).key, `pas_live_${'0'.repeat(43)}`, 'small numbers are as long as large ones')
  t.equal(new Set(Array.from({ length: 100 }, () => makeKey('test').key)).size, 100)
})

t.test('what is kept of a key does not give it back', async t => {
  const { key, hash, hint } = makeKey('live')
  t.equal(hash.length, 32)
  t.same(hash, hashSecret(key))
  t.equal(hint, `${key.slice(0, 13)}…${key.slice(-4)}`, 'eight of its 43 characters')
})

t.test('what cannot be a key is not looked up', async t => {
  t.ok(looksLikeKey(makeKey('test').key))
  for (const text of ['', 'pas_test_', 'sk_test_abc', `${makeKey('test').key}x`, `pas_demo_${'a'.repeat(43)}`, `pas_test_${'-'.repeat(43)}`]) t.notOk(looksLikeKey(text), text)
})
