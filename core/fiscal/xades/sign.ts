import { hash } from 'node:crypto'
import { type Certificate, chainOf, readCertificate } from '../../x509/certificate.ts'
import { DerError } from '../../x509/der.ts'
import { rfc2253 } from '../../x509/names.ts'
import { FiscalError } from '../errors.ts'
import { canonical, digestMethods, dsig, enveloped, signatureMethods, type DigestMethod, type SignatureMethod } from '../xml/algorithms.ts'
import { canonicalDocument, canonicalElement } from '../xml/c14n.ts'
import { attribute, firstElement, type XmlAttribute, type XmlDocument, type XmlElement } from '../xml/element.ts'
import { escapeText } from '../xml/write.ts'
import type { WrittenXml } from '../xml/written.ts'
import type { XadesProfile } from './profiles.ts'
import { zonedTime } from './time.ts'

export const xades = 'http://uri.etsi.org/01903/v1.3.2#'
export const signedPropertiesType = 'http://uri.etsi.org/01903#SignedProperties'

/** Whose signature it is. `Signer` of core/certificates is one. */
export interface XadesKey {
  /** DER. */
  certificate: Uint8Array
  /** DER, those above it. */
  chain?: readonly Uint8Array[]
  sign: (bytes: Uint8Array, algorithm: SignatureMethod) => Uint8Array | Promise<Uint8Array>
}

/** A document: written already, or as a tree, alone or with what stands around its root. */
export type Signable = WrittenXml | XmlDocument | XmlElement

/** What is not the document's nor the profile's: given, so that the same call makes the same bytes. */
export interface XadesMoment {
  at: Date
  /** IANA zone whose offset SigningTime shows. */
  zone: string
  /** Random, of letters, digits, `-`, `_` and `.`: makes the Ids of this signature. */
  id: string
}

/**
 * Signs a document and writes it. It is written in its canonical form, and so is each signed part of the signature, so the very
 * strings that go out are the ones that were digested; nothing is serialised again. Keep the bytes as they are.
 *
 * `signVerified` is the one to send from: this one does not look at the result.
 * Throws FiscalError: `already_signed`, `not_signable` (no `id` on the root where the profile refers to it), `certificate_unreadable`,
 * `certificate_not_rsa`.
 */
export async function signXades (document: Signable, profile: XadesProfile, key: XadesKey, moment: XadesMoment): Promise<Buffer> {
  const root = 'root' in document ? document.root : document
  assertSignable(root, profile, moment)
  const certificates = prepared(key, profile.chain)
  const names = idsOf(moment.id)
  const digest = (text: string | Buffer): string => hash(digestMethods[profile.digest].hash, text, 'base64')
  const apex = inheritedBy(root)

  const written = Buffer.from('text' in document ? document.text : 'root' in document ? canonicalDocument(document) : canonicalElement(root, []))
  const alone = !('before' in document) || document.before.length + document.after.length === 0
  const signed = profile.document === 'whole' || alone ? written : canonicalElement(root, [])
  const properties = element('xades:SignedProperties', { Id: names.properties }, propertiesOf(profile, certificates, moment, names))
  const uri = profile.document === 'whole' ? '' : `#${attribute(root, 'id')!}`
  const digestOf = `<ds:DigestMethod Algorithm="${digestMethods[profile.digest].uri}"></ds:DigestMethod>`
  const references = {
    document: () => `<ds:Reference Id="${names.reference}" URI="${uri}"><ds:Transforms><ds:Transform Algorithm="${enveloped}"></ds:Transform></ds:Transforms>${digestOf}<ds:DigestValue>${digest(signed)}</ds:DigestValue></ds:Reference>`,
    properties: () => `<ds:Reference Id="${names.propertiesReference}" Type="${signedPropertiesType}" URI="#${names.properties}">${digestOf}<ds:DigestValue>${digest(properties(apex))}</ds:DigestValue></ds:Reference>`,
    key: () => `<ds:Reference URI="#${certificates.keyId}">${digestOf}<ds:DigestValue>${certificates.keyDigest(profile.digest, apex)}</ds:DigestValue></ds:Reference>`
  }
  const signedInfo = element('ds:SignedInfo', { Id: names.signedInfo },
    `<ds:CanonicalizationMethod Algorithm="${canonical}"></ds:CanonicalizationMethod><ds:SignatureMethod Algorithm="${signatureMethods[profile.signature].uri}"></ds:SignatureMethod>${profile.order.map(which => references[which]()).join('')}`)
  const signedBytes = Buffer.from(signedInfo(apex))
  const value = await key.sign(signedBytes, profile.signature)
  const signature = `<ds:Signature xmlns:ds="${dsig}" xmlns:xades="${xades}" Id="${names.signature}">${signedInfo()}<ds:SignatureValue Id="${names.value}">${Buffer.from(value).toString('base64')}</ds:SignatureValue>${certificates.keyInfo()}<ds:Object Id="${names.object}"><xades:QualifyingProperties Target="#${names.signature}">${properties()}</xades:QualifyingProperties></ds:Object></ds:Signature>`
  const end = written.lastIndexOf(`</${profile.within ?? root.qname}>`)
  return Buffer.concat([declaration, written.subarray(0, end), Buffer.from(signature), written.subarray(end)])
}

const declaration = Buffer.from('<?xml version="1.0" encoding="UTF-8"?>\n')

function assertSignable (root: XmlElement, profile: XadesProfile, { id }: XadesMoment): void {
  if (!/^[\w.-]{1,100}$/.test(id)) throw new Error('the id of a signature is made of letters, digits, "-", "_" and "."')
  if (firstElement(root, dsig, 'Signature') !== undefined) throw new FiscalError('already_signed', { es: 'El documento ya lleva una firma.', en: 'The document is signed already.' })
  if (profile.document === 'root' && !/^[A-Za-z_][\w.-]*$/.test(attribute(root, 'id') ?? '')) {
    throw new FiscalError('not_signable', { es: 'A la raíz le falta su atributo id, al que la firma se refiere.', en: 'The root has no attribute id, which the signature refers to.' })
  }
}

const idsOf = (id: string) => ({
  signature: `Signature-${id}`, signedInfo: `SignedInfo-${id}`, value: `SignatureValue-${id}`, object: `Object-${id}`, properties: `SignedProperties-${id}`,
  reference: `Reference-${id}`, propertiesReference: `SignedPropertiesReference-${id}`
})

/** Writes an element in its place, or, given what its ancestors declare, as the head of a canonical form of its own. */
function element (name: string, { Id }: { Id: string }, content: string): (apex?: Apex) => string {
  return apex => apex === undefined ? `<${name} Id="${Id}">${content}</${name}>` : `<${name}${apex.namespaces} Id="${Id}"${apex.attributes}>${content}</${name}>`
}

interface Apex { namespaces: string, attributes: string }

/**
 * What stands on the head of a part that is canonicalised by itself (https://www.w3.org/TR/2001/REC-xml-c14n-20010315 §2.4): every
 * namespace in scope there, sorted by prefix, and the root's `xml:` attributes.
 */
function inheritedBy (root: XmlElement): Apex {
  const xml = root.attributes.filter(({ qname }: XmlAttribute) => qname.startsWith('xml:'))
  // Of each kind of document it is the same each time.
  return xml.length > 0 ? apexOf(root.namespaces, xml) : remembered(apexes, JSON.stringify(root.namespaces), () => apexOf(root.namespaces, []))
}

const apexes = new Map<string, Apex>()

function apexOf (namespaces: XmlElement['namespaces'], attributes: XmlAttribute[]): Apex {
  const probe: XmlElement = { kind: 'element', qname: 'x', name: 'x', namespace: '', attributes, namespaces: [...new Map([...namespaces, ['ds', dsig], ['xades', xades]] as [string, string][])], children: [] }
  const inner = (element: XmlElement): string => canonicalElement(element, []).slice('<x'.length, -'></x>'.length)
  return { namespaces: inner({ ...probe, attributes: [] }), attributes: inner({ ...probe, namespaces: [] }) }
}

function propertiesOf ({ digest, policy, role, format }: XadesProfile, { certDigest, issuerSerial }: Prepared, { at, zone }: XadesMoment, names: ReturnType<typeof idsOf>): string {
  const signing = `<xades:SigningTime>${zonedTime(at, zone)}</xades:SigningTime><xades:SigningCertificate><xades:Cert><xades:CertDigest><ds:DigestMethod Algorithm="${digestMethods[digest].uri}"></ds:DigestMethod><ds:DigestValue>${certDigest(digest)}</ds:DigestValue></xades:CertDigest>${issuerSerial}</xades:Cert></xades:SigningCertificate>`
  const policyId = policy === undefined
    ? ''
    : `<xades:SignaturePolicyIdentifier><xades:SignaturePolicyId><xades:SigPolicyId><xades:Identifier>${escapeText(policy.identifier)}</xades:Identifier><xades:Description>${escapeText(policy.description)}</xades:Description></xades:SigPolicyId><xades:SigPolicyHash><ds:DigestMethod Algorithm="${digestMethods[policy.digest].uri}"></ds:DigestMethod><ds:DigestValue>${policy.value}</ds:DigestValue></xades:SigPolicyHash>${policy.uri === undefined ? '' : `<xades:SigPolicyQualifiers><xades:SigPolicyQualifier><xades:SPURI>${escapeText(policy.uri)}</xades:SPURI></xades:SigPolicyQualifier></xades:SigPolicyQualifiers>`}</xades:SignaturePolicyId></xades:SignaturePolicyIdentifier>`
  const claimed = role === undefined ? '' : `<xades:SignerRole><xades:ClaimedRoles><xades:ClaimedRole>${escapeText(role)}</xades:ClaimedRole></xades:ClaimedRoles></xades:SignerRole>`
  const object = format.oid === undefined ? '' : `<xades:ObjectIdentifier><xades:Identifier Qualifier="OIDAsURN">${escapeText(format.oid)}</xades:Identifier></xades:ObjectIdentifier>`
  return `<xades:SignedSignatureProperties>${signing}${policyId}${claimed}</xades:SignedSignatureProperties><xades:SignedDataObjectProperties><xades:DataObjectFormat ObjectReference="#${names.reference}"><xades:Description>${escapeText(format.description)}</xades:Description>${object}<xades:MimeType>${escapeText(format.mimeType)}</xades:MimeType></xades:DataObjectFormat></xades:SignedDataObjectProperties>`
}

/** What of a signature depends on the certificates alone. */
interface Prepared {
  /** Named for the certificate: so this part of a signature is the same each time, and so is its digest. */
  keyId: string
  keyInfo: (apex?: Apex) => string
  keyDigest: (digest: DigestMethod, apex: Apex) => string
  certDigest: (digest: DigestMethod) => string
  issuerSerial: string
}

const kept = new Map<string, Prepared>()
const keptAtMost = 500

/** Of what is asked for again and again the last few answers; the oldest goes where there are too many. */
function remembered<T> (where: Map<string, T>, key: string, make: () => T): T {
  const known = where.get(key)
  if (known !== undefined) return known
  if (where.size >= keptAtMost) where.delete(where.keys().next().value!)
  const made = make()
  where.set(key, made)
  return made
}

/** Reading a certificate costs as much as signing, so it is kept as it is written. Nothing of it is secret. */
function prepared ({ certificate, chain = [] }: XadesKey, withChain: boolean): Prepared {
  const above = withChain ? chain : []
  return remembered(kept, [certificate, ...above].map(latin1).join(''), () => prepare(certificate, above))
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')

function prepare (certificate: Uint8Array, above: readonly Uint8Array[]): Prepared {
  const leaf = readOrRefuse(certificate)
  const { publicKey } = leaf.x509
  if (publicKey.asymmetricKeyType !== 'rsa') {
    throw new FiscalError('certificate_not_rsa', {
      es: `La llave del certificado es ${publicKey.asymmetricKeyType?.toUpperCase()}; el formato de esta firma pide RSA.`, en: `The certificate’s key is ${publicKey.asymmetricKeyType?.toUpperCase()}; the format of this signature asks for RSA.`
    })
  }
  const { n = '', e = '' } = publicKey.export({ format: 'jwk' })
  const base64 = (url: string): string => Buffer.from(url, 'base64url').toString('base64')
  const { chain } = chainOf(leaf, above.map(readOrRefuse))
  const digests = new Map<string, string>()
  const keyId = `KeyInfo-${hash('sha256', leaf.der).slice(0, 16)}`
  const keyInfo = element('ds:KeyInfo', { Id: keyId },
    `<ds:X509Data>${[leaf, ...chain].map(({ der }) => `<ds:X509Certificate>${der.toString('base64')}</ds:X509Certificate>`).join('')}</ds:X509Data><ds:KeyValue><ds:RSAKeyValue><ds:Modulus>${base64(n)}</ds:Modulus><ds:Exponent>${base64(e)}</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>`)
  return {
    keyId,
    keyInfo,
    keyDigest: (digest, apex) => remembered(digests, `${digest}${apex.namespaces}${apex.attributes}`, () => hash(digestMethods[digest].hash, keyInfo(apex), 'base64')),
    certDigest: digest => remembered(digests, digest, () => hash(digestMethods[digest].hash, leaf.der, 'base64')),
    issuerSerial: `<xades:IssuerSerial><ds:X509IssuerName>${escapeText(rfc2253(leaf.issuer, { exact: true }))}</ds:X509IssuerName><ds:X509SerialNumber>${serialNumber(leaf)}</ds:X509SerialNumber></xades:IssuerSerial>`
  }
}

/** Decimal, as XML signatures write it. */
export const serialNumber = ({ serial }: Certificate): string => BigInt(`0x${serial.toString('hex') || '0'}`).toString()

function readOrRefuse (der: Uint8Array): Certificate {
  try {
    return readCertificate(der)
  } catch (error) {
    if (error instanceof DerError) throw new FiscalError('certificate_unreadable', { es: 'El certificado no se puede leer.', en: 'The certificate cannot be read.' })
    throw error
  }
}
