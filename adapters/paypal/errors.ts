import { errorOfStatus, type HttpResponse, type PaymentProblem, ProviderError, type ProviderProblem, retryAfterMs } from '../../core/adapter/index.ts'

/**
 * PayPal's issues, names, capture reasons and processor codes in our vocabulary.
 * Source: facts section 5.5, OpenAPI documents of 2024-02 (orders, payments), api-evangelist's copy of the decline codes; read 2026-11-21.
 */
export const errors = {
  INSTRUMENT_DECLINED: 'card_declined', PAYMENT_SOURCE_DECLINED_BY_PROCESSOR: 'card_declined', TRANSACTION_REFUSED: 'card_declined', PAYER_CANNOT_PAY: 'card_declined',
  REDIRECT_PAYER_FOR_ALTERNATE_FUNDING: 'card_declined', ALIAS_DECLINED_BY_PROCESSOR: 'card_declined', DECLINED_DUE_TO_RELATED_TXN: 'card_declined', PAYER_ACCOUNT_RESTRICTED: 'card_declined', PAYER_ACCOUNT_LOCKED_OR_CLOSED: 'card_declined',
  CARD_EXPIRED: 'expired_card', REFERENCED_CARD_EXPIRED: 'expired_card',
  PAYER_ACTION_REQUIRED: 'authentication_required', ORDER_NOT_APPROVED: 'authentication_required', ORDER_IS_PENDING_APPROVAL: 'authentication_required', CONSENT_NEEDED: 'authentication_required',
  PAYMENT_DENIED: 'card_declined', SENDING_LIMIT_EXCEEDED: 'limit_exceeded', AUTHENTICATION_FAILED: 'authentication_failed',
  COMPLIANCE_VIOLATION: 'fraud_suspected', PAYEE_BLOCKED_TRANSACTION: 'fraud_suspected', TRANSACTION_BLOCKED_BY_PAYEE: 'fraud_suspected',
  TRANSACTION_LIMIT_EXCEEDED: 'limit_exceeded', TRANSACTION_RECEIVING_LIMIT_EXCEEDED: 'limit_exceeded', MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED: 'limit_exceeded',
  DUPLICATE_INVOICE_ID: 'duplicate', DUPLICATE_RESOURCE_IDENTIFIER: 'duplicate',
  ORDER_ALREADY_CAPTURED: 'invalid_state', ORDER_ALREADY_AUTHORIZED: 'invalid_state', ORDER_ALREADY_COMPLETED: 'invalid_state', ORDER_COMPLETED_OR_VOIDED: 'invalid_state', PREVIOUSLY_CAPTURED: 'invalid_state', PREVIOUSLY_VOIDED: 'invalid_state',
  AUTHORIZATION_VOIDED: 'invalid_state', AUTHORIZATION_ALREADY_CAPTURED: 'invalid_state', AUTHORIZATION_DENIED: 'invalid_state', CANNOT_BE_VOIDED: 'invalid_state', PENDING_CAPTURE: 'invalid_state', SUBSCRIPTION_STATUS_INVALID: 'invalid_state',
  REFUND_NOT_ALLOWED: 'invalid_state', TRANSACTION_DISPUTED: 'invalid_state', REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK: 'invalid_state', CAPTURE_STATUS_NOT_VALID: 'invalid_state', MAX_CAPTURE_COUNT_EXCEEDED: 'invalid_state', TOKEN_ALREADY_USED: 'invalid_state',
  CAPTURE_FULLY_REFUNDED: 'already_refunded',
  REFUND_AMOUNT_EXCEEDED: 'amount_invalid', REFUND_AMOUNT_TOO_LOW: 'amount_invalid', AMOUNT_MISMATCH: 'amount_invalid', ITEM_TOTAL_MISMATCH: 'amount_invalid', DECIMAL_PRECISION: 'amount_invalid', DECIMALS_NOT_SUPPORTED: 'amount_invalid',
  MAX_CAPTURE_AMOUNT_EXCEEDED: 'amount_invalid', AUTHORIZATION_AMOUNT_EXCEEDED: 'amount_invalid', MAX_VALUE_EXCEEDED: 'amount_invalid', CANNOT_BE_ZERO_OR_NEGATIVE: 'amount_invalid', CANNOT_BE_NEGATIVE: 'amount_invalid',
  PARTIAL_REFUND_NOT_ALLOWED: 'unsupported', REFUND_TIME_LIMIT_EXCEEDED: 'unsupported', CURRENCY_NOT_SUPPORTED_FOR_COUNTRY: 'unsupported', CARD_BRAND_NOT_SUPPORTED: 'unsupported', CARD_TYPE_NOT_SUPPORTED: 'unsupported',
  PAYMENT_SOURCE_NOT_SUPPORTED: 'unsupported', PAYMENT_SOURCE_CANNOT_BE_USED: 'unsupported', CURRENCY_NOT_SUPPORTED_FOR_CARD_TYPE: 'unsupported', INVALID_CURRENCY_CODE: 'unsupported',
  AUTHORIZATION_EXPIRED: 'expired', ORDER_EXPIRED: 'expired', TOKEN_EXPIRED: 'expired',
  PREVIOUS_REQUEST_IN_PROGRESS: 'conflict', ORDER_COMPLETION_IN_PROGRESS: 'conflict', RESOURCE_CONFLICT: 'conflict',
  REFUND_FAILED_INSUFFICIENT_FUNDS: 'merchant_balance_insufficient',
  PERMISSION_DENIED: 'permission_denied', NOT_AUTHORIZED: 'permission_denied', NOT_ENABLED_FOR_CARD_PROCESSING: 'permission_denied', PAYEE_NOT_ENABLED_FOR_CARD_PROCESSING: 'permission_denied', NOT_ENABLED_TO_VAULT_PAYMENT_SOURCE: 'permission_denied',
  AUTHENTICATION_FAILURE: 'invalid_credentials', invalid_client: 'invalid_credentials', invalid_token: 'invalid_credentials',
  RESOURCE_NOT_FOUND: 'not_found', INVALID_RESOURCE_ID: 'not_found', TOKEN_ID_NOT_FOUND: 'not_found',
  RATE_LIMIT_REACHED: 'rate_limited', INTERNAL_SERVER_ERROR: 'timeout_unknown', INTERNAL_SERVICE_ERROR: 'timeout_unknown',
  // Of the processor, beside a capture that was declined.
  '0500': 'card_declined', 5100: 'card_declined', 5120: 'insufficient_funds', 5400: 'expired_card', 5110: 'incorrect_cvc', '00N7': 'incorrect_cvc', PCVV: 'incorrect_cvc', 5180: 'invalid_card', 1330: 'invalid_card',
  9500: 'fraud_suspected', 9520: 'fraud_suspected', 5200: 'limit_exceeded', 5150: 'authentication_required', PPRN: 'duplicate', PPEF: 'expired_card'
} as const satisfies Record<string, ProviderProblem>

const known: Record<string, ProviderProblem | undefined> = errors

interface ErrorBody {
  name?: string
  message?: string
  debug_id?: string
  details?: { issue?: string, description?: string, field?: string }[]
  links?: { href?: string, rel?: string }[]
  /** The token endpoint's own envelope. */
  error?: string
  error_description?: string
}

/** PayPal refused, in its own words. */
export class PaypalRefusal extends ProviderError {
  /** Where the payer may choose another way to pay. */
  readonly redirect: string | undefined

  constructor (options: ConstructorParameters<typeof ProviderError>[0], redirect?: string) {
    super(options)
    this.redirect = redirect
  }
}

export function problemOf (word: string | undefined, fallback: ProviderProblem): ProviderProblem {
  return known[word ?? ''] ?? fallback
}

/** Why money was not taken, as an object tells it. */
export function failureOf (word: string | undefined, fallback: ProviderProblem = 'card_declined'): PaymentProblem {
  return { code: problemOf(word, fallback), providerCode: word ?? 'DECLINED' }
}

const codeOfStatus: Record<number, ProviderProblem> = { 401: 'invalid_credentials', 403: 'permission_denied', 404: 'not_found', 409: 'conflict', 422: 'invalid_request' }

/** What an answer of 400 and above says. 5xx and 408 may have acted; 429 did nothing; the rest refused. */
export function refusalOf (response: HttpResponse, now: Date): ProviderError {
  const { status } = response
  const body = bodyOf(response)
  if (body === undefined) return errorOfStatus(response, now) as ProviderError
  const [detail] = body.details ?? []
  const word = detail?.issue ?? body.name ?? body.error
  const told = { providerCode: word, providerMessage: [detail?.description ?? body.message ?? body.error_description, body.debug_id && `debug_id ${body.debug_id}`].filter(Boolean).join(' · ') || undefined, param: detail?.field, httpStatus: status }
  if (status >= 500 || status === 408) return new PaypalRefusal({ ...told, code: 'timeout_unknown', reached: 'unknown' })
  if (status === 429) return new PaypalRefusal({ ...told, code: 'rate_limited', reached: 'nowhere', retryAfterMs: retryAfterMs(response.headers, now) })
  const code = status === 401 ? 'invalid_credentials' : status === 404 ? 'not_found' : problemOf(detail?.issue, problemOf(body.name, codeOfStatus[status] ?? 'invalid_request'))
  return new PaypalRefusal({ ...told, code: code === 'timeout_unknown' || code === 'rate_limited' ? 'invalid_request' : code, reached: 'answered' }, body.links?.find(({ rel }) => rel === 'redirect')?.href)
}

function bodyOf (response: HttpResponse): ErrorBody | undefined {
  try {
    const body = JSON.parse(new TextDecoder().decode(response.body)) as ErrorBody | null
    return typeof body === 'object' && body !== null && (typeof body.name === 'string' || typeof body.error === 'string') ? body : undefined
  } catch {
    return undefined
  }
}
