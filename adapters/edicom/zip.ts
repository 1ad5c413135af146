import { inflateRawSync } from 'node:zlib'

/**
 * The first file of a ZIP whose name ends so; undefined where there is none, or it is no ZIP. By the central directory, as the
 * format asks (APPNOTE.TXT 4.3.12): what stands before it may be anything. Stored or deflated, `maxBytes` at most.
 */
export function fileInZip (zip: Buffer, ending: string, maxBytes: number): Buffer | undefined {
  try {
    const end = zip.lastIndexOf(Buffer.from('PK\u0005\u0006'))
    if (end < 0) return undefined
    let entry = zip.readUInt32LE(end + 16)
    for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
      if (zip.readUInt32LE(entry) !== 0x02014b50) return undefined
      const [method, packed, size] = [zip.readUInt16LE(entry + 10), zip.readUInt32LE(entry + 20), zip.readUInt32LE(entry + 24)]
      const [nameLength, extraLength, commentLength] = [zip.readUInt16LE(entry + 28), zip.readUInt16LE(entry + 30), zip.readUInt16LE(entry + 32)]
      const name = zip.toString('utf8', entry + 46, entry + 46 + nameLength)
      if (name.toLowerCase().endsWith(ending) && size <= maxBytes) {
        const local = zip.readUInt32LE(entry + 42)
        const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28)
        const bytes = zip.subarray(start, start + packed)
        return method === 0 ? Buffer.from(bytes) : method === 8 ? inflateRawSync(bytes, { maxOutputLength: maxBytes }) : undefined
      }
      entry += 46 + nameLength + extraLength + commentLength
    }
    return undefined
  } catch {
    return undefined
  }
}
