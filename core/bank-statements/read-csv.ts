import { exponentOf, isCurrency } from '../adapter/money.ts'
import { parseAmount } from './amounts.ts'
import { CsvError, type CsvRow, decodeText, type Delimiter, delimiters, readCsv } from './csv.ts'
import { type Moment, parseClock, parseMoment } from './dates.ts'
import { hintsIn, keptText, type LineProblem, maxEntries, normalReference, normalTrackingKey, type ParsedEntry, StatementError } from './entry.ts'
import { type Columns, type Layout, trackingInText } from './layouts.ts'

export interface CsvOptions {
  layout: Layout
  delimiter?: Delimiter
  /** Of the account. */
  currency: string
  /** Whether a number that the file shows can be the account's. */
  isAccount: (number: string) => boolean
}

/** Titles and addresses that stand above the table, at most. */
const headerWithin = 60
const problemsAtMost = 20

type Where = { [name in keyof Columns]?: number[] }

/** The movements of a bank's table, and how many of its lines are none (titles, totals). Throws StatementError with every line that is wrong. */
export function readCsvStatement (bytes: Uint8Array, options: CsvOptions): { entries: ParsedEntry[], skipped: number } {
  const text = decodeText(bytes).replace(/^\uFEFF/, '')
  const { delimiter, header, where } = findTable(text, options)
  const rows = table(text, delimiter)
  const entries: ParsedEntry[] = []
  const problems: LineProblem[] = []
  let skipped = rows.filter(row => row.line <= header.line).length
  for (const row of rows.filter(row => row.line > header.line)) {
    try {
      const entry = readRow(row, where, options)
      if (entry === undefined) skipped++
      else entries.push(entry)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      problems.push({ line: row.line, message: error.message })
      if (problems.length >= problemsAtMost) break
    }
  }
  if (problems.length > 0) throw new StatementError(problems)
  if (entries.length > maxEntries) throw new StatementError([{ line: 0, message: `has more than ${maxEntries} entries: split it` }])
  return { entries, skipped }
}

function table (text: string, delimiter: Delimiter, maxRows?: number): CsvRow[] {
  try {
    return readCsv(text, delimiter, maxRows === undefined ? {} : { maxRows })
  } catch (error) {
    if (error instanceof CsvError) throw new StatementError([{ line: error.line, message: error.message }])
    throw error
  }
}

/** The row that names the columns, with the first delimiter that makes such a row of it. */
function findTable (text: string, { layout, delimiter }: CsvOptions): { delimiter: Delimiter, header: CsvRow, where: Where } {
  let missing: string[] = []
  let torn: CsvError | undefined
  for (const candidate of delimiter === undefined ? delimiters : [delimiter]) {
    let rows: CsvRow[]
    try {
      rows = readCsv(text, candidate, { maxRows: headerWithin })
    } catch (error) {
      if (!(error instanceof CsvError)) throw error
      torn ??= error
      continue
    }
    for (const header of rows) {
      const { where, lacks } = columnsOf(header, layout.columns)
      if (lacks.length === 0) return { delimiter: candidate, header, where }
      if (where.date !== undefined && (missing.length === 0 || lacks.length < missing.length)) missing = lacks
    }
  }
  if (missing.length === 0 && torn !== undefined) throw new StatementError([{ line: torn.line, message: torn.message }])
  const looked = missing.length === 0 ? `a column ${layout.columns.date.join(' or ')}` : missing.join(', ')
  throw new StatementError([{ line: 0, message: `has no table of the layout ${layout.id}: ${looked} is missing` }])
}

/** Letters and digits alone: accents, dots and capitals come and go. */
export const plainName = (name: string): string => name.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().replace(/[^a-z0-9]/g, '')

function columnsOf ({ cells }: CsvRow, columns: Columns): { where: Where, lacks: string[] } {
  const names = cells.map(plainName)
  const where: Where = {}
  for (const [what, aliases] of Object.entries(columns) as [keyof Columns, readonly string[]][]) {
    const found = aliases.map(alias => names.indexOf(plainName(alias))).filter(index => index !== -1)
    if (found.length > 0) where[what] = what === 'description' ? [...new Set(found)] : [found[0]!]
  }
  const lacks: string[] = []
  if (where.date === undefined) lacks.push(columns.date.join(' or '))
  if (columns.credit !== undefined && where.credit === undefined) lacks.push(columns.credit.join(' or '))
  if (columns.amount !== undefined && columns.credit === undefined && where.amount === undefined) lacks.push(columns.amount.join(' or '))
  if (columns.mark !== undefined && where.mark === undefined) lacks.push(columns.mark.join(' or '))
  return { where, lacks }
}

/** Undefined for a line that is no movement. Throws RangeError for one that is, and cannot be read. */
function readRow ({ cells, line }: CsvRow, where: Where, { layout, currency: ofAccount, isAccount }: CsvOptions): ParsedEntry | undefined {
  const cell = (what: keyof Columns): string | undefined => {
    const index = where[what]?.[0]
    return index === undefined ? undefined : cells[index]?.trim()
  }
  const dateCell = cell('date') ?? ''
  // Totals, notes and the titles of a second page carry no day.
  if (!/\d/.test(dateCell)) return undefined
  const currency = currencyOf(cell('currency'), ofAccount)
  const parse = (text: string | undefined) => text === undefined ? undefined : parseAmount(text, { decimal: layout.decimal, exponent: exponentOf(currency) })
  const signed = signedAmount(parse, cell, layout)
  const moment = parseMoment(dateCell, layout.date_order)
  if (signed === undefined) {
    if (moment === undefined) return undefined
    throw new RangeError('has a day and no amount')
  }
  if (moment === undefined) throw new RangeError(`${JSON.stringify(dateCell.slice(0, 40))} is no day (${layout.date_order})`)
  const account = cell('account')
  if (account !== undefined && /\d/.test(account) && !isAccount(account)) throw new RangeError('is of another account')
  const description = (where.description ?? []).map(index => cells[index]?.trim() ?? '').filter(text => text !== '').join(' ')
  const stated = cell('reference')
  const reference = normalReference(firstGroup(description, layout.reference_in_text)) ?? normalReference(stated)
  const trackingKey = normalTrackingKey(cell('tracking_key')) ?? normalTrackingKey(trackingInText.exec(description)?.[1])
  const payer = cell('payer')
  const balance = balanceOf(parse, cell('balance'))
  const time = timeOf(moment, cell('time'))
  return {
    line,
    direction: signed >= 0 ? 'credit' : 'debit',
    amount: Math.abs(signed),
    currency,
    day: moment.day,
    ...(time !== undefined && { time }),
    ...(reference !== undefined && { reference }),
    hints: hintsIn([stated, description]),
    ...(trackingKey !== undefined && { trackingKey }),
    description: keptText(description, 1000),
    ...(payer !== undefined && payer !== '' && { payer: keptText(payer, 200) }),
    ...(balance !== undefined && { balance })
  }
}

type Parse = (text: string | undefined) => number | undefined

/** Above zero for money that came. */
function signedAmount (parse: Parse, cell: (what: keyof Columns) => string | undefined, layout: Layout): number | undefined {
  if (layout.columns.credit !== undefined) {
    const [credit = 0, debit = 0] = [parse(cell('credit')), parse(cell('debit'))]
    if (credit !== 0 && debit !== 0) throw new RangeError('came and went on one line')
    if (credit < 0) throw new RangeError('has a credit below zero')
    const blank = (cell('credit') ?? '') === '' && (cell('debit') ?? '') === ''
    // Some banks write what went with a minus, some without.
    return blank ? undefined : credit !== 0 ? credit : -Math.abs(debit)
  }
  const amount = parse(cell('amount'))
  if (amount === undefined || layout.columns.mark === undefined) return amount
  const mark = (cell('mark') ?? '').replace(/['\s]/g, '').toLowerCase()
  if (mark === '') throw new RangeError('does not say whether it came or went')
  return (layout.credit_marks ?? []).includes(mark) ? Math.abs(amount) : -Math.abs(amount)
}

function currencyOf (told: string | undefined, ofAccount: string): string {
  const code = told?.toUpperCase() ?? ''
  // Pesos go by many names; what is no code says nothing else than the account does.
  return isCurrency(code) ? code : ofAccount
}

/** A balance only tells equal lines apart: one that cannot be read is left out. */
function balanceOf (parse: Parse, text: string | undefined): number | undefined {
  try {
    return parse(text)
  } catch {
    return undefined
  }
}

const timeOf = (moment: Moment, cell: string | undefined): string | undefined => (cell === undefined ? undefined : parseClock(cell)) ?? moment.time

function firstGroup (text: string, patterns: readonly RegExp[] = []): string | undefined {
  for (const pattern of patterns) {
    const found = pattern.exec(text)?.[1]
    if (found !== undefined) return found
  }
}
