import { randomUUID } from 'node:crypto'
import { type ConnectionContext, type DisputeEvidence, type DisputeReason, type DisputeSnapshot, type DisputeStatus, type PaymentsFamily, ProviderError } from '../../core/adapter/index.ts'
import { moneyOf } from './amounts.ts'
import { dateOf, neverHeardOf, oursIn, strange, wireTime } from './asking.ts'
import { call, get, post, segment } from './http.ts'
import type { Dispute } from './objects.ts'
import { orderIdOf, readCapture } from './orders.ts'
import { captureName } from './wire.ts'

/** Source: OpenAPI document of customer disputes v1 (2024-02), read 2026-11-21. */
export const disputes = {
  getDispute: async (context, providerReference) => told(context, await readDispute(context, providerReference)),

  /** By when they began: PayPal's list begins at a time and goes on to now. */
  listDisputes: async (context, { from, to, cursor }) => {
    const page = await get<{ items?: Dispute[], links?: { rel: string, href: string }[] }>(context, '/v1/customer/disputes', { start_time: cursor === undefined ? milliseconds(from) : undefined, page_size: 50, next_page_token: cursor })
    const listed = (page.items ?? []).filter(({ create_time: at }) => {
      const begun = dateOf(at)
      return begun === undefined || (begun >= from && begun <= to)
    })
    const data: DisputeSnapshot[] = []
    // The list names no transaction: each is asked for.
    for (const { dispute_id: id } of listed) data.push(await told(context, await readDispute(context, id)))
    const next = URL.parse(page.links?.find(({ rel }) => rel === 'next')?.href ?? '')?.searchParams.get('next_page_token') ?? undefined
    return { data, ...(next !== undefined && { next }) }
  },

  /** PayPal keeps no drafts: until it is to be sent, nothing is. */
  submitEvidence: async (context, { providerReference, evidence, submit }) => {
    if (submit) {
      const boundary = `pasarela-${randomUUID()}`
      const input = JSON.stringify({ evidences: evidencesOf(evidence) })
      const body = `--${boundary}\r\nContent-Disposition: form-data; name="input"; filename="input.json"\r\nContent-Type: application/json\r\n\r\n${input}\r\n--${boundary}--\r\n`
      await call(context, { method: 'POST', path: `/v1/customer/disputes/${segment(providerReference)}/provide-evidence`, raw: { body, contentType: `multipart/form-data; boundary=${boundary}` } })
    }
    return told(context, await readDispute(context, providerReference))
  },

  /** The payer gets the money back. What is over is not given up twice. */
  acceptDispute: async (context, { providerReference }) => {
    const before = await told(context, await readDispute(context, providerReference))
    if (before.status === 'accepted' || before.status === 'lost') return before
    await post(context, `/v1/customer/disputes/${segment(providerReference)}/accept-claim`, { note: 'Accepted by the seller.', accept_claim_type: 'REFUND' })
    return told(context, await readDispute(context, providerReference))
  }
} satisfies Partial<PaymentsFamily>

const milliseconds = (date: Date): string => wireTime(date).replace('Z', '.000Z')

async function readDispute (context: ConnectionContext, id: string): Promise<Dispute> {
  const dispute = await get<Dispute>(context, `/v1/customer/disputes/${segment(id)}`)
  if (typeof dispute.dispute_id !== 'string' || typeof dispute.status !== 'string') throw strange('not a dispute')
  return dispute
}

const reasons: Record<string, DisputeReason> = {
  MERCHANDISE_OR_SERVICE_NOT_RECEIVED: 'product_not_received', MERCHANDISE_OR_SERVICE_NOT_AS_DESCRIBED: 'product_unacceptable', UNAUTHORISED: 'fraudulent', CREDIT_NOT_PROCESSED: 'credit_not_processed',
  DUPLICATE_TRANSACTION: 'duplicate', INCORRECT_AMOUNT: 'incorrect_amount', CANCELED_RECURRING_BILLING: 'subscription_canceled'
}

/** An inquiry has moved no money yet; a claim or a chargeback has. */
function statusOf ({ status, dispute_life_cycle_stage: stage, dispute_outcome: outcome, evidences }: Dispute): DisputeStatus {
  const inquiry = stage === 'INQUIRY'
  switch (status) {
    case 'OPEN':
    case 'WAITING_FOR_SELLER_RESPONSE': return inquiry ? 'warning_needs_response' : 'needs_response'
    case 'WAITING_FOR_BUYER_RESPONSE':
    case 'UNDER_REVIEW': return inquiry ? 'warning_under_review' : 'under_review'
    case 'OTHER': return evidences?.some(({ source }) => source === 'SUBMITTED_BY_SELLER') === true ? 'under_review' : 'needs_response'
    case 'RESOLVED': return resolved(outcome?.outcome_code, inquiry)
    default: throw neverHeardOf(status)
  }
}

function resolved (outcome: string | undefined, inquiry: boolean): DisputeStatus {
  switch (outcome) {
    case 'RESOLVED_SELLER_FAVOUR':
    case 'CANCELED_BY_BUYER':
    case 'DENIED': return inquiry ? 'warning_closed' : 'won'
    // PayPal itself pays the buyer: the seller loses nothing.
    case 'RESOLVED_WITH_PAYOUT': return 'won'
    case 'RESOLVED_BUYER_FAVOUR': return 'lost'
    case 'ACCEPTED': return 'accepted'
    case 'NONE':
    case undefined: return 'warning_closed'
    default: throw neverHeardOf(outcome)
  }
}

/** With the payment that it is about, which only its capture names. */
async function told (context: ConnectionContext, dispute: Dispute): Promise<DisputeSnapshot> {
  const [transaction] = dispute.disputed_transactions ?? []
  const captureId = transaction?.seller_transaction_id
  if (captureId === undefined || dispute.dispute_amount === undefined) throw strange('a dispute that names no transaction')
  const capture = await readCapture(context, captureId)
  const reference = oursIn(capture.custom_id ?? transaction?.custom)
  const [due, createdAt] = [dateOf(dispute.seller_response_due_date), dateOf(dispute.create_time)]
  const amount = moneyOf(dispute.dispute_amount)
  const fees = (dispute.money_movements ?? []).filter(({ affected_party: who, type, reason, amount: fee }) => who === 'SELLER' && type === 'DEBIT' && /_FEE$/.test(reason ?? '') && fee?.currency_code === amount.currency)
  return {
    providerReference: dispute.dispute_id,
    paymentProviderReference: orderIdOf(capture) ?? captureName(captureId),
    ...(reference !== undefined && { reference }),
    status: statusOf(dispute),
    providerStatus: [dispute.status, dispute.dispute_outcome?.outcome_code].filter(Boolean).join('/'),
    reason: reasons[dispute.reason] ?? 'general',
    providerReason: dispute.reason,
    amount,
    ...(due !== undefined && { evidenceDueBy: due }),
    evidenceSubmitted: dispute.evidences?.some(({ source }) => source === 'SUBMITTED_BY_SELLER') ?? false,
    ...(fees.length > 0 && { fee: fees.reduce((sum, { amount }) => sum + moneyOf(amount).amount, 0) }),
    ...(createdAt !== undefined && { createdAt })
  }
}

/** What is shipped is proved by its tracking number; the rest is said in words. */
function evidencesOf (evidence: DisputeEvidence): object[] {
  const { shippingTrackingNumber: tracking, shippingCarrier: carrier, ...words } = evidence
  const notes = Object.entries(words).filter(([, text]) => text !== undefined && text !== '').map(([field, text]) => `${field.replace(/[A-Z]/g, letter => ` ${letter.toLowerCase()}`)}: ${text}`).join('\n').slice(0, 2000)
  const shipped = tracking === undefined ? [] : [{ evidence_type: 'PROOF_OF_FULFILLMENT', evidence_info: { tracking_info: [{ carrier_name: 'OTHER', ...(carrier !== undefined && { carrier_name_other: carrier }), tracking_number: tracking }] }, ...(notes !== '' && { notes }) }]
  if (shipped.length > 0) return shipped
  if (notes === '') throw new ProviderError({ code: 'invalid_request', reached: 'nowhere', param: 'evidence', providerMessage: 'there is nothing to say' })
  return [{ evidence_type: 'OTHER', notes }]
}
