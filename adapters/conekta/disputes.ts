import { type PaymentsFamily, ProviderError } from '../../core/adapter/index.ts'
import { page, seconds } from './asking.ts'
import type { Charge, Chargeback, Order } from './objects.ts'
import { readOrder } from './orders.ts'
import { chargesOf, disputeSnapshot } from './wire.ts'

/**
 * Chargebacks, as far as the API gives them: each stands in its charge. Evidence is sent in the dashboard only.
 * Source: OpenAPI 2.3.0, schema chargeback_response, read 2026-11-21.
 */
export const disputes = {
  getDispute: async (context, providerReference) => {
    const [orderId = '', id] = providerReference.split('/')
    const order = await readOrder(context, orderId)
    const found = chargebacksOf(order).find(({ chargeback }) => chargeback.id === id)
    if (found === undefined) throw new ProviderError({ code: 'not_found', reached: 'answered', providerCode: 'chargeback' })
    return disputeSnapshot(order, found.charge, found.chargeback)
  },

  /** A chargeback touches its order, whenever that was made; an order that nothing touched since has no newer one. */
  listDisputes: async (context, { from, to, cursor }) => {
    const { data, next } = await page<Order>(context, '/orders', { 'updated_at.gte': seconds(from) }, cursor)
    const listed = data.flatMap(order => chargebacksOf(order).filter(({ chargeback: { created_at: at } }) => at === undefined || (at >= seconds(from) && at <= seconds(to))).map(({ charge, chargeback }) => disputeSnapshot(order, charge, chargeback)))
    return { data: listed, ...(next !== undefined && { next }) }
  }
} satisfies Partial<PaymentsFamily>

export function chargebacksOf (order: Order): { charge: Charge, chargeback: Chargeback }[] {
  return chargesOf(order).flatMap(charge => charge.chargeback === null || charge.chargeback === undefined ? [] : [{ charge, chargeback: charge.chargeback }])
}
