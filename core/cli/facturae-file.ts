import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import type { Invoice } from '../adapter/invoicing.ts'
import { FiscalError } from '../fiscal/errors.ts'
import { facturaeFindings, type FacturaeFinding } from '../fiscal/es/rules.ts'
import { closed } from '../http-schema.ts'
import { Address, NewInvoice } from '../invoices/schema.ts'
import { spain } from '../invoices/spain.ts'
import type { IssuerRow } from '../issuers/queries.ts'
import { NewIssuer } from '../issuers/schema.ts'
import { Refused } from './command.ts'

const { issuer: _issuer, draft: _draft, connection: _connection, currency, ...body } = NewInvoice.properties

/** The body of POST /v1/invoices for Spain, with its issuer written out and its number. */
const FacturaeFile = Type.Object({
  ...body,
  currency: Type.Optional(currency),
  issuer: Type.Object({ name: NewIssuer.properties.legal_name, tax_id: Type.String({ maxLength: 20 }), trade_name: NewIssuer.properties.trade_name, address: Type.Optional(Address), email: NewIssuer.properties.email, phone: NewIssuer.properties.phone, es: NewIssuer.properties.es }, closed),
  series: Type.Optional(Type.String({ maxLength: 20 })),
  number: Type.Optional(Type.String({ minLength: 1, maxLength: 20 }))
}, closed)
type FacturaeFile = Static<typeof FacturaeFile>

/** Undefined for what does not begin as JSON. */
export function readJson (bytes: Buffer): unknown {
  const text = bytes.toString('utf8').replace(/^\ufeff/, '')
  if (!/^\s*\{/.test(text.slice(0, 1000))) return undefined
  try {
    return JSON.parse(text)
  } catch {
    throw new Refused('it is neither XML nor JSON that can be read')
  }
}

/** The invoice that a JSON file asks for, its amounts computed. Throws FiscalError `structure`, HubError `invoice_invalid`, and Refused with every broken rule. */
export function facturaeOfJson (given: unknown, made: { at: Date, reference: string }): Invoice {
  const { invoice, findings } = judged(given, made)
  const broken = findings.filter(({ level }) => level === 'error')
  if (broken.length > 0) throw new Refused(broken.map(({ code, path, message }) => `${code} ${path}: ${message.es}`).join('\n'))
  return invoice
}

/** The same with what is wrong with it. */
export function judged (given: unknown, { at, reference }: { at: Date, reference: string }): { invoice: Invoice, findings: FacturaeFinding[] } {
  const [problem] = Value.Errors(FacturaeFile, given)
  if (problem !== undefined) {
    const path = problem.instancePath.slice(1).replace(/\/(\d+)/g, '[$1]').replaceAll('/', '.')
    const { additionalProperties, requiredProperties } = problem.params as { additionalProperties?: string[], requiredProperties?: string[] }
    const field = [path, additionalProperties?.[0] ?? requiredProperties?.[0]].filter(Boolean).join('.')
    throw new FiscalError('structure', { es: `${field || 'El archivo'} no es como debe: ${problem.message}.`, en: `${field || 'The file'} is not as it must be: ${problem.message}.` }, field)
  }
  const { issuer, series = '', number = '1', currency = 'EUR', ...rest } = given as FacturaeFile
  const invoice = spain.model({ ...rest, currency }, { issuer: rowOf(issuer), kind: rest.kind ?? 'invoice', reference, issuedAt: at, ...(series !== '' && { series }), number })
  return { invoice, findings: facturaeFindings(invoice) }
}

/** As the database would have it; what no Facturae looks at is empty. */
function rowOf ({ name, tax_id, trade_name, address, email, phone, es = {} }: FacturaeFile['issuer']): IssuerRow {
  return { legal_name: name, tax_id, trade_name: trade_name ?? null, mode: 'test', country: 'ES', address: address ?? null, postal_code: null, email: email ?? null, phone: phone ?? null, website: null, branches: [], es, mx: {}, ec: {} } as unknown as IssuerRow
}
