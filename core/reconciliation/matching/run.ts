import type { Mode } from '../../adapter/context.ts'
import { raiseLasting, resolveAlert } from '../../alerts/raise.ts'
import { recordSystemChange } from '../../audit/record-system.ts'
import { inTenant, type TenantDb } from '../../db/in-tenant.ts'
import { claimTimer, clearTimer, retryTimer, setTimer, startTimer } from '../../db/timers.ts'
import type { Hub } from '../../hub.ts'
import { publicId, uuidAt } from '../../ids.ts'
import * as facts from './facts.ts'
import { judge } from './judge.ts'
import * as payouts from './payouts.ts'
import * as queries from './queries.ts'
import { type Rules, rulesOf } from './rules.ts'

export const matchingTimer = 'reconciliation'
export const everyMs = 3600_000
const leaseMs = 10 * 60_000
const pageSize = 500
/** Of the past, when a tenant is looked at for the first time. */
const firstMs = 90 * 86_400_000
/** A transaction that began before the last look may have ended after it. */
const overlapMs = 10 * 60_000

/** From the day on which there is something to compare. */
export async function startMatching (db: TenantDb, mode: Mode, now: Date): Promise<void> {
  const state = await queries.ensureState(db, mode, now)
  await startTimer(db, matchingTimer, state.id, new Date(now.getTime() + everyMs))
}

interface Run {
  hub: Pick<Hub, 'db' | 'now' | 'adapters'>
  tenantId: string
  id: string
  mode: Mode
  rules: Rules
  booked: ReadonlySet<string>
  /** The earliest day of which something at the bank or a payout is new. */
  dirty: Date | undefined
}

/** The hourly job: what changed since the last one, and what was not settled then. */
export async function matchJob (hub: Hub, tenantId: string, id: string): Promise<void> {
  const now = hub.now()
  const found = await inTenant(hub.db, tenantId, async db => await begin(db, id, now))
  if (found === undefined) return
  const mode = found.mode as Mode
  const run: Run = {
    hub, tenantId, id, mode, rules: rulesOf(found.settings), dirty: undefined,
    booked: await inTenant(hub.db, tenantId, async db => await queries.bookedConnections(db, mode, hub.adapters.list().filter(({ payments }) => payments?.listTransactions !== undefined).map(({ manifest }) => manifest.id)))
  }
  const place = found.place as queries.Place
  const whole = place.whole ?? (place.event === undefined ? { from: new Date(now.getTime() - firstMs).toISOString(), step: 0, after: null } : undefined)
  // The events of the time in which everything is looked at come after it.
  const begun = { event: place.event ?? uuidAt(new Date(now.getTime() - overlapMs)), changed: place.changed ?? new Date(now.getTime() - overlapMs).toISOString() }
  if (whole !== undefined) await lookAtAll(run, whole, begun)
  await lookAtEvents(run, begun.event)
  await lookAtChanges(run, new Date(begun.changed))
  await lookAtUnsettled(run)
  if (run.dirty !== undefined) await sweep(run, payouts.sweepFrom(run.dirty, run.rules.days.bank))
  const wanted = await inTenant(hub.db, tenantId, async db => {
    const next = new Date(now.getTime() - overlapMs)
    const { wanted } = await queries.movePlace(db, id, ({ wanted }) => ({ event: uuidAt(next), changed: next.toISOString(), wanted }), hub.now(), { last_run_at: now })
    await warn(db, run, now)
    await setTimer(db, matchingTimer, id, new Date(hub.now().getTime() + (wanted === undefined ? everyMs : 0)))
    return wanted
  })
  if (wanted !== undefined) hub.wake(matchingTimer, [{ tenantId, id }])
}

/** Takes what was asked for into the run. While another is under way (a wish brings the timer forward) that one sets the timer at its end. */
async function begin (db: TenantDb, id: string, now: Date): Promise<queries.StateRow | undefined> {
  if (await claimTimer(db, matchingTimer, id, now, leaseMs) === undefined) return undefined
  const state = await queries.lockState(db, id)
  if (state === undefined) {
    await clearTimer(db, matchingTimer, id)
    return undefined
  }
  const { wanted, runningUntil, ...place } = state.place as queries.Place
  if (runningUntil !== undefined && new Date(runningUntil) > now) {
    await retryTimer(db, matchingTimer, id, new Date(runningUntil))
    return undefined
  }
  const whole = wanted?.from === undefined ? place.whole : { from: [wanted.from, place.whole?.from ?? wanted.from].sort()[0]!, step: 0, after: null }
  const taken = await queries.movePlace(db, id, () => ({ ...place, whole, runningUntil: new Date(now.getTime() + leaseMs).toISOString() }), now)
  return { ...state, place: taken }
}

/** One page: its facts are read, judged and written in one transaction, under the lease of the run. */
async function page (run: Run, work: (db: TenantDb) => Promise<facts.Found>): Promise<void> {
  await inTenant(run.hub.db, run.tenantId, async db => { await write(db, run, await work(db)) })
}

async function write (db: TenantDb, { hub, mode, rules }: Run, { facts: told, gone }: facts.Found): Promise<void> {
  const now = hub.now()
  const judged: queries.Judged[] = []
  const withdrawn = [...gone]
  // The same fact may have been read for two reasons.
  for (const fact of new Map(told.map(fact => [`${fact.leg} ${fact.key}`, fact])).values()) {
    const verdict = judge(fact, rules, now)
    if (verdict === undefined) withdrawn.push({ leg: fact.leg, key: fact.key })
    else judged.push({ fact, verdict })
  }
  const isJudged = new Set(judged.map(({ fact }) => `${fact.leg} ${fact.key}`))
  const { reopened } = await queries.putItems(db, mode, judged, withdrawn.filter(({ leg, key }) => !isJudged.has(`${leg} ${key}`)), now)
  for (const item of reopened) {
    await recordSystemChange(db, now, matchingTimer, { action: 'reconciliation_item.reopened', subjectType: 'reconciliation_item', subjectId: publicId('reconciliation_item', item.id), detail: { resolution: item.resolution, was: { expected: item.expected, found: item.found } } })
  }
}

const soonest = (one: Date | undefined, other: Date | undefined): Date | undefined => one === undefined || (other !== undefined && other < one) ? other : one

async function ofPayments (db: TenantDb, { mode, booked, rules }: Run, ids: readonly string[]): Promise<facts.Found> {
  return facts.together(...await chunked(ids, async some => await facts.factsOfPayments(db, mode, some, { booked, days: rules.days })))
}

async function ofSales (db: TenantDb, { mode, rules }: Run, ids: readonly string[]): Promise<facts.Found> {
  return facts.together(...await chunked(ids, async some => await facts.factsOfSales(db, mode, some, rules.days)))
}

async function ofInvoices (db: TenantDb, run: Run, ids: readonly string[]): Promise<facts.Found> {
  const { payments, sales, ...own } = await facts.factsOfInvoices(db, run.mode, ids)
  return facts.together(own, await ofPayments(db, run, payments), await ofSales(db, run, sales))
}

async function ofMoves (db: TenantDb, run: Run, ids: readonly string[]): Promise<facts.Found> {
  const { payments, payouts: named, ...own } = await facts.factsOfMoves(db, run.mode, ids)
  const paidOut = await facts.readPayouts(db, run.mode, { only: named, limit: named.length })
  for (const { paidOutAt } of paidOut) run.dirty = soonest(run.dirty, paidOutAt)
  return facts.together(own, await ofPayments(db, run, payments), { facts: facts.contentFacts(paidOut), gone: [] })
}

async function ofEntries (db: TenantDb, run: Run, ids: readonly string[]): Promise<facts.Found> {
  const { payments, firstDay, ...own } = await facts.factsOfEntries(db, run.mode, ids)
  if (firstDay !== undefined) run.dirty = soonest(run.dirty, new Date(`${firstDay}T00:00:00Z`))
  return facts.together(own, await ofPayments(db, run, payments))
}

async function chunked<T> (ids: readonly string[], work: (some: string[]) => Promise<T>): Promise<T[]> {
  const unique = [...new Set(ids)]
  const all: T[] = []
  for (let at = 0; at < unique.length; at += pageSize) all.push(await work(unique.slice(at, at + pageSize)))
  return all
}

const steps = ['payments', 'balance_transactions', 'sales', 'invoices', 'bank_entries'] as const
const ofTable = { payments: ofPayments, balance_transactions: ofMoves, sales: ofSales, invoices: ofInvoices, bank_entries: ofEntries }

/** Everything since a moment, table by table; a crash goes on from the last page. */
async function lookAtAll (run: Run, { from, step, after }: NonNullable<queries.Place['whole']>, begun: { event: string, changed: string }): Promise<void> {
  const since = new Date(from)
  for (let at = step; at < steps.length; at++) {
    const table = steps[at]!
    for (let last = at === step ? after : null; ;) {
      const ids = await inTenant(run.hub.db, run.tenantId, async db => {
        const ids = await queries.idsAfter(db, table, run.mode, { from: since, after: last }, pageSize)
        await write(db, run, await ofTable[table](db, run, ids))
        const leasedUntil = new Date(run.hub.now().getTime() + leaseMs)
        await queries.movePlace(db, run.id, ({ wanted }) => ({ ...begun, whole: { from, step: at, after: ids.at(-1) ?? last }, wanted, runningUntil: leasedUntil.toISOString() }), run.hub.now())
        await retryTimer(db, matchingTimer, run.id, leasedUntil)
        return ids
      })
      if (ids.length < pageSize) break
      last = ids.at(-1)!
    }
  }
  run.dirty = soonest(run.dirty, since)
}

/** Our own news of money. */
async function lookAtEvents (run: Run, after: string): Promise<void> {
  for (let last = after; ;) {
    const rows = await inTenant(run.hub.db, run.tenantId, async db => await queries.eventsAfter(db, run.mode, last, pageSize))
    const { payments, refunds, sales, invoices } = facts.subjectsOf(rows)
    await page(run, async db => facts.together(await ofPayments(db, run, [...payments, ...await facts.paymentsOfRefunds(db, refunds)]), await ofSales(db, run, [...sales, ...await facts.salesOfPayments(db, payments)]), await ofInvoices(db, run, invoices)))
    if (rows.length < pageSize) return
    last = rows.at(-1)!.id
  }
}

/** What the providers' books and the bank's statements brought. */
async function lookAtChanges (run: Run, since: Date): Promise<void> {
  for (const table of ['balance_transactions', 'bank_entries'] as const) {
    for (let last: { at: Date, id: string | null } = { at: since, id: null }; ;) {
      const rows = await inTenant(run.hub.db, run.tenantId, async db => await queries.changedAfter(db, table, run.mode, last, pageSize))
      await page(run, async db => await ofTable[table](db, run, rows.map(({ id }) => id)))
      if (rows.length < pageSize) break
      last = { at: rows.at(-1)!.updated_at, id: rows.at(-1)!.id }
    }
  }
}

/** What was waited for may be overdue by now, and what was wrong may be right. */
async function lookAtUnsettled (run: Run): Promise<void> {
  for (let last: string | null = null; ;) {
    const rows: Awaited<ReturnType<typeof queries.unsettledAfter>> = await inTenant(run.hub.db, run.tenantId, async db => await queries.unsettledAfter(db, run.mode, last, pageSize))
    const { payments, refunds, moves, sales, invoices, payouts: named } = facts.keysOf(rows)
    await page(run, async db => {
      const paidOut = await facts.readPayouts(db, run.mode, { only: named, limit: named.length })
      for (const { paidOutAt } of paidOut) run.dirty = soonest(run.dirty, paidOutAt)
      return facts.together(await ofPayments(db, run, [...payments, ...await facts.paymentsOfRefunds(db, refunds)]), await ofMoves(db, run, moves), await ofSales(db, run, sales), await ofInvoices(db, run, invoices))
    })
    if (rows.length < pageSize) return
    last = rows.at(-1)!.id
  }
}

/**
 * Payouts and the bank's entries from then on, decided anew: first the entries that name their payout, then the rest. One at a time for
 * a tenant, because two would both give away the same entry: the run's lease sees to it, and the row's lock.
 */
async function sweep (run: Run, from: Date): Promise<void> {
  const { mode, rules } = run
  const days = rules.days.bank
  await inTenant(run.hub.db, run.tenantId, async db => {
    await queries.lockState(db, run.id)
    const currencies = await payouts.statedCurrencies(db, mode)
    const released = await payouts.release(db, mode, from)
    const all = await allPayouts(db, mode, from)
    const assigned = new Map<string, payouts.Candidate>()
    for (const named of [true, false]) {
      for (let at = 0; at < all.length; at += pageSize) {
        const some = all.slice(at, at + pageSize).filter(({ key, amount }) => amount > 0 && !assigned.has(key))
        const chosen = payouts.assign(some, (await payouts.candidatesOf(db, mode, some, rules, days)).filter(candidate => candidate.named === named))
        await payouts.keep(db, mode, some, chosen)
        for (const [key, candidate] of chosen) assigned.set(key, candidate)
      }
    }
    for (let at = 0; at < all.length; at += pageSize) await write(db, run, { facts: payouts.bankFacts(all.slice(at, at + pageSize), assigned, { currencies, days }), gone: [] })
    const touched = [...new Set([...released, ...[...assigned.values()].map(({ entryId }) => entryId)])]
    for (const found of await chunked(touched, async some => await facts.factsOfEntries(db, mode, some))) await write(db, run, found)
  })
}

async function allPayouts (db: TenantDb, mode: Mode, from: Date): Promise<facts.Payout[]> {
  const all: facts.Payout[] = []
  for (;;) {
    const last = all.at(-1)
    const some = await facts.readPayouts(db, mode, { from, limit: pageSize, ...(last !== undefined && { after: { at: last.paidOutAt, key: last.key } }) })
    all.push(...some)
    if (some.length < pageSize) return all
  }
}

/** One alert for each connection, and one for what belongs to none; it ends when nothing old is left. */
async function warn (db: TenantDb, { mode, rules }: Run, now: Date): Promise<void> {
  const old = (await queries.oldExceptions(db, mode, new Date(now.getTime() - rules.alertAfterDays * 86_400_000)))
    .map(({ connection_id: connection, ...found }) => ({ ...found, subjectId: connection === null ? publicId('tenant', db.tenantId) : publicId('connection', connection) }))
  for (const { subjectId, count, oldest } of old) {
    await raiseLasting(db, now, { kind: 'reconciliation_exceptions', severity: 'warning', mode, subjectId, detail: { count, oldest: oldest.toISOString() } })
  }
  const over = (await queries.warnedOf(db, mode)).filter(id => !old.some(({ subjectId }) => subjectId === id))
  for (const subjectId of over) await resolveAlert(db, now, 'reconciliation_exceptions', subjectId)
}
