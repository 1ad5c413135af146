import type { XmlAttribute, XmlDocument, XmlElement, XmlNode } from './element.ts'

/**
 * Canonical XML 1.0, inclusive, without comments (https://www.w3.org/TR/2001/REC-xml-c14n-20010315). It runs on the tree that we
 * read, so what is digested is what is read: with two parsers they could differ.
 */
export function canonicalDocument ({ root, before, after }: XmlDocument, { without }: { without?: XmlElement } = {}): string {
  const outside = (nodes: readonly XmlNode[]): string[] => nodes.flatMap(node => node.kind === 'instruction' ? [instruction(node)] : [])
  return [...outside(before), canonicalElement(root, [], without), ...outside(after)].join('\n')
}

/** One element with what is below it; `ancestors` from the root down: it takes their namespaces and `xml:` attributes along. */
export function canonicalElement (element: XmlElement, ancestors: readonly XmlElement[], without?: XmlElement): string {
  const inherited: Namespaces = new Map()
  const xml = new Map<string, XmlAttribute>()
  for (const ancestor of ancestors) {
    for (const [prefix, uri] of ancestor.namespaces) inherited.set(prefix, uri)
    for (const attribute of ancestor.attributes) if (attribute.qname.startsWith('xml:')) xml.set(attribute.name, attribute)
  }
  const attributes = [...element.attributes, ...[...xml.values()].filter(({ name }) => !element.attributes.some(own => own.qname === `xml:${name}`))]
  return emit({ ...element, attributes, namespaces: [...new Map([...inherited, ...element.namespaces])] }, new Map(), without)
}

type Namespaces = Map<string, string>

function emit (element: XmlElement, outer: ReadonlyMap<string, string>, without: XmlElement | undefined): string {
  const { qname, namespaces, attributes, children } = element
  // Most elements have neither; a document has hundreds of them, and is written with each signature.
  if (namespaces.length === 0 && attributes.length === 0) return '<' + qname + '>' + content(children, outer, without) + '</' + qname + '>'
  const declared = namespaces.length === 0 ? namespaces : namespaces.filter(([prefix, uri]) => prefix !== 'xml' && (outer.get(prefix) ?? '') !== uri)
  const scope = declared.length === 0 ? outer : new Map([...outer, ...declared])
  let out = `<${qname}`
  for (const [prefix, uri] of declared.length < 2 ? declared : declared.toSorted(([a], [b]) => compare(a, b))) out += ` xmlns${prefix === '' ? '' : `:${prefix}`}="${canonicalAttribute(uri)}"`
  for (const { qname: name, value } of attributes.length < 2 ? attributes : attributes.toSorted((a, b) => compare(a.namespace, b.namespace) || compare(a.name, b.name))) out += ` ${name}="${canonicalAttribute(value)}"`
  return out + '>' + content(children, scope, without) + '</' + qname + '>'
}

function content (children: readonly XmlNode[], scope: ReadonlyMap<string, string>, without: XmlElement | undefined): string {
  let out = ''
  for (const child of children) {
    if (child === without) continue
    if (child.kind === 'text') out += canonicalText(child.value)
    else if (child.kind === 'element') out += emit(child, scope, without)
    else if (child.kind === 'instruction') out += instruction(child)
  }
  return out
}

/** By code point, which differs from JavaScript's order beyond the basic plane. */
function compare (a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b))
}

function instruction ({ target, value }: { target: string, value: string }): string {
  return `<?${target}${value === '' ? '' : ` ${value}`}?>`
}

const references: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\t': '&#x9;', '\n': '&#xA;', '\r': '&#xD;' }

export function canonicalAttribute (value: string): string {
  return value.replace(/[&<"\t\n\r]/g, character => references[character]!)
}

export function canonicalText (value: string): string {
  return /[&<>\r]/.test(value) ? value.replace(/[&<>\r]/g, character => references[character]!) : value
}
