import t from 'tap'
import { conformance } from '../../core/adapter/conformance.ts'
import { closeHttpAgents, type Simulator } from '../../core/adapter/index.ts'
import { csdFiles, invoiceModel, modelSamples } from '../../test/support/cfdi.ts'
import { createSatWorld } from '../../test/support/sat-world.ts'
import gigstack from './adapter.ts'
import { type GigstackSimulator, startGigstackSimulator } from './simulator.ts'

t.teardown(() => closeHttpAgents())

await conformance(t, {
  adapter: gigstack,
  async simulator () {
    const simulator = await startGigstackSimulator({ world: createSatWorld(), csd: csdFiles })
    // Whether it remembers keys is not known: it is right also when it does not.
    simulator.forgetful(true)
    return simulator
  },
  invoicing: {
    ...modelSamples(),
    selfInvoice: { model: n => invoiceModel({ number: String(n), customer: { name: 'PUBLICO EN GENERAL', taxId: 'XAXX010101000', email: 'cliente@example.com' } }), made: (reference, simulator: Simulator) => (simulator as GigstackSimulator).receiptsOf(reference) }
  }
})
