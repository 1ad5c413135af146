/**
 * Opens one PKCS#12 file and ends. It runs in a thread of its own (`p12.ts`), because a file decides how much work it is, and
 * the parser is synchronous. node-forge reads the containers (it also knows RC2, which OpenSSL 3 refuses); key derivation is
 * replaced by Node's own, which is many times faster and where the number of rounds is looked at before any is run.
 */
import { hash, pbkdf2Sync } from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'
import forge from 'node-forge'

export interface P12Task {
  bytes: Uint8Array
  /** What the passphrase may have been when the file was made: tried in this order. */
  passphrases: string[]
  maxRounds: number
}

export interface OpenedP12 {
  /** The passphrase that opened it. */
  passphrase: string
  /** PKCS#8, in clear. */
  keys: Uint8Array[]
  /** DER, byte for byte. */
  certificates: Uint8Array[]
}

export type P12Problem = 'passphrase' | 'key_passphrase' | 'rounds' | 'unsupported' | 'unreadable' | 'no_mac'
export type P12Outcome = { opened: OpenedP12 } | { problem: P12Problem, detail: string }

class TooManyRounds extends Error {}

/** node-forge's types leave these out. */
const internals = forge as unknown as {
  asn1: { fromDer: (input: unknown, options?: unknown) => forge.asn1.Asn1 }
  pki: { certificateFromAsn1: () => never, privateKeyFromAsn1: () => never, pbe: { generatePkcs12Key: typeof deriveP12 } }
  pkcs12: { generateKey: typeof deriveP12 }
  pkcs5: { pbkdf2: typeof derivePbkdf2 }
}

const { bytes, passphrases, maxRounds } = workerData as P12Task
/** Of what was read from bytes: the bytes. What is written anew may differ, and a certificate's digest with it. */
const originals = new WeakMap<object, string>()
let passwordEncoding: 'utf8' | 'latin1' = 'utf8'

const fromDer = internals.asn1.fromDer
internals.asn1.fromDer = (input, options) => {
  const raw = typeof input === 'string' ? input : (input as forge.util.ByteBuffer).bytes()
  const node = fromDer(input, options)
  originals.set(node, raw)
  return node
}
// Then the bag keeps what it read, elliptic curves included.
const keepAsn1 = (): never => { throw new Error('kept as it is') }
internals.pki.certificateFromAsn1 = keepAsn1
internals.pki.privateKeyFromAsn1 = keepAsn1
internals.pki.pbe.generatePkcs12Key = deriveP12
internals.pkcs12.generateKey = deriveP12
internals.pkcs5.pbkdf2 = derivePbkdf2

parentPort!.postMessage(open())

function open (): P12Outcome {
  let outcome: P12Outcome = { problem: 'unreadable', detail: '' }
  const input = Buffer.from(bytes).toString('latin1')
  for (const encoding of ['utf8', 'latin1'] as const) {
    passwordEncoding = encoding
    for (const passphrase of passphrases) {
      // Both encodings of plain ASCII are the same bytes.
      if (encoding === 'latin1' && !/[^\x00-\x7f]/.test(passphrase)) continue // eslint-disable-line no-control-regex
      outcome = attempt(input, passphrase)
      if ('opened' in outcome || !['passphrase', 'key_passphrase'].includes(outcome.problem)) return outcome
    }
  }
  return outcome
}

function attempt (input: string, passphrase: string): P12Outcome {
  let pfx: forge.asn1.Asn1
  try {
    pfx = forge.asn1.fromDer(input)
  } catch (error) {
    return { problem: 'unreadable', detail: (error as Error).message }
  }
  if (!Array.isArray(pfx.value) || pfx.value.length < 3) return { problem: 'no_mac', detail: '' }
  try {
    const { safeContents } = forge.pkcs12.pkcs12FromAsn1(pfx, false, passphrase)
    const bags = safeContents.flatMap(({ safeBags }) => safeBags)
    const of = (...types: string[]) => bags.filter(({ type }) => types.includes(type)).map(({ asn1 }) => asn1)
    return {
      opened: {
        passphrase,
        keys: of(forge.pki.oids.pkcs8ShroudedKeyBag!, forge.pki.oids.keyBag!).map(node => toBytes(forge.asn1.toDer(node).getBytes())),
        certificates: of(forge.pki.oids.certBag!).map(node => toBytes(originals.get(node) ?? forge.asn1.toDer(node).getBytes()))
      }
    }
  } catch (error) {
    return problemOf(error as Error)
  }
}

/** Told apart by node-forge's sentences (1.4): it has no codes. */
function problemOf (error: Error): P12Outcome {
  const detail = error.message
  if (error instanceof TooManyRounds) return { problem: 'rounds', detail }
  if (/MAC could not be verified/.test(detail)) return { problem: 'passphrase', detail }
  // The seal over the file was right, so it is not the passphrase of the file.
  if (/wrong password|Failed to decrypt/i.test(detail)) return { problem: 'key_passphrase', detail }
  if (/unsupported|not supported|Unsupported|Cannot read encrypted|password integrity/i.test(detail)) return { problem: 'unsupported', detail }
  return { problem: 'unreadable', detail }
}

function toBytes (binary: string): Uint8Array {
  return new Uint8Array(Buffer.from(binary, 'latin1'))
}

function guard (rounds: number): void {
  if (rounds > maxRounds) throw new TooManyRounds(String(rounds))
}

type Digest = { algorithm: string, blockLength: number, digestLength: number } | null | undefined

/** PBKDF2 of RFC 8018. OpenSSL and Java give it the passphrase in UTF-8; some older programs in Latin-1. */
function derivePbkdf2 (password: string, salt: string, rounds: number, length: number, digest?: Digest | string): string {
  guard(rounds)
  const name = typeof digest === 'string' ? digest : digest?.algorithm ?? 'sha1'
  return pbkdf2Sync(Buffer.from(password, passwordEncoding), Buffer.from(salt, 'latin1'), rounds, length, name).toString('latin1')
}

/** The key derivation of RFC 7292, appendix B.2. */
function deriveP12 (password: string, salt: forge.util.ByteBuffer, id: number, rounds: number, length: number, digest?: Digest): forge.util.ByteBuffer {
  guard(rounds)
  if (!(rounds >= 1)) throw new Error('a number of rounds below 1 is not supported')
  const { algorithm, blockLength: block } = digest ?? { algorithm: 'sha1', blockLength: 64 }
  const secret = Buffer.from(`${password}\0`, 'utf16le').swap16()
  const filled = (source: Buffer): Buffer => source.length === 0 ? source : Buffer.alloc(block * Math.ceil(source.length / block), source)
  let input = Buffer.concat([filled(Buffer.from(salt.bytes(), 'latin1')), filled(secret)])
  const derived: Buffer[] = []
  for (let have = 0; have < length;) {
    let part: Buffer = hash(algorithm, Buffer.concat([Buffer.alloc(block, id), input]), 'buffer')
    for (let round = 1; round < rounds; round++) part = hash(algorithm, part, 'buffer')
    derived.push(part)
    have += part.length
    input = addToBlocks(input, Buffer.alloc(block, part))
  }
  return forge.util.createBuffer(Buffer.concat(derived).subarray(0, length).toString('latin1'))
}

/** Each block of `input` plus `addend` plus one, modulo 2^(8 · block). */
function addToBlocks (input: Buffer, addend: Buffer): Buffer<ArrayBuffer> {
  const result = Buffer.alloc(input.length)
  for (let start = 0; start < input.length; start += addend.length) {
    let carry = 1
    for (let index = addend.length - 1; index >= 0; index--) {
      carry += input[start + index]! + addend[index]!
      result[start + index] = carry & 0xff
      carry >>= 8
    }
  }
  return result
}
