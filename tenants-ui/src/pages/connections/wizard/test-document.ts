import { type Answer, ask } from '../../../api/client.ts'
import { proofReference } from './payment.tsx'

export type Issuer = Answer<'get', '/v1/issuers/{id}'>
export type Country = Issuer['country']

/** Whom a test invoice to FACe is for: a public body of its test environment. */
export interface PublicBody { name: string, tax_id: string, street: string, postal_code: string, city: string, accounting_office: string, managing_body: string, processing_unit: string }
/** As an example only: whoever tests writes the codes of the body that they invoice. */
export const someBody: PublicBody = { name: 'Ayuntamiento de Madrid', tax_id: 'P2807900B', street: 'Plaza de la Villa, 4', postal_code: '28005', city: 'Madrid', accounting_office: 'L01280796', managing_body: 'LA0007407', processing_unit: 'LA0007408' }

export interface TestDocument { issuer: Issuer, country: Country, connection: string, description: string, body: PublicBody, records: boolean }

/** The series that the test is numbered in, made where the issuer has none in this mode: numbers of true series are never spent on it. */
export async function seriesFor (issuer: Issuer, country: Country): Promise<string> {
  const { data: [known] } = await ask('get', '/v1/series', { query: { issuer: issuer.id, document: 'invoice', active: true, limit: 1 } })
  if (known !== undefined) return known.id
  const [branch] = issuer.branches
  const numbering = country === 'EC' ? { branch: branch?.code ?? '001', till: branch?.tills?.[0]?.code ?? '001' } : { prefix: 'PRUEBA' }
  return (await ask('post', '/v1/series', { body: { issuer: issuer.id, document: 'invoice', ...numbering } })).id
}

/**
 * Nobody else’s data, and nothing that a rule could refuse: of the company to itself (Mexico), to the final consumer (Ecuador), to a public
 * body of the test environment (FACe), or a simplified invoice that names no buyer (VERI*FACTU). One unit of money and its tax.
 */
export function testInvoice ({ issuer, country, connection, description, body, records }: TestDocument, series: string) {
  const shared = { country, issuer: issuer.id, series, reference: proofReference(connection), send: false, ...(!records && { connection }) }
  const line = { description, quantity: '1', unit_price: '1.00' }
  if (country === 'EC') return { ...shared, currency: 'USD', customer: { name: 'CONSUMIDOR FINAL', tax_id: '9999999999999' }, lines: [{ ...line, taxes: [{ type: 'IVA', rate: '0.15' }] }], payment: { form: '01' } }
  const itself = { name: issuer.legal_name, tax_id: issuer.tax_id }
  if (country === 'ES') {
    const { name, tax_id, street, postal_code, city, ...dir3 } = body
    const customer = records ? { ...itself, address: { ...issuer.address, postal_code: issuer.address?.postal_code ?? issuer.postal_code ?? '' } } : { name, tax_id, address: { street, postal_code, city }, es: { dir3 } }
    return { ...shared, currency: 'EUR', customer, lines: [{ ...line, taxes: [{ type: 'IVA', rate: '0.21' }] }], payment: { form: '01' }, ...(records && { es: { document: 'FA' as const, verifactu: { type: 'F2' as const } } }) }
  }
  return {
    ...shared, currency: 'MXN', customer: { ...itself, address: { postal_code: issuer.postal_code ?? '' }, mx: { regime: issuer.regime ?? '601', cfdi_use: 'S01' } },
    lines: [{ ...line, taxes: [{ type: 'IVA', rate: '0.16' }], mx: { product_key: '01010101', unit_key: 'H87' } }], payment: { method: 'PUE' as const, form: '01' }
  }
}

/** Records go with invoices: they are switched on for the issuer, and there is a way to sign its invoices. */
export async function readyForRecords (issuer: Issuer, connection: string): Promise<void> {
  const { data: [facturae] } = await ask('get', '/v1/connections', { query: { provider: 'facturae', limit: 1 } })
  if (facturae === undefined) await ask('post', '/v1/connections', { body: { provider: 'facturae', mode: 'test', credentials: {} } })
  const { system } = await ask('get', '/v1/issuers/{id}/verifactu', { path: { id: issuer.id } })
  if (system !== 'verifactu') await ask('put', '/v1/issuers/{id}/verifactu', { path: { id: issuer.id }, body: { system: 'verifactu', connection } })
}
