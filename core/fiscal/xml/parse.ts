import type { XmlAttribute, XmlComment, XmlDocument, XmlElement, XmlInstruction, XmlNode } from './element.ts'

export type XmlReason = 'too_large' | 'too_deep' | 'encoding' | 'doctype' | 'entity' | 'character' | 'namespace' | 'duplicate' | 'malformed'

/** The bytes are not an XML document that we read. `line` and `column` count from 1; 0 where there is no place to name. */
export class XmlError extends Error {
  override readonly name = 'XmlError'
  readonly reason: XmlReason
  readonly line: number
  readonly column: number

  constructor (reason: XmlReason, message: string, line = 0, column = 0) {
    super(line === 0 ? message : `${message} (line ${line}, column ${column})`)
    this.reason = reason
    this.line = line
    this.column = column
  }
}

/** A month's global invoice stays below this; a PAC refuses long before. */
export const maxXmlBytes = 10 * 1024 * 1024
const maxDepth = 100
/** More would make the search for repeated ones slow; the SAT's largest element has some thirty. */
const maxAttributes = 256

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const xmlNamespace = 'http://www.w3.org/XML/1998/namespace'
const xmlnsNamespace = 'http://www.w3.org/2000/xmlns/'

/**
 * Well-formed XML 1.0 with namespaces, in UTF-8 only, strictly. There is no DTD and no entity beside the five of XML itself, so
 * nothing outside the document is ever read and nothing expands. Throws XmlError.
 * Line ends and attribute values are normalised as the recommendation asks (https://www.w3.org/TR/xml/#AVNormalize), on which
 * the cadena original depends. CDATA becomes text.
 */
export function parseXml (bytes: Uint8Array, { maxBytes = maxXmlBytes }: { maxBytes?: number } = {}): XmlDocument {
  if (bytes.length > maxBytes) throw new XmlError('too_large', `The document has ${bytes.length} bytes; at most ${maxBytes} are read`)
  if ((bytes[0] === 0xfe && bytes[1] === 0xff) || (bytes[0] === 0xff && bytes[1] === 0xfe)) throw new XmlError('encoding', 'The document is in UTF-16; only UTF-8 is read')
  let text: string
  try {
    text = utf8.decode(bytes)
  } catch {
    throw new XmlError('encoding', 'The document is not valid UTF-8')
  }
  if (text.charCodeAt(0) === 0xfeff) text = text.slice(1)
  if (text.includes('\r')) text = text.replace(/\r\n?/g, '\n')
  return new Reader(text).document()
}

// https://www.w3.org/TR/xml/#NT-Name without the colon, which https://www.w3.org/TR/xml-names/ keeps for prefixes.
const nameStart = 'A-Z_a-z\\u00C0-\\u00D6\\u00D8-\\u00F6\\u00F8-\\u02FF\\u0370-\\u037D\\u037F-\\u1FFF\\u200C-\\u200D\\u2070-\\u218F\\u2C00-\\u2FEF\\u3001-\\uD7FF\\uF900-\\uFDCF\\uFDF0-\\uFFFD\\u{10000}-\\u{EFFFF}'
const ncName = `[${nameStart}][${nameStart}\\-.0-9\\u00B7\\u0300-\\u036F\\u203F-\\u2040]*`
// Combining characters may stand in a name.
// eslint-disable-next-line no-misleading-character-class
const qnamePattern = new RegExp(`(?:(${ncName}):)?(${ncName})`, 'uy')
const declarationPattern = /<\?xml[ \t\n]+version[ \t\n]*=[ \t\n]*(?:"1\.0"|'1\.0')(?:[ \t\n]+encoding[ \t\n]*=[ \t\n]*(?:"([A-Za-z][\w.-]*)"|'([A-Za-z][\w.-]*)'))?(?:[ \t\n]+standalone[ \t\n]*=[ \t\n]*(?:"(?:yes|no)"|'(?:yes|no)'))?[ \t\n]*\?>/y
/** What XML 1.0 has no place for; a lone surrogate cannot come out of UTF-8. */
const forbidden = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u
const entities = new Map([['amp', '&'], ['lt', '<'], ['gt', '>'], ['quot', '"'], ['apos', "'"]])

type Scope = ReadonlyMap<string, string>

class Reader {
  readonly text: string
  at = 0

  constructor (text: string) {
    this.text = text
  }

  document (): XmlDocument {
    const odd = forbidden.exec(this.text)
    if (odd !== null) this.fail('character', `U+${odd[0].codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')} may not stand in XML`, odd.index)
    this.declaration()
    const before = this.misc()
    if (this.text.startsWith('<!DOCTYPE', this.at)) this.fail('doctype', 'A document type (DTD) is not accepted')
    if (this.text[this.at] !== '<') this.fail('malformed', this.at >= this.text.length ? 'There is no element' : 'Text stands where the root element should')
    const root = this.tree()
    const after = this.misc()
    if (this.at < this.text.length) this.fail('malformed', 'Something stands after the root element')
    return { root, before, after }
  }

  declaration (): void {
    if (!/^<\?xml[ \t\n?]/.test(this.text)) return
    declarationPattern.lastIndex = 0
    const found = declarationPattern.exec(this.text)
    if (found === null) this.fail('malformed', 'The XML declaration cannot be read')
    const encoding = found[1] ?? found[2]
    if (encoding !== undefined && encoding.toLowerCase() !== 'utf-8') this.fail('encoding', `The document says that it is in ${encoding}; only UTF-8 is read`)
    this.at = declarationPattern.lastIndex
  }

  /** Comments, instructions and white space around the root. */
  misc (): (XmlComment | XmlInstruction)[] {
    const found: (XmlComment | XmlInstruction)[] = []
    for (;;) {
      this.space()
      if (this.text.startsWith('<!--', this.at)) found.push(this.comment())
      else if (this.text.startsWith('<?', this.at)) found.push(this.instruction())
      else return found
    }
  }

  /** The element that starts here with all that it holds. A stack and no recursion: the depth is the document's. */
  tree (): XmlElement {
    const { text } = this
    const stack: { element: XmlElement, scope: Scope }[] = []
    let scope: Scope = new Map([['xml', xmlNamespace]])
    let children: XmlNode[] = []
    for (;;) {
      const startsAt = this.at
      const open = this.startTag(scope)
      if (stack.length > 0) children.push(open.element)
      if (!open.empty) {
        if (stack.length >= maxDepth) this.fail('too_deep', `Elements are nested more than ${maxDepth} deep`, startsAt)
        stack.push({ element: open.element, scope })
        scope = open.scope
        children = open.element.children
      } else if (stack.length === 0) return open.element
      // What follows, up to the next start tag.
      for (;;) {
        const next = text.indexOf('<', this.at)
        if (next === -1) this.fail('malformed', `${stack.at(-1)!.element.qname} is not closed`, text.length)
        if (next > this.at) this.characters(children, next)
        const kind = text.charCodeAt(next + 1)
        if (kind === 0x2f) {
          const { element, scope: outer } = stack.pop()!
          this.endTag(element)
          if (stack.length === 0) return element
          scope = outer
          children = stack.at(-1)!.element.children
        } else if (kind === 0x21) {
          if (text.startsWith('<!--', next)) children.push(this.comment())
          else if (text.startsWith('<![CDATA[', next)) this.cdata(children)
          else this.fail(text.startsWith('<!DOCTYPE', next) ? 'doctype' : 'malformed', '<! stands where it may not')
        } else if (kind === 0x3f) children.push(this.instruction())
        else break
      }
    }
  }

  startTag (outer: Scope): { element: XmlElement, scope: Scope, empty: boolean } {
    const { text } = this
    const startsAt = this.at
    this.at++
    const [qname, prefix, name] = this.qname()
    const raw: [qname: string, prefix: string, name: string, value: string, at: number][] = []
    const namespaces: (readonly [string, string])[] = []
    let scope = outer
    let empty = false
    for (;;) {
      const spaced = this.space()
      const code = text.charCodeAt(this.at)
      if (code === 0x3e) {
        this.at++
        break
      }
      if (code === 0x2f && text.charCodeAt(this.at + 1) === 0x3e) {
        this.at += 2
        empty = true
        break
      }
      if (this.at >= text.length) this.fail('malformed', `${qname} is not closed`)
      if (!spaced) this.fail('malformed', 'White space is missing before an attribute')
      if (raw.length + namespaces.length >= maxAttributes) this.fail('malformed', `${qname} has more than ${maxAttributes} attributes`)
      const at = this.at
      const [attributeName, attributePrefix, local] = this.qname()
      this.space()
      if (text[this.at] !== '=') this.fail('malformed', `${attributeName} has no value`)
      this.at++
      this.space()
      const value = this.attributeValue(attributeName)
      if (attributeName === 'xmlns' || attributePrefix === 'xmlns') {
        const declared = attributePrefix === 'xmlns' ? local : ''
        if (namespaces.some(([known]) => known === declared)) this.fail('duplicate', `${attributeName} stands twice`, at)
        this.checkDeclaration(declared, value, at)
        if (scope === outer) scope = new Map(outer)
        ;(scope as Map<string, string>).set(declared, value)
        namespaces.push([declared, value])
      } else raw.push([attributeName, attributePrefix, local, value, at])
    }
    const attributes: XmlAttribute[] = []
    for (const [attributeName, attributePrefix, local, value, at] of raw) {
      const namespace = attributePrefix === '' ? '' : this.resolve(scope, attributePrefix, at)
      for (const known of attributes) {
        if (known.name === local && known.namespace === namespace) this.fail('duplicate', `${attributeName} stands twice`, at)
      }
      attributes.push({ qname: attributeName, name: local, namespace, value })
    }
    const namespace = prefix === '' ? scope.get('') ?? '' : this.resolve(scope, prefix, startsAt)
    return { element: { kind: 'element', qname, name, namespace, attributes, namespaces, children: [] }, scope, empty }
  }

  resolve (scope: Scope, prefix: string, at: number): string {
    const uri = scope.get(prefix)
    if (uri === undefined) this.fail('namespace', `The prefix ${prefix} is not declared`, at)
    return uri
  }

  checkDeclaration (prefix: string, uri: string, at: number): void {
    if (prefix === 'xmlns' || uri === xmlnsNamespace) this.fail('namespace', 'xmlns may not be declared', at)
    if ((prefix === 'xml') !== (uri === xmlNamespace)) this.fail('namespace', 'xml belongs to its own namespace and to no other', at)
    if (prefix !== '' && uri === '') this.fail('namespace', `The prefix ${prefix} is declared as nothing`, at)
  }

  endTag ({ qname }: XmlElement): void {
    const at = this.at
    this.at += 2
    if (!this.text.startsWith(qname, this.at)) this.fail('malformed', `${qname} is not closed before another element is`, at)
    this.at += qname.length
    this.space()
    if (this.text[this.at] !== '>') this.fail('malformed', `${qname} is not closed before another element is`, at)
    this.at++
  }

  attributeValue (name: string): string {
    const quote = this.text[this.at]
    if (quote !== '"' && quote !== "'") this.fail('malformed', `The value of ${name} is not in quotes`)
    const end = this.text.indexOf(quote, this.at + 1)
    if (end === -1) this.fail('malformed', `The value of ${name} is not closed`)
    const raw = this.text.slice(this.at + 1, end)
    const lessThan = raw.indexOf('<')
    if (lessThan !== -1) this.fail('malformed', `< stands in the value of ${name}`, this.at + 1 + lessThan)
    const value = this.decoded(/[\t\n]/.test(raw) ? raw.replace(/[\t\n]/g, ' ') : raw, this.at + 1)
    this.at = end + 1
    return value
  }

  characters (children: XmlNode[], end: number): void {
    const raw = this.text.slice(this.at, end)
    const closed = raw.indexOf(']]>')
    if (closed !== -1) this.fail('malformed', ']]> stands in text', this.at + closed)
    append(children, this.decoded(raw, this.at))
    this.at = end
  }

  cdata (children: XmlNode[]): void {
    const end = this.text.indexOf(']]>', this.at)
    if (end === -1) this.fail('malformed', 'CDATA is not closed')
    append(children, this.text.slice(this.at + '<![CDATA['.length, end))
    this.at = end + 3
  }

  comment (): XmlComment {
    const end = this.text.indexOf('--', this.at + 4)
    if (end === -1) this.fail('malformed', 'A comment is not closed')
    if (this.text[end + 2] !== '>') this.fail('malformed', '-- stands in a comment', end)
    const value = this.text.slice(this.at + 4, end)
    this.at = end + 3
    return { kind: 'comment', value }
  }

  instruction (): XmlInstruction {
    const startsAt = this.at
    this.at += 2
    const [target, prefix] = this.qname()
    if (prefix !== '' || target.toLowerCase() === 'xml') this.fail('malformed', `${target} may not be a processing instruction here`, startsAt)
    const end = this.text.indexOf('?>', this.at)
    if (end === -1) this.fail('malformed', 'A processing instruction is not closed', startsAt)
    const spaced = this.space()
    if (!spaced && this.at !== end) this.fail('malformed', 'A processing instruction cannot be read', startsAt)
    const value = this.at > end ? '' : this.text.slice(this.at, end)
    this.at = end + 2
    return { kind: 'instruction', target, value }
  }

  /** Character and predefined entity references replaced. */
  decoded (raw: string, at: number): string {
    if (!raw.includes('&')) return raw
    return raw.replace(/&(?:#(\d{1,7})|#x([\dA-Fa-f]{1,6})|([A-Za-z_][\w.-]*))?(;)?/g, (whole: string, decimal?: string, hex?: string, name?: string, closed?: string, offset = 0) => {
      if (closed === undefined || whole === '&;') this.fail('malformed', '& stands alone', at + offset)
      if (name !== undefined) return entities.get(name) ?? this.fail('entity', `The entity ${whole} is not one of XML itself`, at + offset)
      const code = decimal !== undefined ? Number(decimal) : hex !== undefined ? Number.parseInt(hex, 16) : -1
      const character = code >= 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) ? String.fromCodePoint(code) : undefined
      if (character === undefined || forbidden.test(character)) this.fail('character', `${whole} is not a character of XML`, at + offset)
      return character
    })
  }

  qname (): [qname: string, prefix: string, name: string] {
    qnamePattern.lastIndex = this.at
    const found = qnamePattern.exec(this.text)
    if (found === null) this.fail('malformed', this.at >= this.text.length ? 'The document ends too early' : 'A name cannot be read')
    this.at = qnamePattern.lastIndex
    if (this.text[this.at] === ':') this.fail('namespace', `${found[0]}: has a colon too many`)
    return [found[0], found[1] ?? '', found[2]!]
  }

  /** Whether there was any. */
  space (): boolean {
    const startsAt = this.at
    for (;;) {
      const code = this.text.charCodeAt(this.at)
      if (code !== 0x20 && code !== 0x0a && code !== 0x09) return this.at > startsAt
      this.at++
    }
  }

  fail (reason: XmlReason, message: string, at = this.at): never {
    const lines = this.text.slice(0, at).split('\n')
    throw new XmlError(reason, message, lines.length, lines.at(-1)!.length + 1)
  }
}

function append (children: XmlNode[], value: string): void {
  if (value === '') return
  const last = children.at(-1)
  if (last?.kind === 'text') last.value += value
  else children.push({ kind: 'text', value })
}
