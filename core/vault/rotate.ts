import { rewrap } from './data-keys.ts'
import type { DataKeyStore } from './data-key-store.ts'
import type { Keyring } from './master-keys.ts'
import { VaultError } from './vault-error.ts'
import type { VaultReason } from './vault-error.ts'

export interface RotationCount {
  /** Data keys that this run put under the current master key. */
  readonly rewrapped: number
  /** Data keys that somebody else had changed meanwhile: another run, usually. */
  readonly overtaken: number
  /** Data keys that do not open: they were left as they are. */
  readonly failed: number
}

export interface Rotation extends RotationCount {
  readonly failures: ReadonlyArray<{ tenant: string, id: string, reason: VaultReason }>
  /** Nothing is left under another master key: that one may be taken off the ring, once no process seals with it any more. */
  readonly complete: boolean
}

const batchSize = 100
/** More than these is one cause (a key missing from the ring), not many. */
const failuresMax = 100

/**
 * Puts every data key under the current master key. The list of work is the store itself, so that a run that was killed is taken up
 * by the next; each row is written only if it is still what was read, so that two runs at once do no harm. What is sealed with
 * the data keys is not touched, and requests go on meanwhile.
 */
export async function rotate (keyring: Keyring, store: DataKeyStore, progress?: (count: RotationCount) => void): Promise<Rotation> {
  const handled = new Set<string>()
  const failures: Array<{ tenant: string, id: string, reason: VaultReason }> = []
  const count = { rewrapped: 0, overtaken: 0, failed: 0 }
  for (;;) {
    // Each row is handled once in a run, so that it ends even if rows fail, or another process rotates the other way.
    const listed = await store.listNotUnder(keyring.current.id, batchSize + failures.length)
    const rows = listed.filter(row => !handled.has(row.id))
    for (const row of rows) {
      handled.add(row.id)
      try {
        const wrapped = await rewrap(keyring, row, row.wrapped)
        const replaced = await store.replaceWrapped(row.tenant, row.id, row.wrapped, wrapped, keyring.current.id)
        count[replaced ? 'rewrapped' : 'overtaken'] += 1
      } catch (error) {
        if (!(error instanceof VaultError)) throw error
        failures.push({ tenant: row.tenant, id: row.id, reason: error.reason })
        count.failed += 1
      }
      if (failures.length >= failuresMax) return { ...count, failures, complete: false }
    }
    progress?.({ ...count })
    if (rows.length === 0) return { ...count, failures, complete: listed.length === 0 }
  }
}
