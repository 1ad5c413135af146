import { exponentOf } from '../adapter/money.ts'
import { Decimal, fixed, zero } from '../fiscal/decimal.ts'

/**
 * The arithmetic of what is owed: pure, so that any order of payments, refunds and receipts can be tried. Two books are kept
 * apart. What the customer owes follows the money, and is open again when money goes back. What the receipts (complementos de
 * pago) say follows the receipts alone: only their cancellation takes back what they told the authority.
 */

/** Money that came for an invoice, in the invoice's currency. */
export interface Incoming {
  id: string
  gross: Decimal
  /** Refunded, or held by a dispute that was not won. Never more than `gross` counts. */
  back: Decimal
}

export interface Share {
  id: string
  /** What stayed. */
  net: Decimal
  /** What of it pays the invoice. */
  applied: Decimal
  /** What came in beyond what was due: never swallowed, somebody has to give it back. */
  excess: Decimal
}

/** In the order in which it came, each as far as something is still due. */
export function share (due: Decimal, incoming: readonly Incoming[]): { shares: Share[], paid: Decimal } {
  let left = Decimal.max(due, zero)
  const shares = incoming.map(({ id, gross, back }): Share => {
    const net = Decimal.max(gross.minus(back), zero)
    const applied = Decimal.min(net, left)
    left = left.minus(applied)
    return { id, net, applied, excess: net.minus(applied) }
  })
  return { shares, paid: Decimal.max(due, zero).minus(left) }
}

/** A receipt that is valid, or on its way: its part (parcialidad), and what it says was paid. */
export interface Told { number: number, amount: Decimal }

export interface NextReceipt { number: number, before: Decimal, after: Decimal }

/**
 * Part and balances of a receipt of `amount`: the least part that no valid receipt has, so that there is no gap, and what the valid ones leave open.
 * Undefined when they leave less: then one of them must be cancelled first.
 */
export function nextReceipt (total: Decimal, told: readonly Told[], amount: Decimal): NextReceipt | undefined {
  const before = openOn(total, told)
  if (amount.lessThanOrEqualTo(0) || amount.greaterThan(before)) return undefined
  const taken = new Set(told.map(({ number }) => number))
  let number = 1
  while (taken.has(number)) number++
  return { number, before, after: before.minus(amount) }
}

/** What the valid receipts leave open of the invoice. */
export function openOn (total: Decimal, told: readonly Told[]): Decimal {
  return told.reduce((left, { amount }) => left.minus(amount), total)
}

/** The share of what went back that falls on `gross`, where a payment was told for only a part of it. */
export function backOf (gross: Decimal, backMinor: number, capturedMinor: number, currency: string): Decimal {
  if (backMinor <= 0 || capturedMinor <= 0) return zero
  if (backMinor >= capturedMinor) return gross
  return gross.times(backMinor).dividedBy(capturedMinor).toDecimalPlaces(exponentOf(currency))
}

export type PaymentStatusOfInvoice = 'unpaid' | 'partly_paid' | 'paid' | 'not_applicable'

/** Kinds of document that a customer pays. */
export const isPayable = (kind: string): boolean => kind === 'invoice' || kind === 'debit_note'

export function statusOf (total: Decimal, credited: Decimal, paid: Decimal): Exclude<PaymentStatusOfInvoice, 'not_applicable'> {
  if (total.minus(credited).minus(paid).lessThanOrEqualTo(0)) return 'paid'
  return paid.greaterThan(0) ? 'partly_paid' : 'unpaid'
}

/** Minor units, as decimals. */
export const fromMinor = (minor: number, currency: string): Decimal => new Decimal(minor).dividedBy(new Decimal(10).pow(exponentOf(currency)))
/** What is less than a minor unit cannot be paid. */
export const toMinor = (amount: Decimal, currency: string): number => amount.times(new Decimal(10).pow(exponentOf(currency))).floor().toNumber()
/** As the API writes it. */
export const written = (amount: Decimal, currency: string): string => fixed(amount, exponentOf(currency))
