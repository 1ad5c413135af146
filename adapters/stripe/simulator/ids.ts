/** Where chance comes from, so that a seed gives the same ids again. */
export type Random = () => number

/** mulberry32: small, fast, good enough for ids. `state` lets a saved simulator go on where it stopped. */
export interface Seeded { random: Random, state: () => number }

export function seeded (seed: number): Seeded {
  let a = seed >>> 0
  return {
    state: () => a,
    random: () => {
      a = (a + 0x6D2B79F5) >>> 0
      let t = a
      t = Math.imul(t ^ (t >>> 15), t | 1)
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296
    }
  }
}

export type MakeId = (prefix: string, length?: number) => string

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const chunk = 5
const chunkRange = alphabet.length ** chunk

/** Stripe's ids: a prefix and base62 characters. */
export function idMaker (random: Random): MakeId {
  return (prefix, length = 23) => {
    let id = ''
    while (id.length < length) {
      let value = Math.floor(random() * chunkRange)
      for (let i = 0; i < chunk; i++) {
        id += alphabet[value % 62]
        value = Math.floor(value / 62)
      }
    }
    return prefix + id.slice(0, length)
  }
}

/** As many decimal digits. */
export function digits (make: MakeId, length: number): string {
  return [...make('', length)].map(each => each.charCodeAt(0) % 10).join('')
}
