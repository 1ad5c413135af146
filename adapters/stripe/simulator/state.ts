import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Seeded } from './ids.ts'
import { watch, type Due } from './agenda.ts'
import { listening } from './events.ts'
import type { Timers } from './later.ts'
import { watchRefund } from './refunds.ts'
import type { Shelf } from './shelf.ts'
import { emptyBooks, refer, shelfNames, type Books, type Door, type World } from './world.ts'

const debounceMs = 200
const format = 2

type SavedBooks = Record<typeof shelfNames[number], unknown[]> & {
  fates: [string, 'succeeded' | 'failed'][]
  idempotency: [string, unknown][]
  madeBy: [string, string][]
  paidOut: [string, string][]
  agenda: [string, Due][]
  removedCustomers: string[]
}
interface Saved {
  format: number
  seed: number | null
  accounts: { id: string, created: number, country: string, platforms: string[], test: SavedBooks, live: SavedBooks }[]
  doors: [string, Omit<Door, 'books'> & { account: string, livemode: boolean }][]
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
      format,
      seed: this.#seed?.state() ?? null,
      accounts: [...this.#world.accounts.values()].map(account => ({ ...account, test: pack(account.test), live: pack(account.live) })),
      doors: [...this.#world.doors].map(([key, { books, ...door }]) => [key, { ...door, account: books.account, livemode: books.livemode }])
    }
    mkdirSync(dirname(this.#path), { recursive: true })
    const draft = `${this.#path}.${process.pid}.tmp`
    writeFileSync(draft, JSON.stringify(saved), { mode: 0o600 })
    renameSync(draft, this.#path)
  }

  static read (path: string): Saved | undefined {
    try {
      const saved = JSON.parse(readFileSync(path, 'utf8')) as Saved
      // What an earlier simulator kept is of another shape: it starts anew.
      return saved.format === format ? saved : undefined
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
    }
    for (const [key, { account, livemode, ...door }] of saved.doors) {
      const home = world.accounts.get(account)
      if (home !== undefined) world.doors.set(key, { ...door, books: livemode ? home.live : home.test })
    }
    for (const { test, live } of world.accounts.values()) for (const each of [test, live]) resume(world, each)
  }
}

function resume (world: World, books: Books): void {
  for (const intent of books.paymentIntents.items) {
    world.intents.set(intent.id, books)
    refer(world, intent, intent.owner?.kind === 'invoice' ? books.invoices.get(intent.owner.id)?.parent?.subscription_details.metadata : undefined)
  }
  for (const refund of books.refunds.items) {
    const siblings = books.refundsByCharge.get(refund.charge)
    if (siblings === undefined) books.refundsByCharge.set(refund.charge, [refund.id])
    else siblings.push(refund.id)
  }
  for (const id of books.fates.keys()) watchRefund(world, books, id)
  for (const due of books.agenda.values()) watch(world, books, due)
  const homes = listening(world, books)
  for (const event of books.events.items) {
    for (const { books: home, endpoint } of homes) if (event.undelivered.includes(endpoint.id)) world.deliveries.add(home, event, endpoint.id)
  }
}

function pack (books: Books): SavedBooks {
  return {
    ...Object.fromEntries(shelfNames.map(name => [name, books[name].items])) as Record<typeof shelfNames[number], unknown[]>,
    fates: [...books.fates],
    idempotency: [...books.idempotency].filter(([, { answer }]) => answer !== undefined),
    madeBy: [...books.madeBy],
    paidOut: [...books.paidOut],
    agenda: [...books.agenda],
    removedCustomers: [...books.customers.removed]
  }
}

function unpack (saved: SavedBooks, account: string, livemode: boolean): Books {
  const books = emptyBooks(account, livemode)
  for (const name of shelfNames) (books[name] as Shelf<{ id: string, created: number }>).replace(saved[name] as { id: string, created: number }[])
  for (const id of saved.removedCustomers) books.customers.removed.add(id)
  return { ...books, fates: new Map(saved.fates), idempotency: new Map(saved.idempotency as [string, never][]), madeBy: new Map(saved.madeBy), paidOut: new Map(saved.paidOut), agenda: new Map(saved.agenda) }
}
