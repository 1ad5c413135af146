import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import type { Invoice } from '../adapter/invoicing.ts'
import { FiscalError } from '../fiscal/errors.ts'
import { closed } from '../http-schema.ts'
import { ecuador } from '../invoices/ecuador.ts'
import { Address, NewInvoice } from '../invoices/schema.ts'
import type { IssuerRow } from '../issuers/queries.ts'
import { NewIssuer } from '../issuers/schema.ts'

const { issuer: _issuer, draft: _draft, connection: _connection, currency, ...body } = NewInvoice.properties

/** The body of POST /v1/invoices for Ecuador, with its issuer written out and its number. */
const SriFile = Type.Object({
  ...body,
  currency: Type.Optional(currency),
  issuer: Type.Object({
    name: NewIssuer.properties.legal_name, tax_id: Type.String({ pattern: '^\\d{10}001$' }), trade_name: NewIssuer.properties.trade_name, address: Type.Optional(Address), establishment_address: Type.Optional(Address), ec: NewIssuer.properties.ec
  }, closed),
  series: Type.Optional(Type.String({ pattern: '^\\d{3}-\\d{3}$' })),
  number: Type.Optional(Type.String({ pattern: '^\\d{1,9}$' })),
  mode: Type.Optional(Type.Union([Type.Literal('test'), Type.Literal('live')]))
}, closed)
type SriFile = Static<typeof SriFile>

/**
 * The comprobante that a JSON file asks for, its amounts computed. `reference` decides the código numérico of its clave. Throws
 * FiscalError, and HubError `invoice_invalid` for what cannot be computed.
 */
export function comprobanteOfSriJson (given: unknown, { at, reference }: { at: Date, reference: string }): Invoice {
  const [problem] = Value.Errors(SriFile, given)
  if (problem !== undefined) {
    const path = problem.instancePath.slice(1).replace(/\/(\d+)/g, '[$1]').replaceAll('/', '.')
    const { additionalProperties, requiredProperties } = problem.params as { additionalProperties?: string[], requiredProperties?: string[] }
    const field = [path, additionalProperties?.[0] ?? requiredProperties?.[0]].filter(Boolean).join('.')
    throw new FiscalError('structure', { es: `${field || 'El archivo'} no es como debe: ${problem.message}.`, en: `${field || 'The file'} is not as it must be: ${problem.message}.` }, field)
  }
  const { issuer, mode = 'test', series = '001-001', number = '1', currency = 'USD', ...rest } = given as SriFile
  return ecuador.model({ ...rest, currency }, { issuer: rowOf(issuer, mode, series), kind: rest.kind ?? 'invoice', reference, issuedAt: at, series, number: number.padStart(9, '0') })
}

/** As the database would have it; what no comprobante looks at is empty. */
function rowOf ({ name, tax_id, trade_name = null as never, address, establishment_address: there, ec = {} }: SriFile['issuer'], mode: 'test' | 'live', series: string): IssuerRow {
  const [code = ''] = series.split('-')
  return { legal_name: name, tax_id, trade_name, mode, country: 'EC', address: address ?? null, branches: there === undefined ? [] : [{ code, address: there }], ec, mx: {}, es: {} } as unknown as IssuerRow
}
