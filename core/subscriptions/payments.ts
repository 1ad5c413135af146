import type { PaymentSnapshot } from '../adapter/payments.ts'
import type { SealedConnection } from '../connections/open.ts'
import { inTenant } from '../db/in-tenant.ts'
import type { Hub } from '../hub.ts'
import { recordedCall } from '../operations/call.ts'
import { adoptPayment, prepareAdoption } from '../payments/adopt.ts'
import { schedule } from './apply.ts'
import * as queries from './queries.ts'
import type { CycleRow } from './queries.ts'

/**
 * Each cycle that was tried has its payment here, as the provider has it: asked for by its id, and taken over. Idempotent.
 * Throws what the provider's call threw; what is still owed is looked for again by the job.
 */
export async function adoptCyclePayments (hub: Hub, connection: SealedConnection, subscriptionId: string, requestId: string): Promise<void> {
  const { tenantId } = connection
  const owed = await inTenant(hub.db, tenantId, async db => await queries.listOwedPayments(db, subscriptionId))
  for (const cycle of owed) await adoptOne(hub, connection, cycle, requestId)
  if (owed.length > 0) await inTenant(hub.db, tenantId, async db => await schedule(hub, db, (await queries.lockSubscription(db, subscriptionId))!))
}

async function adoptOne (hub: Hub, connection: SealedConnection, cycle: CycleRow, requestId: string): Promise<void> {
  const { tenantId } = connection
  const opened = await hub.open(connection)
  const family = opened.adapter.payments!
  const result = await recordedCall<PaymentSnapshot>(hub, async work => await inTenant(hub.db, tenantId, work), { connection: opened, kind: 'get_payment', subjectId: cycle.payment_id ?? cycle.subscription_id, requestId },
    async context => await family.getPayment(context, cycle.payment_reference!))
  if (!result.ok) throw result.error
  const snapshot = result.value
  const prepared = await prepareAdoption(hub, tenantId, connection.id, snapshot)
  await inTenant(hub.db, tenantId, async db => {
    const subscription = (await queries.lockSubscription(db, cycle.subscription_id))!
    const now = (await queries.lockCycle(db, cycle.id))!
    const payment = await adoptPayment(hub, db, {
      connection,
      origin: { type: 'subscription', id: subscription.id },
      expected: { amount: cycle.amount, currency: cycle.currency },
      snapshot,
      customerId: subscription.customer_id,
      metadata: subscription.metadata as Record<string, string>,
      ...(subscription.reference !== null && { reference: subscription.reference }),
      prepared
    })
    // A newer word of the cycle came meanwhile: its payment is asked for once more.
    if (now.updated_at.getTime() !== cycle.updated_at.getTime()) return
    await queries.setCyclePayment(db, now, payment.id, now.status === 'paid' ? null : snapshot.error ?? null, hub.now())
  })
}
