import t from 'tap'
import { conformance } from '../../core/adapter/conformance.ts'
import { closeHttpAgents } from '../../core/adapter/index.ts'
import { createSatWorld } from '../../test/support/sat-world.ts'
import { cfdiSamples } from '../../test/support/cfdi.ts'
import finkok from './adapter.ts'
import { startFinkokSimulator } from './simulator.ts'

t.teardown(() => closeHttpAgents())

const samples = await cfdiSamples()

await conformance(t, {
  adapter: finkok,
  simulator: async () => await startFinkokSimulator({ world: createSatWorld() }),
  // SOAP: every call is a POST.
  reads: ({ requestBody }) => /:(query_pending|stamped|get_sat_status)>/.test(String(requestBody)),
  invoicing: samples
})
