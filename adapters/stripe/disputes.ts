import type { ConnectionContext, DisputeEvidence, DisputeReason, DisputeSnapshot, DisputeStatus, PaymentsFamily } from '../../core/adapter/index.ts'
import type Stripe from 'stripe'
import { moneyOf } from './amounts.ts'
import { keyed, onePage, orDone, orTruth, wrongState } from './asking.ts'
import { call } from './http.ts'
import { metadataKeys, metadataOf, referenceOf } from './metadata.ts'
import { dateOf, expanded, idOf, modeOf, neverHeardOf } from './wire-parts.ts'

export const disputes = {
  getDispute: async (context, providerReference) => disputeOf(await retrieve(context, providerReference)),

  listDisputes: async (context, range) => onePage(range,
    page => call(context, (stripe, as) => stripe.disputes.list({ expand: ['data.charge'], ...page }, as)),
    // One of a charge that no payment intent made is none that we could have charged.
    found => found.filter(({ payment_intent: payment }) => payment !== null).map(disputeOf)),

  /** Stripe takes evidence once: what is submitted cannot be changed any more. */
  submitEvidence: async (context, input) => {
    const params = { evidence: evidenceOf(input.evidence), submit: input.submit, expand }
    return disputeOf(await orTruth(() => call<Stripe.Dispute>(context, (stripe, as) => stripe.disputes.update(input.providerReference, params, keyed(as, input))), async () => {
      const dispute = await retrieve(context, input.providerReference)
      return dispute.evidence_details.submission_count > 0 && input.submit ? dispute : undefined
    }))
  },

  /** Stripe calls what is given up `lost`, like what is lost; a mark that is set before tells them apart afterwards. */
  acceptDispute: async (context, input) => {
    const id = input.providerReference
    const over = async () => {
      const dispute = await retrieve(context, id)
      const { status } = disputeOf(dispute)
      return status === 'accepted' ? dispute : ['won', 'lost', 'warning_closed'].includes(status) ? wrongState(dispute.status) : undefined
    }
    const mark = { metadata: metadataOf(undefined, { accepted: input.reference }), submit: false }
    await orDone(() => call<unknown>(context, (stripe, as) => stripe.disputes.update(id, mark, keyed(as, input, 'mark'))), over)
    return disputeOf(await orTruth(() => orDone(() => call<Stripe.Dispute>(context, (stripe, as) => stripe.disputes.close(id, { expand }, keyed(as, input))), over), over))
  }
} satisfies Partial<PaymentsFamily>

const expand = ['charge']

function retrieve (context: ConnectionContext, id: string): Promise<Stripe.Dispute> {
  return call(context, (stripe, as) => stripe.disputes.retrieve(id, { expand }, as))
}

/** Source: the type Dispute.Status of stripe 23.1.0 and https://docs.stripe.com/disputes/how-disputes-work, read 2026-11-21. */
const statuses: Record<string, DisputeStatus> = {
  warning_needs_response: 'warning_needs_response',
  warning_under_review: 'warning_under_review',
  warning_closed: 'warning_closed',
  // Settled with the network before it became one: no money was taken.
  prevented: 'warning_closed',
  needs_response: 'needs_response',
  appeal_needs_response: 'needs_response',
  under_review: 'under_review',
  appeal_under_review: 'under_review',
  won: 'won',
  lost: 'lost'
}

/** Source: https://docs.stripe.com/disputes/categories, read 2026-11-21. What is not here is of bank debits, or none of ours. */
const reasons: Record<string, DisputeReason> = {
  credit_not_processed: 'credit_not_processed',
  duplicate: 'duplicate',
  fraudulent: 'fraudulent',
  debit_not_authorized: 'fraudulent',
  product_not_received: 'product_not_received',
  product_unacceptable: 'product_unacceptable',
  subscription_canceled: 'subscription_canceled',
  unrecognized: 'unrecognized'
}

/** Visa 12.5 is "incorrect amount"; Stripe has no reason of that name. */
const wrongAmount = new Set(['12.5'])

/** Throws `unknown` for a status that is not in the documentation that we read. */
export function disputeOf (dispute: Stripe.Dispute): DisputeSnapshot {
  const status = Object.hasOwn(statuses, dispute.status) ? statuses[dispute.status] : undefined
  if (status === undefined) throw neverHeardOf(dispute.status)
  const submitted = (dispute.evidence_details?.submission_count ?? 0) > 0
  const accepted = status === 'lost' && !submitted && dispute.metadata?.[metadataKeys.accepted] !== undefined
  const { reason, network_reason_code: networkReason } = dispute
  return {
    providerReference: dispute.id,
    paymentProviderReference: idOf(dispute.payment_intent) ?? '',
    reference: referenceOf(expanded(dispute.charge)?.metadata),
    status: accepted ? 'accepted' : status,
    providerStatus: dispute.status,
    reason: Object.hasOwn(reasons, reason) ? reasons[reason] as DisputeReason : wrongAmount.has(networkReason ?? '') ? 'incorrect_amount' : 'general',
    providerReason: networkReason ? `${reason} (${networkReason})` : reason,
    amount: moneyOf(dispute.amount, dispute.currency),
    // 0 where the bank takes no answer.
    evidenceDueBy: dateOf(dispute.evidence_details?.due_by || undefined),
    evidenceSubmitted: submitted,
    fee: feeOf(dispute),
    createdAt: dateOf(dispute.created),
    mode: modeOf(dispute.livemode)
  }
}

/** Stripe's own fee, where it settles in the currency of the dispute. */
function feeOf ({ balance_transactions: moved, currency }: Stripe.Dispute): number | undefined {
  if (moved === undefined || moved.length === 0 || moved.some(each => each.currency !== currency)) return undefined
  return moneyOf(moved.reduce((sum, { fee }) => sum + fee, 0), currency).amount
}

const fields: Record<keyof DisputeEvidence, keyof Stripe.DisputeUpdateParams.Evidence> = {
  productDescription: 'product_description',
  customerName: 'customer_name',
  customerEmail: 'customer_email_address',
  shippingCarrier: 'shipping_carrier',
  shippingTrackingNumber: 'shipping_tracking_number',
  shippingDate: 'shipping_date',
  refundPolicyDisclosure: 'refund_policy_disclosure',
  explanation: 'uncategorized_text'
}

function evidenceOf (evidence: DisputeEvidence): Stripe.DisputeUpdateParams.Evidence {
  const told = Object.entries(evidence).filter(([, text]) => text !== undefined).map(([field, text]) => [fields[field as keyof DisputeEvidence], text])
  return Object.fromEntries(told) as Stripe.DisputeUpdateParams.Evidence
}
