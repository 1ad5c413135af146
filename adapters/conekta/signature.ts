import { createPublicKey, type KeyObject, verify } from 'node:crypto'

/**
 * `DIGEST`: base64 of RSA PKCS #1 v1.5 with SHA-256 over the body as it came. There is no time in it, so a repetition is told apart by
 * the event's id alone. Source: facts section 2.5 (the published digest opens to DigestInfo SHA-256), read 2026-11-21.
 */
export function refusalReason ({ body, header, keys }: { body: Uint8Array, header: string | undefined, keys: readonly string[] }): string | undefined {
  const usable = keys.map(publicKeyOf).filter(key => key !== undefined)
  if (usable.length === 0) return 'no public key to verify with'
  if (header === undefined || header === '') return 'no DIGEST header'
  if (header.length > 1024 || !/^[A-Za-z0-9+/]{80,}={0,2}$/.test(header)) return 'the DIGEST header is no signature in base64'
  const signature = Buffer.from(header, 'base64')
  // Only one writing of a signature is taken: base64 forgives stray bits at its end.
  if (signature.toString('base64') !== header) return 'the DIGEST header is no signature in base64'
  return usable.some(key => signature.length === sizeOf(key) && verify('sha256', body, key, signature)) ? undefined : 'no key of this connection made the DIGEST'
}

const sizeOf = (key: KeyObject): number => (key.asymmetricKeyDetails?.modulusLength ?? 0) / 8

/** Opened keys, by their text: a burst of webhooks opens one once. They are public, and few. */
const opened = new Map<string, KeyObject | undefined>()

function publicKeyOf (text: string): KeyObject | undefined {
  const der = publicKeyText(text)
  if (der === '') return undefined
  if (!opened.has(der)) {
    if (opened.size > 500) opened.clear()
    opened.set(der, open(der))
  }
  return opened.get(der)
}

function open (der: string): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: Buffer.from(der, 'base64'), format: 'der', type: 'spki' })
    const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
    return key.asymmetricKeyType === 'rsa' && bits >= 2048 && bits <= 8192 ? key : undefined
  } catch {
    return undefined
  }
}

/** The key's bare base64, of a PEM on many lines, on one, or with `\n` written out: all three are about. */
export function publicKeyText (text: string): string {
  return text.replaceAll('\\n', '').replace(/-----(?:BEGIN|END) PUBLIC KEY-----/g, '').replace(/\s+/g, '')
}
