import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import t from 'tap'
import type { DataKeyStore } from './data-key-store.ts'
import { generateMasterKey, parseMasterKeys } from './master-keys.ts'
import { memoryDataKeyStore } from './memory-store.ts'
import { createVault } from './vault.ts'
import type { Vault, VaultOptions } from './vault.ts'
import { VaultError } from './vault-error.ts'

const [k1, k2] = [generateMasterKey('k1'), generateMasterKey('k2')]
const now = () => new Date('2026-11-01T00:00:00Z')

function vaultOver (store: DataKeyStore, keys = k1, more: Partial<VaultOptions> = {}): Vault {
  return createVault({ keyring: parseMasterKeys(keys), store, now, ...more })
}

async function reasonOf (promise: Promise<unknown>): Promise<string> {
  return await promise.then(() => 'opened', (error: unknown) => {
    if (error instanceof VaultError) return error.reason
    throw error
  })
}

t.test('a value is read back by another process, and only in its place', async t => {
  const store = memoryDataKeyStore()
  const jwe = await vaultOver(store).seal('ten_a', 'con_1', 'secret_key', 'sk_1')
  const vault = vaultOver(store)
  t.equal(await vault.openText('ten_a', 'con_1', 'secret_key', jwe), 'sk_1')
  t.same(await vault.open('ten_a', 'con_1', 'secret_key', jwe, 1), Buffer.from('sk_1'))
  t.equal(await reasonOf(vault.open('ten_b', 'con_1', 'secret_key', jwe)), 'misplaced')
  t.equal(await reasonOf(vault.open('ten_a', 'con_2', 'secret_key', jwe)), 'misplaced')
  t.equal(await reasonOf(vault.open('ten_a', 'con_1', 'webhook_secret', jwe)), 'misplaced')
  t.equal(await reasonOf(vault.open('ten_a', 'con_1', 'secret_key', jwe, 2)), 'misplaced')
  t.equal(await reasonOf(vault.open('ten_a', 'con_1', 'secret_key', 'nonsense')), 'malformed')
})

t.test('two tenants have two keys, and a key row given to another tenant does not open', async t => {
  const store = memoryDataKeyStore()
  const vault = vaultOver(store)
  const jwe = await vault.seal('ten_a', 's', 'u', 'secret')
  await vault.seal('ten_b', 's', 'u', 'secret')
  t.equal(store.rows.size, 2)
  const [a, b] = [...store.rows.values()]
  store.rows.set(b!.id, { ...b!, wrapped: a!.wrapped })
  t.equal(await reasonOf(vaultOver(store).seal('ten_b', 's', 'u', 'x')), 'misplaced')
  store.rows.set(a!.id, { ...a!, tenant: 'ten_c' })
  const [head, ...rest] = jwe.split('.')
  const header = JSON.parse(Buffer.from(head!, 'base64url').toString())
  const moved = [Buffer.from(JSON.stringify({ ...header, tid: 'ten_c' })).toString('base64url'), ...rest].join('.')
  t.equal(await reasonOf(vaultOver(store).open('ten_c', 's', 'u', moved)), 'misplaced', 'key row and value both moved')
})

t.test('first uses at once make one key in one process, and processes agree on the winner', async t => {
  const store = memoryDataKeyStore(async () => { await turn() })
  const vaults = [vaultOver(store), vaultOver(store), vaultOver(store)]
  const sealed = await Promise.all([...Array(30).keys()].map(async n => await vaults[n % 3]!.seal('ten_a', 's', 'u', String(n))))
  t.equal(store.calls.insert, 3, 'one insert a process')
  t.equal(store.rows.size, 1)
  for (const [n, jwe] of sealed.entries()) t.equal(await vaults[(n + 1) % 3]!.openText('ten_a', 's', 'u', jwe), String(n))
})

t.test('a failure of the store is the caller\'s to see, and is not remembered', async t => {
  const store = memoryDataKeyStore()
  let away = true
  const vault = vaultOver({ ...store, current: async tenant => { if (away) throw new Error('connection lost'); return await store.current(tenant) } })
  await t.rejects(vault.seal('ten_a', 's', 'u', 'x'), { message: 'connection lost' })
  away = false
  t.equal(await vault.openText('ten_a', 's', 'u', await vault.seal('ten_a', 's', 'u', 'x')), 'x')
})

t.test('an open key is used again until its time is over', async t => {
  const store = memoryDataKeyStore()
  let time = 0
  const vault = vaultOver(store, k1, { now: () => new Date(time), cacheSeconds: 60 })
  const jwe = await vault.seal('ten_a', 's', 'u', 'x')
  for (let n = 0; n < 5; n++) await vault.open('ten_a', 's', 'u', jwe)
  t.match(store.calls, { current: 1, byId: 0 })
  time = 60_000
  await vault.open('ten_a', 's', 'u', jwe)
  await vault.seal('ten_a', 's', 'u', 'y')
  t.match(store.calls, { current: 2, byId: 1 }, 'both are asked again')
})

t.test('more tenants than the cache holds: slower, and right', async t => {
  const store = memoryDataKeyStore()
  const vault = vaultOver(store, k1, { cacheSize: 2 })
  await fc.assert(fc.asyncProperty(fc.array(fc.nat({ max: 6 }), { maxLength: 12 }), async tenants => {
    await Promise.all(tenants.map(async n => {
      const jwe = await vault.seal(`ten_${n}`, 's', 'u', String(n))
      t.equal(await vault.openText(`ten_${n}`, 's', 'u', jwe), String(n))
    }))
  }), { numRuns: 30 })
  t.ok(store.rows.size <= 7)
})

t.test('a fingerprint is the tenant\'s own and outlives a master key', async t => {
  const store = memoryDataKeyStore()
  const before = await vaultOver(store).fingerprint('ten_a', 'sk_1')
  t.match(before, /^[0-9a-f]{12}$/)
  t.not(await vaultOver(store).fingerprint('ten_a', 'sk_2'), before)
  t.not(await vaultOver(store).fingerprint('ten_b', 'sk_1'), before)
  await vaultOver(store, `${k2},${k1}`).rotate()
  t.equal(await vaultOver(store, k2).fingerprint('ten_a', Buffer.from('sk_1')), before)
})
