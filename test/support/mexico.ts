/** A hub whose PACs and whose SAT are simulators that share one register and the hub's clock; a shop in it, and what it sells. */
import type { Test } from 'tap'
import { type FinkokSimulator, startFinkokSimulator } from '../../adapters/finkok/simulator.ts'
import { startEdicomSimulator } from '../../adapters/edicom/simulator.ts'
import { startSatStatusSimulator } from '../../adapters/sat_status/simulator.ts'
import { startSolucionFactibleSimulator } from '../../adapters/solucion_factible/simulator.ts'
import { startSwSimulator, type SwSimulator } from '../../adapters/sw/simulator.ts'
import type { SatWorld } from '../../core/adapter/sat-world.ts'
import type { Simulator } from '../../core/adapter/simulator.ts'
import { uploadCertificate } from '../../core/certificates/service.ts'
import { createConnection } from '../../core/connections/service.ts'
import { createSatWorld, type SatWorldOptions } from '../../core/demo/sat-world.ts'
import type { NewInvoice } from '../../core/invoices/schema.ts'
import { createIssuer } from '../../core/issuers/service.ts'
import { createSeries } from '../../core/series/service.ts'
import { csd, issuerRfc } from './cfdi.ts'
import { testHub, type TestHub, type TestTenant } from './hub.ts'

export { createSatWorld }

export interface Country extends TestHub {
  world: SatWorld
  /** Those that were asked for beside the usual ones. */
  others: Record<string, Simulator>
  finkok: FinkokSimulator
  sw: SwSimulator
  /** Does what is due, and what that makes due within half a minute: a document is asked for, stamped, and heard of. */
  settle: (rounds?: number) => Promise<void>
}

const further = { solucion_factible: startSolucionFactibleSimulator, edicom: startEdicomSimulator }

/** `also`: simulators of further PACs. `taxpayers`: the SAT's list, as far as a test wants it to have one. */
export async function country (t: Test, { env = {}, also = [], taxpayers = {} }: { env?: Record<string, string>, also?: readonly (keyof typeof further)[], taxpayers?: NonNullable<SatWorldOptions['taxpayers']> } = {}): Promise<Country> {
  const clock: { now: () => Date } = { now: () => new Date() }
  const now = () => clock.now()
  const world = createSatWorld({ now, processMs: 3600_000, taxpayers })
  const [finkok, sw, sat] = await Promise.all([startFinkokSimulator({ world, now }), startSwSimulator({ world, now }), startSatStatusSimulator({ world })])
  const others = Object.fromEntries(await Promise.all(also.map(async id => [id, await further[id]({ world })] as const)))
  t.teardown(async () => { await Promise.all([finkok, sw, sat, ...Object.values(others)].map(async simulator => { await simulator.close() })) })
  const urls = { FINKOK: finkok.url, SW: sw.url, SAT_STATUS: sat.url, ...Object.fromEntries(Object.entries(others).map(([id, { url }]) => [id.toUpperCase(), url])) }
  const made = await testHub(t, {
    env: Object.fromEntries([...Object.entries(urls).flatMap(([id, url]) => [[`PASARELA_PROVIDER_URL_${id}`, url], [`PASARELA_PROVIDER_RATE_${id}`, '10000']]), ...Object.entries(env)])
  })
  clock.now = made.hub.now
  const settle = async (rounds = 6): Promise<void> => {
    for (let round = 0; round < rounds; round++) {
      await made.work()
      made.advance(6_000)
    }
    await made.work()
  }
  return { ...made, world, others, finkok, sw, settle }
}

export interface Shop extends TestTenant { issuer: string, pac: string }

/** A tenant with an issuer, its certificate, its series and its PAC. */
export async function shop ({ hub, tenant, finkok }: Country, { register = true }: { register?: boolean } = {}): Promise<Shop> {
  const made = await tenant()
  const { access } = made
  const issuer = await createIssuer(hub, access, { country: 'MX', tax_id: issuerRfc, legal_name: 'ESCUELA KEMPER URGATE', regime: '601', postal_code: '42501' }, null)
  await uploadCertificate(hub, access, { cer: csd.cer.toString('base64'), key: csd.key.toString('base64'), passphrase: csd.passphrase, issuer: issuer.id }, null)
  for (const [document, prefix] of [['invoice', 'A'], ['credit_note', 'NC'], ['payment_receipt', 'P']] as const) await createSeries(hub, access, { issuer: issuer.id, document, prefix }, null)
  const pac = await createConnection(hub, access, { provider: 'finkok', mode: 'test', credentials: finkok.credentials('test') }, null)
  if (register) await createConnection(hub, access, { provider: 'sat_status', mode: 'test', credentials: {} }, null)
  return { ...made, issuer: issuer.id, pac: pac.id }
}

export const order = (changes: Partial<NewInvoice> = {}): NewInvoice => ({
  country: 'MX',
  customer: { name: 'INNOVACION VALOR Y DESARROLLO', tax_id: 'IVD920810GU2', address: { postal_code: '63901' }, mx: { regime: '601', cfdi_use: 'G01' } },
  lines: [{ description: 'Curso de inglés & más', quantity: '2', unit_price: '1000.00', taxes: [{ type: 'IVA', rate: '0.16' }], mx: { product_key: '86121600', unit_key: 'E48' } }],
  payment: { method: 'PUE', form: '03' },
  currency: 'MXN',
  ...changes
})
