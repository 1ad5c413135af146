import type { SubscriptionSnapshot } from '../adapter/subscriptions.ts'
import { isProviderError } from '../adapter/problems.ts'
import { raiseAlert } from '../alerts/raise.ts'
import { loadSealed, type OpenConnection, type SealedConnection } from '../connections/open.ts'
import { findCounterpart } from '../customers/queries.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { claimTimer, clearTimer, retryTimer } from '../db/timers.ts'
import { HubError } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { finishOperation, insertOperation, recordedCall } from '../operations/call.ts'
import { isRefused } from '../operations/problem.ts'
import { requirePayments } from '../payments/plan.ts'
import { type Applied, applyFact, nameOf, nextLook, prepare, remind } from './apply.ts'
import { begin, cancelDecision } from './begin.ts'
import { type CancelAt, type Fact, isFinal, type PendingKind } from './machine.ts'
import { adoptCyclePayments } from './payments.ts'
import { afterwards, factOfError, send } from './perform.ts'
import { pullSubscription } from './pull.ts'
import * as queries from './queries.ts'
import type { SubscriptionRow } from './queries.ts'

/** Nothing new: a period that a provider is slow to bill, a payer who does not come, ms. */
const pollMs = [10, 60, 6 * 60, 24 * 60].map(minutes => minutes * 60_000)

/** The job: everything about a subscription that has become due. */
export async function lookAfter (hub: Hub, tenantId: string, id: string): Promise<void> {
  const now = hub.now()
  const claimed = await inTenant(hub.db, tenantId, async db => await claimTimer(db, 'subscription', id, now, hub.config.jobLeaseMs))
  if (claimed === undefined) return
  await resolveSubscription(hub, tenantId, id, { tries: claimed.tries, leasedUntil: new Date(now.getTime() + hub.config.jobLeaseMs) })
}

/** As the job has claimed it; absent: somebody asks who waits for the answer. */
interface Claim { tries: number, leasedUntil: Date }

/**
 * Finds out what became of a subscription, by asking the provider before anything is sent again. Safe to run at any moment and
 * in several places at once.
 */
export async function resolveSubscription (hub: Hub, tenantId: string, id: string, claim?: Claim): Promise<void> {
  const work = async <T> (run: (db: TenantDb) => Promise<T>) => await inTenant(hub.db, tenantId, run)
  const found = await work(async db => {
    const row = await queries.lockSubscription(db, id)
    if (row === undefined) return undefined
    return { row: await remind(hub, db, row), connection: await loadSealed(db, row.connection_id), owed: (await queries.listOwedPayments(db, id)).length > 0 }
  })
  if (found === undefined || (isFinal(found.row.known_status as 'canceled') && found.row.pending_kind === null && !found.owed)) {
    return await work(async db => await clearTimer(db, 'subscription', id, claim?.leasedUntil))
  }
  const { row, connection } = found
  try {
    const opened = connection && await hub.open(connection)
    if (connection !== undefined && opened !== undefined) {
      await step(hub, connection, opened, row)
      await adoptCyclePayments(hub, connection, id, 'resolver')
    }
  } catch (error) {
    if (!isProviderError(error) && !(error instanceof HubError)) throw error
    hub.log.warn({ err: error, subscription: nameOf(row) }, 'a subscription could not be looked after yet')
  }
  if (claim !== undefined) await again(hub, tenantId, id, claim)
}

/** Whoever applied something has set the timer; otherwise it is looked at again, ever more rarely, and at the end a person is told of what is owed. */
async function again (hub: Hub, tenantId: string, id: string, { tries, leasedUntil }: Claim): Promise<void> {
  await inTenant(hub.db, tenantId, async db => {
    const row = (await queries.lockSubscription(db, id))!
    const timer = await queries.findTimer(db, id)
    if (timer?.getTime() !== leasedUntil.getTime()) return
    const owed = row.pending_kind !== null || row.cancel_wanted !== null || (await queries.listOwedPayments(db, id)).length > 0
    const delayMs = owed ? hub.config.resolverSchedule[tries] : pollMs[Math.min(tries - 1, pollMs.length - 1)]
    const soonest = new Date(hub.now().getTime() + (delayMs ?? pollMs.at(-1)!))
    const planned = owed ? undefined : nextLook(row, hub.now())
    await retryTimer(db, 'subscription', id, planned !== undefined && planned > soonest ? planned : soonest)
    if (delayMs === undefined) await raiseAlert(db, hub.now(), { kind: 'subscription_unresolved', severity: 'critical', mode: row.mode as 'test', subjectId: nameOf(row), detail: { pending: row.pending_kind ?? 'cancel', since: row.pending_since } })
  })
}

async function step (hub: Hub, connection: SealedConnection, opened: OpenConnection, row: SubscriptionRow): Promise<void> {
  if (row.pending_kind === null) {
    if (row.cancel_wanted !== null && !isFinal(row.known_status as 'canceled')) await carryOutCancel(hub, row)
    else if (!isFinal(row.known_status as 'canceled')) await pullSubscription(hub, connection, row.id, 'resolver')
    return
  }
  // 1. What does the provider know?
  const looked = await look(hub, connection, opened, row)
  if (looked === 'unknown') return
  const after = await inTenant(hub.db, row.tenant_id, async db => (await queries.findSubscription(db, row.id))!)
  if (after.pending_kind === null) {
    if (after.cancel_wanted !== null && !isFinal(after.known_status as 'canceled')) await carryOutCancel(hub, after)
    return
  }
  // What was just found is there, whatever else came meanwhile: it is neither made again nor given up.
  if (looked === 'found' || after.pending_operation_id !== row.pending_operation_id) return
  await repeatOrGiveUp(hub, connection, opened, after)
}

/** By the provider's id, or by our reference when we never learned it. */
async function look (hub: Hub, connection: SealedConnection, opened: OpenConnection, row: SubscriptionRow): Promise<'asked' | 'found' | 'unknown'> {
  if (row.provider_reference !== null) {
    await pullSubscription(hub, connection, row.id, 'resolver')
    return 'asked'
  }
  const family = requirePayments(opened.adapter)
  if (family.findSubscription === undefined) return 'unknown'
  const customer = (await inTenant(hub.db, row.tenant_id, async db => await findCounterpart(db, 'customer', row.customer_id, row.connection_id)))?.provider_reference ?? undefined
  const result = await recordedCall<SubscriptionSnapshot | undefined>(hub, async work => await inTenant(hub.db, row.tenant_id, work), { connection: opened, kind: 'find_subscription', subjectId: row.id, requestId: 'resolver' },
    async context => await family.findSubscription!(context, { reference: nameOf(row), from: row.pending_since ?? row.created_at, to: hub.now(), ...(customer !== undefined && { customerProviderReference: customer }) }))
  if (!result.ok) throw result.error
  if (result.value === undefined) return 'asked'
  const applied = await apply(hub, row, { type: 'pulled', snapshot: result.value, current: true })
  if (applied !== undefined) await afterwards(hub, connection, applied, 'resolver')
  return 'found'
}

/** 2. It does not know, or not yet. May exactly this request be sent once more, under its own key? Or was it certainly not done? */
async function repeatOrGiveUp (hub: Hub, connection: SealedConnection, opened: OpenConnection, row: SubscriptionRow): Promise<void> {
  const { manifest } = opened.adapter
  const kind = row.pending_kind as PendingKind
  const work = async <T> (run: (db: TenantDb) => Promise<T>) => await inTenant(hub.db, row.tenant_id, run)
  const safety = manifest.retry_safety[kind] ?? 'never'
  const since = row.pending_since!
  const ageMs = hub.now().getTime() - since.getTime()
  const last = await work(async db => await queries.lastCall(db, row.id, kind))
  const sentAt = last?.startedAt ?? since
  // Its caller waits for it still, here or in another process; one that died has let go by then.
  if (last?.running === true && hub.now().getTime() - sentAt.getTime() < Math.min(hub.config.jobLeaseMs, manifest.timeouts_ms.default + 15_000)) return
  // What was sent a moment ago may still come to be, whether it was the first time or a repetition.
  const settled = hub.now().getTime() - sentAt.getTime() >= manifest.settles_within_ms
  const keyed = safety === 'natural-key' || (safety === 'idempotency-key' && ageMs < manifest.idempotency_window_ms)
  // What sets a state may be set again once it had time to show: twice the same is the same.
  const repeatable = keyed || (safety !== 'never' && settled && (safety === 'query-first' || kind === 'update_subscription'))
  const wanted = kind === 'cancel_subscription' || kind === 'update_subscription' || (row.cancel_wanted === null && ageMs < hub.config.paymentWantedFor)
  if (!wanted || !repeatable) {
    if (settled && safety !== 'never') await apply(hub, row, { type: 'not_done' })
    return
  }
  // Somebody else may be about to repeat it too: the repetition is on the record, under the row's lock, before it leaves.
  const operationId = await work(async db => {
    const locked = await queries.lockSubscription(db, row.id)
    if (locked?.version !== row.version || (await queries.lastCall(db, row.id, kind))?.id !== last?.id) return undefined
    return await insertOperation(db, hub.now(), { connection: opened, kind, subjectId: row.id, idempotencyKey: row.pending_key!, requestId: 'resolver' })
  })
  if (operationId === undefined) return
  const result = await send(hub, opened, row, operationId, 'resolver')
  await work(async db => await finishOperation(db, operationId, result.report))
  if (result.ok) {
    // The answer may be the stored one of the first time, so it is not the newest word.
    const applied = await apply(hub, row, { type: 'answer', snapshot: result.value, current: false })
    if (applied !== undefined) await afterwards(hub, connection, applied, 'resolver')
  } else if (isRefused(result.error)) await apply(hub, row, factOfError(result.error))
}

/** A cancel that was asked for while nobody knew. A refusal of the provider is a person's to see. */
async function carryOutCancel (hub: Hub, row: SubscriptionRow): Promise<void> {
  const acting = { tenantId: row.tenant_id, mode: row.mode as 'test', requestId: 'resolver' }
  const { error } = await begin(hub, acting, row.id, cancelDecision(row.cancel_wanted as CancelAt), async () => {})
  if (error === undefined || !isRefused(error)) return
  await inTenant(hub.db, row.tenant_id, async db => {
    await raiseAlert(db, hub.now(), { kind: 'subscription_unresolved', severity: 'critical', mode: row.mode as 'test', subjectId: nameOf(row), detail: { why: 'the cancel that was asked for was refused', code: error.code } })
  })
}

/** Applies a fact on the state that was asked about; when it moved meanwhile, only what is decisive is believed. */
async function apply (hub: Hub, seen: SubscriptionRow, fact: Fact): Promise<Applied | undefined> {
  const prepared = await prepare(hub, seen.tenant_id, seen.id, fact)
  return await inTenant(hub.db, seen.tenant_id, async db => {
    const row = (await queries.lockSubscription(db, seen.id))!
    const samePending = row.pending_operation_id === seen.pending_operation_id
    if (!('snapshot' in fact)) return samePending ? await applyFact(hub, db, row, prepared) : undefined
    if (fact.type === 'event') return await applyFact(hub, db, row, prepared)
    const type = fact.type === 'answer' && !samePending ? 'pulled' : fact.type
    return await applyFact(hub, db, row, { ...prepared, fact: { type, snapshot: fact.snapshot, current: fact.current && row.version === seen.version } })
  })
}
