import { localInstant } from '../adapter/local-time.ts'
import type { ReviewReason } from '../payments/machine.ts'

/** What a credit on a statement means for the payment that it names. */
export type Verdict =
  /** Exactly what was asked for, in time: the payment is paid. */
  | { verdict: 'settles' }
  /** A person has marked the payment as paid before; this is that money. */
  | { verdict: 'confirms' }
  /** A person decides. `total`: of all that came for the payment, where it adds up. */
  | { verdict: 'review', reason: EntryReason, doubt: ReviewReason, total: number, adds: boolean }

export type EntryReason = 'underpaid' | 'overpaid' | 'in_parts' | 'late' | 'paid_twice' | 'not_open' | 'other_currency'

export interface Case {
  entry: { amount: number, currency: string, day: string, at: Date | null }
  transfer: { amount: number, currency: string, status: string, amountReceived: number, expiresAt: Date }
  payment: { amount: number, currency: string, status: string, amountCaptured: number, underReview: boolean }
  timeZone: string
}

/** Pure. Money is never swallowed: what is not exact goes to a person, with the reason. */
export function judge ({ entry, transfer, payment, timeZone }: Case): Verdict {
  // What came for it before counts while nobody has decided on it.
  const before = payment.underReview ? transfer.amountReceived : 0
  const total = before + entry.amount
  const review = (reason: EntryReason, doubt: ReviewReason, { of = total, adds = true } = {}): Verdict => ({ verdict: 'review', reason, doubt, total: of, adds })
  if (entry.currency !== payment.currency || entry.currency !== transfer.currency) return review('other_currency', 'currency_mismatch', { of: entry.amount, adds: false })
  if (payment.status === 'succeeded') {
    const marked = transfer.status !== 'paid' && transfer.amountReceived === 0
    if (marked && entry.amount === payment.amountCaptured) return { verdict: 'confirms' }
    return marked ? review(sizeOf(entry.amount, payment.amountCaptured), doubtOf(entry.amount, payment.amountCaptured)) : review('paid_twice', 'paid_twice', { of: entry.amount, adds: false })
  }
  if (payment.status === 'canceled' || payment.status === 'failed' || transfer.status === 'canceled') return review('not_open', 'money_after_end')
  if (payment.status === 'expired' || transfer.status === 'expired' || !isInTime(entry, transfer.expiresAt, timeZone)) return review('late', 'money_after_end')
  if (payment.underReview) return total === payment.amount ? review('in_parts', 'amount_mismatch') : review(sizeOf(total, payment.amount), doubtOf(total, payment.amount))
  if (entry.amount === payment.amount && entry.amount === transfer.amount) return { verdict: 'settles' }
  return review(sizeOf(entry.amount, payment.amount), doubtOf(entry.amount, payment.amount))
}

const sizeOf = (came: number, asked: number): EntryReason => came < asked ? 'underpaid' : 'overpaid'
const doubtOf = (came: number, asked: number): ReviewReason => came < asked ? 'captured_less' : 'captured_more'

/** A statement that tells no time of day means the whole day, where the account is. */
function isInTime ({ day, at }: Case['entry'], expiresAt: Date, timeZone: string): boolean {
  return (at ?? localInstant(day, '00:00:00', timeZone)) <= expiresAt
}
