import { type KeyObject, verify as verifySignature } from 'node:crypto'
import { FiscalError } from '../errors.ts'
import { type Check, verdict, type Verification } from '../verification.ts'
import { strictBase64 } from '../xml/base64.ts'
import { attribute, type XmlElement } from '../xml/element.ts'
import { cadenaOriginal, cadenaTfd } from './cadena.ts'
import type { Comprobante, TimbreFiscalDigital } from './model.ts'
import { cfdi } from './namespaces.ts'
import { type PacKeys, testPacKeys } from './pac-keys.ts'
import { readCfdi } from './read.ts'
import { readSatCertificate, type SatCertificate } from './sat-certificate.ts'
import { fechaOf, timbreOf } from './seal.ts'

export interface VerifyOptions {
  pacKeys?: PacKeys
  /** IANA zone of Fecha; that of LugarExpedicion unless told. */
  zone?: string
}

/**
 * Whether a CFDI 4.0 is what its issuer sealed and, when stamped, what the PAC stamped: nothing in it that the schema does not
 * know, the seal, its certificate (number, holder, CSD, valid on Fecha), the timbre's seal and that it is of this Sello.
 * Comments, the Addenda and schemaLocation are outside of every seal. That the SAT issued the certificate and has not revoked
 * it is not told by a document. Throws XmlError, and FiscalError when it is not a CFDI 4.0.
 */
export function verifyCfdi (bytes: Uint8Array, { pacKeys = testPacKeys, zone }: VerifyOptions = {}): Verification {
  const { root, comprobante, misplaced } = readCfdi(bytes)
  const checks: Check[] = []
  const problems = [...misplaced.map(({ text }) => text), ...bars(root).map(path => ({ es: `${path} lleva una barra «|», que separa los valores de la cadena.`, en: `${path} has a bar ("|"), which separates the values of the cadena.` }))]
  check(checks, 'structure', problems.length === 0, { es: 'Nada falta y nada sobra.', en: 'Nothing is missing and nothing is too much.' },
    { es: problems.map(({ es }) => es).join(' '), en: problems.map(({ en }) => en).join(' ') })
  const cadena = tryCadena(root, checks)
  checkSeal(comprobante, cadena, fechaOf(root, { zone }), checks)
  const timbre = timbreOf(root)
  const unchecked = timbre === undefined ? [] : checkTimbre(timbre, comprobante, pacKeys, checks)
  const fiscalId = timbre === undefined ? undefined : attribute(timbre, 'UUID')
  return verdict('cfdi40', checks, { unchecked, ...fiscalId !== undefined && { fiscalId } })
}

/**
 * Whether what a PAC gave back is the very document that was sent, stamped: same cadena and Sello beside all that `verifyCfdi` asks.
 */
export function verifyStamped (sent: Uint8Array, returned: Uint8Array, options: VerifyOptions = {}): Verification & { timbre?: TimbreFiscalDigital } {
  const verified = verifyCfdi(returned, options)
  const [before, after] = [readCfdi(sent), readCfdi(returned)]
  const checks = [...verified.checks]
  const same = before.comprobante.Sello !== undefined && before.comprobante.Sello === after.comprobante.Sello && cadenaOf(before.root) === cadenaOf(after.root)
  check(checks, 'same_document', same, { es: 'Es el documento que se envió.', en: 'It is the document that was sent.' }, { es: 'No es el documento que se envió.', en: 'It is not the document that was sent.' })
  const timbre = after.comprobante.Complemento?.TimbreFiscalDigital
  check(checks, 'stamped', timbre !== undefined, { es: 'Está timbrado.', en: 'It is stamped.' }, { es: 'No está timbrado.', en: 'It is not stamped.' })
  return { ...verified, ok: checks.every(({ ok }) => ok), checks, ...timbre !== undefined && { timbre } }
}

function cadenaOf (root: XmlElement): string | undefined {
  try {
    return cadenaOriginal(root)
  } catch (error) {
    if (error instanceof FiscalError) return undefined
    throw error
  }
}

function tryCadena (root: XmlElement, checks: Check[]): string | undefined {
  try {
    const cadena = cadenaOriginal(root)
    check(checks, 'cadena', true, { es: 'Se conoce la cadena original de todo lo que lleva.', en: 'The cadena original of all that it holds is known.' })
    return cadena
  } catch (error) {
    if (!(error instanceof FiscalError)) throw error
    check(checks, 'cadena', false, error.text)
  }
}

function checkSeal ({ Sello, Certificado, NoCertificado, Emisor }: Comprobante, cadena: string | undefined, issuedAt: Date, checks: Check[]): void {
  if (Sello === undefined || Certificado === undefined) {
    check(checks, 'seal', false, { es: 'No está sellado.', en: 'It is not sealed.' })
    return
  }
  const der = strictBase64(Certificado)
  let certificate: SatCertificate
  try {
    certificate = readSatCertificate(der ?? new Uint8Array())
  } catch (error) {
    if (!(error instanceof FiscalError)) throw error
    check(checks, 'certificate', false, { es: 'El Certificado que lleva no se puede leer.', en: 'The Certificado in it cannot be read.' })
    return
  }
  const { kind, rfc, noCertificado, validFrom, validTo, publicKey } = certificate
  check(checks, 'certificate', kind === 'csd', { es: `Es un CSD de ${rfc}.`, en: `It is a CSD of ${rfc}.` },
    { es: kind === 'fiel' ? 'Es una e.firma (FIEL), que no puede sellar.' : 'No es un certificado de sello digital (CSD).', en: kind === 'fiel' ? 'It is an e.firma (FIEL), which may not seal.' : 'It is not a certificado de sello digital (CSD).' })
  check(checks, 'certificate_number', noCertificado === NoCertificado, { es: `NoCertificado es ${noCertificado}.`, en: `NoCertificado is ${noCertificado}.` },
    { es: `NoCertificado es ${NoCertificado ?? 'ninguno'} y el certificado es ${noCertificado}.`, en: `NoCertificado is ${NoCertificado ?? 'missing'} and the certificate is ${noCertificado}.` })
  check(checks, 'certificate_holder', rfc === Emisor?.Rfc, { es: 'Es del emisor.', en: 'It is the issuer’s.' },
    { es: `Es de ${rfc || 'nadie con RFC'} y el emisor es ${Emisor?.Rfc ?? 'ninguno'}.`, en: `It belongs to ${rfc || 'nobody with an RFC'} and the issuer is ${Emisor?.Rfc ?? 'missing'}.` })
  const dates = `${validFrom.toISOString().slice(0, 10)} – ${validTo.toISOString().slice(0, 10)}`
  check(checks, 'certificate_validity', issuedAt >= validFrom && issuedAt <= validTo, { es: `Valía en la Fecha del CFDI (${dates}).`, en: `It was valid on the Fecha of the CFDI (${dates}).` },
    { es: `No valía en la Fecha del CFDI (${dates}).`, en: `It was not valid on the Fecha of the CFDI (${dates}).` })
  if (cadena !== undefined) {
    check(checks, 'seal', holds(cadena, Sello, publicKey), { es: 'El sello corresponde a la cadena original.', en: 'The seal belongs to the cadena original.' },
      { es: 'El sello no corresponde: el documento se cambió después de sellarlo, o lo selló otra llave.', en: 'The seal does not belong to it: the document was changed after it was sealed, or another key sealed it.' })
  }
}

/** What could not be checked. */
function checkTimbre (timbre: XmlElement, { Sello }: Comprobante, pacKeys: PacKeys, checks: Check[]): string[] {
  check(checks, 'timbre_of_seal', Sello !== undefined && attribute(timbre, 'SelloCFD') === Sello, { es: 'El timbre es de este sello.', en: 'The timbre is of this seal.' },
    { es: 'El timbre es de otro sello: SelloCFD no es igual a Sello.', en: 'The timbre is of another seal: SelloCFD is not equal to Sello.' })
  const number = attribute(timbre, 'NoCertificadoSAT') ?? ''
  let seals: (number: string, key: KeyObject) => boolean
  try {
    cadenaTfd(timbre)
    const seal = attribute(timbre, 'SelloSAT') ?? ''
    seals = (number, key) => holds(cadenaTfd(withNumber(timbre, number)), seal, key)
  } catch (error) {
    if (!(error instanceof FiscalError)) throw error
    check(checks, 'timbre_seal', false, error.text)
    return []
  }
  const key = pacKeys.get(number)
  // Sealed by one that is known under another number: this one was changed, and is not just a PAC that nobody knows.
  if (key === undefined && ![...pacKeys].some(([known, key]) => seals(known, key))) return ['timbre_seal']
  check(checks, 'timbre_seal', key !== undefined && seals(number, key), { es: `El sello del timbre corresponde al certificado ${number}.`, en: `The seal of the timbre belongs to the certificate ${number}.` },
    { es: `El sello del timbre no corresponde al certificado ${number}.`, en: `The seal of the timbre does not belong to the certificate ${number}.` })
  return []
}

function withNumber (timbre: XmlElement, number: string): XmlElement {
  return { ...timbre, attributes: timbre.attributes.map(attribute => attribute.name === 'NoCertificadoSAT' ? { ...attribute, value: number } : attribute) }
}

function holds (cadena: string, seal: string, key: KeyObject): boolean {
  const signature = strictBase64(seal)
  return signature !== undefined && verifySignature('sha256', Buffer.from(cadena), key, signature)
}

/** CadPago is the cadena of a payment and has bars of its own. */
function bars (element: XmlElement, path = `/${element.name}`): string[] {
  if (element.name === 'Addenda' && element.namespace === cfdi) return []
  return [
    ...element.attributes.filter(({ name, value }) => name !== 'CadPago' && value.includes('|')).map(({ qname }) => `${path}/@${qname}`),
    ...element.children.flatMap(child => child.kind === 'element' ? bars(child, `${path}/${child.name}`) : [])
  ]
}

function check (checks: Check[], name: string, ok: boolean, good: { es: string, en: string }, bad = good): void {
  checks.push({ name, ok, ...ok ? good : bad })
}
