/** A tenant with an issuer, its certificate, its series and its PAC, and what it invoices. */
import { uploadCertificate } from '../../core/certificates/service.ts'
import { createConnection } from '../../core/connections/service.ts'
import { HubError } from '../../core/errors.ts'
import type { NewInvoice } from '../../core/invoices/schema.ts'
import type { NewIssuer } from '../../core/issuers/schema.ts'
import { createIssuer } from '../../core/issuers/service.ts'
import { createSeries } from '../../core/series/service.ts'
import { csd, issuerRfc } from './cfdi.ts'
import type { TestTenant } from './hub.ts'
import type { Country } from './mexico.ts'

export interface FiscalShop extends TestTenant { issuer: string, pac: string }

export async function fiscalShop ({ hub, tenant, finkok }: Pick<Country, 'hub' | 'tenant' | 'finkok'>, { register = true, issuer: changes = {} }: { register?: boolean, issuer?: Partial<NewIssuer> } = {}): Promise<FiscalShop> {
  const made = await tenant()
  const { access } = made
  const issuer = await createIssuer(hub, access, { country: 'MX', tax_id: issuerRfc, legal_name: 'ESCUELA KEMPER URGATE', regime: '601', postal_code: '42501', ...changes }, null)
  await uploadCertificate(hub, access, { cer: csd.cer.toString('base64'), key: csd.key.toString('base64'), passphrase: csd.passphrase, issuer: issuer.id }, null)
  for (const [document, prefix] of [['invoice', 'A'], ['credit_note', 'NC'], ['payment_receipt', 'P']] as const) await createSeries(hub, access, { issuer: issuer.id, document, prefix }, null)
  const pac = await createConnection(hub, access, { provider: 'finkok', mode: 'test', credentials: finkok.credentials('test') }, null)
  if (register) await createConnection(hub, access, { provider: 'sat_status', mode: 'test', credentials: {} }, null)
  return { ...made, issuer: issuer.id, pac: pac.id }
}

/** Two courses: 2,320.00 pesos. */
export const courses = (changes: Partial<NewInvoice> = {}): NewInvoice => ({
  country: 'MX',
  customer: { name: 'INNOVACION VALOR Y DESARROLLO', tax_id: 'IVD920810GU2', address: { postal_code: '63901' }, mx: { regime: '601', cfdi_use: 'G01' } },
  lines: [{ description: 'Curso de inglés & más', quantity: '2', unit_price: '1000.00', taxes: [{ type: 'IVA', rate: '0.16' }], mx: { product_key: '86121600', unit_key: 'E48' } }],
  payment: { method: 'PUE', form: '03' },
  currency: 'MXN',
  ...changes
})

export const paidLater = { method: 'PPD', form: '99', due: '2027-01-31' }

export const refusal = async (promise: Promise<unknown>): Promise<HubError> => await promise.then(() => { throw new Error('it went through') }, (error: unknown) => {
  if (error instanceof HubError) return error
  throw error
})
