import { createSecretKey, randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

/** A key that wraps data keys. A KeyObject does not show its bytes when it is logged or serialised. */
export interface MasterKey {
  readonly id: string
  readonly key: KeyObject
}

export interface Keyring {
  /** The first one listed: it wraps what is new. */
  readonly current: MasterKey
  /** Every one listed: each still opens what it wrapped. */
  readonly byId: ReadonlyMap<string, MasterKey>
}

const keyBytes = 32
const idPattern = /^[A-Za-z0-9_-]{1,32}$/

/**
 * Reads `k2:base64,k1:base64`. Errors point at an entry by its place only: in an entry that is wrong, what stands before the
 * colon may well be the key.
 */
export function parseMasterKeys (text: string): Keyring {
  const keys = text.split(',').map((entry, index) => parseEntry(entry.trim(), `entry ${index + 1} of the master keys`))
  keys.forEach((key, index) => {
    const earlier = keys.findIndex(other => other.id === key.id || other.key.equals(key.key))
    if (earlier !== index) throw new Error(`entries ${earlier + 1} and ${index + 1} of the master keys have the same ${keys[earlier]!.id === key.id ? 'id' : 'key'}`)
  })
  return { current: keys[0]!, byId: new Map(keys.map(key => [key.id, key])) }
}

/** A new entry for PASARELA_MASTER_KEYS. */
export function generateMasterKey (id: string): string {
  if (!idPattern.test(id)) throw new Error('the id of a master key is 1 to 32 letters, digits, "_" or "-"')
  return `${id}:${randomBytes(keyBytes).toString('base64')}`
}

function parseEntry (entry: string, where: string): MasterKey {
  if (entry === '') throw new Error(`${where} is empty: expected id:base64`)
  const colon = entry.indexOf(':')
  if (colon === -1) throw new Error(`${where} has no colon: expected id:base64`)
  const id = entry.slice(0, colon)
  if (!idPattern.test(id)) throw new Error(`${where} has an id that is not 1 to 32 letters, digits, "_" or "-"`)
  const bytes = decodeBase64(entry.slice(colon + 1).trim())
  if (bytes === undefined) throw new Error(`${where} is not base64: make a key with \`openssl rand -base64 ${keyBytes}\``)
  if (bytes.length !== keyBytes) throw new Error(`${where} is ${bytes.length} bytes long: expected ${keyBytes}`)
  if (bytes.every(byte => byte === bytes[0])) throw new Error(`${where} is one byte repeated, not a random key`)
  return { id, key: createSecretKey(bytes) }
}

/** Both alphabets, padded or not. Buffer alone would skip what is not base64, and a typing error would become another key. */
function decodeBase64 (text: string): Buffer | undefined {
  const bare = text.replace(/={1,2}$/, '').replaceAll('-', '+').replaceAll('_', '/')
  const bytes = Buffer.from(bare, 'base64')
  return bytes.toString('base64').replace(/=+$/, '') === bare ? bytes : undefined
}
