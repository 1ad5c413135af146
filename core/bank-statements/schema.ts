import { type Static, Type } from 'typebox'
import { closed, Instant, listQuery, Mode, Nullable, oneOf, pageOf } from '../http-schema.ts'
import { delimiters } from './csv.ts'
import { dateOrders } from './dates.ts'
import { layoutIds } from './layouts.ts'

export const formats = ['csv', 'camt.053'] as const
/** `resolved`: it was under review, and a person has decided on its payment. */
export const entryStatuses = ['new', 'matched', 'review', 'resolved', 'unknown', 'duplicate', 'ignored'] as const
export type EntryStatus = typeof entryStatuses[number]

const Column = (description: string) => Type.Optional(Type.String({ minLength: 1, maxLength: 80, description }))

/** A table that is none of the five: where is what, by the names in its header row. Accents, dots and capitals do not matter. */
export const Mapping = Type.Object({
  date: Type.String({ minLength: 1, maxLength: 80 }),
  time: Column('A column of its own; a time behind the day is read as well.'),
  credit: Column('Money that came, where it has a column of its own; `debit` is the other.'),
  debit: Column('Money that went.'),
  amount: Column('Instead of `credit` and `debit`: one column, below zero for what went, unless `mark` says it.'),
  mark: Column('Says of `amount` whether it came.'),
  credit_marks: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 20 }), { minItems: 1, maxItems: 10, description: 'What `mark` holds for what came; `+`, `abono`, `a`, `c`, `cr`, `credit` when absent.' })),
  reference: Column('The payer’s numeric reference.'),
  tracking_key: Column('Clave de rastreo, or another mark that the bank gives each transfer.'),
  description: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 80 }), { minItems: 1, maxItems: 5 })),
  payer: Column('Who sent it.'),
  balance: Column('Tells apart two movements that are otherwise the same.'),
  currency: Column('ISO 4217; the account’s when absent.'),
  account: Column('A line of another account is refused.'),
  date_order: Type.Optional(oneOf(dateOrders, { description: 'dmy when absent.' })),
  decimal: Type.Optional(oneOf(['.', ','], { description: 'A point when absent.' })),
  delimiter: Type.Optional(oneOf(delimiters, { description: 'Found out when absent.' }))
}, { ...closed, description: 'Where is what, for a CSV that is none of the five banks’.' })
export type Mapping = Static<typeof Mapping>

export const NewStatement = Type.Object({
  bank_account: Type.String({ maxLength: 60 }),
  file: Type.String({ minLength: 4, maxLength: 7_000_000, pattern: '^[A-Za-z0-9+/]+={0,2}$', description: 'The file in Base64; in a form, the file itself. Up to 5 MB.' }),
  format: Type.Optional(oneOf(formats, { description: 'Found out when absent.' })),
  bank: Type.Optional(oneOf(layoutIds, { description: 'Whose export it is; that of the account’s CLABE when absent.' })),
  mapping: Type.Optional(Type.Union([Mapping, Type.String({ maxLength: 4000, description: 'In a form: the same as JSON.' })])),
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'What you call the file.' }))
}, closed)
export type NewStatement = Static<typeof NewStatement>

export const Entry = Type.Object({
  id: Type.String(),
  object: Type.Literal('bank_entry'),
  mode: Mode,
  statement: Type.String(),
  bank_account: Type.String(),
  line: Type.Integer(),
  direction: oneOf(['credit', 'debit']),
  amount: Type.Integer(),
  currency: Type.String(),
  day: Type.String({ description: 'As the bank booked it, where the account is.' }),
  at: Nullable(Instant),
  reference: Nullable(Type.String()),
  tracking_key: Nullable(Type.String()),
  description: Type.String(),
  payer: Nullable(Type.String()),
  status: oneOf(entryStatuses),
  reason: Nullable(Type.String({ description: 'Why it is under review, unknown, ignored, or matched otherwise than by its reference.' })),
  payment: Nullable(Type.String()),
  suggested_payment: Nullable(Type.String({ description: 'Of an unknown one: a payment whose reference stands somewhere in its texts.' })),
  duplicate_of: Nullable(Type.String()),
  created_at: Instant,
  updated_at: Instant
}, { title: 'BankEntry' })
export type Entry = Static<typeof Entry>

const counts = Type.Object(Object.fromEntries(entryStatuses.map(status => [status, Type.Integer()])) as Record<EntryStatus, ReturnType<typeof Type.Integer>>)

const statementFields = {
  id: Type.String(),
  object: Type.Literal('bank_statement'),
  mode: Mode,
  bank_account: Type.String(),
  format: oneOf(formats),
  bank: Nullable(Type.String({ description: 'Whose layout it was read by; `custom` for yours.' })),
  name: Nullable(Type.String()),
  bytes: Type.Integer(),
  from: Nullable(Type.String()),
  to: Nullable(Type.String()),
  entries_count: Type.Integer(),
  lines_skipped: Type.Integer({ description: 'Lines that are no movement, and movements that are not booked yet.' }),
  counts,
  created_at: Instant
}
export const Statement = Type.Object(statementFields, { title: 'BankStatement' })
export type Statement = Static<typeof Statement>

/** With the first hundred of its entries; the rest by `GET /v1/bank_entries?statement=`. */
export const StatementWithEntries = Type.Object({ ...statementFields, entries: Type.Array(Entry), entries_more: Type.Boolean() }, { title: 'BankStatementWithEntries' })
export type StatementWithEntries = Static<typeof StatementWithEntries>

export const ListStatements = Type.Object({ ...listQuery, bank_account: Type.Optional(Type.String({ maxLength: 60 })) }, closed)
export type ListStatements = Static<typeof ListStatements>
export const StatementPage = pageOf(Statement)

export const ListEntries = Type.Object({
  ...listQuery,
  statement: Type.Optional(Type.String({ maxLength: 60 })),
  bank_account: Type.Optional(Type.String({ maxLength: 60 })),
  payment: Type.Optional(Type.String({ maxLength: 60 })),
  status: Type.Optional(oneOf(entryStatuses))
}, closed)
export type ListEntries = Static<typeof ListEntries>
export const EntryPage = pageOf(Entry)

export const MatchEntry = Type.Object({
  payment: Type.String({ maxLength: 60, description: 'A payment by bank transfer, of this mode.' }),
  reason: Type.String({ minLength: 3, maxLength: 1000 })
}, closed)
export type MatchEntry = Static<typeof MatchEntry>
