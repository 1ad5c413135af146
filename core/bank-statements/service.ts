import { createHash } from 'node:crypto'
import { Value } from 'typebox/value'
import type { Access } from '../access/principal.ts'
import type { Mode } from '../adapter/context.ts'
import { localInstant } from '../adapter/local-time.ts'
import { raiseAlert } from '../alerts/raise.ts'
import { recordChange } from '../audit/record.ts'
import { type AccountNumbers, openNumbers } from '../bank-accounts/numbers.ts'
import * as accounts from '../bank-accounts/queries.ts'
import type { AccountRow, TransferRow } from '../bank-accounts/queries.ts'
import { idWindow, pageOf } from '../db/id-window.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { storable } from '../db/storable.ts'
import { clearTimer, setTimer } from '../db/timers.ts'
import { type FieldError, HubError, invalidField } from '../errors.ts'
import { recordEvents } from '../events/record.ts'
import type { Hub } from '../hub.ts'
import { type Idempotency, recordSubject } from '../idempotency/service.ts'
import { type IdKind, newUuid, parseId, publicId, uuidOf } from '../ids.ts'
import * as payments from '../payments/queries.ts'
import { matchWaiting, statementTimer } from './close.ts'
import { type ParsedEntry, StatementError } from './entry.ts'
import { type Layout, layoutOfBank, layouts } from './layouts.ts'
import { book, choose } from './match.ts'
import * as queries from './queries.ts'
import type { EntryRow, NewEntry, SeenEntry, StatementRow } from './queries.ts'
import { readCamtStatement } from './read-camt.ts'
import { readCsvStatement } from './read-csv.ts'
import { type Entry, type EntryStatus, entryStatuses, type ListEntries, type ListStatements, Mapping, type MatchEntry, type NewStatement, type Statement, type StatementWithEntries } from './schema.ts'

const maxFileBytes = 5 * 1024 * 1024
const entriesShown = 100
/** So many entries that may be somebody's payment are looked at before the answer; the rest by a job. */
const matchedAtOnce = 500

/**
 * Reads a bank's statement, keeps it whole, and books each credit: an exact one pays its payment, every other goes to a person. `created`
 * is false for a file that was read before: it counts once. Throws 400 with every line that cannot be read; then nothing is kept.
 */
export async function importStatement (hub: Hub, access: Access, body: NewStatement, idempotency: Idempotency | null): Promise<{ created: boolean, statement: StatementWithEntries }> {
  if (idempotency?.subject !== undefined) return { created: true, statement: await getStatement(hub, access, idempotency.subject) }
  const { tenantId, mode } = access
  const accountId = parseId('bank_account', body.bank_account)
  const account = accountId === undefined ? undefined : await inTenant(hub.db, tenantId, async db => await accounts.findAccount(db, accountId))
  if (account?.mode !== mode) throw invalidField('bank_account', 'is no bank account of yours')
  const bytes = Buffer.from(body.file, 'base64')
  if (bytes.length > maxFileBytes) throw invalidField('file', 'is over 5 MB', 'payload_too_large')
  const read = readFile(bytes, body, account, await openNumbers(hub, account))
  const sha256 = createHash('sha256').update(bytes).digest()
  const now = hub.now()
  const id = newUuid(now)
  const { statement, created } = await inTenant(hub.db, tenantId, async db => {
    await queries.lockStatements(db, account.id)
    const before = await queries.findByContent(db, account.id, sha256)
    if (idempotency !== null) await recordSubject(db, idempotency, publicId('bank_statement', before?.id ?? id))
    if (before !== undefined) return { statement: before, created: false }
    const days = read.entries.map(({ day }) => day).sort()
    const row = await queries.insertStatement(db, {
      id, mode, bank_account_id: account.id, format: read.format, layout: read.layout ?? null, name: storable(body.name) ?? null, sha256, bytes: bytes.length, from_day: days[0] ?? null, to_day: days.at(-1) ?? null, lines_skipped: read.skipped, created_at: now
    })
    const rows = await newEntries(hub, db, row, account, read.entries)
    await queries.insertEntries(db, rows)
    // Should this process end before it has looked at them all.
    await setTimer(db, statementTimer, id, new Date(now.getTime() + hub.config.jobLeaseMs))
    await recordChange(db, access, now, { action: 'bank_statement.imported', subjectType: 'bank_statement', subjectId: publicId('bank_statement', id), detail: { bank_account: body.bank_account, format: read.format, entries: rows.length, sha256: sha256.toString('hex') } })
    await recordEvents(db, now, [{ type: 'bank_statement.imported', mode, subjectId: id, data: { id: publicId('bank_statement', id), object: 'bank_statement', mode, bank_account: body.bank_account, entries_count: rows.length, from: row.from_day, to: row.to_day } }])
    return { statement: row, created: true }
  })
  if (created) {
    const done = await matchWaiting(hub, tenantId, statement.id, matchedAtOnce)
    await inTenant(hub.db, tenantId, async db => done ? await clearTimer(db, statementTimer, statement.id) : await setTimer(db, statementTimer, statement.id, hub.now()))
    if (!done) hub.wake(statementTimer, [{ tenantId, id: statement.id }])
  }
  return { created, statement: await getStatement(hub, access, publicId('bank_statement', statement.id)) }
}

// --- reading the file -------------------------------------------------------------------------------------------------

interface ReadFile { format: 'csv' | 'camt.053', layout?: string, entries: ParsedEntry[], skipped: number }

function readFile (bytes: Uint8Array, body: NewStatement, account: AccountRow, numbers: AccountNumbers): ReadFile {
  const format = body.format ?? (looksLikeXml(bytes) ? 'camt.053' : 'csv')
  const isAccount = (number: string) => isNumberOf(number, numbers)
  try {
    if (format === 'camt.053') {
      if (body.mapping !== undefined || body.bank !== undefined) throw invalidField(body.mapping !== undefined ? 'mapping' : 'bank', 'is for CSV')
      return { format, ...readCamtStatement(bytes, { currency: account.currency, timeZone: account.time_zone, isAccount }) }
    }
    const { layout, delimiter } = layoutFor(body, account)
    return { format, layout: layout.id, ...readCsvStatement(bytes, { layout, ...(delimiter !== undefined && { delimiter }), currency: account.currency, isAccount }) }
  } catch (error) {
    if (!(error instanceof StatementError)) throw error
    throw new HubError('request_invalid', {
      detail: { es: 'El estado de cuenta no se puede leer; no se guardó nada.', en: 'The statement cannot be read; nothing was kept.' },
      errors: error.problems.map(({ line, message }): FieldError => ({ path: line === 0 ? 'file' : `file:${line}`, message }))
    })
  }
}

const looksLikeXml = (bytes: Uint8Array): boolean => /^(?:\uFEFF|ï»¿)?\s*</.test(Buffer.from(bytes.subarray(0, 200)).toString('latin1'))

function layoutFor (body: NewStatement, account: AccountRow): { layout: Layout, delimiter?: Mapping['delimiter'] } {
  if (body.mapping !== undefined) {
    if (body.bank !== undefined) throw invalidField('bank', 'is instead of mapping, not beside it')
    return customLayout(body.mapping)
  }
  const id = body.bank ?? layoutOfBank[account.bank_code ?? '']
  if (id === undefined) throw invalidField('mapping', 'is required: the layout of this account’s bank is not known; `bank` names one of the five that are')
  return { layout: layouts[id]! }
}

function customLayout (given: Mapping | string): { layout: Layout, delimiter?: Mapping['delimiter'] } {
  const mapping = typeof given === 'string' ? parsedMapping(given) : given
  const { date_order: order = 'dmy', decimal = '.', delimiter, credit_marks: marks = ['+', 'abono', 'a', 'c', 'cr', 'credit'], description, credit, amount, mark, ...named } = mapping
  if ((credit === undefined) === (amount === undefined)) throw invalidField('mapping', 'names `credit` (and `debit`), or `amount`: one of the two')
  if (mark !== undefined && amount === undefined) throw invalidField('mapping.mark', 'is for `amount`')
  const single = Object.fromEntries(Object.entries({ ...named, credit, amount, mark }).filter(([, name]) => name !== undefined).map(([what, name]) => [what, [name as string]]))
  return {
    layout: { id: 'custom', date_order: order, decimal, columns: { ...single, date: [mapping.date], ...(description !== undefined && { description }) }, credit_marks: marks.map(word => word.toLowerCase()) },
    ...(delimiter !== undefined && { delimiter })
  }
}

/** From a form, where it is a text. */
function parsedMapping (text: string): Mapping {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw invalidField('mapping', 'is no JSON')
  }
  if (Value.Check(Mapping, parsed)) return parsed
  const [first] = Value.Errors(Mapping, parsed)
  throw invalidField(`mapping${(first?.instancePath ?? '').replaceAll('/', '.')}`, first?.message ?? 'is not as it should be')
}

/** Banks show a part of the number, or hide one: what they show must be in it. */
function isNumberOf (shown: string, { clabe, iban, account_number: accountNumber }: AccountNumbers): boolean {
  const plain = shown.toUpperCase().replace(/[^A-Z0-9]/g, '')
  const bare = plain.replace(/^[X0]+/, '')
  if (bare === '') return false
  if (/[*X•]/i.test(shown) && !/^[A-Z]{2}\d/.test(plain)) {
    const tail = /\d+$/.exec(plain)?.[0] ?? ''
    return tail.length >= 3 && [clabe?.slice(0, 17), clabe, iban, accountNumber].some(number => number?.endsWith(tail) === true)
  }
  return iban === plain || accountNumber?.replace(/^0+/, '') === bare || clabe === plain || (bare.length >= 6 && clabe?.slice(3, 17).includes(bare) === true)
}

// --- what was seen before ---------------------------------------------------------------------------------------------

const digest = (...parts: (string | number | undefined)[]): Buffer => createHash('sha256').update(JSON.stringify(parts.map(part => part ?? null))).digest()

/** Each entry as it is kept: what a statement before told already is a duplicate, and a credit that cannot be anybody's is unknown at once. */
async function newEntries (hub: Hub, db: TenantDb, statement: StatementRow, account: AccountRow, entries: readonly ParsedEntry[]): Promise<NewEntry[]> {
  const now = hub.now()
  const serials = new Map<string, number>()
  const marked = entries.map(entry => {
    const tracked = entry.trackingKey === undefined ? undefined : digest('tracking key', entry.trackingKey)
    const said = digest('line', entry.day, entry.time, entry.direction, entry.amount, entry.currency, entry.reference, entry.trackingKey, entry.description, entry.payer, entry.balance)
    // Two lines may say the same and be two transfers: the second of a file is the second of every file.
    const serial = serials.get(said.toString('hex')) ?? 0
    serials.set(said.toString('hex'), serial + 1)
    return { entry, tracked, plain: digest('line', said.toString('hex'), serial) }
  })
  const seen = await queries.findSeen(db, account.id, marked.flatMap(({ tracked, plain }) => tracked === undefined ? [plain] : [tracked, plain]))
  const credits = entries.filter(({ direction }) => direction === 'credit')
  const candidates = await accounts.findByReferences(db, account.id, [...new Set(credits.flatMap(({ reference, hints }) => [reference ?? [], hints].flat()))])
  const rows: NewEntry[] = []
  for (const { entry, tracked, plain } of marked) {
    const id = newUuid(now)
    const known = tracked && seen.get(tracked.toString('hex'))
    const key = tracked === undefined || (known !== undefined && !isSame(known, entry)) ? plain : tracked
    const before = seen.get(key.toString('hex'))
    const told = before !== undefined ? { status: 'duplicate', reason: null, suggested_payment_id: null } : known !== undefined ? strangeKey(known, entry) : firstLook(entry, candidates)
    if (before === undefined) seen.set(key.toString('hex'), { id, dedupe_key: key, direction: entry.direction, amount: entry.amount, currency: entry.currency, payment_id: null })
    if (told.reason === 'returned' && known?.payment_id != null) await tellReturn(hub, db, statement.mode as Mode, known.payment_id, entry)
    rows.push({
      id,
      mode: statement.mode,
      statement_id: statement.id,
      bank_account_id: account.id,
      line: entry.line,
      direction: entry.direction,
      amount: entry.amount,
      currency: entry.currency,
      booked_on: entry.day,
      booked_at: entry.time === undefined ? null : localInstant(entry.day, entry.time, account.time_zone),
      reference: entry.reference ?? null,
      hints: entry.hints,
      tracking_key: entry.trackingKey ?? null,
      description: storable(entry.description),
      payer: storable(entry.payer) ?? null,
      balance: entry.balance ?? null,
      dedupe_key: key,
      duplicate_of: before?.id ?? null,
      created_at: now,
      ...told
    })
  }
  return rows
}

const isSame = (seen: SeenEntry, { direction, amount, currency }: ParsedEntry): boolean => seen.direction === direction && seen.amount === amount && seen.currency === currency

type Told = Pick<NewEntry, 'status' | 'reason' | 'suggested_payment_id'>

/** A tracking key counts once: the same key on other money is nothing that is settled by itself. */
function strangeKey (known: SeenEntry, entry: ParsedEntry): Told {
  const returned = known.direction === 'credit' && entry.direction === 'debit'
  return { status: 'review', reason: returned ? 'returned' : 'tracking_key_reused', suggested_payment_id: known.payment_id }
}

function firstLook (entry: ParsedEntry, candidates: ReadonlyMap<string, TransferRow>): Told {
  const ignored = entry.direction === 'debit' ? 'debit' : entry.amount === 0 ? 'zero' : entry.reversal === true ? 'reversal' : undefined
  if (ignored !== undefined) return { status: 'ignored', reason: ignored, suggested_payment_id: null }
  if (choose({ ...entry, reference: entry.reference ?? null }, candidates) !== undefined) return { status: 'new', reason: null, suggested_payment_id: null }
  const hinted = entry.hints.map(hint => candidates.get(hint)).find(transfer => transfer !== undefined)
  return { status: 'unknown', reason: entry.reference === undefined ? 'no_reference' : 'no_such_reference', suggested_payment_id: hinted?.payment_id ?? null }
}

async function tellReturn (hub: Pick<Hub, 'now'>, db: TenantDb, mode: Mode, paymentId: string, entry: ParsedEntry): Promise<void> {
  await raiseAlert(db, hub.now(), {
    kind: 'payment_review', severity: 'critical', mode, subjectId: publicId('payment', paymentId), step: 'returned',
    detail: { reason: 'returned', provider_amount: entry.amount, provider_currency: entry.currency, tracking_key: entry.trackingKey ?? null, day: entry.day }
  })
}

// --- asking -----------------------------------------------------------------------------------------------------------

export async function getStatement (hub: Pick<Hub, 'db'>, access: Access, publicStatementId: string): Promise<StatementWithEntries> {
  const id = uuidOf('bank_statement', publicStatementId)
  return await inTenant(hub.db, access.tenantId, async db => {
    const row = await queries.findStatement(db, id)
    if (row?.mode !== access.mode) throw new HubError('not_found')
    const entries = await queries.firstEntries(db, id, entriesShown + 1)
    return { ...showStatement(row, (await queries.countEntries(db, [id])).get(id)), entries: entries.slice(0, entriesShown).map(showEntry), entries_more: entries.length > entriesShown }
  })
}

export async function listStatements (hub: Pick<Hub, 'db'>, access: Access, query: ListStatements): Promise<{ data: Statement[], next_cursor: string | null }> {
  const window = idWindow('bank_statement', query)
  return await inTenant(hub.db, access.tenantId, async db => {
    const rows = await queries.listStatements(db, { ...window, mode: access.mode, ...namedBy(query, { bank_account: 'accountId' }) })
    const counts = await queries.countEntries(db, rows.map(({ id }) => id))
    return pageOf('bank_statement', window, rows, row => showStatement(row, counts.get(row.id)))
  })
}

export async function listEntries (hub: Pick<Hub, 'db'>, access: Access, query: ListEntries): Promise<{ data: Entry[], next_cursor: string | null }> {
  const window = idWindow('bank_entry', query)
  const rows = await inTenant(hub.db, access.tenantId, async db => await queries.listEntries(db, {
    ...window, mode: access.mode, ...namedBy(query, { statement: 'statementId', bank_account: 'accountId', payment: 'paymentId' }), ...(query.status !== undefined && { status: query.status })
  }))
  return pageOf('bank_entry', window, rows, showEntry)
}

const kindOf = { bank_account: 'bank_account', statement: 'bank_statement', payment: 'payment' } as const satisfies Record<string, IdKind>

/** Ids of a query by what they name. What is none of ours names nothing: nobody has such an id. */
function namedBy<Name extends keyof typeof kindOf, Field extends string> (query: Partial<Record<Name, string>>, fields: Partial<Record<Name, Field>>): Partial<Record<Field, string>> {
  const entries = (Object.entries(fields) as [Name, Field][]).flatMap(([name, field]) => {
    const given = query[name]
    if (given === undefined) return []
    const id = parseId(kindOf[name], given)
    if (id === undefined) throw invalidField(name, 'is not an id of that kind')
    return [[field, id] as const]
  })
  return Object.fromEntries(entries) as Partial<Record<Field, string>>
}

export async function getEntry (hub: Pick<Hub, 'db'>, access: Access, publicEntryId: string): Promise<Entry> {
  const row = await inTenant(hub.db, access.tenantId, async db => await queries.findEntry(db, uuidOf('bank_entry', publicEntryId)))
  if (row?.mode !== access.mode) throw new HubError('not_found')
  return showEntry(row)
}

/** A person says which payment an entry is, that nobody knew. It is judged like any other: exactly the amount, in time, settles; else it goes to review. */
export async function matchByHand (hub: Hub, access: Access, publicEntryId: string, body: MatchEntry, idempotency: Idempotency | null): Promise<Entry> {
  if (idempotency?.subject !== undefined) return await getEntry(hub, access, idempotency.subject)
  const id = uuidOf('bank_entry', publicEntryId)
  const now = hub.now()
  const { tenantId } = access
  const { row, invoiceId } = await inTenant(hub.db, tenantId, async db => {
    const entry = await queries.lockEntry(db, id)
    if (entry?.mode !== access.mode) throw new HubError('not_found')
    if (entry.direction !== 'credit' || !(entry.status === 'unknown' || (entry.status === 'review' && entry.payment_id === null))) {
      throw new HubError('invalid_state', { detail: { es: `El movimiento está en estado ${entry.shown_status}: no espera que una persona diga de qué pago es.`, en: `The entry is ${entry.shown_status}: it does not wait for a person to say which payment it is.` } })
    }
    const paymentId = parseId('payment', body.payment)
    const payment = paymentId === undefined ? undefined : await payments.findPayment(db, paymentId)
    const transfer = payment?.mode !== access.mode ? undefined : await accounts.findTransferOf(db, payment.id)
    if (transfer === undefined) throw invalidField('payment', 'is no payment of yours by bank transfer')
    const booked = await book(hub, db, entry, transfer, { byHand: true })
    await recordChange(db, access, now, { action: 'bank_entry.matched', subjectType: 'bank_entry', subjectId: publicEntryId, detail: { payment: body.payment, reason: body.reason } })
    if (idempotency !== null) await recordSubject(db, idempotency, publicEntryId)
    return { row: (await queries.findEntry(db, id))!, ...booked }
  })
  if (invoiceId !== null) hub.wake('receivable', [{ tenantId, id: invoiceId }])
  return showEntry(row)
}

// --- how it is shown --------------------------------------------------------------------------------------------------

function showStatement (row: StatementRow, counted: Partial<Record<EntryStatus, number>> = {}): Statement {
  const counts = Object.fromEntries(entryStatuses.map(status => [status, counted[status] ?? 0])) as Record<EntryStatus, number>
  return {
    id: publicId('bank_statement', row.id),
    object: 'bank_statement',
    mode: row.mode as Mode,
    bank_account: publicId('bank_account', row.bank_account_id),
    format: row.format as Statement['format'],
    bank: row.layout,
    name: row.name,
    bytes: row.bytes,
    from: row.from_day,
    to: row.to_day,
    entries_count: Object.values(counts).reduce((sum, count) => sum + count, 0),
    lines_skipped: row.lines_skipped,
    counts,
    created_at: row.created_at.toISOString()
  }
}

function showEntry (row: EntryRow): Entry {
  return {
    id: publicId('bank_entry', row.id),
    object: 'bank_entry',
    mode: row.mode as Mode,
    statement: publicId('bank_statement', row.statement_id),
    bank_account: publicId('bank_account', row.bank_account_id),
    line: row.line,
    direction: row.direction as Entry['direction'],
    amount: row.amount,
    currency: row.currency,
    day: row.booked_on,
    at: row.booked_at?.toISOString() ?? null,
    reference: row.reference,
    tracking_key: row.tracking_key,
    description: row.description,
    payer: row.payer,
    status: row.shown_status,
    reason: row.reason,
    payment: row.payment_id && publicId('payment', row.payment_id),
    suggested_payment: row.suggested_payment_id && publicId('payment', row.suggested_payment_id),
    duplicate_of: row.duplicate_of && publicId('bank_entry', row.duplicate_of),
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString()
  }
}
