import { generateKeyPairSync } from 'node:crypto'
import forge from 'node-forge'

/**
 * A certificate of the SAT's shape for the demo's shop, with its key: it signed itself, so only the simulated PAC takes it. As a
 * CSD it has a branch (OU) in its subject and no extended key usage.
 */
export function makeDemoCsd ({ rfc, name, at }: { rfc: string, name: string, at: Date }): { cer: string, key: string, passphrase: string } {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const certificate = forge.pki.createCertificate()
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKey.export({ type: 'spki', format: 'pem' }) as string)
  certificate.serialNumber = Buffer.from('30001000000500003416', 'latin1').toString('hex')
  const day = 24 * 3600_000
  certificate.validity.notBefore = new Date(at.getTime() - 400 * day)
  certificate.validity.notAfter = new Date(at.getTime() + 1060 * day)
  const utf8 = (type: string, value: string): forge.pki.CertificateField => ({ type, value, valueTagClass: forge.asn1.Type.UTF8 as unknown as forge.asn1.Class })
  const subject = [utf8('2.5.4.3', name), utf8('2.5.4.41', name), utf8('2.5.4.10', name), utf8('2.5.4.45', rfc), utf8('2.5.4.5', 'VADA800927HSRSRL05'), utf8('2.5.4.11', 'Matriz')]
  certificate.setSubject(subject)
  certificate.setIssuer(subject)
  certificate.setExtensions([{ name: 'basicConstraints', cA: false }, { name: 'keyUsage', digitalSignature: true, nonRepudiation: true }])
  certificate.sign(forge.pki.privateKeyFromPem(privateKey.export({ type: 'pkcs8', format: 'pem' }) as string), forge.md.sha256.create())
  const passphrase = '12345678a'
  return {
    cer: Buffer.from(forge.asn1.toDer(forge.pki.certificateToAsn1(certificate)).getBytes(), 'binary').toString('base64'),
    key: privateKey.export({ type: 'pkcs8', format: 'der', cipher: 'des-ede3-cbc', passphrase }).toString('base64'),
    passphrase
  }
}
