/**
 * Money is an integer in the currency's minor unit plus the ISO 4217 code. Nothing here ever holds a fraction.
 * How many minor units a provider counts in is a property of (provider, currency): see `AmountRule`.
 */
export interface Money {
  /** Integer, in the minor unit of `currency` (ISO 4217 exponent). */
  readonly amount: number
  /** ISO 4217 alphabetic code, upper case. */
  readonly currency: string
}

/** ISO 4217 currencies whose minor unit is not 1/100. Source: ISO 4217 list one, 2026-01-01 (SIX Group). */
const exponents = new Map<string, number>([
  ...['BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV', 'XAF', 'XOF', 'XPF'].map(code => [code, 0] as const),
  ...['BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND'].map(code => [code, 3] as const),
  ['CLF', 4], ['UYW', 4]
])

/** Active two-decimal currencies that the hub accepts. */
const twoDecimals = new Set(('AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF ' +
  'CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR ' +
  'JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK ' +
  'NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT ' +
  'TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG').split(' '))

export function isCurrency (code: string): boolean {
  return twoDecimals.has(code) || exponents.has(code)
}

export function currencies (): string[] {
  return [...twoDecimals, ...exponents.keys()].sort()
}

/** Digits after the decimal point of the currency's minor unit. Throws RangeError for a code that is not a currency. */
export function exponentOf (currency: string): number {
  const exponent = exponents.get(currency) ?? (twoDecimals.has(currency) ? 2 : undefined)
  if (exponent === undefined) throw new RangeError(`${currency} is not an ISO 4217 currency`)
  return exponent
}

export function money (amount: number, currency: string): Money {
  if (!Number.isSafeInteger(amount)) throw new RangeError(`${amount} is not an integer of minor units`)
  exponentOf(currency)
  return { amount, currency }
}

/** How a provider counts one currency. What is not listed is counted as ISO 4217 does. */
export interface AmountRule {
  /** Digits after the point that the provider's integer stands for, when it differs from ISO 4217. */
  exponent?: number
  /** Amounts on the wire must be a multiple of this (Stripe: UGX 100, KWD 10). */
  multipleOf?: number
  /** Smallest charge in *our* minor units, dated like every rule a provider decides. */
  minimum?: number
  /** Largest charge in our minor units. */
  maximum?: number
}

/**
 * Our minor units to the provider's integer.
 * Throws RangeError when the amount cannot be said exactly in the provider's unit: money is never rounded in silence.
 */
export function toWire ({ amount, currency }: Money, rule: AmountRule = {}): number {
  const shift = (rule.exponent ?? exponentOf(currency)) - exponentOf(currency)
  const wire = shift >= 0 ? amount * 10 ** shift : amount / 10 ** -shift
  if (!Number.isSafeInteger(wire)) throw new RangeError(`${amount} ${currency} cannot be said exactly in the provider's unit`)
  if (rule.multipleOf !== undefined && wire % rule.multipleOf !== 0) {
    throw new RangeError(`${amount} ${currency} is not a multiple of what the provider accepts`)
  }
  return wire
}

/** The provider's integer to our minor units. Throws RangeError when it is not exact. */
export function fromWire (wire: number, currency: string, rule: AmountRule = {}): Money {
  const shift = exponentOf(currency) - (rule.exponent ?? exponentOf(currency))
  return money(shift >= 0 ? wire * 10 ** shift : wire / 10 ** -shift, currency)
}
