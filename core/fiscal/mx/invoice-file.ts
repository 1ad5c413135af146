import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import { closed, oneOf } from '../../http-schema.ts'
import { FiscalError } from '../errors.ts'
import { fromInvoice, type InvoiceDraft } from './from-invoice.ts'
import type { Comprobante } from './model.ts'
import { type ComprobanteDraft, withTotals } from './totals.ts'
import { localTime, zoneOf } from './zones.ts'

/**
 * An invoice in a JSON file: in the words of the SAT (a Comprobante; amounts that are missing are computed), or in those of the API
 * (the body of `POST /v1/invoices`, with the issuer written out, as `{name, tax_id, address: {postal_code}, mx: {regime}}`).
 * `at` is the date of issue where the file says none. Throws FiscalError.
 */
export function comprobanteOfJson (text: string, { at }: { at: Date }): Comprobante {
  let given: unknown
  try {
    given = JSON.parse(text)
  } catch {
    throw new FiscalError('structure', { es: 'El archivo no es JSON legible.', en: 'The file is not readable JSON.' })
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw new FiscalError('structure', { es: 'El JSON no es un objeto.', en: 'The JSON is not an object.' })
  return 'TipoDeComprobante' in given ? inWordsOfTheSat(given, at) : fromInvoice(draftOf(given, at))
}

function inWordsOfTheSat (given: object, at: Date): Comprobante {
  const known = given as Partial<Comprobante>
  const Fecha = known.Fecha ?? localTime(at, zoneOf(known.LugarExpedicion ?? '') ?? 'America/Mexico_City')
  if (known.SubTotal !== undefined && known.Total !== undefined) return { ...known as Comprobante, Version: '4.0', Fecha }
  const problems = Value.Errors(Lines, given)
  if (problems.length > 0) throw malformed(problems)
  return withTotals({ ...given as ComprobanteDraft, Fecha })
}

const Lines = Type.Object({ Moneda: Type.String(), Conceptos: Type.Array(Type.Object({ Cantidad: Type.String(), ValorUnitario: Type.String() })) })

const Text = Type.String({ minLength: 1 })
const Address = Type.Object({ street: Type.Optional(Text), city: Type.Optional(Text), region: Type.Optional(Text), postal_code: Type.Optional(Text), country: Type.Optional(Text) }, closed)

const Party = Type.Object({
  name: Text,
  tax_id: Text,
  tax_id_type: Type.Optional(Text),
  address: Type.Optional(Address),
  email: Type.Optional(Text),
  mx: Type.Optional(Type.Object({ regime: Type.Optional(Text), cfdi_use: Type.Optional(Text), residence: Type.Optional(Text), foreign_tax_id: Type.Optional(Text) }, closed))
}, closed)

const Tax = Type.Object({
  type: Text, rate: Type.Optional(Text), withheld: Type.Optional(Type.Boolean()), exempt: Type.Optional(Type.Boolean()), quota: Type.Optional(Type.Boolean()), base: Type.Optional(Text)
}, closed)

const Line = Type.Object({
  description: Type.Optional(Text),
  quantity: Text,
  unit_price: Text,
  discount: Type.Optional(Text),
  sku: Type.Optional(Text),
  unit: Type.Optional(Text),
  taxes: Type.Optional(Type.Array(Tax)),
  mx: Type.Optional(Type.Object({
    product_key: Text,
    unit_key: Text,
    tax_object: Type.Optional(Text),
    third_party: Type.Optional(Type.Object({ tax_id: Text, name: Text, regime: Text, postal_code: Text }, closed)),
    customs: Type.Optional(Type.Array(Text)),
    property: Type.Optional(Type.Array(Text))
  }, closed))
}, closed)

const DocumentTax = Type.Object({ tax: Text, factor: Text, rate: Type.Optional(Text), base: Text }, closed)

const Payment = Type.Object({
  paid_at: Text,
  form: Text,
  currency: Text,
  exchange_rate: Type.Optional(Text),
  amount: Type.Optional(Text),
  operation_number: Type.Optional(Text),
  documents: Type.Array(Type.Object({
    fiscal_id: Text,
    series: Type.Optional(Text),
    number: Type.Optional(Text),
    currency: Text,
    exchange_rate: Type.Optional(Text),
    part: Type.Integer({ minimum: 1 }),
    balance: Text,
    amount: Text,
    taxes: Type.Optional(Type.Object({ total: Text, charged: Type.Array(DocumentTax), withheld: Type.Array(DocumentTax) }, closed)),
    tax_object: Type.Optional(Text)
  }, closed), { minItems: 1 })
}, closed)

const InvoiceFile = Type.Object({
  country: oneOf(['MX']),
  kind: Type.Optional(oneOf(['invoice', 'credit_note', 'debit_note', 'payment_receipt', 'global_invoice', 'transfer'])),
  reference: Type.Optional(Text),
  series: Type.Optional(Text),
  number: Type.Optional(Text),
  issued_at: Type.Optional(Text),
  issuer: Party,
  customer: Party,
  currency: Type.Optional(Text),
  exchange_rate: Type.Optional(Text),
  lines: Type.Optional(Type.Array(Line)),
  local_taxes: Type.Optional(Type.Array(Type.Object({ name: Text, rate: Text, amount: Type.Optional(Text), withheld: Type.Optional(Type.Boolean()) }, closed))),
  payment: Type.Optional(Type.Object({ method: Type.Optional(Text), form: Type.Optional(Text), due: Type.Optional(Text), conditions: Type.Optional(Text) }, closed)),
  related: Type.Optional(Type.Array(Type.Object({ type: Type.Optional(Text), fiscal_id: Text }, closed))),
  mx: Type.Optional(Type.Object({
    export: Type.Optional(Text),
    global: Type.Optional(Type.Object({ periodicity: Text, months: Text, year: Type.Union([Text, Type.Integer()]) }, closed)),
    postal_code: Type.Optional(Text),
    zone: Type.Optional(Text),
    confirmation: Type.Optional(Text),
    rounding: Type.Optional(oneOf(['currency', 'six'])),
    payments: Type.Optional(Type.Array(Payment))
  }, closed)),
  metadata: Type.Optional(Type.Record(Type.String(), Type.String()))
}, closed)

function draftOf (given: object, at: Date): InvoiceDraft {
  const problems = Value.Errors(InvoiceFile, given)
  if (problems.length > 0) throw malformed(problems)
  const { metadata, ...file } = given as Static<typeof InvoiceFile>
  const draft = camelCased(file) as Partial<InvoiceDraft> & Pick<InvoiceDraft, 'issuer' | 'customer'>
  const issuedAt = new Date(draft.issuedAt ?? at)
  if (Number.isNaN(issuedAt.getTime())) throw new FiscalError('value_invalid', { es: 'issued_at no es una fecha ISO 8601.', en: 'issued_at is not a date in ISO 8601.' }, 'issued_at')
  return {
    reference: '',
    country: 'MX',
    kind: 'invoice',
    currency: 'MXN',
    ...draft,
    issuedAt,
    lines: (draft.lines ?? []).map(line => ({ ...line, taxes: line.taxes ?? [] })),
    related: (draft.related ?? []).map(({ type = '', fiscalId }) => ({ type, fiscalId }))
  }
}

/** `unit_price` → `unitPrice`, in every object. */
function camelCased (value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelCased)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()), camelCased(inner)]))
}

interface Problem { keyword: string, instancePath: string, message: string, params: object }

/** The first of them, in a sentence. */
function malformed (problems: readonly Problem[]): FiscalError {
  const { keyword, instancePath, message, params } = problems.find(({ keyword }) => keyword !== 'boolean')!
  const { additionalProperties = [], requiredProperties = [], allowedValues = [] } = params as { additionalProperties?: string[], requiredProperties?: string[], allowedValues?: string[] }
  const within = instancePath.slice(1).replace(/\/(\d+)/g, '[$1]').replaceAll('/', '.')
  const [named] = keyword === 'required' ? requiredProperties : additionalProperties
  const path = [within, named].filter(part => part !== undefined && part !== '').join('.')
  const said = keyword === 'required'
    ? { es: `Falta ${path}.`, en: `${path} is missing.` }
    : keyword === 'additionalProperties'
      ? { es: `No existe el campo ${path}.`, en: `There is no field ${path}.` }
      : allowedValues.length > 0
        ? { es: `${path} debe ser uno de ${allowedValues.join(', ')}.`, en: `${path} must be one of ${allowedValues.join(', ')}.` }
        : { es: `${path} no tiene la forma debida: ${message}.`, en: `${path} does not have the right form: ${message}.` }
  return new FiscalError('structure', said, path)
}
