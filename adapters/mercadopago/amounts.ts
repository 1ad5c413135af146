import { exponentOf, type Money, money, ProviderError } from '../../core/adapter/index.ts'
import { refusal } from './asking.ts'
import type { Home } from './countries.ts'

/** Numbers with a decimal point, in the currency of the account's country; CLP without decimals. Source: facts section 3.4, read 2026-11-21. */
export const currencies = ['MXN', 'BRL', 'ARS', 'COP', 'CLP', 'PEN', 'UYU'] as const

/** In Colombia bank and cash take whole pesos in practice [S]. The setting `cop_whole` decides (QUIRKS.md). */
const wholeMethods = new Set(['pse', 'efecty'])

/** The decimal is written from the minor units and then read as the number: nothing is ever divided. */
export function partOnWire ({ amount, currency }: Money, param = 'amount'): number {
  if (!(currencies as readonly string[]).includes(currency)) throw refusal('currency', `Mercado Pago charges ${currencies.join(', ')}`, 'unsupported')
  if (!Number.isSafeInteger(amount) || amount <= 0) throw refusal(param, `${amount} is not an amount to move`, 'amount_invalid')
  const exponent = exponentOf(currency)
  const digits = String(amount).padStart(exponent + 1, '0')
  const text = exponent === 0 ? digits : `${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`
  const wire = Number(text)
  // Beyond 15 digits a number cannot say every hundredth any more.
  if (minorOf(wire, currency) !== amount) throw refusal(param, `${amount} ${currency} cannot be said exactly`, 'amount_invalid')
  return wire
}

/** The amount of a charge by this method at an account of this country. */
export function chargeOnWire (amount: Money, type: string, home: Home, settings: Readonly<Record<string, unknown>>): number {
  const wire = partOnWire(amount)
  if (amount.currency !== home.currency) throw refusal('currency', `this account charges ${home.currency} alone`, 'unsupported')
  if (amount.currency === 'COP' && wholeMethods.has(type) && settings.cop_whole !== false && !Number.isInteger(wire)) throw refusal('amount', `${type} takes whole pesos`, 'amount_invalid')
  return wire
}

/** What Mercado Pago counted, in our minor units. Throws ProviderError `unknown` for what is no amount of that currency. */
export function moneyOf (wire: number, currency: string): Money {
  const amount = minorOf(wire, currency)
  if (amount === undefined) throw new ProviderError({ code: 'unknown', reached: 'unknown', providerMessage: `${wire} ${currency}` })
  return money(amount, currency)
}

function minorOf (wire: number, currency: string): number | undefined {
  const [, whole, decimals = ''] = /^(\d+)(?:\.(\d+))?$/.exec(String(wire)) ?? []
  const exponent = exponentOf(currency)
  if (whole === undefined || decimals.length > exponent) return undefined
  const amount = Number(whole + decimals.padEnd(exponent, '0'))
  return Number.isSafeInteger(amount) ? amount : undefined
}

/** Fees come as floats that were divided somewhere: to the nearest minor unit. They are told, never charged. */
export function nearestMinor (wire: number, currency: string): number {
  return Math.round(wire * 10 ** exponentOf(currency))
}

/** A decimal of a report, signed, in minor units. Throws ProviderError `unknown` for what is none of that currency. */
export function minorOfText (text: string, currency: string): number {
  const [, sign, digits] = /^(-?)(\d+(?:\.\d+)?)$/.exec(text.trim()) ?? []
  // Reports write 819.00 of a currency without decimals too.
  const amount = digits === undefined ? undefined : minorOf(Number(digits), currency)
  if (amount === undefined) throw new ProviderError({ code: 'unknown', reached: 'unknown', providerMessage: `${text} ${currency}` })
  return sign === '-' && amount !== 0 ? -amount : amount
}
