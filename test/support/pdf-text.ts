import { inflateSync } from 'node:zlib'

/**
 * The text of each page, as pdfkit writes it: one compressed stream of content a page, strings in hexadecimal (WinAnsi), a line of text each.
 * Exactly one line feed stands between the bytes and `endstream`: bytes that end in a carriage return keep it.
 */
export function pagesOf (pdf: Buffer): string[] {
  const streams = [...pdf.toString('latin1').matchAll(/\/FlateDecode[^>]*>>\s*stream\r?\n(.*?)\nendstream/gs)].map(([, bytes]) => inflateSync(Buffer.from(bytes!, 'latin1')).toString('latin1'))
  return streams.filter(stream => stream.includes(' TJ')).map(stream => [...stream.matchAll(/\[(.*?)\] TJ/gs)]
    .map(([, parts]) => [...parts!.matchAll(/<([0-9a-f]*)>/g)].map(([, hex]) => Buffer.from(hex!, 'hex').toString('latin1')).join('')).join(' ').replaceAll(/\s+/g, ' '))
}
