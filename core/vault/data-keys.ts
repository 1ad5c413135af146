import { decrypt, encrypt, expectBound, readHeader } from './jwe.ts'
import type { Keyring, MasterKey } from './master-keys.ts'
import { VaultError } from './vault-error.ts'

/** A tenant's key, open. Neither half can be exported again. */
export interface DataKey {
  readonly id: string
  /** AES-GCM, for `seal` and `open`. */
  readonly key: CryptoKey
  /** HMAC, derived from the same bytes, for fingerprints. */
  readonly fingerprintKey: CryptoKey
}

/** Whose data key it is. Bound into the wrapped form: a wrapped key copied to another tenant does not open. */
export interface DataKeyOwner {
  readonly tenant: string
  readonly id: string
}

const dataKeyBytes = 32
const names = ['kid', 'tid', 'did']

export function generateDataKey (): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(dataKeyBytes))
}

export async function wrap (master: MasterKey, owner: DataKeyOwner, dataKey: Uint8Array): Promise<string> {
  if (dataKey.length !== dataKeyBytes) throw new TypeError(`a data key is ${dataKeyBytes} bytes long`)
  if (owner.tenant === '' || owner.id === '') throw new TypeError('a data key belongs to a tenant and has an id')
  return await encrypt({ alg: 'A256GCMKW', kid: master.id, tid: owner.tenant, did: owner.id }, master.key, dataKey)
}

export async function unwrap (keyring: Keyring, owner: DataKeyOwner, wrapped: string): Promise<Uint8Array> {
  const header = readHeader(wrapped, 'A256GCMKW', names)
  const master = keyring.byId.get(String(header.kid))
  if (master === undefined) throw new VaultError('unknown_key', 'a data key is wrapped by a master key that is not among the master keys of this process')
  const dataKey = await decrypt(wrapped, 'A256GCMKW', master.key)
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
export async function importDataKey (id: string, bytes: Uint8Array): Promise<DataKey> {
  const raw = Uint8Array.from(bytes)
  bytes.fill(0)
  const [key, secret] = await Promise.all([
    crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt']),
    crypto.subtle.importKey('raw', raw, 'HKDF', false, ['deriveKey'])
  ])
  raw.fill(0)
  const derivation = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info: Buffer.from('pasarela vault fingerprint 1') }
  const fingerprintKey = await crypto.subtle.deriveKey(derivation, secret, { name: 'HMAC', hash: 'SHA-256', length: 256 }, false, ['sign'])
  return { id, key, fingerprintKey }
}
