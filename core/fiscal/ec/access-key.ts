import { createHash } from 'node:crypto'

/**
 * Clave de acceso: the 49 digits that name a comprobante, and that are its authorisation number too.
 * Ficha Técnica Comprobantes Electrónicos, esquema offline, v2.34 (2026-07-27), tabla 1.
 */
export interface AccessKeyParts {
  /** `ddmmaaaa`, the fechaEmision. */
  date: string
  /** codDoc: 01, 03 … 07. */
  document: string
  ruc: string
  /** Ambiente: 1 pruebas, 2 producción. */
  environment: string
  establishment: string
  point: string
  /** Nine digits. */
  sequential: string
  /** Eight digits that nobody can guess. */
  code: string
  /** tipoEmision: 1, normal. */
  emission: string
}

/** Modulus 11 over weights 2 to 7 from the right; 11 counts as 0 and 10 as 1. */
export function checkDigit (digits: string): string {
  let sum = 0
  for (let index = 0; index < digits.length; index++) sum += Number(digits[digits.length - 1 - index]) * (2 + index % 6)
  const digit = 11 - sum % 11
  return digit === 11 ? '0' : digit === 10 ? '1' : String(digit)
}

export function accessKey ({ date, document, ruc, environment, establishment, point, sequential, code, emission }: AccessKeyParts): string {
  const digits = date + document + ruc + environment + establishment + point + sequential + code + emission
  if (!/^\d{48}$/.test(digits)) throw new RangeError(`a clave de acceso has 48 digits before its own: ${digits}`)
  return digits + checkDigit(digits)
}

const shape = /^(\d{8})(\d{2})(\d{13})(\d)(\d{3})(\d{3})(\d{9})(\d{8})(\d)\d$/

/** What a clave says; undefined when it is not 49 digits of which the last agrees. */
export function readAccessKey (key: string): AccessKeyParts | undefined {
  if (!/^\d{49}$/.test(key) || checkDigit(key.slice(0, 48)) !== key[48]) return undefined
  const [, date, document, ruc, environment, establishment, point, sequential, code, emission] = shape.exec(key)! as unknown as string[]
  return { date: date!, document: document!, ruc: ruc!, environment: environment!, establishment: establishment!, point: point!, sequential: sequential!, code: code!, emission: emission! }
}

/**
 * Eight digits out of our own id, whose 74 random bits nobody else knows: the same invoice keeps its clave however often it is
 * built, corrected and sent, and no two of a shop have the same ones by habit.
 */
export function codeOf (reference: string): string {
  return String(createHash('sha256').update(`clave de acceso ${reference}`).digest().readUIntBE(0, 6) % 100_000_000).padStart(8, '0')
}

/** The document that a clave names, as other comprobantes cite it. */
export function citedBy ({ date, document, establishment, point, sequential }: AccessKeyParts): { document: string, number: string, issuedOn: string } {
  return { document, number: `${establishment}-${point}-${sequential}`, issuedOn: `${date.slice(4)}-${date.slice(2, 4)}-${date.slice(0, 2)}` }
}
