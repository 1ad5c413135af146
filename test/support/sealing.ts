/** A hub whose PACs seal for the tenant (Facturama, Gigstack), over one register with the hub's clock. */
import type { Test } from 'tap'
import { type FacturamaSimulator, startFacturamaSimulator } from '../../adapters/facturama/simulator.ts'
import { type GigstackSimulator, startGigstackSimulator } from '../../adapters/gigstack/simulator.ts'
import { startSatStatusSimulator } from '../../adapters/sat_status/simulator.ts'
import type { SatWorld } from '../../core/adapter/sat-world.ts'
import { uploadCertificate } from '../../core/certificates/service.ts'
import { createConnection } from '../../core/connections/service.ts'
import { createSatWorld } from '../../core/demo/sat-world.ts'
import { createIssuer } from '../../core/issuers/service.ts'
import { createSeries } from '../../core/series/service.ts'
import { csd, issuerRfc } from './cfdi.ts'
import type { Teardown } from './database.ts'
import { testHub, type TestHub, type TestTenant } from './hub.ts'

export interface SealingSimulators {
  world: SatWorld
  facturama: FacturamaSimulator
  gigstack: GigstackSimulator
  /** Where a hub finds them. */
  env: Record<string, string>
}

export async function sealingSimulators (t: Teardown, now: () => Date = () => new Date()): Promise<SealingSimulators> {
  const world = createSatWorld({ now, processMs: 3600_000 })
  const [facturama, gigstack, sat] = await Promise.all([startFacturamaSimulator({ world }), startGigstackSimulator({ world, now }), startSatStatusSimulator({ world })])
  t.teardown(async () => { await Promise.all([facturama.close(), gigstack.close(), sat.close()]) })
  const urls = { FACTURAMA: facturama.url, GIGSTACK: gigstack.url, SAT_STATUS: sat.url }
  return { world, facturama, gigstack, env: Object.fromEntries(Object.entries(urls).flatMap(([id, url]) => [[`PASARELA_PROVIDER_URL_${id}`, url], [`PASARELA_PROVIDER_RATE_${id}`, '10000']])) }
}

export interface SealingCountry extends TestHub, Omit<SealingSimulators, 'env'> {}

export async function sealingCountry (t: Test): Promise<SealingCountry> {
  const clock: { now: () => Date } = { now: () => new Date() }
  const { env, ...simulators } = await sealingSimulators(t, () => clock.now())
  const made = await testHub(t, { env })
  clock.now = made.hub.now
  return { ...made, ...simulators }
}

export interface SealingShop extends TestTenant { issuer: string, pac: string, certificate: string, credentials: Record<string, string> }

/** A tenant with its issuer, certificate and series, and an account at a PAC that has no certificate of it yet. */
export async function sealingShop ({ hub, tenant, facturama, gigstack }: SealingCountry, provider: 'facturama' | 'gigstack', { settings = {}, register = true }: { settings?: Record<string, string | number | boolean>, register?: boolean } = {}): Promise<SealingShop> {
  const made = await tenant()
  const { access } = made
  const issuer = await createIssuer(hub, access, { country: 'MX', tax_id: issuerRfc, legal_name: 'ESCUELA KEMPER URGATE', regime: '601', postal_code: '42501' }, null)
  const { certificate } = await uploadCertificate(hub, access, { cer: csd.cer.toString('base64'), key: csd.key.toString('base64'), passphrase: csd.passphrase, issuer: issuer.id }, null)
  for (const [document, prefix] of [['invoice', 'A'], ['credit_note', 'NC'], ['payment_receipt', 'P'], ['global_invoice', 'G']] as const) await createSeries(hub, access, { issuer: issuer.id, document, prefix }, null)
  const credentials = { facturama, gigstack }[provider].credentials('test')
  const pac = await createConnection(hub, access, { provider, mode: 'test', credentials, settings }, null)
  if (register) await createConnection(hub, access, { provider: 'sat_status', mode: 'test', credentials: {} }, null)
  return { ...made, issuer: issuer.id, pac: pac.id, certificate: certificate!.id, credentials }
}
