import { type Der, DerError, isString, oidOf, tags, textOf } from './der.ts'

/** One attribute of a distinguished name. */
export interface NameAttribute {
  oid: string
  /** Empty where the value is no string. */
  value: string
  /** The value as it is encoded. */
  encoded: Der
}

/** A distinguished name: its relative names in the order of the certificate, each of one attribute as a rule. */
export interface Name {
  rdns: NameAttribute[][]
  bytes: Buffer
}

export const attributes = {
  commonName: '2.5.4.3', surname: '2.5.4.4', serialNumber: '2.5.4.5', country: '2.5.4.6', locality: '2.5.4.7', state: '2.5.4.8', street: '2.5.4.9', organization: '2.5.4.10',
  organizationalUnit: '2.5.4.11', name: '2.5.4.41', givenName: '2.5.4.42', uniqueIdentifier: '2.5.4.45', organizationIdentifier: '2.5.4.97'
} as const

export function readName (der: Der): Name {
  if (der.tag !== tags.sequence) throw new DerError('malformed', 'not a name')
  const rdns = der.children().map(set => set.children().map(attribute => {
    const [type, encoded] = attribute.children()
    if (type === undefined || encoded === undefined) throw new DerError('malformed', 'an attribute of a name is not a pair')
    return { oid: oidOf(type), value: isString(encoded) ? textOf(encoded) : '', encoded }
  }))
  return { rdns, bytes: der.bytes }
}

/** The first value of an attribute, without white space around it; undefined when it is not there or empty. */
export function valueOf (name: Name, oid: string): string | undefined {
  return valuesOf(name, oid)[0]
}

export function valuesOf (name: Name, oid: string): string[] {
  return name.rdns.flat().filter(attribute => attribute.oid === oid).map(({ value }) => value.trim()).filter(value => value !== '')
}

/** The keywords of RFC 2253 §2.3; every other attribute is written by number and DER. */
const keywords: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN', '2.5.4.7': 'L', '2.5.4.8': 'ST', '2.5.4.10': 'O', '2.5.4.11': 'OU', '2.5.4.6': 'C', '2.5.4.9': 'STREET', '0.9.2342.19200300.100.1.25': 'DC', '0.9.2342.19200300.100.1.1': 'UID'
}

/**
 * RFC 2253 (https://www.rfc-editor.org/rfc/rfc2253, §2): last relative name first, no spaces between them, unknown attributes as
 * `1.2.3=#<DER in hex>`. So Java's X500Principal reads it back as the same name, which validators of XAdES signatures rely on: but
 * for strings of an old type (BMPString, T61String …), which it would read back as another type. `exact` writes those as DER too.
 */
export function rfc2253 (name: Name, { exact = false }: { exact?: boolean } = {}): string {
  return name.rdns.toReversed().map(rdn => rdn.map(attribute => attributeText(attribute, exact)).join('+')).join(',')
}

function attributeText (attribute: NameAttribute, exact: boolean): string {
  const { oid, value, encoded } = attribute
  const keyword = keywords[oid]
  const plain = keyword !== undefined && isString(encoded) && (!exact || isRead(attribute))
  return plain ? `${keyword}=${escaped(value)}` : `${keyword ?? oid}=#${encoded.bytes.toString('hex')}`
}

/** Of IA5String: what Java writes so by itself, domains and e-mail addresses. */
const ia5 = new Set(['0.9.2342.19200300.100.1.25', '1.2.840.113549.1.9.1'])

/** Whether Java, given the text of a value, makes the very value of it (sun.security.x509.AVA, JDK 17; tried). */
export function isRead ({ oid, encoded: { tag } }: Pick<NameAttribute, 'oid' | 'encoded'>): boolean {
  return tag === tags.utf8String || tag === tags.printableString || (tag === tags.ia5String && ia5.has(oid))
}

function escaped (value: string): string {
  return value.replace(/[,+"\\<>;]|^[ #]| $/g, '\\$&')
}
