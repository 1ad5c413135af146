import { stringify } from 'csv-stringify/sync'
import { type CellValue, type FileColumn, fileColumns, type Table } from './table.ts'

/**
 * RFC 4180 in UTF-8, page by page, with a line of names first. It has no totals: a program that reads it would take them for rows.
 * What a person or a provider wrote is never a formula for the spreadsheet that opens it.
 */
export async function * csvOf<Row> ({ columns, pages }: Table<Row>): AsyncGenerator<string> {
  const shown = fileColumns(columns)
  yield written([shown.map(({ name }) => name)])
  for await (const page of pages) yield written(page.map(row => shown.map(column => textOf(column, column.of(row)))))
}

const written = (records: readonly (readonly string[])[]): string => stringify(records as string[][], { record_delimiter: '\r\n' })

function textOf<Row> ({ kind }: FileColumn<Row>, value: CellValue): string {
  if (value === null || value === undefined) return ''
  return kind === 'text' ? withoutFormula(String(value)) : String(value)
}

/**
 * An apostrophe before what a spreadsheet would compute. The signs, their full-width twins and the invisible ones before them are those
 * of OWASP's "CSV Injection" (https://owasp.org/www-community/attacks/CSV_Injection, read 2026-11-21).
 */
export function withoutFormula (text: string): string {
  return /^[\s\u200B\uFEFF]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]|^[\t\r\n]/.test(text) ? `'${text}` : text
}
