import type { CycleSnapshot } from '../adapter/subscriptions.ts'
import { raiseAlert } from '../alerts/raise.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import { clearTimer, setTimer } from '../db/timers.ts'
import { recordEvents } from '../events/record.ts'
import type { Hub } from '../hub.ts'
import { newUuid, parseId, publicId } from '../ids.ts'
import { problemText } from '../adapter/problem-text.ts'
import { cycleTransition, eventsOf, type Fact, type SubscriptionEvent, isFinal, type Outcome, type SubscriptionState, transition } from './machine.ts'
import * as queries from './queries.ts'
import type { CycleRow, SubscriptionRow } from './queries.ts'
import { sealNextAction, showCycle, showSubscription } from './view.ts'

export interface Applied {
  row: SubscriptionRow
  outcome: Outcome
  cycles: CyclesNews
}

/** What came of cycles that were told: `new`, and there may be more that we did not hear of; or another state of one that we know. */
export type CyclesNews = 'new' | 'changed' | 'known'

/** A fact with what has to be done before the transaction: its next action is already sealed. */
export interface PreparedFact {
  fact: Fact
  nextActionSealed: string | null
}

export async function prepare (hub: Pick<Hub, 'vault'>, tenantId: string, id: string, fact: Fact): Promise<PreparedFact> {
  return { fact, nextActionSealed: 'snapshot' in fact ? await sealNextAction(hub, tenantId, id, fact.snapshot) : null }
}

type ApplyHub = Pick<Hub, 'now' | 'config'>

/**
 * Applies one fact to a subscription whose row is locked by this transaction: state, cycles, events, alerts and timer change
 * together or not at all.
 */
export async function applyFact (hub: ApplyHub, db: TenantDb, row: SubscriptionRow, { fact, nextActionSealed }: PreparedFact): Promise<Applied> {
  const before = queries.stateOf(row)
  const outcome = transition(before, fact)
  const snapshot = 'snapshot' in fact ? fact.snapshot : undefined
  const next = outcome.do === 'apply' ? outcome.next : before
  const reviewed = next.review !== before.review
  const saved = outcome.do === 'apply' ? await save(hub, db, row, next, { fact, nextActionSealed, reviewed }) : row
  if (outcome.do === 'apply') {
    await tell(hub, db, saved, [...eventsOf(before, next), ...(isChanged(row, fact, next, reviewed) ? ['updated' as const] : [])])
    if (outcome.undone !== undefined) await tell(hub, db, saved, ['change_failed'], { change: changeOf(row, outcome.undone) })
    if (reviewed && next.review !== null) await raiseAlert(db, hub.now(), { kind: 'subscription_review', severity: 'critical', mode: next.mode, subjectId: next.reference, detail: { ...next.review } })
  }
  const cycle = snapshot?.latestCycle
  // Where the provider is asked, its answer tells of the cycle too: then the state goes before it.
  const ours = !reviewed && outcome.do !== 'pull' && snapshot?.providerReference === (saved.provider_reference ?? snapshot?.providerReference)
  const cycles = cycle !== undefined && ours ? await applyCycles(hub, db, saved, [cycle]) : 'known'
  const reminded = await remind(hub, db, saved)
  if (outcome.do === 'apply' || cycles !== 'known') await schedule(hub, db, reminded)
  return { row: reminded, outcome, cycles }
}

interface Told { fact: Fact, nextActionSealed: string | null, reviewed: boolean }

async function save (hub: ApplyHub, db: TenantDb, row: SubscriptionRow, next: SubscriptionState, { fact, nextActionSealed, reviewed }: Told): Promise<SubscriptionRow> {
  const snapshot = 'snapshot' in fact && !reviewed ? fact.snapshot : undefined
  return await queries.saveSubscription(db, {
    ...queries.withState(row, next),
    ...(isChanged(row, fact, next, reviewed) && changedColumns(row)),
    ...(snapshot !== undefined && { provider_status: snapshot.providerStatus }),
    ...(snapshot !== undefined && next.nextAction && nextActionSealed !== null && { next_action_sealed: nextActionSealed }),
    updated_at: hub.now()
  })
}

/** The provider has taken over the change that was asked for. */
const isChanged = (row: SubscriptionRow, fact: Fact, next: SubscriptionState, reviewed: boolean): boolean =>
  row.pending_kind === 'update_subscription' && fact.type === 'answer' && !reviewed && !isFinal(next.knownStatus)

function changedColumns (row: SubscriptionRow): Partial<SubscriptionRow> {
  const { plan, quantity, paymentMethod } = queries.changeOf(row)
  const [planId, methodId] = [plan && parseId('plan', plan), paymentMethod && parseId('payment_method', paymentMethod)]
  return { ...(planId !== undefined && planId !== '' && { plan_id: planId }), ...(quantity !== undefined && { quantity }), ...(methodId !== undefined && methodId !== '' && { payment_method_id: methodId }) }
}

function changeOf (row: SubscriptionRow, problem: { code: keyof typeof problemText }): object {
  return { kind: row.pending_kind?.replace('_subscription', ''), asked: row.pending_change, error: { code: problem.code, message: problemText[problem.code].en } }
}

async function tell (hub: ApplyHub, db: TenantDb, row: SubscriptionRow, types: readonly SubscriptionEvent[], beside: object = {}): Promise<void> {
  const data = { ...showSubscription(row, 'en'), ...beside }
  await recordEvents(db, hub.now(), types.map(type => ({ type: `subscription.${type}` as const, mode: row.mode as 'test', subjectId: row.id, data })))
}

/** Three days before a trial ends, or at once when it is shorter. */
const reminderMs = 3 * 24 * 3600_000

/** Tells once that the trial is about to end, when the time has come. */
export async function remind (hub: ApplyHub, db: TenantDb, row: SubscriptionRow): Promise<SubscriptionRow> {
  if (row.known_status !== 'trialing' || row.trial_ends_at === null || row.trial_told_at !== null) return row
  if (row.trial_ends_at.getTime() - reminderMs > hub.now().getTime()) return row
  const saved = await queries.saveSubscription(db, { ...row, trial_told_at: hub.now() })
  await tell(hub, db, saved, ['trial_ending'])
  return saved
}

/** How long after a period's end a provider may take to say what became of the next, ms. Stripe bills an hour after it. */
const graceMs = 2 * 3600_000
const minuteMs = 60_000
const dayMs = 24 * 3600_000

/** When the job looks at it next; while a call is pending the timer of its intent stands. */
export async function schedule (hub: ApplyHub, db: TenantDb, row: SubscriptionRow): Promise<void> {
  if (row.pending_kind !== null) return
  const at = row.cancel_wanted !== null && !isFinal(row.known_status as 'canceled') ? await nextCancel(hub, db, row) : nextLook(row, hub.now())
  const owed = (await queries.listOwedPayments(db, row.id)).length > 0
  // Whoever told of it asks for the payment now; this is for when they die of it.
  const soon = owed ? new Date(hub.now().getTime() + minuteMs) : undefined
  const due = [at, soon].filter(date => date !== undefined).sort((a, b) => a.getTime() - b.getTime())[0]
  if (due === undefined) await clearTimer(db, 'subscription', row.id)
  else await setTimer(db, 'subscription', row.id, due)
}

/** A cancel that is wanted is tried at once, and then ever more rarely; after many times a person is told. */
async function nextCancel (hub: ApplyHub, db: TenantDb, row: SubscriptionRow): Promise<Date> {
  const tries = await queries.countCancels(db, row.id)
  const delayMs = tries === 0 ? 0 : hub.config.resolverSchedule[tries]
  if (delayMs === undefined) await raiseAlert(db, hub.now(), { kind: 'subscription_unresolved', severity: 'critical', mode: row.mode as 'test', subjectId: nameOf(row), detail: { pending: 'cancel', tries } })
  return new Date(hub.now().getTime() + (delayMs ?? dayMs))
}

/** When there is nothing owed: what would be missed if no webhook came. Undefined when nothing more can happen. */
export function nextLook (row: SubscriptionRow, now: Date): Date | undefined {
  const status = row.known_status as SubscriptionState['knownStatus']
  if (isFinal(status)) return undefined
  const inMs = (ms: number) => new Date(now.getTime() + ms)
  if (status === 'incomplete') return inMs(10 * minuteMs)
  if (status !== 'active' && status !== 'trialing') return inMs(dayMs)
  const periodEnd = row.current_period_end === null ? inMs(dayMs) : new Date(row.current_period_end.getTime() + graceMs)
  const reminder = status === 'trialing' && row.trial_ends_at !== null && row.trial_told_at === null ? new Date(row.trial_ends_at.getTime() - reminderMs) : periodEnd
  return new Date(Math.max(Math.min(periodEnd.getTime(), reminder.getTime()), now.getTime() + minuteMs))
}

/** What the provider tells of cycles, oldest first. */
export async function applyCycles (hub: ApplyHub, db: TenantDb, subscription: SubscriptionRow, snapshots: readonly CycleSnapshot[]): Promise<CyclesNews> {
  const news: CyclesNews[] = []
  for (const snapshot of snapshots) news.push(await applyCycle(hub, db, subscription, snapshot))
  return news.includes('new') ? 'new' : news.includes('changed') ? 'changed' : 'known'
}

async function applyCycle (hub: ApplyHub, db: TenantDb, subscription: SubscriptionRow, snapshot: CycleSnapshot): Promise<CyclesNews> {
  const now = hub.now()
  const row = await queries.findCycleByProviderReference(db, subscription.connection_id, snapshot.providerReference)
  if (row !== undefined && row.subscription_id !== subscription.id) return 'known'
  const before = row === undefined ? null : queries.cycleStateOf(row)
  const next = cycleTransition(before, snapshot)
  if (next === null) return 'known'
  const paymentOwed = next.paymentReference !== null
  const saved = row === undefined
    ? await queries.insertCycle(db, newUuid(now), subscription, next, snapshot, paymentOwed, now)
    : await queries.updateCycle(db, row.id, next, snapshot, paymentOwed, now)
  if (next.status === 'paid' && before?.status !== 'paid' && await queries.hasEarlierCycle(db, saved)) await tellCycle(hub, db, subscription, saved, 'renewed')
  const failed = next.attempts > (before?.attempts ?? 0) && (next.status === 'open' || next.status === 'uncollectible')
  // A first payment that waits for the payer was tried and has not failed.
  if (failed && (snapshot.error !== undefined || subscription.error !== null || subscription.known_status !== 'incomplete')) await tellCycle(hub, db, subscription, saved, 'payment_failed')
  return row === undefined ? 'new' : 'changed'
}

async function tellCycle (hub: ApplyHub, db: TenantDb, subscription: SubscriptionRow, cycle: CycleRow, type: 'renewed' | 'payment_failed'): Promise<void> {
  await tell(hub, db, subscription, [type], { cycle: showCycle(cycle, 'en') })
}

/** For messages: `sub_…`. */
export const nameOf = (row: Pick<SubscriptionRow, 'id'>): string => publicId('subscription', row.id)
