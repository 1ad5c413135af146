/** A hub whose FACe is a simulator by the hub's clock, and a tenant with all that it takes to invoice in Spain. */
import type { Test } from 'tap'
import { type FaceSimulator, startFaceSimulator } from '../../adapters/facturae/simulator.ts'
import { uploadCertificate } from '../../core/certificates/service.ts'
import { createConnection } from '../../core/connections/service.ts'
import { testSigner } from '../../core/fiscal/xades/fixtures/signer.ts'
import { createIssuer } from '../../core/issuers/service.ts'
import { createSeries } from '../../core/series/service.ts'
import { makeP12, madeKey } from './csd.ts'
import { testHub, type TestHub, type TestTenant } from './hub.ts'

export interface Spain extends TestHub { face: FaceSimulator }
export interface Company extends TestTenant { issuer: string, connection: string }

export async function spain (t: Test, { env = {} }: { env?: Record<string, string> } = {}): Promise<Spain> {
  const face = await startFaceSimulator({ now: () => clock.now() })
  t.teardown(face.close)
  const clock: { now: () => Date } = { now: () => new Date() }
  const made = await testHub(t, { env: { PASARELA_PROVIDER_URL_FACTURAE: face.url, PASARELA_PROVIDER_RATE_FACTURAE: '10000', ...env } })
  clock.now = made.hub.now
  return { ...made, face }
}

/** A tenant with an issuer, its certificate with its chain, its series and its way to FACe. */
export async function company ({ hub, tenant, face }: Spain, { chain: withChain = true, usage, credentials, taxId = 'B65410011', into }: { chain?: boolean, usage?: string[], credentials?: Record<string, string>, taxId?: string, into?: TestTenant } = {}): Promise<Company> {
  const made = into ?? await tenant()
  const { access } = made
  const issuer = await createIssuer(hub, access, { country: 'ES', tax_id: taxId, legal_name: 'Ejemplo, S.L.', trade_name: 'Ejemplo', address: { street: 'Calle de la Ñ, 1', city: 'Málaga', postal_code: '29001', country: 'ES' }, es: { iban: 'ES91 2100 0418 4502 0005 1332' } }, null)
  const { certificate, chain } = testSigner({ ...(usage !== undefined && { usage }), ...(taxId !== 'B65410011' && { subject: [['2.5.4.97', `VATES-${taxId}`], ['2.5.4.3', taxId]] }) })
  const p12 = makeP12({ pairs: [{ key: madeKey('xades leaf xades').privateKey, certificate: certificate as Buffer }], chain: withChain ? chain as Buffer[] : [], passphrase: 'contraseña' })
  await uploadCertificate(hub, access, { p12: p12.toString('base64'), passphrase: 'contraseña', issuer: issuer.id }, null)
  for (const [document, prefix] of [['invoice', 'F26-'], ['credit_note', 'R26-']] as const) await createSeries(hub, access, { issuer: issuer.id, document, prefix }, null)
  const connection = await createConnection(hub, access, { provider: 'facturae', mode: 'test', credentials: credentials ?? face.credentials('test') }, null)
  return { ...made, issuer: issuer.id, connection: connection.id }
}
