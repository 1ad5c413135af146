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
  const plain = text.normalize('NFC').toUpperCase().replace(/[\s.\-/]/g, '')
  return country === 'ES' && /^ES.{9}$/.test(plain) ? plain.slice(2) : plain
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

// --- Ecuador ------------------------------------------------------------------------------------------------------------

/**
 * A RUC is 13 digits: a cédula, a public body's or a company's number, and the establishment `001`. Its modulus is a warning:
 * active RUCs fail it (1793213150001; python-stdnum #290, read 2026-11-20). "Third digit under 6" is no rule: 0962467429 is a person.
 */
function inspectRuc (ruc: string): TaxIdFinding {
  if (ruc === '9999999999999') return { shape: true, digit: true, person: 'generic' }
  if (/^\d{10}$/.test(ruc)) return isProvince(ruc) ? { shape: true, digit: isCedula(ruc), person: 'natural' } : unknown
  if (!/^\d{10}001$/.test(ruc) || !isProvince(ruc)) return unknown
  const third = Number(ruc[2])
  const body = ruc.slice(0, 10)
  const legal = (third === 9 && modulus11(body.slice(0, 9), [4, 3, 2, 7, 6, 5, 4, 3, 2]) === Number(ruc[9])) ||
    (third === 6 && modulus11(body.slice(0, 8), [3, 2, 7, 6, 5, 4, 3, 2]) === Number(ruc[8]))
  if (legal) return { shape: true, digit: true, person: 'legal' }
  if (isCedula(body)) return { shape: true, digit: true, person: 'natural' }
  return { shape: true, digit: false, person: third === 9 || third === 6 ? 'legal' : 'natural' }
}

/** 01 to 24, and 30 for those registered abroad. */
function isProvince (id: string): boolean {
  const province = Number(id.slice(0, 2))
  return (province >= 1 && province <= 24) || province === 30
}

/** Modulus 10 over weights 2 1 2 … (Registro Civil). */
export function isCedula (cedula: string): boolean {
  if (!/^\d{10}$/.test(cedula) || !isProvince(cedula)) return false
  const sum = [...cedula.slice(0, 9)].reduce((total, digit, index) => {
    const product = Number(digit) * (index % 2 === 0 ? 2 : 1)
    return total + (product > 9 ? product - 9 : product)
  }, 0)
  return (10 - sum % 10) % 10 === Number(cedula[9])
}

function modulus11 (digits: string, weights: readonly number[]): number {
  const sum = weights.reduce((total, weight, index) => total + weight * Number(digits[index]), 0)
  return (11 - sum % 11) % 11
}

// --- Spain --------------------------------------------------------------------------------------------------------------

const nifLetters = 'TRWAGMYFPDXBNJZSQVHLCKE'
const cifLetters = 'JABCDEFGHI'

/** NIF and NIE of persons, CIF of entities (Orden EHA/451/2008; RD 1065/2007 arts. 18–24). */
function inspectNif (nif: string): TaxIdFinding {
  if (/^\d{8}[A-Z]$/.test(nif)) return { shape: true, digit: nifLetters[Number(nif.slice(0, 8)) % 23] === nif[8], person: 'natural' }
  if (/^[XYZ]\d{7}[A-Z]$/.test(nif)) return { shape: true, digit: nifLetters[Number('XYZ'.indexOf(nif[0]!) + nif.slice(1, 8)) % 23] === nif[8], person: 'natural' }
  if (/^[KLM]\d{7}[A-Z]$/.test(nif)) return { shape: true, digit: nifLetters[Number(nif.slice(1, 8)) % 23] === nif[8] || cifLetters[cifDigit(nif)] === nif[8], person: 'natural' }
  if (!/^[ABCDEFGHJNPQRSUVW]\d{7}[0-9A-J]$/.test(nif)) return unknown
  const digit = cifDigit(nif)
  const given = nif[8]!
  const ok = /^[PQRSNW]/.test(nif) ? given === cifLetters[digit] : /^[ABEH]/.test(nif) ? given === String(digit) : given === String(digit) || given === cifLetters[digit]
  return { shape: true, digit: ok, person: 'legal' }
}

function cifDigit (nif: string): number {
  const sum = [...nif.slice(1, 8)].reduce((total, digit, index) => {
    if (index % 2 === 1) return total + Number(digit)
    const doubled = Number(digit) * 2
    return total + Math.floor(doubled / 10) + doubled % 10
  }, 0)
  return (10 - sum % 10) % 10
}
