import { elements, type XmlElement } from '../xml/element.ts'

const sriRoots = new Set(['factura', 'notaCredito', 'notaDebito', 'guiaRemision', 'comprobanteRetencion', 'liquidacionCompra'])
const facturaeNamespace = /^http:\/\/www\.facturae\.(?:gob\.)?es\/.*Facturae/

/** The AEAT's records of invoices and of events, each in a namespace of its own. */
const aeatRecords = /\/aeat\/tike\/cont\/ws\/(?:SuministroInformacion|EventosSIF)\.xsd$/
const recordRoots = new Set(['RegistroAlta', 'RegistroAnulacion', 'RegistroEvento'])

/** Undefined for what carries no XAdES signature that we know the rules of. */
export function kindOfXades ({ name, namespace }: Pick<XmlElement, 'name' | 'namespace'>): 'sri' | 'facturae' | 'verifactu' | undefined {
  if (namespace === '' && sriRoots.has(name)) return 'sri'
  if (recordRoots.has(name) && aeatRecords.test(namespace)) return 'verifactu'
  return name === 'Facturae' && facturaeNamespace.test(namespace) ? 'facturae' : undefined
}

/** Where the signature stands: in the root, but for an event, whose schema wants it in `Evento`. */
export const signatureParent = (root: XmlElement): XmlElement => root.name === 'RegistroEvento' ? elements(root).at(-1) ?? root : root

/** How many signatures there are, at whatever depth. */
export const allSignatures = (of: XmlElement): number => elements(of).reduce((sum, child) => sum + (child.name === 'Signature' && child.namespace === 'http://www.w3.org/2000/09/xmldsig#' ? 1 : 0) + allSignatures(child), 0)
