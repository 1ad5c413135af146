import type { PaymentSnapshot } from '../adapter/payments.ts'
import type { SealedConnection } from '../connections/open.ts'
import { inTenant } from '../db/in-tenant.ts'
import { fiscalDataOf } from '../fiscal-data/service.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import { recordedCall } from '../operations/call.ts'
import { prepareAdoption } from '../payments/adopt.ts'
import { requirePayments } from '../payments/plan.ts'
import { findByProviderReference, type PaymentRow } from '../payments/queries.ts'
import { adoptOnPage, applyPage, holdsMoney, type ToldFact } from './apply.ts'
import { pageCalls } from './calls.ts'
import * as queries from './queries.ts'
import type { PageKind, PageRow } from './queries.ts'

/** Asks the provider about a page and applies the answer, with the payment that the page made. Throws what the call threw. */
export async function pullPage (hub: Hub, connection: SealedConnection, row: PageRow, requestId: string): Promise<PageRow> {
  const { get, names } = pageCalls(hub.adapters.get(row.provider)!, row.kind as PageKind)
  if (get === undefined || row.provider_reference === null) return row
  const opened = await hub.open(connection)
  const result = await recordedCall(hub, async work => await inTenant(hub.db, row.tenant_id, work), { connection: opened, kind: names.get, subjectId: row.id, requestId }, get(row.provider_reference))
  if (!result.ok) throw result.error
  return await takeNews(hub, connection, row.id, { type: 'told', snapshot: result.value }, requestId)
}

/** What became known of a page: its state, and the payment that it names, which is asked for where it is not ours yet. */
export async function takeNews (hub: Hub, connection: SealedConnection, pageId: string, fact: ToldFact, requestId: string): Promise<PageRow> {
  const named = 'snapshot' in fact ? fact.snapshot.paymentProviderReference : undefined
  const known = named !== undefined && await inTenant(hub.db, connection.tenantId, async db => await findByProviderReference(db, connection.id, named)) !== undefined
  const snapshot = named === undefined || known ? undefined : await askPayment(hub, connection, pageId, named, requestId)
  const prepared = snapshot && await prepareAdoption(hub, connection.tenantId, connection.id, snapshot)
  const after = await inTenant(hub.db, connection.tenantId, async db => {
    const row = await applyPage(hub, db, (await queries.lockPage(db, pageId))!, fact)
    if (snapshot === undefined) return row
    await adoptOnPage(hub, db, connection, row, snapshot, prepared!)
    return (await queries.findPage(db, pageId))!
  })
  if (after.status === 'complete' && after.payment_id !== null) await keepTyped(hub, connection.tenantId, after.payment_id)
  return after
}

/** What the buyer typed for an invoice is kept now, while the connection is there. Where that fails, who needs it asks again. */
async function keepTyped (hub: Hub, tenantId: string, paymentId: string): Promise<void> {
  await fiscalDataOf(hub, tenantId, paymentId).catch((error: unknown) => {
    hub.log.warn({ err: error, payment: publicId('payment', paymentId) }, 'what the buyer typed for an invoice could not be had yet')
  })
}

/** The truth about a payment that is not ours yet. */
export async function askPayment (hub: Hub, connection: SealedConnection, subjectId: string, providerReference: string, requestId: string): Promise<PaymentSnapshot> {
  const opened = await hub.open(connection)
  const family = requirePayments(opened.adapter)
  const result = await recordedCall(hub, async work => await inTenant(hub.db, connection.tenantId, work), { connection: opened, kind: 'get_payment', subjectId, requestId },
    async context => await family.getPayment(context, providerReference))
  if (!result.ok) throw result.error
  return result.value
}

/**
 * A payment at the provider whose reference is a page of ours, and which is not ours yet: told by its webhook, or found in the
 * provider's list. Undefined when there is no such page at this connection.
 */
export async function adoptFromPage (hub: Hub, connection: SealedConnection, pageId: string, snapshot: PaymentSnapshot): Promise<PaymentRow | undefined> {
  const prepared = await prepareAdoption(hub, connection.tenantId, connection.id, snapshot)
  const payment = await inTenant(hub.db, connection.tenantId, async db => {
    const row = await queries.lockPage(db, pageId)
    // A reference of one account never makes a payment of another.
    return row?.connection_id === connection.id ? await adoptOnPage(hub, db, connection, row, snapshot, prepared) : undefined
  })
  if (payment !== undefined && holdsMoney(payment)) await keepTyped(hub, connection.tenantId, payment.id)
  return payment
}
