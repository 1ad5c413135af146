import type { LocalText } from '../../../adapter/context.ts'
import type { CatalogueName } from '../../catalogues/entries.ts'

/** How the text of an attribute must look. Lengths and patterns are those of cfdv40.xsd, tdCFDI.xsd and Pagos20.xsd (SAT, as of 2026-08). */
export interface Kind {
  /** What it must be, as the end of a sentence that begins with the attribute's name. */
  must: LocalText
  /** Undefined for a key of a catalogue, which is looked up on the day of the document. */
  holds?: (value: string) => boolean
  catalogue?: CatalogueName
}

/** White space as XML Schema collapses it, before lengths and patterns are judged. */
export const collapsed = (value: string): string => /^[ \t\n\r]|[ \t\n\r]$|[\t\n\r]| {2}/.test(value) ? value.replace(/[ \t\n\r]+/g, ' ').replace(/^ | $/g, '') : value

const matching = (pattern: RegExp, es: string, en: string): Kind => ({ must: { es, en }, holds: value => pattern.test(collapsed(value)) })

export const fixed = (text: string): Kind => ({ must: { es: `debe ser "${text}"`, en: `must be "${text}"` }, holds: value => collapsed(value) === text })

/** Free text: any character but the bar, which divides the cadena original. */
export const words = (max: number): Kind => ({
  must: { es: `debe tener de 1 a ${max} caracteres, sin "|"`, en: `must have 1 to ${max} characters, without "|"` },
  holds: value => {
    const text = collapsed(value)
    return text.length > 0 && lengthOf(text) <= max && !text.includes('|') && !noXml.test(text)
  }
})

/** The same without the rule about the bar: where the schema has none. */
export const anyWords = (max: number): Kind => ({
  must: { es: `debe tener de 1 a ${max} caracteres`, en: `must have 1 to ${max} characters` },
  holds: value => {
    const text = collapsed(value)
    return text.length > 0 && lengthOf(text) <= max && !noXml.test(text)
  }
})

/** What XML 1.0 has no place for: https://www.w3.org/TR/xml/#charsets */
const noXml = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u

/** XML Schema counts characters, not the halves of those beyond the basic plane. */
const lengthOf = (text: string): number => /[\ud800-\udfff]/.test(text) ? [...text].length : text.length

export const key = (catalogue: CatalogueName): Kind => ({ must: { es: `debe ser una clave de ${catalogue}`, en: `must be a key of ${catalogue}` }, catalogue })

/** t_Importe. */
export const amount = matching(/^[0-9]{1,18}(\.[0-9]{1,6})?$/, 'debe ser un importe sin signo, de hasta 18 enteros y 6 decimales', 'must be an amount without a sign, of up to 18 digits and 6 decimals')
/** t_ImporteMXN. */
export const pesos = matching(/^[0-9]{1,18}(\.[0-9]{1,2})?$/, 'debe ser un importe en pesos sin signo, de hasta 2 decimales', 'must be an amount of pesos without a sign, of up to 2 decimals')
/** Of implocal, whose amounts may have a sign. */
export const localAmount = matching(/^[+-]?([0-9]+(\.[0-9]{0,2})?|\.[0-9]{1,2})$/, 'debe ser un número de hasta 2 decimales', 'must be a number of up to 2 decimals')

const decimal = (decimals: number): RegExp => new RegExp(`^\\+?([0-9]+(\\.[0-9]{0,${decimals}})?|\\.[0-9]{1,${decimals}})$`)
const anyDigit = /[1-9]/

/** xs:decimal of at least one unit of its last decimal. */
export const positive = (decimals: number): Kind => {
  const pattern = decimal(decimals)
  return {
    must: { es: `debe ser mayor que cero, de hasta ${decimals} decimales`, en: `must be more than zero, of up to ${decimals} decimals` },
    holds: value => pattern.test(collapsed(value)) && anyDigit.test(value)
  }
}
export const rate: Kind = matching(decimal(6), 'debe ser un número sin signo, de hasta 6 decimales', 'must be a number without a sign, of up to 6 decimals')

/** t_RFC: whether such a person exists is asked elsewhere. */
export const rfcPattern = /^[A-Z&Ñ]{3,4}[0-9]{2}(0[1-9]|1[012])(0[1-9]|[12][0-9]|3[01])[A-Z0-9]{2}[0-9A]$/
export const rfc = matching(rfcPattern, 'debe ser un RFC: 3 letras (persona moral) o 4 (física), la fecha AAMMDD y 3 caracteres de homoclave, en mayúsculas', 'must be an RFC: 3 letters (a legal person) or 4 (a natural one), the date YYMMDD and 3 characters, in capitals')
export const bankRfc = matching(/^(XEXX010101000|[A-Z&Ñ]{3}[0-9]{2}(0[1-9]|1[012])(0[1-9]|[12][0-9]|3[01])[A-Z0-9]{2}[0-9A])$/, 'debe ser el RFC de un banco (12 caracteres), o XEXX010101000 si es extranjero', 'must be a bank’s RFC (12 characters), or XEXX010101000 for a foreign one')
export const legalRfc = matching(/^[A-Z&Ñ]{3}[0-9]{2}(0[1-9]|1[012])(0[1-9]|[12][0-9]|3[01])[A-Z0-9]{2}[0-9A]$/, 'debe ser el RFC de una persona moral (12 caracteres)', 'must be the RFC of a legal person (12 characters)')
export const account = matching(/^[A-Z0-9_]{10,50}$/, 'debe tener de 10 a 50 letras mayúsculas, dígitos o "_"', 'must have 10 to 50 capital letters, digits or "_"')
export const postalCode = matching(/^[0-9]{5}$/, 'debe ser un código postal de 5 dígitos', 'must be a postal code of 5 digits')
export const digits = (count: number): Kind => matching(new RegExp(`^[0-9]{${count}}$`), `debe tener ${count} dígitos`, `must have ${count} digits`)
export const confirmation = matching(/^[0-9a-zA-Z]{5}$/, 'debe ser la clave de 5 letras o dígitos que dio el PAC', 'must be the key of 5 letters or digits that the PAC gave')
export const uuid = matching(/^[a-f0-9A-F]{8}-[a-f0-9A-F]{4}-[a-f0-9A-F]{4}-[a-f0-9A-F]{4}-[a-f0-9A-F]{12}$/, 'debe ser un folio fiscal (UUID)', 'must be a fiscal folio (UUID)')
export const documentId = matching(/^([a-f0-9A-F]{8}-[a-f0-9A-F]{4}-[a-f0-9A-F]{4}-[a-f0-9A-F]{4}-[a-f0-9A-F]{12}|[0-9]{3}-[0-9]{2}-[0-9]{9})$/, 'debe ser el folio fiscal (UUID) del documento que se paga', 'must be the fiscal folio (UUID) of the document that is paid')
export const year = matching(/^\+?0*(2019|20[2-9][0-9]|2[1-9][0-9]{2}|[3-9][0-9]{3}|[12][0-9]{4}|3[01][0-9]{3}|32[0-6][0-9]{2}|327[0-5][0-9]|3276[0-7])$/, 'debe ser un año desde 2019', 'must be a year from 2019 on')
export const installment = matching(/^[1-9][0-9]{0,2}$/, 'debe ser un número de parcialidad de 1 a 999', 'must be an instalment from 1 to 999')
export const base64 = matching(/^([A-Za-z0-9+/] ?)*(= ?){0,2}$/, 'debe estar en base64', 'must be base64')
export const propertyAccount = matching(/^[0-9a-zA-Z]{1,150}$/, 'debe tener de 1 a 150 letras o dígitos', 'must have 1 to 150 letters or digits')
/** Two spaces between the groups, which are not collapsed. */
export const customsNumber: Kind = {
  must: { es: 'debe tener la forma "AA  AA  PPPP  NNNNNNN": año, aduana, patente y número, con dos espacios entre ellos', en: 'must look like "YY  CC  PPPP  NNNNNNN": year, customs office, licence and number, with two spaces between them' },
  holds: value => /^[0-9]{2} {2}[0-9]{2} {2}[0-9]{4} {2}[0-9]{7}$/.test(value)
}
/** t_FechaH: a moment on the clock of the place of issue, which the calendar must have. */
export const moment: Kind = {
  must: { es: 'debe ser una fecha y hora local AAAA-MM-DDThh:mm:ss, sin zona', en: 'must be a local date and time YYYY-MM-DDThh:mm:ss, without a zone' },
  holds: value => {
    const parts = /^(20[1-9][0-9])-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]$/.exec(collapsed(value))
    return parts !== null && Number(parts[3]) <= daysIn(Number(parts[1]), Number(parts[2]))
  }
}

export const daysIn = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate()
