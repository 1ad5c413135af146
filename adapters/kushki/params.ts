import type { ConnectionContext, CreatePaymentInput, MethodInput, Money, PayerInput } from '../../core/adapter/index.ts'
import { amountOnWire, check, type WireAmount } from './amounts.ts'
import { names, refusal } from './asking.ts'
import { countryOf, documentType } from './countries.ts'
import { metadataOf } from './marks.ts'

/** What a charge is asked with. Source: facts section 6.2, read 2026-11-21. */

type Settings = Readonly<Record<string, unknown>>

export const detailsOf = (method: MethodInput): Record<string, string> => typeof method.details === 'object' && method.details !== null ? method.details as Record<string, string> : {}

/** A kept card is the number of its subscription; a token has letters. */
export const isKept = (token: string): boolean => /^\d{10,20}$/.test(token)

export interface ContactDetails {
  email?: string
  documentType?: string
  documentNumber?: string
  firstName?: string
  lastName?: string
  phoneNumber?: string
}

/** `provider_reference`: a customer that is known here is known by the mail. */
export function contactOf (payer: PayerInput | undefined, settings: Settings, currency: string): ContactDetails {
  const usual = typeof settings.default_email === 'string' && settings.default_email !== '' ? settings.default_email : undefined
  const email = payer?.email ?? payer?.provider_reference ?? usual
  const [first, ...rest] = (payer?.name ?? '').trim().split(/\s+/)
  return {
    ...(email !== undefined && { email }),
    ...(payer?.tax_id !== undefined && { documentType: documentType(settings, currency), documentNumber: payer.tax_id.replace(/[.\s]/g, '') }),
    ...(first !== undefined && first !== '' && { firstName: first }),
    ...(rest.length > 0 && { lastName: rest.join(' ') }),
    ...(payer?.phone !== undefined && { phoneNumber: payer.phone.replace(/[^\d+]/g, '') })
  }
}

export interface ChargeParams {
  token?: string
  amount: WireAmount
  metadata: Record<string, string>
  contactDetails?: ContactDetails
  fullResponse: 'v2'
  months?: number
  deferred?: { graceMonths: string, creditType: string, months: number }
  threeDomainSecure?: Record<string, string>
}

/** A charge or a hold by a card. `token` is absent where a kept card pays: it stands in the path. */
export function chargeParams ({ settings }: ConnectionContext, input: CreatePaymentInput, method: MethodInput): ChargeParams {
  const { amount, reference, attempt, orderReference, customer } = input
  check(amount, settings)
  const { token } = method
  if (token === undefined || !/^[\w-]{6,100}$/.test(token)) throw refusal('method.token', 'a card comes as a token of Kushki’s, or as the number of a kept one')
  const contact = contactOf(customer, settings, amount.currency)
  return {
    ...(!isKept(token) && { token }),
    amount: amountOnWire(amount, input.taxBreakdown),
    metadata: metadataOf(input.metadata, { payment: reference, attempt: String(attempt), order: orderReference }),
    ...(Object.keys(contact).length > 0 && { contactDetails: contact }),
    fullResponse: 'v2',
    ...instalments(input, method, settings),
    ...authentication(method)
  }
}

/**
 * Cuotas, meses, diferidos. Which form a country wants two pages of Kushki's say differently: the setting `deferred_countries` has those
 * that want `deferred`; the others want `months`. What a card allows its first digits say (`GET /card/v1/deferred/{bin}`), to the browser.
 */
function instalments ({ installments = 1, amount }: Pick<CreatePaymentInput, 'installments' | 'amount'>, method: MethodInput, settings: Settings): Pick<ChargeParams, 'months' | 'deferred'> {
  if (installments <= 1) return {}
  if (installments > 48) throw refusal('installments', 'Kushki’s longest plans have 48 months', 'unsupported')
  const told = detailsOf(method)
  if (!names(settings.deferred_countries, countryOf(settings, amount.currency))) return { months: installments }
  return { deferred: { graceMonths: told.grace_months ?? '00', creditType: told.credit_type ?? String(settings.credit_type ?? '01'), months: installments } }
}

const secureFields = ['cavv', 'eci', 'xid', 'specificationVersion', 'directoryServerTransactionID', 'acceptRisk']

/** What the shop's page got when the bank had asked the payer (`method.details.three_ds_…`). */
function authentication (method: MethodInput): { threeDomainSecure?: Record<string, string> } {
  const told = detailsOf(method)
  const found = Object.fromEntries(secureFields.flatMap(field => {
    const value = told[`three_ds_${field.replace(/[A-Z]+/g, capitals => `_${capitals.toLowerCase()}`)}`]
    return value === undefined ? [] : [[field, value]]
  }))
  return Object.keys(found).length === 0 ? {} : { threeDomainSecure: found }
}

/** Name and surname, where they must be two. */
export function namesOf (customer: PayerInput | undefined): { name: string, lastName: string } {
  const [name = '', ...rest] = (customer?.name ?? '').trim().split(/\s+/)
  if (name === '' || rest.length === 0) throw refusal('customer.name', 'Kushki wants a name and a surname')
  return { name, lastName: rest.join(' ') }
}

export function mailOf (customer: PayerInput | undefined, settings: Settings, currency: string): string {
  const { email } = contactOf(customer, settings, currency)
  if (email === undefined) throw refusal('customer.email', 'Kushki wants the payer’s email')
  return email
}

export function documentOf (customer: PayerInput | undefined, settings: Settings, { currency }: Money, told: Record<string, string>): { documentType: string, documentNumber: string } {
  const number = told.legal_id ?? customer?.tax_id
  if (number === undefined) throw refusal('customer.tax_id', 'Kushki wants the payer’s document')
  return { documentType: told.legal_id_type ?? documentType(settings, currency), documentNumber: number.replace(/[.\s]/g, '') }
}
