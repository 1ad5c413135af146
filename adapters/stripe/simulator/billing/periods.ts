import type { Recurring } from '../objects.ts'

type Every = Pick<Recurring, 'interval' | 'interval_count'>

/** So many intervals after the anchor, on its day of the month or on the month's last. UTC seconds. Source: https://docs.stripe.com/billing/subscriptions/billing-cycle, read 2026-11. */
export function plus (anchor: number, { interval, interval_count: count }: Every, times: number): number {
  if (interval === 'day') return anchor + times * count * 86_400
  if (interval === 'week') return anchor + times * count * 7 * 86_400
  const from = new Date(anchor * 1000)
  const month = from.getUTCMonth() + times * count * (interval === 'year' ? 12 : 1)
  const last = new Date(Date.UTC(from.getUTCFullYear(), month + 1, 0)).getUTCDate()
  return anchor - midnight(from) / 1000 + Date.UTC(from.getUTCFullYear(), month, Math.min(from.getUTCDate(), last)) / 1000
}

/** The first end of a period, counted from the anchor, that lies after a moment. */
export function endAfter (anchor: number, every: Every, at: number): number {
  let times = Math.max(0, Math.floor((at - anchor) / longestSeconds(every)))
  while (plus(anchor, every, times) <= at) times++
  return plus(anchor, every, times)
}

export function sameInterval (a: Every, b: Every): boolean {
  return a.interval === b.interval && a.interval_count === b.interval_count
}

function longestSeconds ({ interval, interval_count: count }: Every): number {
  return count * { day: 1, week: 7, month: 31, year: 366 }[interval] * 86_400
}

function midnight (date: Date): number {
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate())
}
