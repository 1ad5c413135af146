import { type Static, Type } from 'typebox'
import { closed, Currency, Instant, listQuery, Mode, Nullable, oneOf, pageOf } from '../http-schema.ts'

/** Cuenta corriente, de ahorro, empresarial, de nómina. */
export const accountKinds = ['checking', 'savings', 'business', 'payroll'] as const

const text = (maxLength: number, description?: string) => Type.String({ minLength: 1, maxLength, ...(description !== undefined && { description }) })

const fields = {
  label: text(80, 'How you call it; the bank’s name when absent.'),
  kind: oneOf(accountKinds),
  beneficiary: text(120, 'Whose account it is, as the payer has to write it.'),
  time_zone: text(60, 'IANA name, where the account follows another than its country’s capital.'),
  primary: Type.Boolean({ description: 'The one that receives its currency when nobody names another. The first of a currency is it by itself.' })
}

export const NewBankAccount = Type.Object({
  currency: Currency,
  beneficiary: fields.beneficiary,
  kind: Type.Optional({ ...fields.kind, default: 'business' }),
  clabe: Type.Optional(Type.String({ maxLength: 30, description: 'Mexico: 18 digits, of which the first three name the bank and the last checks the others.' })),
  iban: Type.Optional(Type.String({ maxLength: 50 })),
  account_number: Type.Optional(Type.String({ minLength: 4, maxLength: 40, description: 'Where there is neither CLABE nor IBAN; beside them as well.' })),
  bic: Type.Optional(Type.String({ maxLength: 11 })),
  bank: Type.Optional(text(80, 'The bank’s name. Of a CLABE it follows from the number.')),
  country: Type.Optional(Type.String({ pattern: '^[A-Z]{2}$', description: 'Of an account that has only a number; otherwise it follows from CLABE or IBAN.' })),
  label: Type.Optional(fields.label),
  time_zone: Type.Optional(fields.time_zone),
  primary: Type.Optional(fields.primary),
  accept_unknown_bank: Type.Optional(Type.Boolean({ description: 'Takes a CLABE whose bank is newer than our table; then `bank` is required.' }))
}, closed)
export type NewBankAccount = Static<typeof NewBankAccount>

/** A number does not change: that would be another account. */
export const PatchBankAccount = Type.Object({
  label: Type.Optional(fields.label),
  kind: Type.Optional(fields.kind),
  beneficiary: Type.Optional(fields.beneficiary),
  time_zone: Type.Optional(fields.time_zone),
  primary: Type.Optional(fields.primary)
}, { ...closed, minProperties: 1 })
export type PatchBankAccount = Static<typeof PatchBankAccount>

export const BankAccount = Type.Object({
  id: Type.String(),
  object: Type.Literal('bank_account'),
  mode: Mode,
  label: Type.String(),
  kind: fields.kind,
  currency: Type.String(),
  country: Type.String(),
  time_zone: Type.String(),
  bank: Type.String(),
  bank_code: Nullable(Type.String({ description: 'Mexico: the first three digits of the CLABE.' })),
  beneficiary: Type.String(),
  clabe: Nullable(Type.String({ description: 'Whole when the account is read alone; in a list the last four digits.' })),
  iban: Nullable(Type.String()),
  account_number: Nullable(Type.String()),
  bic: Nullable(Type.String()),
  primary: Type.Boolean(),
  created_at: Instant,
  updated_at: Instant
}, { title: 'BankAccount' })
export type BankAccount = Static<typeof BankAccount>

export const ListBankAccounts = Type.Object({ ...listQuery, currency: Type.Optional(Currency) }, closed)
export type ListBankAccounts = Static<typeof ListBankAccounts>
export const BankAccountPage = pageOf(BankAccount)
