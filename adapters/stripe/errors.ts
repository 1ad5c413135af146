import { errorOfStatus, type HttpResponse, type PaymentProblem, ProviderError, type ProviderProblem, retryAfterMs } from '../../core/adapter/index.ts'
import type Stripe from 'stripe'

/**
 * Stripe's error codes and decline codes in our vocabulary.
 * Sources: https://docs.stripe.com/error-codes and https://docs.stripe.com/declines/codes, read 2026-11-20.
 */
export const errors = {
  // Declines by the issuer (decline_code).
  insufficient_funds: 'insufficient_funds',
  expired_card: 'expired_card',
  incorrect_cvc: 'incorrect_cvc',
  invalid_cvc: 'incorrect_cvc',
  incorrect_number: 'invalid_card',
  invalid_number: 'invalid_card',
  invalid_account: 'invalid_card',
  invalid_expiry_month: 'invalid_card',
  invalid_expiry_year: 'invalid_card',
  authentication_required: 'authentication_required',
  authentication_not_handled: 'authentication_required',
  mobile_device_authentication_required: 'authentication_required',
  lost_card: 'fraud_suspected',
  stolen_card: 'fraud_suspected',
  pickup_card: 'fraud_suspected',
  fraudulent: 'fraud_suspected',
  merchant_blacklist: 'fraud_suspected',
  security_violation: 'fraud_suspected',
  duplicate_transaction: 'duplicate',
  processing_error: 'provider_unavailable',
  issuer_not_available: 'provider_unavailable',
  try_again_later: 'provider_unavailable',
  reenter_transaction: 'provider_unavailable',
  currency_not_supported: 'unsupported',
  card_not_supported: 'unsupported',
  withdrawal_count_limit_exceeded: 'limit_exceeded',
  card_velocity_exceeded: 'limit_exceeded',
  pin_try_exceeded: 'limit_exceeded',
  invalid_amount: 'amount_invalid',
  approve_with_id: 'card_declined',
  call_issuer: 'card_declined',
  do_not_honor: 'card_declined',
  do_not_try_again: 'card_declined',
  generic_decline: 'card_declined',
  incorrect_address: 'card_declined',
  incorrect_pin: 'card_declined',
  incorrect_zip: 'card_declined',
  invalid_pin: 'card_declined',
  live_mode_test_card: 'card_declined',
  new_account_information_available: 'card_declined',
  no_action_taken: 'card_declined',
  not_permitted: 'card_declined',
  offline_pin_required: 'card_declined',
  online_or_offline_pin_required: 'card_declined',
  restricted_card: 'card_declined',
  revocation_of_all_authorizations: 'card_declined',
  revocation_of_authorization: 'card_declined',
  service_not_allowed: 'card_declined',
  stop_payment_order: 'card_declined',
  testmode_decline: 'card_declined',
  transaction_not_allowed: 'card_declined',
  // Errors (code).
  card_declined: 'card_declined',
  payment_method_provider_decline: 'card_declined',
  payment_intent_authentication_failure: 'authentication_failed',
  setup_intent_authentication_failure: 'authentication_failed',
  three_d_secure_authentication_not_supported: 'authentication_failed',
  payment_intent_action_required: 'authentication_required',
  invoice_payment_intent_requires_action: 'authentication_required',
  payment_intent_payment_attempt_expired: 'expired',
  setup_intent_setup_attempt_expired: 'expired',
  payment_intent_payment_attempt_failed: 'card_declined',
  setup_attempt_failed: 'card_declined',
  payment_method_customer_decline: 'card_declined',
  refer_to_customer: 'card_declined',
  highest_risk_level: 'fraud_suspected',
  expired_payment_method: 'expired_card',
  charge_expired_for_capture: 'expired',
  token_already_used: 'invalid_card',
  payment_method_unexpected_state: 'invalid_card',
  amount_too_small: 'amount_invalid',
  amount_too_large: 'amount_invalid',
  invalid_charge_amount: 'amount_invalid',
  parameter_invalid_integer: 'amount_invalid',
  charge_exceeds_source_limit: 'limit_exceeded',
  charge_exceeds_transaction_limit: 'limit_exceeded',
  charge_exceeds_weekly_limit: 'limit_exceeded',
  charge_already_refunded: 'already_refunded',
  charge_already_captured: 'invalid_state',
  charge_disputed: 'invalid_state',
  refund_disputed_payment: 'invalid_state',
  payment_intent_unexpected_state: 'invalid_state',
  setup_intent_unexpected_state: 'invalid_state',
  status_transition_invalid: 'invalid_state',
  invoice_not_editable: 'invalid_state',
  charge_not_refundable: 'unsupported',
  payment_method_unsupported_type: 'unsupported',
  payment_method_currency_mismatch: 'unsupported',
  payment_method_restricted: 'unsupported',
  capability_not_active: 'unsupported',
  customer_max_payment_methods: 'limit_exceeded',
  customer_max_subscriptions: 'limit_exceeded',
  card_decline_rate_limit_exceeded: 'limit_exceeded',
  amount_details_amount_mismatch: 'amount_invalid',
  amount_details_tax_shipping_discount_greater_than_amount: 'amount_invalid',
  resource_already_exists: 'duplicate',
  intent_invalid_state: 'invalid_state',
  payment_intent_incompatible_payment_method: 'unsupported',
  payment_method_unactivated: 'unsupported',
  payment_method_not_available: 'provider_unavailable',
  payment_method_provider_timeout: 'provider_unavailable',
  capture_unauthorized_payment: 'invalid_state',
  country_unsupported: 'unsupported',
  balance_insufficient: 'merchant_balance_insufficient',
  resource_missing: 'not_found',
  idempotency_key_in_use: 'conflict',
  lock_timeout: 'rate_limited',
  rate_limit: 'rate_limited',
  api_key_expired: 'invalid_credentials',
  platform_api_key_expired: 'invalid_credentials',
  secret_key_required: 'permission_denied',
  livemode_mismatch: 'invalid_credentials',
  account_invalid: 'permission_denied',
  more_permissions_required: 'permission_denied',
  testmode_charges_only: 'permission_denied',
  url_invalid: 'invalid_request'
} as const satisfies Record<string, ProviderProblem>

const known: Record<string, ProviderProblem | undefined> = errors

/** The `error` object of an answer. */
export interface StripeErrorBody {
  type?: string
  code?: string
  decline_code?: string
  message?: string
  param?: string
  payment_intent?: Stripe.PaymentIntent
  setup_intent?: Stripe.SetupIntent
}

/** Stripe refused or failed, in its own words. */
export class StripeRefusal extends ProviderError {
  /** A decline brings the payment intent as it stands after it. */
  readonly declined: Stripe.PaymentIntent | undefined
  /** The same, of a card that was to be kept. */
  readonly declinedSetup: Stripe.SetupIntent | undefined
  /** The stored answer of an earlier request with the same key: that one is over. */
  readonly replayed: boolean

  constructor (options: ConstructorParameters<typeof ProviderError>[0], { declined, declinedSetup, replayed = false }: { declined?: Stripe.PaymentIntent, declinedSetup?: Stripe.SetupIntent, replayed?: boolean } = {}) {
    super(options)
    this.declined = declined
    this.declinedSetup = declinedSetup
    this.replayed = replayed
  }
}

/** `card_declined` says nothing by itself: then the issuer's decline code speaks. */
export function problemOf (error: Pick<StripeErrorBody, 'type' | 'code' | 'decline_code' | 'message'>, fallback: ProviderProblem = 'card_declined'): PaymentProblem {
  const { code, decline_code: decline } = error
  const byDecline = decline === undefined ? undefined : known[decline]
  const byCode = code === undefined ? undefined : known[code]
  return {
    code: (code === 'card_declined' ? byDecline ?? byCode : byCode ?? byDecline) ?? fallback,
    providerCode: (code === 'card_declined' ? decline : code) ?? code ?? decline ?? error.type,
    message: error.message
  }
}

/**
 * What an answer of 400 and above says. 5xx, 424 (a third party failed Stripe) and 408 may have acted. So may the twin of a
 * 409 `idempotency_key_in_use`: the first request with that key is still at work.
 * Source: https://docs.stripe.com/error-low-level, read 2026-11-20.
 */
export function refusalOf (response: HttpResponse, now: Date): ProviderError {
  const { status } = response
  const error = errorBodyOf(response)
  const mayHaveActed = status >= 500 || status === 408 || status === 424
  if (error === undefined && !mayHaveActed) return errorOfStatus(response, now) as ProviderError
  const { code, message, param } = error ?? {}
  const told = { providerCode: error?.decline_code ?? code ?? error?.type, providerMessage: message, param, httpStatus: status }
  if (mayHaveActed) return new StripeRefusal({ ...told, code: 'timeout_unknown', reached: 'unknown' }, { replayed: response.headers['idempotent-replayed'] === 'true' })
  if (status === 429 || code === 'rate_limit' || code === 'lock_timeout') {
    return new StripeRefusal({ ...told, code: 'rate_limited', reached: 'nowhere', retryAfterMs: retryAfterMs(response.headers, now) })
  }
  if (code === 'idempotency_key_in_use') return new StripeRefusal({ ...told, code: 'conflict', reached: 'unknown' })
  if (error?.type === 'idempotency_error') return new StripeRefusal({ ...told, code: 'idempotency_conflict', reached: 'answered' })
  const { payment_intent: declined, setup_intent: declinedSetup } = error?.type === 'card_error' ? error : {}
  const problem = problemOf(error ?? {}, error?.type === 'card_error' ? 'card_declined' : codeOfStatus[status] ?? 'invalid_request')
  return new StripeRefusal({ ...told, providerCode: problem.providerCode, code: problem.code, reached: 'answered' }, { declined, declinedSetup })
}

const codeOfStatus: Record<number, ProviderProblem> = { 401: 'invalid_credentials', 402: 'card_declined', 403: 'permission_denied', 404: 'not_found', 409: 'conflict' }

function errorBodyOf (response: HttpResponse): StripeErrorBody | undefined {
  try {
    const { error } = JSON.parse(new TextDecoder().decode(response.body)) as { error?: StripeErrorBody }
    return typeof error === 'object' && error !== null ? error : undefined
  } catch {
    return undefined
  }
}
