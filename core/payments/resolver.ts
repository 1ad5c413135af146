import type { PaymentSnapshot } from '../adapter/payments.ts'
import type { ProviderError } from '../adapter/problems.ts'
import { raiseAlert } from '../alerts/raise.ts'
import { loadSealed } from '../connections/open.ts'
import { inTenant } from '../db/in-tenant.ts'
import { HubError } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import { callProvider, finishOperation, insertOperation, lastSent, recordedCall } from '../operations/call.ts'
import { type Applied, applyFact, nextPoll, prepare } from './apply.ts'
import { type Fact, isTerminal, type PendingKind } from './machine.ts'
import { factOfError, type Performed } from './perform.ts'
import { callOf, openPlan } from './plan.ts'
import * as queries from './queries.ts'
import type { PaymentRow } from './queries.ts'
import { takeApproved } from './take-approved.ts'

export interface ResolverDeps {
  carryOutCancel: (hub: Hub, tenantId: string, row: PaymentRow) => Promise<Performed>
}

/**
 * Finds out what became of a payment, by asking the provider before anything is sent again. Safe to run at any moment and
 * in several places at once. The schedule (RESOLVER_SCHEDULE) is Kill Bill's in spirit: soon, then ever more rarely; at its
 * end a person is told.
 */
export async function resolvePayment (hub: Hub, tenantId: string, id: string, deps: ResolverDeps): Promise<void> {
  const found = await inTenant(hub.db, tenantId, async db => {
    const row = await queries.findPayment(db, id)
    return row && { row, connection: await loadSealed(db, row.connection_id) }
  })
  if (found === undefined) return
  const { connection } = found
  let { row } = found
  const adapter = hub.adapters.get(row.provider)
  const family = adapter?.payments
  if (connection === undefined || adapter === undefined || family === undefined) return await postpone(hub, tenantId, row)
  if (row.pending_kind === null && isTerminal(row.status as 'canceled')) {
    return await inTenant(hub.db, tenantId, async db => await queries.scheduleResolve(db, 'payments', id, null, row.resolve_tries))
  }
  if (row.pending_kind === null && row.cancel_wanted_at !== null) {
    return await carryOut(hub, tenantId, row, deps)
  }

  const opened = await hub.open(connection).catch((error: unknown) => {
    hub.log.error({ err: error }, 'a connection did not open')
    return undefined
  })
  if (opened === undefined) return await postpone(hub, tenantId, row)
  const ask = async (kind: 'get_payment' | 'find_payment', call: Parameters<typeof recordedCall<PaymentSnapshot | undefined>>[3]) =>
    await recordedCall(hub, async work => await inTenant(hub.db, tenantId, work), { connection: opened, kind, subjectId: id, requestId: 'resolver' }, call)

  // 1. What does the provider know?
  const since = row.pending_since ?? row.created_at
  // Where a second attempt is an object of its own, the one that we know is the first.
  const known = row.pending_kind === 'create_payment' && row.attempts > 1 ? null : row.provider_reference
  const looked = known !== null
    ? await ask('get_payment', async context => await family.getPayment(context, known))
    : family.findPayment === undefined
      ? undefined
      : await ask('find_payment', async context => await family.findPayment!(context, { reference: publicId('payment', id), from: since, to: hub.now() }))
  if (looked?.ok === false && known !== null && adapter.manifest.forgets_unpaid === true && isForgotten(row, looked.error)) {
    await apply(hub, tenantId, row, { type: 'pulled', snapshot: forgotten(row, known), current: true })
    return
  }
  if (looked === undefined || !looked.ok) return await postpone(hub, tenantId, row)
  if (looked.value !== undefined) {
    const { snapshot } = await takeApproved(hub, opened, { tenantId, id }, looked.value, 'resolver')
    const applied = await apply(hub, tenantId, row, { type: 'pulled', snapshot, current: true, found: known === null })
    // It is there, and the row moved while we asked: neither made again nor given up, but asked again.
    if (applied === undefined || applied.outcome.do === 'pull') return
    const after = applied.row
    if (after.pending_kind === null) {
      if (after.cancel_wanted_at !== null && !isTerminal(after.status as 'canceled')) await carryOut(hub, tenantId, after, deps)
      else if (row.pending_kind === null) await schedulePoll(hub, tenantId, after, row.resolve_tries + 1)
      return
    }
    row = after
  } else if (row.pending_kind === null) {
    return await postpone(hub, tenantId, row)
  }

  // 2. It does not know, or not yet. May exactly this request be sent once more, under its own key?
  const kind = row.pending_kind as PendingKind
  const safety = adapter.manifest.retry_safety[kind] ?? 'never'
  const ageMs = hub.now().getTime() - since.getTime()
  const sentAt = await inTenant(hub.db, tenantId, async db => await lastSent(db, id, kind)) ?? since
  // What was sent a moment ago may still come to be, whether it was the first time or a repetition.
  const settled = hub.now().getTime() - sentAt.getTime() >= adapter.manifest.settles_within_ms
  const wanted = kind === 'cancel' || (row.cancel_wanted_at === null && ageMs < hub.config.paymentWantedFor)
  const repeatable = safety === 'idempotency-key'
    ? ageMs < adapter.manifest.idempotency_window_ms
    : safety === 'natural-key' || (safety === 'query-first' && settled)
  if (wanted && repeatable && row.pending_sealed !== null) {
    const plan = await openPlan(hub, tenantId, id, row.pending_sealed)
    // Somebody else may be about to repeat it too: where no key protects it, that would be twice. So the repetition is on
    // the record, under the row's lock, before it leaves, and whoever comes next finds that nothing is settled yet.
    const mine = await inTenant(hub.db, tenantId, async db => {
      const locked = await queries.lockPayment(db, id)
      if (locked?.version !== row.version || (await lastSent(db, id, kind) ?? since).getTime() !== sentAt.getTime()) return undefined
      const operationId = await insertOperation(db, hub.now(), { connection: opened, kind, subjectId: id, idempotencyKey: plan.input.idempotencyKey, requestId: 'resolver' })
      await queries.scheduleResolve(db, 'payments', id, new Date(hub.now().getTime() + hub.config.jobLeaseMs), row.resolve_tries)
      return operationId
    })
    if (mine === undefined) return
    const repeated = await callProvider(hub, opened, kind, callOf(adapter, plan))
    await inTenant(hub.db, tenantId, async db => await finishOperation(db, mine, repeated.report))
    if (repeated.ok) {
      // The answer may be the stored one of the first time, so it is not the newest word on an open state.
      await apply(hub, tenantId, row, { type: 'answer', snapshot: repeated.value, current: false })
      return
    }
    if (repeated.error.reached === 'answered') {
      await apply(hub, tenantId, row, factOfError(repeated.error, row.attempts))
      return
    }
    return await postpone(hub, tenantId, row)
  }

  // 3. Not sent again. Long enough after, what cannot be found was never done.
  if (safety === 'never') await postpone(hub, tenantId, row)
  else if (settled) await apply(hub, tenantId, row, { type: 'not_done' })
  else await postpone(hub, tenantId, row, new Date(sentAt.getTime() + adapter.manifest.settles_within_ms))
}

/** It waited for its payer, and nothing of ours is on its way. */
function isForgotten ({ pending_kind: pending, known_status: status }: PaymentRow, { code, reached }: ProviderError): boolean {
  return code === 'not_found' && reached === 'answered' && pending === null && (status === 'requires_payment_method' || status === 'requires_action' || status === 'processing')
}

const forgotten = (row: PaymentRow, providerReference: string): PaymentSnapshot => ({
  providerReference, status: 'expired', providerStatus: 'not_found', amount: { amount: row.amount, currency: row.currency }, amountCapturable: 0, amountCaptured: 0, error: { code: 'expired', providerCode: 'not_found' }
})

/** A cancel that was asked for while nobody knew. When it cannot be done now it is tried again, ever more rarely, and then told. */
async function carryOut (hub: Hub, tenantId: string, row: PaymentRow, deps: ResolverDeps): Promise<void> {
  const after = await deps.carryOutCancel(hub, tenantId, row).then(done => done.row, (error: unknown) => {
    if (!(error instanceof HubError)) throw error
    hub.log.warn({ err: error, payment: publicId('payment', row.id) }, 'a cancel that was asked for could not be carried out')
    return row
  })
  if (after.pending_kind === null && after.cancel_wanted_at !== null) await postpone(hub, tenantId, { ...after, resolve_tries: row.resolve_tries })
}

/** Applies a fact on the state that was asked about; when it moved meanwhile, only what is decisive is believed. */
async function apply (hub: Hub, tenantId: string, seen: PaymentRow, fact: Fact): Promise<Applied | undefined> {
  const prepared = await prepare(hub, seen, fact)
  const after = await inTenant(hub.db, tenantId, async db => {
    const row = await queries.lockPayment(db, seen.id)
    if (row === undefined) return undefined
    const current = row.version === seen.version && (!('current' in fact) || fact.current)
    const samePending = row.pending_operation_id === seen.pending_operation_id
    if (!('snapshot' in fact) && !samePending) return { row, outcome: { do: 'ignore' as const, why: 'the operation was settled meanwhile' } }
    const timely = 'snapshot' in prepared.fact && 'current' in prepared.fact
      ? { ...prepared, fact: { ...prepared.fact, type: prepared.fact.type === 'answer' && !samePending ? 'pulled' as const : prepared.fact.type, current } as Fact }
      : prepared
    const applied = await applyFact(hub, db, row, timely)
    if (applied.outcome.do === 'pull') await queries.scheduleResolve(db, 'payments', row.id, hub.now(), row.resolve_tries)
    return applied
  })
  if (after === undefined) return undefined
  if (after.outcome.do === 'pull' || (after.outcome.do === 'apply' && after.outcome.pull === true)) hub.wake('payment', [{ tenantId, id: seen.id }])
  return after
}

async function schedulePoll (hub: Hub, tenantId: string, row: PaymentRow, tries: number): Promise<void> {
  const at = nextPoll(row.provider_reference, row.status as 'processing', tries, hub.now())
  await inTenant(hub.db, tenantId, async db => await queries.scheduleResolve(db, 'payments', row.id, at, tries))
}

/** Nothing was learned: later again, and at the end of the schedule a person is told. `settledAt`: then the next question ends it, however short the schedule. */
async function postpone (hub: Hub, tenantId: string, row: PaymentRow, settledAt?: Date): Promise<void> {
  const tries = row.resolve_tries + 1
  const delayMs = hub.config.resolverSchedule[tries]
  await inTenant(hub.db, tenantId, async db => {
    const locked = await queries.lockPayment(db, row.id)
    if (locked === undefined || locked.version !== row.version) return
    const owed = locked.pending_kind !== null || locked.cancel_wanted_at !== null
    // One question that was not answered does not end the occasional look at a payment that waits for its payer.
    const at = owed
      ? delayMs === undefined ? settledAt ?? null : new Date(hub.now().getTime() + delayMs)
      : nextPoll(locked.provider_reference, locked.status as 'processing', tries, hub.now())
    await queries.scheduleResolve(db, 'payments', row.id, at, tries)
    if (at === null && owed) {
      await raiseAlert(db, hub.now(), { kind: 'payment_unresolved', severity: 'critical', mode: locked.mode as 'test', subjectId: publicId('payment', row.id), detail: { pending: locked.pending_kind ?? 'cancel', since: locked.pending_since ?? locked.cancel_wanted_at } })
    }
  })
}
