import type { PaymentProblem, PaymentSnapshot, ProviderPaymentStatus, RefundSnapshot, RefundStatus } from '../../core/adapter/index.ts'
import type Stripe from 'stripe'
import { moneyOf } from './amounts.ts'
import { problemOf } from './errors.ts'
import { metadataKeys, referenceOf } from './metadata.ts'
import { methodNameOf } from './methods.ts'
import { nextActionOf, type StripeJs } from './next-action.ts'
import { dateOf, expanded, idOf, modeOf, neverHeardOf } from './wire-parts.ts'

/** A payment intent in our words. Throws ProviderError `unknown` for a status that is not in the documentation that we read. */
export function snapshotOf (intent: Stripe.PaymentIntent, js: StripeJs = {}): PaymentSnapshot {
  const charge = expanded(intent.latest_charge)
  const part = (wire: number | undefined) => wire === undefined ? 0 : moneyOf(wire, intent.currency).amount
  const status = statusOf(intent)
  const nextAction = nextActionOf(intent, js)
  return {
    providerReference: intent.id,
    reference: referenceOf(intent.metadata),
    status,
    providerStatus: intent.status,
    amount: moneyOf(intent.amount, intent.currency),
    amountCapturable: part(intent.amount_capturable),
    amountCaptured: part(intent.amount_received),
    amountRefunded: charge === undefined ? undefined : part(charge.amount_refunded),
    disputed: charge?.disputed,
    mode: modeOf(intent.livemode),
    nextAction,
    error: errorOf(intent, charge),
    method: methodOf(intent, charge),
    savedMethodReference: savedMethodOf(intent),
    customerProviderReference: idOf(intent.customer),
    amountReceived: transferredOf(intent, nextAction),
    transactionReference: idOf(intent.latest_charge),
    createdAt: dateOf(intent.created)
  }
}

/** Source: https://docs.stripe.com/payments/paymentintents/lifecycle, read 2026-11-20. */
function statusOf (intent: Stripe.PaymentIntent): ProviderPaymentStatus {
  switch (intent.status) {
    case 'requires_payment_method':
      // A voucher that nobody paid: Stripe goes back to the start and says why; it does not cancel.
      return intent.last_payment_error?.code?.endsWith('_attempt_expired') === true ? 'expired' : 'requires_payment_method'
    case 'requires_confirmation': return 'requires_payment_method'
    case 'requires_action': return 'requires_action'
    case 'processing': return 'processing'
    case 'requires_capture': return 'authorized'
    case 'succeeded': return 'succeeded'
    case 'canceled':
      // `automatic`: not captured in time (7 days for most cards).
      return intent.cancellation_reason === 'expired' || intent.cancellation_reason === 'automatic' ? 'expired' : 'canceled'
    default:
      throw neverHeardOf(intent.status)
  }
}

/** What Radar blocks, by the default rule or one of the tenant's, is told as a plain decline; only the charge knows. */
function errorOf (intent: Stripe.PaymentIntent, charge: Stripe.Charge | undefined): PaymentProblem | undefined {
  if (intent.last_payment_error === null || intent.last_payment_error === undefined) return undefined
  const problem = problemOf(intent.last_payment_error)
  return charge?.outcome?.type === 'blocked' ? { ...problem, code: 'fraud_suspected' } : problem
}

function methodOf (intent: Stripe.PaymentIntent, charge: Stripe.Charge | undefined): PaymentSnapshot['method'] {
  const used = charge?.payment_method_details ?? intent.last_payment_error?.payment_method ?? expanded(intent.payment_method)
  if (used === null || used === undefined) return undefined
  const card = used.card
  return { type: methodNameOf(used.type), brand: card?.brand ?? undefined, last4: card?.last4 ?? undefined, wallet: card?.wallet?.type, funding: fundingOf(card?.funding) }
}

const fundingOf = (told: string | null | undefined) => told === 'credit' || told === 'debit' || told === 'prepaid' ? told : undefined

/** Of a transfer that may come in parts: Stripe counts it as received when it is all there, and tells until then what is left. */
function transferredOf (intent: Stripe.PaymentIntent, nextAction: PaymentSnapshot['nextAction']): number | undefined {
  if (nextAction?.type === 'bank_transfer' && nextAction.amount_remaining !== undefined) return moneyOf(intent.amount, intent.currency).amount - nextAction.amount_remaining
  return intent.status === 'succeeded' && intent.payment_method_types?.includes('customer_balance') ? moneyOf(intent.amount_received, intent.currency).amount : undefined
}

/** Stripe attaches it to the customer when the payment is through. */
function savedMethodOf ({ setup_future_usage: usage, customer, status, payment_method: method }: Stripe.PaymentIntent): string | undefined {
  const through = status === 'succeeded' || status === 'requires_capture' || status === 'processing'
  return through && usage !== null && usage !== undefined && idOf(customer) !== undefined ? idOf(method) : undefined
}

const refundStatuses = new Set<string | null>(['pending', 'requires_action', 'succeeded', 'failed', 'canceled'] satisfies RefundStatus[])

/** Source: https://docs.stripe.com/refunds#failed-refunds, read 2026-11-20. */
const refundFailures: Record<string, 'merchant_balance_insufficient' | 'invalid_card' | 'card_declined'> = {
  insufficient_funds: 'merchant_balance_insufficient',
  expired_or_canceled_card: 'invalid_card',
  lost_or_stolen_card: 'invalid_card',
  declined: 'card_declined'
}

export function refundOf (refund: Stripe.Refund): RefundSnapshot {
  if (!refundStatuses.has(refund.status)) throw neverHeardOf(refund.status)
  const failure = refund.failure_reason
  return {
    providerReference: refund.id,
    refundReference: refund.metadata?.[metadataKeys.refund],
    paymentProviderReference: idOf(refund.payment_intent),
    status: refund.status as RefundStatus,
    providerStatus: String(refund.status),
    amount: moneyOf(refund.amount, refund.currency),
    error: failure === undefined || failure === null ? undefined : { code: refundFailures[failure] ?? 'unknown', providerCode: failure },
    createdAt: dateOf(refund.created)
  }
}
