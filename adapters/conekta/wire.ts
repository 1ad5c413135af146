import type { ChargeMethod, Charge, Chargeback, Order, Refund } from './objects.ts'
import type { DisputeReason, DisputeSnapshot, DisputeStatus, Mode, NextAction, PaymentSnapshot, ProviderPaymentStatus, RefundSnapshot, RefundStatus } from '../../core/adapter/index.ts'
import { moneyOf } from './amounts.ts'
import { dateOf, iso, neverHeardOf } from './asking.ts'
import { failureOf } from './errors.ts'
import { heldOf, markOf, referenceOf } from './marks.ts'

/** An order without a charge has no `payment_status`. */
const noCharge = 'no_charge'

export const modeOf = (livemode: boolean): Mode => livemode ? 'live' : 'test'

/**
 * An order in our words: it is the payment, its charges are the attempts. `captured`: what the balance says was taken of an order that
 * was held first (see `heldOf`); absent, the charge is believed. Throws ProviderError `unknown` for a word that we never read of.
 */
export function snapshotOf (order: Order, { captured }: { captured?: number } = {}): PaymentSnapshot {
  const status = statusOf(order)
  const charge = chargeOf(order)
  const held = heldOf(order.metadata)
  const { currency } = moneyOf(order.amount, order.currency)
  const asked = held ?? order.amount
  const paid = status === 'succeeded' ? captured ?? Math.min(charge?.amount ?? order.amount, order.amount) : 0
  const nextAction = status === 'requires_action' ? nextActionOf(order, charge) : undefined
  const method = charge?.payment_method ?? undefined
  // A further attempt is paid with another card than the one that the order kept.
  const further = charge !== undefined && attemptOf(charge) > Number(markOf(order.metadata, 'attempt') ?? 1)
  const source = further ? undefined : markOf(order.metadata, 'source')
  return {
    providerReference: order.id,
    reference: referenceOf(order.metadata),
    status,
    providerStatus: order.payment_status ?? noCharge,
    amount: moneyOf(asked, currency),
    amountCapturable: status === 'authorized' ? moneyOf(order.amount, currency).amount : 0,
    amountCaptured: moneyOf(paid, currency).amount,
    amountRefunded: Math.abs(order.amount_refunded ?? 0),
    disputed: chargesOf(order).some(({ chargeback }) => chargeback !== null && chargeback !== undefined && isOpen(disputeStatusOf(chargeback.status))) || order.payment_status === 'charged_back',
    mode: modeOf(order.livemode),
    ...(nextAction !== undefined && { nextAction }),
    ...(status === 'requires_payment_method' && order.payment_status === 'declined' && { error: failureOf(charge ?? {}) }),
    ...(status === 'expired' && { error: { code: 'expired' as const, providerCode: 'expired' } }),
    ...(method !== undefined && { method: methodOf(method) }),
    ...(source !== undefined && (status === 'succeeded' || status === 'authorized') && { savedMethodReference: source }),
    ...(order.customer_info?.customer_id && { customerProviderReference: order.customer_info.customer_id }),
    ...(charge !== undefined && charge.id !== '' && { transactionReference: charge.id }),
    ...(dateOf(order.created_at) !== undefined && { createdAt: dateOf(order.created_at)! })
  }
}

/** Source: facts section 2.3 and the event types of the documentation (order.*), read 2026-11-21. */
function statusOf (order: Order): ProviderPaymentStatus {
  switch (order.payment_status ?? null) {
    case null: return 'requires_payment_method'
    case 'pending_payment': return waitsForPayer(order) ? 'requires_action' : 'processing'
    case 'pending_confirmation':
    case 'under_fraud_review': return 'processing'
    case 'pre_authorized': return 'authorized'
    case 'paid':
    case 'partially_refunded':
    case 'refunded':
    case 'charged_back': return 'succeeded'
    // Another charge of the same order may still be approved.
    case 'declined': return 'requires_payment_method'
    case 'fraudulent': return 'failed'
    case 'expired': return 'expired'
    case 'canceled':
    case 'voided': return 'canceled'
    default: throw neverHeardOf(order.payment_status)
  }
}

const paysOutside = new Set(['cash_payment', 'bank_transfer_payment', 'pay_by_bank_payment', 'bnpl_payment'])

function waitsForPayer (order: Order): boolean {
  return order.next_action?.redirect_to_url?.url !== undefined || chargesOf(order).some(charge => charge.status === 'pending_payment' && paysOutside.has(charge.payment_method?.object ?? ''))
}

export function chargesOf (order: Order): Charge[] {
  return order.charges?.data ?? []
}

const rank = ['charged_back', 'partially_refunded', 'refunded', 'paid', 'pre_authorized', 'pending_payment']

/** The charge that says most: one with money on it, else one that waits for it, else the newest. Of several places to pay, a store of the network before a bank's machine. */
export function chargeOf (order: Order): Charge | undefined {
  const charges = chargesOf(order).toReversed().toSorted((a, b) => b.created_at - a.created_at || attemptOf(b) - attemptOf(a))
  for (const status of rank) {
    const of = charges.filter(charge => charge.status === status)
    const best = of.find(({ payment_method: method }) => method?.product_type === undefined || method.product_type === 'cash_in') ?? of[0]
    if (best !== undefined) return best
  }
  return charges[0]
}

/** Ours count their attempts: two of one second are told apart. */
function attemptOf ({ reference_id: reference }: Charge): number {
  return Number(/-(\d{1,6})$/.exec(reference ?? '')?.[1] ?? 0)
}

function nextActionOf (order: Order, charge: Charge | undefined): NextAction | undefined {
  const url = order.next_action?.redirect_to_url?.url
  if (url !== undefined) return { type: 'redirect', url }
  const method = charge?.payment_method
  if (method === null || method === undefined) return undefined
  const ends = iso(method.expires_at)
  switch (method.object) {
    case 'cash_payment':
      return method.reference === undefined ? undefined : { type: 'voucher', reference: String(method.reference), ...(method.barcode_url !== undefined && { barcode_url: method.barcode_url }), expires_at: ends ?? '' }
    case 'bank_transfer_payment':
      // Any bank's CLABE: 646 (STP) and 734 (Finco Pay) have been seen.
      return method.clabe === undefined
        ? undefined
        : { type: 'bank_transfer', clabe: String(method.clabe), ...(method.bank !== undefined && { bank: method.bank }), amount_remaining: moneyOf(order.amount, order.currency).amount, ...(ends !== undefined && { expires_at: ends }) }
    default:
      return method.redirect_url === undefined ? undefined : { type: 'redirect', url: method.redirect_url }
  }
}

const funding: Record<string, 'credit' | 'debit' | 'prepaid'> = { credit: 'credit', debit: 'debit', prepaid: 'prepaid' }

function methodOf (method: ChargeMethod): NonNullable<PaymentSnapshot['method']> {
  const kind = funding[method.account_type?.toLowerCase() ?? '']
  return {
    type: methodNameOf(method),
    ...(method.brand !== undefined && { brand: method.brand.toLowerCase() }),
    ...(method.last4 !== undefined && { last4: method.last4 }),
    ...(kind !== undefined && { funding: kind })
  }
}

/** Our name of it: cash is `oxxo` at OXXO and `cash` anywhere else. */
export function methodNameOf ({ object, type, store_name: store, service_name: service }: ChargeMethod): string {
  switch (object) {
    case 'card_payment': return 'card'
    case 'cash_payment': return type === 'oxxo' || type === 'oxxo_cash' || /oxxo/i.test(store ?? service ?? '') ? 'oxxo' : 'cash'
    case 'bank_transfer_payment': return 'spei'
    case 'pay_by_bank_payment': return 'pay_by_bank'
    case 'bnpl_payment': return 'bnpl'
    default: return type ?? object
  }
}

// --- refunds ---------------------------------------------------------------------------------------------------------

/** The order and the refund in it: Conekta shows a refund only within its order. */
export function refundReference (order: Order, refund: Refund): string {
  return `${order.id}/${refund.id}`
}

export function refundsOf (order: Order): Refund[] {
  return chargesOf(order).flatMap(({ refunds }) => refunds?.data ?? [])
}

/** Only `pending` stands in the documentation; the others are what its objects say elsewhere (QUIRKS.md). */
const refundStatuses: Record<string, RefundStatus> = {
  pending: 'pending', in_progress: 'pending', processing: 'pending',
  refunded: 'succeeded', succeeded: 'succeeded', paid: 'succeeded', approved: 'succeeded', completed: 'succeeded', processed: 'succeeded',
  failed: 'failed', declined: 'failed', rejected: 'failed', expired: 'failed',
  canceled: 'canceled', cancelled: 'canceled', voided: 'canceled'
}

export function refundSnapshot (order: Order, refund: Refund): RefundSnapshot {
  // A refund without a word has happened when its order says so.
  const word = refund.status ?? (/refunded$/.test(order.payment_status ?? '') ? 'refunded' : 'pending')
  const status = refundStatuses[word]
  if (status === undefined) throw neverHeardOf(word)
  return {
    providerReference: refundReference(order, refund),
    paymentProviderReference: order.id,
    status,
    providerStatus: word,
    amount: moneyOf(Math.abs(refund.amount), order.currency),
    ...(dateOf(refund.created_at) !== undefined && { createdAt: dateOf(refund.created_at)! })
  }
}

// --- disputes --------------------------------------------------------------------------------------------------------

/** Source: OpenAPI 2.3.0, schema chargeback_response, read 2026-11-21. `covered`: Conekta pays it, the tenant loses nothing. */
const disputeStatuses: Record<string, DisputeStatus> = {
  action_required: 'needs_response', rt: 'warning_needs_response', rt_sent: 'warning_under_review',
  pending_review: 'under_review', under_review: 'under_review', represented: 'under_review',
  won: 'won', covered: 'won', lost: 'lost'
}

const disputeReasons: Record<string, DisputeReason> = {
  unauthorized: 'fraudulent', unauthorized_by_client: 'fraudulent', unrecognized_like_fraud: 'fraudulent', fraudulent: 'fraudulent', fraudulent_business: 'fraudulent', chip_liabiliaty_shift: 'fraudulent',
  unrecognized: 'unrecognized', unrecognized_purchase: 'unrecognized',
  twice_transaction: 'duplicate', duplicate: 'duplicate',
  product_not_received: 'product_not_received',
  product_unacceptable: 'product_unacceptable', damaged_products: 'product_unacceptable',
  subscription_canceled: 'subscription_canceled', subscription_not_requested: 'subscription_canceled', service_canceled: 'subscription_canceled',
  credit_not_processed: 'credit_not_processed', transaction_not_refunded: 'credit_not_processed',
  incorrect_amount: 'incorrect_amount', differents_amounts: 'incorrect_amount', incorrect_exchange: 'incorrect_amount'
}

function disputeStatusOf (word: string): DisputeStatus {
  const status = disputeStatuses[word]
  if (status === undefined) throw neverHeardOf(word)
  return status
}

const isOpen = (status: DisputeStatus): boolean => status !== 'won' && status !== 'warning_closed'

/** The order, the charge and the chargeback of it. */
export function disputeSnapshot (order: Order, charge: Charge, chargeback: Chargeback): DisputeSnapshot {
  const status = disputeStatusOf(chargeback.status)
  const reference = referenceOf(order.metadata)
  const due = dateOf(chargeback.evidence_due_by)
  const at = dateOf(chargeback.created_at)
  return {
    providerReference: `${order.id}/${chargeback.id}`,
    paymentProviderReference: order.id,
    ...(reference !== undefined && { reference }),
    status,
    providerStatus: chargeback.status,
    reason: disputeReasons[chargeback.reason ?? ''] ?? 'general',
    ...(chargeback.reason !== undefined && { providerReason: chargeback.reason }),
    amount: moneyOf(charge.amount, order.currency),
    ...(due !== undefined && { evidenceDueBy: due }),
    evidenceSubmitted: (chargeback.files?.length ?? 0) > 0,
    ...(at !== undefined && { createdAt: at }),
    mode: modeOf(order.livemode)
  }
}
