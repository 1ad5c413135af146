import { createHmac, timingSafeEqual } from 'node:crypto'

const hmac = (secret: string, ...parts: (string | Uint8Array)[]): Buffer => {
  const made = createHmac('sha256', secret)
  for (const part of parts) made.update(part)
  return made.digest()
}

/**
 * `X-Kushki-Signature`: HMAC-SHA256 of `<body>.<X-Kushki-Id>`, hexadecimal. Source: facts section 6.5, with its vector, read 2026-11-21.
 * There is a second one, `X-Kushki-SimpleSignature`, of the id alone: it says nothing of the body, so it is never looked at.
 */
export const signatureOf = (body: Uint8Array | string, id: string, secret: string): string => hmac(secret, body, `.${id}`).toString('hex')

/** Whether one of the secrets signed this body at this moment. */
export function isSigned (body: Uint8Array | string, id: string, given: string | undefined, secrets: readonly string[]): boolean {
  if (given === undefined || !/^[0-9a-f]{64}$/i.test(given)) return false
  const bytes = Buffer.from(given, 'hex')
  return secrets.filter(secret => secret !== '').map(secret => timingSafeEqual(hmac(secret, body, `.${id}`), bytes)).includes(true)
}

/** Unix time, in seconds or milliseconds: no other form is read, so that none can be mistaken. */
export function momentOf (id: string | undefined): Date | undefined {
  if (id === undefined || !/^(\d{10}|\d{13})$/.test(id)) return undefined
  return new Date(Number(id) * (id.length === 10 ? 1000 : 1))
}
