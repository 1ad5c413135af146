import { createPrivateKey, type KeyObject } from 'node:crypto'
import { type Der, DerError, oidOf, readDer, tags } from '../x509/der.ts'

/** What a file turned out to be, by its bytes: its name says nothing. */
export type Content =
  | { is: 'certificate' | 'encrypted_key' | 'clear_key' | 'p12', der: Buffer, wasText: boolean }
  | { is: 'empty' | 'request' | 'pkcs7' | 'zip' | 'java_store' | 'text' | 'unknown' }
  | { is: 'truncated', bytes: number, expected: number | undefined }
  | { is: 'trailing', extra: number }

/** All that a file holds: one thing, but for a text with several PEM blocks. */
export function contentsOf (bytes: Uint8Array): Content[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (buffer.length === 0 || buffer.every(octet => [0, 0x09, 0x0a, 0x0d, 0x20].includes(octet))) return [{ is: 'empty' }]
  const text = /^(?:\xef\xbb\xbf)?\s*[\x21-\x7e]/.test(buffer.subarray(0, 64).toString('latin1')) ? buffer.toString('latin1') : undefined
  if (text?.includes('-----BEGIN ')) return fromPem(text)
  if (text !== undefined && buffer[0] !== 0x30 && /^[A-Za-z0-9+/=\s]{100,}$/.test(text)) return [asText(ofDer(Buffer.from(text, 'base64')))]
  return [ofDer(buffer)]
}

const pemBlock = /-----BEGIN ([A-Z0-9 ]+)-----([^-]*)(-----END \1-----)?/g

/** What stands beside keys and certificates in text, and is not needed. */
const besideThem = new Set(['PUBLIC KEY', 'EC PARAMETERS', 'DH PARAMETERS', 'X509 CRL'])

function fromPem (text: string): Content[] {
  const blocks = [...text.matchAll(pemBlock)].filter(([, label]) => !besideThem.has(label!))
  if (blocks.length === 0) return [{ is: 'unknown' }]
  return blocks.map(([, label, body = '', end]): Content => {
    if (end === undefined) return { is: 'truncated', bytes: text.length, expected: undefined }
    // OpenSSL's own old way of encrypting keys: headers before the Base64.
    if (/Proc-Type:/.test(body)) return { is: 'unknown' }
    const found = ofDer(Buffer.from(body, 'base64'))
    if (/REQUEST/.test(label!)) return { is: 'request' }
    return asText(found)
  })
}

const asText = (content: Content): Content => 'der' in content ? { ...content, wasText: true } : content

function ofDer (buffer: Buffer): Content {
  if (buffer.subarray(0, 4).equals(Buffer.from('PK\x03\x04'))) return { is: 'zip' }
  if (['feedfeed', 'cececece'].includes(buffer.subarray(0, 4).toString('hex'))) return { is: 'java_store' }
  // BER with an open end, as some browsers exported it.
  if (/^3080020103/.test(buffer.subarray(0, 5).toString('hex'))) return { is: 'p12', der: buffer, wasText: false }
  if (buffer[0] !== tags.sequence) return { is: looksLikeText(buffer) ? 'text' : 'unknown' }
  try {
    const is = kindOf(readDer(buffer))
    return is === 'request' || is === 'pkcs7' || is === 'unknown' ? { is } : { is, der: buffer, wasText: false }
  } catch (error) {
    if (!(error instanceof DerError)) throw error
    // Within a file whose outer length is right, a shortage is damage of another kind.
    if (error.problem === 'truncated' && isShort(buffer, error)) return { is: 'truncated', bytes: buffer.length, expected: error.expectedBytes }
    return error.problem === 'trailing' ? { is: 'trailing', extra: buffer.length - error.expectedBytes! } : { is: 'unknown' }
  }
}

const isShort = (buffer: Buffer, { expectedBytes }: DerError): boolean => expectedBytes === undefined || expectedBytes > buffer.length

function looksLikeText (buffer: Buffer): boolean {
  return buffer.subarray(0, 512).every(octet => octet >= 0x20 || [0x09, 0x0a, 0x0d].includes(octet))
}

function kindOf (outer: Der): 'certificate' | 'encrypted_key' | 'clear_key' | 'p12' | 'request' | 'pkcs7' | 'unknown' {
  const parts = outer.children()
  const [first, second] = parts
  if (first?.tag === tags.oid) return oidOf(first) === '1.2.840.113549.1.7.2' ? 'pkcs7' : 'unknown'
  if (first?.tag === tags.integer) {
    if (first.content.equals(Buffer.from([3])) && second?.tag === tags.sequence) return 'p12'
    // PKCS#8 has an algorithm in second place, PKCS#1 the modulus.
    return second?.tag === tags.sequence || (second?.tag === tags.integer && parts.length >= 9) ? 'clear_key' : 'unknown'
  }
  if (first?.tag !== tags.sequence) return 'unknown'
  if (parts.length === 2 && second?.tag === tags.octetString) return 'encrypted_key'
  if (parts.length !== 3 || second?.tag !== tags.sequence || parts[2]?.tag !== tags.bitString) return 'unknown'
  // A request for a certificate has version 0 and no serial number.
  const [version, next] = first.children()
  return version?.tag === tags.integer && version.content.equals(Buffer.from([0])) && next?.tag === tags.sequence && first.children().length === 4 ? 'request' : 'certificate'
}

// --- keys ---------------------------------------------------------------------------------------------------------------

/** What a person may mean by a passphrase: as written, composed and decomposed, and without the white space that came along. */
export function passphraseVariants (passphrase: string): string[] {
  return [...new Set([passphrase, passphrase.normalize('NFC'), passphrase.normalize('NFD'), passphrase.trim()])]
}

export type OpenedKey = { key: KeyObject, passphrase: string } | { problem: 'passphrase' | 'rounds' | 'unsupported' }

/**
 * Opens an encrypted PKCS#8 key. Programs give the passphrase to the cipher in UTF-8 or in Latin-1: both are tried. More rounds
 * than `maxRounds` are refused before any is run: this does not happen in a thread of its own.
 */
export function openKey (der: Buffer, passphrase: string, maxRounds = 100_000): OpenedKey {
  const scheme = schemeOf(der)
  if (scheme.rounds > maxRounds) return { problem: 'rounds' }
  let last: OpenedKey = { problem: 'passphrase' }
  for (const variant of passphraseVariants(passphrase)) {
    for (const encoded of [Buffer.from(variant), ...isAscii(variant) ? [] : [Buffer.from(variant, 'latin1')]]) {
      try {
        return { key: createPrivateKey({ key: der, format: 'der', type: 'pkcs8', passphrase: encoded }), passphrase: variant }
      } catch (error) {
        last = { problem: scheme.known ? problemOf(error as NodeJS.ErrnoException) : 'unsupported' }
      }
    }
  }
  return last
}

const isAscii = (text: string): boolean => /^[\x00-\x7f]*$/.test(text) // eslint-disable-line no-control-regex

/** A wrong passphrase shows as bad padding, or, once in 256 times, as a key that is none: the two cannot be told apart. */
function problemOf ({ code = '' }: NodeJS.ErrnoException): 'passphrase' | 'unsupported' {
  return /UNSUPPORTED|UNKNOWN_CIPHER|UNKNOWN_PBE|INVALID_DIGEST/.test(code) ? 'unsupported' : 'passphrase'
}

const pbes2 = '1.2.840.113549.1.5.13'
const pbkdf2 = '1.2.840.113549.1.5.12'

/** The rounds of an EncryptedPrivateKeyInfo, and whether its scheme is one that OpenSSL 3 may know. */
function schemeOf (der: Buffer): { known: boolean, rounds: number } {
  try {
    const [scheme, parameters] = readDer(der).children()[0]!.children()
    const id = oidOf(scheme!)
    if (id !== pbes2) {
      // PKCS#12's own and PKCS#5 v1: {salt, rounds}.
      return { known: id.startsWith('1.2.840.113549.1.12.1.') || id.startsWith('1.2.840.113549.1.5.'), rounds: integerOf(parameters!.children()[1]!) }
    }
    const [derivation, cipher] = parameters!.children()
    const [name, options] = derivation!.children()
    return { known: oidOf(name!) === pbkdf2 && cipher?.tag === tags.sequence, rounds: oidOf(name!) === pbkdf2 ? integerOf(options!.children()[1]!) : Infinity }
  } catch {
    return { known: false, rounds: 0 }
  }
}

function integerOf ({ tag, content }: Der): number {
  if (tag !== tags.integer) throw new DerError('malformed', 'not an integer')
  return content.length > 6 ? Infinity : Number(`0x${content.toString('hex') || '0'}`)
}

/** A key that stands in clear; undefined when it is none. */
export function openClearKey (der: Buffer): KeyObject | undefined {
  for (const type of ['pkcs8', 'pkcs1'] as const) {
    try {
      return createPrivateKey({ key: der, format: 'der', type })
    } catch {} // the other one, or none
  }
}
