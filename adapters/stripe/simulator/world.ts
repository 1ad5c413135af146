import type { MakeId } from './ids.ts'
import type { Deliveries } from './deliveries.ts'
import type { Later } from './later.ts'
import type { StoredAnswer } from './idempotency.ts'
import type { BalanceTransaction, Charge, Customer, EndpointRecord, EventRecord, IntentRecord, MethodRecord, Refund, TokenRecord } from './objects.ts'
import { Shelf } from './shelf.ts'

/** Everything that the simulated Stripe consists of; every part gets it as an argument. */
export interface World {
  /** Seconds since 1970. */
  now: () => number
  id: MakeId
  /** Where payers and clients reach this server. */
  url: () => string
  country: string
  apiVersion: string
  testCardsInLive: boolean
  /** How long what Stripe does asynchronously takes. */
  asyncMs: number
  deliveries: Deliveries
  later: Later
  accounts: Map<string, Account>
  /** Payments by each value of their metadata, over all accounts. */
  references: Map<string, Set<string>>
  /** Which books an object that payers reach without a key lies in. */
  attempts: Map<string, { books: Books, intent: string }>
  intents: Map<string, Books>
  changed: () => void
}

export interface Account {
  id: string
  created: number
  country: string
  test: Books
  live: Books
}

/** What an account holds in one mode. Test and live never see each other. */
export interface Books {
  account: string
  livemode: boolean
  paymentIntents: Shelf<IntentRecord>
  charges: Shelf<Charge>
  refunds: Shelf<Refund>
  refundsByCharge: Map<string, string[]>
  /** Refunds that are not finished, and what becomes of them. */
  fates: Map<string, 'succeeded' | 'failed'>
  paymentMethods: Shelf<MethodRecord>
  tokens: Shelf<TokenRecord>
  customers: Shelf<Customer>
  balanceTransactions: Shelf<BalanceTransaction>
  endpoints: Shelf<EndpointRecord>
  events: Shelf<EventRecord>
  idempotency: Map<string, StoredAnswer>
}

/** Real Stripe keeps events for 30 days; here the newest of them. */
const keptEvents = 20_000

export function emptyBooks (account: string, livemode: boolean): Books {
  return {
    account,
    livemode,
    paymentIntents: new Shelf(),
    charges: new Shelf(),
    refunds: new Shelf(),
    refundsByCharge: new Map(),
    fates: new Map(),
    paymentMethods: new Shelf(),
    tokens: new Shelf(),
    customers: new Shelf(),
    balanceTransactions: new Shelf(),
    endpoints: new Shelf(),
    events: new Shelf(keptEvents),
    idempotency: new Map()
  }
}

/** One API call, as the resources see it. */
export interface Call {
  world: World
  books: Books
  version: string
  request: { id: string | null, idempotency_key: string | null }
  /** Done after the answer has been made: what Stripe does a moment later. */
  afterwards: (() => void)[]
}

/** What happens without a request: a payer's click, the passing of time. */
export function quietCall (world: World, books: Books): Call {
  return { world, books, version: world.apiVersion, request: { id: null, idempotency_key: null }, afterwards: [] }
}

export function finish (call: Call): void {
  for (const step of call.afterwards.splice(0)) step()
}

/** Remembers under which references a payment can be found. */
export function refer (world: World, record: IntentRecord): void {
  for (const value of Object.values(record.wire.metadata)) {
    const known = world.references.get(value)
    if (known === undefined) world.references.set(value, new Set([record.id]))
    else known.add(record.id)
  }
}
