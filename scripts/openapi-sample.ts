import { schemaAt } from './openapi-validate.ts'

type Json = Record<string, any>

const hex = '01a1ff9b0c5476f4813c463c68a23bc6'
/** Tried in this order where a pattern is to be met. */
const candidates = [
  ...['pay', 'con', 'cus', 'inv', 'evt', 'sub', 'pln', 'sal', 'iss', 'ser', 'pmt', 'ten', 'usr', 'whe', 'dlv', 'ban'].map(prefix => `${prefix}_${hex}`),
  'MXN', 'MX', '0.16', '100.00', '100', '01', '06600', '601', 'G03', '2026-11', '2026-11-21', '84111506', 'E48', 'payment.succeeded', 'payment.*', 'A-1', 'A', 'abc', 'es', '#1F4E79', 'L01280796', 'EKU9003173C9', '12345', '1234567890'
]
const byName: Record<string, string> = {
  name: 'INNOVACION VALOR Y DESARROLLO', email: 'compras@example.com', description: 'Consultoría', reason: 'agreed with the customer', label: 'Main', url: 'https://shop.example.com/hooks', reference: 'A-1', tax_id: 'EKU9003173C9', password: 'correct horse battery', provider: 'stripe', token: '…', message: 'It is done.', timezone: 'America/Mexico_City'
}

/** A value as the schema says, made up: for what nobody has recorded yet. Optional fields are left out from the third level on. */
export function sampleOf (document: Json, schema: Json, name = '', depth = 0): unknown {
  const plain = schemaAt(document, schema)
  const union = plain.anyOf ?? plain.oneOf
  if (Array.isArray(union)) return sampleOf(document, union.find((one: Json) => schemaAt(document, one).type !== 'null') ?? union[0], name, depth)
  if (plain.const !== undefined) return plain.const
  if (plain.enum !== undefined) return plain.enum[0]
  if (plain.default !== undefined) return plain.default
  switch ([plain.type].flat()[0]) {
    case 'boolean': return true
    case 'integer':
    case 'number': return Math.min(Math.max(plain.minimum ?? 0, /amount|total|price|balance/.test(name) ? 19900 : 1), plain.maximum ?? Infinity)
    case 'array': return depth > 4 ? [] : Array.from({ length: Math.max(1, plain.minItems ?? 1) }, () => sampleOf(document, plain.items ?? {}, name, depth + 1))
    case 'object': return object(document, plain, depth)
    case 'null': return null
    case 'string': return text(plain, name)
    default: return plain.properties === undefined ? {} : object(document, plain, depth)
  }
}

function object (document: Json, plain: Json, depth: number): Json {
  const required = new Set<string>(plain.required ?? [])
  const entries = Object.entries<Json>(plain.properties ?? {}).filter(([name]) => required.has(name) || depth < 2)
  const of = (chosen: [string, Json][]): Json => Object.fromEntries(chosen.map(([name, child]) => [name, sampleOf(document, child, name, depth + 1)]))
  const made = of(entries)
  return Object.keys(made).length < (plain.minProperties ?? 0) ? of(Object.entries<Json>(plain.properties ?? {}).slice(0, plain.minProperties)) : made
}

function text ({ format, pattern, minLength = 0, maxLength = 200 }: Json, name: string): string {
  if (format === 'date-time') return '2026-11-21T19:35:13.934Z'
  if (format === 'date') return '2026-11-21'
  if (format === 'email') return 'compras@example.com'
  if (format === 'uri') return 'https://shop.example.com/hooks'
  const fits = (value: string): boolean => value.length >= minLength && value.length <= maxLength && (pattern === undefined || new RegExp(pattern, 'u').test(value))
  const found = [byName[name] ?? name, ...pattern === undefined ? [] : candidates].find(value => value !== '' && fits(value))
  return found ?? 'x'.repeat(Math.max(minLength, 1))
}
