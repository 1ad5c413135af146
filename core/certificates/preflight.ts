import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import type { LocalText } from '../adapter/context.ts'
import { inspectTaxId, type TaxCountry } from '../tax-ids.ts'
import { type Certificate, chainOf, isIssuedBy, isSelfSigned, namesAnotherKey, readCertificate } from '../x509/certificate.ts'
import { DerError } from '../x509/der.ts'
import { attributes, type Name, rfc2253, valueOf } from '../x509/names.ts'
import { type Content, contentsOf, openClearKey, openKey, passphraseVariants } from './containers.ts'
import { holderOf, mayActFor, satIds } from './holder.ts'
import { openP12, type P12Limits } from './p12.ts'
import * as say from './sentences.ts'

export type FileRole = 'cer' | 'key' | 'p12' | 'ca'

export interface PreflightFile {
  name: string
  bytes: Uint8Array
  /** What it was given as. Without one the bytes alone say what it is. */
  role?: FileRole
}

export interface PreflightInput {
  files: readonly PreflightFile[]
  passphrase: string
  /** The date of issue that it must be valid on. */
  at: Date
  /** Whose documents it is to sign. */
  issuer?: { country: TaxCountry, taxId: string }
  limits?: P12Limits
}

export const checkNames = ['files', 'passphrase', 'pair', 'kind', 'holder', 'issuer', 'validity', 'number', 'key', 'key_usage', 'signature', 'chain'] as const
export type CheckName = typeof checkNames[number]

/** One thing that was looked at. Only an `error` that is not `ok` keeps the certificate from being used. */
export interface Check extends LocalText {
  name: CheckName
  ok: boolean
  severity: 'error' | 'warning' | 'info'
}

export interface Report {
  ok: boolean
  kind: 'csd' | 'fiel' | 'p12' | 'unknown'
  holder: { name: string | null, tax_id: string | null, country: string | null, representative_tax_id: string | null } | null
  /** NoCertificado, of the SAT's. */
  number: string | null
  /** Hexadecimal. */
  serial: string | null
  subject: string | null
  issuer: string | null
  valid_from: string | null
  valid_to: string | null
  /** Whole days from `at`; negative when it has expired. */
  days_left: number | null
  key: { algorithm: string, bits: number | null } | null
  /** The certificates above it that are at hand, nearest first. */
  chain: { subject: string, valid_to: string }[]
  /** SHA-256 of the certificate. */
  fingerprint: string | null
  at: string
  checks: Check[]
}

/** What a report that is `ok` is about. It holds the key in clear: it goes nowhere but into the vault. */
export interface Material {
  certificate: Certificate
  chain: Certificate[]
  key: KeyObject
  /** The encrypted key file as it was given; absent for a `.p12` and for a key in clear. */
  keyFile: Buffer | undefined
  /** As it opens the file. */
  passphrase: string
}

export interface Preflight { report: Report, material: Material | undefined }

const largestFile = 1024 * 1024
const soonDays = 30
const dayMs = 24 * 3600_000
const minimumBits = 2048

/**
 * Looks at what was given before anything is kept, and says of each thing what it found. Never throws for what is in the files,
 * which are told by their bytes, in any order and under any name. Reads no clock, no network and no disk.
 */
export async function preflight ({ files, passphrase, at, issuer, limits }: PreflightInput): Promise<Preflight> {
  const checks: Check[] = []
  const found = collect(files, checks)
  const opened = found.p12 !== undefined ? await fromP12(found.p12, passphrase, at, checks, limits) : fromPair(found, passphrase, checks)
  const { certificate, key } = opened
  const report: Report = { ...nothing(at), checks }
  if (certificate === undefined) return { report, material: undefined }

  const pool = [...opened.pool, ...found.authorities]
  const above = chainOf(certificate, pool)
  const { chain } = above
  describe(report, certificate, chain, opened.isP12)
  checkCertificate(report, certificate, issuer)
  checkSignature(report, certificate, pool, found.authorities.length, above, opened.isP12)
  report.ok = key !== undefined && !checks.some(({ ok, severity }) => !ok && severity === 'error')
  return { report, material: report.ok ? { certificate, chain, key: key!, keyFile: opened.keyFile, passphrase: opened.passphrase } : undefined }
}

const nothing = (at: Date): Omit<Report, 'checks'> => ({
  ok: false, kind: 'unknown', holder: null, number: null, serial: null, subject: null, issuer: null, valid_from: null, valid_to: null, days_left: null, key: null, chain: [], fingerprint: null, at: at.toISOString()
})

const good = (checks: Check[], name: CheckName, text: LocalText): void => { checks.push({ name, ok: true, severity: 'info', ...text }) }
const warn = (checks: Check[], name: CheckName, text: LocalText): void => { checks.push({ name, ok: false, severity: 'warning', ...text }) }
const fail = (checks: Check[], name: CheckName, text: LocalText): void => { checks.push({ name, ok: false, severity: 'error', ...text }) }

// --- what was given -----------------------------------------------------------------------------------------------------

interface FoundKey { name: string, der: Buffer, encrypted: boolean }

interface Found {
  certificate: Certificate | undefined
  key: FoundKey | undefined
  p12: { name: string, der: Buffer } | undefined
  authorities: Certificate[]
}

function collect (files: readonly PreflightFile[], checks: Check[]): Found {
  const certificates: { name: string, certificate: Certificate }[] = []
  const keys: FoundKey[] = []
  const p12s: { name: string, der: Buffer }[] = []
  const authorities: Certificate[] = []
  const texts = new Set<string>()
  const refuse = (text: LocalText): void => { fail(checks, 'files', text) }

  for (const { name, bytes, role } of files) {
    for (const content of bytes.length > largestFile ? 'large' as const : contentsOf(bytes)) {
      if (typeof content === 'string') {
        refuse(say.files.large(name))
        break
      }
      if (!('der' in content)) {
        refuse(notUsable(name, content))
        continue
      }
      // Bundles of authorities are handed out as PEM.
      if (content.wasText && role !== 'ca') texts.add(name)
      if (content.is === 'certificate') {
        const certificate = read(content.der)
        if (certificate === undefined) refuse(say.files.damaged(name))
        else if (role === 'key') refuse(say.files.certificate_as_key(name))
        else if (role === 'ca') authorities.push(certificate)
        else if (!certificates.some(other => other.certificate.der.equals(certificate.der))) certificates.push({ name, certificate })
      } else if (content.is === 'p12') {
        p12s.push({ name, der: content.der })
      } else if (role === 'cer' || role === 'ca') {
        refuse(say.files.key_as_certificate(name))
      } else {
        keys.push({ name, der: content.der, encrypted: content.is === 'encrypted_key' })
      }
    }
  }

  const listed = (items: readonly { name: string }[]): string => items.map(({ name }) => name).join(', ')
  const refused = checks.some(({ ok, severity }) => !ok && severity === 'error')
  const [p12] = p12s
  if (p12 !== undefined) {
    if (p12s.length > 1 || keys.length > 0) refuse(say.files.two_containers(listed([...p12s, ...keys])))
    else if (!refused) good(checks, 'files', say.files.complete(files.map(({ name }) => name).join(', ')))
    return { certificate: undefined, key: undefined, p12, authorities: [...authorities, ...certificates.map(({ certificate }) => certificate)] }
  }
  for (const name of texts) warn(checks, 'files', say.files.from_text(name))
  // What may issue certificates, or issued another one of them, stands above it, whatever it was given as.
  const holders = certificates.filter(({ certificate }) => !certificate.ca)
  const candidates = holders.length > 0 ? holders : certificates
  const leaves = candidates.filter(one => !candidates.some(other => other !== one && !isSelfSigned(other.certificate) && isIssuedBy(other.certificate, one.certificate)))
  const above = certificates.filter(one => !leaves.includes(one)).map(({ certificate }) => certificate)
  if (leaves.length > 1) refuse(say.files.two_certificates(listed(leaves)))
  if (keys.length > 1) refuse(say.files.two_keys(listed(keys)))
  if (files.length === 0) refuse(say.files.none())
  else if (!refused) {
    if (certificates.length === 0) refuse(say.files.no_certificate())
    if (keys.length === 0) refuse(say.files.no_key())
    if (leaves.length === 1 && keys.length === 1) good(checks, 'files', say.files.complete(files.map(({ name }) => name).join(', ')))
  }
  return { certificate: leaves.length === 1 ? leaves[0]!.certificate : undefined, key: keys.length === 1 ? keys[0] : undefined, p12: undefined, authorities: [...authorities, ...above] }
}

function notUsable (name: string, content: Exclude<Content, { der: Buffer }>): LocalText {
  if (content.is === 'truncated') return say.files.truncated(name, content.bytes, content.expected)
  if (content.is === 'trailing') return say.files.trailing(name, content.extra)
  return say.files[content.is](name)
}

function read (der: Uint8Array): Certificate | undefined {
  try {
    return readCertificate(der)
  } catch (error) {
    if (error instanceof DerError) return undefined
    throw error
  }
}

// --- the key ------------------------------------------------------------------------------------------------------------

interface Opened {
  certificate: Certificate | undefined
  /** Absent unless it opens and is the certificate's. */
  key: KeyObject | undefined
  keyFile: Buffer | undefined
  passphrase: string
  pool: Certificate[]
  isP12: boolean
}

function fromPair ({ certificate, key: given }: Found, passphrase: string, checks: Check[]): Opened {
  const opened: Opened = { certificate, key: undefined, keyFile: undefined, passphrase, pool: [], isP12: false }
  if (given === undefined) return opened
  const { name, der, encrypted } = given
  let key: KeyObject | undefined
  if (encrypted) {
    const result = openKey(der, passphrase)
    if ('problem' in result) {
      fail(checks, 'passphrase', result.problem === 'passphrase' ? wrongPassphrase(name, passphrase) : say.passphrase[result.problem](name))
      return opened
    }
    told(checks, name, passphrase, result.passphrase)
    Object.assign(opened, { keyFile: der, passphrase: result.passphrase })
    key = result.key
  } else {
    key = openClearKey(der)
    if (key === undefined) {
      fail(checks, 'pair', say.pair.damaged())
      return opened
    }
    warn(checks, 'passphrase', say.files.clear_key(name))
  }
  if (certificate === undefined) return opened
  if (!isPair(certificate, key)) fail(checks, 'pair', say.pair.differs())
  else if (!isSound(certificate, key)) fail(checks, 'pair', say.pair.damaged())
  else {
    good(checks, 'pair', say.pair.ok())
    opened.key = key
  }
  return opened
}

const wrongPassphrase = (name: string, passphrase: string): LocalText => passphrase === '' ? say.passphrase.missing(name) : say.passphrase.wrong(name)

function told (checks: Check[], name: string, given: string, opened: string): void {
  const trimmed = given !== opened && given.trim() === opened
  if (trimmed) warn(checks, 'passphrase', say.passphrase.trimmed(name))
  else good(checks, 'passphrase', say.passphrase.opens(name))
}

async function fromP12 ({ name, der }: { name: string, der: Buffer }, passphrase: string, at: Date, checks: Check[], limits: P12Limits | undefined): Promise<Opened> {
  const opened: Opened = { certificate: undefined, key: undefined, keyFile: undefined, passphrase, pool: [], isP12: true }
  const result = await openP12(der, passphraseVariants(passphrase), limits)
  if ('problem' in result) {
    const { problem, detail } = result
    fail(checks, problem === 'unreadable' ? 'files' : 'passphrase', problem === 'passphrase'
      ? wrongPassphrase(name, passphrase)
      : problem === 'key_passphrase'
        ? say.passphrase.other_for_key(name)
        : problem === 'time' ? say.passphrase.time(name, detail) : say.passphrase[problem](name))
    return opened
  }
  told(checks, name, passphrase, result.opened.passphrase)
  opened.passphrase = result.opened.passphrase
  const keys = result.opened.keys.map(readKey).filter(key => key !== undefined)
  const certificates = result.opened.certificates.map(read).filter(certificate => certificate !== undefined)
  opened.pool = certificates
  if (keys.length === 0) {
    fail(checks, 'pair', result.opened.keys.length === 0 ? say.pair.no_key(name) : say.pair.damaged())
    opened.certificate = certificates.find(({ ca }) => !ca) ?? certificates[0]
    return opened
  }
  const pairs = certificates.flatMap(certificate => keys.filter(key => isPair(certificate, key)).map(key => ({ certificate, key })))
  const best = pairs.toSorted((a, b) => preference(b.certificate, at) - preference(a.certificate, at) || b.certificate.validTo.getTime() - a.certificate.validTo.getTime())[0]
  if (best === undefined) {
    fail(checks, 'pair', say.pair.no_certificate(name))
    return opened
  }
  opened.certificate = best.certificate
  if (!isSound(best.certificate, best.key)) {
    fail(checks, 'pair', say.pair.damaged())
    return opened
  }
  good(checks, 'pair', pairs.length > 1 ? say.pair.chosen(pairs.length) : say.pair.ok())
  opened.key = best.key
  return opened
}

function readKey (pkcs8: Uint8Array): KeyObject | undefined {
  try {
    return createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' })
  } catch {
    return undefined // of a kind that OpenSSL does not know
  }
}

/** Which of several pairs is meant for signatures: for signing before for the rest, no authority, RSA, valid on the day. */
function preference (certificate: Certificate, at: Date): number {
  const { ca, x509, validFrom, validTo } = certificate
  return [!ca, x509.publicKey.asymmetricKeyType === 'rsa', maySign(certificate), validFrom <= at && at <= validTo].reduce((sum, yes) => sum * 2 + Number(yes), 0)
}

function maySign ({ keyUsage }: Certificate): boolean {
  return keyUsage === undefined || keyUsage.has('digitalSignature') || keyUsage.has('nonRepudiation')
}

function isPair (certificate: Certificate, key: KeyObject): boolean {
  const [ours, theirs] = [createPublicKey(key), certificate.x509.publicKey].map(each => each.export({ type: 'spki', format: 'der' }))
  return ours!.equals(theirs!)
}

/**
 * The public numbers of a damaged key may be whole: it must sign, and its numbers must agree. OpenSSL mends a wrong prime in
 * silence by the private exponent, so the signature alone proves too little.
 */
function isSound (certificate: Certificate, key: KeyObject): boolean {
  const probe = Buffer.from('pasarela pre-flight')
  try {
    if (!verify('sha256', probe, certificate.x509.publicKey, sign('sha256', probe, key))) return false
    if (key.asymmetricKeyType !== 'rsa') return true
    const jwk = key.export({ format: 'jwk' })
    const [n, e, d, p, q, dp, dq, qi] = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'].map(part => BigInt(`0x${Buffer.from(String(jwk[part]), 'base64url').toString('hex') || '0'}`)) as [bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint]
    return p > 1n && q > 1n && p * q === n && (e * d) % (p - 1n) === 1n && (e * d) % (q - 1n) === 1n && d % (p - 1n) === dp && d % (q - 1n) === dq && (qi * q) % p === 1n
  } catch {
    return false
  }
}

// --- the certificate ----------------------------------------------------------------------------------------------------

function describe (report: Report, certificate: Certificate, chain: readonly Certificate[], isP12: boolean): void {
  const { x509, subject, issuer, validFrom, validTo, serial, der } = certificate
  const { name, taxId, country, representativeTaxId } = holderOf(certificate)
  const digits = serial.toString('latin1')
  const { asymmetricKeyType = 'unknown', asymmetricKeyDetails } = x509.publicKey
  Object.assign(report, {
    kind: kindOf(certificate, isP12),
    holder: { name, tax_id: taxId, country, representative_tax_id: representativeTaxId },
    number: /^\d{20}$/.test(digits) ? digits : null,
    serial: serial.toString('hex'),
    subject: rfc2253(subject),
    issuer: rfc2253(issuer),
    valid_from: validFrom.toISOString(),
    valid_to: validTo.toISOString(),
    days_left: Math.floor((validTo.getTime() - Date.parse(report.at)) / dayMs),
    key: { algorithm: asymmetricKeyType, bits: asymmetricKeyDetails?.modulusLength ?? null },
    chain: chain.map(each => ({ subject: rfc2253(each.subject), valid_to: each.validTo.toISOString() })),
    fingerprint: createHash('sha256').update(der).digest('hex')
  } satisfies Partial<Report>)
}

/** A CSD names a branch (OU) and restricts nothing; a FIEL names none, and may log in and sign mail: phpcfdi/credentials, and the SAT's own test pairs (read 2026-11-20). */
function kindOf ({ subject, extendedKeyUsage }: Certificate, isP12: boolean): Report['kind'] {
  if (satIds(subject).length === 0) return isP12 ? 'p12' : 'unknown'
  return valueOf(subject, attributes.organizationalUnit) !== undefined && extendedKeyUsage.length === 0 ? 'csd' : 'fiel'
}

function checkCertificate ({ kind, holder, number, checks, at: day, days_left: daysLeft }: Report, certificate: Certificate, issuer: PreflightInput['issuer']): void {
  const at = new Date(day)
  const { validFrom, validTo, x509 } = certificate

  if (kind === 'fiel' || kind === 'unknown') fail(checks, 'kind', say.kind[kind]())
  else if (issuer?.country === 'MX' && kind !== 'csd') fail(checks, 'kind', say.kind.csd_needed())
  else if (issuer !== undefined && issuer.country !== 'MX' && kind === 'csd') fail(checks, 'kind', say.kind.csd_abroad(issuer.country))
  else good(checks, 'kind', say.kind[kind]())

  const { tax_id: taxId, country, name } = holder!
  if (taxId === null) warn(checks, 'holder', say.holder.unknown())
  else if (!inspectTaxId(country as TaxCountry, taxId).digit) warn(checks, 'holder', say.holder.doubtful(name ?? '—', taxId))
  else good(checks, 'holder', say.holder.ok(name ?? '—', taxId))
  if (issuer !== undefined) checkIssuer(checks, certificate, issuer)

  if (at > validTo) fail(checks, 'validity', say.validity.expired(validTo))
  else if (at < validFrom) fail(checks, 'validity', say.validity.early(validFrom))
  else if (daysLeft! < soonDays) warn(checks, 'validity', say.validity.soon(validTo, daysLeft!))
  else good(checks, 'validity', say.validity.ok(validTo, daysLeft!))

  if (kind === 'csd') number === null ? fail(checks, 'number', say.number.wrong()) : good(checks, 'number', say.number.ok(number))

  const { asymmetricKeyType: type = 'unknown', asymmetricKeyDetails } = x509.publicKey
  const bits = asymmetricKeyDetails?.modulusLength ?? 0
  if (type !== 'rsa') fail(checks, 'key', say.key.not_rsa(type.toUpperCase()))
  else if (bits < minimumBits) fail(checks, 'key', say.key.weak(bits))
  else good(checks, 'key', say.key.ok(bits))
  if (maySign(certificate)) good(checks, 'key_usage', say.keyUsage.ok())
  else warn(checks, 'key_usage', say.keyUsage.missing())
}

/** In Mexico the sealing certificate is the issuer's own (CFDI40106); elsewhere an authority may name the holder in a way that we do not know, so it warns. */
function checkIssuer (checks: Check[], certificate: Certificate, { country, taxId }: NonNullable<PreflightInput['issuer']>): void {
  const holder = holderOf(certificate)
  if (country === 'MX') {
    if (holder.taxId === taxId) good(checks, 'issuer', say.issuer.ok(taxId))
    else fail(checks, 'issuer', say.issuer.differs(holder.taxId ?? '—', taxId))
  } else if (mayActFor(holder, taxId)) good(checks, 'issuer', say.issuer.ok(taxId))
  else warn(checks, 'issuer', say.issuer.doubtful(holder.taxId ?? '—', taxId))
}

/** “AC UAT”, “A.C. 2 de pruebas(4096)”: the issuers of the SAT's public test certificates (read 2026-11-20). */
const satTests = /\bUAT\b|pruebas/i

function checkSignature ({ checks, kind }: Report, certificate: Certificate, pool: readonly Certificate[], given: number, { chain, complete }: ReturnType<typeof chainOf>, isP12: boolean): void {
  const authority = titleOf(certificate.issuer)
  if (certificate.issuer.bytes.equals(certificate.subject.bytes)) {
    if (isSelfSigned(certificate)) warn(checks, 'signature', say.signature.self())
    else fail(checks, 'signature', say.signature.wrong())
    return
  }
  const namesakes = pool.filter(({ subject }) => subject.bytes.equals(certificate.issuer.bytes))
  if (chain.length > 0) good(checks, 'signature', say.signature.ok(authority))
  else if (namesakes.some(other => !otherKey(certificate, other))) fail(checks, 'signature', say.signature.wrong())
  else if (namesakes.length > 0) warn(checks, 'signature', say.signature.other_authority(authority))
  else if (given > 0) fail(checks, 'signature', say.signature.no_authority(authority))
  else good(checks, 'signature', satTests.test(authority) && satIds(certificate.subject).length > 0 ? say.signature.for_tests(authority) : say.signature.untold(authority))
  // The SAT has its own certificates at hand; nobody sends them.
  if (!isP12 || kind === 'csd' || kind === 'fiel') return
  if (complete) good(checks, 'chain', say.chain.complete(chain.length))
  else if (chain.length > 0) good(checks, 'chain', say.chain.no_root(titleOf(chain.at(-1)!.subject)))
  else warn(checks, 'chain', say.chain.missing(authority))
}

function otherKey (certificate: Certificate, authority: Certificate): boolean {
  try {
    return namesAnotherKey(certificate, authority)
  } catch {
    return false // identifiers that cannot be read say nothing
  }
}

const titleOf = (name: Name): string => valueOf(name, attributes.commonName) ?? valueOf(name, attributes.organization) ?? rfc2253(name)
