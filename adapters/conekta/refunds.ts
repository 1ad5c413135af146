import { type ConnectionContext, type PaymentsFamily, ProviderError, type RefundInput, type RefundSnapshot } from '../../core/adapter/index.ts'
import { partOnWire } from './amounts.ts'
import { windowOf } from './asking.ts'
import { post, segment } from './http.ts'
import type { Order } from './objects.ts'
import { mustBe, readOrder } from './orders.ts'
import { chargeOf, methodNameOf, refundReference, refundsOf, refundSnapshot } from './wire.ts'

/** The usual words; the specification takes any. Source: facts section 2.2. */
const reasons = { requested_by_customer: 'requested_by_client', duplicate: 'duplicated_transaction', fraudulent: 'suspected_fraud' } as const

/** A refund keeps no reference of ours: it is known by its order, its amount and its moment. */
export const refunds = {
  refund: async (context, input) => {
    const amount = partOnWire(input.amount)
    const before = await readOrder(context, input.providerReference)
    const known = new Set(refundsOf(before).map(({ id }) => id))
    try {
      const after = mustBe(await post<Order>(context, `/orders/${segment(input.providerReference)}/refunds`, { amount, reason: reasons[input.reason ?? 'requested_by_customer'] }))
      const made = refundsOf(after).find(({ id, amount: wire }) => !known.has(id) && Math.abs(wire) === amount)
      if (made === undefined) throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown', providerMessage: 'the order does not show the refund' })
      return refundSnapshot(after, made)
    } catch (thrown) {
      throw why(before, input, thrown)
    }
  },

  getRefund: async (context, providerReference) => {
    const [orderId = '', id] = providerReference.split('/')
    const order = await readOrder(context, orderId)
    const refund = refundsOf(order).find(refund => refund.id === id)
    if (refund === undefined) throw new ProviderError({ code: 'not_found', reached: 'answered', providerCode: 'refund' })
    return refundSnapshot(order, refund)
  },

  findRefund: async (context, lookup) => {
    if (lookup.amount === undefined) throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown', providerMessage: 'a refund is found by its amount here' })
    return find(context, { ...lookup, amount: lookup.amount })
  }
} satisfies Partial<PaymentsFamily>

async function find (context: ConnectionContext, { providerReference, amount, others = [], from, to }: { providerReference: string, amount: { amount: number }, others?: readonly string[], from: Date, to: Date }): Promise<RefundSnapshot | undefined> {
  const order = await readOrder(context, providerReference)
  const window = windowOf({ from, to })
  const found = refundsOf(order).find(refund => Math.abs(refund.amount) === amount.amount && refund.created_at >= window.from && refund.created_at <= window.to && !others.includes(refundReference(order, refund)))
  return found === undefined ? undefined : refundSnapshot(order, found)
}

/** What of this order does not go back, by its better name. */
function why (order: Order, { amount }: RefundInput, thrown: unknown): unknown {
  if (!(thrown instanceof ProviderError) || thrown.reached !== 'answered' || !['invalid_request', 'invalid_state', 'amount_invalid'].includes(thrown.code)) return thrown
  const { providerCode, providerMessage, httpStatus } = thrown
  const as = (code: 'already_refunded' | 'unsupported' | 'amount_invalid') => new ProviderError({ code, reached: 'answered', providerCode, providerMessage, httpStatus, param: thrown.param })
  const method = chargeOf(order)?.payment_method
  const left = order.amount - Math.abs(order.amount_refunded ?? 0)
  if (left <= 0 && order.amount > 0) return as('already_refunded')
  if (amount.amount > left) return as('amount_invalid')
  const isCard = method === null || method === undefined || methodNameOf(method) === 'card'
  return !isCard && order.is_refundable === false ? as('unsupported') : thrown
}
