import { FiscalError } from '../errors.ts'
import { elements, firstElement, textOf, type XmlElement } from '../xml/element.ts'
import { parseXml } from '../xml/parse.ts'
import { type DocumentType, typeOfRoot } from './tables.ts'

/** A comprobante as it is on paper: its parts, by the names of the schema. */
export interface Read {
  root: XmlElement
  type: DocumentType
  /** Text at a path of names below the root; '' where there is none. */
  at: (...path: string[]) => string
  /** All elements at a path's end. */
  all: (...path: string[]) => XmlElement[]
}

/** Throws XmlError, and FiscalError `version_not_supported` for what is no comprobante of the SRI. */
export function readComprobante (bytes: Uint8Array): Read {
  const { root } = parseXml(bytes)
  const type = root.namespace === '' ? typeOfRoot(root.name) : undefined
  if (type === undefined) throw new FiscalError('version_not_supported', { es: `«${root.qname}» no es un comprobante del SRI.`, en: `"${root.qname}" is no comprobante of the SRI.` })
  return { root, type, at: (...path) => textAt(root, ...path), all: (...path) => allAt(root, ...path) }
}

/** Text below an element; '' where a step is missing. */
export function textAt (of: XmlElement, ...path: string[]): string {
  let here: XmlElement | undefined = of
  for (const name of path) here = here && firstElement(here, '', name)
  return here === undefined ? '' : textOf(here).trim()
}

export function allAt (of: XmlElement, ...path: string[]): XmlElement[] {
  let here: XmlElement | undefined = of
  for (const name of path.slice(0, -1)) here = here && firstElement(here, '', name)
  return here === undefined ? [] : elements(here, '', path.at(-1))
}

/** The head of its kind: infoFactura, infoNotaCredito … */
export const headOf = ({ root }: Pick<Read, 'root'>): XmlElement =>
  elements(root, '').find(({ name }) => /^info(Factura|NotaCredito|NotaDebito|GuiaRemision|CompRetencion|LiquidacionCompra)$/.test(name)) ?? root
