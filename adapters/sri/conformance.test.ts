import t from 'tap'
import { conformance } from '../../core/adapter/conformance.ts'
import { closeHttpAgents } from '../../core/adapter/index.ts'
import { createSriWorld, sriSamples } from '../../test/support/ecuador.ts'
import sri from './adapter.ts'
import { startSriSimulator } from './simulator.ts'

t.teardown(() => closeHttpAgents())

const samples = await sriSamples()

await conformance(t, {
  adapter: sri,
  simulator: async () => await startSriSimulator({ world: createSriWorld() }),
  // SOAP: every call is a POST.
  reads: ({ requestBody }) => !String(requestBody).includes(':validarComprobante>'),
  invoicing: samples
})
