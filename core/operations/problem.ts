import { Type } from 'typebox'
import type { PaymentProblem } from '../adapter/payments.ts'
import { problemText } from '../adapter/problem-text.ts'
import { type ProviderError, providerProblems, type RetryClass } from '../adapter/problems.ts'
import { HubError } from '../errors.ts'
import { Nullable, oneOf } from '../http-schema.ts'

/** A provider's problem as the API shows it. */
export const Problem = Type.Object({
  code: Type.String(),
  message: Type.String(),
  retry: oneOf(['never', 'after_user_action', 'same_key', 'after_lookup', 'backoff']),
  provider_code: Nullable(Type.String()),
  provider_message: Nullable(Type.String())
}, { title: 'ProviderProblem' })

/** What the payer does next, as the API shows it. */
export const NextAction = Type.Unsafe<Record<string, unknown>>({
  type: 'object',
  title: 'NextAction',
  required: ['type'],
  properties: { type: { type: 'string', enum: ['redirect', 'client_secret', 'voucher', 'bank_transfer', 'qr', 'wallet_push', 'sdk_challenge'] } },
  additionalProperties: true,
  description: 'What the payer does next; the fields follow `type`.'
})

export interface ShownProblem { code: string, message: string, retry: RetryClass, provider_code: string | null, provider_message: string | null }

export function showProblem (problem: PaymentProblem | null, language: 'es' | 'en'): ShownProblem | null {
  if (problem === null) return null
  return {
    code: problem.code,
    message: problemText[problem.code][language],
    retry: providerProblems[problem.code],
    provider_code: problem.providerCode ?? null,
    provider_message: problem.message ?? null
  }
}

/** What is kept of a provider's error. */
export function problemOf (error: ProviderError): PaymentProblem {
  return {
    code: error.code,
    ...(error.providerCode !== undefined && { providerCode: error.providerCode }),
    ...(error.providerMessage !== undefined && { message: error.providerMessage })
  }
}

/**
 * A call that the caller has to know failed, and that changed nothing. While the outcome is not known it is 409: the same
 * request may be sent again, with its key, and finds what became of it.
 */
export function refusal (error: ProviderError, provider: string): HubError {
  const options = { provider: { id: provider, code: error.providerCode, message: error.providerMessage }, ...(error.retryAfterMs !== undefined && { retryAfterMs: error.retryAfterMs }), cause: error }
  switch (error.reached) {
    case 'nowhere': return new HubError('provider_unavailable', options)
    case 'answered': return new HubError('provider_refused', options)
    case 'unknown': return new HubError('operation_in_progress', { retryAfterMs: 5000, ...options })
  }
}

/** Did it certainly come to nothing? `conflict` is a refusal of the second of two, and the first is still at work. */
export const isRefused = (error: ProviderError): boolean => error.reached === 'answered' && providerProblems[error.code] !== 'after_lookup'
