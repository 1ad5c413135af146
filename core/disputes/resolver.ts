import type { Mode } from '../adapter/context.ts'
import type { DisputeSnapshot, DisputeStatus } from '../adapter/disputes.ts'
import { raiseAlert } from '../alerts/raise.ts'
import { loadSealed, type OpenConnection, type SealedConnection } from '../connections/open.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { claimTimer, clearTimer, retryTimer } from '../db/timers.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import { callProvider, finishOperation, insertOperation, lastSent, recordedCall } from '../operations/call.ts'
import { applyDispute, disputeTimer, lockBoth } from './apply.ts'
import { dayMs, dueWarning, isClosed, isFinal, nextLook } from './machine.ts'
import { callOf, endCall, sealedEvidenceOf } from './perform.ts'
import { openDisputePlan } from './plan.ts'
import * as queries from './queries.ts'
import type { DisputeRow } from './queries.ts'

/**
 * The job that looks after a dispute: warns before the deadline, ends a call that was not answered, and asks the provider every
 * day what became of it, in case its webhook never comes. Safe to run at any moment.
 */
export async function resolveDispute (hub: Hub, tenantId: string, id: string): Promise<void> {
  const leasedUntil = new Date(hub.now().getTime() + hub.config.jobLeaseMs)
  const work = async <T> (run: (db: TenantDb) => Promise<T>) => await inTenant(hub.db, tenantId, run)
  const claimed = await work(async db => {
    const claimed = await claimTimer(db, disputeTimer, id, hub.now(), hub.config.jobLeaseMs)
    const row = claimed && await queries.findDispute(db, id)
    return row && { row, tries: claimed.tries }
  })
  if (claimed === undefined) return
  const warned = await work(async db => await warn(hub, db, claimed.row))
  const row = warned.pending_kind === null ? await pull(hub, warned, 'resolver') : await settleDispute(hub, warned, 'resolver')
  const now = hub.now()
  const status = row.status as DisputeStatus
  const delayMs = hub.config.resolverSchedule[claimed.tries]
  await work(async db => {
    if (row.pending_kind !== null && delayMs !== undefined) return await retryTimer(db, disputeTimer, id, new Date(now.getTime() + delayMs))
    if (row.pending_kind !== null) await raiseAlert(db, now, { kind: 'dispute_unresolved', severity: 'critical', mode: row.mode as Mode, subjectId: publicId('dispute', id), detail: { pending: row.pending_kind, since: row.pending_since } })
    if (isClosed(status)) await clearTimer(db, disputeTimer, id, leasedUntil)
    else await retryTimer(db, disputeTimer, id, nextLook({ status, evidenceDueBy: row.evidence_due_by }, now))
  })
}

/** Seven days, three, and one before the deadline, each once. */
async function warn (hub: Pick<Hub, 'now'>, db: TenantDb, seen: DisputeRow): Promise<DisputeRow> {
  const now = hub.now()
  const row = await lockBoth(db, seen)
  const days = dueWarning({ status: row.status as DisputeStatus, evidenceDueBy: row.evidence_due_by, evidenceSubmitted: row.evidence_submitted, warnedDays: row.warned_days }, now)
  if (days === undefined) return row
  const left = Math.ceil((row.evidence_due_by!.getTime() - now.getTime()) / dayMs)
  await raiseAlert(db, now, { kind: 'dispute_evidence_due', severity: days === 1 ? 'critical' : 'warning', mode: row.mode as Mode, subjectId: publicId('dispute', row.id), detail: { payment: publicId('payment', row.payment_id), evidence_due_by: row.evidence_due_by, days_left: left, amount: row.amount, currency: row.currency } })
  return await queries.updateDispute(db, row.id, { warnedDays: days }, now)
}

/** Asks the provider, and applies what it says. What cannot be asked now is asked another day. */
async function pull (hub: Hub, row: DisputeRow, requestId: string): Promise<DisputeRow> {
  const opened = await openFor(hub, row)
  const snapshot = opened && await ask(hub, opened.connection, row, requestId)
  return snapshot === undefined ? row : await apply(hub, row, snapshot)
}

async function apply (hub: Hub, seen: DisputeRow, snapshot: DisputeSnapshot): Promise<DisputeRow> {
  return await inTenant(hub.db, seen.tenant_id, async db => {
    const row = await lockBoth(db, seen)
    return await applyDispute(hub, db, row, { type: 'pulled', snapshot, current: row.version === seen.version })
  })
}

/** Undefined when it could not be asked. */
async function ask (hub: Hub, opened: OpenConnection, row: DisputeRow, requestId: string): Promise<DisputeSnapshot | undefined> {
  const get = opened.adapter.payments?.getDispute
  if (get === undefined) return undefined
  const result = await recordedCall(hub, async work => await inTenant(hub.db, row.tenant_id, work), { connection: opened, kind: 'get_dispute', subjectId: row.id, requestId },
    async context => await get(context, row.provider_reference))
  if (!result.ok) hub.log.warn({ err: result.error, dispute: publicId('dispute', row.id) }, 'the newest word on a dispute could not be had')
  return result.ok ? result.value : undefined
}

async function openFor (hub: Hub, row: DisputeRow): Promise<{ sealed: SealedConnection, connection: OpenConnection } | undefined> {
  const sealed = await inTenant(hub.db, row.tenant_id, async db => await loadSealed(db, row.connection_id))
  if (sealed === undefined || hub.adapters.get(sealed.provider) === undefined) return undefined
  const connection = await hub.open(sealed).catch((error: unknown) => {
    hub.log.error({ err: error }, 'a connection did not open')
    return undefined
  })
  return connection && { sealed, connection }
}

/**
 * Finds out what became of a call that was not answered: by asking, and where the dispute does not show it, by sending exactly
 * the same once more, as far as that is safe. The row as it is then; still pending when nobody can say.
 */
export async function settleDispute (hub: Hub, row: DisputeRow, requestId: string): Promise<DisputeRow> {
  if (row.pending_kind === null) return row
  const opened = await openFor(hub, row)
  if (opened === undefined) return row
  const { connection } = opened
  const plan = await openDisputePlan(hub, row)
  const evidenceSealed = await sealedEvidenceOf(hub, row.tenant_id, row.id, plan)
  const snapshot = await ask(hub, connection, row, requestId)
  if (snapshot === undefined) return row
  const shows = plan.kind === 'accept_dispute' ? isFinal(snapshot.status) : plan.input.submit && (snapshot.evidenceSubmitted === true || isFinal(snapshot.status))
  const work = async <T> (run: (db: TenantDb) => Promise<T>) => await inTenant(hub.db, row.tenant_id, run)
  if (shows) {
    return await work(async db => {
      const locked = await lockBoth(db, row)
      if (locked.pending_operation_id !== row.pending_operation_id) return locked
      const fact = plan.kind === 'accept_dispute' ? { type: 'accepted' as const, snapshot } : { type: 'pulled' as const, snapshot, current: locked.version === row.version }
      return await applyDispute(hub, db, locked, fact, { pending: null, ...(evidenceSealed !== undefined && { evidenceSealed }) })
    })
  }
  const { manifest } = connection.adapter
  const since = row.pending_since ?? row.updated_at
  const sentAt = await work(async db => await lastSent(db, row.id, plan.kind)) ?? since
  const settled = hub.now().getTime() - sentAt.getTime() >= manifest.settles_within_ms
  const safety = manifest.retry_safety[plan.kind] ?? 'never'
  const inWindow = hub.now().getTime() - since.getTime() < manifest.idempotency_window_ms
  const mayRepeat = safety === 'idempotency-key' ? inWindow : safety === 'natural-key' || (safety === 'query-first' && settled)
  if (!mayRepeat) return row
  const operationId = await work(async db => {
    const locked = await lockBoth(db, row)
    if (locked.version !== row.version || (await lastSent(db, row.id, plan.kind) ?? since).getTime() !== sentAt.getTime()) return undefined
    return await insertOperation(db, hub.now(), { connection, kind: plan.kind, subjectId: row.id, idempotencyKey: plan.input.idempotencyKey, requestId })
  })
  if (operationId === undefined) return row
  const result = await callProvider(hub, connection, plan.kind, callOf(connection.adapter, plan))
  return await work(async db => {
    await finishOperation(db, operationId, result.report)
    const locked = await lockBoth(db, row)
    // Of a repetition only an answer is an end: that it did not get there says nothing of the first time.
    if (locked.pending_operation_id !== row.pending_operation_id || (!result.ok && result.error.reached !== 'answered')) return locked
    return await endCall(hub, db, locked, plan, result, evidenceSealed)
  })
}
