import { daysIn, rfcPattern } from './kinds.ts'

/** Whoever buys without saying who: https://www.sat.gob.mx, RMF 2.7.1.23. */
export const publicRfc = 'XAXX010101000'
/** Whoever is not of the country. */
export const foreignRfc = 'XEXX010101000'
export const isGeneric = (rfc: string | undefined): boolean => rfc === publicRfc || rfc === foreignRfc

export type Person = 'natural' | 'legal'

/** 13 characters are a natural person, 12 a legal one; undefined for what is no RFC. */
export function personOf (rfc: string | undefined): Person | undefined {
  return rfc !== undefined && rfcPattern.test(rfc) ? rfc.length === 13 ? 'natural' : 'legal' : undefined
}

/** Whether the calendar has the day of birth or founding. Its century is not told: the 29th of February is let pass in 00. */
export function hasDate (rfc: string): boolean {
  const [year, month, day] = rfc.slice(-9, -3).match(/../g)!.map(Number) as [number, number, number]
  return day <= daysIn(2000 + year, month)
}

const values = new Map([...'0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ Ñ'].map((character, value) => [character, value]))

/**
 * The check digit. Source: phpcfdi/rfc, CheckSum (2024). It warns only: RFCs are in circulation that do not satisfy it
 * (RT0840921REA beside RT0840921RE4), and neither does XAXX010101000.
 */
export function hasCheckDigit (rfc: string): boolean {
  const characters = [...rfc]
  let total = characters.length === 12 ? 481 : 0
  for (const [index, character] of characters.slice(0, -1).entries()) total += (values.get(character) ?? 0) * (characters.length - index)
  const digit = 11 - total % 11
  return characters.at(-1) === (digit === 11 ? '0' : digit === 10 ? 'A' : String(digit))
}

/** Kinds of company whose name the SAT registers without them; longest first. A civil society or association (S.C., A.C.) is one as well. */
const corporate = [
  'SAPI DE CV SOFOM ENR', 'SAPI DE CV SOFOM ER', 'SA DE CV SOFOM ENR', 'SA DE CV SOFOM ER', 'SC DE RL DE CV', 'S DE RL DE CV', 'SPR DE RL DE CV', 'SAPI DE CV', 'SAB DE CV', 'SAS DE CV',
  'S EN C POR A', 'SC DE RL', 'S DE RL', 'SPR DE RL', 'SPR DE RI', 'SA DE CV', 'S EN NC', 'S EN C', 'SAPI', 'SAB', 'SAS', 'SCL', 'IAP', 'SA', 'SC', 'AC'
]

/** The régimen societario that stays out of Nombre in CFDI 4.0 (facts of the list l_RFC; CFDI40139, CFDI40145); undefined when the name has none. */
export function corporateSuffix (name: string): string | undefined {
  const plain = name.toUpperCase().replace(/[.,]/g, ' ').replace(/\s+/g, ' ').trim().replace(/\b([A-Z]) (?=[A-Z]\b)/g, '$1')
  return corporate.find(suffix => plain.endsWith(` ${suffix}`))
}
