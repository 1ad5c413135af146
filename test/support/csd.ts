/** Certificates of the SAT's shape and others, made on the spot: a tiny DER writer and node:crypto. Nothing here is a secret. */
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import forge from 'node-forge'

// --- DER ----------------------------------------------------------------------------------------------------------------

export function der (tag: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  if (content.length < 0x80) return Buffer.concat([Buffer.from([tag, content.length]), content])
  const length = Buffer.from(content.length.toString(16).padStart(content.length < 0x100 ? 2 : content.length < 0x10000 ? 4 : 6, '0'), 'hex')
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, content])
}

export const sequence = (...parts: Uint8Array[]): Buffer => der(0x30, ...parts)
export const utf8 = (text: string): Buffer => der(0x0c, Buffer.from(text))
const integer = (bytes: Uint8Array): Buffer => der(0x02, (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes)
const utcTime = (date: Date): Buffer => date.getUTCFullYear() < 2050
  ? der(0x17, Buffer.from(`${date.toISOString().slice(2, 19).replace(/[-T:]/g, '')}Z`))
  : der(0x18, Buffer.from(`${date.toISOString().slice(0, 19).replace(/[-T:]/g, '')}Z`))

export function oid (text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number)
  return der(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]))
}

function base128 (arc: number): number[] {
  const octets = [arc & 0x7f]
  for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) octets.unshift((left & 0x7f) | 0x80)
  return octets
}

// --- certificates -------------------------------------------------------------------------------------------------------

export type NameParts = readonly (readonly [oid: string, value: string | Buffer])[]

/** A distinguished name; a value given as bytes is taken as it is encoded. */
export const nameOf = (parts: NameParts): Buffer => sequence(...parts.map(([type, value]) => der(0x31, sequence(oid(type), typeof value === 'string' ? utf8(value) : value))))

export interface MadeKey { privateKey: KeyObject, publicKey: KeyObject }
/** Who signs: its name and its key. Without one a certificate signs itself. */
export interface Authority { subject: Buffer, key: MadeKey, certificate: Buffer }

export interface CertificateOptions {
  subject: NameParts
  key: MadeKey
  serial: Uint8Array
  validFrom: Date
  validTo: Date
  issuer?: Authority
  /** Number and value of each. */
  extensions?: readonly { oid: string, value: Buffer, critical?: boolean }[]
}

export function makeCertificate ({ subject, key, serial, validFrom, validTo, issuer, extensions = [] }: CertificateOptions): Buffer {
  const name = nameOf(subject)
  const signer = issuer?.key.privateKey ?? key.privateKey
  const algorithm = signer.asymmetricKeyType === 'ec' ? sequence(oid('1.2.840.10045.4.3.2')) : sequence(oid('1.2.840.113549.1.1.11'), der(0x05))
  const tbs = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    integer(serial),
    algorithm,
    issuer?.subject ?? name,
    sequence(utcTime(validFrom), utcTime(validTo)),
    name,
    key.publicKey.export({ type: 'spki', format: 'der' }),
    ...extensions.length === 0 ? [] : [der(0xa3, sequence(...extensions.map(({ oid: id, value, critical }) => sequence(oid(id), ...critical === true ? [der(0x01, Buffer.from([0xff]))] : [], der(0x04, value)))))]
  )
  return sequence(tbs, algorithm, der(0x03, Buffer.from([0]), sign('sha256', tbs, signer)))
}

const usages = ['digitalSignature', 'nonRepudiation', 'keyEncipherment', 'dataEncipherment', 'keyAgreement', 'keyCertSign', 'cRLSign']

export function keyUsage (...names: string[]): { oid: string, value: Buffer, critical: boolean } {
  const bits = names.reduce((octet, name) => octet | (0x80 >> usages.indexOf(name)), 0)
  return { oid: '2.5.29.15', value: der(0x03, Buffer.from([0, bits])), critical: true }
}
export const extendedKeyUsage = (...ids: string[]) => ({ oid: '2.5.29.37', value: sequence(...ids.map(oid)) })
export const basicConstraints = (ca: boolean) => ({ oid: '2.5.29.19', value: ca ? sequence(der(0x01, Buffer.from([0xff]))) : sequence(), critical: true })

const keys = new Map<string, MadeKey>()

/** Keys cost more than all the rest: one of a name is made once per process. */
export function madeKey (name: string, bits = 2048): MadeKey {
  const id = `${name} ${bits}`
  if (!keys.has(id)) keys.set(id, generateKeyPairSync('rsa', { modulusLength: bits }))
  return keys.get(id)!
}

export const ecKey = (): MadeKey => generateKeyPairSync('ec', { namedCurve: 'P-256' })

/** A certificate authority that signed itself. */
export function makeAuthority (commonName: string, { issuer, validFrom = new Date('2020-01-01T00:00:00Z'), validTo = new Date('2045-01-01T00:00:00Z') }: { issuer?: Authority, validFrom?: Date, validTo?: Date } = {}): Authority {
  const key = madeKey(`authority ${commonName}`)
  const subject: NameParts = [['2.5.4.6', 'EC'], ['2.5.4.10', 'Autoridad de prueba'], ['2.5.4.3', commonName]]
  const serial = createHash('sha256').update(commonName).digest().subarray(0, 8)
  return {
    subject: nameOf(subject), key,
    certificate: makeCertificate({ subject, key, serial, validFrom, validTo, issuer, extensions: [basicConstraints(true), keyUsage('keyCertSign', 'cRLSign')] })
  }
}

// --- SAT ----------------------------------------------------------------------------------------------------------------

export interface CsdOptions {
  rfc: string
  name: string
  validFrom?: Date
  validTo?: Date
  kind?: 'csd' | 'fiel'
  bits?: number
  /** RFC of who represents a company. */
  representative?: string
  passphrase?: string
  /** NoCertificado: 20 digits. */
  noCertificado?: string
  /** Another key pair than the one of this RFC. */
  keyName?: string
  issuer?: Authority
}

export interface MadeCsd {
  /** DER, as the SAT hands it out. */
  cer: Buffer
  /** PKCS#8, encrypted with 3DES under PBES2, as the SAT's programs write it. */
  key: Buffer
  passphrase: string
  noCertificado: string
  privateKey: KeyObject
}

let made = 0

/**
 * A certificate of the SAT's shape that signed itself: subject, serial number and key file as in the SAT's own test
 * certificates (read 2026-11-21). A CSD has an OU and no extended key usage; a FIEL has no OU, and its keys may log in.
 */
export function makeCsd ({ rfc, name, validFrom = new Date('2024-01-01T00:00:00Z'), validTo = new Date('2044-01-01T00:00:00Z'), kind = 'csd', bits = 2048, representative, passphrase = '12345678a', noCertificado = `300010000005${String(++made).padStart(8, '0')}`, keyName = `${kind} ${rfc}`, issuer }: CsdOptions): MadeCsd {
  const key = madeKey(keyName, bits)
  const isFiel = kind === 'fiel'
  const cer = makeCertificate({
    subject: [
      ['2.5.4.3', name], ['2.5.4.41', name], ['2.5.4.10', name],
      ...isFiel ? [['2.5.4.6', der(0x13, Buffer.from('MX'))], ['1.2.840.113549.1.9.1', der(0x16, Buffer.from('pruebas@example.com'))]] as const : [],
      ['2.5.4.45', representative === undefined ? rfc : `${rfc} / ${representative}`],
      ['2.5.4.5', representative === undefined ? 'VADA800927HSRSRL05' : ' / VADA800927HSRSRL05'],
      ...isFiel ? [] : [['2.5.4.11', 'Matriz']] as const
    ],
    key,
    serial: Buffer.from(noCertificado, 'latin1'),
    validFrom,
    validTo,
    issuer,
    extensions: [
      basicConstraints(false),
      isFiel ? keyUsage('digitalSignature', 'nonRepudiation', 'dataEncipherment', 'keyAgreement') : keyUsage('digitalSignature', 'nonRepudiation'),
      ...isFiel ? [extendedKeyUsage('1.3.6.1.5.5.7.3.4', '1.3.6.1.5.5.7.3.2')] : []
    ]
  })
  return { cer, key: key.privateKey.export({ type: 'pkcs8', format: 'der', cipher: 'des-ede3-cbc', passphrase }), passphrase, noCertificado, privateKey: key.privateKey }
}

// --- PKCS#12 ------------------------------------------------------------------------------------------------------------

export interface P12Options {
  /** Each key with its own certificate; RSA only. */
  pairs: readonly { key: KeyObject, certificate: Buffer }[]
  /** Certificates above them. */
  chain?: readonly Buffer[]
  passphrase: string
  algorithm?: '3des' | 'aes128' | 'aes256'
  rounds?: number
}

/** A `.p12` as node-forge writes it; several pairs are put into it one after the other. */
export function makeP12 ({ pairs, chain = [], passphrase, algorithm = '3des', rounds = 2048 }: P12Options): Buffer {
  const [first, ...others] = pairs.map(({ key, certificate }) => ({
    key: forge.pki.privateKeyFromPem(String(key.export({ type: 'pkcs1', format: 'pem' }))), certificate: toForge(certificate)
  }))
  const pfx = forge.pkcs12.toPkcs12Asn1(first!.key, [first!.certificate, ...others.map(({ certificate }) => certificate), ...chain.map(toForge)], passphrase, { algorithm, count: rounds, useMac: others.length === 0 })
  if (others.length === 0) return toBuffer(pfx)
  return toBuffer(withMac(withKeys(pfx, others.map(({ key }) => key), passphrase, algorithm, rounds), passphrase, rounds))
}

const toForge = (certificate: Buffer): forge.pki.Certificate => forge.pki.certificateFromAsn1(forge.asn1.fromDer(certificate.toString('binary')))
const toBuffer = (node: forge.asn1.Asn1): Buffer => Buffer.from(forge.asn1.toDer(node).getBytes(), 'binary')
const { asn1 } = forge
const node = (type: number, constructed: boolean, value: any, tagClass = asn1.Class.UNIVERSAL): forge.asn1.Asn1 => asn1.create(tagClass, type, constructed, value)
const oidNode = (id: string): forge.asn1.Asn1 => node(asn1.Type.OID, false, asn1.oidToDer(id).getBytes())

/** node-forge writes one key: further ones get a safe of their own. */
function withKeys (pfx: forge.asn1.Asn1, more: readonly forge.pki.rsa.PrivateKey[], passphrase: string, algorithm: string, rounds: number): forge.asn1.Asn1 {
  const safes = safesOf(pfx)
  for (const key of more) {
    const info = forge.pki.encryptPrivateKeyInfo(forge.pki.wrapRsaPrivateKey(forge.pki.privateKeyToAsn1(key)), passphrase, { algorithm: algorithm as '3des', count: rounds })
    const bag = node(asn1.Type.SEQUENCE, true, [oidNode('1.2.840.113549.1.12.10.1.2'), node(0, true, [info], asn1.Class.CONTEXT_SPECIFIC)])
    const content = asn1.toDer(node(asn1.Type.SEQUENCE, true, [bag])).getBytes()
    safes.push(node(asn1.Type.SEQUENCE, true, [oidNode('1.2.840.113549.1.7.1'), node(0, true, [node(asn1.Type.OCTETSTRING, false, content)], asn1.Class.CONTEXT_SPECIFIC)]))
  }
  const content = asn1.toDer(node(asn1.Type.SEQUENCE, true, safes)).getBytes()
  return node(asn1.Type.SEQUENCE, true, [
    node(asn1.Type.INTEGER, false, '\x03'),
    node(asn1.Type.SEQUENCE, true, [oidNode('1.2.840.113549.1.7.1'), node(0, true, [node(asn1.Type.OCTETSTRING, false, content)], asn1.Class.CONTEXT_SPECIFIC)])
  ])
}

const contentOf = (pfx: forge.asn1.Asn1): string => (pfx as any).value[1].value[1].value[0].value
const safesOf = (pfx: forge.asn1.Asn1): forge.asn1.Asn1[] => [...asn1.fromDer(contentOf(pfx)).value as forge.asn1.Asn1[]]

function withMac (pfx: forge.asn1.Asn1, passphrase: string, rounds: number): forge.asn1.Asn1 {
  const salt = forge.random.getBytesSync(8)
  const key = (forge.pkcs12 as any).generateKey(passphrase, forge.util.createBuffer(salt), 3, rounds, 20, forge.md.sha1.create())
  const mac = forge.hmac.create()
  mac.start(forge.md.sha1.create(), key)
  mac.update(contentOf(pfx))
  ;(pfx.value as forge.asn1.Asn1[]).push(node(asn1.Type.SEQUENCE, true, [
    node(asn1.Type.SEQUENCE, true, [node(asn1.Type.SEQUENCE, true, [oidNode('1.3.14.3.2.26'), node(asn1.Type.NULL, false, '')]), node(asn1.Type.OCTETSTRING, false, mac.getMac().getBytes())]),
    node(asn1.Type.OCTETSTRING, false, salt),
    node(asn1.Type.INTEGER, false, asn1.integerToDer(rounds).getBytes())
  ]))
  return pfx
}
