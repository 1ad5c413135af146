import { exponentOf, type Money, money, ProviderError } from '../../core/adapter/index.ts'
import { refusal } from './errors.ts'

export const currencies = ['MXN', 'COP', 'ARS', 'BRL', 'CLP', 'PEN', 'USD'] as const

/** Amounts are JSON numbers in major units of at most 12 digits, 2 of them decimals. Source: facts section 0, read 2026-11-21. */
const maximum = 999_999_999_999
export const amounts = Object.fromEntries(currencies.map(currency => [currency, { maximum: currency === 'CLP' ? 9_999_999_999 : maximum }]))

/** As it stands on the wire and in the signature. Exact: it never goes through a fraction. */
export function decimalOf ({ amount, currency }: Money, param = 'amount'): string {
  if (!(currencies as readonly string[]).includes(currency)) throw refusal('currency', `PayU charges ${currencies.join(', ')}`, 'unsupported')
  if (!Number.isSafeInteger(amount) || amount <= 0) throw refusal(param, `${amount} is not an amount to move`, 'amount_invalid')
  if (amount > amounts[currency]!.maximum) throw refusal(param, `${amount} is more than PayU can say`, 'amount_invalid')
  const exponent = exponentOf(currency)
  const digits = String(amount).padStart(exponent + 1, '0')
  const fraction = exponent === 0 ? '' : digits.slice(-exponent).replace(/0+$/, '')
  return `${digits.slice(0, digits.length - exponent)}${fraction === '' ? '' : `.${fraction}`}`
}

export interface WireValue { value: number | string, currency: string }

/** The JSON number is written as the same digits that are signed: twelve digits are well within what a double tells apart. */
export function wireValue (amount: Money, param?: string): WireValue {
  return { value: Number(decimalOf(amount, param)), currency: amount.currency }
}

/** What PayU counted, in our minor units: a number, or a decimal in text. Throws `unknown` for what cannot be said exactly. */
export function moneyOf ({ value, currency }: WireValue): Money {
  const [, whole, fraction = ''] = /^(\d{1,13})(?:\.(\d+))?$/.exec(String(value)) ?? []
  const exponent = isKnown(currency) ? exponentOf(currency) : undefined
  const kept = fraction.replace(/0+$/, '')
  if (whole === undefined || exponent === undefined || kept.length > exponent) throw new ProviderError({ code: 'unknown', reached: 'unknown', providerMessage: `${String(value)} ${currency}` })
  return money(Number(whole + kept.padEnd(exponent, '0')), currency)
}

const isKnown = (currency: string): boolean => (currencies as readonly string[]).includes(currency)
