import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Seeded } from './ids.ts'
import type { Timers } from './later.ts'
import { watchHold } from './intent-machine.ts'
import { watchRefund } from './refunds.ts'
import type { Shelf } from './shelf.ts'
import { emptyBooks, quietCall, refer, type Books, type World } from './world.ts'

const debounceMs = 200
const shelves = ['paymentIntents', 'charges', 'refunds', 'paymentMethods', 'tokens', 'customers', 'balanceTransactions', 'endpoints', 'events'] as const

type SavedBooks = Record<typeof shelves[number], unknown[]> & { fates: [string, 'succeeded' | 'failed'][], idempotency: [string, unknown][] }
interface Saved {
  seed: number | null
  accounts: { id: string, created: number, country: string, test: SavedBooks, live: SavedBooks }[]
}

/** Keeps the books in a file, so that a simulator that starts again finds its payments. */
export class StateFile {
  readonly #path: string
  readonly #world: World
  readonly #seed: Seeded | undefined
  readonly #timers: Timers
  #timer: unknown

  constructor (path: string, world: World, seed: Seeded | undefined, timers: Timers) {
    this.#path = path
    this.#world = world
    this.#seed = seed
    this.#timers = timers
  }

  changed (): void {
    this.#timer ??= this.#timers.set(() => this.save(), debounceMs)
  }

  save (): void {
    this.#timers.clear(this.#timer)
    this.#timer = undefined
    const saved: Saved = {
      seed: this.#seed?.state() ?? null,
      accounts: [...this.#world.accounts.values()].map(account => ({ ...account, test: pack(account.test), live: pack(account.live) }))
    }
    mkdirSync(dirname(this.#path), { recursive: true })
    const draft = `${this.#path}.${process.pid}.tmp`
    writeFileSync(draft, JSON.stringify(saved), { mode: 0o600 })
    renameSync(draft, this.#path)
  }

  static read (path: string): Saved | undefined {
    try {
      return JSON.parse(readFileSync(path, 'utf8')) as Saved
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }

  /** Puts what was saved back, and goes on with what was under way. */
  static restore (saved: Saved, world: World): void {
    for (const { test, live, ...account } of saved.accounts) {
      const books = { test: unpack(test, account.id, false), live: unpack(live, account.id, true) }
      world.accounts.set(account.id, { ...account, ...books })
      for (const each of [books.test, books.live]) resume(world, each)
    }
  }
}

function resume (world: World, books: Books): void {
  for (const intent of books.paymentIntents.items) {
    world.intents.set(intent.id, books)
    refer(world, intent)
    if (intent.attempt !== null) world.attempts.set(intent.attempt, { books, intent: intent.id })
    if (intent.wire.status === 'requires_capture') watchHold(quietCall(world, books), intent)
  }
  for (const refund of books.refunds.items) {
    const siblings = books.refundsByCharge.get(refund.charge)
    if (siblings === undefined) books.refundsByCharge.set(refund.charge, [refund.id])
    else siblings.push(refund.id)
  }
  for (const id of books.fates.keys()) watchRefund(world, books, id)
  for (const event of books.events.items) for (const endpoint of event.undelivered) world.deliveries.add(books, event, endpoint)
}

function pack (books: Books): SavedBooks {
  return {
    ...Object.fromEntries(shelves.map(name => [name, books[name].items])) as Record<typeof shelves[number], unknown[]>,
    fates: [...books.fates],
    idempotency: [...books.idempotency].filter(([, { answer }]) => answer !== undefined)
  }
}

function unpack (saved: SavedBooks, account: string, livemode: boolean): Books {
  const books = emptyBooks(account, livemode)
  for (const name of shelves) (books[name] as Shelf<{ id: string, created: number }>).replace(saved[name] as { id: string, created: number }[])
  return { ...books, fates: new Map(saved.fates), idempotency: new Map(saved.idempotency as [string, never][]) }
}
