import { type AmountRule, exponentOf, fromWire, type Money, ProviderError, toWire } from '../../core/adapter/index.ts'
import { refusal } from './asking.ts'

/** What PayPal settles. COP, CLP, ARS and PEN are not among them. Source: facts section 5.3 and PayPal's currency codes page, read 2026-11-21. */
export const currencies = ['MXN', 'BRL', 'USD', 'EUR', 'AUD', 'CAD', 'CHF', 'CZK', 'DKK', 'GBP', 'HKD', 'HUF', 'ILS', 'JPY', 'MYR', 'NOK', 'NZD', 'PHP', 'PLN', 'SEK', 'SGD', 'THB', 'TWD'] as const

/** "This currency does not support decimals": JPY as in ISO 4217, and two that have them there. */
export const amounts: Record<string, AmountRule> = { HUF: { exponent: 0 }, TWD: { exponent: 0 } }

export interface WireMoney { currency_code: string, value: string }

/** Digits after the point that PayPal takes. */
const placesOf = (currency: string): number => amounts[currency]?.exponent ?? exponentOf(currency)

/** PayPal's decimal string. Refused before anything leaves where it cannot be said exactly. */
export function onWire (money: Money, param = 'amount'): WireMoney {
  const { currency } = money
  if (!(currencies as readonly string[]).includes(currency)) throw refusal('currency', `PayPal does not settle ${currency}`, 'unsupported')
  if (!(money.amount > 0)) throw refusal(param, `${money.amount} is not an amount to move`, 'amount_invalid')
  return { currency_code: currency, value: decimal(wireOf(money, param), placesOf(currency)) }
}

function wireOf (money: Money, param: string): number {
  try {
    return toWire(money, amounts[money.currency])
  } catch (cause) {
    if (cause instanceof RangeError) throw refusal(param, `PayPal takes no decimals of ${money.currency}`, 'amount_invalid')
    throw cause
  }
}

function decimal (wire: number, places: number): string {
  if (places === 0) return String(wire)
  const digits = String(wire).padStart(places + 1, '0')
  return `${digits.slice(0, -places)}.${digits.slice(-places)}`
}

/** What PayPal counted, in our minor units; signed, as reports have it. Digits beyond what the currency has must be zeros. */
export function moneyOf (told: { currency_code?: unknown, value?: unknown } | undefined): Money {
  const currency = String(told?.currency_code ?? '').toUpperCase()
  try {
    const [, sign, whole, fraction = ''] = /^(-?)(\d{0,15})(?:\.(\d{0,15}))?$/.exec(String(told?.value ?? 'none')) ?? []
    if (whole === undefined || whole + fraction === '') throw new RangeError('not a decimal')
    const places = placesOf(currency)
    if (/[^0]/.test(fraction.slice(places))) throw new RangeError('more decimals than the currency has')
    const { amount } = fromWire(Number(whole + fraction.slice(0, places).padEnd(places, '0')), currency, amounts[currency])
    return { amount: sign === '-' && amount !== 0 ? -amount : amount, currency }
  } catch (cause) {
    throw new ProviderError({ code: 'unknown', reached: 'unknown', providerMessage: `${String(told?.value)} ${currency}`, cause })
  }
}
