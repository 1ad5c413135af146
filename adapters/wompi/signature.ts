import { createHash, timingSafeEqual } from 'node:crypto'

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest()

/** Proves to Wompi that amount and reference are ours: SHA-256 of what is written one after another, hexadecimal. Source: facts section 7.2, with its vector. */
export function integritySignature ({ reference, amountInCents, currency, expirationTime = '', secret }: { reference: string, amountInCents: number, currency: string, expirationTime?: string, secret: string }): string {
  return sha256(`${reference}${amountInCents}${currency}${expirationTime}${secret}`).toString('hex')
}

/** What of a delivery is signed, and how: as the body says, which anybody may have written. */
export interface Signed {
  event: string
  properties: readonly string[]
  /** Their values, as written one after another. */
  values: readonly string[]
  timestamp: string
}

/**
 * Plain SHA-256 of the values that `properties` names, the timestamp and the secret: no HMAC, and nothing stands between the values. So each
 * value must have the form that it has at Wompi; else one could be made longer and the next one shorter. Gives undefined when the delivery
 * has not that form. Source: facts section 7.4, with its vector, read 2026-11-21.
 */
export function signedOf (event: { event?: unknown, data?: unknown, signature?: { properties?: unknown } | undefined, timestamp?: unknown }): Signed | undefined {
  const { event: name, timestamp } = event
  const properties: unknown = event.signature?.properties
  if (typeof name !== 'string' || !/^[a-z_]{1,40}\.[a-z_]{1,40}$/.test(name)) return undefined
  // Seconds, ten digits from 2001 to 2286: of one length, so that the amount before it has its end.
  if (!Number.isSafeInteger(timestamp) || !/^\d{10}$/.test(String(timestamp))) return undefined
  if (!Array.isArray(properties) || properties.length === 0 || properties.length > 12 || new Set(properties).size !== properties.length) return undefined
  const values: string[] = []
  for (const property of properties as unknown[]) {
    if (typeof property !== 'string' || !/^[a-z_]{1,40}(?:\.[a-z_]{1,40}){1,3}$/.test(property)) return undefined
    const value = valueAt(event.data, property.split('.'))
    if (typeof value !== 'string' && !Number.isSafeInteger(value)) return undefined
    const form = forms[property]
    if (form !== undefined && !((typeof value === 'number') === form.isNumber && form.pattern.test(String(value)))) return undefined
    values.push(String(value))
  }
  // Which properties are signed the body itself says: these three make it worth anything.
  if (name === 'transaction.updated' && !required.every(property => (properties as string[]).includes(property))) return undefined
  return { event: name, properties: properties as string[], values, timestamp: String(timestamp) }
}

const required = ['transaction.id', 'transaction.status', 'transaction.amount_in_cents']

const forms: Record<string, { isNumber: boolean, pattern: RegExp }> = {
  'transaction.id': { isNumber: false, pattern: /^[0-9A-Za-z]{1,20}(?:-[0-9A-Za-z]{1,20}){2,4}$/ },
  'transaction.status': { isNumber: false, pattern: /^(?:PENDING|APPROVED|DECLINED|VOIDED|ERROR)$/ },
  'transaction.amount_in_cents': { isNumber: true, pattern: /^\d{1,15}$/ }
}

function valueAt (data: unknown, path: readonly string[]): unknown {
  let value = data
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as Record<string, unknown>)[name]
  }
  return value
}

export function checksumOf ({ values, timestamp }: Pick<Signed, 'values' | 'timestamp'>, secret: string): string {
  return sha256(`${values.join('')}${timestamp}${secret}`).toString('hex')
}

/** Whether one of the secrets made the checksum, in capitals or not. */
export function isChecksum (signed: Signed, given: unknown, secrets: readonly string[]): boolean {
  if (typeof given !== 'string' || !/^[0-9a-f]{64}$/i.test(given)) return false
  const bytes = Buffer.from(given, 'hex')
  return secrets.filter(secret => secret !== '').map(secret => timingSafeEqual(Buffer.from(checksumOf(signed, secret), 'hex'), bytes)).includes(true)
}
