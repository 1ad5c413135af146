import { CompactEncrypt, compactDecrypt } from 'jose'
import fc from 'fast-check'
import t from 'tap'
import { generateDataKey, importDataKey } from './data-keys.ts'
import { open, seal } from './seal.ts'
import type { Binding } from './seal.ts'
import { VaultError } from './vault-error.ts'

const binding: Binding = { tenant: 'ten_a', subject: 'con_1', use: 'secret_key', version: 1 }
const secret = 'sk_test_very_secret'
const raw = generateDataKey()
const key = importDataKey('dk_1', Uint8Array.from(raw))

function reasonOf (opening: () => unknown): string {
  try {
    opening()
  } catch (error) {
    if (!(error instanceof VaultError)) throw error
    if (error.message.includes(secret) || 'cause' in error) return 'leaks'
    return error.reason
  }
  return 'opened'
}

const encodeHeader = (header: object) => Buffer.from(JSON.stringify(header)).toString('base64url')
const decodeHeader = (jwe: string) => JSON.parse(Buffer.from(jwe.split('.')[0]!, 'base64url').toString()) as Record<string, unknown>
const withHeader = (jwe: string, header: object) => [encodeHeader(header), ...jwe.split('.').slice(1)].join('.')

t.test('what is sealed opens where it was sealed for', async t => {
  await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), async bytes => {
    t.same(Buffer.from(open(key, binding, seal(key, binding, bytes))), Buffer.from(bytes))
  }), { numRuns: 30 })
  t.equal(Buffer.from(open(key, binding, seal(key, binding, 'ñ€😀'))).toString(), 'ñ€😀')
  t.not(seal(key, binding, secret), seal(key, binding, secret), 'the same value never looks the same')
})

t.test('it is a JWE: jose reads what we write, and we read what jose writes', async t => {
  await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), async bytes => {
    const ours = seal(key, binding, bytes)
    t.same(Buffer.from((await compactDecrypt(ours, key.key)).plaintext), Buffer.from(bytes))
    const theirs = await new CompactEncrypt(bytes).setProtectedHeader(decodeHeader(ours) as never).encrypt(key.key)
    t.same(Buffer.from(open(key, binding, theirs)), Buffer.from(bytes))
  }), { numRuns: 30 })
})

t.test('a tag that is cut short is no tag', async t => {
  const [header, , iv, ciphertext, tag] = seal(key, binding, secret).split('.')
  const short = Buffer.from(tag!, 'base64url').subarray(0, 4).toString('base64url')
  t.equal(reasonOf(() => open(key, binding, `${header}..${iv}.${ciphertext}.${short}`)), 'malformed')
})

t.test('the header is as documented', async t => {
  t.same(decodeHeader(seal(key, binding, secret)),
    { alg: 'dir', enc: 'A256GCM', kid: 'dk_1', tid: 'ten_a', sid: 'con_1', use: 'secret_key', v: 1 })
})

t.test('a row that is copied elsewhere does not open there', async t => {
  const jwe = seal(key, binding, secret)
  const elsewhere: Array<Partial<Binding>> = [{ tenant: 'ten_b' }, { subject: 'con_2' }, { use: 'webhook_secret' }, { version: 2 }, { version: 0 }]
  for (const other of elsewhere) {
    t.equal(reasonOf(() => open(key, { ...binding, ...other }, jwe)), 'misplaced', JSON.stringify(other))
  }
})

t.test('a value is not sealed for nowhere', async t => {
  for (const other of [{ tenant: '' }, { subject: '' }, { use: '' }, { version: 1.5 }, { version: NaN }]) {
    t.throws(() => seal(key, { ...binding, ...other }, secret), TypeError)
    t.throws(() => open(key, { ...binding, ...other }, seal(key, binding, secret)), TypeError)
  }
})

t.test('each field of the header is authenticated', async t => {
  const jwe = seal(key, binding, secret)
  const header = decodeHeader(jwe)
  const changes: Array<[object, string]> = [
    [{ tid: 'ten_b' }, 'tampered'], [{ sid: 'con_2' }, 'tampered'], [{ use: 'webhook_secret' }, 'tampered'], [{ v: 2 }, 'tampered'], [{ v: '1' }, 'tampered'],
    [{ kid: 'dk_2' }, 'unknown_key'], [{ alg: 'none' }, 'malformed'], [{ alg: 'A256GCMKW' }, 'malformed'], [{ alg: 'PBES2-HS256+A128KW' }, 'malformed'],
    [{ enc: 'A128GCM' }, 'malformed'], [{ enc: 'A128CBC-HS256' }, 'malformed'], [{ zip: 'DEF' }, 'malformed'], [{ crit: ['x'], x: 1 }, 'malformed'],
    [{ crit: [] }, 'malformed'], [{ extra: 1 }, 'malformed'], [{ v: undefined }, 'malformed'], [{ sid: undefined }, 'malformed']
  ]
  for (const [change, reason] of changes) {
    const changed = withHeader(jwe, { ...header, ...change })
    // Opened for the place that the changed header claims: the claim alone must not be enough.
    t.equal(reasonOf(() => open(key, binding, changed)), reason, JSON.stringify(change))
  }
  t.equal(reasonOf(() => open(key, { ...binding, tenant: 'ten_b' }, withHeader(jwe, { ...header, tid: 'ten_b' }))), 'tampered', 'moved, and the header adapted to it')
  t.equal(reasonOf(() => open(key, binding, withHeader(jwe, Object.fromEntries(Object.entries(header).reverse())))), 'tampered', 'the same fields in another order')
})

t.test('a compressed value with the right key is not inflated', async t => {
  const jwe = await new CompactEncrypt(Buffer.alloc(100_000)).setProtectedHeader({ ...decodeHeader(seal(key, binding, secret)), zip: 'DEF' } as never).encrypt(key.key)
  t.equal(reasonOf(() => open(key, binding, jwe)), 'malformed')
})

t.test('each changed bit of iv, ciphertext and tag is noticed', async t => {
  const jwe = seal(key, binding, secret)
  const parts = jwe.split('.')
  await fc.assert(fc.asyncProperty(fc.integer({ min: 2, max: 4 }), fc.nat(), fc.integer({ min: 1, max: 255 }), async (part, at, mask) => {
    const bytes = Buffer.from(parts[part]!, 'base64url')
    bytes[at % bytes.length]! ^= mask
    t.equal(reasonOf(() => open(key, binding, parts.with(part, bytes.toString('base64url')).join('.'))), 'tampered')
  }))
  for (let at = 0; at < parts[3]!.length; at++) {
    const other = parts[3]![at] === 'A' ? 'B' : 'A'
    t.not(reasonOf(() => open(key, binding, parts.with(3, parts[3]!.slice(0, at) + other + parts[3]!.slice(at + 1)).join('.'))), 'opened', `character ${at}`)
  }
})

t.test('each character of the whole, replaced by any other, is noticed: there is one spelling', async t => {
  const jwe = seal(key, binding, 'x')
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.+/= '
  for (let at = 0; at < jwe.length; at++) {
    const other = alphabet[(at * 7) % alphabet.length]!
    if (other === jwe[at]) continue
    t.not(reasonOf(() => open(key, binding, jwe.slice(0, at) + other + jwe.slice(at + 1))), 'opened', `character ${at}`)
  }
  for (const other of alphabet) {
    if (other !== jwe.at(-1)) t.not(reasonOf(() => open(key, binding, jwe.slice(0, -1) + other)), 'opened', `last character ${other}`)
  }
})

t.test('what is cut short or is something else does not open', async t => {
  const jwe = seal(key, binding, secret)
  for (let length = 0; length < jwe.length; length++) {
    t.match(reasonOf(() => open(key, binding, jwe.slice(0, length))), /malformed|tampered/, `${length} characters`)
  }
  const [header, , iv, ciphertext, tag] = jwe.split('.')
  for (const other of ['', '....', 'a.b.c', `${jwe}.`, `.${jwe}`, ` ${jwe}`, `${jwe}\n`, `${header}.AAAA.${iv}.${ciphertext}.${tag}`,
    `bnVsbA..${iv}.${ciphertext}.${tag}`, `W10..${iv}.${ciphertext}.${tag}`, undefined, null, 7, {}]) {
    t.equal(reasonOf(() => open(key, binding, other as string)), 'malformed', String(other).slice(0, 20))
  }
})

t.test('another key does not open it, whatever it is called', async t => {
  const jwe = seal(key, binding, secret)
  t.equal(reasonOf(() => open(importDataKey('dk_2', Uint8Array.from(raw)), binding, jwe)), 'unknown_key')
  t.equal(reasonOf(() => open(importDataKey('dk_1', generateDataKey()), binding, jwe)), 'tampered')
})
