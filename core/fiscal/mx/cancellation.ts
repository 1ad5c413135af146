import { FiscalError } from '../errors.ts'
import { type Check, verdict, type Verification } from '../verification.ts'
import { type EnvelopedSignature, envelopedSignature, signatureElement, type SignatureAlgorithm, signEnveloped } from '../xml/dsig.ts'
import { attribute, elements, type XmlDocument, type XmlElement } from '../xml/element.ts'
import { parseXml } from '../xml/parse.ts'
import { writeXml } from '../xml/write.ts'
import { xsi } from './namespaces.ts'
import { readSatCertificate, type SatCertificate } from './sat-certificate.ts'
import { localTime } from './zones.ts'

/** Documents of the SAT's cancellation service (CancelaCfdi.xsd and phpcfdi/xml-cancelacion 2026). */
export const cancelacion = 'http://cancelacfd.sat.gob.mx'
/** The SAT's service runs by the clock of the centre of the country. */
const zone = 'America/Mexico_City'

/** 01 with a substitute, 02 without relation, 03 not carried out, 04 nominative in a global invoice. */
export interface CancelledFolio {
  uuid: string
  motive: string
  /** UUID of the document that replaces it: with motive 01, and only then. */
  substitute?: string
}

export interface Signing {
  certificate: SatCertificate
  sign: (bytes: Uint8Array, algorithm: SignatureAlgorithm) => Uint8Array | Promise<Uint8Array>
  /** RSA-SHA1 unless told: all public samples that the SAT took have it. */
  algorithm?: SignatureAlgorithm
}

/** A request to cancel, signed by the issuer. One UUID for a request is what PACs recommend. Throws FiscalError `value_invalid` and those of the certificate. */
export async function signCancellation ({ issuerRfc, folios, at }: { issuerRfc: string, folios: readonly CancelledFolio[], at: Date }, signing: Signing): Promise<Buffer> {
  if (folios.length === 0) throw new FiscalError('value_invalid', { es: 'No se indica ningún UUID que cancelar.', en: 'No UUID to cancel is named.' }, 'folios')
  const root = element('Cancelacion', folios.map(folio => element('Folios', [element('Folio', [], folioAttributes(folio))])), { RfcEmisor: issuerRfc, Fecha: localTime(at, zone) })
  return await signed(root, issuerRfc, signing)
}

/** The receiver's answer to a request of the issuer. */
export async function signAnswer ({ receiverRfc, pacRfc, uuid, answer, at }: { receiverRfc: string, pacRfc: string, uuid: string, answer: 'Aceptacion' | 'Rechazo', at: Date }, signing: Signing): Promise<Buffer> {
  const root = element('SolicitudAceptacionRechazo', [
    element('Folios', [element('UUID', [checkedUuid(uuid, 'uuid')]), element('Respuesta', [answer])])
  ], { Fecha: localTime(at, zone), RfcPacEnviaSolicitud: pacRfc, RfcReceptor: receiverRfc })
  return await signed(root, receiverRfc, signing)
}

/** Asks which documents are related to one, as its issuer or its receiver: related ones must be cancelled first. */
export async function signRelatedQuery ({ rfc, role, pacRfc, uuid }: { rfc: string, role: 'issuer' | 'receiver', pacRfc: string, uuid: string }, signing: Signing): Promise<Buffer> {
  const root = element('PeticionConsultaRelacionados', [], {
    RfcEmisor: role === 'issuer' ? rfc : '', RfcPacEnviaSolicitud: pacRfc, RfcReceptor: role === 'receiver' ? rfc : '', Uuid: checkedUuid(uuid, 'uuid')
  })
  return await signed(root, rfc, signing)
}

export interface ReadCancellation {
  /** The signature holds, and its certificate is a CSD of the issuer. */
  ok: boolean
  /** RFC. */
  issuer: string
  /** Local time of the centre of the country. */
  at: string
  folios: CancelledFolio[]
}

/** What a signed Cancelacion asks for. Throws XmlError, and FiscalError `not_a_cfdi` for another document. */
export function readCancellation (bytes: Uint8Array): ReadCancellation {
  const document = parseXml(bytes)
  const { root } = document
  if (kindOfCancellation(root) !== 'cancelacion') throw new FiscalError('not_a_cfdi', { es: `El documento es ${root.qname}, no una Cancelacion.`, en: `The document is ${root.qname}, not a Cancelacion.` })
  return {
    ok: verifyTree(document).ok,
    issuer: attribute(root, 'RfcEmisor') ?? '',
    at: attribute(root, 'Fecha') ?? '',
    folios: elements(root, cancelacion, 'Folios').flatMap(folios => elements(folios, cancelacion, 'Folio')).map(folio => {
      const substitute = attribute(folio, 'FolioSustitucion') ?? ''
      return { uuid: attribute(folio, 'UUID') ?? '', motive: attribute(folio, 'Motivo') ?? '', ...substitute !== '' && { substitute } }
    })
  }
}

const kinds: Readonly<Record<string, string>> = { Cancelacion: 'cancelacion', SolicitudAceptacionRechazo: 'aceptacion_rechazo', PeticionConsultaRelacionados: 'consulta_relacionados' }

/** Undefined for what is none of these documents. */
export function kindOfCancellation ({ name, namespace }: XmlElement): string | undefined {
  return namespace === cancelacion ? kinds[name] : undefined
}

/** Whether a signed request is untouched and signed by a certificate of whom it names. Throws XmlError, and FiscalError `not_a_cfdi`. */
export function verifyCancellation (bytes: Uint8Array): Verification {
  const document = parseXml(bytes)
  if (kindOfCancellation(document.root) === undefined) throw new FiscalError('not_a_cfdi', { es: `El documento es ${document.root.qname}, no uno de cancelación.`, en: `The document is ${document.root.qname}, not one of cancellation.` })
  return verifyTree(document)
}

function verifyTree (document: XmlDocument): Verification {
  const { root } = document
  const kind = kindOfCancellation(root)!
  const checks: Check[] = []
  const check = (name: string, ok: boolean, es: string, en: string): void => { checks.push({ name, ok, es, en }) }
  const signature = envelopedSignature(document)
  if (signature === undefined) {
    check('signature', false, 'No lleva una firma, o lleva varias.', 'It has no signature, or several.')
    return verdict(kind, checks)
  }
  check('shape', signature.shape, 'La firma debe ser «enveloped», de todo el documento y con RSA.', 'The signature must be enveloped, of the whole document and with RSA.')
  check('digest', signature.digest, signature.digest ? 'El documento es el que se firmó.' : 'El documento se cambió después de firmarlo.', signature.digest ? 'The document is the one that was signed.' : 'The document was changed after it was signed.')
  const certificate = certificateOf(signature.certificate)
  const holds = certificate !== undefined && signature.signature(certificate.publicKey)
  check('signature', holds, holds ? 'La firma es del certificado que lleva.' : 'La firma no es del certificado que lleva.', holds ? 'The signature is of the certificate in it.' : 'The signature is not of the certificate in it.')
  if (certificate !== undefined) {
    const rfcs = [attribute(root, 'RfcEmisor'), attribute(root, 'RfcReceptor')]
    check('certificate_holder', certificate.rfc !== '' && rfcs.includes(certificate.rfc), `El certificado es de ${certificate.rfc || 'nadie con RFC'}.`, `The certificate belongs to ${certificate.rfc || 'nobody with an RFC'}.`)
    check('key_info', agrees(signature.said, certificate), 'Lo que KeyInfo dice del certificado.', 'What KeyInfo says of the certificate.')
    check('certificate', certificate.kind === 'csd', `El certificado ${certificate.noCertificado} ${certificate.kind === 'csd' ? 'es' : 'no es'} un CSD.`, `The certificate ${certificate.noCertificado} ${certificate.kind === 'csd' ? 'is' : 'is not'} a CSD.`)
  }
  return verdict(kind, checks)
}

/** Programs write the serial number as its 20 digits or as the number that they are the bytes of. */
function agrees ({ serialNumber, modulus, exponent }: EnvelopedSignature['said'], { noCertificado, serialNumber: number, publicKey }: SatCertificate): boolean {
  const { n, e } = publicKey.export({ format: 'jwk' })
  const same = (said: string | undefined, known: string | undefined): boolean => said === undefined || said === Buffer.from(known ?? '', 'base64url').toString('base64')
  return (serialNumber === undefined || serialNumber === noCertificado || serialNumber === number) && same(modulus, n) && same(exponent, e)
}

function certificateOf (der: Uint8Array | undefined): SatCertificate | undefined {
  try {
    return der === undefined ? undefined : readSatCertificate(der)
  } catch (error) {
    if (error instanceof FiscalError) return undefined
    throw error
  }
}

async function signed (root: XmlElement, rfc: string, { certificate, sign, algorithm = 'RSA-SHA1' }: Signing): Promise<Buffer> {
  if (certificate.kind !== 'csd') {
    throw new FiscalError('certificate_not_csd', { es: 'Se firma con el certificado de sello digital (CSD), no con la e.firma (FIEL).', en: 'It is signed with the certificado de sello digital (CSD), not with the e.firma (FIEL).' })
  }
  if (certificate.rfc !== rfc) {
    throw new FiscalError('certificate_of_another', { es: `El certificado es de ${certificate.rfc} y quien pide es ${rfc}.`, en: `The certificate belongs to ${certificate.rfc} and ${rfc} is asking.` })
  }
  const document: XmlDocument = { root, before: [], after: [] }
  await signEnveloped(document, algorithm, keyInfo(certificate), async bytes => await sign(bytes, algorithm))
  if (!verifyTree(document).ok) throw new FiscalError('key_of_another', { es: 'La llave privada no es la de este certificado.', en: 'The private key does not belong to this certificate.' })
  return Buffer.from(writeXml(document).replace('?>\n', '?>'))
}

/** As phpcfdi/xml-cancelacion writes it, which the SAT takes: the name in the order of the certificate, the number in its 20 digits. */
function keyInfo ({ base64, issuer, noCertificado, publicKey }: SatCertificate): XmlElement[] {
  const { n = '', e = '' } = publicKey.export({ format: 'jwk' })
  const base64Of = (url: string): string => Buffer.from(url, 'base64url').toString('base64')
  return [
    signatureElement('X509Data', [
      signatureElement('X509IssuerSerial', [
        signatureElement('X509IssuerName', [issuer.rdns.flat().map(({ oid, value }) => `${keywords[oid] ?? oid}=${value.replace(/[,+"\\<>;]|^[ #]| $/g, '\\$&')}`).join(',')]),
        signatureElement('X509SerialNumber', [noCertificado])
      ]),
      signatureElement('X509Certificate', [base64])
    ]),
    signatureElement('KeyValue', [signatureElement('RSAKeyValue', [signatureElement('Modulus', [base64Of(n)]), signatureElement('Exponent', [base64Of(e)])])])
  ]
}

/** OpenSSL's short names, which these documents use. */
const keywords: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN', '2.5.4.6': 'C', '2.5.4.7': 'L', '2.5.4.8': 'ST', '2.5.4.9': 'street', '2.5.4.10': 'O', '2.5.4.11': 'OU', '2.5.4.17': 'postalCode',
  '2.5.4.45': 'x500UniqueIdentifier', '1.2.840.113549.1.9.1': 'emailAddress', '1.2.840.113549.1.9.2': 'unstructuredName'
}

function folioAttributes ({ uuid, motive, substitute }: CancelledFolio): Record<string, string> {
  if (!['01', '02', '03', '04'].includes(motive)) throw new FiscalError('value_invalid', { es: `El motivo «${motive}» no es 01, 02, 03 ni 04.`, en: `The motive "${motive}" is none of 01, 02, 03 and 04.` }, 'motive')
  if ((motive === '01') !== (substitute !== undefined)) {
    throw new FiscalError('value_invalid', motive === '01'
      ? { es: 'El motivo 01 pide el UUID del CFDI que sustituye.', en: 'Motive 01 asks for the UUID of the CFDI that replaces it.' }
      : { es: `El motivo ${motive} no lleva CFDI que sustituya.`, en: `Motive ${motive} takes no CFDI that replaces it.` }, 'substitute')
  }
  return { UUID: checkedUuid(uuid, 'uuid'), Motivo: motive, ...substitute !== undefined && { FolioSustitucion: checkedUuid(substitute, 'substitute') } }
}

function checkedUuid (text: string, path: string): string {
  if (!/^[\dA-Fa-f]{8}(?:-[\dA-Fa-f]{4}){3}-[\dA-Fa-f]{12}$/.test(text)) throw new FiscalError('value_invalid', { es: `«${text}» no es un UUID.`, en: `"${text}" is not a UUID.` }, path)
  return text
}

function element (name: string, children: readonly (XmlElement | string)[], attributes: Readonly<Record<string, string>> = {}): XmlElement {
  const isRoot = Object.hasOwn(kinds, name)
  return {
    ...signatureElement(name, children, attributes),
    namespace: cancelacion,
    namespaces: isRoot ? [['', cancelacion], ['xsd', 'http://www.w3.org/2001/XMLSchema'], ['xsi', xsi]] : []
  }
}
