import { CompactEncrypt, compactDecrypt, errors } from 'jose'
import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto'
import { randomPart } from '../random.ts'
import { VaultError } from './vault-error.ts'

const enc = 'A256GCM'
const ivBytes = 12
const tagBytes = 16

type Algorithm = 'dir' | 'A256GCMKW'

type Names = Readonly<Record<string, string | number>>

/** Header names that each algorithm adds to ours. */
const added: Readonly<Record<Algorithm, readonly string[]>> = { dir: ['enc'], A256GCMKW: ['enc', 'iv', 'tag'] }

/** Wraps one key by another (A256GCMKW): `names` go into the protected header. */
export async function wrapKey (names: Names, key: CryptoKey | KeyObject, plaintext: Uint8Array): Promise<string> {
  return await new CompactEncrypt(plaintext).setProtectedHeader({ alg: 'A256GCMKW', ...names, enc }).encrypt(key)
}

export async function unwrapKey (jwe: string, key: CryptoKey | KeyObject): Promise<Uint8Array> {
  try {
    const { plaintext } = await compactDecrypt(jwe, key, { keyManagementAlgorithms: ['A256GCMKW'], contentEncryptionAlgorithms: [enc] })
    return plaintext
  } catch (error) {
    if (error instanceof errors.JWEDecryptionFailed) throw tampered()
    if (error instanceof errors.JOSEError) throw malformed('it cannot be read as a JWE')
    throw error
  }
}

/**
 * Compact JWE with `alg: dir` (RFC 7516 §7.1; RFC 7518 §4.5, §5.3), as jose writes and reads it: the tests have each read what
 * the other wrote. Ours because a webhook or a payment seals several values, and a turn through WebCrypto's threads costs
 * many times what the cipher costs (decision 0010).
 */
export function encrypt (names: Names, key: KeyObject, plaintext: Uint8Array): string {
  const header = Buffer.from(JSON.stringify({ alg: 'dir', ...names, enc })).toString('base64url')
  const iv = randomPart(ivBytes)
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  cipher.setAAD(Buffer.from(header, 'ascii'))
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()])
  return `${header}..${iv.toString('base64url')}.${ciphertext.toString('base64url')}.${cipher.getAuthTag().toString('base64url')}`
}

/** Of a value whose header `readHeader` has read. */
export function decrypt (jwe: string, key: KeyObject): Uint8Array {
  const [header, encryptedKey, ...rest] = jwe.split('.') as [string, string, string, string, string]
  const [iv, ciphertext, tag] = rest.map(part => Buffer.from(part, 'base64url')) as [Buffer, Buffer, Buffer]
  // A short tag would be an easy one: GCM takes any length that it is given.
  if (encryptedKey !== '' || iv.length !== ivBytes || tag.length !== tagBytes) throw malformed('its parts have wrong lengths')
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: tagBytes })
  decipher.setAAD(Buffer.from(header, 'ascii'))
  decipher.setAuthTag(tag)
  const plaintext = decipher.update(ciphertext)
  try {
    decipher.final()
  } catch {
    throw tampered()
  }
  return plaintext
}

/**
 * The protected header of a compact JWE, before anything is proved about it. It must hold exactly the names that we write, and
 * their algorithms: so there is no `zip` and no `crit` for the decryption to act upon.
 */
export function readHeader (jwe: string, alg: Algorithm, names: readonly string[]): Record<string, unknown> {
  const parts = typeof jwe === 'string' ? jwe.split('.') : []
  if (parts.length !== 5 || !parts.every(isCanonical)) throw malformed('it is not a compact JWE')
  const header = parse(parts[0]!)
  const expected = ['alg', ...names, ...added[alg]].sort()
  if (Object.keys(header).sort().join() !== expected.join()) throw malformed('its header does not hold the expected names')
  if (header.alg !== alg || header.enc !== enc) throw malformed('its header names other algorithms')
  return header
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

function tampered (): VaultError {
  return new VaultError('tampered', 'the sealed value was changed after it was sealed, or sealed with another key of the same id')
}

function malformed (why: string): VaultError {
  return new VaultError('malformed', `not a sealed value: ${why}`)
}
