import { isString, readDer, textOf } from '../x509/der.ts'
import { type Certificate, extensionIds } from '../x509/certificate.ts'
import { attributes, type Name, readName, valueOf } from '../x509/names.ts'
import { inspectTaxId, normalTaxId, type TaxCountry } from '../tax-ids.ts'

/** Whom a certificate names. */
export interface Holder {
  name: string | null
  /** RFC, RUC or cédula, NIF. */
  taxId: string | null
  country: TaxCountry | null
  /** Of the person who acts for a company. */
  representativeTaxId: string | null
}

/**
 * Reads the holder where each country's authorities write it (facts of 2026-11-20): the SAT in x500UniqueIdentifier, before " / ";
 * Ecuador's in an extension whose number ends in .3.11 (the arc differs per authority); Spain's in organizationIdentifier,
 * in the subject's serialNumber as IDCES-…, in the FNMT's own attributes, or at the end of the name.
 */
export function holderOf (certificate: Certificate): Holder {
  const { subject } = certificate
  const name = valueOf(subject, attributes.commonName) ?? valueOf(subject, attributes.name) ?? valueOf(subject, attributes.organization) ?? null
  const [first, second] = satIds(subject)
  if (first !== undefined) return { name, taxId: first, country: 'MX', representativeTaxId: second ?? null }
  const ecuador = ecuadorian(certificate)
  if (ecuador !== undefined) return { name, taxId: ecuador, country: 'EC', representativeTaxId: null }
  const { entity, person } = spanish(certificate)
  if (entity !== undefined || person !== undefined) return { name, taxId: entity ?? person!, country: 'ES', representativeTaxId: entity === undefined ? null : person ?? null }
  return { name, taxId: null, country: null, representativeTaxId: null }
}

/** RFC of the holder, and of the representative. */
export function satIds (subject: Name): string[] {
  const ids = (valueOf(subject, attributes.uniqueIdentifier) ?? '').split('/').map(part => normalTaxId('MX', part))
  return inspectTaxId('MX', ids[0] ?? '').shape ? ids.filter(id => inspectTaxId('MX', id).shape) : []
}

/** The extension is DER as a rule; some authorities write the digits bare. */
function ecuadorian ({ extensions, subject, issuer }: Certificate): string | undefined {
  const own = (ending: string) => [...extensions].filter(([oid]) => oid.startsWith('1.3.6.1.4.1.') && oid.endsWith(ending)).map(([, value]) => normalTaxId('EC', extensionText(value)))
  // After the number there may be a counter: 1710034065-280.
  const written = (valueOf(subject, attributes.serialNumber) ?? '').split('-')[0]!.trim()
  const fromEcuador = [...subject.rdns, ...issuer.rdns].flat().some(({ oid, value }) => oid === attributes.country && value === 'EC')
  return [...own('.3.11'), ...own('.3.1'), ...fromEcuador ? [written] : []].find(id => inspectTaxId('EC', id).shape)
}

function extensionText (value: Buffer): string {
  try {
    const der = readDer(value)
    if (isString(der)) return textOf(der)
  } catch {} // not DER
  return value.toString('latin1')
}

/** FNMT-RCM, declaration of practices: 1.3.6.1.4.1.5734.1.4 is a person's NIF, .7 that of the entity. */
const fnmt = { person: '1.3.6.1.4.1.5734.1.4', entity: '1.3.6.1.4.1.5734.1.7' } as const

/** ETSI EN 319 412-1 §5.1.4: `VATES-B65410011` names an entity, `IDCES-00000000T` a person. */
function spanish (certificate: Certificate): { entity?: string, person?: string } {
  const { subject } = certificate
  const alternative = directoryNames(certificate)
  const commonName = valueOf(subject, attributes.commonName) ?? ''
  const pick = (...candidates: (string | undefined)[]) => candidates.filter(text => text !== undefined)
    .map(text => normalTaxId('ES', text.replace(/^(VATES|IDCES|NTRES|TINES|PASES)-/, '')))
    .find(id => {
      const { shape, digit } = inspectTaxId('ES', id)
      return shape && digit
    })
  const of = (oid: string) => alternative.map(name => valueOf(name, oid)).find(value => value !== undefined)
  const entity = pick(valueOf(subject, attributes.organizationIdentifier), of(fnmt.entity), /\(R: ?(\w{9})\)/.exec(commonName)?.[1], /\bCIF:? ?(\w{9})\b/.exec(commonName)?.[1])
  const person = pick(valueOf(subject, attributes.serialNumber), of(fnmt.person), /\bNIF:? ?(\w{9})\b/.exec(commonName)?.[1], / - (\w{9})$/.exec(commonName)?.[1], /^(\w{9}) /.exec(commonName)?.[1])
  // A seal of an entity has its number where a person's would be.
  if (entity === undefined && person !== undefined && inspectTaxId('ES', person).person === 'legal') return { entity: person }
  return { ...(entity !== undefined && { entity }), ...(person !== undefined && { person }) }
}

function directoryNames ({ extensions }: Certificate): Name[] {
  const value = extensions.get(extensionIds.subjectAltName)
  if (value === undefined) return []
  try {
    return readDer(value).children().filter(({ tag }) => tag === 0xa4).flatMap(general => general.children().map(readName))
  } catch {
    return [] // a name that cannot be read names nobody
  }
}

/** Whether a certificate of `holder` may sign for the taxpayer. In Ecuador a natural person's certificate may name the cédula in the RUC. */
export function mayActFor (holder: Holder, taxId: string): boolean {
  const ids = [holder.taxId, holder.representativeTaxId].filter(id => id !== null)
  return ids.some(id => id === taxId || (holder.country === 'EC' && /^\d{10}$/.test(id) && taxId.startsWith(id)))
}
