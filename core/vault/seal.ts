import type { DataKey } from './data-keys.ts'
import { decrypt, encrypt, expectBound, readHeader } from './jwe.ts'
import { VaultError } from './vault-error.ts'

/** The one place where a sealed value may be opened. All of it is bound into the ciphertext. */
export interface Binding {
  readonly tenant: string
  /** The object that the value belongs to: a connection, a certificate, a request … */
  readonly subject: string
  /** What it is for: `secret_key`, `webhook_secret`, `request`, `idempotent_answer` … */
  readonly use: string
  /** Which one, where a value is replaced: an older row put back does not open as the newer. */
  readonly version: number
}

type SealingKey = Pick<DataKey, 'id' | 'key'>

const names = ['kid', 'tid', 'sid', 'use', 'v']
const utf8 = new TextEncoder()

export function seal (dataKey: SealingKey, binding: Binding, plaintext: Uint8Array | string): string {
  const bytes = typeof plaintext === 'string' ? utf8.encode(plaintext) : plaintext
  return encrypt({ kid: dataKey.id, ...boundNames(binding) }, dataKey.key, bytes)
}

export function open (dataKey: SealingKey, binding: Binding, jwe: string): Uint8Array {
  const bound = boundNames(binding)
  const header = readHeader(jwe, 'dir', names)
  if (header.kid !== dataKey.id) throw new VaultError('unknown_key', 'the value is sealed with another data key')
  const plaintext = decrypt(jwe, dataKey.key)
  expectBound(header, bound)
  return plaintext
}

/** Which key a sealed value asks for. Says nothing about whether it is genuine. */
export function sealedWith (jwe: string): { tenant: string, dataKeyId: string } {
  const header = readHeader(jwe, 'dir', names)
  return { tenant: String(header.tid), dataKeyId: String(header.kid) }
}

function boundNames ({ tenant, subject, use, version }: Binding): { tid: string, sid: string, use: string, v: number } {
  // An absent id would bind every value to the same nowhere.
  if (!tenant || !subject || !use || !Number.isSafeInteger(version)) throw new TypeError('a value is sealed for a tenant, a subject, a use and a whole version')
  return { tid: tenant, sid: subject, use, v: version }
}
