import type { Manifest } from '../manifest.ts'
import { exponentOf, type Money, money } from '../money.ts'

/** The least difference between two amounts that the provider can say, in our minor units. */
export function stepOf (manifest: Manifest, currency: string): number {
  const { exponent = exponentOf(currency), multipleOf = 1 } = manifest.amounts[currency] ?? {}
  const shift = exponent - exponentOf(currency)
  if (shift < 0) return multipleOf * 10 ** -shift
  return multipleOf / gcd(multipleOf, 10 ** shift)
}

/** What an ordinary payment is of: even, so that half of it can be said too, and well above the minimum. */
export function plainAmount (manifest: Manifest, currency: string): Money {
  const step = stepOf(manifest, currency)
  const { minimum, maximum } = boundsOf(manifest, currency)
  const amount = ceilTo(Math.max(4 * minimum, 100 * 10 ** exponentOf(currency)), 2 * step)
  return money(amount <= maximum ? amount : Math.floor(maximum / (2 * step)) * 2 * step, currency)
}

export function boundsOf (manifest: Manifest, currency: string): { minimum: number, maximum: number } {
  const step = stepOf(manifest, currency)
  const { minimum = 0, maximum } = manifest.amounts[currency] ?? {}
  const least = Math.max(minimum, step)
  return { minimum: least, maximum: maximum ?? Math.max(least * 1000, 10_000 * 10 ** exponentOf(currency)) }
}

/** Amounts whose hundredth is not what a float says it is: 19.99 × 100 = 1998.9999999999998. */
export function traps (manifest: Manifest, currency: string): number[] {
  const step = stepOf(manifest, currency)
  const { minimum, maximum } = boundsOf(manifest, currency)
  return [1999, 110_003, 409_999, 8_112_299].map(amount => amount * step).filter(amount => amount >= minimum && amount <= maximum)
}

export function ceilTo (amount: number, step: number): number {
  return Math.ceil(amount / step) * step
}

function gcd (a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b)
}
