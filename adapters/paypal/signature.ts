import { verify, X509Certificate } from 'node:crypto'
import { rootCertificates } from 'node:tls'
import { crc32 } from 'node:zlib'
import type { Mode } from '../../core/adapter/index.ts'

/**
 * `<transmission id>|<transmission time>|<webhook id>|<CRC32 of the body>`, signed with RSA PKCS #1 v1.5, SHA-256, by a certificate of
 * PayPal's. The CRC is no protection of the body: another body of the same value is easily made, so nothing in it is believed.
 * Source: facts section 5.6, whose two published vectors this verifies; read 2026-11-21.
 */
export interface Delivery {
  id: string | undefined
  time: string | undefined
  signature: string | undefined
  algorithm: string | undefined
  body: Uint8Array
}

export const messageOf = (id: string, time: string, webhookId: string, body: Uint8Array): string => `${id}|${time}|${webhookId}|${crc32(body)}`

/** `key`: the certificate (PEM), whose owner and chain were looked at when it was fetched. */
export function refusalReason ({ id, time, signature, algorithm, body }: Delivery, { key, webhookIds, now, maxAgeMs }: { key: string | undefined, webhookIds: readonly string[], now: Date, maxAgeMs: number }): string | undefined {
  const ids = webhookIds.filter(id => /^[A-Z0-9]{8,50}$/i.test(id))
  if (ids.length === 0) return 'no webhook id to verify with'
  if (id === undefined || time === undefined || signature === undefined) return 'a PAYPAL-TRANSMISSION header is missing'
  if (algorithm !== 'SHA256withRSA') return 'PAYPAL-AUTH-ALGO is not SHA256withRSA'
  if (!/^[\w-]{8,80}$/.test(id)) return 'the transmission id is none'
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(time) ? Date.parse(time) : NaN
  if (Number.isNaN(at)) return 'the transmission time is no time'
  if (maxAgeMs > 0 && (now.getTime() - at > maxAgeMs || at - now.getTime() > 3600_000)) return 'it was signed too long ago'
  if (signature.length > 1024 || !/^[A-Za-z0-9+/]{80,}={0,2}$/.test(signature)) return 'the signature is not base64'
  const bytes = Buffer.from(signature, 'base64')
  // Only one writing of a signature is taken: base64 forgives stray bits at its end.
  if (bytes.toString('base64') !== signature) return 'the signature is not base64'
  const certificate = key === undefined ? undefined : certificateOf(key)
  if (certificate === undefined) return 'its certificate could not be had, or is not PayPal’s'
  if (!isCurrent(certificate, now)) return 'its certificate is not valid at this time'
  if (certificate.publicKey.asymmetricKeyType !== 'rsa') return 'its certificate holds no RSA key'
  return ids.some(webhookId => verify('sha256', Buffer.from(messageOf(id, time, webhookId, body)), certificate.publicKey, bytes)) ? undefined : 'the signature is not of this delivery'
}

/** Of which hosts a certificate may be named, by mode. */
const hosts: Record<Mode, ReadonlySet<string>> = {
  test: new Set(['api.sandbox.paypal.com', 'api-m.sandbox.paypal.com']),
  live: new Set(['api.paypal.com', 'api-m.paypal.com'])
}

/** The path of a certificate at PayPal; undefined for any other address, however much it looks like one. */
export function certificatePath (address: string | undefined, mode: Mode): string | undefined {
  if (address === undefined || address.length > 500 || !/^[\x21-\x7e]+$/.test(address)) return undefined
  const url = URL.parse(address)
  if (url === null || url.protocol !== 'https:' || url.port !== '' || url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') return undefined
  if (!hosts[mode].has(url.hostname)) return undefined
  // As it was written, not as it was mended.
  if (address !== `https://${url.hostname}${url.pathname}`) return undefined
  return /^\/v1\/notifications\/certs\/CERT-[0-9a-zA-Z-]{8,80}$/.test(url.pathname) ? url.pathname : undefined
}

/** Who PayPal's certificates are issued to (the rule of its Java SDK). */
const subjects: Record<Mode, string> = { test: 'messageverificationcerts.sandbox.paypal.com', live: 'messageverificationcerts.paypal.com' }

/**
 * The certificate at the head of a chain (PEM, one below the other), if it is PayPal's and leads to a root. `anchors`: those roots.
 * Throws what is wrong.
 */
export function trustedLeaf (pem: string, { mode, now, anchors = publicRoots() }: { mode: Mode, now: Date, anchors?: readonly X509Certificate[] | undefined }): string {
  const chain = (pem.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g) ?? []).slice(0, 8).map(text => new X509Certificate(text))
  const [leaf] = chain
  if (leaf === undefined) throw new Error('no certificate')
  if (!/(?:^|\n)CN=([^\n]+)/.test(leaf.subject) || /(?:^|\n)CN=([^\n]+)/.exec(leaf.subject)![1] !== subjects[mode]) throw new Error(`it is issued to ${leaf.subject}`)
  if (leaf.ca) throw new Error('it is an authority, not a certificate')
  let current = leaf
  const left = new Set(chain.slice(1))
  for (;;) {
    if (!isCurrent(current, now)) throw new Error(`${current.subject} is not valid at this time`)
    const root = anchors.find(anchor => anchor.fingerprint256 === current.fingerprint256 || (current.checkIssued(anchor) && current.verify(anchor.publicKey)))
    if (root !== undefined && current !== leaf) return leaf.toString()
    if (root !== undefined && root.fingerprint256 !== current.fingerprint256) return leaf.toString()
    const issuer = [...left].find(candidate => candidate.ca && current.checkIssued(candidate) && current.verify(candidate.publicKey))
    if (issuer === undefined) throw new Error(`nobody known issued ${current.subject}`)
    left.delete(issuer)
    current = issuer
  }
}

const isCurrent = (certificate: X509Certificate, now: Date): boolean => Date.parse(certificate.validFrom) <= now.getTime() && now.getTime() <= Date.parse(certificate.validTo)

let roots: X509Certificate[] | undefined
const publicRoots = (): X509Certificate[] => { roots ??= rootCertificates.map(pem => new X509Certificate(pem)); return roots }

/** The self-signed end of a chain: where the operator pointed PayPal elsewhere, what is served there vouches for itself. */
export function ownRoots (pem: string): X509Certificate[] {
  return (pem.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g) ?? []).slice(0, 8).map(text => new X509Certificate(text)).filter(certificate => certificate.ca && certificate.checkIssued(certificate) && certificate.verify(certificate.publicKey))
}

/** Opened certificates by their text: a burst of webhooks opens one once. They are public, and few. */
const opened = new Map<string, X509Certificate | undefined>()

function certificateOf (pem: string): X509Certificate | undefined {
  if (!opened.has(pem)) {
    if (opened.size > 100) opened.clear()
    let certificate: X509Certificate | undefined
    try {
      certificate = new X509Certificate(pem)
    } catch {}
    opened.set(pem, certificate)
  }
  return opened.get(pem)
}
