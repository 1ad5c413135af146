import { errorOfStatus, type HttpResponse, ProviderError, type ProviderErrorOptions, type ProviderProblem, retryAfterMs } from '../../core/adapter/index.ts'

/** Kushki's codes in our vocabulary. Source: facts section 6.4, read 2026-11-21. */
export const errors = {
  '006': 'timeout_unknown',
  '017': 'card_declined',
  '019': 'unsupported',
  '021': 'insufficient_funds',
  '022': 'incorrect_cvc',
  '023': 'card_declined',
  201: 'permission_denied',
  205: 'unsupported',
  220: 'amount_invalid',
  228: 'provider_unavailable',
  322: 'fraud_suspected',
  577: 'invalid_request',
  K001: 'invalid_request',
  K003: 'provider_unavailable',
  K004: 'invalid_credentials',
  K006: 'not_found',
  K010: 'not_found',
  K012: 'amount_invalid',
  K026: 'permission_denied',
  C001: 'invalid_request',
  C002: 'invalid_request',
  C003: 'invalid_request',
  C004: 'invalid_request',
  CAS004: 'invalid_state'
} as const satisfies Record<string, ProviderProblem>

const known: Record<string, ProviderProblem | undefined> = errors

/** Given up in the middle, by the payer or by the processor: nobody says whether money moved. */
const undecided = new Set(['006', 'K003'])

/** A card that Kushki knows no code of its own for, read from the sentence. The codes of the facts go before. */
const sentences: readonly [RegExp, ProviderProblem][] = [
  [/vencid|expirad|caducad|expired/, 'expired_card'],
  [/limite|cupo|excede|limit/, 'limit_exceeded'],
  [/autenticac|3ds|3d secure|otp|authentication/, 'authentication_failed'],
  [/(numero|tarjeta).{0,20}(incorrect|no existe)/, 'invalid_card']
]

/** Why a transaction was declined: the code, or what is left of it in a sentence. */
export function problemOf (code: string | undefined, message: string | undefined): ProviderProblem {
  const told = known[code ?? '']
  if (told !== undefined) return told
  const plain = (message ?? '').normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
  return sentences.find(([pattern]) => pattern.test(plain))?.[1] ?? 'card_declined'
}

/** A refusal that still made a transaction keeps its ticket. */
export class KushkiRefusal extends ProviderError {
  readonly ticketNumber: string | undefined

  constructor (options: ProviderErrorOptions, ticketNumber: string | undefined) {
    super(options)
    this.ticketNumber = ticketNumber
  }
}

interface ErrorBody {
  code?: unknown
  message?: unknown
  Message?: unknown
  ticketNumber?: unknown
  details?: unknown
}

/** What an answer of 400 and above says. The gateway before Kushki (AWS) has sentences of its own. Source: facts sections 6.1 and 6.4. */
export function refusalOf (response: HttpResponse, now: Date): ProviderError {
  const { status } = response
  const body = bodyOf(response)
  const sentence = textOf(body?.message) ?? textOf(body?.Message)
  const code = typeof body?.code === 'number' ? String(body.code) : textOf(body?.code)
  const told = { httpStatus: status, ...(code !== undefined && { providerCode: code }), ...(sentence !== undefined && { providerMessage: sentence }) }
  if (status === 429) return new ProviderError({ ...told, code: 'rate_limited', reached: 'nowhere', retryAfterMs: retryAfterMs(response.headers, now) })
  if (status === 408 || status >= 500) return new ProviderError({ ...told, code: 'timeout_unknown', reached: 'unknown' })
  if (code !== undefined && undecided.has(code)) return new ProviderError({ ...told, code: known[code]!, reached: 'unknown' })
  // Of 201 and the like the account is told, not a card.
  if (status === 401 || (status === 403 && /identity-based policy|not authorized/i.test(sentence ?? ''))) return new ProviderError({ ...told, code: 'invalid_credentials', reached: 'answered' })
  if (status === 403 && /missing authentication token/i.test(sentence ?? '')) return new ProviderError({ ...told, code: 'unsupported', reached: 'answered' })
  if (body === undefined || code === undefined) return errorOfStatus(response, now) as ProviderError
  const param = code === '577' ? 'method.token' : undefined
  return new KushkiRefusal({ ...told, code: known[code] ?? (status === 404 ? 'not_found' : 'invalid_request'), reached: 'answered', ...(param !== undefined && { param }) }, ticketOf(body))
}

function ticketOf ({ ticketNumber, details }: ErrorBody): string | undefined {
  return textOf(ticketNumber) ?? (typeof details === 'object' && details !== null ? textOf((details as ErrorBody).ticketNumber) : undefined)
}

const textOf = (value: unknown): string | undefined => typeof value === 'string' && value !== '' ? value : undefined

function bodyOf (response: HttpResponse): ErrorBody | undefined {
  try {
    const body: unknown = JSON.parse(new TextDecoder().decode(response.body))
    return typeof body === 'object' && body !== null && !Array.isArray(body) ? body as ErrorBody : undefined
  } catch {
    return undefined
  }
}
