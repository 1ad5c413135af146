import { errorOfStatus, type HttpResponse, type PaymentProblem, ProviderError, type ProviderProblem, retryAfterMs } from '../../core/adapter/index.ts'
import type { Order } from './objects.ts'

/**
 * The last words of Conekta's codes (`conekta.errors.processing.bank.insufficient_funds`) and of a charge's `failure_code`, in our
 * vocabulary. Conekta publishes no list: seen in its OpenAPI document (2.3.0), in its own checkout's table
 * (github.com/conekta, `ERRORS_TO_SHOW`) and in integrations; read 2026-11-21. What is not here follows the error's type.
 */
export const errors = {
  // Declines.
  declined: 'card_declined',
  card_declined: 'card_declined',
  restricted_card: 'card_declined',
  call_bank: 'card_declined',
  call_issuer: 'card_declined',
  do_not_honor: 'card_declined',
  general_error: 'card_declined',
  format_error: 'card_declined',
  invalid_merchant: 'card_declined',
  transaction_not_allowed: 'card_declined',
  insufficient_funds: 'insufficient_funds',
  expired_card: 'expired_card',
  expired: 'expired_card',
  invalid_expiration_date: 'expired_card',
  invalid_card_security_code: 'incorrect_cvc',
  invalid_cvc: 'incorrect_cvc',
  cvc: 'incorrect_cvc',
  expired_cvv_dynamic: 'incorrect_cvc',
  invalid_number: 'invalid_card',
  invalid_card: 'invalid_card',
  number: 'invalid_card',
  incorrect_number: 'invalid_card',
  declined_by_3ds: 'authentication_failed',
  failed_3ds: 'authentication_failed',
  authentication_required: 'authentication_required',
  suspicious_behaviour: 'fraud_suspected',
  suspected_fraud: 'fraud_suspected',
  stolen_card: 'fraud_suspected',
  lost_card: 'fraud_suspected',
  pick_up_card: 'fraud_suspected',
  rejected_by_risk: 'fraud_suspected',
  blocked_payment_source: 'fraud_suspected',
  amount_over_limit: 'limit_exceeded',
  attempts_over_limit: 'limit_exceeded',
  risk_validation_amount_reaching: 'limit_exceeded',
  timeout: 'provider_unavailable',
  communication_error: 'provider_unavailable',
  duplicated_transaction: 'duplicate',
  // What this card or account does not do.
  card_not_supported: 'unsupported',
  international_card_not_allowed: 'unsupported',
  forbidden_card_for_company: 'unsupported',
  monthly_installments_not_supported_for_international_cards: 'unsupported',
  monthly_installments_not_supported_for_debit: 'unsupported',
  disabled_msi_company: 'unsupported',
  mcc_forbidden: 'unsupported',
  credit_forbidden_mcc: 'unsupported',
  disabled: 'unsupported',
  currency_not_supported: 'unsupported',
  // Amounts.
  maximum: 'amount_invalid',
  minimum: 'amount_invalid',
  amount_invalid: 'amount_invalid',
  amount_exceeded: 'amount_invalid',
  // Tokens and modes.
  nonexistent_token: 'invalid_request',
  used: 'invalid_request',
  incorrect_livemode_of_token: 'invalid_request',
  // States.
  is_not_returnable: 'invalid_state',
  already_refunded: 'already_refunded',
  cannot_be_updated_because_has_charge: 'invalid_state',
  cannot_be_updated_because_has_charge_paid: 'invalid_state',
  id_collission: 'duplicate',
  found: 'duplicate',
  order_expired: 'expired',
  insufficient_balance: 'merchant_balance_insufficient',
  missing_key: 'invalid_credentials',
  invalid_key: 'invalid_credentials',
  entity: 'not_found',
  // Of Conekta itself.
  general_failure: 'timeout_unknown'
} as const satisfies Record<string, ProviderProblem>

const known: Record<string, ProviderProblem | undefined> = errors

interface ErrorBody {
  type?: string
  details?: { code?: string, param?: string | null, message?: string, debug_message?: string }[]
  /** With a 402: the order as it stands after the decline. */
  data?: { object?: string }
}

/** Conekta refused, in its own words. */
export class ConektaRefusal extends ProviderError {
  /** A declined card leaves an order behind; it comes with the refusal. */
  readonly order: Order | undefined
  /** HTTP 402: the bank or Conekta's own judgement, not the request. */
  readonly declined: boolean

  constructor (options: ConstructorParameters<typeof ProviderError>[0], { order, declined = false }: { order?: Order, declined?: boolean } = {}) {
    super(options)
    this.order = order
    this.declined = declined
  }
}

/** What a code says, by its last word; `fallback` where nobody ever wrote that word down. */
export function problemOf (code: string | undefined, fallback: ProviderProblem): ProviderProblem {
  return known[code?.split('.').at(-1) ?? ''] ?? fallback
}

/** Why a charge failed, as Conekta keeps it with the charge. */
export function failureOf ({ failure_code: code, failure_message: message }: { failure_code?: string | null, failure_message?: string | null }): PaymentProblem {
  return { code: problemOf(code ?? undefined, 'card_declined'), providerCode: code ?? 'declined', ...(typeof message === 'string' && { message }) }
}

const codeOfStatus: Record<number, ProviderProblem> = { 401: 'invalid_credentials', 402: 'card_declined', 403: 'permission_denied', 404: 'not_found', 409: 'conflict', 428: 'invalid_state' }

/**
 * What an answer of 400 and above says. 5xx, 408 and 424 may have acted; 429 did nothing; the rest refused.
 * Source: OpenAPI 2.3.0, schema `error`, and facts section 2.4, read 2026-11-21.
 */
export function refusalOf (response: HttpResponse, now: Date): ProviderError {
  const { status } = response
  const body = bodyOf(response)
  if (body === undefined && status !== 408 && status !== 424) return errorOfStatus(response, now) as ProviderError
  // What a person has to mend comes first, whatever else is told beside it.
  const detail = body?.details?.[0]
  const told = { providerCode: detail?.code ?? body?.type, providerMessage: detail?.message ?? detail?.debug_message, param: detail?.param ?? undefined, httpStatus: status }
  if (status >= 500 || status === 408 || status === 424) return new ConektaRefusal({ ...told, code: 'timeout_unknown', reached: 'unknown' })
  if (status === 429) return new ConektaRefusal({ ...told, code: 'rate_limited', reached: 'nowhere', retryAfterMs: retryAfterMs(response.headers, now) })
  const code = status === 401 ? 'invalid_credentials' : problemOf(detail?.code, codeOfStatus[status] ?? 'invalid_request')
  const order = body?.data?.object === 'order' ? body.data as Order : undefined
  return new ConektaRefusal({ ...told, code: code === 'timeout_unknown' ? 'invalid_request' : code, reached: 'answered' }, { declined: status === 402, ...(order !== undefined && { order }) })
}

function bodyOf (response: HttpResponse): ErrorBody | undefined {
  try {
    const body = JSON.parse(new TextDecoder().decode(response.body)) as ErrorBody | null
    return typeof body === 'object' && body !== null && Array.isArray(body.details) ? body : undefined
  } catch {
    return undefined
  }
}
