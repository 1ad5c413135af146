import { invalidField, momentOf } from '../errors.ts'
import type { CostRow, FigureRow } from './queries.ts'

/** Pure arithmetic on figures: windows of time, rates, percentiles, expected costs. */
export type Interval = 'hour' | 'day'

export interface Window { from: Date, to: Date, interval: Interval }

const hourMs = 3600_000
const dayMs = 24 * hourMs
const longestDays = { hour: 31, day: 400 }

/** Full hours (UTC) around what was asked; the last 30 days, today included, when nothing was. Throws a 400 that names the field. */
export function windowOf (query: { from?: string, to?: string, interval?: Interval }, now: Date): Window {
  const to = new Date(Math.ceil((moment('to', query.to) ?? now.getTime()) / hourMs) * hourMs)
  const today = Math.floor((to.getTime() - 1) / dayMs) * dayMs
  const from = new Date(Math.floor((moment('from', query.from) ?? today - 29 * dayMs) / hourMs) * hourMs)
  if (from >= to) throw invalidField('from', 'is not before the end')
  const interval = query.interval ?? (to.getTime() - from.getTime() <= 3 * dayMs ? 'hour' : 'day')
  if (to.getTime() - from.getTime() > longestDays[interval] * dayMs) throw invalidField('from', `is more than ${longestDays[interval]} days before the end`)
  return { from, to, interval }
}

function moment (path: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const ms = momentOf(path, text).getTime()
  if (ms < 0) throw invalidField(path, 'is not a moment')
  return ms
}

/** The first instant of every hour or day of the window, as the database cuts them. */
export function stepsOf ({ from, to, interval }: Window): Date[] {
  const stepMs = interval === 'hour' ? hourMs : dayMs
  const steps: Date[] = []
  for (let at = Math.floor(from.getTime() / stepMs) * stepMs; at < to.getTime(); at += stepMs) steps.push(new Date(at))
  return steps
}

export const sum = (rows: readonly FigureRow[], what: 'count' | 'amount' | 'captured' = 'count'): number => rows.reduce((total, row) => total + row[what], 0)

export const rate = (part: number, whole: number): number | null => whole === 0 ? null : Math.round(part / whole * 10_000) / 10_000

/** `succeeded/captured` is the status `succeeded`. */
export const statusOf = ({ label }: FigureRow): string => label.split('/')[0]!
const isDeclined = ({ label }: FigureRow): boolean => label.endsWith('/declined')
export const tookMoney = ({ label }: FigureRow): boolean => label.endsWith('/captured')

export function ended (payments: readonly FigureRow[]): { succeeded: number, failed: number, declined: number } {
  const of = (...statuses: string[]) => sum(payments.filter(row => statuses.includes(statusOf(row))))
  return { succeeded: of('succeeded', 'authorized'), failed: of('failed', 'expired'), declined: sum(payments.filter(isDeclined)) }
}

/** Of the payments whose end is known: how many took money, or hold it. Those that their own side cancelled are neither. */
export function successRate (payments: readonly FigureRow[]): number | null {
  const { succeeded, failed, declined } = ended(payments)
  return rate(succeeded, succeeded + failed + declined)
}

export interface Latency { p50_ms: number | null, p95_ms: number | null, p99_ms: number | null, mean_ms: number | null }

/** Of calls that were counted by quarters of a power of two of their milliseconds: right to within a tenth. */
export function latencyOf (calls: readonly FigureRow[]): Latency {
  const buckets = Map.groupBy(calls, row => row.bucket)
  const sorted = [...buckets].map(([bucket, rows]) => ({ bucket, count: sum(rows) })).filter(({ count }) => count > 0).sort((a, b) => a.bucket - b.bucket)
  const total = sorted.reduce((all, { count }) => all + count, 0)
  const at = (share: number): number | null => {
    let rank = Math.ceil(share * total)
    for (const { bucket, count } of sorted) {
      if (rank <= count) return Math.round(2 ** ((bucket + (rank - 0.5) / count) / 4))
      rank -= count
    }
    return null
  }
  return { p50_ms: at(0.5), p95_ms: at(0.95), p99_ms: at(0.99), mean_ms: total === 0 ? null : Math.round(sum(calls, 'amount') / total) }
}

export const isError = ({ label }: FigureRow): boolean => label !== 'succeeded'

/** The line of a connection's costs that holds for a method on a day, of lines in the order of `listCosts`. */
function costOf (costs: readonly CostRow[], kind: string, connectionId: string, currency: string | undefined, method: string, at: Date): CostRow | undefined {
  const day = at.toISOString().slice(0, 10)
  const fit = costs.filter(cost => cost.kind === kind && cost.connection_id === connectionId && (currency === undefined || cost.currency === currency) && cost.from_day <= day && ['', method].includes(cost.method))
  // The currency goes last, as in the reports: a document's price is in one.
  return fit.sort((a, b) => Number(b.method !== '') - Number(a.method !== '') || (a.from_day === b.from_day ? 0 : a.from_day < b.from_day ? 1 : -1) || (a.currency < b.currency ? -1 : 1))[0]
}

/** What the costs say of all that was captured, by currency. Rounded once, at the end. */
export function expectedFees (payments: readonly FigureRow[], costs: readonly CostRow[]): Map<string, number> {
  const fees = new Map<string, number>()
  for (const row of payments.filter(tookMoney)) {
    const cost = costOf(costs, 'payment', row.connection_id, row.currency, row.detail, row.at)
    if (cost === undefined) continue
    const fee = (row.captured * Number(cost.percent) / 100 + row.count * cost.fixed) * (1 + Number(cost.vat_percent) / 100)
    fees.set(row.currency, (fees.get(row.currency) ?? 0) + fee)
  }
  return new Map([...fees].map(([currency, fee]) => [currency, Math.round(fee)]))
}

/** What PACs take for documents that were stamped, by the currency of their price. */
export function documentCosts (invoices: readonly FigureRow[], costs: readonly CostRow[]): Map<string, number> {
  const fees = new Map<string, number>()
  for (const row of invoices) {
    const cost = costOf(costs, 'document', row.connection_id, undefined, '', row.at)
    if (cost === undefined) continue
    const each = cost.fixed + Math.round(cost.fixed * Number(cost.vat_percent) / 100)
    fees.set(cost.currency, (fees.get(cost.currency) ?? 0) + row.count * each)
  }
  return fees
}
