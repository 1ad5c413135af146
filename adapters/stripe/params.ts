import { type CreatePaymentInput, type MethodInput, ProviderError } from '../../core/adapter/index.ts'
import type Stripe from 'stripe'
import { chargeOnWire } from './amounts.ts'
import { metadataKeys } from './wire.ts'

/** What comes back with every payment intent: the charge knows of refunds, disputes and the card. */
export const expand = ['latest_charge']

/** Source: the type PaymentIntentCreateParams of stripe 23.1.0 (API 2026-10-28.endive). */
export function createParams (input: CreatePaymentInput, settings: Readonly<Record<string, unknown>>): Stripe.PaymentIntentCreateParams {
  return {
    amount: chargeOnWire(input.amount, settings),
    currency: input.amount.currency.toLowerCase(),
    capture_method: input.capture,
    // `payment_method_types` is gone since 2026-09-30.endive.
    allowed_payment_method_types: ['card'],
    metadata: metadataOf(input),
    description: input.description,
    // `statement_descriptor` is refused for cards; the suffix is joined to the account's own prefix.
    // Source: https://docs.stripe.com/get-started/account/statement-descriptors, read 2026-11-20.
    statement_descriptor_suffix: input.statementDescriptor,
    customer: input.customer?.provider_reference,
    ...(input.method === undefined ? {} : { confirm: true, ...confirmation(input.method, input.returnUrl, input.offSession) }),
    expand
  }
}

/**
 * How a payer confirms. With a page to come back to, 3-D Secure is a redirect; without one, Stripe.js shows it in the page
 * (`use_stripe_sdk`). Off session there is nobody to show it to, and Stripe declines with `authentication_required`.
 */
export function confirmation (method: MethodInput, returnUrl: string | undefined, offSession = false) {
  const presence = offSession ? { off_session: true } : returnUrl === undefined ? { use_stripe_sdk: true } : { return_url: returnUrl }
  return { ...cardOf(method), ...presence }
}

function cardOf ({ type, token }: MethodInput): Pick<Stripe.PaymentIntentCreateParams, 'payment_method' | 'payment_method_data'> {
  if (type !== 'card') throw new ProviderError({ code: 'unsupported', reached: 'nowhere', param: 'method.type' })
  if (token !== undefined && /^pm_\w+$/.test(token)) return { payment_method: token }
  // The types of the SDK know of `card` as an object only; the token in it is Stripe.js' old form, which is still taken.
  if (token !== undefined && /^tok_\w+$/.test(token)) return { payment_method_data: { type: 'card', card: { token } } as Stripe.PaymentIntentCreateParams.PaymentMethodData }
  throw new ProviderError({ code: 'invalid_request', reached: 'nowhere', param: 'method.token', cause: new Error('a pm_ or tok_ of Stripe is needed') })
}

/** Source: https://docs.stripe.com/metadata, read 2026-11-20: 50 keys of 40 characters without brackets, values of 500. */
const limits = { keys: 50, key: 40, value: 500 }

/** The tenant's own metadata beside ours, which wins. What Stripe would refuse is refused before it leaves. */
function metadataOf (input: CreatePaymentInput): Record<string, string> {
  const metadata: Record<string, string> = {}
  for (const [key, value] of Object.entries(input.metadata ?? {})) {
    if (!key.startsWith('pasarela_')) metadata[key] = value
  }
  metadata[metadataKeys.payment] = input.reference
  metadata[metadataKeys.attempt] = String(input.attempt)
  if (input.orderReference !== undefined) metadata[metadataKeys.order] = input.orderReference
  for (const [key, value] of Object.entries(metadata)) {
    if (key === '' || key.length > limits.key || /[[\]]/.test(key) || value.length > limits.value) throw tooBig(key)
  }
  if (Object.keys(metadata).length > limits.keys) throw tooBig()
  return metadata
}

function tooBig (key?: string): ProviderError {
  return new ProviderError({ code: 'invalid_request', reached: 'nowhere', param: key === undefined ? 'metadata' : `metadata.${key}` })
}
