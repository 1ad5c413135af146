import { createHash, timingSafeEqual } from 'node:crypto'

/** Every signature of PayU's is a digest of fields and the API key, joined by `~`. Source: facts sections 4.2 and 4.4, read 2026-11-21. */

export const digests = ['md5', 'sha1', 'sha256'] as const
export type Digest = typeof digests[number]

const hex = (digest: Digest, parts: readonly string[]): string => createHash(digest).update(parts.join('~')).digest('hex')

export interface Signed { merchantId: string, referenceCode: string, currency: string }

/** Of a request and of the WebCheckout form: the amount exactly as it is sent. */
export function requestSignature (apiKey: string, { merchantId, referenceCode, amount, currency }: Signed & { amount: string }, digest: Digest = 'md5'): string {
  return hex(digest, [apiKey, merchantId, referenceCode, amount, currency])
}

/** Of a confirmation: 150.00 is said as 150.0, 150.26 as 150.26. */
export function confirmationSignature (apiKey: string, { merchantId, referenceCode, value, currency, state }: Signed & { value: string, state: string }, digest: Digest = 'md5'): string {
  return hex(digest, [apiKey, merchantId, referenceCode, confirmedValue(value), currency, state])
}

/** The confirmation's rule: a second decimal of 0 is left out, one of another digit stays. */
export function confirmedValue (value: string): string {
  const [whole = '0', fraction = ''] = value.split('.')
  const two = fraction.padEnd(2, '0')
  return `${whole}.${two[1] === '0' ? two[0] : two}`
}

/** Of the response page, to which the payer's browser comes back: informative only, no payment changes by it. */
export function responseSignature (apiKey: string, { merchantId, referenceCode, value, currency, state }: Signed & { value: string, state: string }, digest: Digest = 'md5'): string {
  return hex(digest, [apiKey, merchantId, referenceCode, roundedValue(value), currency, state])
}

/** The response page's rule: one decimal, half to even (150.25 → 150.2, 150.35 → 150.4). */
export function roundedValue (value: string): string {
  const [whole = '0', fraction = ''] = value.split('.')
  const digits = fraction.padEnd(2, '0')
  const tenths = BigInt(whole) * 10n + BigInt(digits[0]!)
  const rest = digits.slice(1).replace(/0+$/, '')
  const up = rest > '5' || (rest === '5' && tenths % 2n === 1n)
  const rounded = String(up ? tenths + 1n : tenths).padStart(2, '0')
  return `${rounded.slice(0, -1)}.${rounded.slice(-1)}`
}

const digestOfLength: Record<number, Digest | undefined> = { 32: 'md5', 40: 'sha1', 64: 'sha256' }

/** The signed fields, and how each must look: joined by `~` they could else be cut in another place. */
const forms: Record<string, RegExp> = {
  merchant_id: /^\d{1,12}$/, reference_sale: /^[^~]{1,255}$/, value: /^\d{1,12}(\.\d{1,2})?$/, currency: /^[A-Z]{3}$/, state_pol: /^\d{1,3}$/, sign: /^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$/
}

/**
 * Why a confirmation is not believed; undefined when one of the keys signed it. Which digest it is its length says; `only` admits one.
 * All fields are taken from the confirmation itself.
 */
export function refusalReason (fields: URLSearchParams, { keys, only }: { keys: readonly string[], only?: Digest }): string | undefined {
  const usable = keys.filter(key => key !== '')
  if (usable.length === 0) return 'no key to verify with'
  for (const [name, form] of Object.entries(forms)) {
    const [value, ...more] = fields.getAll(name)
    if (value === undefined || more.length > 0 || !form.test(value)) return `${name} is not as PayU writes it`
  }
  const field = (name: string) => fields.get(name)!
  const sign = field('sign')
  const digest = digestOfLength[sign.length]!
  if (only !== undefined && digest !== only) return `signed with ${digest}, and only ${only} is taken`
  const signed = { merchantId: field('merchant_id'), referenceCode: field('reference_sale'), value: field('value'), currency: field('currency'), state: field('state_pol') }
  return usable.some(key => timingSafeEqual(Buffer.from(confirmationSignature(key, signed, digest)), Buffer.from(sign))) ? undefined : 'no key of this connection made the sign'
}
