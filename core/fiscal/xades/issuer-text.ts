import { tags } from '../../x509/der.ts'
import { isRead, type Name, type NameAttribute } from '../../x509/names.ts'

/**
 * The words that Java's X500Principal knows for attributes (documentation of javax.security.auth.x500.X500Principal and
 * sun.security.x509.AVAKeyword, JDK 17). The SRI's validator reads the issuer with it: `E=` or `organizationIdentifier=` throw there.
 */
const keywords: Readonly<Record<string, string>> = {
  CN: '2.5.4.3', C: '2.5.4.6', L: '2.5.4.7', S: '2.5.4.8', ST: '2.5.4.8', O: '2.5.4.10', OU: '2.5.4.11', T: '2.5.4.12', IP: '1.3.6.1.4.1.42.2.11.2.1', STREET: '2.5.4.9',
  DC: '0.9.2342.19200300.100.1.25', DNQUALIFIER: '2.5.4.46', DNQ: '2.5.4.46', SURNAME: '2.5.4.4', GIVENNAME: '2.5.4.42', INITIALS: '2.5.4.43', GENERATION: '2.5.4.44',
  EMAILADDRESS: '1.2.840.113549.1.9.1', UID: '0.9.2342.19200300.100.1.1', SERIALNUMBER: '2.5.4.5'
}

/** A written distinguished name (RFC 2253, RFC 1779) says the same as one of a certificate: last relative name first, as Java reads it. */
export function saysName (text: string, name: Name): boolean {
  const written = rdnsOf(text)
  if (written?.length !== name.rdns.length) return false
  const wanted = name.rdns.toReversed()
  return written.every((rdn, index) => {
    const left = [...wanted[index]!]
    return rdn.length === left.length && rdn.every(attribute => {
      const found = left.findIndex(candidate => says(attribute, candidate))
      if (found !== -1) left.splice(found, 1)
      return found !== -1
    })
  })
}

interface Written { type: string, value: string }

function says ({ type, value }: Written, attribute: NameAttribute): boolean {
  const { oid, value: known, encoded } = attribute
  const named = keywords[type.toUpperCase()]
  if ((named ?? type.replace(/^OID\./i, '')) !== oid) return false
  if (/^#(?:[\da-f]{2})+$/i.test(value)) return encoded.bytes.equals(Buffer.from(value.slice(1), 'hex'))
  // Java makes a string of its own of it, which is another value than a string of another type; of a number it does not know it makes none that is equal.
  if (named === undefined || !isRead(attribute)) return false
  return encoded.tag === tags.ia5String ? known === value : plain(known) === plain(value)
}

const plain = (text: string): string => text.trim().replace(/\s+/g, ' ').toLowerCase()

/** Undefined where it is no distinguished name. */
function rdnsOf (text: string): Written[][] | undefined {
  const rdns: Written[][] = [[]]
  let at = 0
  for (;;) {
    const type = /\s*((?:OID\.)?\d+(?:\.\d+)+|[A-Za-z][A-Za-z\d-]*)\s*=\s*/y
    type.lastIndex = at
    const found = type.exec(text)
    if (found === null) return undefined
    const value = valueAt(text, type.lastIndex)
    if (value === undefined) return undefined
    rdns.at(-1)!.push({ type: found[1]!, value: value.text })
    at = value.end + 1
    if (value.end >= text.length) return rdns
    if (text[value.end] !== '+') rdns.push([])
  }
}

/** A value up to the unescaped separator after it; `end` is where that stands. */
function valueAt (text: string, start: number): { text: string, end: number } | undefined {
  const bytes: Buffer[] = []
  let at = start
  // White space at the end is no part of the value, unless it is escaped.
  let kept = 0
  const quoted = text[at] === '"'
  if (quoted) at++
  for (; at < text.length; at++) {
    const character = text[at]!
    if (quoted ? character === '"' : /[,;+]/.test(character)) break
    if (character === '\\') {
      const hex = /^[\da-f]{2}/i.exec(text.slice(at + 1))?.[0]
      if (at + 1 >= text.length) return undefined
      bytes.push(hex === undefined ? Buffer.from(text[at + 1]!) : Buffer.from(hex, 'hex'))
      at += hex === undefined ? 1 : 2
      kept = bytes.length
    } else {
      const whole = String.fromCodePoint(text.codePointAt(at)!)
      bytes.push(Buffer.from(whole))
      at += whole.length - 1
      if (quoted || character !== ' ') kept = bytes.length
    }
  }
  if (quoted) {
    if (text[at] !== '"') return undefined
    at++
    while (text[at] === ' ') at++
    if (at < text.length && !/[,;+]/.test(text[at]!)) return undefined
  }
  return { text: Buffer.concat(bytes.slice(0, kept)).toString(), end: at }
}
