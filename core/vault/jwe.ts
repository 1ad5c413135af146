import { CompactEncrypt, compactDecrypt, errors } from 'jose'
import type { KeyObject } from 'node:crypto'
import { VaultError } from './vault-error.ts'

const enc = 'A256GCM'

type Algorithm = 'dir' | 'A256GCMKW'

/** What we write into the protected header ourselves; `enc` and what the algorithm adds come on top. */
export type Header = Readonly<{ alg: Algorithm } & Record<string, string | number>>

/** Header names that each algorithm adds. */
const added: Readonly<Record<Algorithm, readonly string[]>> = { dir: ['enc'], A256GCMKW: ['enc', 'iv', 'tag'] }

export async function encrypt (header: Header, key: CryptoKey | KeyObject, plaintext: Uint8Array): Promise<string> {
  return await new CompactEncrypt(plaintext).setProtectedHeader({ ...header, enc }).encrypt(key)
}

/**
 * The protected header of a compact JWE, before anything is proved about it. It must hold exactly the names that we write:
 * so there is no `zip` and no `crit` for the decryption to act upon. (`decrypt` pins the algorithms.)
 */
export function readHeader (jwe: string, alg: Algorithm, names: readonly string[]): Record<string, unknown> {
  const parts = typeof jwe === 'string' ? jwe.split('.') : []
  if (parts.length !== 5 || !parts.every(isCanonical)) throw malformed('it is not a compact JWE')
  const header = parse(parts[0]!)
  const expected = ['alg', ...names, ...added[alg]].sort()
  if (Object.keys(header).sort().join() !== expected.join()) throw malformed('its header does not hold the expected names')
  return header
}

export async function decrypt (jwe: string, alg: Algorithm, key: CryptoKey | KeyObject): Promise<Uint8Array> {
  try {
    const { plaintext } = await compactDecrypt(jwe, key, { keyManagementAlgorithms: [alg], contentEncryptionAlgorithms: [enc] })
    return plaintext
  } catch (error) {
    if (error instanceof errors.JWEDecryptionFailed) throw new VaultError('tampered', 'the sealed value was changed after it was sealed, or sealed with another key of the same id')
    if (error instanceof errors.JOSEError) throw malformed('it cannot be read as a JWE')
    throw error
  }
}

/** Genuine is not enough: the value must have been sealed for this very place. */
export function expectBound (header: Record<string, unknown>, bound: Readonly<Record<string, string | number>>): void {
  const differing = Object.keys(bound).filter(name => header[name] !== bound[name])
  if (differing.length > 0) throw new VaultError('misplaced', `the sealed value belongs elsewhere: ${differing.join(', ')} differ`)
}

/** Base64url has several spellings of the same bytes (spare bits of the last character); only one is what we wrote. */
function isCanonical (part: string): boolean {
  return Buffer.from(part, 'base64url').toString('base64url') === part
}

function parse (part: string): Record<string, unknown> {
  try {
    const header: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    if (typeof header === 'object' && header !== null && !Array.isArray(header)) return header as Record<string, unknown>
  } catch {
    // The answer is the same whatever the parser said, and its message quotes the input.
  }
  throw malformed('its header is not a JSON object')
}

function malformed (why: string): VaultError {
  return new VaultError('malformed', `not a sealed value: ${why}`)
}
