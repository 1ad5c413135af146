/** A hub whose SRI is a simulator that shares the hub's clock, and a taxpayer with a signature of its own. */
import { sign } from 'node:crypto'
import type { Test } from 'tap'
import { startSriSimulator, type SriSimulator } from '../../adapters/sri/simulator.ts'
import type { InvoicingSamples } from '../../core/adapter/conformance/harness.ts'
import type { SriWorld } from '../../core/adapter/sri-world.ts'
import { uploadCertificate } from '../../core/certificates/service.ts'
import { createConnection } from '../../core/connections/service.ts'
import { createSriWorld } from '../../core/demo/sri-world.ts'
import { buildComprobante } from '../../core/fiscal/ec/build.ts'
import { numbered, sampleInvoice } from '../../core/fiscal/ec/fixtures/arbitrary.ts'
import type { EcDraft } from '../../core/fiscal/ec/totals.ts'
import { sriProfile } from '../../core/fiscal/xades/profiles.ts'
import { signXades, type XadesKey } from '../../core/fiscal/xades/sign.ts'
import type { NewInvoice } from '../../core/invoices/schema.ts'
import { createIssuer } from '../../core/issuers/service.ts'
import type { NewIssuer } from '../../core/issuers/schema.ts'
import { createSeries } from '../../core/series/service.ts'
import { basicConstraints, keyUsage, madeKey, makeAuthority, makeCertificate, makeP12, utf8 } from './csd.ts'
import { testHub, type TestHub, type TestTenant } from './hub.ts'

export { createSriWorld }

export const ruc = '1792146739001'
const passphrase = 'prueba123'

/** Of the shape of an accredited authority's: the RUC in an extension that ends in .3.11. */
export function makeSriSignature ({ taxId = ruc, usage = ['digitalSignature', 'nonRepudiation'], name = '' }: { taxId?: string, usage?: string[], name?: string } = {}): { p12: Buffer, passphrase: string, key: XadesKey } {
  const authority = makeAuthority('AC de firmas de prueba')
  const key = madeKey(`sri ${taxId}${name}`)
  const certificate = makeCertificate({
    subject: [['2.5.4.6', 'EC'], ['2.5.4.10', 'Entidad acreditada, S.A.'], ['2.5.4.3', 'María José Ñandú']], key, serial: Buffer.from('0a1b2c3d4e', 'hex'), validFrom: new Date('2025-01-01T00:00:00Z'), validTo: new Date('2040-01-01T00:00:00Z'), issuer: authority,
    extensions: [basicConstraints(false), keyUsage(...usage), { oid: '1.3.6.1.4.1.37746.3.11', value: utf8(taxId) }]
  })
  return { p12: makeP12({ pairs: [{ key: key.privateKey, certificate }], chain: [authority.certificate], passphrase }), passphrase, key: { certificate, chain: [authority.certificate], sign: (bytes, algorithm) => sign(algorithm, bytes, key.privateKey) } }
}

export async function signedComprobante (changes: Partial<EcDraft> = {}, { wrongTotal = false }: { wrongTotal?: boolean } = {}): Promise<Buffer> {
  const model = numbered(sampleInvoice({ issuedAt: new Date(), ...changes }))
  const root = buildComprobante(wrongTotal ? { ...model, totals: { ...model.totals, total: '999.99' } } : model)
  return await signXades(root, sriProfile(), makeSriSignature().key, { at: new Date(model.issuedAt), zone: 'America/Guayaquil', id: 'a1' })
}

const nine = (n: number): string => String(n).padStart(9, '0')

/** For the conformance suite. Comprobantes are signed ahead, because the suite asks for them at once. */
export async function sriSamples (): Promise<InvoicingSamples> {
  const of = async (n: number, wrongTotal = false): Promise<Buffer> => await signedComprobante({ reference: `inv_${n}`, number: nine(n) }, { wrongTotal })
  const ahead = await Promise.all(Array.from({ length: 80 }, async (_, n) => await of(n + 1)))
  const wrong = await Promise.all(Array.from({ length: 5 }, async (_, n) => await of(n + 900, true)))
  const key = (number: number) => ({ issuerTaxId: ruc, series: '001-001', number: nine(number) })
  return {
    document: n => ({ naturalKey: key(n % 80 + 1), sealed: ahead[n % 80]! }),
    rejected: n => ({ naturalKey: key(n % 5 + 900), sealed: wrong[n % 5]! }),
    // No web service of the SRI annuls.
    cancellation: { motive: '' },
    register: { issuerTaxId: ruc, customerTaxId: '1790011674001', total: '115.00' },
    booked: ({ naturalKey: { issuerTaxId, series, number } }) => `${issuerTaxId} ${series} ${number}`
  }
}

export interface Ecuador extends TestHub {
  world: SriWorld
  sri: SriSimulator
}

export async function ecuador (t: Test, { env = {}, processMs = 0 }: { env?: Record<string, string>, processMs?: number } = {}): Promise<Ecuador> {
  const clock: { now: () => Date } = { now: () => new Date() }
  const world = createSriWorld({ now: () => clock.now(), processMs })
  const sri = await startSriSimulator({ world })
  t.teardown(async () => { await sri.close() })
  const made = await testHub(t, { env: { PASARELA_PROVIDER_URL_SRI: sri.url, PASARELA_PROVIDER_RATE_SRI: '10000', ...env } })
  clock.now = made.hub.now
  return { ...made, world, sri }
}

export interface EcShop extends TestTenant { issuer: string, connection: string }

export async function ecShop ({ hub, tenant }: Pick<Ecuador, 'hub' | 'tenant'>, changes: Partial<NewIssuer> = {}): Promise<EcShop> {
  const made = await tenant()
  const { access } = made
  const { p12 } = makeSriSignature()
  const issuer = await createIssuer(hub, access, {
    country: 'EC', tax_id: ruc, legal_name: 'HOTEL LOS ÑANDÚES S.A.', trade_name: 'Los Ñandúes', address: { street: 'Av. Amazonas N21-147', city: 'Quito' },
    branches: [{ code: '001', address: { street: 'Calle Larga 5', city: 'Cuenca' }, tills: [{ code: '001' }, { code: '002' }] }], ec: { keeps_accounting: true, special_taxpayer: '5368', withholding_agent: '1' }, ...changes
  }, null)
  await uploadCertificate(hub, access, { p12: p12.toString('base64'), passphrase, issuer: issuer.id }, null)
  for (const document of ['invoice', 'credit_note', 'debit_note', 'withholding', 'delivery_note', 'purchase_settlement'] as const) await createSeries(hub, access, { issuer: issuer.id, document, branch: '001', till: '001' }, null)
  const connection = await createConnection(hub, access, { provider: 'sri', mode: 'test', credentials: {} }, null)
  return { ...made, issuer: issuer.id, connection: connection.id }
}

/** Two nights: USD 115.00. */
export const nights = (changes: Partial<NewInvoice> = {}): NewInvoice => ({
  country: 'EC',
  customer: { name: 'Comercial Andina & Hijos', tax_id: '1790011674001', address: { street: 'Av. Colón', city: 'Quito' }, email: 'compras@andina.example' },
  lines: [{ description: 'Hospedaje «suite»', quantity: '2', unit_price: '50.00', sku: 'H-1', taxes: [{ type: 'IVA', rate: '0.15' }] }],
  payment: { form: '20' },
  currency: 'USD',
  ...changes
})
