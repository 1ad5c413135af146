import { sql } from 'kysely'
import type { Mode } from '../../adapter/context.ts'
import type { TenantDb } from '../../db/in-tenant.ts'
import { publicId } from '../../ids.ts'
import type { Payout } from './facts.ts'
import { allowance, type Fact, type Part, type Tolerance } from './judge.ts'

const dayMs = 86_400_000
/** A bank may book on its calendar's day before ours. */
const earlyDays = 1

export interface Candidate { payoutKey: string, entryId: string, amount: number, currency: string, bookedOn: string, named: boolean }

/**
 * Which of these entries is which payout: each payout in the order of time takes the nearest amount, of equal ones the earliest. Called
 * for the entries that name a payout first, and then for the rest. What is decided depends on the payouts before it alone, so that the
 * order of arrival does not matter.
 */
export function assign (payouts: readonly Pick<Payout, 'key' | 'amount'>[], candidates: readonly Candidate[]): Map<string, Candidate> {
  const of = Map.groupBy(candidates, ({ payoutKey }) => payoutKey)
  const used = new Set<string>()
  const assigned = new Map<string, Candidate>()
  for (const { key, amount } of payouts) {
    const best = (of.get(key) ?? []).filter(({ entryId }) => !used.has(entryId)).toSorted((one, other) =>
      Math.abs(one.amount - amount) - Math.abs(other.amount - amount) || order(one.bookedOn, other.bookedOn) || order(one.entryId, other.entryId))[0]
    if (best === undefined) continue
    used.add(best.entryId)
    assigned.set(key, best)
  }
  return assigned
}

const order = (one: string, other: string): number => one < other ? -1 : one > other ? 1 : 0

/** From when on payouts may change hands when something of that day is new. */
export const sweepFrom = (day: Date, days: number): Date => new Date(day.getTime() - (days + earlyDays + 1) * dayMs)

/** Forgets what was decided from then on: it is decided anew. The entries that were let go. */
export async function release (db: TenantDb, mode: Mode, from: Date): Promise<string[]> {
  const rows = await db.deleteFrom('payout_entries').where('tenant_id', '=', db.tenantId).where('mode', '=', mode).where('paid_out_at', '>=', from).returning('entry_id').execute()
  return rows.map(row => row.entry_id)
}

/** Credits that may be one of these payouts and that are no payment's and no earlier payout's. */
export async function candidatesOf (db: TenantDb, mode: Mode, payouts: readonly Payout[], tolerance: Tolerance, days: number): Promise<Candidate[]> {
  if (payouts.length === 0) return []
  const { rows } = await sql<{ key: string, id: string, amount: number, currency: string, booked_on: string, named: boolean }>`
    select p.key, e.id, e.amount, e.currency, e.booked_on::text as booked_on,
      position(lower(p.payout) in lower(concat_ws(' ', e.reference, e.description, e.tracking_key, array_to_string(e.hints, ' ')))) > 0 as named
    from unnest(${payouts.map(({ key }) => key)}::text[], ${payouts.map(({ payout }) => payout)}::text[], ${payouts.map(({ currency }) => currency)}::text[],
      ${payouts.map(({ amount }) => amount - allowance(amount, tolerance))}::bigint[], ${payouts.map(({ amount }) => amount + allowance(amount, tolerance))}::bigint[], ${payouts.map(({ paidOutAt }) => paidOutAt)}::timestamptz[])
      as p (key, payout, currency, least, most, at)
    join bank_entries e on e.tenant_id = ${db.tenantId} and e.mode = ${mode} and e.direction = 'credit' and e.currency = p.currency and e.amount between p.least and p.most
      and e.booked_on between (p.at - interval '1 day' * ${earlyDays})::date and (p.at + interval '1 day' * ${days})::date
    where e.status in ('unknown', 'new') and e.payment_id is null
      and not exists (select from payout_entries t where t.tenant_id = e.tenant_id and t.entry_id = e.id)`.execute(db)
  return rows.map(row => ({ payoutKey: row.key, entryId: row.id, amount: Number(row.amount), currency: row.currency, bookedOn: row.booked_on, named: row.named }))
}

export async function keep (db: TenantDb, mode: Mode, payouts: readonly Payout[], assigned: ReadonlyMap<string, Candidate>): Promise<void> {
  const rows = payouts.flatMap(({ key, paidOutAt }) => {
    const entry = assigned.get(key)
    return entry === undefined ? [] : { tenant_id: db.tenantId, entry_id: entry.entryId, payout_key: key, mode, paid_out_at: paidOutAt }
  })
  if (rows.length > 0) await db.insertInto('payout_entries').values(rows).execute()
}

/** A payout beside its entry; in currencies of which there is an account with statements, for elsewhere nothing can be expected. */
export function bankFacts (payouts: readonly Payout[], assigned: ReadonlyMap<string, Candidate>, { currencies, days }: { currencies: ReadonlySet<string>, days: number }): Fact[] {
  return payouts.filter(({ amount, currency }) => amount > 0 && currencies.has(currency)).map(({ key, payout, connectionId, amount, currency, paidOutAt }) => {
    const entry = assigned.get(key)
    const found: Part[] = entry === undefined ? [] : [{ id: publicId('bank_entry', entry.entryId), amount: entry.amount, currency: entry.currency }]
    return { leg: 'bank', key, subject: payout, connectionId, since: paidOutAt, dueAt: new Date(paidOutAt.getTime() + days * dayMs), expected: { amount, currency }, found }
  })
}

/** Currencies of accounts whose statements are read. */
export async function statedCurrencies (db: TenantDb, mode: Mode): Promise<Set<string>> {
  const { rows } = await sql<{ currency: string }>`
    select distinct a.currency from bank_accounts a where a.tenant_id = ${db.tenantId} and a.mode = ${mode} and exists (select from bank_statements s where s.tenant_id = a.tenant_id and s.bank_account_id = a.id)`.execute(db)
  return new Set(rows.map(({ currency }) => currency))
}
