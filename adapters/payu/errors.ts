import { type PaymentProblem, ProviderError, type ProviderProblem } from '../../core/adapter/index.ts'

/** A transaction's `responseCode` in our vocabulary. Source: facts section 4.5, read 2026-11-21. */
export const errors = {
  INSUFFICIENT_FUNDS: 'insufficient_funds',
  EXPIRED_CARD: 'expired_card',
  INVALID_CARD: 'invalid_card',
  INVALID_EXPIRATION_DATE_OR_SECURITY_CODE: 'incorrect_cvc',
  // "Call the issuer": the payer must.
  CONTACT_THE_ENTITY: 'authentication_required',
  RESTRICTED_CARD: 'card_declined',
  ENTITY_DECLINED: 'card_declined',
  PAYMENT_NETWORK_REJECTED: 'card_declined',
  NOT_ACCEPTED_TRANSACTION: 'card_declined',
  INVALID_TRANSACTION: 'card_declined',
  CREDIT_CARD_NOT_AUTHORIZED_FOR_INTERNET_TRANSACTIONS: 'card_declined',
  ANTIFRAUD_REJECTED: 'fraud_suspected',
  BANK_FRAUD_REJECTED: 'fraud_suspected',
  EXCEEDED_AMOUNT: 'limit_exceeded',
  REPEAT_TRANSACTION: 'provider_unavailable',
  BANK_UNREACHABLE: 'provider_unavailable',
  ENTITY_MESSAGING_ERROR: 'provider_unavailable',
  PAYMENT_NETWORK_NO_CONNECTION: 'provider_unavailable',
  PAYMENT_NETWORK_NO_RESPONSE: 'provider_unavailable',
  PAYMENT_NETWORK_BAD_RESPONSE: 'provider_unavailable',
  INACTIVE_PAYMENT_PROVIDER: 'provider_unavailable',
  INTERNAL_PAYMENT_PROVIDER_ERROR: 'provider_unavailable',
  DIGITAL_CERTIFICATE_NOT_FOUND: 'provider_unavailable',
  ERROR: 'provider_unavailable',
  EXPIRED_TRANSACTION: 'expired'
} as const satisfies Record<string, ProviderProblem>

const known: Record<string, ProviderProblem | undefined> = errors

export const isKnownCode = (code: string | null | undefined): boolean => known[code ?? ''] !== undefined

/** Why a transaction failed, as PayU keeps it. */
export function failureOf ({ state, responseCode, responseMessage, paymentNetworkResponseErrorMessage: network }: { state?: string | null, responseCode?: string | null, responseMessage?: string | null, paymentNetworkResponseErrorMessage?: string | null }): PaymentProblem {
  const message = responseMessage ?? network
  return { code: known[responseCode ?? ''] ?? 'card_declined', providerCode: responseCode ?? state ?? 'DECLINED', ...(typeof message === 'string' && message !== '' && { message: message.slice(0, 300) }) }
}

/** `error` of an envelope is a sentence, in the language of the request; there is no list of them (QUIRKS.md). First match wins. */
const sentences: [RegExp, ProviderProblem][] = [
  // A signature that is wrong is a key, a merchant's number or an account of somebody else.
  [/credential|credencial|apikey|api key|apilogin|api login|authenticat|signature|firma/i, 'invalid_credentials'],
  [/not (?:allowed|permitted|authorized)|no (?:está )?autorizad|permission|permiso/i, 'permission_denied'],
  [/already been refunded|already refunded|ya fue reembolsad/i, 'already_refunded'],
  [/balance|saldo/i, 'merchant_balance_insufficient'],
  [/does not exist|not found|no existe|no encontrad/i, 'not_found'],
  [/duplicat|already (?:exists|been (?:paid|used))|ya (?:existe|fue pagad)/i, 'duplicate'],
  [/(?:amount|value|valor|monto)\b.*(?:invalid|exceed|greater|less|minimum|maximum|inválid|supera|mayor|menor|mínim|máxim)|(?:invalid|exceed)\w*.*(?:amount|value)/i, 'amount_invalid'],
  [/(?:status|state|estado)\b/i, 'invalid_state'],
  [/not supported|not available|unsupported|no soportad|no disponible|payment method/i, 'unsupported']
]

export function problemOfSentence (sentence: string): ProviderProblem {
  return sentences.find(([pattern]) => pattern.test(sentence))?.[1] ?? 'invalid_request'
}

/** Refused before anything left. `param` is the field of our own API. */
export function refusal (param: string, message: string, code: 'invalid_request' | 'unsupported' | 'amount_invalid' | 'limit_exceeded' = 'invalid_request'): ProviderError {
  return new ProviderError({ code, reached: 'nowhere', param, providerMessage: message })
}

/** A word that is not in the documentation that we read: nobody knows what it means. */
export function neverHeardOf (word: unknown): ProviderError {
  return new ProviderError({ code: 'unknown', reached: 'unknown', providerCode: String(word) })
}

export const notFound = (what: string): ProviderError => new ProviderError({ code: 'not_found', reached: 'answered', providerCode: what })
