import t from 'tap'
import { conformance } from '../../core/adapter/conformance.ts'
import { closeHttpAgents } from '../../core/adapter/index.ts'
import { csdFiles, modelSamples } from '../../test/support/cfdi.ts'
import { createSatWorld } from '../../test/support/sat-world.ts'
import facturama from './adapter.ts'
import { startFacturamaSimulator } from './simulator.ts'

t.teardown(() => closeHttpAgents())

await conformance(t, {
  adapter: facturama,
  simulator: async () => await startFacturamaSimulator({ world: createSatWorld(), csd: csdFiles }),
  invoicing: modelSamples()
})
