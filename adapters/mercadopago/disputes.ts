import { type ConnectionContext, type DisputeReason, type DisputeSnapshot, type DisputeStatus, type PaymentsFamily, ProviderError } from '../../core/adapter/index.ts'
import { moneyOf } from './amounts.ts'
import { dateOf, isWithin, page, stamp } from './asking.ts'
import { get, segment } from './http.ts'
import { referenceOf } from './marks.ts'
import type { Chargeback, Payment } from './objects.ts'
import { readPayment } from './attempts.ts'
import { modeOf } from './wire.ts'

/**
 * Chargebacks are read; their papers (files) are sent in the panel. Whether it was won or lost the payment says, by its `status_detail`.
 * Source: OpenAPI document, /v1/chargebacks/{id}, the documentation's page on chargebacks, facts section 3.5; read 2026-11-21.
 */
export const disputes = {
  getDispute: async (context, providerReference) => {
    const chargeback = await get<Chargeback>(context, `/v1/chargebacks/${segment(providerReference)}`)
    return disputeOf(context, chargeback, await readPayment(context, paymentOf(chargeback)))
  },

  /** There is no list of them by time: whatever payment is charged back was touched by it. */
  listDisputes: async (context, { from, to, cursor }) => {
    const query = { sort: 'date_last_updated', criteria: 'asc', status: 'charged_back', range: 'date_last_updated', begin_date: stamp(from), end_date: stamp(context.now()) }
    const { data, next } = await page<Payment>(context, '/v1/payments/search', query, cursor)
    const listed = await Promise.all(data.map(async payment => {
      const { results = [] } = await get<{ results?: Chargeback[] }>(context, '/v1/chargebacks/search', { payment_id: payment.id })
      return results.filter(({ date_created: at }) => isWithin(at, { from, to })).map(chargeback => disputeOf(context, chargeback, payment))
    }))
    return { data: listed.flat(), ...(next !== undefined && { next }) }
  }
} satisfies Partial<PaymentsFamily>

/** The specification lists objects, the documentation bare ids. */
function paymentOf ({ payments }: Chargeback): string {
  const [first] = payments ?? []
  const id = typeof first === 'object' ? first.id : first
  if (id === undefined) throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown', providerMessage: 'a chargeback that names no payment' })
  return String(id)
}

function statusOf (chargeback: Chargeback, payment: Payment): DisputeStatus {
  if (payment.status === 'charged_back' && payment.status_detail === 'settled') return 'lost'
  if ((payment.status === 'charged_back' && payment.status_detail === 'reimbursed') || chargeback.coverage_applied === true) return 'won'
  return chargeback.documentation_required === true && chargeback.documentation_status === 'not_supplied' ? 'needs_response' : 'under_review'
}

/** The networks' own numbers. Source: Visa and Mastercard dispute rules, as public summaries have them; read 2026-11-21. */
const reasons: Record<string, DisputeReason> = {
  4837: 'fraudulent', 4849: 'fraudulent', 4863: 'unrecognized', 4834: 'duplicate', 4855: 'product_not_received', 4853: 'product_unacceptable', 4841: 'subscription_canceled', 4860: 'credit_not_processed', 4831: 'incorrect_amount',
  10.4: 'fraudulent', 12.5: 'incorrect_amount', '12.6.1': 'duplicate', 13.1: 'product_not_received', 13.2: 'subscription_canceled', 13.3: 'product_unacceptable', 13.6: 'credit_not_processed'
}

function disputeOf (context: ConnectionContext, chargeback: Chargeback, payment: Payment): DisputeSnapshot {
  const status = statusOf(chargeback, payment)
  const reference = referenceOf(payment.external_reference)
  const due = dateOf(chargeback.date_documentation_deadline)
  const at = dateOf(chargeback.date_created)
  const mode = modeOf(chargeback.live_mode ?? payment.live_mode, context)
  const why = chargeback.reason_code ?? undefined
  return {
    providerReference: String(chargeback.id),
    paymentProviderReference: String(payment.id),
    ...(reference !== undefined && { reference }),
    status,
    providerStatus: `${payment.status_detail ?? payment.status}/${chargeback.documentation_status ?? 'none'}`,
    reason: reasons[why ?? ''] ?? 'general',
    ...(why !== undefined && { providerReason: why }),
    amount: moneyOf(chargeback.amount, chargeback.currency ?? payment.currency_id),
    ...(due !== undefined && { evidenceDueBy: due }),
    evidenceSubmitted: chargeback.documentation_status != null && chargeback.documentation_status !== 'not_supplied',
    ...(at !== undefined && { createdAt: at }),
    ...(mode !== undefined && { mode })
  }
}
