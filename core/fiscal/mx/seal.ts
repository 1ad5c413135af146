import { verify } from 'node:crypto'
import { FiscalError } from '../errors.ts'
import { attribute, elements, firstElement, type XmlDocument, type XmlElement } from '../xml/element.ts'
import { parseXml } from '../xml/parse.ts'
import { writeXml } from '../xml/write.ts'
import { buildCfdi } from './build.ts'
import { assertCfdi40, cadenaOriginal } from './cadena.ts'
import type { Comprobante } from './model.ts'
import { cfdi, tfd } from './namespaces.ts'
import type { SatCertificate } from './sat-certificate.ts'
import { instantOf, localTime, zoneOf } from './zones.ts'

export type SealInput = ({ model: Comprobante, xml?: undefined } | { xml: Uint8Array, model?: undefined }) & {
  certificate: SatCertificate
  /** RSA PKCS#1 v1.5 with SHA-256 over these bytes, by the certificate's private key, wherever that is kept. */
  sign: (cadena: Uint8Array) => Uint8Array | Promise<Uint8Array>
  /** IANA zone in which Fecha is said; that of LugarExpedicion unless told. */
  zone?: string
  /** The moment of issue, for a document without Fecha. One that has it keeps it. */
  at?: Date
}

export interface SealedCfdi {
  /** The document as it goes to the PAC. From here on its bytes are kept as they are. */
  xml: Uint8Array
  cadena: string
  sello: string
  noCertificado: string
}

/**
 * Puts Certificado, NoCertificado and Sello into a CFDI 4.0 and writes it. One that is sealed already is sealed anew; a stamped
 * one only when its Sello stays the same, because the timbre is of that Sello.
 *
 * Throws FiscalError: `certificate_not_csd` for a FIEL or another, `certificate_of_another` when its RFC is not Emisor's,
 * `certificate_not_valid_then` when Fecha is outside its validity (the PAC would answer CFDI40106), `key_of_another` when the
 * signature does not verify with the certificate, `already_stamped`, and what `buildCfdi` and `cadenaOriginal` throw.
 */
export async function sealCfdi ({ model, xml, certificate, sign, zone, at }: SealInput): Promise<SealedCfdi> {
  const document: XmlDocument = model === undefined ? parseXml(xml) : { root: buildCfdi(model), before: [], after: [] }
  const { root } = document
  assertCfdi40(root)
  if (at !== undefined && attribute(root, 'Fecha') === undefined) set(root, 'Fecha', localTime(at, zone ?? placeZone(root)))
  assertMaySeal(root, certificate, zone)
  const selloBefore = attribute(root, 'Sello')
  set(root, 'NoCertificado', certificate.noCertificado)
  set(root, 'Certificado', certificate.base64)
  const cadena = cadenaOriginal(root)
  const bytes = Buffer.from(cadena)
  const signature = await sign(bytes)
  // Cheap beside the signing, and the one check that the key and the certificate are a pair.
  if (!verify('sha256', bytes, certificate.publicKey, signature)) {
    throw new FiscalError('key_of_another', { es: 'La llave privada no es la de este certificado.', en: 'The private key does not belong to this certificate.' })
  }
  const sello = Buffer.from(signature.buffer, signature.byteOffset, signature.length).toString('base64')
  if (sello !== selloBefore && timbreOf(root) !== undefined) {
    throw new FiscalError('already_stamped', {
      es: 'El CFDI ya está timbrado y este sello sería otro: el timbre dejaría de corresponder. Selle un documento sin timbre.',
      en: 'The CFDI is stamped and this seal would differ: the timbre would no longer belong to it. Seal a document without a timbre.'
    })
  }
  set(root, 'Sello', sello)
  return { xml: Buffer.from(writeXml(document)), cadena, sello, noCertificado: certificate.noCertificado }
}

/** The timbre fiscal digital of a stamped CFDI. */
export function timbreOf (root: XmlElement): XmlElement | undefined {
  for (const complemento of elements(root, cfdi, 'Complemento')) {
    const found = firstElement(complemento, tfd, 'TimbreFiscalDigital')
    if (found !== undefined) return found
  }
}

/** The instant of its Fecha; `at` where it has none. An invalid Date when it cannot be read. */
export function fechaOf (root: XmlElement, { at, zone }: { at?: Date | undefined, zone?: string | undefined } = {}): Date {
  const fecha = attribute(root, 'Fecha')
  return fecha === undefined && at !== undefined ? at : instantOf(fecha ?? '', zone ?? placeZone(root))
}

function placeZone (root: XmlElement): string {
  return zoneOf(attribute(root, 'LugarExpedicion') ?? '') ?? 'America/Mexico_City'
}

function assertMaySeal (root: XmlElement, certificate: SatCertificate, zone: string | undefined): void {
  const { kind, rfc, validFrom, validTo, noCertificado } = certificate
  if (kind !== 'csd') {
    throw new FiscalError('certificate_not_csd', kind === 'fiel'
      ? { es: 'El certificado es una e.firma (FIEL); los CFDI se sellan con un certificado de sello digital (CSD).', en: 'The certificate is an e.firma (FIEL); a CFDI is sealed with a certificado de sello digital (CSD).' }
      : { es: 'El certificado no es un certificado de sello digital (CSD) del SAT.', en: 'The certificate is not a certificado de sello digital (CSD) of the SAT.' })
  }
  const emisor = firstElement(root, cfdi, 'Emisor')
  const emisorRfc = emisor === undefined ? undefined : attribute(emisor, 'Rfc')
  if (emisorRfc !== rfc) {
    throw new FiscalError('certificate_of_another', {
      es: `El certificado ${noCertificado} es de ${rfc || 'nadie con RFC'} y el emisor del CFDI es ${emisorRfc ?? 'ninguno'}.`,
      en: `The certificate ${noCertificado} belongs to ${rfc || 'nobody with an RFC'} and the issuer of the CFDI is ${emisorRfc ?? 'missing'}.`
    }, 'Emisor.Rfc')
  }
  const fecha = attribute(root, 'Fecha') ?? ''
  const issuedAt = fechaOf(root, { zone })
  if (!(issuedAt >= validFrom && issuedAt <= validTo)) {
    throw new FiscalError('certificate_not_valid_then', {
      es: `El certificado ${noCertificado} vale del ${day(validFrom)} al ${day(validTo)} y la Fecha del CFDI es ${fecha}.`,
      en: `The certificate ${noCertificado} is valid from ${day(validFrom)} to ${day(validTo)} and the Fecha of the CFDI is ${fecha}.`
    }, 'Fecha')
  }
}

function day (date: Date): string {
  return date.toISOString().slice(0, 10)
}

function set (root: XmlElement, name: string, value: string): void {
  const known = root.attributes.find(candidate => candidate.name === name && candidate.namespace === '')
  if (known !== undefined) known.value = value
  else root.attributes.push({ qname: name, name, namespace: '', value })
}
