import { inspectRuc } from './fiscal/ec/ruc.ts'
import { inspectNif, normalNif } from './fiscal/es/nif.ts'
import { hasCheckDigit, hasDate, isGeneric, personOf } from './fiscal/mx/rules/rfc.ts'

/**
 * Tax ids of Mexico, Ecuador and Spain: their shape, which can be refused, and their check digit, which in Mexico and Ecuador
 * can only be doubted: the authorities themselves issued ids that do not satisfy it.
 */

export const taxCountries = ['MX', 'EC', 'ES'] as const
export type TaxCountry = typeof taxCountries[number]

export interface TaxIdFinding {
  /** It is written as the law says. */
  shape: boolean
  /** Its check digit or letter agrees. */
  digit: boolean
  /** Whom such an id names; null where the shape is wrong. `generic` stands for a buyer without one. */
  person: 'natural' | 'legal' | 'generic' | null
}

/** As authorities write it: capitals, without spaces, hyphens and the prefix of a VAT number. */
export function normalTaxId (country: TaxCountry, text: string): string {
  return country === 'ES' ? normalNif(text) : text.normalize('NFC').toUpperCase().replace(/[\s.\-/]/g, '')
}

/** Of an id that is normal. */
export function inspectTaxId (country: TaxCountry, taxId: string): TaxIdFinding {
  return { MX: inspectRfc, EC: inspectRuc, ES: inspectNif }[country](taxId)
}

const unknown: TaxIdFinding = { shape: false, digit: false, person: null }

// --- Mexico -------------------------------------------------------------------------------------------------------------

function inspectRfc (rfc: string): TaxIdFinding {
  const person = personOf(rfc)
  if (person === undefined || !hasDate(rfc)) return unknown
  return { shape: true, digit: hasCheckDigit(rfc), person: isGeneric(rfc) ? 'generic' : person }
}
