import type { Mode } from '../adapter/context.ts'
import type { PaymentSnapshot, ProviderPaymentStatus } from '../adapter/payments.ts'
import { applyKeptMethod, type KeptMethod, prepareKeptMethod } from '../customers/apply-method.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import type { Outcome } from './machine.ts'
import * as queries from './queries.ts'
import type { PaymentRow } from './queries.ts'

/** A card that was declined is no method to charge later, though its provider may have kept it. */
const keeps: ReadonlySet<ProviderPaymentStatus> = new Set(['processing', 'authorized', 'succeeded'])

/** The method that a snapshot tells of, if it does. Before the transaction. */
export async function prepareKept (hub: Pick<Hub, 'vault' | 'now'>, tenantId: string, { status, method, savedMethodReference }: PaymentSnapshot): Promise<KeptMethod | undefined> {
  if (savedMethodReference === undefined || method === undefined || !keeps.has(status)) return undefined
  const { type, brand, last4 } = method
  return await prepareKeptMethod(hub, tenantId, { providerReference: savedMethodReference, status: 'active', type, ...(brand !== undefined && { brand }), ...(last4 !== undefined && { last4 }) })
}

/**
 * In the transaction that holds the lock of a payment with `save_method`: the method becomes the customer's, and the payment names it. A
 * payment keeps one method, so one that the tenant removed since does not come back with late news. Nothing is kept of a snapshot that a person has to judge first.
 */
export async function applyKept (hub: Pick<Hub, 'now'>, db: TenantDb, row: PaymentRow, outcome: Outcome, snapshot: PaymentSnapshot, kept: KeptMethod): Promise<PaymentRow> {
  if (!row.save_method || row.customer_id === null || row.payment_method_id !== null || !isBelieved(row, outcome, snapshot)) return row
  const id = await applyKeptMethod(hub, db, { customerId: row.customer_id, connectionId: row.connection_id, provider: row.provider, mode: row.mode as Mode, payment: publicId('payment', row.id) }, kept)
  if (id === undefined) return row
  await queries.setPaymentMethod(db, row.id, id)
  return { ...row, payment_method_id: id }
}

/** Old news of a payment that is paid tells nothing of its state, and may yet be the only word of what was kept. */
function isBelieved (row: PaymentRow, outcome: Outcome, { providerReference }: PaymentSnapshot): boolean {
  switch (outcome.do) {
    case 'apply': return outcome.review === undefined
    case 'ignore': return row.review === null && keeps.has(row.known_status as ProviderPaymentStatus) && row.provider_reference === providerReference
    case 'pull': return false
  }
}
