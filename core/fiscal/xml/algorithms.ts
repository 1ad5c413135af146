/** Of XML signatures (https://www.w3.org/TR/xmldsig-core/, https://www.rfc-editor.org/rfc/rfc9231, read 2026-11): the names of what authorities here take. */
export const dsig = 'http://www.w3.org/2000/09/xmldsig#'
/** Canonical XML 1.0, inclusive, without comments. */
export const canonical = 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315'
export const enveloped = 'http://www.w3.org/2000/09/xmldsig#enveloped-signature'

/** RSA PKCS #1 v1.5. */
export const signatureMethods = {
  'RSA-SHA1': { uri: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1', hash: 'sha1' },
  'RSA-SHA256': { uri: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', hash: 'sha256' },
  'RSA-SHA512': { uri: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512', hash: 'sha512' }
} as const
export type SignatureMethod = keyof typeof signatureMethods

export const digestMethods = {
  SHA1: { uri: 'http://www.w3.org/2000/09/xmldsig#sha1', hash: 'sha1' },
  SHA256: { uri: 'http://www.w3.org/2001/04/xmlenc#sha256', hash: 'sha256' },
  SHA512: { uri: 'http://www.w3.org/2001/04/xmlenc#sha512', hash: 'sha512' }
} as const
export type DigestMethod = keyof typeof digestMethods

/** The hash of a method by its URI; undefined for one that we do not take. */
export function hashOf (methods: typeof signatureMethods | typeof digestMethods, uri: string | undefined): string | undefined {
  return Object.values(methods).find(method => method.uri === uri)?.hash
}
