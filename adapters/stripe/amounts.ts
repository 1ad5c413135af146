import { type AmountRule, exponentOf, fromWire, type Money, ProviderError, toWire } from '../../core/adapter/index.ts'
import { refusal } from './asking.ts'

/** Source: https://docs.stripe.com/currencies#presentment-currencies, read 2026-11-20. */
export const currencies = ('AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BIF BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF CLP CNY COP CRC CVE ' +
  'CZK DJF DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR ISK JMD JPY KES KGS KHR KMF KRW KYD KZT LAK LBP ' +
  'LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD ' +
  'SCR SEK SGD SHP SLE SOS SRD THB TJS TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VND VUV WST XAF XCD XOF XPF YER ZAR ZMW BHD JOD KWD OMR TND').split(' ')

/**
 * Smallest charge, in our minor units. Stripe compares in the currency in which the account settles, so one that settles in
 * another may still be refused there (`amount_too_small`).
 * Source: https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts, read 2026-11-20.
 * COP: the docs say 0.50, the partners who charge there say 2,000 COP (QUIRKS.md); the setting `cop_minimum` decides.
 */
const minimums: Record<string, number> = {
  USD: 50, AED: 200, ARS: 50, AUD: 50, BRL: 50, CAD: 50, CHF: 50, COP: 200_000, CZK: 1500, DKK: 250, EUR: 50, GBP: 30, HKD: 400,
  HUF: 17_500, INR: 50, JPY: 50, MXN: 1000, MYR: 200, NOK: 300, NZD: 50, PLN: 200, RON: 200, SEK: 300, SGD: 50, THB: 1000
}

/** Where Stripe counts otherwise than ISO 4217. Source: https://docs.stripe.com/currencies#special-cases, read 2026-11-20. */
const counts: Record<string, AmountRule> = {
  // No minor unit, but sent with two decimals that must be 00, "for backwards compatibility".
  ISK: { exponent: 2, multipleOf: 100 },
  UGX: { exponent: 2, multipleOf: 100 },
  // ISO 4217 gives it two (its fifth parts are not decimal); Stripe counts whole ariary.
  MGA: { exponent: 0 },
  // Three decimals, of which the card networks take two.
  BHD: { multipleOf: 10 }, JOD: { multipleOf: 10 }, KWD: { multipleOf: 10 }, OMR: { multipleOf: 10 }, TND: { multipleOf: 10 }
}

export const amounts: Record<string, AmountRule> = Object.fromEntries(
  [...new Set([...Object.keys(minimums), ...Object.keys(counts)])].sort().map(currency =>
    [currency, { ...counts[currency], ...(minimums[currency] === undefined ? {} : { minimum: minimums[currency] }) }]))

const supported = new Set(currencies)

/** Stripe's integer, without a look at the minimum: for captures and refunds. Refuses what cannot be said exactly. */
export function partOnWire (money: Money): number {
  if (supported.has(money.currency) && !(money.amount > 0)) throw refusal('amount', `${money.amount} is not an amount to move`, 'amount_invalid')
  return priceOnWire(money, 'amount')
}

/** The same of a price, which may be nothing. `param` is the field of our API that it comes from. */
export function priceOnWire (money: Money, param: string): number {
  if (!supported.has(money.currency)) throw refusal('currency', `${money.currency} is not a currency that Stripe charges`, 'unsupported')
  if (money.amount < 0) throw refusal(param, `${money.amount} is no price`, 'amount_invalid')
  try {
    return toWire(money, amounts[money.currency])
  } catch (cause) {
    throw refusal(param, (cause as Error).message, 'amount_invalid')
  }
}

/** Stripe's integer for a charge. */
export function chargeOnWire (money: Money, settings: Readonly<Record<string, unknown>>): number {
  const wire = partOnWire(money)
  const minimum = minimumOf(money.currency, settings)
  if (money.amount < minimum) throw refusal('amount', `${money.amount} ${money.currency} is below Stripe's minimum of ${minimum}`, 'amount_invalid')
  return wire
}

export function minimumOf (currency: string, settings: Readonly<Record<string, unknown>>): number {
  const chosen = settings.cop_minimum
  return currency === 'COP' && typeof chosen === 'number' ? chosen : minimums[currency] ?? 1
}

/** Something small that Stripe takes in any currency: a hundred where it publishes no minimum. Only ever asked in test mode. */
export function probeAmount (currency: string, settings: Readonly<Record<string, unknown>>): Money {
  const amount = minimums[currency] === undefined ? (exponentOf(currency) === 0 ? 100_000 : 100 * 10 ** exponentOf(currency)) : minimumOf(currency, settings)
  return { amount, currency }
}

/** What Stripe counted, in our minor units. */
export function moneyOf (wire: number, currency: string): Money {
  const code = currency.toUpperCase()
  try {
    return fromWire(wire, code, amounts[code])
  } catch (cause) {
    throw new ProviderError({ code: 'unknown', reached: 'unknown', providerMessage: `${wire} ${code}`, cause })
  }
}
