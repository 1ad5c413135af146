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
  let total: Decimal | undefined
  for (const value of values) total = total === undefined ? value : total.plus(value)
  return total ?? zero
}

/** Written with exactly so many decimals, rounded half up. */
export function fixed (value: Decimal, places: number): string {
  const decimals = value.decimalPlaces()
  return decimals <= places ? padded(value.toString(), decimals, places) : value.toFixed(places, Decimal.ROUND_HALF_UP)
}

/** A product of two numbers that are text: by whole numbers where they are small enough to be exact. */
export function productOf (one: string, other: string): Decimal {
  const [a, b] = [wholeOf(one), wholeOf(other)]
  const units = a === undefined || b === undefined ? Infinity : a.units * b.units
  return units > Number.MAX_SAFE_INTEGER ? new Decimal(one).times(other) : new Decimal(`${units}e-${a!.decimals + b!.decimals}`)
}

/** Rounded half up, where it has more decimals than that. */
export function rounded (value: Decimal, places: number): Decimal {
  return value.decimalPlaces() <= places ? value : value.toDecimalPlaces(places, Decimal.ROUND_HALF_UP)
}

/** `12.50` as 1250 with two decimals; undefined for what is no plain number, or too long. */
function wholeOf (text: string): { units: number, decimals: number } | undefined {
  if (text.length > 15 || !plainText.test(text)) return undefined
  const point = text.indexOf('.')
  return point === -1 ? { units: Number(text), decimals: 0 } : { units: Number(text.slice(0, point) + text.slice(point + 1)), decimals: text.length - point - 1 }
}

/** `fixed` of a number that is text: one that is short enough already is padded, without arithmetic. */
export function fixedText (text: string, places: number): string {
  if (!plainText.test(text)) return fixed(new Decimal(text), places)
  const point = text.indexOf('.')
  const decimals = point === -1 ? 0 : text.length - point - 1
  return decimals > places ? fixed(new Decimal(text), places) : padded(text, decimals, places)
}

/** `between` of a number that is text, likewise. */
export function betweenText (text: string, least: number, most: number): string {
  if (!plainText.test(text)) return between(new Decimal(text), least, most)
  const point = text.indexOf('.')
  let end = text.length
  if (point !== -1) while (end - point - 1 > least && text.charCodeAt(end - 1) === zeroCode) end--
  const decimals = point === -1 ? 0 : end - point - 1
  return decimals > most ? between(new Decimal(text), least, most) : padded(text.slice(0, decimals === 0 && point !== -1 ? point : end), decimals, least)
}

const plainText = /^(?:0|[1-9]\d*)(?:\.\d+)?$/
const zeroCode = 48
const padded = (text: string, decimals: number, places: number): string => decimals >= places ? text : `${text}${decimals === 0 ? '.' : ''}${'0'.repeat(places - decimals)}`

/** Written with as many decimals as it needs between the two bounds. */
export function between (value: Decimal, least: number, most: number): string {
  const decimals = value.decimalPlaces()
  if (decimals <= most) return padded(value.toString(), decimals, least)
  const rounded = value.toDecimalPlaces(most, Decimal.ROUND_HALF_UP)
  return rounded.toFixed(Math.max(least, rounded.decimalPlaces()))
}
