import { createHash, verify } from 'node:crypto'
import { type Certificate, chainOf, isSelfSigned, readCertificate } from '../../x509/certificate.ts'
import { DerError } from '../../x509/der.ts'
import { rfc2253 } from '../../x509/names.ts'
import type { LocalText } from '../../adapter/context.ts'
import { FiscalError } from '../errors.ts'
import { type Check, verdict, type Verification } from '../verification.ts'
import { canonical, digestMethods, dsig, enveloped, hashOf, signatureMethods } from '../xml/algorithms.ts'
import { strictBase64 } from '../xml/base64.ts'
import { canonicalDocument } from '../xml/c14n.ts'
import { attribute, elements, firstElement, textOf, type XmlDocument, type XmlElement } from '../xml/element.ts'
import { parseXml } from '../xml/parse.ts'
import { saysName } from './issuer-text.ts'
import { kindOfXades, signatureParent } from './kinds.ts'
import { agePolicy, facturaePolicy, type XadesProfile } from './profiles.ts'
import { serialNumber, signedPropertiesType, type Signable, signXades, xades, type XadesKey, type XadesMoment } from './sign.ts'

export { kindOfXades }

export interface XadesVerifyOptions {
  /** Authorities that are trusted: then the chain must end at one of them. Without any, a chain is only checked as far as it goes. */
  authorities?: readonly Certificate[]
}

/**
 * Whether a signed comprobante, Facturae or record of the AEAT's holds, and which of its parts does not: `shape`, `digest`, `signature`, `certificate`,
 * `validity`, `issuer_text`, `chain`, `purpose`, `policy`.
 *
 * It shares no code with the signer but the reader: canonical forms come from libxml2, and must be the same as those of our own
 * reader, so that what is read below is what was signed. Each part is taken at its place and not by its Id, so a signed part that
 * was moved aside, with another in its place, does not pass. Throws XmlError, and FiscalError `version_not_supported` for another document.
 */
export async function verifyXades (bytes: Uint8Array, { authorities = [] }: XadesVerifyOptions = {}): Promise<Verification> {
  const document = parseXml(bytes)
  const { root } = document
  const kind = kindOfXades(root)
  if (kind === undefined) throw new FiscalError('version_not_supported', { es: `No se conoce la firma de un documento ${root.qname}.`, en: `How a document ${root.qname} is signed is not known.` })
  const fiscalId = kind === 'sri' ? claveOf(root) : undefined
  const rest = fiscalId === undefined ? {} : { fiscalId }
  const read = readSignature(document)
  if ('problem' in read) return verdict(kind, [{ name: 'shape', ok: false, ...read.problem }], rest)
  const checks: Check[] = []
  const unchecked: string[] = []
  const check = (name: string, ok: boolean, whenOk: LocalText, otherwise: LocalText): void => { checks.push({ name, ok, ...(ok ? whenOk : otherwise) }) }

  const forms = await canonicalForms(bytes, document, read.wholeDocument, root.name === 'RegistroEvento' ? '/*/*[last()]' : '/*')
  check('shape', forms !== undefined, { es: 'La firma cubre el documento, sus propiedades y el certificado.', en: 'The signature covers the document, its properties and the certificate.' },
    { es: 'Dos lectores de XML no leen lo mismo en este documento.', en: 'Two XML readers do not read the same in this document.' })
  if (forms === undefined) return verdict(kind, checks, rest)
  const changed = read.references.filter(({ which, hash, value }) => createHash(hash).update(forms[which]).digest('base64') !== value).map(({ which }) => which)
  check('digest', changed.length === 0, { es: 'Nada de lo firmado cambió.', en: 'Nothing that was signed was changed.' },
    { es: `Cambió después de firmarse: ${changed.map(which => parts[which].es).join(', ')}.`, en: `Changed after it was signed: ${changed.map(which => parts[which].en).join(', ')}.` })

  const leaf = read.leaf
  const holds = leaf !== undefined && leaf.x509.publicKey.asymmetricKeyType === 'rsa' && verify(read.signatureHash, Buffer.from(forms.signedInfo), leaf.x509.publicKey, read.value)
  check('signature', holds, { es: 'La firma es del certificado que lleva.', en: 'The signature is of the certificate in it.' }, { es: 'La firma no es del certificado que lleva.', en: 'The signature is not of the certificate in it.' })
  const problem = certificateProblem(read, kind === 'verifactu')
  check('certificate', problem === undefined, { es: `El certificado es el que la firma dice: ${leaf === undefined ? '' : rfc2253(leaf.subject)}.`, en: `The certificate is the one that the signature names: ${leaf === undefined ? '' : rfc2253(leaf.subject)}.` }, problem ?? { es: '', en: '' })
  if (leaf !== undefined) {
    const { signingTime } = read
    check('validity', signingTime >= leaf.validFrom && signingTime <= leaf.validTo, { es: 'El certificado estaba vigente cuando se firmó.', en: 'The certificate was valid when it was signed.' },
      { es: `El certificado vale del ${day(leaf.validFrom)} al ${day(leaf.validTo)}; se firmó el ${day(signingTime)}.`, en: `The certificate is valid from ${day(leaf.validFrom)} to ${day(leaf.validTo)}; it was signed on ${day(signingTime)}.` })
    check('issuer_text', read.named.filter(({ certificate }, index) => index === 0 || certificate !== undefined || kind !== 'verifactu').every(({ issuer, serial, certificate = leaf }) => saysName(issuer, certificate.issuer) && serial === serialNumber(certificate)),
      { es: 'Emisor y número de serie están escritos como en el certificado.', en: 'Issuer and serial number are written as in the certificate.' },
      { es: `Emisor o número de serie no dicen lo que el certificado: ${rfc2253(leaf.issuer)}, ${serialNumber(leaf)}.`, en: `Issuer or serial number do not say what the certificate does: ${rfc2253(leaf.issuer)}, ${serialNumber(leaf)}.` })
    const chain = chainProblem(leaf, read.certificates, signingTime, authorities)
    if (chain === 'unknown') unchecked.push('chain')
    else {
      check('chain', chain === undefined, isSelfSigned(leaf)
        ? { es: 'El certificado se firmó a sí mismo: no hay autoridad detrás.', en: 'The certificate signed itself: no authority stands behind it.' }
        : { es: 'Cada certificado es de la autoridad que le sigue.', en: 'Each certificate was issued by the one after it.' }, chain ?? { es: '', en: '' })
    }
    const { keyUsage } = leaf
    check('purpose', keyUsage === undefined || keyUsage.has('digitalSignature') || keyUsage.has('nonRepudiation'), { es: 'El certificado sirve para firmar.', en: 'The certificate is made for signing.' },
      { es: `El certificado no es para firmar, sino para ${[...keyUsage ?? []].join(', ')}.`, en: `The certificate is not for signing, but for ${[...keyUsage ?? []].join(', ')}.` })
  }
  if (kind !== 'sri') {
    const { identifier, value } = kind === 'facturae' ? facturaePolicy : agePolicy
    const policy = kind === 'facturae' ? 'Facturae v3.1' : 'la AGE v1.9'
    check('policy', read.policy?.identifier === identifier && read.policy.hash === 'sha1' && read.policy.value === value, { es: `Sigue la política de firma de ${policy}.`, en: `It follows the signature policy of ${policy.replace(/^la /, 'the ')}.` },
      { es: `No sigue la política de firma de ${policy}.`, en: `It does not follow the signature policy of ${policy.replace(/^la /, 'the ')}.` })
  }
  return verdict(kind, checks, { unchecked, ...rest })
}

/**
 * The gate: signs, and gives only what `verifyXades` accepts. Throws what `signXades` throws, FiscalError `key_of_another`, and
 * `signature_refused` that names the broken checks, before anything is sent.
 */
export async function signVerified (document: Signable, profile: XadesProfile, key: XadesKey, moment: XadesMoment): Promise<Buffer> {
  const signed = await signXades(document, profile, key, moment)
  const { ok, checks } = await verifyXades(signed)
  if (ok) return signed
  const broken = checks.filter(check => !check.ok)
  // What was signed just now is what is written here: then it was another key that signed it.
  if (broken.some(({ name }) => name === 'signature')) throw new FiscalError('key_of_another', { es: 'La llave privada no es la de este certificado.', en: 'The private key does not belong to this certificate.' })
  throw new FiscalError('signature_refused', { es: broken.map(({ es }) => es).join(' '), en: broken.map(({ en }) => en).join(' ') }, broken[0]!.name)
}

type Part = 'document' | 'properties' | 'key'
const parts: Readonly<Record<Part, LocalText>> = {
  document: { es: 'el documento', en: 'the document' },
  properties: { es: 'las propiedades de la firma', en: 'the properties of the signature' },
  key: { es: 'el certificado (KeyInfo)', en: 'the certificate (KeyInfo)' }
}

interface NamedCertificate { hash: string | undefined, digest: string, issuer: string, serial: string, certificate: Certificate | undefined }

interface ReadSignature {
  wholeDocument: boolean
  references: { which: Part, hash: string, value: string }[]
  signatureHash: string
  value: Buffer
  /** Of X509Data; undefined where one cannot be read. */
  certificates: (Certificate | undefined)[]
  /** The one that SigningCertificate names first, or else the first of X509Data. */
  leaf: Certificate | undefined
  named: NamedCertificate[]
  /** KeyValue, where there is one. */
  keyValue: { modulus: string, exponent: string } | undefined
  signingTime: Date
  policy: { identifier: string, hash: string | undefined, value: string } | undefined
}

/** Reads the one signature of the document; `problem` says what is not at its place. */
function readSignature ({ root }: XmlDocument): ReadSignature | { problem: LocalText } {
  const bad = (es: string, en: string): { problem: LocalText } => ({ problem: { es, en } })
  const signatures = allNamed(root, 'Signature')
  const signature = elements(signatureParent(root)).at(-1)
  if (signatures.length !== 1 || signature === undefined || signatures[0] !== signature) return bad('Debe llevar una sola firma, como último elemento de la raíz (de Evento, en un registro de evento).', 'It must have exactly one signature, as the last element of the root (of Evento, in a record of an event).')
  const only = (of: XmlElement, namespace: string, ...path: string[]): XmlElement | undefined => path.reduce<XmlElement | undefined>((found, name) => {
    const all = found === undefined ? [] : elements(found, namespace, name)
    return all.length === 1 ? all[0] : undefined
  }, of)
  const [signedInfo, valueElement, keyInfo] = ['SignedInfo', 'SignatureValue', 'KeyInfo'].map(name => only(signature, dsig, name))
  const qualifying = elements(signature, dsig, 'Object').flatMap(object => elements(object, xades, 'QualifyingProperties'))
  const properties = qualifying.length === 1 ? only(qualifying[0]!, xades, 'SignedProperties') : undefined
  if (signedInfo === undefined || valueElement === undefined || keyInfo === undefined || properties === undefined) return bad('A la firma le falta una de sus partes, o la lleva dos veces.', 'A part of the signature is missing, or is there twice.')
  const ids = idsOf(root)
  if (new Set(ids).size !== ids.length) return bad('Dos elementos llevan el mismo Id.', 'Two elements have the same Id.')
  if (attribute(qualifying[0]!, 'Target') !== `#${attribute(signature, 'Id') ?? ''}`) return bad('Las propiedades son de otra firma.', 'The properties are of another signature.')

  const signatureHash = hashOf(signatureMethods, algorithmOf(signedInfo, 'SignatureMethod'))
  if (algorithmOf(signedInfo, 'CanonicalizationMethod') !== canonical || signatureHash === undefined) return bad('La firma usa un algoritmo que no se acepta.', 'The signature uses an algorithm that is not accepted.')
  const references: (ReadSignature['references'][number] & { uri: string })[] = []
  for (const reference of elements(signedInfo, dsig, 'Reference')) {
    const uri = attribute(reference, 'URI')
    const which = uri === undefined
      ? undefined
      : uri === `#${attribute(properties, 'Id') ?? ''}`
        ? 'properties' as const
        : uri === `#${attribute(keyInfo, 'Id') ?? ''}` ? 'key' as const : uri === '' || uri === `#${attribute(root, 'id') ?? attribute(root, 'Id') ?? ''}` ? 'document' as const : undefined
    const hash = hashOf(digestMethods, algorithmOf(reference, 'DigestMethod'))
    const value = only(reference, dsig, 'DigestValue')
    if (which === undefined || uri === '#' || hash === undefined || value === undefined) return bad(`La referencia «${uri ?? ''}» no es a una parte de la firma o al documento, o usa un algoritmo que no se acepta.`, `The reference "${uri ?? ''}" is neither to a part of the signature nor to the document, or uses an algorithm that is not accepted.`)
    const transforms = elements(reference, dsig, 'Transforms').flatMap(all => elements(all)).map(transform => attribute(transform, 'Algorithm'))
    const wanted = which === 'document' ? [enveloped] : []
    if (!wanted.every((transform, index) => transforms[index] === transform) || !transforms.slice(wanted.length).every(transform => transform === canonical)) return bad('Una referencia lleva una transformación que no se acepta.', 'A reference has a transform that is not accepted.')
    if (which === 'properties' && attribute(reference, 'Type') !== signedPropertiesType) return bad('La referencia a las propiedades no lo dice en su Type.', 'The reference to the properties does not say so in its Type.')
    references.push({ which, hash, value: textOf(value).replace(/\s/g, ''), uri: uri! })
  }
  const covered = references.map(({ which }) => which)
  if (new Set(covered).size !== covered.length || !covered.includes('document') || !covered.includes('properties')) return bad('La firma no cubre el documento y sus propiedades, cada uno una vez.', 'The signature does not cover the document and its properties, each once.')
  const value = strictBase64(textOf(valueElement))
  if (value === undefined) return bad('El valor de la firma no es Base64.', 'The value of the signature is not Base64.')

  const signing = only(properties, xades, 'SignedSignatureProperties')
  const signingCertificate = signing === undefined ? undefined : only(signing, xades, 'SigningCertificate')
  const signingTime = new Date(said(signing, xades, 'SigningTime') ?? '')
  if (signing === undefined || signingCertificate === undefined || Number.isNaN(signingTime.getTime())) return bad('Las propiedades no dicen cuándo ni con qué certificado se firmó.', 'The properties do not say when and with which certificate it was signed.')
  const certificates = elements(keyInfo, dsig, 'X509Data').flatMap(data => elements(data, dsig, 'X509Certificate')).map(one => certificateOf(textOf(one)))
  const named = elements(signingCertificate, xades, 'Cert').map((cert): NamedCertificate => {
    const digest = only(cert, xades, 'CertDigest')
    const hash = digest === undefined ? undefined : hashOf(digestMethods, algorithmOf(digest, 'DigestMethod'))
    const text = (digest === undefined ? undefined : said(digest, dsig, 'DigestValue')) ?? ''
    const issuerSerial = only(cert, xades, 'IssuerSerial')
    return {
      hash, digest: text, issuer: said(issuerSerial, dsig, 'X509IssuerName') ?? '', serial: said(issuerSerial, dsig, 'X509SerialNumber') ?? '',
      certificate: hash === undefined ? undefined : certificates.find(one => one !== undefined && createHash(hash).update(one.der).digest('base64') === text)
    }
  })
  const rsa = only(keyInfo, dsig, 'KeyValue', 'RSAKeyValue')
  const policyId = only(signing, xades, 'SignaturePolicyIdentifier', 'SignaturePolicyId')
  const policyHash = policyId === undefined ? undefined : only(policyId, xades, 'SigPolicyHash')
  return {
    wholeDocument: references.some(({ uri }) => uri === ''),
    references,
    signatureHash,
    value,
    certificates,
    leaf: named[0]?.certificate ?? certificates[0],
    named,
    keyValue: rsa === undefined ? undefined : { modulus: said(rsa, dsig, 'Modulus') ?? '', exponent: said(rsa, dsig, 'Exponent') ?? '' },
    signingTime,
    policy: policyId === undefined
      ? undefined
      : { identifier: said(only(policyId, xades, 'SigPolicyId'), xades, 'Identifier') ?? '', hash: policyHash === undefined ? undefined : hashOf(digestMethods, algorithmOf(policyHash, 'DigestMethod')), value: said(policyHash, dsig, 'DigestValue') ?? '' }
  }
}

/** `pathNamed`: the AEAT's own sample names the certificates above the signer's, and does not hold them. */
function certificateProblem ({ certificates, leaf, named, keyValue }: ReadSignature, pathNamed: boolean): LocalText | undefined {
  if (leaf === undefined || certificates.includes(undefined)) return { es: 'La firma no lleva un certificado que se lea.', en: 'The signature holds no certificate that can be read.' }
  if (leaf.x509.publicKey.asymmetricKeyType !== 'rsa') return { es: 'La llave del certificado no es RSA.', en: 'The certificate’s key is not RSA.' }
  if (named.length === 0 || named.slice(0, pathNamed ? 1 : undefined).some(({ certificate }) => certificate === undefined)) return { es: 'El resumen de SigningCertificate no es el del certificado que lleva.', en: 'The digest in SigningCertificate is not that of the certificate in it.' }
  if (keyValue === undefined) return undefined
  const { n = '', e = '' } = leaf.x509.publicKey.export({ format: 'jwk' })
  const is = (text: string, known: string): boolean => strictBase64(text)?.equals(Buffer.from(known, 'base64url')) === true
  return is(keyValue.modulus, n) && is(keyValue.exponent, e) ? undefined : { es: 'KeyValue no es la llave del certificado.', en: 'KeyValue is not the certificate’s key.' }
}

/** `unknown` when the authority's certificate is not at hand. */
function chainProblem (leaf: Certificate, held: readonly (Certificate | undefined)[], at: Date, authorities: readonly Certificate[]): LocalText | 'unknown' | undefined {
  const others = held.filter((one): one is Certificate => one !== undefined && !one.der.equals(leaf.der))
  const { chain } = chainOf(leaf, [...others, ...authorities])
  const strangers = others.filter(other => !chain.includes(other))
  if (strangers.length > 0) return { es: `Lleva un certificado que no emitió al anterior: ${rfc2253(strangers[0]!.subject)}.`, en: `It holds a certificate that did not issue the one before it: ${rfc2253(strangers[0]!.subject)}.` }
  for (const above of chain) {
    if (!above.ca || (above.keyUsage !== undefined && !above.keyUsage.has('keyCertSign'))) return { es: `No es de una autoridad: ${rfc2253(above.subject)}.`, en: `It is not an authority’s: ${rfc2253(above.subject)}.` }
    if (at < above.validFrom || at > above.validTo) return { es: `No estaba vigente cuando se firmó: ${rfc2253(above.subject)}.`, en: `It was not valid when it was signed: ${rfc2253(above.subject)}.` }
  }
  if (authorities.length > 0) {
    return [leaf, ...chain].some(one => authorities.some(({ der }) => der.equals(one.der))) ? undefined : { es: `Ninguna de las autoridades dadas emitió el certificado; lo emitió ${rfc2253(leaf.issuer)}.`, en: `None of the given authorities issued the certificate; ${rfc2253(leaf.issuer)} did.` }
  }
  return chain.length === 0 && !isSelfSigned(leaf) ? 'unknown' : undefined
}

/**
 * What the references and the signature are over, as libxml2 canonicalises it. Undefined when our own reader would canonicalise
 * the document differently.
 */
async function canonicalForms (bytes: Uint8Array, document: XmlDocument, wholeDocument: boolean, parent: string): Promise<Record<Part | 'signedInfo', string> | undefined> {
  const { XmlDocument: Libxml, XmlError: LibxmlError, ParseOption } = await import('libxml2-wasm')
  const option = ParseOption.XML_PARSE_NONET | ParseOption.XML_PARSE_NO_XXE | ParseOption.XML_PARSE_BIG_LINES
  const names = { ds: dsig, xades }
  const text = Buffer.from(bytes)
  let signed: InstanceType<typeof Libxml> | undefined
  try {
    signed = Libxml.fromBuffer(text, { option })
    if (signed.canonicalizeToString() !== canonicalDocument(document)) return undefined
    signed.get(`${parent}/ds:Signature`, names)!.remove()
    const whole = wholeDocument ? signed.canonicalizeToString() : signed.root.canonicalizeToString()
    // The parts of the signature see the namespaces of the root, and none of its content.
    const beside = Libxml.fromBuffer(text, { option })
    try {
      for (const node of beside.find(`${parent}/*[not(self::ds:Signature)]${parent === '/*' ? '' : ' | /*/*[position() < last()]'}`, names)) node.remove()
      const part = (xpath: string): string => beside.get(`${parent}/ds:Signature/${xpath}`, names)!.canonicalizeToString()
      return { document: whole, signedInfo: part('ds:SignedInfo'), key: part('ds:KeyInfo'), properties: part('ds:Object/xades:QualifyingProperties/xades:SignedProperties') }
    } finally {
      beside.dispose()
    }
  } catch (error) {
    // It does not parse, or it has no canonical form: a relative namespace name (Canonical XML 1.0, 1.3).
    if (error instanceof LibxmlError) return undefined
    throw error
  } finally {
    signed?.dispose()
  }
}

function algorithmOf (of: XmlElement, name: string): string | undefined {
  const found = elements(of, dsig, name)
  return found.length === 1 ? attribute(found[0]!, 'Algorithm') : undefined
}

/** The text of an only child, without white space around it. */
function said (of: XmlElement | undefined, namespace: string, name: string): string | undefined {
  const found = of === undefined ? [] : elements(of, namespace, name)
  return found.length === 1 ? textOf(found[0]!).trim() : undefined
}

function certificateOf (base64: string): Certificate | undefined {
  const der = strictBase64(base64)
  try {
    return der === undefined ? undefined : readCertificate(der)
  } catch (error) {
    if (error instanceof DerError) return undefined
    throw error
  }
}

function allNamed (of: XmlElement, name: string): XmlElement[] {
  return elements(of).flatMap(child => [...child.name === name && child.namespace === dsig ? [child] : [], ...allNamed(child, name)])
}

function idsOf (of: XmlElement): string[] {
  const own = of.attributes.filter(({ name, namespace }) => /^id$/i.test(name) && (namespace === '' || namespace.endsWith('/XML/1998/namespace'))).map(({ value }) => value)
  return [...own, ...elements(of).flatMap(idsOf)]
}

function claveOf (root: XmlElement): string | undefined {
  const info = firstElement(root, '', 'infoTributaria')
  return said(info, '', 'claveAcceso')
}

const day = (date: Date): string => date.toISOString().slice(0, 10)
