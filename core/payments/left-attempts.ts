import type { PaymentSnapshot } from '../adapter/payments.ts'
import type { IdempotencyKey } from '../adapter/payments.ts'
import { raiseAlert } from '../alerts/raise.ts'
import { loadSealed, type OpenConnection, type SealedConnection } from '../connections/open.ts'
import { inTenant } from '../db/in-tenant.ts'
import { claimTimer, clearTimer, retryTimer, setTimer } from '../db/timers.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import { recordedCall } from '../operations/call.ts'
import { isTerminal } from './machine.ts'
import * as queries from './queries.ts'

/** After a failover: what the attempt before left at its provider. */
export const leftAttemptKind = 'left_attempt'
export const leftAttemptLookMs = 60_000

/**
 * Closes what a payment left open at a connection that it failed over from, so that nothing can be paid there any more. When
 * money is found there all the same a person is told: it belongs to no state of the payment, and is given back there.
 */
export async function closeLeftAttempt (hub: Hub, tenantId: string, attemptId: string): Promise<void> {
  const now = hub.now()
  const found = await inTenant(hub.db, tenantId, async db => {
    const claimed = await claimTimer(db, leftAttemptKind, attemptId, now, hub.config.jobLeaseMs)
    const attempt = claimed && await queries.findAttempt(db, attemptId)
    return attempt && { tries: claimed.tries, attempt, connection: await loadSealed(db, attempt.connection_id) }
  })
  if (found === undefined) return
  const { attempt, connection, tries } = found
  const settled = connection === undefined || attempt.provider_reference === null ||
    await close(hub, connection, { id: attemptId, paymentId: attempt.payment_id, providerReference: attempt.provider_reference })
  const delayMs = hub.config.resolverSchedule[tries]
  await inTenant(hub.db, tenantId, async db => settled || delayMs === undefined
    ? await clearTimer(db, leftAttemptKind, attemptId, new Date(now.getTime() + hub.config.jobLeaseMs))
    : await retryTimer(db, leftAttemptKind, attemptId, new Date(hub.now().getTime() + delayMs)))
}

/** A webhook of a connection that its payment has left. True when there is such an attempt: then the provider is asked at once. */
export async function wakeLeftAttempt (hub: Pick<Hub, 'db' | 'now' | 'wake'>, { id: connectionId, tenantId }: Pick<SealedConnection, 'id' | 'tenantId'>, providerReference: string): Promise<string | undefined> {
  const left = await inTenant(hub.db, tenantId, async db => {
    const attempt = await queries.findLeftAttempt(db, connectionId, providerReference)
    if (attempt !== undefined) await setTimer(db, leftAttemptKind, attempt.id, hub.now())
    return attempt
  })
  if (left !== undefined) hub.wake(leftAttemptKind, [{ tenantId, id: left.id }])
  return left?.payment_id
}

/** True when nothing is left to do there. */
async function close (hub: Hub, connection: SealedConnection, attempt: { id: string, paymentId: string, providerReference: string }): Promise<boolean> {
  const family = hub.adapters.get(connection.provider)?.payments
  const opened = await hub.open(connection).catch(() => undefined)
  if (family === undefined || opened === undefined) return false
  const { providerReference } = attempt
  // In the books of the attempt, not of the payment: what is pending there is another call.
  const call = async (kind: 'get_payment' | 'cancel', idempotencyKey: IdempotencyKey | undefined, run: Parameters<typeof recordedCall<PaymentSnapshot>>[3]) =>
    await recordedCall<PaymentSnapshot>(hub, async work => await inTenant(hub.db, connection.tenantId, work), { connection: opened, kind, subjectId: attempt.id, ...(idempotencyKey !== undefined && { idempotencyKey }), requestId: leftAttemptKind }, run)
  const looked = await call('get_payment', undefined, async context => await family.getPayment(context, providerReference))
  // What it does not know can take no money.
  if (!looked.ok) return looked.error.reached === 'answered'
  if (await tellIfMoney(hub, opened, attempt, looked.value)) return true
  if (isTerminal(looked.value.status) || family.cancel === undefined) return true
  const { cancel } = family
  const idempotencyKey = publicId('operation', attempt.id) as IdempotencyKey
  const canceled = await call('cancel', idempotencyKey, async context => await cancel(context, { idempotencyKey, providerReference, reference: publicId('payment', attempt.paymentId), reason: 'abandoned' }))
  return canceled.ok && (await tellIfMoney(hub, opened, attempt, canceled.value) || isTerminal(canceled.value.status))
}

async function tellIfMoney (hub: Pick<Hub, 'db' | 'now'>, connection: OpenConnection, attempt: { paymentId: string, providerReference: string }, snapshot: PaymentSnapshot): Promise<boolean> {
  if (snapshot.status !== 'succeeded' && snapshot.status !== 'authorized') return false
  await inTenant(hub.db, connection.tenantId, async db => {
    await raiseAlert(db, hub.now(), {
      kind: 'paid_elsewhere',
      severity: 'critical',
      mode: connection.mode,
      subjectId: publicId('payment', attempt.paymentId),
      detail: { connection: publicId('connection', connection.id), provider_reference: attempt.providerReference, provider_status: snapshot.providerStatus, provider_amount: snapshot.amount.amount, provider_currency: snapshot.amount.currency }
    })
  })
  return true
}
