import { FiscalError } from '../errors.ts'
import { elements, firstElement, textOf, type XmlElement } from '../xml/element.ts'
import { parseXml } from '../xml/parse.ts'

/** The child at a path; undefined when it is not there. Children of a Facturae are unqualified. */
export function childAt (of: XmlElement | undefined, ...path: string[]): XmlElement | undefined {
  return path.reduce<XmlElement | undefined>((found, name) => found === undefined ? undefined : firstElement(found, '', name), of)
}

/** '' for what is not there. */
export function textAt (of: XmlElement | undefined, ...path: string[]): string {
  const found = childAt(of, ...path)
  return found === undefined ? '' : textOf(found)
}

/** All of the last name below the first one at the rest of the path. */
export function allAt (of: XmlElement | undefined, ...path: string[]): XmlElement[] {
  const parent = childAt(of, ...path.slice(0, -1))
  return parent === undefined ? [] : elements(parent, '', path.at(-1)!)
}

export interface ReadFacturae {
  root: XmlElement
  /** The only invoice of its batch. */
  invoice: XmlElement
  seller: XmlElement
  buyer: XmlElement
}

/** Throws XmlError, and FiscalError `version_not_supported` for what is no Facturae of one invoice. */
export function readFacturae (bytes: Uint8Array): ReadFacturae {
  const { root } = parseXml(bytes)
  const invoices = allAt(root, 'Invoices', 'Invoice')
  const [seller, buyer] = [childAt(root, 'Parties', 'SellerParty'), childAt(root, 'Parties', 'BuyerParty')]
  if (root.name !== 'Facturae' || invoices.length !== 1 || seller === undefined || buyer === undefined) {
    throw new FiscalError('version_not_supported', { es: `El documento ${root.qname} no es una Facturae de una sola factura.`, en: `The document ${root.qname} is no Facturae of a single invoice.` })
  }
  return { root, invoice: invoices[0]!, seller, buyer }
}

/** Corporate name, or given name and surnames. */
export function nameAt (party: XmlElement): string {
  const person = childAt(party, 'Individual')
  return person === undefined ? textAt(party, 'LegalEntity', 'CorporateName') : ['Name', 'FirstSurname', 'SecondSurname'].map(part => textAt(person, part)).filter(text => text !== '').join(' ')
}

/** On one line. */
export function addressAt (party: XmlElement): string {
  const entity = childAt(party, 'LegalEntity') ?? childAt(party, 'Individual')
  const spain = childAt(entity, 'AddressInSpain')
  const parts = spain === undefined
    ? ['Address', 'PostCodeAndTown', 'Province', 'CountryCode'].map(part => textAt(entity, 'OverseasAddress', part))
    : [textAt(spain, 'Address'), `${textAt(spain, 'PostCode')} ${textAt(spain, 'Town')}`, textAt(spain, 'Province')]
  return parts.filter((part, index) => part.trim() !== '' && parts.indexOf(part) === index).join(', ')
}
