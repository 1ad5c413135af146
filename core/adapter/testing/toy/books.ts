import { randomBytes } from 'node:crypto'
import { type Effects, fromWire, type Money, type SimulatedAnswer } from '../../index.ts'
import { toyManifest } from './manifest.ts'
import type { WireCustomer, WireDispute, WireMethod, WireMove, WirePage, WirePayment, WirePeriod, WirePlan, WireRefund, WireSubscription } from './wire.ts'

/** What one account of the toy provider holds. */
export interface Account {
  id: string
  payments: WirePayment[]
  refunds: WireRefund[]
  moves: WireMove[]
  pages: (WirePage & { nameless: boolean })[]
  /** What each payer of a link sees. */
  visits: WirePage[]
  customers: WireCustomer[]
  methods: WireMethod[]
  plans: WirePlan[]
  subscriptions: (WireSubscription & { nameless: boolean })[]
  periods: WirePeriod[]
  disputes: WireDispute[]
  hooks: { id: string, url: string, secret: string }[]
  answers: Map<string, SimulatedAnswer>
}

export function newAccount (id: string): Account {
  return { id, payments: [], refunds: [], moves: [], pages: [], visits: [], customers: [], methods: [], plans: [], subscriptions: [], periods: [], disputes: [], hooks: [], answers: new Map() }
}

/** Of the whole provider: what really happened, whatever was answered. */
export interface Books {
  url: () => string
  id: (prefix: string) => string
  effectsOf: (reference: string) => Effects
  asked: Map<string, Money>
  /** A webhook to whoever asked for them. */
  tell: (account: Account, payment: WirePayment) => void
}

export type Input = Record<string, any>

export function json (status: number, body: unknown): SimulatedAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}

export function problem (status: number, code: string, message: string): SimulatedAnswer {
  return json(status, { code, message })
}

/** Two to a page, oldest first. */
export function listed<T extends { id: string, reference?: string, created?: number }> (all: T[], query: URLSearchParams): SimulatedAnswer {
  const [reference, from, to, after] = ['reference', 'from', 'to', 'after'].map(name => query.get(name))
  const found = all.filter(({ reference: ours, created = 0 }) => (!reference || ours === reference) && (!from || created >= Number(from)) && (!to || created <= Number(to)))
  if (!from) return json(200, { data: found })
  const start = after ? found.findIndex(({ id }) => id === after) + 1 : 0
  const data = found.slice(start, start + 2)
  return json(200, { data, ...start + 2 < found.length && { next: data.at(-1)?.id } })
}

const fee = 30

/** A payment is opened and tried. Answers the payment, or a problem. */
export function openPayment (books: Books, account: Account, input: Input): WirePayment | SimulatedAnswer {
  const { amount, currency, token, method = 'card' } = input
  if (!Number.isInteger(amount) || (currency === 'KWD' && amount % 10 !== 0) || (currency === 'UGX' && amount % 100 !== 0)) return problem(422, 'too_small', 'no such amount')
  if (currency === 'MXN' && amount < 1000) return problem(422, 'too_small', 'at least 10.00')
  const saved = account.methods.find(({ id }) => id === token)
  if (String(token).startsWith('mth_') && (saved === undefined || saved.customer !== input['customer'])) return problem(422, 'not_theirs', 'not a method of this customer')
  const payment: WirePayment = {
    id: books.id('pay'), status: 'open', amount, currency, captured: 0, refunded: 0, received: 0, reference: input['reference'], method, created: Date.now(), client_secret: `cs_${randomBytes(12).toString('hex')}`
  }
  account.payments.push(payment)
  books.asked.set(payment.reference, fromWire(amount, currency, toyManifest.amounts[currency]))
  tryPayment(books, account, payment, { ...input, token: saved?.token ?? token })
  return payment
}

export function tryPayment (books: Books, account: Account, payment: WirePayment, input: Input): void {
  const { token, hold = false, return_url: back } = input
  delete payment.error
  delete payment.redirect_url
  if (payment.method === 'cash') Object.assign(payment, { status: 'waiting', slip: { number: books.id('93'), until: input['until'] ?? Date.now() + 3 * 86_400_000 } })
  else if (payment.method === 'wire') Object.assign(payment, { status: 'waiting', account: { clabe: clabe(String(account.payments.length)), missing: payment.amount } })
  else if (token === undefined) payment.status = 'open'
  else if (token === 'tok_no_funds' || token === 'tok_failing') Object.assign(payment, { status: 'declined', error: 'no_funds' })
  else if (token === 'tok_absent' && input['away'] === true) Object.assign(payment, { status: 'declined', error: 'wants_payer' })
  else if (token === 'tok_bank') Object.assign(payment, { status: 'waiting', ...back === undefined ? { ask: books.id('ask') } : { redirect_url: `${books.url()}/bank/${payment.id}` } })
  else {
    if (input['keep'] === true) payment.saved_method = keep(books, account, input['customer'], token).id
    settle(books, account, payment, hold)
  }
  books.tell(account, payment)
}

export function settle (books: Books, account: Account, payment: WirePayment, hold: boolean): void {
  payment.status = hold ? 'held' : 'paid'
  payment.captured = hold ? 0 : payment.amount
  books.effectsOf(payment.reference).charges++
  if (!hold) move(books, account, 'payment', payment, payment.amount, payment.reference)
}

export function move (books: Books, account: Account, kind: WireMove['kind'], payment: WirePayment, amount: number, reference: string): void {
  const cost = kind === 'payment' ? fee : 0
  account.moves.push({ id: books.id('mov'), kind, amount, fee: cost, net: amount - cost, currency: payment.currency, payment: payment.id, reference, created: Date.now() })
}

export function keep (books: Books, account: Account, customer: string, token: string): WireMethod {
  const method: WireMethod = { id: books.id('mth'), customer, token, state: 'kept', last4: '4242' }
  if (token === 'tok_no_funds') Object.assign(method, { state: 'refused', error: 'no_funds' })
  if (token === 'tok_bank') Object.assign(method, { state: 'asks', ask_url: `${books.url()}/bank/${method.id}` })
  account.methods.push(method)
  return method
}

/** With its check digit: weights 3, 7, 1. */
function clabe (serial: string): string {
  const digits = `64618011${serial.padStart(9, '0')}`
  const sum = [...digits].reduce((sum, digit, i) => sum + Number(digit) * [3, 7, 1][i % 3]! % 10, 0)
  return digits + String((10 - sum % 10) % 10)
}
