import { plan, unplan } from './agenda.ts'
import { book, seen } from './balance.ts'
import { findCharge } from './charges.ts'
import { invalid } from './errors.ts'
import { emit } from './events.ts'
import { disputeFee } from './fees.ts'
import type { Charge, Dispute } from './objects.ts'
import { boolean, created, expand, mergeMetadata, metadata, object, oneOf, openObject, paging, text } from './params.ts'
import { route } from './routing.ts'
import { page, wanted } from './shelf.ts'
import { countryOf, type Call } from './world.ts'

/**
 * Source: https://docs.stripe.com/api/disputes and https://docs.stripe.com/testing#disputes (evidence whose text decides), read 2026-11.
 * How long one may answer is the card network's; here as in Stripe's fixtures of 2026-07: the end of the 20th day.
 */
const answerSeconds = 20 * 86_400
/** An inquiry that nobody escalates is over. Source: https://docs.stripe.com/disputes/how-disputes-work, read 2026-11. */
const inquirySeconds = 120 * 86_400
const mostText = 20_000
const mostTexts = 150_000

const texts = [
  'access_activity_log', 'billing_address', 'cancellation_policy_disclosure', 'cancellation_rebuttal', 'customer_email_address', 'customer_name', 'customer_purchase_ip', 'duplicate_charge_explanation',
  'duplicate_charge_id', 'product_description', 'refund_policy_disclosure', 'refund_refusal_explanation', 'service_date', 'shipping_address', 'shipping_carrier', 'shipping_date', 'shipping_tracking_number', 'uncategorized_text'
] as const
/** They take the id of an uploaded file. */
const files = [
  'cancellation_policy', 'customer_communication', 'customer_signature', 'duplicate_charge_documentation', 'receipt', 'refund_policy', 'service_documentation', 'shipping_documentation', 'uncategorized_file'
] as const

const evidenceText = (value: unknown, param: string) => value === '' ? null : text({ max: mostText })(value, param)
const evidenceFile = (value: unknown, param: string): string | null => {
  if (value === '') return null
  throw invalid(`No such file upload: '${String(value)}'`, { code: 'resource_missing', param })
}

const evidence = object({
  ...Object.fromEntries(texts.map(name => [name, evidenceText])) as Record<typeof texts[number], typeof evidenceText>,
  ...Object.fromEntries(files.map(name => [name, evidenceFile])) as Record<typeof files[number], typeof evidenceFile>,
  enhanced_evidence: openObject
})

export const disputeRoutes = [
  route('GET', '/v1/disputes', object({ ...paging, charge: text(), created, payment_intent: text() }), (call, params) =>
    page(call.books.disputes, params, '/v1/disputes', 'dispute', each => shown(call, each), each =>
      (params.charge === undefined || each.charge === params.charge) && (params.payment_intent === undefined || each.payment_intent === params.payment_intent))),
  route('GET', '/v1/disputes/:id', object({ expand }), (call, _, { id }) => shown(call, wanted(call.books.disputes, id!, 'dispute', 'dispute'))),
  route('POST', '/v1/disputes/:id', object({
    evidence,
    expand,
    intended_submission_method: oneOf('manual', 'prefer_manual', 'prefer_smart_disputes', 'smart_disputes'),
    metadata,
    submit: boolean
  }), (call, params, { id }) => {
    const dispute = wanted(call.books.disputes, id!, 'dispute', 'dispute')
    if (params.evidence !== undefined || params.submit === true) answer(call, dispute, params.evidence ?? {}, params.submit ?? true)
    dispute.metadata = mergeMetadata(dispute.metadata, params.metadata)
    emit(call, 'charge.dispute.updated', shown(call, dispute))
    return shown(call, dispute)
  }),
  route('POST', '/v1/disputes/:id/close', object({ expand }), (call, _, { id }) => {
    const dispute = wanted(call.books.disputes, id!, 'dispute', 'dispute')
    if (!open(dispute)) throw over(dispute)
    end(call, dispute, inquiry(dispute) ? 'warning_closed' : 'lost')
    return shown(call, dispute)
  })
]

export type DisputeKind = 'fraudulent' | 'product_not_received' | 'inquiry'

/** The cardholder complains. For an inquiry no money moves yet. */
export function openDispute (call: Call, charge: Charge, kind: DisputeKind, reason: string = kind === 'inquiry' ? 'fraudulent' : kind, amount = charge.amount_captured): Dispute {
  const { world, books } = call
  const now = world.now()
  const early = kind === 'inquiry'
  const card = charge.payment_method_details.card as { brand?: string } | undefined
  const dispute = books.disputes.add({
    id: world.id('du_1'),
    object: 'dispute',
    amount,
    balance_transactions: [],
    charge: charge.id,
    created: now,
    currency: charge.currency,
    enhanced_eligibility_types: [],
    evidence: {
      ...Object.fromEntries([...texts, ...files].map(name => [name, null])),
      customer_email_address: (charge.billing_details as { email?: string | null }).email ?? null,
      customer_name: (charge.billing_details as { name?: string | null }).name ?? null,
      enhanced_evidence: {}
    },
    evidence_details: { due_by: endOfDay(now + answerSeconds), enhanced_eligibility: {}, has_evidence: false, past_due: false, submission_count: 0, submission_method: 'not_submitted' },
    intended_submission_method: null,
    is_charge_refundable: early,
    livemode: books.livemode,
    metadata: {},
    network_reason_code: null,
    payment_intent: charge.payment_intent,
    payment_method_details: { card: { brand: card?.brand ?? 'visa', case_type: early ? 'inquiry' : 'chargeback', network_reason_code: kind === 'product_not_received' ? '13.1' : '10.4' }, type: 'card' },
    reason,
    status: early ? 'warning_needs_response' : 'needs_response'
  })
  charge.disputed = true
  emit(call, 'charge.dispute.created', shown(call, dispute))
  if (!early) withdraw(call, dispute)
  emit(call, 'charge.updated', { ...charge }, { disputed: false })
  plan(call, 'dispute_due', dispute.id, dispute.evidence_details.due_by)
  return dispute
}

/** The lines of the balance stand in it whole. */
function shown (call: Call, dispute: Dispute): object {
  return { ...dispute, balance_transactions: dispute.balance_transactions.map(id => seen(call, call.books.balanceTransactions.get(id)!)) }
}

/** Money and fee go with the dispute. */
function withdraw (call: Call, dispute: Dispute): void {
  enter(call, dispute, -1)
  dispute.is_charge_refundable = false
  emit(call, 'charge.dispute.funds_withdrawn', shown(call, dispute))
}

function enter (call: Call, dispute: Dispute, sign: 1 | -1): void {
  const id = book(call, {
    type: 'adjustment',
    source: dispute.id,
    amount: sign * dispute.amount,
    currency: dispute.currency,
    description: sign < 0 ? `Chargeback withdrawal for ${dispute.charge}` : `Chargeback reversal for ${dispute.charge}`,
    fees: sign < 0 ? disputeFee(countryOf(call), dispute.currency) : [],
    category: sign < 0 ? 'dispute' : 'dispute_reversal'
  })
  dispute.balance_transactions = [...dispute.balance_transactions, id]
}

function answer (call: Call, dispute: Dispute, given: Record<string, unknown>, submit: boolean): void {
  if (!open(dispute)) throw over(dispute)
  if (dispute.evidence_details.submission_count > 0) throw invalid('Evidence has already been submitted for this dispute: it can no longer be changed.', { param: 'evidence' })
  const merged = { ...dispute.evidence, ...given }
  const total = Object.values(merged).reduce<number>((sum, each) => sum + (typeof each === 'string' ? each.length : 0), 0)
  if (total > mostTexts) throw invalid(`The combined character count of your dispute evidence must be at most ${mostTexts}.`, { param: 'evidence' })
  dispute.evidence = merged
  const details = dispute.evidence_details
  const hasEvidence = [...texts, ...files].some(name => merged[name] !== null)
  dispute.evidence_details = { ...details, has_evidence: hasEvidence, submission_count: details.submission_count + (submit ? 1 : 0), submission_method: submit ? 'manual' : details.submission_method }
  if (!submit) return
  dispute.status = inquiry(dispute) ? 'warning_under_review' : 'under_review'
  unplan(call, 'dispute_due', dispute.id)
  if (verdictOf(dispute) !== undefined) plan(call, 'dispute_verdict', dispute.id, null)
  else if (inquiry(dispute)) plan(call, 'dispute_due', dispute.id, dispute.created + inquirySeconds)
}

type Verdict = 'won' | 'lost' | 'escalated'

function verdictOf (dispute: Dispute): Verdict | undefined {
  const words = String(dispute.evidence.uncategorized_text ?? '')
  if (words.includes('winning_evidence')) return 'won'
  if (words.includes('losing_evidence')) return 'lost'
  return words.includes('escalate_inquiry_evidence') && inquiry(dispute) ? 'escalated' : undefined
}

/** The bank decides, by the text of the evidence. */
export function verdict (call: Call, id: string): void {
  const dispute = call.books.disputes.get(id)
  const found = dispute === undefined ? undefined : verdictOf(dispute)
  if (dispute !== undefined && found !== undefined) decide(call, dispute, found)
}

export function decide (call: Call, dispute: Dispute, found: Verdict): void {
  if (found === 'escalated' && inquiry(dispute)) escalate(call, dispute)
  else if (inquiry(dispute)) end(call, dispute, found === 'won' ? 'warning_closed' : 'lost')
  else end(call, dispute, found === 'won' ? 'won' : 'lost')
}

/** Nobody answered in time: a dispute is lost, an inquiry is closed. */
export function dueDatePassed (call: Call, id: string): void {
  const dispute = call.books.disputes.get(id)
  if (dispute === undefined || !open(dispute)) return
  dispute.evidence_details = { ...dispute.evidence_details, past_due: dispute.evidence_details.submission_count === 0 }
  end(call, dispute, inquiry(dispute) ? 'warning_closed' : 'lost')
}

function escalate (call: Call, dispute: Dispute): void {
  dispute.status = 'needs_response'
  dispute.payment_method_details = { card: { ...(dispute.payment_method_details as { card: object }).card, case_type: 'chargeback' }, type: 'card' }
  dispute.evidence_details = { ...dispute.evidence_details, due_by: endOfDay(call.world.now() + answerSeconds), submission_count: 0, submission_method: 'not_submitted' }
  plan(call, 'dispute_due', dispute.id, dispute.evidence_details.due_by)
  emit(call, 'charge.dispute.updated', shown(call, dispute))
  withdraw(call, dispute)
}

function end (call: Call, dispute: Dispute, status: 'won' | 'lost' | 'warning_closed'): void {
  unplan(call, 'dispute_due', dispute.id)
  unplan(call, 'dispute_verdict', dispute.id)
  dispute.status = status
  if (status === 'won') {
    enter(call, dispute, 1)
    emit(call, 'charge.dispute.funds_reinstated', shown(call, dispute))
  }
  emit(call, 'charge.dispute.closed', shown(call, dispute))
}

/** A charge that is disputed is not refunded; one that is only asked about can be. */
export function checkNotDisputed (call: Call, charge: Charge): void {
  const against = call.books.disputes.items.some(each => each.charge === charge.id && !each.is_charge_refundable && each.status !== 'won')
  if (against) throw invalid(`Charge ${charge.id} has been charged back; cannot issue a refund.`, { code: 'charge_disputed' })
}

/** The disputes of a charge that a test or a person opens. */
export function disputeOf (call: Call, chargeId: string, options: { kind?: DisputeKind, reason?: string, amount?: number } = {}): Dispute {
  const charge = findCharge(call, chargeId)
  if (charge.status !== 'succeeded' || !charge.captured) throw invalid(`Charge ${charge.id} took no money that could be disputed.`)
  return openDispute(call, charge, options.kind ?? 'fraudulent', options.reason, options.amount)
}

function open ({ status }: Dispute): boolean {
  return ['needs_response', 'warning_needs_response', 'under_review', 'warning_under_review'].includes(status)
}

function inquiry ({ status }: Dispute): boolean {
  return status.startsWith('warning')
}

function over (dispute: Dispute): Error {
  return invalid(`This dispute is already closed: its status is ${dispute.status}.`, { param: 'dispute' })
}

function endOfDay (at: number): number {
  return Math.floor(at / 86_400) * 86_400 + 86_399
}
