import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import type { DataKeyStore } from './data-key-store.ts'
import { masterKeyIdOf } from './data-keys.ts'
import { generateMasterKey, parseMasterKeys } from './master-keys.ts'
import { memoryDataKeyStore } from './memory-store.ts'
import type { MemoryDataKeyStore } from './memory-store.ts'
import { createVault } from './vault.ts'
import type { Vault } from './vault.ts'
import { VaultError } from './vault-error.ts'

const [k1, k2] = [generateMasterKey('k1'), generateMasterKey('k2')]
const both = `${k2},${k1}`
const now = () => new Date('2026-11-01T00:00:00Z')
const vaultOver = (store: DataKeyStore, keys: string): Vault => createVault({ keyring: parseMasterKeys(keys), store, now })

const reasonOf = async (promise: Promise<unknown>) => await promise.then(() => 'opened', (error: unknown) => error instanceof VaultError ? error.reason : error)

/** A store with one sealed value for each of `count` tenants under k1. */
async function filled (store: MemoryDataKeyStore, count: number): Promise<Map<string, string>> {
  const vault = vaultOver(store, k1)
  const sealed = new Map<string, string>()
  for (let n = 0; n < count; n++) sealed.set(`ten_${n}`, await vault.seal(`ten_${n}`, 's', 'u', `value ${n}`))
  return sealed
}

const underK2 = (store: MemoryDataKeyStore) => [...store.rows.values()].filter(row => row.masterKeyId === 'k2' && masterKeyIdOf(row.wrapped) === 'k2').length

t.test('every data key goes under the new master key; the old one is not needed any more', async t => {
  const store = memoryDataKeyStore()
  const sealed = await filled(store, 250)
  const seen: number[] = []
  t.same(await vaultOver(store, both).rotate(count => seen.push(count.rewrapped)),
    { rewrapped: 250, overtaken: 0, failed: 0, failures: [], complete: true })
  t.same(seen, [100, 200, 250, 250])
  const after = vaultOver(store, k2)
  for (const [tenant, jwe] of sealed) t.equal(await after.openText(tenant, 's', 'u', jwe), tenant.replace('ten_', 'value '))
  t.match(await vaultOver(store, both).rotate(), { rewrapped: 0, complete: true }, 'a second run has nothing to do')
})

t.test('a run that is killed is taken up by the next', async t => {
  const store = memoryDataKeyStore()
  await filled(store, 150)
  let left = 70
  const dying: DataKeyStore = {
    ...store,
    async replaceWrapped (...row) {
      if (left-- === 0) throw new Error('killed')
      return await store.replaceWrapped(...row)
    }
  }
  await t.rejects(vaultOver(dying, both).rotate(), { message: 'killed' })
  t.equal(underK2(store), 70)
  t.match(await vaultOver(store, both).rotate(), { rewrapped: 80, complete: true })
  t.equal(underK2(store), 150)
})

t.test('two runs at once, with reads, seals and new tenants all the while: nothing is lost', async t => {
  const store = memoryDataKeyStore(async () => { await turn() })
  const sealed = await filled(store, 40)
  const rotation = { running: true }
  const requests = [k1 + ',' + k2, both].map(async (keys, which) => {
    for (let n = 0; rotation.running || n < 60; n++) {
      // A fresh vault now and then has to unwrap again, in the middle of the rotation.
      const vault = vaultOver(store, keys)
      const tenant = `ten_${(n * 7 + which) % 40}`
      t.equal(await vault.openText(tenant, 's', 'u', sealed.get(tenant)!), tenant.replace('ten_', 'value '))
      const fresh = `new_${which}_${n % 20}`
      t.equal(await vault.openText(fresh, 's', 'u', await vault.seal(fresh, 's', 'u', fresh)), fresh)
    }
  })
  const runs = await Promise.all([vaultOver(store, both).rotate(), vaultOver(store, both).rotate()])
  rotation.running = false
  await Promise.all(requests)
  t.ok(runs.every(run => run.failed === 0))
  t.ok(runs[0]!.overtaken + runs[1]!.overtaken > 0, 'the two did meet')
  t.ok(runs[0]!.rewrapped + runs[1]!.rewrapped >= 40)
  t.match(await vaultOver(store, both).rotate(), { complete: true, failed: 0 }, 'takes what a process still sealing under k1 made since')
  t.equal(underK2(store), store.rows.size)
  for (const [tenant, jwe] of sealed) t.equal(await vaultOver(store, k2).openText(tenant, 's', 'u', jwe), tenant.replace('ten_', 'value '))
})

t.test('an open key survives a rotation; a process that never learnt the new master key says so', async t => {
  const store = memoryDataKeyStore()
  const old = vaultOver(store, k1)
  const jwe = await old.seal('ten_a', 's', 'u', 'x')
  await vaultOver(store, both).rotate()
  t.equal(await old.openText('ten_a', 's', 'u', jwe), 'x', 'still open in the cache')
  t.equal(await reasonOf(vaultOver(store, k1).open('ten_a', 's', 'u', jwe)), 'unknown_key')
  t.equal(await reasonOf(vaultOver(store, k1).seal('ten_a', 's', 'u', 'x')), 'unknown_key')
})

t.test('a key that does not open is counted and left; the rest goes on, and the run ends', async t => {
  const store = memoryDataKeyStore()
  await filled(store, 130)
  const rows = [...store.rows.values()]
  store.rows.set(rows[0]!.id, { ...rows[0]!, wrapped: rows[1]!.wrapped })
  store.rows.set(rows[5]!.id, { ...rows[5]!, wrapped: 'nonsense' })
  const result = await vaultOver(store, both).rotate()
  t.match(result, { rewrapped: 128, failed: 2, complete: false })
  t.same(result.failures, [{ tenant: 'ten_0', id: rows[0]!.id, reason: 'misplaced' }, { tenant: 'ten_5', id: rows[5]!.id, reason: 'malformed' }])
})

t.test('without the old master key nothing is changed, and the run gives up early', async t => {
  const store = memoryDataKeyStore()
  await filled(store, 300)
  t.match(await vaultOver(store, k2).rotate(), { rewrapped: 0, failed: 100, complete: false })
  t.equal(underK2(store), 0)
})

t.test('two runs in opposite directions both end', async t => {
  const store = memoryDataKeyStore(async () => { await turn() })
  await filled(store, 60)
  const runs = await Promise.all([vaultOver(store, both).rotate(), vaultOver(store, `${k1},${k2}`).rotate()])
  t.ok(runs.every(run => run.failed === 0))
})
