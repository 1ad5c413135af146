import {
  type Mode, type NextAction, type PaymentSnapshot, ProviderError, type ProviderPaymentStatus, type RefundSnapshot, type RefundStatus
} from '../../core/adapter/index.ts'
import type Stripe from 'stripe'
import { moneyOf } from './amounts.ts'
import { problemOf } from './errors.ts'

/** Our words on Stripe's objects. A payment intent's metadata is copied to its charges by Stripe. */
export const metadataKeys = {
  payment: 'pasarela_payment',
  attempt: 'pasarela_attempt',
  order: 'pasarela_order',
  refund: 'pasarela_refund',
  connection: 'pasarela_connection',
  probe: 'pasarela_probe'
} as const

/** A payment intent in our words. Throws ProviderError `unknown` for a status that is not in the documentation that we read. */
export function snapshotOf (intent: Stripe.PaymentIntent, publishableKey?: string): PaymentSnapshot {
  const charge = typeof intent.latest_charge === 'object' && intent.latest_charge !== null ? intent.latest_charge : undefined
  const amount = moneyOf(intent.amount, intent.currency)
  const part = (wire: number | undefined) => wire === undefined ? 0 : moneyOf(wire, intent.currency).amount
  const status = statusOf(intent)
  return {
    providerReference: intent.id,
    reference: intent.metadata?.[metadataKeys.payment],
    status,
    providerStatus: intent.status,
    amount,
    amountCapturable: part(intent.amount_capturable),
    amountCaptured: part(intent.amount_received),
    amountRefunded: charge === undefined ? undefined : part(charge.amount_refunded),
    disputed: charge?.disputed,
    mode: modeOf(intent.livemode),
    nextAction: nextActionOf(intent, publishableKey),
    error: intent.last_payment_error === null || intent.last_payment_error === undefined ? undefined : problemOf(intent.last_payment_error),
    method: methodOf(intent, charge),
    transactionReference: charge?.id ?? (typeof intent.latest_charge === 'string' ? intent.latest_charge : undefined),
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
      throw new ProviderError({ code: 'unknown', reached: 'unknown', providerCode: String(intent.status) })
  }
}

/** What the payer has to do. Source: the type PaymentIntent.NextAction of stripe 23.1.0. */
function nextActionOf (intent: Stripe.PaymentIntent, publishableKey: string | undefined): NextAction | undefined {
  const secret = intent.client_secret
  if (intent.status === 'requires_payment_method' || intent.status === 'requires_confirmation') {
    return typeof secret !== 'string' ? undefined : { type: 'client_secret', client_secret: secret, publishable_key: publishableKey }
  }
  const action = intent.next_action
  if (intent.status !== 'requires_action' || action === null || action === undefined) return undefined
  if (action.redirect_to_url?.url) return { type: 'redirect', url: action.redirect_to_url.url }
  if (action.verify_with_microdeposits?.hosted_verification_url) return { type: 'redirect', url: action.verify_with_microdeposits.hosted_verification_url }
  const oxxo = action.oxxo_display_details
  if (oxxo?.number) return { type: 'voucher', reference: oxxo.number, url: oxxo.hosted_voucher_url ?? undefined, expires_at: iso(oxxo.expires_after) ?? '' }
  const boleto = action.boleto_display_details
  if (boleto?.number) return { type: 'voucher', reference: boleto.number, url: boleto.hosted_voucher_url ?? undefined, expires_at: iso(boleto.expires_at) ?? '' }
  const pix = action.pix_display_qr_code
  if (pix?.data) return { type: 'qr', data: pix.data, image: pix.image_url_png ?? undefined, expires_at: iso(pix.expires_at) }
  const transfer = action.display_bank_transfer_instructions
  if (transfer !== undefined) return bankTransferOf(transfer, intent.currency)
  return {
    type: 'sdk_challenge',
    data: { ...(typeof secret !== 'string' ? {} : { client_secret: secret }), ...(publishableKey === undefined ? {} : { publishable_key: publishableKey }), provider_type: action.type }
  }
}

function bankTransferOf (transfer: Stripe.PaymentIntent.NextAction.DisplayBankTransferInstructions, currency: string): NextAction {
  const spei = transfer.financial_addresses?.find(address => address.spei !== undefined)?.spei
  return {
    type: 'bank_transfer',
    clabe: spei?.clabe,
    bank: spei?.bank_name,
    reference: transfer.reference ?? undefined,
    amount_remaining: transfer.amount_remaining === null ? undefined : moneyOf(transfer.amount_remaining, transfer.currency ?? currency).amount,
    url: transfer.hosted_instructions_url ?? undefined
  }
}

function methodOf (intent: Stripe.PaymentIntent, charge: Stripe.Charge | undefined): PaymentSnapshot['method'] {
  const used = charge?.payment_method_details ?? intent.last_payment_error?.payment_method ?? expanded(intent.payment_method)
  if (used === null || used === undefined) return undefined
  const card = used.card
  return { type: used.type, brand: card?.brand ?? undefined, last4: card?.last4 ?? undefined, wallet: card?.wallet?.type }
}

const expanded = <T extends object>(field: string | T | null | undefined): T | undefined => typeof field === 'object' && field !== null ? field : undefined

/** The id of a field that Stripe may give expanded. */
export function idOf (field: string | { id: string } | null | undefined): string | undefined {
  return typeof field === 'string' ? field : field?.id
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
  if (!refundStatuses.has(refund.status)) throw new ProviderError({ code: 'unknown', reached: 'unknown', providerCode: String(refund.status) })
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

export function modeOf (livemode: boolean): Mode {
  return livemode ? 'live' : 'test'
}

export function dateOf (seconds: number | null | undefined): Date | undefined {
  return typeof seconds === 'number' ? new Date(seconds * 1000) : undefined
}

function iso (seconds: number | null | undefined): string | undefined {
  return dateOf(seconds)?.toISOString()
}
