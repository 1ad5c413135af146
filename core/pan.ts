import { cardNumbersIn, isCardNumber } from './card-digits.ts'

/**
 * Card numbers never enter (PCI DSS SAQ A): a body that holds one is refused, and only a provider's token passes.
 * A number is one when network prefix, length and Luhn agree. Luhn alone would refuse one CLABE, reference or tax id in
 * ten, so fields of a declared numeric format are exempt as long as their value has that format.
 */

/** What a field of this name may hold: by name, because the same names are used in every body. */
const numericNames = new Map<string, RegExp>([
  ['clabe', /^\d{18}$/],
  ['iban', /^[A-Z]{2}\d{2}[A-Z0-9 ]{8,38}$/],
  ['account_number', /^\d{4,20}$/],
  ...['reference', 'provider_reference', 'external_reference', 'payment_reference', 'barcode', 'ean', 'gtin', 'sku', 'tracking_key', 'folio', 'sequence']
    .map(name => [name, /^\d{1,44}$/] as const),
  ...['tax_id', 'rfc', 'ruc', 'cedula', 'nit', 'nif', 'curp'].map(name => [name, /^[A-Z0-9Ñ&]{8,18}$/i] as const),
  ...['clave_acceso', 'access_key', 'authorization_number'].map(name => [name, /^\d{10,49}$/] as const)
])

/** A JSON Schema `format` that declares a numeric field, for names that the table above does not have. */
export const numericFormats: Record<string, RegExp> = {
  clabe: /^\d{18}$/,
  barcode: /^\d{1,44}$/,
  'numeric-reference': /^\d{1,44}$/,
  'tax-id': /^[A-Z0-9Ñ&]{8,18}$/i
}

/** What is read of a JSON Schema to find declared formats. */
export interface FormatSchema {
  format?: unknown
  properties?: unknown
  items?: unknown
  additionalProperties?: unknown
  anyOf?: unknown
  oneOf?: unknown
  allOf?: unknown
}

/** The dotted path of the first card number in a parsed JSON value, keys included; `''` is the value itself. */
export function findCardNumber (value: unknown, schema?: FormatSchema): string | undefined {
  return walk(value, '', undefined, schema === undefined ? [] : [schema])
}

function walk (value: unknown, path: string, name: string | undefined, schemas: FormatSchema[]): string | undefined {
  if (typeof value === 'string') return isExempt(value, name, schemas) || cardNumbersIn(value).length === 0 ? undefined : path
  if (typeof value === 'number') {
    const digits = String(value)
    return isCardNumber(digits) && !isExempt(digits, name, schemas) ? path : undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  if (Array.isArray(value)) {
    const inside = schemas.flatMap(schema => alternatives(schema.items))
    return firstOf(value, (item, index) => walk(item, `${path}[${index}]`, name, inside))
  }
  return firstOf(Object.entries(value), ([key, item]) => {
    if (cardNumbersIn(key).length > 0) return join(path, '[key]') // the key itself must not be repeated in an answer
    if (name === 'credentials' && isProviderKey(item)) return undefined
    // In metadata the caller chooses the names, so they declare nothing.
    return walk(item, join(path, key), name === 'metadata' ? undefined : key, schemas.flatMap(schema => property(schema, key)))
  })
}

/** A provider's key may have a long number inside it: Mercado Pago's name their application by one. Digits alone are judged like any. */
const isProviderKey = (value: unknown): boolean => typeof value === 'string' && /^[A-Za-z][A-Za-z0-9_]*-\d[\w.-]*$/.test(value)

function isExempt (value: string, name: string | undefined, schemas: FormatSchema[]): boolean {
  if (name !== undefined && numericNames.get(name.toLowerCase())?.test(value)) return true
  return schemas.some(({ format }) => typeof format === 'string' && Object.hasOwn(numericFormats, format) && numericFormats[format]?.test(value))
}

function property ({ properties, additionalProperties }: FormatSchema, key: string): FormatSchema[] {
  const known = isSchema(properties) && Object.hasOwn(properties, key) ? (properties as Record<string, unknown>)[key] : additionalProperties
  return alternatives(known)
}

/** The schema, and the branches that it offers at the same place. */
function alternatives (schema: unknown): FormatSchema[] {
  if (!isSchema(schema)) return []
  const branches = [schema.anyOf, schema.oneOf, schema.allOf].flatMap(list => Array.isArray(list) ? list : [])
  return [schema, ...branches.flatMap(alternatives)]
}

function isSchema (value: unknown): value is FormatSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function join (path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}

function firstOf<T> (items: T[], find: (item: T, index: number) => string | undefined): string | undefined {
  for (const [index, item] of items.entries()) {
    const found = find(item, index)
    if (found !== undefined) return found
  }
  return undefined
}
