import { Decimal, zero } from '../../decimal.ts'

const plain = /^\s*\+?(\d+(\.\d*)?|\.\d+)\s*$/
/** The same texts are asked for by rule after rule; a Decimal never changes. */
const known = new Map<string, Decimal | undefined>()

/** Undefined for what is not a plain number (its shape is judged elsewhere), so that arithmetic is not judged on top of it. */
export function number (text: string | undefined): Decimal | undefined {
  if (text === undefined || text.length > 50) return undefined
  const found = known.get(text)
  if (found !== undefined || known.has(text)) return found
  const made = plain.test(text) ? new Decimal(text.trim().replace(/^\+/, '')) : undefined
  if (known.size >= 2000) known.clear()
  known.set(text, made)
  return made
}

/** The same, where a sign may stand (implocal). */
export function signed (text: string | undefined): Decimal | undefined {
  if (text?.trimStart().startsWith('-') !== true) return number(text)
  return number(text.trimStart().slice(1))?.negated()
}

/** Decimals as they are written: `"1.50"` has two. */
export function placesOf (text: string): number {
  const point = text.trim().indexOf('.')
  return point === -1 ? 0 : text.trim().length - point - 1
}

/** The sum of all; undefined when one of them is no number. What is absent counts nothing. */
export function sum (texts: Iterable<string | undefined>): Decimal | undefined {
  let total = zero
  for (const text of texts) {
    if (text === undefined) continue
    const value = number(text)
    if (value === undefined) return undefined
    total = total.plus(value)
  }
  return total
}

/** Half up, as the SAT rounds. */
export const round = (value: Decimal, places: number): Decimal => value.toDecimalPlaces(places, Decimal.ROUND_HALF_UP)

/** A number for a sentence. */
export const shown = (value: Decimal, places?: number): string => places === undefined ? value.toFixed() : value.toFixed(places)

/** Half of the last of so many decimals. */
const halves = Array.from({ length: 51 }, (_, places) => new Decimal(10).pow(-places).dividedBy(2))
const one = new Decimal(1)
const hair = new Decimal('0.000000000001')

export interface Limits { low: Decimal, high: Decimal }

/**
 * What a product may be when its factors were rounded to the decimals they are written with. Source: SAT, guide of Anexo 20
 * (CFDI 4.0), "límites" of Importe: the lower one is truncated, the upper one rounded up, at the decimals of the result.
 * The exact factor (a rate) has no margin.
 */
export function productLimits (rounded: readonly string[], exact: string | undefined, places: number): Limits | undefined {
  let low = one
  let high = low
  for (const text of rounded) {
    const value = number(text)
    if (value === undefined) return undefined
    const half = halves[placesOf(text)]!
    low = low.times(value.minus(half))
    high = high.times(value.plus(half).minus(hair))
  }
  if (exact !== undefined) {
    const factor = number(exact)
    if (factor === undefined) return undefined
    low = low.times(factor)
    high = high.times(factor)
  }
  return { low: low.toDecimalPlaces(places, Decimal.ROUND_DOWN), high: high.toDecimalPlaces(places, Decimal.ROUND_UP) }
}

/**
 * What a payment may be in the currency of the payment. Source: SAT, matrix of Pagos 2.0, margin of variation:
 * [ImpPagado − 10^-n/2] / [Equivalencia + 10^-m/2 − 10^-16] … [ImpPagado + 10^-n/2 − 10^-12] / [Equivalencia − 10^-m/2].
 * `places` of the equivalence are those written, or ten where CRP20277 asks so.
 */
export function quotientLimits (paid: string, equivalence: string, places: number, resultPlaces: number): Limits | undefined {
  const amount = number(paid)
  const divisor = number(equivalence)
  if (amount === undefined || divisor === undefined) return undefined
  const half = halves[placesOf(paid)]!
  const halfDivisor = halves[places]!
  const least = divisor.minus(halfDivisor)
  if (least.lessThanOrEqualTo(0)) return undefined
  return {
    low: amount.minus(half).dividedBy(divisor.plus(halfDivisor).minus('0.0000000000000001')).toDecimalPlaces(resultPlaces, Decimal.ROUND_DOWN),
    high: amount.plus(half).minus(hair).dividedBy(least).toDecimalPlaces(resultPlaces, Decimal.ROUND_UP)
  }
}

export const within = (value: Decimal, { low, high }: Limits): boolean => value.greaterThanOrEqualTo(low) && value.lessThanOrEqualTo(high)
