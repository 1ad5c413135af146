import { createHash, randomBytes } from 'node:crypto'
import type { Mode } from '../adapter/context.ts'

export interface NewKey {
  /** Shown once, and kept nowhere. */
  key: string
  hash: Buffer
  /** By which a person recognises it in a list. */
  hint: string
}

export type Random = (bytes: number) => Buffer

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const secretBytes = 32
/** 62^43 is just above 2^256. */
const secretLength = 43
const shape = new RegExp(`^pas_(?:test|live)_[${alphabet}]{${secretLength}}$`)

/** An API key of 256 random bits. Tenants', partners' and the platform's look alike: what a key may do is its row's to say. */
export function makeKey (mode: Mode, random: Random = randomBytes): NewKey {
  const key = `pas_${mode}_${base62(random(secretBytes))}`
  return { key, hash: hashSecret(key), hint: `${key.slice(0, 13)}…${key.slice(-4)}` }
}

/** What cannot be one of our keys is not asked of the database. */
export function looksLikeKey (text: string): boolean {
  return shape.test(text)
}

/** Of a secret with 256 random bits: nobody guesses those, so that a fast hash is enough, and it can be looked up. */
export function hashSecret (secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}

function base62 (bytes: Buffer): string {
  let rest = BigInt(`0x${bytes.toString('hex')}`)
  let text = ''
  while (text.length < secretLength) {
    text = alphabet[Number(rest % 62n)]! + text
    rest /= 62n
  }
  return text
}
