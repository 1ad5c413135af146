/**
 * An XML element as it is read or about to be written: names with their prefix, the namespace resolved. Attributes keep their
 * order; namespace declarations are kept apart, because canonical XML treats them apart.
 */
export interface XmlElement {
  kind: 'element'
  /** As written, with its prefix: `cfdi:Emisor`. */
  qname: string
  /** Without the prefix: `Emisor`. */
  name: string
  /** The namespace's URI; '' where there is none. */
  namespace: string
  attributes: XmlAttribute[]
  /** Declared on this element: prefix ('' for the default one) and URI. */
  namespaces: readonly (readonly [prefix: string, uri: string])[]
  children: XmlNode[]
}

export interface XmlAttribute {
  qname: string
  name: string
  /** '' for one without a prefix, as Namespaces in XML says. */
  namespace: string
  value: string
}

export interface XmlText { kind: 'text', value: string }
export interface XmlComment { kind: 'comment', value: string }
export interface XmlInstruction { kind: 'instruction', target: string, value: string }
export type XmlNode = XmlElement | XmlText | XmlComment | XmlInstruction

export interface XmlDocument {
  root: XmlElement
  /** Comments and processing instructions before and after the root. */
  before: (XmlComment | XmlInstruction)[]
  after: (XmlComment | XmlInstruction)[]
}

/** The child elements, of one name and namespace where they are given. */
export function elements (of: XmlElement, namespace?: string, name?: string): XmlElement[] {
  return of.children.filter((node): node is XmlElement => node.kind === 'element' &&
    (namespace === undefined || node.namespace === namespace) && (name === undefined || node.name === name))
}

export function firstElement (of: XmlElement, namespace: string, name: string): XmlElement | undefined {
  for (const node of of.children) if (node.kind === 'element' && node.name === name && node.namespace === namespace) return node
}

/** The value of an attribute without a namespace; undefined when it is not there. */
export function attribute (of: XmlElement, name: string): string | undefined {
  for (const candidate of of.attributes) if (candidate.name === name && candidate.namespace === '') return candidate.value
}

/** All the text below the element, in document order. */
export function textOf (of: XmlElement): string {
  return of.children.map(node => node.kind === 'text' ? node.value : node.kind === 'element' ? textOf(node) : '').join('')
}
