import type { PaymentsFamily, ProviderTransaction } from '../../core/adapter/index.ts'
import { moneyOf, nearestMinor } from './amounts.ts'
import { dateOf, page, stamp } from './asking.ts'
import { referenceOf } from './marks.ts'
import type { Payment } from './objects.ts'
import { listRefunds } from './refunds.ts'
import { settled } from './settlement.ts'
import { refundReference } from './wire.ts'

/**
 * The movements of the balance. Out of the payments themselves: what came in with its fees, what went back, what was charged back, at
 * once. Or out of the settlement report, with withdrawals and everything that was held back, a day later: the setting `transactions_source`.
 * Source: facts section 3.2, GET /v1/payments/search; read 2026-11-21.
 */
export const transactions = {
  /** Whatever moved since `from` touched its payment since then, whenever that was made. */
  listTransactions: async (context, range) => {
    const { from, to, cursor } = range
    if (context.settings.transactions_source === 'settlement_report') return { data: await settled(context, range) }
    const query = { sort: 'date_last_updated', criteria: 'asc', range: 'date_last_updated', begin_date: stamp(from), end_date: stamp(context.now()) }
    const { data, next } = await page<Payment>(context, '/v1/payments/search', query, cursor)
    const moves = await Promise.all(data.map(async payment => movesOf(payment, (payment.transaction_amount_refunded ?? 0) > 0 ? payment.refunds ?? await listRefunds(context, String(payment.id)) : [])))
    return { data: moves.flat().filter(({ at }) => at >= from && at <= to), ...(next !== undefined && { next }) }
  }
} satisfies Partial<PaymentsFamily>

const moneyCame = new Set(['approved', 'refunded', 'in_mediation', 'charged_back'])

function movesOf (payment: Payment, refunds: NonNullable<Payment['refunds']>): ProviderTransaction[] {
  const paidAt = dateOf(payment.date_approved)
  if (!moneyCame.has(payment.status) || paidAt === undefined) return []
  const currency = payment.currency_id
  const amount = moneyOf(payment.transaction_amount, currency)
  const reference = referenceOf(payment.external_reference)
  const about = { ...(reference !== undefined && { reference }), paymentProviderReference: String(payment.id) }
  const fee = payment.fee_details == null ? undefined : payment.fee_details.filter(({ fee_payer: payer }) => payer !== 'payer').reduce((sum, { amount = 0 }) => sum + nearestMinor(amount, currency), 0)
  const availableAt = dateOf(payment.money_release_date)
  const came: ProviderTransaction = {
    providerReference: String(payment.id), type: 'payment', amount, ...(fee !== undefined && { fee, net: amount.amount - fee }), ...about, ...(availableAt !== undefined && { availableAt }), at: paidAt
  }
  const went = refunds.filter(({ status }) => status === undefined || status === null || status === 'approved').map((refund): ProviderTransaction => ({
    providerReference: refundReference(refund), type: 'refund', amount: { amount: -moneyOf(refund.amount, currency).amount, currency }, ...about, at: dateOf(refund.date_created) ?? paidAt
  }))
  const lost = payment.status === 'charged_back' && payment.status_detail !== 'reimbursed'
    ? [{ providerReference: `${payment.id}/chargeback`, type: 'dispute' as const, amount: { amount: -amount.amount, currency }, ...about, at: dateOf(payment.date_last_updated) ?? paidAt }]
    : []
  return [came, ...went, ...lost]
}
