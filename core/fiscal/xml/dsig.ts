import { createHash, type KeyObject, verify } from 'node:crypto'
import { canonical, digestMethods, dsig, enveloped, signatureMethods } from './algorithms.ts'
import { strictBase64 } from './base64.ts'
import { canonicalDocument, canonicalElement } from './c14n.ts'
import { attribute, elements, firstElement, textOf, type XmlDocument, type XmlElement } from './element.ts'

/**
 * XML-DSig, enveloped, over the whole document: the one shape that the SAT takes for cancellations
 * (https://www.w3.org/TR/xmldsig-core/, read 2026-11; phpcfdi/xml-cancelacion 2026). XAdES has its own signer in `../xades`.
 */
export type SignatureAlgorithm = 'RSA-SHA1' | 'RSA-SHA256'

const algorithms = {
  'RSA-SHA1': { signature: signatureMethods['RSA-SHA1'].uri, digest: digestMethods.SHA1.uri, hash: 'sha1' },
  'RSA-SHA256': { signature: signatureMethods['RSA-SHA256'].uri, digest: digestMethods.SHA256.uri, hash: 'sha256' }
} as const

/** Element of the signature's namespace, without a prefix. */
export function signatureElement (name: string, children: readonly (XmlElement | string)[] = [], attributes: Readonly<Record<string, string>> = {}): XmlElement {
  return {
    kind: 'element',
    qname: name,
    name,
    namespace: dsig,
    namespaces: [],
    attributes: Object.entries(attributes).map(([name, value]) => ({ qname: name, name, namespace: '', value })),
    children: children.map(child => typeof child === 'string' ? { kind: 'text', value: child } : child)
  }
}

/** Appends a Signature to the root. `sign` gets the canonical SignedInfo. */
export async function signEnveloped (document: XmlDocument, algorithm: SignatureAlgorithm, keyInfo: readonly XmlElement[], sign: (bytes: Buffer) => Uint8Array | Promise<Uint8Array>): Promise<void> {
  const { signature: method, digest, hash } = algorithms[algorithm]
  const { root } = document
  const signedInfo = signatureElement('SignedInfo', [
    signatureElement('CanonicalizationMethod', [], { Algorithm: canonical }),
    signatureElement('SignatureMethod', [], { Algorithm: method }),
    signatureElement('Reference', [
      signatureElement('Transforms', [signatureElement('Transform', [], { Algorithm: enveloped })]),
      signatureElement('DigestMethod', [], { Algorithm: digest }),
      signatureElement('DigestValue', [createHash(hash).update(canonicalDocument(document)).digest('base64')])
    ], { URI: '' })
  ])
  const signature = signatureElement('Signature', [signedInfo])
  signature.namespaces = [['', dsig]]
  const value = await sign(Buffer.from(canonicalElement(signedInfo, [root, signature])))
  signature.children.push(signatureElement('SignatureValue', [Buffer.from(value).toString('base64')]), signatureElement('KeyInfo', keyInfo))
  root.children.push(signature)
}

export interface EnvelopedSignature {
  /** DER of the certificate that it names; undefined when there is none. */
  certificate: Buffer | undefined
  /** What KeyInfo says beside it, which no signature covers: the number of the certificate, and its key as modulus and exponent in base64. */
  said: { serialNumber?: string, modulus?: string, exponent?: string }
  /** Nothing else is signed or left out than the signature itself, by algorithms that we know. */
  shape: boolean
  /** The document is what was signed. */
  digest: boolean
  /** The signature is of the key. */
  signature: (key: KeyObject) => boolean
}

/** Reads the enveloped signature of a document, which must be a child of the root; undefined when there is not exactly one. */
export function envelopedSignature (document: XmlDocument): EnvelopedSignature | undefined {
  const { root } = document
  const [signature, ...others] = elements(root, dsig, 'Signature')
  if (signature === undefined || others.length > 0) return undefined
  const signedInfo = firstElement(signature, dsig, 'SignedInfo')
  const references = signedInfo === undefined ? [] : elements(signedInfo, dsig, 'Reference')
  const [reference] = references
  const methodOf = (of: XmlElement | undefined, name: string): string | undefined => {
    const found = of === undefined ? undefined : firstElement(of, dsig, name)
    return found === undefined ? undefined : attribute(found, 'Algorithm')
  }
  const algorithm = Object.values(algorithms).find(known => known.signature === methodOf(signedInfo, 'SignatureMethod'))
  const hash = Object.values(algorithms).find(known => known.digest === methodOf(reference, 'DigestMethod'))?.hash
  const transforms = reference === undefined ? [] : elements(reference, dsig, 'Transforms').flatMap(all => elements(all, dsig, 'Transform')).map(transform => attribute(transform, 'Algorithm'))
  const shape = references.length === 1 && attribute(reference!, 'URI') === '' && algorithm !== undefined && hash !== undefined &&
    methodOf(signedInfo, 'CanonicalizationMethod') === canonical && transforms[0] === enveloped && transforms.slice(1).every(transform => transform === canonical)
  const digestValue = reference === undefined ? undefined : firstElement(reference, dsig, 'DigestValue')
  const signatureValue = firstElement(signature, dsig, 'SignatureValue')
  const value = signatureValue === undefined ? undefined : strictBase64(textOf(signatureValue))
  const saidAt = (...path: string[]): string | undefined => {
    const found = named(signature, ['KeyInfo', ...path])
    return found === undefined ? undefined : textOf(found).trim()
  }
  const certificate = saidAt('X509Data', 'X509Certificate')
  return {
    certificate: certificate === undefined ? undefined : strictBase64(certificate),
    said: {
      serialNumber: saidAt('X509Data', 'X509IssuerSerial', 'X509SerialNumber'),
      modulus: saidAt('KeyValue', 'RSAKeyValue', 'Modulus'),
      exponent: saidAt('KeyValue', 'RSAKeyValue', 'Exponent')
    },
    shape,
    digest: shape && digestValue !== undefined && createHash(hash!).update(canonicalDocument(document, { without: signature })).digest('base64') === textOf(digestValue).replace(/\s/g, ''),
    signature: key => shape && value !== undefined && verify(algorithm!.hash, Buffer.from(canonicalElement(signedInfo!, [root, signature])), key, value)
  }
}

function named (element: XmlElement, path: readonly string[]): XmlElement | undefined {
  let found: XmlElement | undefined = element
  for (const name of path) found = found === undefined ? undefined : firstElement(found, dsig, name)
  return found
}
