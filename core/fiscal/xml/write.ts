import type { XmlComment, XmlDocument, XmlElement, XmlInstruction, XmlNode } from './element.ts'

/** The document as text, with the declaration that PACs expect and no byte order mark. */
export function writeXml ({ root, before, after }: XmlDocument): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${before.map(outside).join('')}${writeElement(root)}${after.map(node => `\n${writeNode(node)}`).join('')}`
}

function outside (node: XmlComment | XmlInstruction): string {
  return `${writeNode(node)}\n`
}

export function writeElement ({ qname, namespaces, attributes, children }: XmlElement): string {
  let out = `<${qname}`
  for (const [prefix, uri] of namespaces) out += ` xmlns${prefix === '' ? '' : `:${prefix}`}="${escapeAttribute(uri)}"`
  for (const attribute of attributes) out += ` ${attribute.qname}="${escapeAttribute(attribute.value)}"`
  if (children.length === 0) return `${out}/>`
  out += '>'
  for (const child of children) out += writeNode(child)
  return `${out}</${qname}>`
}

function writeNode (node: XmlNode): string {
  switch (node.kind) {
    case 'element': return writeElement(node)
    case 'text': return escapeText(node.value)
    case 'comment': return `<!--${node.value}-->`
    case 'instruction': return `<?${node.target}${node.value === '' ? '' : ` ${node.value}`}?>`
  }
}

const special: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\t': '&#9;', '\n': '&#10;', '\r': '&#13;' }

/** White space beside the plain one is written as a reference: a parser would make it a space. */
export function escapeAttribute (value: string): string {
  return /[&<>"\t\n\r]/.test(value) ? value.replace(/[&<>"\t\n\r]/g, character => special[character]!) : value
}

export function escapeText (value: string): string {
  return /[&<>\r]/.test(value) ? value.replace(/[&<>\r]/g, character => special[character]!) : value
}
