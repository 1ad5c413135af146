import type { XmlElement } from '../xml/element.ts'

const sriRoots = new Set(['factura', 'notaCredito', 'notaDebito', 'guiaRemision', 'comprobanteRetencion', 'liquidacionCompra'])
const facturaeNamespace = /^http:\/\/www\.facturae\.(?:gob\.)?es\/.*Facturae/

/** Undefined for what carries no XAdES signature that we know the rules of. */
export function kindOfXades ({ name, namespace }: Pick<XmlElement, 'name' | 'namespace'>): 'sri' | 'facturae' | undefined {
  if (namespace === '' && sriRoots.has(name)) return 'sri'
  return name === 'Facturae' && facturaeNamespace.test(namespace) ? 'facturae' : undefined
}
