import t from 'tap'
import { conformance } from '../../core/adapter/conformance.ts'
import { closeHttpAgents } from '../../core/adapter/index.ts'
import { cfdiSamples } from '../../test/support/cfdi.ts'
import { createSatWorld } from '../../test/support/sat-world.ts'
import solucionFactible from './adapter.ts'
import { startSolucionFactibleSimulator } from './simulator.ts'

t.teardown(() => closeHttpAgents())

const samples = await cfdiSamples()

await conformance(t, {
  adapter: solucionFactible,
  simulator: async () => await startSolucionFactibleSimulator({ world: createSatWorld() }),
  // SOAP: every call is a POST.
  reads: ({ requestBody }) => /:getTimbres>/.test(String(requestBody)),
  invoicing: samples
})
