/**
 * Just enough DER (ITU-T X.690) to tell files apart and to read names, extensions and key containers byte for byte. Lengths are
 * definite and tags are low, as in X.509; what else comes is refused. Children are read when they are asked for, so nothing
 * nests deeper than the reader goes.
 */

export type DerProblem = 'truncated' | 'trailing' | 'malformed'

export class DerError extends Error {
  override readonly name = 'DerError'
  readonly problem: DerProblem
  /** Of a truncated file: how many bytes its beginning promises. */
  readonly expectedBytes: number | undefined

  constructor (problem: DerProblem, message: string, expectedBytes?: number) {
    super(message)
    this.problem = problem
    this.expectedBytes = expectedBytes
  }
}

/** Identifier octets. */
export const tags = {
  boolean: 0x01, integer: 0x02, bitString: 0x03, octetString: 0x04, null: 0x05, oid: 0x06, utf8String: 0x0c, printableString: 0x13, t61String: 0x14,
  ia5String: 0x16, utcTime: 0x17, generalizedTime: 0x18, universalString: 0x1c, bmpString: 0x1e, sequence: 0x30, set: 0x31
} as const

/** Constructed, context-specific: `[n]`. */
export const contextTag = (n: number): number => 0xa0 | n

export class Der {
  readonly tag: number
  /** Header and content. */
  readonly bytes: Buffer
  readonly content: Buffer

  constructor (tag: number, bytes: Buffer, content: Buffer) {
    this.tag = tag
    this.bytes = bytes
    this.content = content
  }

  /** Throws where it is not constructed, or what is in it is not DER. */
  children (): Der[] {
    if ((this.tag & 0x20) === 0) throw new DerError('malformed', 'a primitive value has no parts')
    const found: Der[] = []
    for (let offset = 0; offset < this.content.length;) {
      const child = readAt(this.content, offset)
      found.push(child)
      offset += child.bytes.length
    }
    return found
  }
}

/** The one value that the bytes are. */
export function readDer (bytes: Uint8Array): Der {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const value = readAt(buffer, 0)
  if (value.bytes.length < buffer.length) throw new DerError('trailing', `${buffer.length - value.bytes.length} bytes follow its end`, value.bytes.length)
  return value
}

function readAt (buffer: Buffer, offset: number): Der {
  const tag = buffer[offset]
  const first = buffer[offset + 1]
  if (tag === undefined || first === undefined) throw new DerError('truncated', 'it ends within a header')
  if ((tag & 0x1f) === 0x1f) throw new DerError('malformed', 'it has a tag of several bytes')
  let header = 2
  let length = first
  if (first >= 0x80) {
    const octets = first & 0x7f
    if (octets === 0 || octets > 4) throw new DerError('malformed', 'its length is not definite')
    if (offset + 2 + octets > buffer.length) throw new DerError('truncated', 'it ends within a header')
    length = buffer.readUIntBE(offset + 2, octets)
    header += octets
  }
  const end = offset + header + length
  if (end > buffer.length) throw new DerError('truncated', `it ends after ${buffer.length - offset} of ${header + length} bytes`, header + length)
  return new Der(tag, buffer.subarray(offset, end), buffer.subarray(offset + header, end))
}

/** `1.2.840.113549.1.1.1` */
export function oidOf ({ tag, content }: Der): string {
  if (tag !== tags.oid || content.length === 0) throw new DerError('malformed', 'not an object identifier')
  const arcs: bigint[] = []
  let arc = 0n
  for (const [index, octet] of content.entries()) {
    arc = (arc << 7n) | BigInt(octet & 0x7f)
    if (octet >= 0x80) {
      if (index === content.length - 1) throw new DerError('malformed', 'an object identifier without an end')
      continue
    }
    arcs.push(arc)
    arc = 0n
  }
  const [first = 0n, ...rest] = arcs
  const root = first >= 80n ? 2n : first / 40n
  return [root, first - root * 40n, ...rest].join('.')
}

const stringTags = new Set<number>([tags.utf8String, tags.printableString, tags.t61String, tags.ia5String, 0x12, 0x1a, tags.universalString, tags.bmpString])

export const isString = ({ tag }: Der): boolean => stringTags.has(tag)

/** The text of a string value. Authorities write UTF-8 under other names, and Latin-1 as UTF-8: what is not the one is read as the other. */
export function textOf ({ tag, content }: Der): string {
  if (tag === tags.bmpString) return utf16(content)
  if (tag === tags.universalString) return utf32(content)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content)
  } catch {
    return content.toString('latin1')
  }
}

function utf16 (bytes: Buffer): string {
  return Buffer.from(bytes.subarray(0, bytes.length & ~1)).swap16().toString('utf16le')
}

function utf32 (bytes: Buffer): string {
  let text = ''
  for (let offset = 0; offset + 4 <= bytes.length; offset += 4) {
    const point = bytes.readUInt32BE(offset)
    text += point <= 0x10ffff ? String.fromCodePoint(point) : '\ufffd'
  }
  return text
}
