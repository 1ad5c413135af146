import { type ConnectionContext, type PaymentsFamily, ProviderError, type RefundInput } from '../../core/adapter/index.ts'
import { moneyOf, partOnWire } from './amounts.ts'
import { isWithin, windowOf } from './asking.ts'
import { get, numbered, post, segment } from './http.ts'
import type { Payment, Refund } from './objects.ts'
import { refundReference, refundSnapshot } from './wire.ts'

/** A refund keeps no reference of ours: its key protects it, and afterwards it is known by its payment, its amount and its moment. */
export const refunds = {
  refund: async (context, input) => {
    const amount = partOnWire(input.amount)
    const path = `/v1/payments/${numbered(input.providerReference)}/refunds`
    try {
      return refundSnapshot(must(await post<Refund>(context, path, { amount }, input.idempotencyKey)), input.amount.currency)
    } catch (thrown) {
      throw await why(context, input, thrown)
    }
  },

  getRefund: async (context, providerReference) => {
    const [payment = '', id = ''] = providerReference.split('/')
    const refund = must(await get<Refund>(context, `/v1/payments/${numbered(payment)}/refunds/${segment(numbered(id))}`))
    return refundSnapshot(refund, (await read(context, payment)).currency_id)
  },

  findRefund: async (context, lookup) => {
    const { amount, others = [] } = lookup
    if (amount === undefined) throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown', providerMessage: 'a refund is found by its amount here' })
    const wire = partOnWire(amount)
    const window = windowOf(lookup)
    const listed = await listRefunds(context, lookup.providerReference)
    const found = listed.find(refund => refund.amount === wire && isWithin(refund.date_created, window) && !others.includes(refundReference(refund)))
    return found === undefined ? undefined : refundSnapshot(found, amount.currency)
  }
} satisfies Partial<PaymentsFamily>

/** The specification answers the list with one refund; both are taken. */
export async function listRefunds (context: ConnectionContext, payment: string): Promise<Refund[]> {
  const told = await get<Refund[] | Refund>(context, `/v1/payments/${numbered(payment)}/refunds`)
  return (Array.isArray(told) ? told : [told]).map(must)
}

const read = async (context: ConnectionContext, payment: string): Promise<Payment> => await get<Payment>(context, `/v1/payments/${numbered(payment)}`)

function must (refund: Refund): Refund {
  if (typeof refund.id !== 'number' || typeof refund.payment_id !== 'number' || typeof refund.amount !== 'number') throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown' })
  return refund
}

/** Why it does not go back, by its better name. */
async function why (context: ConnectionContext, { providerReference, amount }: RefundInput, thrown: unknown): Promise<unknown> {
  if (!(thrown instanceof ProviderError) || thrown.reached !== 'answered' || !['invalid_request', 'invalid_state', 'amount_invalid'].includes(thrown.code)) return thrown
  const payment = await read(context, providerReference).catch(() => undefined)
  if (payment === undefined) return thrown
  const { providerCode, providerMessage, httpStatus } = thrown
  const as = (code: 'already_refunded' | 'amount_invalid') => new ProviderError({ code, reached: 'answered', providerCode, providerMessage, httpStatus })
  const left = moneyOf(payment.transaction_amount, payment.currency_id).amount - moneyOf(payment.transaction_amount_refunded ?? 0, payment.currency_id).amount
  if (left <= 0) return as('already_refunded')
  return amount.amount > left ? as('amount_invalid') : thrown
}
