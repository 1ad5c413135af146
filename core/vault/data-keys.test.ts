import fc from 'fast-check'
import t from 'tap'
import { generateDataKey, importDataKey, masterKeyIdOf, rewrap, unwrap, wrap } from './data-keys.ts'
import { generateMasterKey, parseMasterKeys } from './master-keys.ts'
import { VaultError } from './vault-error.ts'

const [first, second] = [generateMasterKey('k1'), generateMasterKey('k2')]
const ring = parseMasterKeys(first)
const owner = { tenant: 'ten_a', id: 'dk_1' }

async function reasonOf (promise: Promise<unknown>): Promise<string> {
  return await promise.then(() => 'opened', (error: unknown) => {
    if (error instanceof VaultError) return error.reason
    throw error
  })
}

t.test('a wrapped key opens for its owner and under its master key', async t => {
  const bytes = generateDataKey()
  const wrapped = await wrap(ring.current, owner, bytes)
  t.same(await unwrap(ring, owner, wrapped), bytes)
  t.equal(masterKeyIdOf(wrapped), 'k1')
  const header = JSON.parse(Buffer.from(wrapped.split('.')[0]!, 'base64url').toString())
  t.match(header, { alg: 'A256GCMKW', enc: 'A256GCM', kid: 'k1', tid: 'ten_a', did: 'dk_1' })
})

t.test('a wrapped key copied to another tenant, or to another id, does not open', async t => {
  const wrapped = await wrap(ring.current, owner, generateDataKey())
  t.equal(await reasonOf(unwrap(ring, { ...owner, tenant: 'ten_b' }, wrapped)), 'misplaced')
  t.equal(await reasonOf(unwrap(ring, { ...owner, id: 'dk_2' }, wrapped)), 'misplaced')
  t.equal(await reasonOf(rewrap(ring, { ...owner, tenant: 'ten_b' }, wrapped)), 'misplaced')
})

t.test('any changed byte of a wrapped key is noticed', async t => {
  const parts = (await wrap(ring.current, owner, generateDataKey())).split('.')
  await fc.assert(fc.asyncProperty(fc.nat({ max: 4 }), fc.nat(), fc.integer({ min: 1, max: 255 }), async (part, at, mask) => {
    const bytes = Buffer.from(parts[part]!, 'base64url')
    bytes[at % bytes.length]! ^= mask
    t.not(await reasonOf(unwrap(ring, owner, parts.with(part, bytes.toString('base64url')).join('.'))), 'opened')
  }), { numRuns: 300 })
})

t.test('a master key that is not there is unknown; one of the same name but other bytes does not open', async t => {
  const wrapped = await wrap(ring.current, owner, generateDataKey())
  t.equal(await reasonOf(unwrap(parseMasterKeys(second), owner, wrapped)), 'unknown_key')
  t.equal(await reasonOf(unwrap(parseMasterKeys(generateMasterKey('k1')), owner, wrapped)), 'tampered')
  for (const id of ['__proto__', 'constructor', 'k9']) {
    const header = { ...JSON.parse(Buffer.from(wrapped.split('.')[0]!, 'base64url').toString()), kid: id }
    const changed = [Buffer.from(JSON.stringify(header)).toString('base64url'), ...wrapped.split('.').slice(1)].join('.')
    t.equal(await reasonOf(unwrap(ring, owner, changed)), 'unknown_key', id)
  }
})

t.test('rewrapping keeps the key and changes what opens it', async t => {
  const bytes = generateDataKey()
  const wrapped = await rewrap(parseMasterKeys(`${second},${first}`), owner, await wrap(ring.current, owner, bytes))
  t.equal(masterKeyIdOf(wrapped), 'k2')
  t.same(await unwrap(parseMasterKeys(second), owner, wrapped), bytes)
  t.equal(await reasonOf(unwrap(ring, owner, wrapped)), 'unknown_key')
})

t.test('what is not a data key is not wrapped, and no owner means no key', async t => {
  await t.rejects(wrap(ring.current, owner, new Uint8Array(16)), TypeError)
  await t.rejects(wrap(ring.current, { tenant: '', id: 'dk_1' }, generateDataKey()), TypeError)
})

t.test('the bytes that an open data key came from are wiped', async t => {
  const bytes = generateDataKey()
  importDataKey('dk_1', bytes)
  t.ok(bytes.every(byte => byte === 0))
})
