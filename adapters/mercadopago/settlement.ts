import { type ConnectionContext, type ListRange, ProviderError, type ProviderTransaction } from '../../core/adapter/index.ts'
import { minorOfText } from './amounts.ts'
import { dateOf } from './asking.ts'
import { get, getText, post, segment } from './http.ts'
import { referenceOf } from './marks.ts'
import { listRefunds } from './refunds.ts'
import { refundReference } from './wire.ts'

/**
 * The movements of the balance out of the settlement report ("all transactions"): a CSV file that is asked for, made within minutes, and
 * fetched. Whole days (UTC) alone, so that a day's questions all ask for the same file; today's come tomorrow.
 * Source: OpenAPI 3.1 of 2026-06 (settlement_report), and the documentation's pages on the report and its columns; read 2026-11-21.
 */
export async function settled (context: ConnectionContext, { from, to }: ListRange): Promise<ProviderTransaction[]> {
  const days = { begin: dayOf(from), end: Math.min(dayOf(to) + dayMs, dayOf(context.now())) - 1000 }
  if (days.end <= days.begin) return []
  const rows = rowsOf(await getText(context, `${path}/${segment(await fileOf(context, days))}`))
  const moves: ProviderTransaction[] = []
  const named = new Map<string, number>()
  for (const row of rows) {
    const move = await moveOf(context, row)
    if (move === undefined || move.at < from || move.at > to) continue
    // Nothing else tells two equal rows apart.
    const times = (named.get(move.providerReference) ?? 0) + 1
    named.set(move.providerReference, times)
    moves.push(times === 1 ? move : { ...move, providerReference: `${move.providerReference}#${times}` })
  }
  return moves
}

const path = '/v1/account/settlement_report'
const dayMs = 86_400_000
const dayOf = (at: Date): number => Math.floor(at.getTime() / dayMs) * dayMs
/** A report is asked for once in this time; the hub's own schedule comes back sooner. */
const pendingMs = 30 * 60_000

interface Days { begin: number, end: number }
interface Task { id?: string | number, status?: string }
interface Entry { begin_date?: string, end_date?: string, file_name?: string, status?: string }

/** The file of these days. Throws `report_pending` while it is made. */
async function fileOf (context: ConnectionContext, days: Days): Promise<string> {
  const known = await madeFor(context, days)
  if (known !== undefined) return known
  const [begin, end] = [days.begin, days.end].map(at => `${new Date(at).toISOString().slice(0, 19)}Z`)
  const name = `settlement_report ${begin!} ${end!}`
  const asked = context.memory?.get(name)
  const task = asked === undefined ? await post<Task>(context, path, { begin_date: begin, end_date: end }) : await get<Task>(context, `${path}/task/${segment(asked)}`)
  const made = task.status === 'done' ? await madeFor(context, days) : undefined
  if (made !== undefined) return made
  if (task.status === 'failed') context.memory?.set(name, '', 0)
  else if (task.id !== undefined) context.memory?.set(name, String(task.id), pendingMs)
  throw new ProviderError({ code: 'conflict', reached: 'answered', providerCode: task.status === 'failed' ? 'report_failed' : 'report_pending', providerMessage: 'Mercado Pago makes the report; it is fetched when it is asked for again', retryAfterMs: 5 * 60_000 })
}

/** The documentation answers with a list, the specification with a page. */
async function madeFor (context: ConnectionContext, { begin, end }: Days): Promise<string | undefined> {
  const told = await get<Entry[] | { results?: Entry[] }>(context, `${path}/list`)
  const entries = Array.isArray(told) ? told : told.results ?? []
  return entries.find(({ begin_date: from, end_date: to, file_name: file, status }) => file !== undefined && file.endsWith('.csv') && status !== 'expired' && dateOf(from)?.getTime() === begin && dateOf(to)?.getTime() === end)?.file_name
}

// --- the file --------------------------------------------------------------------------------------------------------

type Row = Readonly<Record<string, string>>

/** What the account's configuration of the report must have. Its separator and the order of its columns are the account's own choice. */
const columns = ['SOURCE_ID', 'TRANSACTION_TYPE', 'TRANSACTION_AMOUNT', 'TRANSACTION_CURRENCY', 'TRANSACTION_DATE', 'SETTLEMENT_NET_AMOUNT']

function rowsOf (csv: string): Row[] {
  const text = csv.replace(/^\uFEFF/, '')
  const header = text.slice(0, text.search(/\r?\n|$/))
  const separator = [';', ',', '\t'].find(each => header.includes(each)) ?? ','
  const [names = [], ...lines] = cellsOf(text, separator)
  const missing = columns.filter(name => !names.includes(name))
  if (missing.length > 0) throw new ProviderError({ code: 'invalid_state', reached: 'answered', providerCode: 'report_columns', providerMessage: `the report's configuration lacks ${missing.join(', ')}` })
  return lines.filter(cells => cells.length === names.length).map(cells => Object.fromEntries(names.map((name, i) => [name, cells[i]!])))
}

/** RFC 4180, with whichever separator. */
function cellsOf (text: string, separator: string): string[][] {
  const lines: string[][] = [[]]
  let cell = ''
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    const letter = text[i]!
    if (quoted && letter === '"' && text[i + 1] === '"') cell += text[++i]!
    else if (letter === '"' && (quoted || cell === '')) quoted = !quoted
    else if (!quoted && letter === separator) { lines.at(-1)!.push(cell); cell = '' } else if (!quoted && letter === '\n') { lines.at(-1)!.push(cell); cell = ''; lines.push([]) } else if (quoted || letter !== '\r') cell += letter
  }
  lines.at(-1)!.push(cell)
  return lines
}

const types: Record<string, ProviderTransaction['type']> = { SETTLEMENT: 'payment', REFUND: 'refund', CHARGEBACK: 'dispute', DISPUTE: 'dispute', WITHDRAWAL: 'payout', PAYOUT: 'payout' }

async function moveOf (context: ConnectionContext, row: Row): Promise<ProviderTransaction | undefined> {
  const at = dateOf(row.TRANSACTION_DATE)
  const { SOURCE_ID: source, TRANSACTION_CURRENCY: currency } = row
  if (at === undefined || source === undefined || source === '' || currency === undefined) return undefined
  const type = types[row.TRANSACTION_TYPE!] ?? 'other'
  const gross = minorOfText(row.TRANSACTION_AMOUNT!, currency)
  const net = minorOfText(row.SETTLEMENT_NET_AMOUNT!, currency)
  // What goes away is negative however it is written.
  const amount = type === 'refund' || type === 'payout' ? -Math.abs(gross) : type === 'dispute' && net < 0 ? -Math.abs(gross) : gross
  const ofPayment = type === 'payment' || type === 'refund' || type === 'dispute'
  const reference = referenceOf(row.EXTERNAL_REFERENCE)
  const availableAt = dateOf(row.MONEY_RELEASE_DATE)
  return {
    providerReference: type === 'payment' ? source : type === 'refund' ? await refundOf(context, source, -amount, currency, at) : type === 'dispute' ? `${source}/chargeback` : `${source}/${row.TRANSACTION_TYPE!.toLowerCase()}`,
    type,
    amount: { amount, currency },
    // Whatever was held back: commission, taxes, shipping.
    ...(settlesIn(row, currency) && { fee: amount - net, net }),
    ...(reference !== undefined && { reference }),
    ...(ofPayment && { paymentProviderReference: source }),
    ...(type === 'payout' && { payout: source }),
    ...(availableAt !== undefined && { availableAt }),
    at
  }
}

const settlesIn = ({ SETTLEMENT_CURRENCY: told }: Row, currency: string): boolean => told === undefined || told === '' || told === currency

const nearMs = 10 * 60_000

/** The report names the payment of a refund; the payment names its refunds. */
async function refundOf (context: ConnectionContext, payment: string, amount: number, currency: string, at: Date): Promise<string> {
  const refunds = await listRefunds(context, payment)
  const same = refunds.filter(refund => minorOfText(String(refund.amount), currency) === amount)
  const near = same.find(({ date_created: created }) => Math.abs((dateOf(created)?.getTime() ?? 0) - at.getTime()) <= nearMs) ?? (same.length === 1 ? same[0] : undefined)
  return near === undefined ? `${payment}/refund-${at.toISOString()}` : refundReference(near)
}
