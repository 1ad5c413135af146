import type { PaymentSnapshot } from '../adapter/payments.ts'
import type { SealedConnection } from '../connections/open.ts'
import { inTenant } from '../db/in-tenant.ts'
import type { Hub } from '../hub.ts'
import { recordedCall } from '../operations/call.ts'
import { type Applied, applyFact, prepare } from './apply.ts'
import { requirePayments } from './plan.ts'
import * as queries from './queries.ts'
import { takeApproved } from './take-approved.ts'

const roundsAtMost = 3

/**
 * Asks the provider for the newest word on a payment, or on the object of it that is named, and applies the answer. When
 * something was applied meanwhile the answer may be old, so it asks once more. What the payer agreed to is taken (take-approved.ts).
 * `heard` is told of each answer. Throws what the provider's call threw.
 */
export async function pullPayment (hub: Hub, connection: SealedConnection, paymentId: string, { requestId, providerReference, heard }: { requestId: string, providerReference?: string, heard?: (snapshot: PaymentSnapshot) => void }): Promise<Applied | undefined> {
  const { tenantId } = connection
  for (let round = 0; round < roundsAtMost; round++) {
    const seen = (await inTenant(hub.db, tenantId, async db => await queries.findPayment(db, paymentId)))!
    const reference = providerReference ?? seen.provider_reference
    if (reference === null) return undefined
    const opened = await hub.open(connection)
    const family = requirePayments(opened.adapter)
    const result = await recordedCall(hub, async work => await inTenant(hub.db, tenantId, work), { connection: opened, kind: 'get_payment', subjectId: paymentId, requestId },
      async context => await family.getPayment(context, reference))
    if (!result.ok) throw result.error
    const { snapshot, error } = await takeApproved(hub, opened, { tenantId, id: paymentId }, result.value, requestId)
    heard?.(snapshot)
    const prepared = await prepare(hub, seen, { type: 'pulled', snapshot, current: true })
    const applied = await inTenant(hub.db, tenantId, async db => {
      const row = (await queries.lockPayment(db, paymentId))!
      return await applyFact(hub, db, row, { ...prepared, fact: { type: 'pulled', snapshot, current: row.version === seen.version } })
    })
    if (error !== undefined) throw error
    if (applied.outcome.do !== 'pull') return applied
  }
  throw new Error('the payment kept changing while the provider was asked')
}
