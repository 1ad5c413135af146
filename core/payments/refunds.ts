import type { Access } from '../access/principal.ts'
import type { ConnectionContext } from '../adapter/context.ts'
import type { RefundInput, RefundSnapshot } from '../adapter/payments.ts'
import { raiseAlert } from '../alerts/raise.ts'
import { recordChange } from '../audit/record.ts'
import { loadSealed, type OpenConnection, type SealedConnection } from '../connections/open.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { HubError, invalidField } from '../errors.ts'
import { recordEvents } from '../events/record.ts'
import type { Hub } from '../hub.ts'
import { type Idempotency, recordSubject } from '../idempotency/service.ts'
import { newUuid, publicId, uuidOf } from '../ids.ts'
import { callProvider, finishOperation, insertOperation, lastSent, neverCalled, recordedCall } from '../operations/call.ts'
import { requireMethod, requirePayments } from './plan.ts'
import * as queries from './queries.ts'
import type { PaymentRow, RefundRow } from './queries.ts'
import { gaveMoneyBack, holdsMoney, type RefundStatus, refundTransition } from './refund-machine.ts'
import type { NewRefund, Refund } from './schema.ts'
import { findOrThrow, firstLook, lockOrThrow, providerKey, settleFirst } from './service.ts'
import { showPayment, showRefund } from './view.ts'

const allStatuses: RefundStatus[] = ['unknown', 'pending', 'requires_action', 'succeeded', 'failed', 'canceled']
const holding = allStatuses.filter(holdsMoney)
const givenBack = allStatuses.filter(gaveMoneyBack)
const use = 'refund_request'

const givenBackByHand = { es: 'El dinero llegó a su propia cuenta: devuélvalo con una transferencia desde su banco. Nadie puede hacerlo por usted.', en: 'The money came to your own account: give it back by a transfer from your bank. Nobody can do it for you.' }

/** Gives back all that is left, or part of it. What is promised never exceeds what was captured: the sum is taken under the payment's lock. */
export async function createRefund (hub: Hub, access: Access, publicPaymentId: string, body: NewRefund, idempotency: Idempotency | null): Promise<Refund> {
  if (idempotency?.subject !== undefined) return await getRefund(hub, access, idempotency.subject)
  const { tenantId } = access
  const paymentId = uuidOf('payment', publicPaymentId)
  await settleFirst(hub, access, paymentId)
  const now = hub.now()
  const id = newUuid(now)
  const idempotencyKey = providerKey('refund', id)
  const inputFor = (payment: PaymentRow, amount: number): RefundInput => ({
    idempotencyKey,
    refundReference: publicId('refund', id),
    reference: publicId('payment', paymentId),
    providerReference: payment.provider_reference!,
    amount: { amount, currency: payment.currency },
    ...(body.reason !== undefined && { reason: body.reason })
  })
  const check = async (db: TenantDb, payment: PaymentRow): Promise<number> => {
    if (payment.status !== 'succeeded' || payment.provider_reference === null) {
      throw new HubError('invalid_state', { detail: { es: `El pago está en estado ${payment.status}; no hay nada que reembolsar.`, en: `The payment is ${payment.status}; there is nothing to refund.` } })
    }
    const left = payment.amount_captured - await queries.sumRefunds(db, paymentId, holding)
    const amount = body.amount ?? left
    if (left <= 0) throw invalidField('amount', 'everything was refunded already, or is being refunded', 'amount_invalid')
    if (amount > left) throw invalidField('amount', `at most ${left} is left to refund`, 'amount_invalid')
    return amount
  }
  const planned = await inTenant(hub.db, tenantId, async db => {
    const payment = await findOrThrow(db, access, paymentId)
    return inputFor(payment, await check(db, payment))
  })
  const sealed = await hub.vault.seal(tenantId, publicId('refund', id), use, JSON.stringify(planned))
  const { connection, operationId } = await inTenant(hub.db, tenantId, async db => {
    const payment = await lockOrThrow(db, access, paymentId)
    const connection = await loadSealed(db, payment.connection_id)
    const adapter = connection && hub.adapters.get(connection.provider)
    if (connection === undefined || adapter === undefined) throw new HubError('connection_not_usable')
    if (adapter.manifest.own_bank === true) throw new HubError('capability_not_supported', { detail: givenBackByHand })
    requireMethod(requirePayments(adapter).refund)
    const amount = await check(db, payment)
    if (amount !== planned.amount.amount) throw new HubError('conflict')
    const operationId = await insertOperation(db, now, { connection: { id: connection.id, mode: connection.mode, adapter }, kind: 'refund', subjectId: id, idempotencyKey, requestId: access.requestId })
    await queries.insertRefund(db, {
      id, payment, amount, currency: payment.currency, reason: body.reason ?? null, metadata: body.metadata ?? {}, origin: 'api', status: 'unknown', idempotencyKey,
      pending: { operationId, sealed, since: now, nextRunAt: firstLook(hub, now) }, now
    })
    await recordChange(db, access, now, { action: 'refund.created', subjectType: 'refund', subjectId: publicId('refund', id), detail: { payment: publicPaymentId, amount, currency: payment.currency, ...(body.reason !== undefined && { reason: body.reason }) } })
    if (idempotency !== null) await recordSubject(db, idempotency, publicId('refund', id))
    return { connection, operationId }
  })
  const row = await performRefund(hub, { connection, id, operationId, call: refundCall(hub, connection, planned) })
  return showRefund(row, access.language)
}

export async function getRefund (hub: Hub, access: Access, publicRefundId: string): Promise<Refund> {
  const row = await inTenant(hub.db, access.tenantId, async db => await queries.findRefund(db, uuidOf('refund', publicRefundId)))
  if (row?.mode !== access.mode) throw new HubError('not_found')
  return showRefund(row, access.language)
}

export async function listRefunds (hub: Hub, access: Access, publicPaymentId: string): Promise<{ data: Refund[], next_cursor: null }> {
  const rows = await inTenant(hub.db, access.tenantId, async db => {
    const payment = await findOrThrow(db, access, uuidOf('payment', publicPaymentId))
    return await queries.listRefunds(db, payment.id)
  })
  return { data: rows.map(row => showRefund(row, access.language)), next_cursor: null }
}

function refundCall (hub: Hub, connection: SealedConnection, input: RefundInput) {
  const refund = requireMethod(requirePayments(hub.adapters.get(connection.provider)!).refund)
  return async (context: ConnectionContext): Promise<RefundSnapshot> => await refund(context, input)
}

async function performRefund (hub: Hub, work: { connection: SealedConnection, id: string, operationId: string, call: (context: ConnectionContext) => Promise<RefundSnapshot> }): Promise<RefundRow> {
  const { tenantId } = work.connection
  const opened = await openOrNot(hub, work.connection)
  const result = opened === undefined ? undefined : await callProvider(hub, opened, 'refund', work.call)
  return await inTenant(hub.db, tenantId, async db => {
    await finishOperation(db, work.operationId, result?.report ?? neverCalled(hub))
    if (result === undefined) return await failRefund(hub, db, work.id, { code: 'invalid_credentials' })
    if (result.ok) return await applyRefund(hub, db, work.id, result.value)
    if (result.error.reached === 'unknown') {
      const row = (await queries.lockRefund(db, work.id))!
      // The intent says `unknown` already; now it is known that nobody knows, unless a webhook has told it meanwhile.
      if (row.status === 'unknown') await recordRefundEvent(hub, db, row)
      return row
    }
    return await failRefund(hub, db, work.id, result.error)
  })
}

/** Undefined when the stored credentials do not open: then nothing can be asked with them. */
async function openOrNot (hub: Hub, connection: SealedConnection): Promise<OpenConnection | undefined> {
  return await hub.open(connection).catch((error: unknown) => {
    hub.log.error({ err: error }, 'a connection did not open')
    return undefined
  })
}

/** Applies what the provider says of a refund: answer, webhook and resolver alike. The payment's sum follows in the same transaction. */
export async function applyRefund (hub: Pick<Hub, 'now'>, db: TenantDb, id: string, snapshot: RefundSnapshot): Promise<RefundRow> {
  const now = hub.now()
  const seen = await queries.findRefund(db, id)
  // Always the payment first: every path that needs both rows takes the locks in this order.
  await queries.lockPayment(db, seen!.payment_id)
  const row = (await queries.lockRefund(db, id))!
  const outcome = refundTransition({ status: row.status as RefundStatus, amount: row.amount, currency: row.currency, providerReference: row.provider_reference }, snapshot)
  if (outcome.do === 'review') {
    await raiseAlert(db, now, { kind: 'refund_review', severity: 'critical', mode: row.mode as 'test', subjectId: publicId('refund', id), detail: { why: outcome.why, provider_amount: snapshot.amount.amount, provider_reference: snapshot.providerReference } })
    return row
  }
  const status = outcome.do === 'apply' ? outcome.status : row.status
  const settled = status !== 'unknown'
  const saved = await queries.updateRefund(db, id, {
    status,
    ...(outcome.do === 'apply' && { providerStatus: snapshot.providerStatus, error: snapshot.error ?? null }),
    providerReference: snapshot.providerReference,
    settled,
    // A refund on its way is asked about once a day, in case its webhook never comes.
    nextRunAt: status === 'pending' || status === 'requires_action' ? new Date(now.getTime() + 24 * 3600_000) : null,
    now
  })
  if (outcome.do === 'apply') await afterRefundChange(hub, db, saved)
  return saved
}

/** The provider refused it, or it never got there: nothing was given back. */
async function failRefund (hub: Pick<Hub, 'now'>, db: TenantDb, id: string, error: { code: NonNullable<RefundSnapshot['error']>['code'], providerCode?: string | undefined, providerMessage?: string | undefined }): Promise<RefundRow> {
  const seen = await queries.findRefund(db, id)
  await queries.lockPayment(db, seen!.payment_id)
  const row = (await queries.lockRefund(db, id))!
  if (row.status !== 'unknown') return row
  const saved = await queries.updateRefund(db, id, {
    status: 'failed',
    error: { code: error.code, ...(error.providerCode !== undefined && { providerCode: error.providerCode }), ...(error.providerMessage !== undefined && { message: error.providerMessage }) },
    settled: true,
    nextRunAt: null,
    now: hub.now()
  })
  await afterRefundChange(hub, db, saved)
  return saved
}

async function afterRefundChange (hub: Pick<Hub, 'now'>, db: TenantDb, refund: RefundRow): Promise<void> {
  await recordRefundEvent(hub, db, refund)
  const sum = await queries.sumRefunds(db, refund.payment_id, givenBack)
  const payment = (await queries.findPayment(db, refund.payment_id))!
  if (sum === payment.amount_refunded) return
  if (sum > payment.amount_captured) {
    // Two refunds of the same money, one of them made outside: a person has to see it. No more than was taken is ever told.
    await raiseAlert(db, hub.now(), { kind: 'refund_review', severity: 'critical', mode: payment.mode as 'test', subjectId: publicId('refund', refund.id), detail: { why: 'more was given back than was taken', amount_captured: payment.amount_captured, amount_refunded: sum } })
    if (payment.amount_refunded === payment.amount_captured) return
  }
  const saved = await queries.setRefunded(db, payment.id, Math.min(sum, payment.amount_captured), hub.now())
  const type = sum >= saved.amount_captured ? 'payment.refunded' : sum > 0 ? 'payment.partially_refunded' : 'payment.refund_reversed'
  await recordEvents(db, hub.now(), [{ type, mode: saved.mode as 'test', subjectId: saved.id, data: showPayment(saved, 'en') }])
}

async function recordRefundEvent (hub: Pick<Hub, 'now'>, db: TenantDb, refund: RefundRow): Promise<void> {
  await recordEvents(db, hub.now(), [{ type: `refund.${refund.status as RefundStatus}`, mode: refund.mode as 'test', subjectId: refund.id, data: showRefund(refund, 'en') }])
}

/**
 * A refund that was made in the provider's own dashboard becomes ours too: money that left is told. Never invented twice, and
 * not while nothing was taken: some providers show the release of a hold as a refund.
 */
export async function adoptRefund (hub: Pick<Hub, 'now'>, db: TenantDb, paymentId: string, snapshot: RefundSnapshot): Promise<RefundRow | { ignored: string }> {
  const payment = (await queries.lockPayment(db, paymentId))!
  const known = await queries.findRefundByProviderReference(db, payment.connection_id, snapshot.providerReference)
  if (known !== undefined) return await applyRefund(hub, db, known.id, snapshot)
  if (payment.amount_captured === 0) return { ignored: 'nothing was taken that could be given back' }
  if (snapshot.amount.currency !== payment.currency) {
    await raiseAlert(db, hub.now(), { kind: 'refund_review', severity: 'critical', mode: payment.mode as 'test', subjectId: publicId('payment', payment.id), detail: { why: 'the currency is another', provider_amount: snapshot.amount.amount, provider_currency: snapshot.amount.currency, provider_reference: snapshot.providerReference } })
    return { ignored: 'a refund in another currency' }
  }
  const saved = await queries.insertRefund(db, {
    id: newUuid(hub.now()),
    payment,
    amount: snapshot.amount.amount,
    currency: snapshot.amount.currency,
    reason: null,
    metadata: {},
    origin: 'provider',
    status: snapshot.status,
    providerReference: snapshot.providerReference,
    providerStatus: snapshot.providerStatus,
    now: hub.now()
  })
  await afterRefundChange(hub, db, saved)
  return saved
}

/** Finds out what became of a refund; repeats exactly the same request under its own key, within the provider's window. */
export async function resolveRefund (hub: Hub, tenantId: string, id: string): Promise<void> {
  const found = await inTenant(hub.db, tenantId, async db => {
    const row = await queries.findRefund(db, id)
    if (row === undefined) return undefined
    const others = (await queries.listRefunds(db, row.payment_id)).flatMap(other => other.id === id ? [] : other.provider_reference ?? [])
    return { row, others, payment: await queries.findPayment(db, row.payment_id), connection: await loadSealed(db, row.connection_id) }
  })
  if (found?.payment === undefined) return
  if (found.connection === undefined) return await postpone(hub, tenantId, found.row)
  const { row, payment, connection } = found
  const adapter = hub.adapters.get(row.provider)
  const family = adapter?.payments
  const done = row.status === 'succeeded' || row.status === 'failed' || row.status === 'canceled'
  if (done) return await inTenant(hub.db, tenantId, async db => await queries.scheduleResolve(db, 'refunds', id, null, row.resolve_tries))
  if (adapter === undefined || family?.refund === undefined) return await postpone(hub, tenantId, row)
  const opened = await openOrNot(hub, connection)
  if (opened === undefined) return await postpone(hub, tenantId, row)
  const work = async <T> (run: (db: TenantDb) => Promise<T>) => await inTenant(hub.db, tenantId, run)
  const since = row.pending_since ?? row.created_at

  const looked = row.provider_reference !== null && family.getRefund !== undefined
    ? await recordedCall<RefundSnapshot | undefined>(hub, work, { connection: opened, kind: 'get_refund', subjectId: id, requestId: 'resolver' }, async context => await family.getRefund!(context, row.provider_reference!))
    : family.findRefund !== undefined && payment.provider_reference !== null
      ? await recordedCall<RefundSnapshot | undefined>(hub, work, { connection: opened, kind: 'find_refund', subjectId: id, requestId: 'resolver' }, async context =>
        await family.findRefund!(context, { reference: publicId('payment', payment.id), refundReference: publicId('refund', id), providerReference: payment.provider_reference!, from: since, to: hub.now(), amount: { amount: row.amount, currency: row.currency }, others: found.others }))
      : undefined
  if (looked === undefined || !looked.ok) return await postpone(hub, tenantId, row)
  if (looked.value !== undefined) {
    const snapshot = looked.value
    const after = await work(async db => await applyRefund(hub, db, id, snapshot))
    // Nothing new, or something that a person has to judge.
    if (after.status === 'unknown') await postpone(hub, tenantId, row)
    return
  }
  const safety = adapter.manifest.retry_safety.refund ?? 'never'
  const ageMs = hub.now().getTime() - since.getTime()
  const sentAt = await work(async db => await lastSent(db, id, 'refund')) ?? since
  const settled = hub.now().getTime() - sentAt.getTime() >= adapter.manifest.settles_within_ms
  const repeatable = safety === 'idempotency-key' ? ageMs < adapter.manifest.idempotency_window_ms : safety === 'natural-key' || (safety === 'query-first' && settled)
  if (repeatable && row.pending_sealed !== null) {
    const input = JSON.parse(await hub.vault.openText(tenantId, publicId('refund', id), use, row.pending_sealed)) as RefundInput
    // On the record, under the lock, before it leaves, as a payment's repetition is: where no key protects it, two would be twice.
    const mine = await work(async db => {
      const locked = await queries.lockRefund(db, id)
      if (locked?.status !== row.status || (await lastSent(db, id, 'refund') ?? since).getTime() !== sentAt.getTime()) return undefined
      const operationId = await insertOperation(db, hub.now(), { connection: opened, kind: 'refund', subjectId: id, idempotencyKey: input.idempotencyKey, requestId: 'resolver' })
      await queries.scheduleResolve(db, 'refunds', id, new Date(hub.now().getTime() + hub.config.jobLeaseMs), row.resolve_tries)
      return operationId
    })
    if (mine === undefined) return
    const repeated = await callProvider(hub, opened, 'refund', refundCall(hub, connection, input))
    await work(async db => await finishOperation(db, mine, repeated.report))
    if (repeated.ok) {
      const after = await work(async db => await applyRefund(hub, db, id, repeated.value))
      if (after.status === row.status) await postpone(hub, tenantId, row)
      return
    }
    if (repeated.error.reached === 'answered') return void await work(async db => await failRefund(hub, db, id, repeated.error))
    return await postpone(hub, tenantId, row)
  }
  if (settled && safety !== 'never') return void await work(async db => await failRefund(hub, db, id, { code: 'provider_unavailable' }))
  await postpone(hub, tenantId, row)
}

async function postpone (hub: Hub, tenantId: string, row: RefundRow): Promise<void> {
  const tries = row.resolve_tries + 1
  const delayMs = hub.config.resolverSchedule[tries]
  await inTenant(hub.db, tenantId, async db => {
    await queries.scheduleResolve(db, 'refunds', row.id, delayMs === undefined ? null : new Date(hub.now().getTime() + delayMs), tries)
    if (delayMs === undefined) await raiseAlert(db, hub.now(), { kind: 'refund_review', severity: 'critical', mode: row.mode as 'test', subjectId: publicId('refund', row.id), detail: { why: 'the provider could not be asked' } })
  })
}
