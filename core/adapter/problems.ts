/**
 * What can go wrong at a provider, in our words. The vocabulary is closed and public: a code never changes meaning.
 * The provider's own code and message are kept beside it, so that support can look them up.
 */

/** When the same operation may be tried again, and by whom. */
export type RetryClass =
  | 'never'
  | 'after_user_action' // another card, another amount, a corrected field
  | 'same_key' // safe to repeat with the same idempotency key
  | 'after_lookup' // nobody knows: ask the provider first
  | 'backoff' // nothing happened: wait and repeat

export const providerProblems = {
  card_declined: 'after_user_action',
  insufficient_funds: 'after_user_action',
  expired_card: 'after_user_action',
  incorrect_cvc: 'after_user_action',
  invalid_card: 'after_user_action',
  authentication_required: 'after_user_action',
  authentication_failed: 'after_user_action',
  fraud_suspected: 'never',
  limit_exceeded: 'after_user_action',
  unsupported: 'after_user_action',
  amount_invalid: 'after_user_action',
  invalid_request: 'never',
  invalid_credentials: 'after_user_action',
  permission_denied: 'after_user_action',
  not_found: 'never',
  invalid_state: 'never',
  already_refunded: 'never',
  duplicate: 'never',
  idempotency_conflict: 'never',
  conflict: 'after_lookup',
  expired: 'after_user_action',
  merchant_balance_insufficient: 'after_user_action',
  rate_limited: 'backoff',
  provider_unavailable: 'backoff',
  timeout_unknown: 'after_lookup',
  unknown: 'after_lookup'
} as const satisfies Record<string, RetryClass>

export type ProviderProblem = keyof typeof providerProblems

/**
 * How far a call got. It alone decides what may be repeated:
 * `nowhere`: the provider did nothing with it; `unknown`: it may have acted; `answered`: it refused, and said so.
 */
export type Reached = 'nowhere' | 'unknown' | 'answered'

export interface ProviderErrorOptions {
  code: ProviderProblem
  reached: Reached
  /** The provider's own code, verbatim. */
  providerCode?: string
  /** The provider's own sentence, verbatim; shown to the tenant, never to the payer. */
  providerMessage?: string
  httpStatus?: number
  /** The provider's name of the field it refused. */
  param?: string
  /** How long the provider asks to wait, ms. */
  retryAfterMs?: number
  cause?: unknown
}

const brand = Symbol.for('pasarela.ProviderError')

/** The only error an adapter throws on purpose. Anything else that leaves an adapter is read as `unknown`. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError'
  readonly [brand] = true
  readonly code: ProviderProblem
  readonly reached: Reached
  readonly providerCode: string | undefined
  readonly providerMessage: string | undefined
  readonly httpStatus: number | undefined
  readonly param: string | undefined
  readonly retryAfterMs: number | undefined

  constructor (options: ProviderErrorOptions) {
    super(`${options.code} (${options.reached})${options.providerCode === undefined ? '' : `: ${options.providerCode}`}`, { cause: options.cause })
    this.code = options.code
    this.reached = options.reached
    this.providerCode = options.providerCode
    this.providerMessage = options.providerMessage
    this.httpStatus = options.httpStatus
    this.param = options.param
    this.retryAfterMs = options.retryAfterMs
  }
}

/** True also for errors made by another copy of this package (a third party's adapter may bring its own). */
export function isProviderError (error: unknown): error is ProviderError {
  return typeof error === 'object' && error !== null && brand in error
}

/** Fails closed: whatever is not a ProviderError (a bug, a parse failure) may have struck after the request left. */
export function asProviderError (error: unknown): ProviderError {
  return isProviderError(error) ? error : new ProviderError({ code: 'unknown', reached: 'unknown', cause: error })
}

export function isProviderProblem (code: string): code is ProviderProblem {
  return Object.hasOwn(providerProblems, code)
}
