import { createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto'
import { expectBound, readHeader, unwrapKey, wrapKey } from './jwe.ts'
import type { Keyring, MasterKey } from './master-keys.ts'
import { VaultError } from './vault-error.ts'

/** A tenant's key, open: its bytes live outside of the JavaScript heap. */
export interface DataKey {
  readonly id: string
  /** AES-GCM, for `seal` and `open`. */
  readonly key: KeyObject
  /** HMAC, derived from the same bytes, for fingerprints. */
  readonly fingerprintKey: KeyObject
}

/** Whose data key it is. Bound into the wrapped form: a wrapped key copied to another tenant does not open. */
export interface DataKeyOwner {
  readonly tenant: string
  readonly id: string
}

const dataKeyBytes = 32
const names = ['kid', 'tid', 'did']

export function generateDataKey (): Uint8Array {
  return Uint8Array.from(randomBytes(dataKeyBytes))
}

export async function wrap (master: MasterKey, owner: DataKeyOwner, dataKey: Uint8Array): Promise<string> {
  if (dataKey.length !== dataKeyBytes) throw new TypeError(`a data key is ${dataKeyBytes} bytes long`)
  if (owner.tenant === '' || owner.id === '') throw new TypeError('a data key belongs to a tenant and has an id')
  return await wrapKey({ kid: master.id, tid: owner.tenant, did: owner.id }, master.key, dataKey)
}

export async function unwrap (keyring: Keyring, owner: DataKeyOwner, wrapped: string): Promise<Uint8Array> {
  const header = readHeader(wrapped, 'A256GCMKW', names)
  const master = keyring.byId.get(String(header.kid))
  if (master === undefined) throw new VaultError('unknown_key', 'a data key is wrapped by a master key that is not among the master keys of this process')
  const dataKey = await unwrapKey(wrapped, master.key)
  expectBound(header, { tid: owner.tenant, did: owner.id })
  return dataKey
}

/** The same data key under the keyring's current master key. */
export async function rewrap (keyring: Keyring, owner: DataKeyOwner, wrapped: string): Promise<string> {
  const dataKey = await unwrap(keyring, owner, wrapped)
  try {
    return await wrap(keyring.current, owner, dataKey)
  } finally {
    dataKey.fill(0)
  }
}

/** The id of the master key that a wrapped data key asks for. */
export function masterKeyIdOf (wrapped: string): string {
  return String(readHeader(wrapped, 'A256GCMKW', names).kid)
}

/** Takes the bytes over: they are wiped. */
export function importDataKey (id: string, bytes: Uint8Array): DataKey {
  const derived = Buffer.from(hkdfSync('sha256', bytes, new Uint8Array(0), 'pasarela vault fingerprint 1', 32))
  const dataKey = { id, key: createSecretKey(bytes), fingerprintKey: createSecretKey(derived) }
  bytes.fill(0)
  derived.fill(0)
  return dataKey
}
