import type { Access } from '../access/principal.ts'
import { recordChange } from '../audit/record.ts'
import { inTenant } from '../db/in-tenant.ts'
import { storable } from '../db/storable.ts'
import { setTimer } from '../db/timers.ts'
import { HubError, invalidField } from '../errors.ts'
import { Decimal } from '../fiscal/decimal.ts'
import type { Hub } from '../hub.ts'
import { type Idempotency, recordSubject } from '../idempotency/service.ts'
import { newUuid, publicId, uuidOf } from '../ids.ts'
import { createRefund } from '../payments/refunds.ts'
import { issue } from '../store-credits/service.ts'
import { fromMinor, toMinor } from './amounts.ts'
import { paymentTimer, sumRefunds } from './from-payment.ts'
import * as queries from './queries.ts'
import type { SaleRefundRow } from './queries.ts'
import type { RefundSale, Sale } from './schema.ts'
import { findOrThrow, getSale, lockOrThrow, stateError } from './service.ts'

/** Looked at again when whoever asked for a refund of a payment may have died in between. */
const unheardMs = 6 * 60_000

/**
 * Gives back all that is left or a part: in cash, by the payment that took it, or as store credit. What is promised never exceeds
 * what was sold: the sum is taken under the sale's lock. Its document is credited by the sale's own job.
 */
export async function refundSale (hub: Hub, access: Access, publicSaleId: string, given: RefundSale, idempotency: Idempotency | null): Promise<Sale> {
  const id = uuidOf('sale', publicSaleId)
  if (idempotency?.subject !== undefined) return await getSale(hub, access, publicSaleId)
  const body = storable(given)
  const before = await findOrThrow(hub, access, publicSaleId)
  if (body.method === 'card' && before.payment_id === null) throw invalidField('method', 'no payment of ours took this sale: give it back in cash or as store credit')
  const planned = await inTenant(hub.db, access.tenantId, async db => {
    const row = await lockOrThrow(db, access, id)
    if (row.paid_at === null) throw stateError(row, { es: 'reembolsar', en: 'refunding' })
    const now = hub.now()
    const promised = (await queries.refundsOf(db, id)).filter(({ status }) => status !== 'failed').reduce((sum, { amount }) => sum.plus(amount), new Decimal(0))
    const left = toMinor(new Decimal(row.total).minus(promised), row.currency)
    const amount = body.amount ?? left
    if (left <= 0) throw invalidField('amount', 'everything was refunded already, or is being refunded', 'amount_invalid')
    if (amount > left) throw invalidField('amount', `at most ${left} is left to refund`, 'amount_invalid')
    const credit = body.method === 'store_credit' ? await issue(db, access, { amount, currency: row.currency, customerId: row.customer_id, saleId: id, reason: body.reason }, now) : undefined
    const refund = (await queries.insertSaleRefund(db, {
      id: newUuid(now), sale_id: id, method: body.method, status: body.method === 'card' ? 'pending' : 'succeeded', amount: fromMinor(amount, row.currency).toFixed(), reason: body.reason,
      refund_id: null, store_credit_id: credit?.id ?? null, created_at: now
    }))!
    await recordChange(db, access, now, { action: 'sale.refunded', subjectType: 'sale', subjectId: publicSaleId, detail: { method: body.method, amount, currency: row.currency, reason: body.reason } })
    if (idempotency !== null) await recordSubject(db, idempotency, publicSaleId)
    if (body.method === 'card') await setTimer(db, paymentTimer, row.payment_id!, new Date(now.getTime() + unheardMs))
    else await sumRefunds(hub, db, row)
    return { refund, amount, paymentId: row.payment_id }
  })
  if (body.method === 'card') await byPayment(hub, access, planned.paymentId!, planned.refund, planned.amount)
  return await getSale(hub, access, publicSaleId)
}

/** The payment's own refund, which is asked for and resolved like any other; the sale hears of it by its job. */
async function byPayment (hub: Hub, access: Access, paymentId: string, refund: SaleRefundRow, amount: number): Promise<void> {
  try {
    await createRefund(hub, access, publicId('payment', paymentId), { amount, reason: 'requested_by_customer', metadata: { sale_refund: publicId('sale_refund', refund.id) } }, null)
  } catch (error) {
    // Refused before anything was asked: nothing goes back.
    if (error instanceof HubError) await inTenant(hub.db, access.tenantId, async db => { await queries.updateSaleRefund(db, refund.id, { status: 'failed' }, hub.now()) })
    throw error
  }
  await inTenant(hub.db, access.tenantId, async db => { await setTimer(db, paymentTimer, paymentId, hub.now()) })
  hub.wake('payment_sale', [{ tenantId: access.tenantId, id: paymentId }])
}
