import { X509Certificate } from 'node:crypto'
import { contextTag, type Der, DerError, oidOf, readDer, tags } from './der.ts'
import { type Name, readName } from './names.ts'

/** A certificate, read: what node:crypto tells, and what it does not (names by number, extensions, exact bytes). */
export interface Certificate {
  der: Buffer
  x509: X509Certificate
  /** The serial number's bytes, without the sign byte in front. */
  serial: Buffer
  subject: Name
  issuer: Name
  validFrom: Date
  validTo: Date
  /** The value of each extension, by number. */
  extensions: ReadonlyMap<string, Buffer>
  /** Absent when the certificate does not restrict its use. */
  keyUsage: ReadonlySet<KeyUsage> | undefined
  extendedKeyUsage: readonly string[]
  /** May issue certificates. */
  ca: boolean
}

const keyUsages = ['digitalSignature', 'nonRepudiation', 'keyEncipherment', 'dataEncipherment', 'keyAgreement', 'keyCertSign', 'cRLSign'] as const
export type KeyUsage = typeof keyUsages[number]

export const extensionIds = { subjectKeyIdentifier: '2.5.29.14', authorityKeyIdentifier: '2.5.29.35', subjectAltName: '2.5.29.17', basicConstraints: '2.5.29.19', keyUsage: '2.5.29.15', extendedKeyUsage: '2.5.29.37' } as const

/** Throws a DerError where the bytes are no X.509 certificate that can be used. */
export function readCertificate (bytes: Uint8Array): Certificate {
  const der = readDer(bytes)
  const [tbs, outerAlgorithm, signature] = der.tag === tags.sequence ? der.children() : []
  if (tbs?.tag !== tags.sequence || outerAlgorithm === undefined || signature?.tag !== tags.bitString) throw new DerError('malformed', 'not a certificate')
  const parts = tbs.children()
  if (parts[0]?.tag === contextTag(0)) parts.shift()
  const [serial, algorithm, issuer, , subject] = parts
  if (serial?.tag !== tags.integer || algorithm === undefined || issuer === undefined || subject === undefined) throw new DerError('malformed', 'not a certificate')
  // RFC 5280 §4.1.1.2: the two are the same. What is outside of the signed part could be changed unseen.
  if (!algorithm.bytes.equals(outerAlgorithm.bytes)) throw new DerError('malformed', 'its two signature algorithms differ')
  const extensions = readExtensions(parts.find(({ tag }) => tag === contextTag(3)))
  const x509 = nodeCertificate(der.bytes)
  const [validFrom, validTo] = [x509.validFromDate, x509.validToDate]
  if (Number.isNaN(validFrom.getTime()) || Number.isNaN(validTo.getTime())) throw new DerError('malformed', 'its dates cannot be read')
  const keyUsage = extensions.get(extensionIds.keyUsage)
  const extendedKeyUsage = extensions.get(extensionIds.extendedKeyUsage)
  return {
    der: Buffer.from(der.bytes),
    x509,
    serial: serial.content.length > 1 && serial.content[0] === 0 ? serial.content.subarray(1) : serial.content,
    subject: readName(subject),
    issuer: readName(issuer),
    validFrom,
    validTo,
    extensions,
    keyUsage: keyUsage === undefined ? undefined : readKeyUsage(keyUsage),
    extendedKeyUsage: extendedKeyUsage === undefined ? [] : readDer(extendedKeyUsage).children().map(oidOf),
    ca: isAuthority(extensions.get(extensionIds.basicConstraints))
  }
}

function nodeCertificate (bytes: Buffer): X509Certificate {
  try {
    const x509 = new X509Certificate(bytes)
    // A key of an unknown kind is only found when it is asked for.
    void x509.publicKey
    return x509
  } catch (error) {
    throw new DerError('malformed', `OpenSSL cannot read it: ${(error as Error).message}`)
  }
}

function readExtensions (wrapper: Der | undefined): Map<string, Buffer> {
  const found = new Map<string, Buffer>()
  for (const extension of wrapper?.children()[0]?.children() ?? []) {
    const [id, ...rest] = extension.children()
    const value = rest.at(-1)
    if (id === undefined || value?.tag !== tags.octetString) throw new DerError('malformed', 'an extension is not one')
    found.set(oidOf(id), value.content)
  }
  return found
}

function readKeyUsage (value: Buffer): Set<KeyUsage> {
  const { tag, content } = readDer(value)
  if (tag !== tags.bitString) throw new DerError('malformed', 'its key usage is not a bit string')
  return new Set(keyUsages.filter((_, bit) => ((content[1 + (bit >> 3)] ?? 0) & (0x80 >> (bit & 7))) !== 0))
}

function isAuthority (value: Buffer | undefined): boolean {
  if (value === undefined) return false
  const [first] = readDer(value).children()
  return first?.tag === tags.boolean && first.content[0] !== 0
}

/** Whether `authority` issued `certificate`: by name and by signature. */
export function isIssuedBy (certificate: Certificate, authority: Certificate): boolean {
  if (!certificate.issuer.bytes.equals(authority.subject.bytes)) return false
  try {
    return certificate.x509.verify(authority.x509.publicKey)
  } catch {
    return false // an algorithm that OpenSSL does not take
  }
}

export const isSelfSigned = (certificate: Certificate): boolean => isIssuedBy(certificate, certificate)

/** Of two authorities of one name: whether the certificate says that the other one's key signed it. False where either does not say. */
export function namesAnotherKey (certificate: Certificate, authority: Certificate): boolean {
  const [wanted, given] = [certificate.extensions.get(extensionIds.authorityKeyIdentifier), authority.extensions.get(extensionIds.subjectKeyIdentifier)]
  if (wanted === undefined || given === undefined) return false
  const keyId = readDer(wanted).children().find(({ tag }) => tag === 0x80)?.content
  return keyId !== undefined && !keyId.equals(readDer(given).content)
}

/** The certificates above `leaf` that are at hand, nearest first; `complete` when the last of them signed itself. */
export function chainOf (leaf: Certificate, pool: readonly Certificate[]): { chain: Certificate[], complete: boolean } {
  const chain: Certificate[] = []
  let top = leaf
  while (!isSelfSigned(top)) {
    const next = pool.find(candidate => isIssuedBy(top, candidate) && ![leaf, ...chain].some(({ der }) => der.equals(candidate.der)))
    if (next === undefined) return { chain, complete: false }
    chain.push(next)
    top = next
  }
  return { chain, complete: true }
}
