import { ProviderError } from '../../core/adapter/index.ts'

/**
 * Our words on Stripe's objects. Stripe copies a payment intent's metadata to its charges, and a payment link's to the sessions that
 * it opens. A payment carries the id of what it comes of: `payment`, or `checkout`, or `link`. Those of a subscription carry nothing
 * (Stripe copies no metadata to them): `getPayment` finds their subscription through the invoice.
 */
export const metadataKeys = {
  payment: 'pasarela_payment',
  attempt: 'pasarela_attempt',
  order: 'pasarela_order',
  tax: 'pasarela_tax',
  refund: 'pasarela_refund',
  checkout: 'pasarela_checkout',
  link: 'pasarela_link',
  customer: 'pasarela_customer',
  taxId: 'pasarela_tax_id',
  method: 'pasarela_method',
  plan: 'pasarela_plan',
  subscription: 'pasarela_subscription',
  accepted: 'pasarela_accepted',
  connection: 'pasarela_connection',
  probe: 'pasarela_probe'
} as const

type Metadata = Record<string, string> | null | undefined

/** Our id of what a payment comes of: payment, checkout session, link or subscription. The prefix of the id tells which. */
export function referenceOf (metadata: Metadata): string | undefined {
  return metadata?.[metadataKeys.payment] ?? metadata?.[metadataKeys.checkout] ?? metadata?.[metadataKeys.link] ?? metadata?.[metadataKeys.subscription]
}

/** Source: https://docs.stripe.com/metadata, read 2026-11-20: 50 keys of 40 characters without brackets, values of 500. */
const limits = { keys: 50, key: 40, value: 500 }

/** The tenant's own metadata beside ours, which wins. What Stripe would refuse is refused before it leaves. */
export function metadataOf (theirs: Record<string, string> | undefined, ours: Partial<Record<keyof typeof metadataKeys, string>>): Record<string, string> {
  const metadata: Record<string, string> = {}
  for (const [key, value] of Object.entries(theirs ?? {})) {
    if (!key.startsWith('pasarela_')) metadata[key] = value
  }
  for (const [key, value] of Object.entries(ours)) {
    if (value !== undefined) metadata[metadataKeys[key as keyof typeof metadataKeys]] = value
  }
  for (const [key, value] of Object.entries(metadata)) {
    if (key === '' || key.length > limits.key || /[[\]]/.test(key) || value.length > limits.value) throw tooBig(key)
  }
  if (Object.keys(metadata).length > limits.keys) throw tooBig()
  return metadata
}

function tooBig (key?: string): ProviderError {
  return new ProviderError({ code: 'invalid_request', reached: 'nowhere', param: key === undefined ? 'metadata' : `metadata.${key}` })
}
