import t from 'tap'
import { conformance } from '../../core/adapter/conformance.ts'
import { closeHttpAgents } from '../../core/adapter/index.ts'
import { cfdiSamples } from '../../test/support/cfdi.ts'
import { createSatWorld } from '../../test/support/sat-world.ts'
import edicom from './adapter.ts'
import { startEdicomSimulator } from './simulator.ts'

t.teardown(() => closeHttpAgents())

const samples = await cfdiSamples()

await conformance(t, {
  adapter: edicom,
  // What the tenant found out by trying: the simulator makes up another code each time, so here it has one.
  simulator: async () => await startEdicomSimulator({ world: createSatWorld(), notStamped: 'E404' }),
  settings: { not_stamped_code: 'E404' },
  // SOAP: every call is a POST.
  reads: ({ requestBody }) => /:(getUUID(Test)?|getCfdiFromUUID|getCFDiStatus)>/.test(String(requestBody)),
  invoicing: { ...samples, packed: true }
})
