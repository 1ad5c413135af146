import { exponentOf } from '../adapter/money.ts'

/**
 * `money`: an integer of minor units; files say it twice, as it is and (`<name>_decimal`) with its decimal point. `decimal`: a text
 * such as `116.00`. `instant`: ISO 8601 in UTC. `day`: `2026-11-21`.
 */
export type ColumnKind = 'text' | 'integer' | 'money' | 'decimal' | 'instant' | 'day' | 'boolean'

export type CellValue = string | number | boolean | null | undefined

export interface Column<Row> {
  /** As in the JSON: snake_case, English. CSV says it as it is. */
  name: string
  kind: ColumnKind
  of: (row: Row) => CellValue
  /** Of `money`: ISO 4217; where there is none there is no decimal either. */
  currency?: (row: Row) => string | null | undefined
  /** What a spreadsheet says above it; absent, the name in words. */
  title?: { es: string, en: string }
}

/** Sums that are gathered while the rows pass, so that they are those of exactly the rows that were written. */
export interface Totals<Row, Line = Record<string, unknown>> {
  columns: readonly Column<Line>[]
  add: (row: Row) => void
  lines: () => readonly Line[]
}

/** What is exported: rows in pages, so that none but one page is ever held. */
export interface Table<Row> {
  /** Of the file, without its ending. */
  name: string
  /** Of the sheet. */
  title: { es: string, en: string }
  columns: readonly Column<Row>[]
  pages: AsyncIterable<readonly Row[]>
  totals?: Totals<Row, any>
}

/** A column as a file has it: of money there are two. */
export interface FileColumn<Row> {
  name: string
  kind: Exclude<ColumnKind, 'money'>
  of: (row: Row) => CellValue
  title: { es: string, en: string }
  /** Digits after the decimal point, of a decimal that is money. */
  digits?: (row: Row) => number | undefined
}

export function fileColumns<Row> (columns: readonly Column<Row>[]): FileColumn<Row>[] {
  return columns.flatMap(({ name, kind, of, currency = () => null, title = { es: inWords(name), en: inWords(name) } }) => {
    if (kind !== 'money') return [{ name, kind, of, title }]
    const decimal = (row: Row): CellValue => {
      const [amount, code] = [of(row), currency(row)]
      return typeof amount !== 'number' || code === null || code === undefined ? null : decimalOf(amount, code)
    }
    return [
      { name, kind: 'integer' as const, of, title: { es: `${title.es} (unidades mínimas)`, en: `${title.en} (minor units)` } },
      { name: `${name}_decimal`, kind: 'decimal' as const, of: decimal, title, digits: (row: Row) => digitsOf(currency(row)) }
    ]
  })
}

/** Minor units with their decimal point, in integers all the way: `-1999` MXN is `-19.99`. */
export function decimalOf (amount: number, currency: string): string {
  const digits = exponentOf(currency)
  const text = String(Math.abs(amount)).padStart(digits + 1, '0')
  const point = text.length - digits
  return `${amount < 0 ? '-' : ''}${text.slice(0, point)}${digits === 0 ? '' : `.${text.slice(point)}`}`
}

const digitsOf = (currency: string | null | undefined): number | undefined => currency === null || currency === undefined ? undefined : exponentOf(currency)

const inWords = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1).replaceAll('_', ' ')
