import { localDay } from '../adapter/local-time.ts'
import { exponentOf, isCurrency } from '../adapter/money.ts'
import { attribute, elements, textOf, type XmlElement } from '../fiscal/xml/element.ts'
import { parseXml, XmlError } from '../fiscal/xml/parse.ts'
import { parseAmount } from './amounts.ts'
import { hintsIn, keptText, type LineProblem, maxEntries, normalReference, normalTrackingKey, type ParsedEntry, StatementError } from './entry.ts'

/** Every version so far: what is read here has the same place in all of them, but for a person's name and an entry's status. */
const namespacePattern = /^urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.\d{2}$/

export interface CamtOptions {
  currency: string
  timeZone: string
  isAccount: (number: string) => boolean
}

/**
 * The booked movements of a CAMT.053 (BankToCustomerStatement), and how many of its entries are not booked yet. Source: ISO 20022,
 * https://www.iso20022.org/iso-20022-message-definitions (camt.053.001.02 to .13), read 2026-11-21. Throws StatementError.
 */
export function readCamtStatement (bytes: Uint8Array, options: CamtOptions): { entries: ParsedEntry[], skipped: number } {
  const root = rootOf(bytes)
  if (root.name !== 'Document' || !namespacePattern.test(root.namespace)) throw broken('is no CAMT.053')
  const statements = children(child(root, 'BkToCstmrStmt'), 'Stmt')
  if (statements.length === 0) throw broken('has no statement in it')
  const entries: ParsedEntry[] = []
  const problems: LineProblem[] = []
  let skipped = 0
  let line = 0
  for (const statement of statements) {
    const account = path(statement, 'Acct', 'Id')
    const number = text(child(account, 'IBAN')) ?? text(path(account, 'Othr', 'Id'))
    if (number === undefined || !options.isAccount(number)) throw broken('is of another account')
    for (const entry of children(statement, 'Ntry')) {
      line++
      if (statusOf(entry) !== 'BOOK') {
        skipped++
        continue
      }
      try {
        entries.push(...readEntry(entry, line, options))
      } catch (error) {
        if (!(error instanceof RangeError)) throw error
        problems.push({ line, message: error.message })
      }
    }
  }
  if (problems.length > 0) throw new StatementError(problems.slice(0, 20))
  if (entries.length > maxEntries) throw broken(`has more than ${maxEntries} entries: split it`)
  return { entries, skipped }
}

const broken = (message: string) => new StatementError([{ line: 0, message }])

function rootOf (bytes: Uint8Array): XmlElement {
  try {
    return parseXml(bytes).root
  } catch (error) {
    if (error instanceof XmlError) throw new StatementError([{ line: error.line, message: error.message }])
    throw error
  }
}

/** An entry that stands for several transactions is told by them, where they say what each of them is. */
function readEntry (entry: XmlElement, line: number, options: CamtOptions): ParsedEntry[] {
  const direction = directionOf(entry)
  if (direction === undefined) throw new RangeError('does not say whether it came or went')
  const whole = amountOf(child(entry, 'Amt'))
  const moment = momentOf(child(entry, 'BookgDt') ?? child(entry, 'ValDt'), options.timeZone)
  const reversal = text(child(entry, 'RvslInd')) === 'true'
  const details = children(entry, 'NtryDtls').flatMap(one => children(one, 'TxDtls'))
  const read = (transaction: XmlElement | undefined, amount: { amount: number, currency: string }): ParsedEntry => {
    const refs = transaction && child(transaction, 'Refs')
    const remittance = transaction && child(transaction, 'RmtInf')
    const stated = text(path(remittance, 'Strd', 'CdtrRefInf', 'Ref'))
    const [free, endToEnd] = [children(remittance, 'Ustrd').map(textOf).join(' '), text(child(refs, 'EndToEndId'))]
    // SPEI's tracking key comes as the transaction's own id; in Europe the bank's own reference of the entry is the one that is unique.
    const trackingKey = [text(child(refs, 'TxId')), text(child(refs, 'UETR')), text(child(refs, 'AcctSvcrRef')), details.length > 1 ? undefined : text(child(entry, 'AcctSvcrRef'))].map(normalTrackingKey).find(key => key !== undefined)
    const reference = normalReference(stated) ?? normalReference(endToEnd) ?? normalReference(free.trim())
    const debtor = path(transaction, 'RltdPties', 'Dbtr')
    const payer = text(child(debtor, 'Nm')) ?? text(path(debtor, 'Pty', 'Nm'))
    return {
      line,
      direction: (transaction && directionOf(transaction)) ?? direction,
      ...amount,
      ...moment,
      ...(reference !== undefined && { reference }),
      hints: hintsIn([stated, endToEnd, free, text(child(entry, 'AddtlNtryInf'))]),
      ...(trackingKey !== undefined && { trackingKey }),
      description: keptText([free, text(child(entry, 'AddtlNtryInf'))].filter(part => part !== undefined && part !== '').join(' '), 1000),
      ...(payer !== undefined && { payer: keptText(payer, 200) }),
      ...((reversal || (transaction !== undefined && child(transaction, 'RtrInf') !== undefined)) && { reversal: true })
    }
  }
  const parts = details.map(detail => ({ detail, amount: child(detail, 'Amt') ?? path(detail, 'AmtDtls', 'TxAmt', 'Amt') }))
  if (parts.length > 1 && parts.every(({ amount }) => amount !== undefined)) {
    const singles = parts.map(({ detail, amount }) => read(detail, amountOf(amount)))
    const sum = singles.reduce((sum, one) => sum + (one.direction === direction ? one.amount : -one.amount), 0)
    // Parts in another currency, or not all of them: then only the whole is certain.
    if (sum === whole.amount && singles.every(one => one.currency === whole.currency)) return singles
  }
  return [read(details.length === 1 ? details[0] : undefined, whole)]
}

function directionOf (element: XmlElement): 'credit' | 'debit' | undefined {
  const word = text(child(element, 'CdtDbtInd'))
  return word === 'CRDT' ? 'credit' : word === 'DBIT' ? 'debit' : undefined
}

/** A code of its own since version 8, a word before. */
function statusOf (entry: XmlElement): string | undefined {
  const status = child(entry, 'Sts')
  return text(child(status, 'Cd')) ?? text(status)
}

function amountOf (element: XmlElement | undefined): { amount: number, currency: string } {
  const currency = element && attribute(element, 'Ccy')
  if (element === undefined || currency === undefined || !isCurrency(currency)) throw new RangeError('has no amount in a currency')
  const written = textOf(element).trim()
  const amount = /^\d{1,18}(?:\.\d{1,17})?$/.test(written) ? parseAmount(written, { decimal: '.', exponent: exponentOf(currency) }) : undefined
  if (amount === undefined) throw new RangeError(`${JSON.stringify(written.slice(0, 40))} is no amount`)
  return { amount, currency }
}

function momentOf (element: XmlElement | undefined, timeZone: string): { day: string, time?: string } {
  const [date, dateTime] = [text(child(element, 'Dt')), text(child(element, 'DtTm'))]
  if (date !== undefined && isDay(date.slice(0, 10))) return { day: date.slice(0, 10) }
  if (dateTime !== undefined) {
    const zoned = /(?:Z|[+-]\d{2}:\d{2})$/.test(dateTime)
    const at = new Date(zoned ? dateTime : `${dateTime}Z`)
    if (!Number.isNaN(at.getTime())) {
      if (!zoned) return { day: at.toISOString().slice(0, 10), time: at.toISOString().slice(11, 19) }
      return { day: localDay(at, timeZone), time: new Intl.DateTimeFormat('en-GB', { timeZone, timeStyle: 'medium' }).format(at) }
    }
  }
  throw new RangeError('has no booking day')
}

const isDay = (text: string): boolean => /^\d{4}-\d{2}-\d{2}$/.test(text) && new Date(`${text}T00:00:00Z`).toISOString().slice(0, 10) === text

// Elements by their own name: the namespace is the document's, looked at once.
const children = (of: XmlElement | undefined, name: string): XmlElement[] => of === undefined ? [] : elements(of).filter(one => one.name === name)
const child = (of: XmlElement | undefined, name: string): XmlElement | undefined => children(of, name)[0]
const path = (of: XmlElement | undefined, ...names: string[]): XmlElement | undefined => names.reduce<XmlElement | undefined>(child, of)
function text (of: XmlElement | undefined): string | undefined {
  const found = of && elements(of).length === 0 ? textOf(of).trim() : ''
  return found === '' ? undefined : found
}
