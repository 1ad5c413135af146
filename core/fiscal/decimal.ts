import { Decimal as Plain } from 'decimal.js'

/** Fiscal arithmetic: exact for what a document holds, rounded only where a value is written, half up. */
export const Decimal = Plain.clone({ precision: 60, rounding: Plain.ROUND_HALF_UP, toExpNeg: -60, toExpPos: 60 })
export type Decimal = InstanceType<typeof Decimal>

export const zero = new Decimal(0)

/** A plain number as documents write it: no sign, no exponent, at most 18 digits and 10 decimals. Undefined for anything else. */
export function decimal (text: string): Decimal | undefined {
  return /^\d{1,18}(?:\.\d{1,10})?$/.test(text) ? new Decimal(text) : undefined
}

export function sum (values: Iterable<Decimal>): Decimal {
  let total = zero
  for (const value of values) total = total.plus(value)
  return total
}

/** Written with exactly so many decimals, rounded half up. */
export function fixed (value: Decimal, places: number): string {
  return value.toFixed(places, Decimal.ROUND_HALF_UP)
}

/** Written with as many decimals as it needs between the two bounds. */
export function between (value: Decimal, least: number, most: number): string {
  const rounded = value.toDecimalPlaces(most, Decimal.ROUND_HALF_UP)
  return rounded.toFixed(Math.max(least, rounded.decimalPlaces()))
}
