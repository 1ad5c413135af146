import type { KeyObject } from 'node:crypto'
import { type Certificate, readCertificate } from '../../x509/certificate.ts'
import { DerError } from '../../x509/der.ts'
import { attributes, type Name, valueOf } from '../../x509/names.ts'
import { FiscalError } from '../errors.ts'

/** A certificate that the SAT gave, and what its rules ask of it. */
export interface SatCertificate {
  /** DER in base64, as it stands in the attribute Certificado. */
  base64: string
  /** The 20 digits: the bytes of the serial number, which are ASCII. */
  noCertificado: string
  /** The same as a number in decimal, as XML-DSig writes it. */
  serialNumber: string
  /** Of the holder; '' when the certificate names none. */
  rfc: string
  /** As registered, with the corporate suffix: never the Nombre of a CFDI. */
  holder: string
  /** CSD: seals invoices. FIEL (e.firma): signs for the person, and may not seal. `other`: neither by its marks. */
  kind: 'csd' | 'fiel' | 'other'
  validFrom: Date
  validTo: Date
  publicKey: KeyObject
  issuer: Name
}

const clientAuth = '1.3.6.1.5.5.7.3.2'

/**
 * Reads a `.cer` in DER. Throws FiscalError `certificate_unreadable`.
 * A CSD has a branch (OU) in its subject and no extended key usage; a FIEL has no OU and clientAuth among its uses
 * (the SAT's 58 public test certificates, checked 2026-08; phpcfdi/credentials decides the same way).
 */
export function readSatCertificate (der: Uint8Array): SatCertificate {
  let certificate: Certificate
  try {
    certificate = readCertificate(der)
  } catch (error) {
    if (!(error instanceof DerError)) throw error
    throw new FiscalError('certificate_unreadable', {
      es: 'El archivo no es un certificado .cer legible.',
      en: 'The file is not a readable .cer certificate.'
    })
  }
  const { subject, issuer, serial, x509, extendedKeyUsage, validFrom, validTo } = certificate
  // A company's certificate names its representative after the bar.
  const [rfc = ''] = (valueOf(subject, attributes.uniqueIdentifier) ?? '').split('/')
  const hasBranch = valueOf(subject, attributes.organizationalUnit) !== undefined
  return {
    base64: certificate.der.toString('base64'),
    noCertificado: serial.toString('latin1'),
    serialNumber: BigInt(`0x${serial.toString('hex')}`).toString(),
    rfc: rfc.trim(),
    holder: valueOf(subject, attributes.commonName) ?? '',
    kind: extendedKeyUsage.includes(clientAuth) ? 'fiel' : hasBranch && extendedKeyUsage.length === 0 ? 'csd' : 'other',
    validFrom,
    validTo,
    publicKey: x509.publicKey,
    issuer
  }
}
