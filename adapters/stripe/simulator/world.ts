import type { MakeId } from './ids.ts'
import type { Deliveries } from './deliveries.ts'
import type { Due, Step } from './agenda.ts'
import type { Later } from './later.ts'
import type { StoredAnswer } from './idempotency.ts'
import type {
  BalanceTransaction, CashRecord, CashTransaction, Charge, ClockRecord, Customer, Dispute, EndpointRecord, EventRecord, IntentRecord, Invoice, InvoiceItem, InvoicePayment,
  MethodRecord, PaymentLinkRecord, Payout, Price, Product, Refund, SessionRecord, SetupRecord, SubscriptionRecord, TaxId, TokenRecord
} from './objects.ts'
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
  rules: Rules
  deliveries: Deliveries
  later: Later
  accounts: Map<string, Account>
  /** Payments by each value of their metadata, over all accounts. */
  references: Map<string, Set<string>>
  /** What payers reach without a key: the end of a page's address, and what lies behind it. */
  doors: Map<string, Door>
  /** Which books a payment lies in. */
  intents: Map<string, Books>
  /** What happens at a time, by kind. */
  steps: Record<string, Step>
  /** Who is told that a payment or a set-up has moved: the session or the invoice that it belongs to. */
  moved: { intent: (call: Call, intent: IntentRecord) => void, setup: (call: Call, setup: SetupRecord) => void }
  /** A hosted page sells a subscription. */
  subscribe: (call: Call, session: SessionRecord, method: MethodRecord, customer: string) => void
  changed: () => void
}

/** What the owner of a Stripe account sets in its Dashboard, and what the simulator makes shorter than it is. */
export interface Rules {
  /** What becomes of a subscription whose renewal could not be paid after all tries. */
  afterRetries: 'cancel' | 'unpaid' | 'past_due'
  /** A renewal's invoice stays a draft for so long before it is charged. */
  draftSeconds: number
  /** In test mode a voucher that nobody touches is paid by itself after three minutes, as Stripe says. */
  vouchersPayThemselves: boolean
}

export type DoorKind = 'authentication' | 'setup' | 'voucher' | 'transfer' | 'session' | 'link' | 'invoice'
export interface Door { books: Books, kind: DoorKind, id: string }

export interface Account {
  id: string
  created: number
  country: string
  /** Platforms whose keys may act for this account. */
  platforms: string[]
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
  taxIds: Shelf<TaxId>
  cash: Shelf<CashRecord>
  cashTransactions: Shelf<CashTransaction>
  setupIntents: Shelf<SetupRecord>
  products: Shelf<Product>
  prices: Shelf<Price>
  sessions: Shelf<SessionRecord>
  paymentLinks: Shelf<PaymentLinkRecord>
  subscriptions: Shelf<SubscriptionRecord>
  invoices: Shelf<Invoice>
  invoiceItems: Shelf<InvoiceItem>
  invoicePayments: Shelf<InvoicePayment>
  clocks: Shelf<ClockRecord>
  disputes: Shelf<Dispute>
  payouts: Shelf<Payout>
  balanceTransactions: Shelf<BalanceTransaction>
  /** Which payout a line of the balance went into. */
  paidOut: Map<string, string>
  endpoints: Shelf<EndpointRecord>
  events: Shelf<EventRecord>
  idempotency: Map<string, StoredAnswer>
  /** The idempotency key that made an object. */
  madeBy: Map<string, string>
  /** What will happen at a time. */
  agenda: Map<string, Due>
}

/** Real Stripe keeps events for 30 days; here the newest of them. */
const keptEvents = 20_000

export const shelfNames = [
  'paymentIntents', 'charges', 'refunds', 'paymentMethods', 'tokens', 'customers', 'taxIds', 'cash', 'cashTransactions', 'setupIntents', 'products', 'prices', 'sessions', 'paymentLinks',
  'subscriptions', 'invoices', 'invoiceItems', 'invoicePayments', 'clocks', 'disputes', 'payouts', 'balanceTransactions', 'endpoints', 'events'
] as const

export function emptyBooks (account: string, livemode: boolean): Books {
  const shelves = Object.fromEntries(shelfNames.map(name => [name, new Shelf(name === 'events' ? keptEvents : undefined)]))
  return {
    ...shelves as unknown as Pick<Books, typeof shelfNames[number]>,
    account,
    livemode,
    refundsByCharge: new Map(),
    fates: new Map(),
    paidOut: new Map(),
    idempotency: new Map(),
    madeBy: new Map(),
    agenda: new Map()
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
  /** Events that are told only when what they tell of comes to stay. */
  held?: (() => void)[]
}

/** What happens without a request: a payer's click, the passing of time. */
export function quietCall (world: World, books: Books): Call {
  return { world, books, version: world.apiVersion, request: { id: null, idempotency_key: null }, afterwards: [] }
}

export function finish (call: Call): void {
  for (let step = call.afterwards.shift(); step !== undefined; step = call.afterwards.shift()) step()
}

/** Something happens without a request, and is over. */
export function quietly<T> (world: World, books: Books, step: (call: Call) => T): T {
  const call = quietCall(world, books)
  const result = step(call)
  finish(call)
  world.changed()
  return result
}

/** Remembers under which references a payment can be found. */
export function refer (world: World, record: IntentRecord, more: Record<string, string> = {}): void {
  for (const value of [...Object.values(record.wire.metadata), ...Object.values(more)]) {
    const known = world.references.get(value)
    if (known === undefined) world.references.set(value, new Set([record.id]))
    else known.add(record.id)
  }
}

export function countryOf ({ world, books }: Call): string {
  return world.accounts.get(books.account)?.country ?? world.country
}

export function * allBooks (world: World): Generator<Books> {
  for (const { test, live } of world.accounts.values()) yield * [test, live]
}
