import { errorOfStatus, type HttpResponse, type PaymentProblem, ProviderError, type ProviderProblem, retryAfterMs } from '../../core/adapter/index.ts'
import type { Transaction } from './objects.ts'

/**
 * Wompi's own words in our vocabulary: types of its errors, and `processor_response_code` of a card, which is the network's response
 * code (ISO 8583, field 39) and which Wompi advises to read. Source: facts section 7.3, docs.wompi.co (payment methods), read 2026-11-21.
 */
export const errors = {
  NOT_FOUND_ERROR: 'not_found',
  INVALID_ACCESS_TOKEN: 'invalid_credentials',
  INPUT_VALIDATION_ERROR: 'invalid_request',
  UNPROCESSABLE: 'invalid_state',
  'reference:used': 'duplicate',
  'amount_in_cents:invalid': 'amount_invalid',
  '05': 'card_declined',
  '04': 'fraud_suspected',
  '07': 'fraud_suspected',
  12: 'unsupported',
  13: 'amount_invalid',
  14: 'invalid_card',
  15: 'invalid_card',
  33: 'expired_card',
  34: 'fraud_suspected',
  41: 'fraud_suspected',
  43: 'fraud_suspected',
  51: 'insufficient_funds',
  54: 'expired_card',
  57: 'unsupported',
  58: 'unsupported',
  59: 'fraud_suspected',
  61: 'limit_exceeded',
  62: 'card_declined',
  65: 'limit_exceeded',
  82: 'incorrect_cvc',
  91: 'provider_unavailable',
  96: 'provider_unavailable',
  N7: 'incorrect_cvc'
} as const satisfies Record<string, ProviderProblem>

const known: Record<string, ProviderProblem | undefined> = errors

/** `status_message` is free text, in Spanish: the first that fits. What fits none is a decline. */
const sentences: readonly [RegExp, ProviderProblem][] = [
  [/fondos? insuficiente|saldo insuficiente|sin saldo|insufficient/, 'insufficient_funds'],
  [/(tarjeta|fecha).{0,20}(vencid|expirad|caducad)|vencimiento/, 'expired_card'],
  [/cvc|cvv|codigo de (seguridad|verificacion)/, 'incorrect_cvc'],
  [/3ds|3-d|autenticacion|authentication|otp/, 'authentication_failed'],
  [/fraude|antifraude|robad|perdid|lista (negra|restrictiva)|sospech/, 'fraud_suspected'],
  [/(excede|supera|sobrepasa|limite|tope|cupo)/, 'limit_exceeded'],
  [/(tarjeta|numero|cuenta).{0,20}(invalid|no existe|incorrect)/, 'invalid_card'],
  [/no (soportad|permitid|habilitad|admitid)/, 'unsupported'],
  [/expir|venci|tiempo agotado|no se recibio el pago/, 'expired'],
  [/duplicad/, 'duplicate'],
  [/(no disponible|comunicacion|tiempo de espera|time ?out|error (tecnico|interno))/, 'provider_unavailable']
]

/** What a sentence of Wompi's says; `fallback` where nobody ever wrote it down. */
export function problemOfSentence (text: string | null | undefined, fallback: ProviderProblem): ProviderProblem {
  const plain = (text ?? '').normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
  return sentences.find(([pattern]) => pattern.test(plain))?.[1] ?? fallback
}

/** Why a transaction was not approved. An ERROR is one that nobody decided: outside of Wompi something broke. */
export function failureOf (transaction: Transaction): PaymentProblem {
  const { status, status_message: message, payment_method: method } = transaction
  const code = method?.extra?.processor_response_code
  const told = code === undefined ? undefined : known[code]
  return {
    code: told ?? problemOfSentence(message, status === 'ERROR' ? 'provider_unavailable' : 'card_declined'),
    providerCode: code ?? status,
    ...(typeof message === 'string' && message !== '' && { message })
  }
}

interface ErrorBody {
  type?: string
  reason?: string
  messages?: Record<string, string[] | string>
}

/** Wompi's names of fields, in ours. */
const fields: Record<string, string> = {
  amount_in_cents: 'amount', currency: 'currency', customer_email: 'customer.email', payment_method: 'method', token: 'method.token', redirect_url: 'return_url', expires_at: 'expires_at', expiration_time: 'expires_at'
}

/**
 * What an answer of 400 and above says. 5xx and 408 may have acted; 429 did nothing; the rest refused. Source: facts section 7.3.
 */
export function refusalOf (response: HttpResponse, now: Date): ProviderError {
  const { status } = response
  const body = bodyOf(response)
  if (status === 408 || status >= 500) return new ProviderError({ code: 'timeout_unknown', reached: 'unknown', httpStatus: status, ...(body?.type !== undefined && { providerCode: body.type }) })
  if (status === 429) return new ProviderError({ code: 'rate_limited', reached: 'nowhere', httpStatus: status, retryAfterMs: retryAfterMs(response.headers, now) })
  if (body === undefined) return errorOfStatus(response, now) as ProviderError
  const [field, said] = Object.entries(body.messages ?? {})[0] ?? []
  const sentence = body.reason ?? (said === undefined ? undefined : `${field}: ${[said].flat().join(', ')}`)
  const told = { httpStatus: status, reached: 'answered' as const, providerMessage: sentence, param: field === undefined ? undefined : fields[field] ?? field }
  if (status === 422 && isUsedReference(body)) return new ProviderError({ ...told, code: 'duplicate', providerCode: 'reference:used' })
  if (status === 422 && field === 'amount_in_cents') return new ProviderError({ ...told, code: 'amount_invalid', providerCode: 'amount_in_cents:invalid' })
  const byStatus: Record<number, ProviderProblem> = { 401: 'invalid_credentials', 403: 'permission_denied', 404: 'not_found', 409: 'conflict' }
  return new ProviderError({ ...told, code: byStatus[status] ?? known[body.type ?? ''] ?? 'invalid_request', providerCode: body.type })
}

/** "La referencia ya ha sido usada": Wompi's way of knowing a repetition. */
function isUsedReference ({ messages }: ErrorBody): boolean {
  return [messages?.reference ?? []].flat().some(sentence => /ya ha sido usad|usada|utilizad|exist/i.test(sentence))
}

function bodyOf (response: HttpResponse): ErrorBody | undefined {
  try {
    const body = JSON.parse(new TextDecoder().decode(response.body)) as { error?: ErrorBody } | null
    return typeof body?.error === 'object' && body.error !== null ? body.error : undefined
  } catch {
    return undefined
  }
}
