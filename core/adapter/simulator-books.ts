import { createHash, randomInt } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Effects } from './simulator.ts'

/** What a simulator remembers: its accounts, between starts too where it has a file, and ids that the same seed gives again. */
export interface Books<Account> {
  accounts: Map<string, Account>
  /** What all accounts have of it. */
  everywhere: <T>(pick: (account: Account) => readonly T[]) => T[]
  /** No number comes twice. */
  serial: () => number
  /** 64 hexadecimal digits, new ones each time. */
  digest: () => string
  /** Something is to be written down, soon. */
  changed: () => void
  close: () => void
}

export interface BooksOptions<Account> {
  /** The same seed gives the same ids. */
  seed?: number
  stateFile?: string
  keyOf: (account: Account) => string
  /** An account as JSON can hold it, and back. */
  toJson?: (account: Account) => unknown
  fromJson?: (kept: Account) => Account
}

const saveAfterMs = 200

export function openBooks<Account> ({ seed = randomInt(2 ** 32), stateFile, keyOf, toJson = account => account, fromJson = kept => kept }: BooksOptions<Account>): Books<Account> {
  const saved = stateFile !== undefined && existsSync(stateFile) ? JSON.parse(readFileSync(stateFile, 'utf8')) as { serial: number, accounts: Account[] } : { serial: 0, accounts: [] }
  const accounts = new Map(saved.accounts.map(kept => fromJson(kept)).map(account => [keyOf(account), account]))
  let { serial } = saved
  let timer: NodeJS.Timeout | undefined

  const save = (file: string): void => {
    timer = undefined
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(`${file}.tmp`, JSON.stringify({ serial, accounts: [...accounts.values()].map(toJson) }), { mode: 0o600 })
    renameSync(`${file}.tmp`, file)
  }

  return {
    accounts,
    everywhere: pick => [...accounts.values()].flatMap(pick),
    serial: () => ++serial,
    digest: () => createHash('sha256').update(`${seed} ${++serial}`).digest('hex'),
    changed () { if (stateFile !== undefined) timer ??= setTimeout(save, saveAfterMs, stateFile).unref() },
    close () {
      if (timer === undefined || stateFile === undefined) return
      clearTimeout(timer)
      save(stateFile)
    }
  }
}

/** What happened under one reference, of what the simulator counted of each of its objects. */
export function sumOfEffects (counted: readonly Partial<Effects>[]): Effects {
  const sum = (of: keyof Effects): number => counted.reduce((total, effects) => total + (effects[of] ?? 0), 0)
  return { charges: sum('charges'), captures: sum('captures'), refunds: sum('refunds'), cancellations: sum('cancellations'), stamps: sum('stamps') }
}
