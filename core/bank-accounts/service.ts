import type { Access } from '../access/principal.ts'
import { isCurrency } from '../adapter/money.ts'
import { recordChange } from '../audit/record.ts'
import { isUniqueViolation } from '../db/errors.ts'
import { idWindow, pageOf } from '../db/id-window.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { storable } from '../db/storable.ts'
import { type FieldError, HubError, invalidField } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { type Idempotency, recordSubject } from '../idempotency/service.ts'
import { newUuid, publicId, uuidOf } from '../ids.ts'
import { bankOfCode, banksAsOf } from './banks.ts'
import { clabeDigit, clabeFlaw, normalNumber } from './clabe.ts'
import { ibanFlaw, ibanLength } from './iban.ts'
import { type AccountNumbers, mainNumber, openNumbers, sealNumbers } from './numbers.ts'
import * as queries from './queries.ts'
import type { AccountRow } from './queries.ts'
import type { BankAccount, ListBankAccounts, NewBankAccount, PatchBankAccount } from './schema.ts'
import { isTimeZone, zoneOfCountry } from './zones.ts'

type House = Pick<Hub, 'db' | 'now' | 'vault'>

/** An account to which payers send money. Throws 400 with every field that is wrong, 409 where it is there already. */
export async function createBankAccount (hub: House, access: Access, given: NewBankAccount, idempotency: Idempotency | null): Promise<BankAccount> {
  if (idempotency?.subject !== undefined) return await getBankAccount(hub, access, idempotency.subject)
  const body = storable(given)
  const { numbers, ...columns } = checked(body)
  const { tenantId, mode } = access
  const now = hub.now()
  const id = newUuid(now)
  const number = mainNumber(numbers)
  const [sealed, mac] = await Promise.all([sealNumbers(hub, tenantId, id, numbers), hub.vault.mac(tenantId, 'bank account number', number)])
  const row = await inTenant(hub.db, tenantId, async db => {
    await queries.lockPrimary(db, mode, columns.currency)
    const isFirst = await queries.countAccounts(db, mode, columns.currency) === 0
    const isPrimary = body.primary ?? isFirst
    if (!isPrimary && isFirst) throw invalidField('primary', `the first account in ${columns.currency} is the primary one`)
    if (isPrimary) await queries.dethronePrimary(db, mode, columns.currency, now)
    const made = await queries.insertAccount(db, { ...columns, id, mode, numbers_sealed: sealed, number_mac: mac, last4: number.slice(-4), is_primary: isPrimary, created_at: now }).catch((error: unknown) => {
      if (isUniqueViolation(error, 'bank_accounts_once')) throw invalidField(columns.scheme, 'is an account of yours already', 'already_exists')
      throw error
    })
    await recordChange(db, access, now, { action: 'bank_account.created', subjectType: 'bank_account', subjectId: publicId('bank_account', id), detail: { bank: columns.bank, currency: columns.currency, last4: number.slice(-4), primary: isPrimary } })
    if (idempotency !== null) await recordSubject(db, idempotency, publicId('bank_account', id))
    return made
  })
  return showAccount(row, numbers)
}

export async function getBankAccount (hub: House, access: Access, publicAccountId: string): Promise<BankAccount> {
  const row = await inTenant(hub.db, access.tenantId, async db => await findOrThrow(db, access, uuidOf('bank_account', publicAccountId)))
  return showAccount(row, await openNumbers(hub, row))
}

/** Of each number the last four digits. */
export async function listBankAccounts (hub: House, access: Access, query: ListBankAccounts): Promise<{ data: BankAccount[], next_cursor: string | null }> {
  const window = idWindow('bank_account', query)
  const rows = await inTenant(hub.db, access.tenantId, async db => await queries.listAccounts(db, { ...window, mode: access.mode, ...(query.currency !== undefined && { currency: query.currency }) }))
  return pageOf('bank_account', window, rows, row => showAccount(row))
}

/** `primary: true` makes it the one of its currency, in place of the one before. */
export async function changeBankAccount (hub: House, access: Access, publicAccountId: string, given: PatchBankAccount): Promise<BankAccount> {
  const body = storable(given)
  const id = uuidOf('bank_account', publicAccountId)
  if (body.time_zone !== undefined && !isTimeZone(body.time_zone)) throw invalidField('time_zone', 'is no time zone that is known')
  const now = hub.now()
  const row = await inTenant(hub.db, access.tenantId, async db => {
    const { currency } = await findOrThrow(db, access, id)
    await queries.lockPrimary(db, access.mode, currency)
    const before = await queries.lockAccount(db, id)
    if (before === undefined) throw new HubError('not_found')
    if (body.primary === false && before.is_primary) throw invalidField('primary', 'make another account the primary one instead')
    if (body.primary === true && !before.is_primary) await queries.dethronePrimary(db, access.mode, currency, now)
    const { primary, ...plain } = body
    await queries.updateAccount(db, id, { ...plain, ...(primary === true && { is_primary: true }) }, now)
    await recordChange(db, access, now, { action: 'bank_account.changed', subjectType: 'bank_account', subjectId: publicAccountId, detail: body })
    return await findOrThrow(db, access, id)
  })
  return showAccount(row, await openNumbers(hub, row))
}

/** Not while a transfer is expected on it: who was told its number still sends the money there. */
export async function deleteBankAccount (hub: House, access: Access, publicAccountId: string): Promise<void> {
  const id = uuidOf('bank_account', publicAccountId)
  const now = hub.now()
  await inTenant(hub.db, access.tenantId, async db => {
    const { currency } = await findOrThrow(db, access, id)
    await queries.lockPrimary(db, access.mode, currency)
    const row = await queries.lockAccount(db, id)
    if (row === undefined) throw new HubError('not_found')
    if (await queries.hasOpenTransfers(db, id)) {
      throw new HubError('invalid_state', { detail: { es: 'Todavía se esperan transferencias en esta cuenta: cancele esos pagos o espere a que venzan.', en: 'Transfers are still expected on this account: cancel those payments, or wait until they expire.' } })
    }
    if (row.is_primary && await queries.countAccounts(db, access.mode, currency) > 1) {
      throw new HubError('invalid_state', { detail: { es: 'Es la cuenta principal de su moneda: haga principal a otra antes.', en: 'It is the primary account of its currency: make another one primary first.' } })
    }
    await queries.updateAccount(db, id, { deleted_at: now, is_primary: false }, now)
    await recordChange(db, access, now, { action: 'bank_account.deleted', subjectType: 'bank_account', subjectId: publicAccountId })
  })
}

/** Another tenant's, one of the other mode, one that is deleted: none of them is there. */
export async function findOrThrow (db: TenantDb, access: Pick<Access, 'mode'>, id: string): Promise<AccountRow> {
  const row = await queries.findAccount(db, id)
  if (row?.mode !== access.mode) throw new HubError('not_found')
  return row
}

// --- what is asked of the fields ------------------------------------------------------------------------------------------

const say = (path: string, es: string, en: string): FieldError => ({ path, message: { es, en } })

type Checked = Pick<AccountRow, 'kind' | 'label' | 'currency' | 'country' | 'time_zone' | 'bank_code' | 'bank' | 'beneficiary' | 'scheme'> & { numbers: AccountNumbers }

function checked (body: NewBankAccount): Checked {
  const clabe = body.clabe === undefined ? undefined : normalNumber(body.clabe)
  const iban = body.iban === undefined ? undefined : normalNumber(body.iban)
  const accountNumber = body.account_number === undefined ? undefined : normalNumber(body.account_number)
  const bic = body.bic === undefined ? undefined : normalNumber(body.bic)
  const scheme = clabe !== undefined ? 'clabe' as const : iban !== undefined ? 'iban' as const : 'account_number' as const
  const errors = [
    ...(clabe === undefined ? [] : clabeErrors(clabe, body)),
    ...(iban === undefined ? [] : ibanErrors(iban)),
    ...(accountNumber !== undefined && !/^[A-Z0-9]{4,34}$/.test(accountNumber) ? [say('account_number', 'debe tener de 4 a 34 letras y dígitos', 'must be 4 to 34 letters and digits')] : []),
    ...(bic !== undefined && !/^[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?$/.test(bic) ? [say('bic', 'tiene 8 u 11 caracteres', 'has 8 or 11 characters')] : []),
    ...(isCurrency(body.currency) ? [] : [say('currency', 'no es una moneda de ISO 4217', 'is no currency of ISO 4217')]),
    ...(body.beneficiary.trim() === '' ? [say('beneficiary', 'no puede estar vacío', 'must not be empty')] : []),
    ...(body.time_zone !== undefined && !isTimeZone(body.time_zone) ? [say('time_zone', 'no es una zona horaria conocida', 'is no time zone that is known')] : [])
  ]
  const bankCode = clabe?.slice(0, 3)
  const bank = (bankCode === undefined ? undefined : bankOfCode(bankCode)) ?? body.bank?.trim()
  const country = scheme === 'clabe' ? 'MX' : scheme === 'iban' ? iban!.slice(0, 2) : body.country
  if (clabe !== undefined && iban !== undefined) errors.push(say('iban', 'una cuenta tiene CLABE o IBAN, no ambas', 'an account has a CLABE or an IBAN, not both'))
  if (clabe === undefined && iban === undefined && accountNumber === undefined) errors.push(say('clabe', 'falta el número: clabe, iban o account_number', 'the number is missing: clabe, iban or account_number'))
  if (clabe !== undefined && !['MXN', 'USD'].includes(body.currency)) errors.push(say('currency', 'una CLABE recibe MXN o USD', 'a CLABE receives MXN or USD'))
  if (country === undefined) errors.push(say('country', 'es obligatorio donde no hay CLABE ni IBAN', 'is required where there is neither CLABE nor IBAN'))
  else if (body.country !== undefined && body.country !== country) errors.push(say('country', `el número es de ${country}`, `the number is of ${country}`))
  if ((bank === undefined || bank === '') && (clabe === undefined || body.accept_unknown_bank === true)) errors.push(say('bank', 'es obligatorio: el número no dice de qué banco es', 'is required: the number does not tell the bank'))
  if (errors.length > 0) throw new HubError('request_invalid', { errors })
  return {
    kind: body.kind ?? 'business',
    label: body.label ?? bank!,
    currency: body.currency,
    country: country!,
    time_zone: body.time_zone ?? zoneOfCountry(country!),
    bank_code: bankCode ?? null,
    bank: bank!,
    beneficiary: body.beneficiary.trim(),
    scheme,
    numbers: { ...(clabe !== undefined && { clabe }), ...(iban !== undefined && { iban }), ...(accountNumber !== undefined && { account_number: accountNumber }), ...(bic !== undefined && { bic }) }
  }
}

function clabeErrors (clabe: string, { accept_unknown_bank: acceptUnknown }: NewBankAccount): FieldError[] {
  const code = clabe.slice(0, 3)
  switch (clabeFlaw(clabe)) {
    case 'shape': return [say('clabe', 'debe tener 18 dígitos', 'must have 18 digits')]
    case 'digit': return [say('clabe', `el dígito de control no corresponde: ${clabe[17]} en vez de ${clabeDigit(clabe.slice(0, 17))}`, `the control digit does not belong to it: ${clabe[17]} instead of ${clabeDigit(clabe.slice(0, 17))}`)]
    case 'bank':
      return acceptUnknown === true ? [] : [say('clabe', `${code} no es un banco de la tabla de ${banksAsOf}; si es más nuevo, envíe bank y accept_unknown_bank`, `${code} is no bank of the table of ${banksAsOf}; if it is newer, send bank and accept_unknown_bank`)]
    case undefined: return []
  }
}

function ibanErrors (iban: string): FieldError[] {
  const country = iban.slice(0, 2)
  switch (ibanFlaw(iban)) {
    case 'shape': return [say('iban', 'no tiene la forma de un IBAN', 'does not have the shape of an IBAN')]
    case 'country': return [say('iban', `${country} no tiene IBAN`, `${country} has no IBAN`)]
    case 'length': return [say('iban', `un IBAN de ${country} tiene ${ibanLength(country)} caracteres, no ${iban.length}`, `an IBAN of ${country} has ${ibanLength(country)} characters, not ${iban.length}`)]
    case 'digits': return [say('iban', 'los dígitos de control no corresponden (módulo 97)', 'the check digits do not belong to it (modulus 97)')]
    case undefined: return []
  }
}

// --- how it is shown ------------------------------------------------------------------------------------------------------

/** Without `numbers`, the last four digits of the one by which it is known. */
function showAccount (row: AccountRow, numbers: AccountNumbers = { [row.scheme]: `••••${row.last4}` }): BankAccount {
  return {
    id: publicId('bank_account', row.id),
    object: 'bank_account',
    mode: row.mode as BankAccount['mode'],
    label: row.label,
    kind: row.kind as BankAccount['kind'],
    currency: row.currency,
    country: row.country,
    time_zone: row.time_zone,
    bank: row.bank,
    bank_code: row.bank_code,
    beneficiary: row.beneficiary,
    clabe: numbers.clabe ?? null,
    iban: numbers.iban ?? null,
    account_number: numbers.account_number ?? null,
    bic: numbers.bic ?? null,
    primary: row.is_primary,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString()
  }
}
