export const delimiters = [',', ';', '\t', '|'] as const
export type Delimiter = typeof delimiters[number]

export interface CsvRow {
  /** Where it begins, from 1. */
  line: number
  cells: string[]
}

/** The text is no table that we read. */
export class CsvError extends Error {
  override readonly name = 'CsvError'
  readonly line: number

  constructor (line: number, message: string) {
    super(message)
    this.line = line
  }
}

/** RFC 4180, with any of the delimiters and line ends that banks use. Empty lines are left out. Throws CsvError for a quote that is not closed. */
export function readCsv (text: string, delimiter: Delimiter, { maxRows = Infinity } = {}): CsvRow[] {
  const rows: CsvRow[] = []
  let line = 1
  let at = 0
  while (at < text.length && rows.length < maxRows) {
    const row: CsvRow = { line, cells: [] }
    for (;;) {
      const { cell, next, lines } = readCell(text, at, delimiter, line)
      row.cells.push(cell)
      line += lines
      at = next
      if (text[at] !== delimiter) break
      at++
    }
    if (text[at] === '\r') at++
    if (text[at] === '\n') at++
    line++
    if (row.cells.some(cell => cell.trim() !== '')) rows.push(row)
  }
  return rows
}

function readCell (text: string, from: number, delimiter: string, line: number): { cell: string, next: number, lines: number } {
  const ends = (at: number) => at >= text.length || text[at] === delimiter || text[at] === '\n' || text[at] === '\r'
  if (text[from] !== '"') {
    let at = from
    while (!ends(at)) at++
    return { cell: text.slice(from, at), next: at, lines: 0 }
  }
  let cell = ''
  let at = from + 1
  for (;;) {
    const quote = text.indexOf('"', at)
    if (quote === -1) throw new CsvError(line, 'a quote is not closed')
    cell += text.slice(at, quote)
    at = quote + 1
    if (text[at] !== '"') break
    cell += '"'
    at++
  }
  // What follows a closing quote belongs to the cell: some banks pad with spaces.
  const closed = at
  while (!ends(at)) at++
  return { cell: cell + text.slice(closed, at), next: at, lines: cell.split('\n').length - 1 }
}

/** The bytes as text: UTF-8 where they are, else Windows-1252, in which Mexican banks write. */
export function decodeText (bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return new TextDecoder('windows-1252').decode(bytes)
  }
}
