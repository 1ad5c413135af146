/** The members of Stripe's error object. Source: https://docs.stripe.com/api/errors, read 2026-11. */
export interface ErrorBody {
  type: 'card_error' | 'invalid_request_error' | 'api_error' | 'idempotency_error'
  message: string
  code?: string
  param?: string
  decline_code?: string
  advice_code?: string
  network_decline_code?: string
  charge?: string
  payment_intent?: object
  payment_method?: object
  setup_intent?: object
}

/** A refusal in Stripe's own words. */
export class StripeError extends Error {
  readonly status: number
  readonly body: ErrorBody
  readonly headers: Record<string, string>

  constructor (status: number, body: ErrorBody, headers: Record<string, string> = {}) {
    super(body.message)
    this.status = status
    this.body = body
    this.headers = headers
  }
}

export function invalid (message: string, more: Partial<ErrorBody> = {}, status = 400): StripeError {
  return new StripeError(status, { type: 'invalid_request_error', message, ...more })
}

/** `noun` as Stripe writes it in the sentence, `param` as it names it in the error. */
export function missing (noun: string, id: string, param: string, otherMode?: boolean): StripeError {
  const elsewhere = otherMode === undefined
    ? ''
    : `; a similar object exists in ${otherMode ? 'live' : 'test'} mode, but a ${otherMode ? 'test' : 'live'} mode key was used to make this request.`
  return invalid(`No such ${noun}: '${id}'${elsewhere}`, { code: 'resource_missing', param }, 404)
}

/** The same object named in a parameter of another one: 400, not 404. */
export function missingIn (noun: string, id: string, param: string): StripeError {
  return invalid(`No such ${noun}: '${id}'`, { code: 'resource_missing', param })
}

/** The helpers of test mode. */
export function onlyInTestMode (): StripeError {
  return invalid('This endpoint is only available in testmode. Try using your test keys instead.', {}, 403)
}

/** What goes over the wire: with the links that Stripe adds. */
export function errorJson (body: ErrorBody, requestId: string, livemode: boolean, nowSeconds: number): string {
  return JSON.stringify({
    error: {
      ...body,
      ...(body.code === undefined ? {} : { doc_url: docUrl(body.code) }),
      request_log_url: `https://dashboard.stripe.com/${livemode ? '' : 'test/'}logs/${requestId}?t=${nowSeconds}`
    }
  })
}

export function docUrl (code: string): string {
  return `https://stripe.com/docs/error-codes/${code.replaceAll('_', '-')}`
}
