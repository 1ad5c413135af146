import { randomUUID } from 'node:crypto'
import { generateMasterKey, parseMasterKeys } from '../core/vault/master-keys.ts'
import { memoryDataKeyStore } from '../core/vault/memory-store.ts'
import { createVault } from '../core/vault/vault.ts'
import { closedLoop, type Result, round } from './support.ts'

const secret = `sk_test_${'x'.repeat(100)}`

/** (3) The vault: how many secrets are sealed and opened in a second, one after another and 16 at once. */
export async function vault (): Promise<Result[]> {
  const tenant = randomUUID()
  const made = createVault({ keyring: parseMasterKeys(generateMasterKey('bench')), store: memoryDataKeyStore(), now: () => new Date() })
  const sealed = await made.seal(tenant, 'con_x', 'secret_key', secret)
  const seal = async () => { await made.seal(tenant, 'con_x', 'secret_key', secret) }
  const open = async () => { await made.open(tenant, 'con_x', 'secret_key', sealed) }
  await closedLoop({ concurrency: 16, seconds: 1, call: seal })
  const results: Result[] = []
  for (const [name, call] of [['seal', seal], ['open', open]] as const) {
    const serial = await closedLoop({ concurrency: 1, seconds: 2, call })
    const together = await closedLoop({ concurrency: 16, seconds: 2, call })
    results.push({ name: `vault ${name}, 16 at once ÷ one after another`, baseline: `${name} one after another`, value: round(together / serial), unit: '×', detail: { serial_per_second: round(serial, 0), together_per_second: round(together, 0) } })
  }
  return results
}
