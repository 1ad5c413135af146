/** A hub whose PAC and whose SAT are simulators that share one register and the hub's clock. */
import type { Test } from 'tap'
import { type FinkokSimulator, startFinkokSimulator } from '../../adapters/finkok/simulator.ts'
import { startSatStatusSimulator } from '../../adapters/sat_status/simulator.ts'
import type { SatWorld } from '../../core/adapter/sat-world.ts'
import { createSatWorld } from '../../core/demo/sat-world.ts'
import { testHub, type TestHub } from './hub.ts'

export { createSatWorld }

export interface Country extends TestHub {
  world: SatWorld
  finkok: FinkokSimulator
}

export async function country (t: Test): Promise<Country> {
  const clock: { now: () => Date } = { now: () => new Date() }
  const world = createSatWorld({ now: () => clock.now(), processMs: 3600_000 })
  const finkok = await startFinkokSimulator({ world })
  const sat = await startSatStatusSimulator({ world })
  t.teardown(async () => { await Promise.all([finkok.close(), sat.close()]) })
  const made = await testHub(t, { env: { PASARELA_PROVIDER_URL_FINKOK: finkok.url, PASARELA_PROVIDER_URL_SAT_STATUS: sat.url, PASARELA_PROVIDER_RATE_FINKOK: '10000', PASARELA_PROVIDER_RATE_SAT_STATUS: '10000' } })
  clock.now = made.hub.now
  return { ...made, world, finkok }
}
