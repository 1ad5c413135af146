/** RUC and cédula: their shape, which can be refused, and their check digit, which can only be doubted. */

/** Of a number without spaces and hyphens. `person`: whom it names, null where the shape is wrong; `generic` stands for consumidor final. */
export interface RucFinding { shape: boolean, digit: boolean, person: 'natural' | 'legal' | 'generic' | null }

const unknown: RucFinding = { shape: false, digit: false, person: null }

/**
 * A RUC is 13 digits: a cédula, a public body's or a company's number, and the establishment `001`. Its modulus is a warning:
 * active RUCs fail it (1793213150001; python-stdnum #290, read 2026-11-20). "Third digit under 6" is no rule: 0962467429 is a person.
 */
export function inspectRuc (ruc: string): RucFinding {
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
