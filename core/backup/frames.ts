/** Several documents in one part: a million of them are not a million files. */
export interface Document { key: string, type: string, bytes: Buffer }

const lengthBytes = 4

/** Length of the header, header (JSON), bytes. */
export function frame ({ key, type, bytes }: Document): Buffer {
  const header = Buffer.from(JSON.stringify({ key, type, bytes: bytes.length }))
  const length = Buffer.alloc(lengthBytes)
  length.writeUInt32BE(header.length)
  return Buffer.concat([length, header, bytes])
}

export function * unframe (part: Buffer): Generator<Document> {
  for (let at = 0; at < part.length;) {
    const start = at + lengthBytes
    const end = start + part.readUInt32BE(at)
    const { key, type, bytes } = JSON.parse(part.toString('utf8', start, end)) as { key: string, type: string, bytes: number }
    at = end + bytes
    yield { key, type, bytes: part.subarray(end, at) }
  }
}
