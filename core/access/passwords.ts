import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { HubError } from '../errors.ts'
import type { Random } from './keys.ts'

export interface Passwords {
  /** `like` is a hash of the same person elsewhere: see `check`. */
  hash: (password: string, like?: string) => Promise<string>
  /**
   * Whether the password is the one of each hash. However many hashes there are, none included, it costs one derivation
   * for each salt among them and at least one, so that the time does not tell whether the mail is known. A person who
   * works for several tenants has one salt at all of them (`hash (…, like)`), so it does not tell that either.
   */
  check: (password: string, hashes: readonly string[]) => Promise<Checked[]>
}

export interface Checked {
  matches: boolean
  /** Made with other costs than today's: hash again while the password is at hand. */
  outdated: boolean
}

export interface Costs { ln: number, r: number, p: number }
export type Derive = (password: string, salt: Buffer, costs: Costs) => Promise<Buffer>

export interface PasswordOptions {
  costs?: Costs
  derive?: Derive
  random?: Random
}

/** https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html names N=2^15, r=8, p=3 and up; p=1 here, because the library threads are few. */
const defaultCosts: Costs = { ln: 15, r: 8, p: 1 }
const keyBytes = 32
const saltBytes = 16

/** Passwords as `$scrypt$ln=15,r=8,p=1$salt$hash`. */
export function createPasswords ({ costs = defaultCosts, derive = derived, random = randomBytes }: PasswordOptions = {}): Passwords {
  const encoded = `ln=${costs.ln},r=${costs.r},p=${costs.p}`

  return {
    async hash (password, like) {
      const salt = (like === undefined ? undefined : read(like)?.salt) ?? random(saltBytes)
      const key = await derive(normal(password), salt, costs)
      return `$scrypt$${encoded}$${salt.toString('base64url')}$${key.toString('base64url')}`
    },

    async check (password, hashes) {
      const readable = hashes.map(read)
      const asked = new Map(readable.flatMap(each => each === undefined ? [] : [[each.prefix, each]]))
      const keys = new Map<string, Buffer>()
      for (const { prefix, salt, costs } of asked.values()) keys.set(prefix, await derive(normal(password), salt, costs))
      if (asked.size === 0) await derive(normal(password), Buffer.alloc(saltBytes), costs)
      return readable.map(each => {
        const key = each === undefined ? undefined : keys.get(each.prefix)
        const matches = each !== undefined && key !== undefined && key.length === each.key.length && timingSafeEqual(key, each.key)
        return { matches, outdated: each?.encoded !== encoded }
      })
    }
  }
}

interface Read { prefix: string, encoded: string, costs: Costs, salt: Buffer, key: Buffer }

function read (hash: string): Read | undefined {
  const [, prefix, encoded, ln, r, p, salt, key] = /^(\$scrypt\$(ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2}))\$([\w-]+))\$([\w-]+)$/.exec(hash) ?? []
  if (prefix === undefined || encoded === undefined) return
  return { prefix, encoded, costs: { ln: Number(ln), r: Number(r), p: Number(p) }, salt: Buffer.from(salt!, 'base64url'), key: Buffer.from(key!, 'base64url') }
}

/** Keyboards write the same letter in several ways. */
function normal (password: string): string {
  return password.normalize('NFKC')
}

// One derivation takes 32 MB and a tenth of a second of a thread that signing and DNS share: two at a time, and no endless queue.
const atOnceMost = 2
const waitingMost = 100
let running = 0
const waiting: (() => void)[] = []

async function derived (password: string, salt: Buffer, { ln, r, p }: Costs): Promise<Buffer> {
  if (running >= atOnceMost) {
    if (waiting.length >= waitingMost) throw new HubError('unavailable', { retryAfterMs: 5000, internal: { problem: 'too many passwords are being checked' } })
    await new Promise<void>(resolve => waiting.push(resolve))
  } else {
    running++
  }
  try {
    return await new Promise((resolve, reject) => {
      scrypt(password, salt, keyBytes, { N: 2 ** ln, r, p, maxmem: 256 * 2 ** ln * r }, (error, key) => { if (error === null) resolve(key); else reject(error) })
    })
  } finally {
    const next = waiting.shift()
    if (next === undefined) running--
    else next()
  }
}

/** Those of this process: the queue above is shared in any case. */
export const passwords = createPasswords()
