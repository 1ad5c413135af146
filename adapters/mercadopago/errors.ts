import { errorOfStatus, type HttpResponse, type PaymentProblem, ProviderError, type ProviderProblem, retryAfterMs } from '../../core/adapter/index.ts'

/**
 * `status_detail` of a payment, in our vocabulary. Source: facts section 3.6; a challenge that the payer failed is
 * `cc_rejected_3ds_challenge` in the page on 3-D Secure of the documentation; read 2026-11-21.
 */
const details = {
  cc_rejected_insufficient_amount: 'insufficient_funds',
  cc_rejected_bad_filled_security_code: 'incorrect_cvc',
  cc_rejected_bad_filled_date: 'expired_card',
  cc_rejected_card_expired: 'expired_card',
  cc_rejected_bad_filled_card_number: 'invalid_card',
  cc_rejected_bad_filled_other: 'invalid_card',
  cc_rejected_card_type_not_allowed: 'unsupported',
  cc_rejected_call_for_authorize: 'authentication_required',
  cc_rejected_card_disabled: 'card_declined',
  cc_rejected_card_error: 'card_declined',
  cc_rejected_other_reason: 'card_declined',
  cc_rejected_max_attempts: 'card_declined',
  cc_rejected_duplicated_payment: 'duplicate',
  cc_rejected_high_risk: 'fraud_suspected',
  rejected_high_risk: 'fraud_suspected',
  cc_rejected_blacklist: 'fraud_suspected',
  cc_rejected_3ds_challenge: 'authentication_failed',
  cc_rejected_3ds_mandatory: 'authentication_required',
  pending_challenge: 'authentication_required',
  cc_rejected_invalid_installments: 'invalid_request',
  cc_amount_rate_limit_exceeded: 'limit_exceeded',
  rejected_cap_exceeded: 'limit_exceeded',
  rejected_by_bank: 'card_declined',
  rejected_insufficient_data: 'invalid_request',
  rejected_by_regulations: 'unsupported',
  bank_error: 'provider_unavailable',
  expired: 'expired'
} as const satisfies Record<string, ProviderProblem>

/** `cause[].code` of a refusal. Source: the error tables of the API reference (payments, card tokens, customers), read 2026-11-21. */
const causes = {
  101: 'duplicate',
  104: 'invalid_request',
  106: 'permission_denied',
  145: 'duplicate',
  2000: 'not_found',
  2001: 'duplicate',
  2002: 'not_found',
  2006: 'invalid_request',
  2024: 'unsupported',
  2032: 'amount_invalid',
  2034: 'permission_denied',
  2063: 'invalid_state',
  2131: 'invalid_request',
  3000: 'invalid_request',
  3003: 'invalid_request',
  3005: 'invalid_state',
  3006: 'invalid_request',
  3008: 'invalid_request',
  3011: 'unsupported',
  3012: 'incorrect_cvc',
  3013: 'incorrect_cvc',
  3015: 'invalid_card',
  3016: 'invalid_card',
  3024: 'unsupported',
  3027: 'unsupported',
  3028: 'unsupported',
  3029: 'expired_card',
  3030: 'expired_card',
  3034: 'invalid_card',
  4003: 'amount_invalid',
  4024: 'amount_invalid',
  4033: 'invalid_request',
  4037: 'amount_invalid',
  4038: 'amount_invalid',
  4050: 'invalid_request',
  E301: 'invalid_card',
  E302: 'incorrect_cvc'
} as const satisfies Record<string, ProviderProblem>

export const errors: Record<string, ProviderProblem> = { ...details, ...causes }

/** Why a payment was not made. An unknown word is a decline all the same, and is kept. */
export function failureOf ({ status, status_detail: detail }: { status?: string, status_detail?: string | null }): PaymentProblem {
  const word = detail ?? status ?? 'rejected'
  return { code: errors[word] ?? 'card_declined', providerCode: word }
}

interface ErrorBody {
  message?: string
  error?: string
  status?: number
  code?: string
  cause?: { code?: number | string, description?: string, data?: string | null }[] | { code?: number | string, description?: string } | null
}

const codeOfStatus: Record<number, ProviderProblem> = { 401: 'invalid_credentials', 402: 'card_declined', 403: 'permission_denied', 404: 'not_found', 409: 'idempotency_conflict' }

/**
 * What an answer of 400 and above says. 5xx, 408 and 424 may have acted, 423 is busy with the same object, 429 did nothing; the rest
 * refused. Source: OpenAPI document, schema Error, and facts section 3.6; read 2026-11-21.
 */
export function refusalOf (response: HttpResponse, now: Date): ProviderError {
  const { status } = response
  const body = bodyOf(response)
  if (body === undefined && ![408, 423, 424].includes(status)) return errorOfStatus(response, now) as ProviderError
  const causes = Array.isArray(body?.cause) ? body.cause : body?.cause ? [body.cause] : []
  const cause = causes.find(({ code }) => code !== undefined && String(code) in errors) ?? causes[0]
  const said = cause?.code ?? body?.code ?? body?.error
  const told = { ...(said !== undefined && { providerCode: String(said) }), ...((cause?.description ?? body?.message) !== undefined && { providerMessage: String(cause?.description ?? body?.message) }), httpStatus: status }
  if (status >= 500 || status === 408 || status === 424) return new ProviderError({ ...told, code: 'timeout_unknown', reached: 'unknown' })
  if (status === 423) return new ProviderError({ ...told, code: 'conflict', reached: 'unknown' })
  const retryMs = retryAfterMs(response.headers, now)
  if (status === 429) return new ProviderError({ ...told, code: 'rate_limited', reached: 'nowhere', ...(retryMs !== undefined && { retryAfterMs: retryMs }) })
  const code = status === 401 ? 'invalid_credentials' : errors[String(cause?.code)] ?? codeOfStatus[status] ?? 'invalid_request'
  return new ProviderError({ ...told, code, reached: 'answered' })
}

function bodyOf (response: HttpResponse): ErrorBody | undefined {
  try {
    const body = JSON.parse(new TextDecoder().decode(response.body)) as ErrorBody | null
    return typeof body === 'object' && body !== null && ('message' in body || 'error' in body || 'cause' in body) ? body : undefined
  } catch {
    return undefined
  }
}
