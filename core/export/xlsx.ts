import { Readable } from 'node:stream'
import ZipStream from 'zip-stream'
import { type CellValue, type Column, type FileColumn, fileColumns, type Table } from './table.ts'

export interface XlsxOptions {
  /** Of the titles above the columns. */
  language: 'es' | 'en'
  /** Written into the archive. */
  now: Date
  /** Rows of data on one sheet; Excel ends at 1,048,576 with the titles. */
  sheetRows?: number
}

/**
 * A workbook (ECMA-376, transitional) written as it is read: rows with inline strings, so that no table of strings grows with them;
 * as many sheets as the rows need, and one with the totals. Reading it pulls the rows; destroying it ends them.
 */
export function xlsxOf<Row> (table: Table<Row>, { language, now, sheetRows = 1_048_575 }: XlsxOptions): Readable {
  const zip = new ZipStream({ level: 3 })
  const rows = rowsOf(table)
  let source: Readable | undefined
  const put = async (name: string, content: string | Readable): Promise<void> => await new Promise((resolve, reject) => {
    if (content instanceof Readable) source = content.once('error', reject)
    zip.entry(content, { name, date: now }, error => error ? reject(error) : resolve())
  })
  const titles: string[] = []
  const putSheet = async (title: string, xml: AsyncGenerator<string>): Promise<void> => {
    titles.push(title)
    await put(`xl/worksheets/sheet${titles.length}.xml`, Readable.from(xml, { objectMode: false }))
  }
  const write = async (): Promise<void> => {
    await put('[Content_Types].xml', contentTypes)
    await put('_rels/.rels', relationships([['rId1', 'officeDocument', 'xl/workbook.xml']]))
    await put('xl/styles.xml', styles)
    const columns = fileColumns(table.columns)
    const part = { more: true }
    for (let number = 1; part.more; number++) await putSheet(number === 1 ? table.title[language] : `${table.title[language]} ${number}`, sheetOf(columns, partOf(rows, sheetRows, part), language))
    if (table.totals !== undefined) await putSheet(language === 'es' ? 'Totales' : 'Totals', sheetOf(fileColumns(table.totals.columns as readonly Column<unknown>[]), from(table.totals.lines()), language))
    await put('xl/workbook.xml', workbook(titles))
    await put('xl/_rels/workbook.xml.rels', relationships([
      ...titles.map((_title, index): Relationship => [`rId${index + 1}`, 'worksheet', `worksheets/sheet${index + 1}.xml`]), [`rId${titles.length + 1}`, 'styles', 'styles.xml']
    ]))
    zip.finish()
  }
  zip.once('close', () => {
    source?.destroy()
    void rows.return(undefined)
  })
  write().catch((error: unknown) => { zip.destroy(error as Error) })
  // It is a stream of another make (readable-stream); whoever reads it gets one of Node's own.
  return Readable.from(zip as AsyncIterable<Buffer>, { objectMode: false })
}

async function * rowsOf<Row> ({ pages, totals }: Table<Row>): AsyncGenerator<Row[]> {
  for await (const page of pages) {
    for (const row of page) totals?.add(row)
    yield [...page]
  }
}

async function * from<Row> (rows: readonly Row[]): AsyncGenerator<Row[]> {
  yield [...rows]
}

/** The next `atMost` rows; `part.more` says whether there are others behind them, which the next part begins with. */
async function * partOf<Row> (rows: AsyncGenerator<Row[]>, atMost: number, part: { more: boolean, left?: Row[] }): AsyncGenerator<Row[]> {
  let room = atMost
  part.more = false
  while (true) {
    const page = part.left ?? (await rows.next()).value as Row[] | undefined
    delete part.left
    if (page === undefined) return
    const fits = page.slice(0, room)
    room -= fits.length
    if (fits.length > 0) yield fits
    if (page.length > fits.length) {
      part.left = page.slice(fits.length)
      part.more = true
      return
    }
  }
}

const declaration = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
const office = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const part = 'application/vnd.openxmlformats-officedocument.spreadsheetml'

/** What ends in `.xml` is a sheet, unless it is named: so this is written first, before anybody knows how many there will be. */
const contentTypes = `${declaration}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="${part}.worksheet+xml"/><Override PartName="/xl/workbook.xml" ContentType="${part}.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="${part}.styles+xml"/></Types>`

type Relationship = readonly [id: string, type: string, target: string]
const relationships = (all: readonly Relationship[]): string =>
  `${declaration}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${all.map(([id, type, target]) => `<Relationship Id="${id}" Type="${office}/${type}" Target="${target}"/>`).join('')}</Relationships>`

/** Excel refuses a title of more than 31 characters, and some signs. */
const workbook = (titles: readonly string[]): string =>
  `${declaration}<workbook xmlns="${main}" xmlns:r="${office}"><sheets>${titles.map((title, index) => `<sheet name="${escaped(title.replace(/[\\/?*[\]:]/g, ' ').slice(0, 31))}" sheetId="${index + 1}" r:id="rId${index + 1}"/>`).join('')}</sheets></workbook>`

/** By their place: plain, title, instant, day, integer, and money of 0, 2, 3 and 4 decimals. */
const style = { plain: 0, title: 1, instant: 2, day: 3, integer: 4, money: { 0: 5, 2: 6, 3: 7, 4: 8 } as Record<number, number> }
const formats = [0, 0, 164, 165, 1, 3, 4, 166, 167]
const styles = `${declaration}<styleSheet xmlns="${main}"><numFmts count="4"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/><numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd"/><numFmt numFmtId="166" formatCode="#,##0.000"/><numFmt numFmtId="167" formatCode="#,##0.0000"/></numFmts><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="${formats.length}">${formats.map((format, index) => `<xf numFmtId="${format}" fontId="${index === style.title ? 1 : 0}" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/>`).join('')}</cellXfs></styleSheet>`

async function * sheetOf<Row> (columns: readonly FileColumn<Row>[], pages: AsyncGenerator<Row[]>, language: 'es' | 'en'): AsyncGenerator<string> {
  const letters = columns.map((_column, index) => lettersOf(index))
  yield `${declaration}<worksheet xmlns="${main}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols><col min="1" max="${columns.length}" width="20" customWidth="1"/></cols><sheetData><row r="1">${columns.map(({ title }, index) => textCell(`${letters[index]}1`, style.title, title[language])).join('')}</row>`
  let number = 1
  for await (const page of pages) {
    let xml = ''
    for (const row of page) {
      number++
      xml += `<row r="${number}">`
      for (let index = 0; index < columns.length; index++) {
        const column = columns[index]!
        xml += cell(`${letters[index]}${number}`, column, column.of(row), row)
      }
      xml += '</row>'
    }
    yield xml
  }
  yield '</sheetData></worksheet>'
}

function cell<Row> (at: string, { kind, digits }: FileColumn<Row>, value: CellValue, row: Row): string {
  if (value === null || value === undefined || value === '') return ''
  switch (kind) {
    case 'integer': return typeof value === 'number' && Math.abs(value) < 1e15 ? `<c r="${at}" s="${style.integer}"><v>${value}</v></c>` : numberCell(at, style.integer, String(value))
    case 'decimal': return numberCell(at, style.money[digits?.(row) ?? -1] ?? style.plain, String(value))
    case 'boolean': return `<c r="${at}" t="b"><v>${value === true ? 1 : 0}</v></c>`
    case 'instant': return dateCell(at, style.instant, String(value))
    case 'day': return dateCell(at, style.day, String(value))
    case 'text': return textCell(at, style.plain, String(value))
  }
}

/** A spreadsheet keeps fifteen digits: what has more stays a text, whole. */
function numberCell (at: string, styled: number, text: string): string {
  if (!/^-?\d+(\.\d+)?$/.test(text) || text.replace(/\D/g, '').replace(/^0+/, '').length > 15) return textCell(at, style.plain, text)
  return `<c r="${at}" s="${styled}"><v>${text}</v></c>`
}

const dayMs = 24 * 3600_000
/** Day 0 of Excel's calendar, for every day since March 1900 (ECMA-376 18.17.4.1). */
const epoch = Date.UTC(1899, 11, 30)

/** In UTC, as everywhere in the API: a cell has no time zone. */
function dateCell (at: string, styled: number, text: string): string {
  const days = (Date.parse(text) - epoch) / dayMs
  return Number.isNaN(days) || days < 61 ? textCell(at, style.plain, text) : `<c r="${at}" s="${styled}"><v>${days}</v></c>`
}

/** An inline string is a text whatever it begins with: nothing is computed. Excel takes 32,767 characters in a cell. */
const textCell = (at: string, styled: number, text: string): string => `<c r="${at}" s="${styled}" t="inlineStr"><is><t xml:space="preserve">${escaped(text.slice(0, 32_767))}</t></is></c>`

const signs: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\r': '_x000D_' }

/** What XML 1.0 has no way to say is left out; `_x0041_` in a text is that text, not an A (ECMA-376 22.9.2.19). */
function escaped (text: string): string {
  // Most texts have none of it, and there are millions.
  if (!/[^\t\n !#-%'-;=?-\uD7FF]|_x/.test(text)) return text
  return text.toWellFormed().replace(/[^\t\n\r -\uFFFD]/g, '').replace(/_(?=x[\da-fA-F]{4}_)/g, '_x005F_').replace(/[&<>"\r]/g, sign => signs[sign]!)
}

/** A, B … Z, AA … */
function lettersOf (index: number): string {
  return (index < 26 ? '' : lettersOf(Math.floor(index / 26) - 1)) + String.fromCharCode(65 + index % 26)
}
