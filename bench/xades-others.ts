import type { KeyObject } from 'node:crypto'
import { signInvoiceXml } from 'ec-sri-invoice-signer'
import { SignedXml } from 'xml-crypto'
import { canonical, digestMethods, dsig, enveloped, signatureMethods } from '../core/fiscal/xml/algorithms.ts'
import type { XadesProfile } from '../core/fiscal/xades/profiles.ts'
import { xades } from '../core/fiscal/xades/sign.ts'

/** Other libraries that sign the same documents in the same form, so that a figure of ours has something beside it. */

/**
 * XAdES by xml-crypto. It knows nothing of XAdES: the parts that are signed beside the document (KeyInfo, SignedProperties) are taken
 * ready from `sample`, a document that we signed; it canonicalises and digests the three, signs, and puts them together.
 */
export function byXmlCrypto (sample: string, profile: XadesProfile, privateKey: KeyObject): (unsigned: string) => string {
  const part = (pattern: RegExp): string => pattern.exec(sample)![0]
  const rest = part(/<ds:KeyInfo .*<\/ds:Object>/s)
  const head = `<ds:Signature xmlns:ds="${dsig}" xmlns:xades="${xades}">`
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' })
  const digestAlgorithm = digestMethods[profile.digest].uri
  return unsigned => {
    const signer = new SignedXml({ privateKey: pem, signatureAlgorithm: signatureMethods[profile.signature].uri, canonicalizationAlgorithm: canonical, getKeyInfoContent: () => null })
    signer.addReference({ xpath: "//*[local-name(.)='SignedProperties']", transforms: [canonical], digestAlgorithm })
    signer.addReference({ xpath: "//*[local-name(.)='KeyInfo']", transforms: [canonical], digestAlgorithm })
    signer.addReference({ xpath: '/*', transforms: [enveloped, canonical], digestAlgorithm, isEmptyUri: profile.document === 'whole' })
    const end = unsigned.lastIndexOf('</')
    signer.computeSignature(`${unsigned.slice(0, end)}${head}${rest}</ds:Signature>${unsigned.slice(end)}`, { prefix: 'ds', attrs: { 'xmlns:xades': xades } })
    const signature = signer.getSignatureXml()
    return `${unsigned.slice(0, end)}${signature.slice(0, -'</ds:Signature>'.length)}${rest}</ds:Signature>${unsigned.slice(end)}`
  }
}

/** Whether xml-crypto itself takes its signature: all three references. */
export function holds (signed: string, certificate: Uint8Array): boolean {
  const publicCert = `-----BEGIN CERTIFICATE-----\n${Buffer.from(certificate).toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`
  const verifier = new SignedXml({ publicCert, getCertFromKeyInfo: () => publicCert })
  verifier.loadSignature(/<ds:Signature .*<\/ds:Signature>/s.exec(signed)![0])
  return verifier.checkSignature(signed) && verifier.getReferences().length === 3
}

/** A factura by ec-sri-invoice-signer, which opens the `.p12` each time. */
export function byEcSriInvoiceSigner (p12: Buffer, passphrase: string): (unsigned: string) => string {
  return unsigned => signInvoiceXml(unsigned, p12, { pkcs12Password: passphrase })
}
