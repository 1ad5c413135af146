import type { OperationName } from '../adapter/manifest.ts'
import type { IdempotencyKey } from '../adapter/payments.ts'
import { raiseAlert } from '../alerts/raise.ts'
import { loadSealed, type OpenConnection, type SealedConnection } from '../connections/open.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { claimTimer, clearTimer, retryTimer, setTimer } from '../db/timers.ts'
import { HubError } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import { callProvider, finishOperation, insertOperation, lastSent, recordedCall } from '../operations/call.ts'
import { applyPage, isFull, nextLook, pageTimer } from './apply.ts'
import { openPagePlan, type PageCalls, pageCalls } from './calls.ts'
import { pullPage, takeNews } from './look.ts'
import { beginExpire, expireInput, factOfError, performCall } from './perform.ts'
import * as queries from './queries.ts'
import type { PageKind, PageRow } from './queries.ts'

/**
 * The job that looks after a page: finds out what became of a call that was not answered, asks the provider about an open one
 * now and then, and ends one whose time is over where the provider's own clock does not. Safe to run at any moment.
 */
export async function resolvePage (hub: Hub, tenantId: string, id: string): Promise<void> {
  const work = async <T> (run: (db: TenantDb) => Promise<T>) => await inTenant(hub.db, tenantId, run)
  const found = await work(async db => {
    const now = hub.now()
    const claimed = await claimTimer(db, pageTimer, id, now, hub.config.jobLeaseMs)
    const row = claimed && await queries.findPage(db, id)
    return row && { row, tries: claimed.tries, leasedUntil: new Date(now.getTime() + hub.config.jobLeaseMs), connection: await loadSealed(db, row.connection_id) }
  })
  if (found === undefined) return
  const { row, tries, leasedUntil, connection } = found
  const adapter = hub.adapters.get(row.provider)
  // It has ended, or the account was taken away: there is nobody to ask.
  if (row.pending_kind === null && (row.status !== 'open' || connection === undefined)) return await work(async db => { await clearTimer(db, pageTimer, id) })
  const opened = connection === undefined || adapter?.payments === undefined
    ? undefined
    : await hub.open(connection).catch((error: unknown) => {
      hub.log.error({ err: error }, 'a connection did not open')
      return undefined
    })
  if (connection === undefined || opened === undefined) return await later(hub, row, tries)
  const calls = pageCalls(opened.adapter, row.kind as PageKind)
  try {
    if (row.provider_reference === null) await findOut(hub, { connection, opened, calls, row, tries })
    else await lookAfter(hub, { connection, opened, calls, row, tries }, leasedUntil)
  } catch (error) {
    hub.log.warn({ err: error, page: publicId(row.kind as PageKind, id) }, 'a page could not be looked after yet')
    await later(hub, row, tries)
  }
}

interface Looked { connection: SealedConnection, opened: OpenConnection, calls: PageCalls, row: PageRow, tries: number }

/** Was it ever made? Asked first; then, where that is safe, exactly the same request once more; then it never was. */
async function findOut (hub: Hub, looked: Looked): Promise<void> {
  const { connection, opened, calls, row, tries } = looked
  const work = async <T> (run: (db: TenantDb) => Promise<T>) => await inTenant(hub.db, row.tenant_id, run)
  const since = row.pending_since ?? row.created_at
  // Nobody to ask: only where the same again is the same, it tells itself.
  const asked = calls.find === undefined ? undefined : await recordedCall(hub, work, { connection: opened, kind: calls.names.find, subjectId: row.id, requestId: 'resolver' }, calls.find({ reference: publicId(row.kind as PageKind, row.id), from: since, to: hub.now() }))
  if (asked?.ok === false || (asked === undefined && opened.adapter.manifest.retry_safety[calls.names.create] !== 'natural-key')) return await later(hub, row, tries)
  if (asked?.value !== undefined) {
    const after = await takeNews(hub, connection, row.id, { type: 'told', snapshot: asked.value }, 'resolver')
    // Nothing of it was believed.
    return after.pending_kind === null ? undefined : await later(hub, row, tries)
  }
  if (await mayRepeat(hub, looked, calls.names.create, since)) {
    const plan = await openPagePlan(hub, row)
    return await repeat(hub, looked, calls.names.create, plan.input.idempotencyKey, calls.create(plan.input))
  }
  if (!await isSettled(hub, looked, calls.names.create, since)) return await later(hub, row, tries)
  await work(async db => { await applyPage(hub, db, (await queries.lockPage(db, row.id))!, { type: 'not_done' }) })
}

/** A page that is there: what became of it, and whether its time is over. */
async function lookAfter (hub: Hub, looked: Looked, leasedUntil: Date): Promise<void> {
  const { connection, calls, row, tries } = looked
  const work = async <T> (run: (db: TenantDb) => Promise<T>) => await inTenant(hub.db, row.tenant_id, run)
  const after = await pullPage(hub, connection, row, 'resolver')
  if (after.status !== 'open') return await work(async db => { await clearTimer(db, pageTimer, row.id) })
  const now = hub.now()
  if (after.pending_kind === 'expire') {
    const since = after.pending_since ?? after.updated_at
    const key = await lastKey(hub, after)
    if (calls.expire !== undefined && key !== undefined && (await mayRepeat(hub, looked, calls.names.expire, since) || await isSettled(hub, looked, calls.names.expire, since))) {
      return await repeat(hub, { ...looked, row: after }, calls.names.expire, key, calls.expire(expireInput(after, after.provider_reference!, key)))
    }
    return await later(hub, after, tries)
  }
  const over = (after.expires_at !== null && after.expires_at <= now) || await work(async db => await isFull(db, after))
  if (over && calls.expire !== undefined) {
    const begun = await beginExpire(hub, row.tenant_id, row.id, 'resolver', async () => {}).catch((error: unknown) => {
      if (error instanceof HubError) return undefined
      throw error
    })
    if (begun !== undefined) await performCall(hub, begun.connection, begun.work)
    const ended = await work(async db => (await queries.findPage(db, row.id))!)
    if (ended.status !== 'open') return
    // The provider said no, or nobody knows: `performCall` left the intent, or there is another look.
    return ended.pending_kind === null ? await later(hub, ended, tries) : undefined
  }
  // Whoever paid meanwhile has asked for another look at once: that one stays.
  await work(async db => { await retryTimer(db, pageTimer, row.id, nextLook(after, tries, now), leasedUntil) })
}

async function lastKey (hub: Hub, row: PageRow): Promise<IdempotencyKey | undefined> {
  return await inTenant(hub.db, row.tenant_id, async db => await queries.keyOfOperation(db, row.pending_operation_id!)) as IdempotencyKey | undefined
}

/** Of this age, and with what the provider promises, is the same request safe to send again? */
async function mayRepeat (hub: Hub, looked: Looked, operation: OperationName, since: Date): Promise<boolean> {
  const { manifest } = looked.opened.adapter
  const safety = manifest.retry_safety[operation] ?? 'never'
  const ageMs = hub.now().getTime() - since.getTime()
  // A page that nobody waited for so long is not wanted any more.
  if (looked.row.status === 'unknown' && ageMs >= hub.config.paymentWantedFor) return false
  if (safety === 'idempotency-key') return ageMs < manifest.idempotency_window_ms
  return safety === 'natural-key' || (safety === 'query-first' && await isSettled(hub, looked, operation, since))
}

/** What was sent a moment ago may still come to be. */
async function isSettled (hub: Hub, { opened: { adapter: { manifest } }, row }: Looked, operation: OperationName, since: Date): Promise<boolean> {
  if ((manifest.retry_safety[operation] ?? 'never') === 'never') return false
  const sentAt = await inTenant(hub.db, row.tenant_id, async db => await lastSent(db, row.id, operation)) ?? since
  return hub.now().getTime() - sentAt.getTime() >= manifest.settles_within_ms
}

/** On the record, under the row's lock, before it leaves: whoever comes next finds that nothing is settled yet. */
async function repeat (hub: Hub, { opened, row, tries }: Looked, operation: OperationName, idempotencyKey: IdempotencyKey, call: ReturnType<PageCalls['create']>): Promise<void> {
  const work = async <T> (run: (db: TenantDb) => Promise<T>) => await inTenant(hub.db, row.tenant_id, run)
  const mine = await work(async db => {
    const locked = await queries.lockPage(db, row.id)
    if (locked?.version !== row.version || locked.pending_operation_id !== row.pending_operation_id) return undefined
    return await insertOperation(db, hub.now(), { connection: opened, kind: operation, subjectId: row.id, idempotencyKey, requestId: 'resolver' })
  })
  if (mine === undefined) return
  const result = await callProvider(hub, opened, operation, call)
  const fact = result.ok ? { type: 'answer' as const, snapshot: result.value } : result.error.reached === 'answered' ? factOfError(result.error) : undefined
  const after = await work(async db => {
    await finishOperation(db, mine, result.report)
    const locked = (await queries.lockPage(db, row.id))!
    return fact === undefined || locked.pending_operation_id !== row.pending_operation_id ? locked : await applyPage(hub, db, locked, fact)
  })
  if (after.pending_kind !== null) return await later(hub, row, tries)
  // A refused end leaves it open: it is looked at again.
  if (after.status === 'open') await work(async db => { await setTimer(db, pageTimer, row.id, nextLook(after, 0, hub.now())) })
}

/** Nothing was learned: later again, ever more rarely, and at the end of the schedule a person is told. */
async function later (hub: Hub, row: PageRow, tries: number): Promise<void> {
  const now = hub.now()
  const delayMs = hub.config.resolverSchedule[tries]
  await inTenant(hub.db, row.tenant_id, async db => {
    // An open page is looked at as long as it is open.
    if (row.pending_kind === null) return await retryTimer(db, pageTimer, row.id, nextLook(row, tries, now))
    if (delayMs !== undefined) return await retryTimer(db, pageTimer, row.id, new Date(now.getTime() + delayMs))
    await clearTimer(db, pageTimer, row.id)
    await raiseAlert(db, now, { kind: 'checkout_review', severity: 'critical', mode: row.mode as 'test', subjectId: publicId(row.kind as PageKind, row.id), detail: { why: 'the provider could not be asked', pending: row.pending_kind, since: row.pending_since } })
  })
}
