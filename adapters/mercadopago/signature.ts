import { createHmac, timingSafeEqual } from 'node:crypto'

/** What of a delivery is signed. The body is not. */
export interface Signed {
  /** `data.id` of the address as it was called. */
  id: string | null
  requestId: string | undefined
  /** `x-signature: ts=…,v1=…` */
  header: string | undefined
}

/**
 * `id:<data.id>;request-id:<x-request-id>;ts:<ts>;` with what is missing left out, HMAC-SHA256, hexadecimal. The ids of orders were signed
 * in lower case before June 2026, so both are tried. Source: facts section 3.7 (executed with npm mercadopago 3.6.1), read 2026-11-21.
 * Gives why it is refused, or undefined.
 */
export function refusalReason ({ id, requestId, header }: Signed, { secrets, now, toleranceS, asReceived = false }: { secrets: readonly string[], now: Date, toleranceS: number, asReceived?: boolean }): string | undefined {
  const usable = secrets.filter(secret => secret !== '')
  if (usable.length === 0) return 'no secret to verify with'
  // Without it the signature says only when, not about what.
  if (id === null || id === '') return 'no data.id in the address'
  const { ts, v1 } = partsOf(header)
  if (ts === undefined || v1 === undefined) return 'no x-signature of the form ts=…,v1=…'
  const at = Number(ts) >= 1e12 ? Number(ts) : Number(ts) * 1000
  if (Math.abs(now.getTime() - at) > toleranceS * 1000) return 'the signature is too old, or of a time to come'
  const given = Buffer.from(v1, 'hex')
  const manifests = [...new Set(asReceived ? [id] : [id, id.toLowerCase()])].map(id => `id:${id};${requestId ? `request-id:${requestId};` : ''}ts:${ts};`)
  const matches = usable.flatMap(secret => manifests.map(manifest => timingSafeEqual(createHmac('sha256', secret).update(manifest).digest(), given)))
  return matches.includes(true) ? undefined : 'no secret of this connection made the signature'
}

/** `ts` is seconds or milliseconds, and is signed as it is written. */
function partsOf (header: string | undefined): { ts?: string, v1?: string } {
  if (header === undefined || header.length > 500) return {}
  const parts = header.split(',').map(part => part.trim().split('='))
  const only = (name: string, form: RegExp): string | undefined => {
    const found = parts.filter(([key]) => key === name)
    const [, value = '', ...more] = found[0] ?? []
    return found.length === 1 && more.length === 0 && form.test(value) ? value : undefined
  }
  const [ts, v1] = [only('ts', /^\d{10}(?:\d{3})?$/), only('v1', /^[0-9a-f]{64}$/)]
  return { ...(ts !== undefined && { ts }), ...(v1 !== undefined && { v1 }) }
}
