/** How a fact of money is judged by what was found of it elsewhere: pure. */
export const legs = ['provider', 'payout', 'bank', 'document'] as const
/**
 * `provider`: our payments, refunds and disputes beside the provider's books. `payout`: a payout beside the movements in it. `bank`: a
 * payout or a transfer beside the bank's statement. `document`: money kept beside the valid fiscal documents.
 */
export type Leg = typeof legs[number]

export const itemStatuses = ['matched', 'expected', 'missing', 'amount_over', 'amount_under', 'currency_mismatch', 'duplicate', 'unexpected'] as const
export type ItemStatus = typeof itemStatuses[number]

/** One amount that was found, signed, in minor units. */
export interface Part { id: string, amount: number, currency: string }

export interface Fact {
  leg: Leg
  /** Names the fact within its leg. */
  key: string
  /** Public id of what it is about, or the provider's id of a payout. */
  subject: string
  connectionId: string | null
  since: Date
  /** Until when it need not be found. */
  dueAt: Date | null
  /** Signed minor units; null where nobody expected it. */
  expected: { amount: number, currency: string } | null
  found: readonly Part[]
}

export interface Tolerance {
  /** Minor units by which an amount may be off. */
  absolute: number
  /** Per cent of what is expected, by which it may be off; the larger of the two counts. */
  percent: number
  /** Whether a movement settled in another currency counts as found. */
  otherCurrency: 'mismatch' | 'accept'
}

export interface Verdict {
  status: ItemStatus
  currency: string
  expected: number | null
  foundCurrency: string | null
  found: number | null
  /** What was found less what was expected; 0 where the currencies differ. */
  difference: number
}

/** Undefined where there is nothing to say: nothing was expected, and nothing was found. */
export function judge ({ expected, found, dueAt }: Pick<Fact, 'expected' | 'found' | 'dueAt'>, tolerance: Tolerance, now: Date): Verdict | undefined {
  const sum = found.reduce((total, part) => total + part.amount, 0)
  const foundCurrency = found[0]?.currency ?? null
  if (expected === null || (expected.amount === 0 && found.length > 0 && sum !== 0)) {
    if (found.length === 0 || (expected === null && sum === 0 && found.length > 1)) return undefined
    return { status: 'unexpected', currency: expected?.currency ?? foundCurrency!, expected: expected?.amount ?? null, foundCurrency, found: sum, difference: sum - (expected?.amount ?? 0) }
  }
  if (found.length === 0) {
    if (expected.amount === 0) return undefined
    return { status: isOpen(dueAt, now) ? 'expected' : 'missing', currency: expected.currency, expected: expected.amount, foundCurrency: null, found: null, difference: -expected.amount }
  }
  const told = { currency: expected.currency, expected: expected.amount, foundCurrency, found: sum }
  if (found.some(({ currency }) => currency !== expected.currency)) return { ...told, status: tolerance.otherCurrency === 'accept' ? 'matched' : 'currency_mismatch', difference: 0 }
  const difference = sum - expected.amount
  const allowed = allowance(expected.amount, tolerance)
  if (Math.abs(difference) <= allowed) return { ...told, status: 'matched', difference }
  // Less of it than was expected, in whichever direction it moves.
  const isLess = expected.amount < 0 ? difference > 0 : difference < 0
  if (isLess) return { ...told, status: isOpen(dueAt, now) ? 'expected' : 'amount_under', difference }
  const whole = found.filter(({ amount }) => Math.abs(amount - expected.amount) <= allowed).length
  return { ...told, status: whole > 1 ? 'duplicate' : 'amount_over', difference }
}

const isOpen = (dueAt: Date | null, now: Date): boolean => dueAt !== null && now < dueAt

export const allowance = (amount: number, { absolute, percent }: Pick<Tolerance, 'absolute' | 'percent'>): number => Math.max(absolute, Math.floor(Math.abs(amount) * percent / 100))

/** Somebody has to look at it. */
export const isException = (status: ItemStatus): boolean => status !== 'matched' && status !== 'expected'

/**
 * Gives the provider's refunds that name no refund of ours to those of ours that have none: equal amounts first, then in the order of
 * time; what is left over nobody expected. It does not depend on the order in which they came in.
 */
export function allocate<Want extends { id: string, amount: number }, Have extends { id: string, amount: number }> (wanted: readonly Want[], had: readonly Have[]): { of: Map<string, Have>, left: Have[] } {
  const of = new Map<string, Have>()
  let left = had.toSorted(byId)
  const take = (want: Want, have: Have | undefined): void => {
    if (have === undefined) return
    of.set(want.id, have)
    left = left.filter(other => other !== have)
  }
  for (const want of wanted.toSorted(byId)) take(want, left.find(({ amount }) => amount === want.amount))
  for (const want of wanted.toSorted(byId)) if (!of.has(want.id)) take(want, left[0])
  return { of, left }
}

const byId = (one: { id: string }, other: { id: string }): number => one.id < other.id ? -1 : one.id > other.id ? 1 : 0
