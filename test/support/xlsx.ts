import { XmlDocument, type XmlElement } from 'libxml2-wasm'
import yauzl from 'yauzl'
import { buffer } from 'node:stream/consumers'

export type Cell = string | number | boolean | null
export interface Sheet { name: string, rows: Cell[][] }

const ns = { m: 'http://schemas.openxmlformats.org/spreadsheetml/2006/main', r: 'http://schemas.openxmlformats.org/officeDocument/2006/relationships', p: 'http://schemas.openxmlformats.org/package/2006/relationships' }

/** Reads a workbook as a spreadsheet does: by its relationships, every part well-formed, cells by their address; dates as ISO texts. */
export async function readXlsx (bytes: Buffer): Promise<Sheet[]> {
  const parts = await unzip(bytes)
  const dated = all(parts, 'xl/styles.xml', '//m:cellXfs/m:xf/@numFmtId').map(id => ['164', '165'].includes(id))
  const targets = new Map(elements(parts, 'xl/_rels/workbook.xml.rels', '//p:Relationship').map(rel => [rel.attr('Id')!.value, rel.attr('Target')!.value]))
  return elements(parts, 'xl/workbook.xml', '//m:sheet').map(sheet => {
    const target = targets.get(sheet.get('@r:id', ns)!.content)!
    return { name: sheet.attr('name')!.value, rows: elements(parts, `xl/${target}`, '//m:row').map(row => cells(row, dated)) }
  })
}

/** The entries of an archive, by name, as text. */
export async function unzip (bytes: Buffer): Promise<Map<string, string>> {
  const zip = await yauzl.fromBufferPromise(bytes)
  const parts = new Map<string, string>()
  for await (const entry of zip.eachEntry()) parts.set(entry.fileName, (await buffer(await zip.openReadStreamPromise(entry))).toString())
  return parts
}

function cells (row: XmlElement, dated: readonly boolean[]): Cell[] {
  const found: Cell[] = []
  for (const cell of row.find('m:c', ns) as XmlElement[]) {
    const column = [...cell.attr('r')!.value.replace(/\d/g, '')].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0) - 1
    while (found.length < column) found.push(null)
    found.push(valueOf(cell, dated))
  }
  return found
}

function valueOf (cell: XmlElement, dated: readonly boolean[]): Cell {
  const type = cell.attr('t')?.value
  if (type === 'inlineStr') return cell.get('m:is/m:t', ns)!.content.replace(/_x([\da-fA-F]{4})_/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  const value = cell.get('m:v', ns)!.content
  if (type === 'b') return value === '1'
  if (!dated[Number(cell.attr('s')?.value ?? 0)]) return Number(value)
  return new Date(Math.round((Number(value) - 25_569) * 24 * 3600_000)).toISOString()
}

const elements = (parts: ReadonlyMap<string, string>, part: string, path: string): XmlElement[] => {
  const xml = parts.get(part)
  if (xml === undefined) throw new Error(`the workbook has no ${part}`)
  return XmlDocument.fromString(xml).find(path, ns) as XmlElement[]
}
const all = (parts: ReadonlyMap<string, string>, part: string, path: string): string[] => elements(parts, part, path).map(node => node.content)
