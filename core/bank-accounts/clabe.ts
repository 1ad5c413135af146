import { bankOfCode } from './banks.ts'

/** Weights over the first seventeen digits. Source: Banxico, circular 3/2012; facts section 8 (recomputed there with real CLABEs). */
const weights = [3, 7, 1]

/** The eighteenth digit of a CLABE, from the seventeen before it. */
export function clabeDigit (first17: string): number {
  const sum = [...first17].reduce((sum, digit, index) => sum + Number(digit) * weights[index % 3]! % 10, 0)
  return (10 - sum % 10) % 10
}

export type ClabeFlaw = 'shape' | 'digit' | 'bank'

/** What is wrong with it; undefined when nothing is. Written with spaces or hyphens it is none: `normalNumber` takes them out. */
export function clabeFlaw (clabe: string): ClabeFlaw | undefined {
  if (!/^\d{18}$/.test(clabe)) return 'shape'
  if (clabeDigit(clabe.slice(0, 17)) !== Number(clabe[17])) return 'digit'
  return bankOfCode(clabe.slice(0, 3)) === undefined ? 'bank' : undefined
}

/** As people write account numbers: in groups. */
export const normalNumber = (text: string): string => text.replace(/[\s-]/g, '').toUpperCase()
