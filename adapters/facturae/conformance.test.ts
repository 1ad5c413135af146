import t from 'tap'
import { conformance } from '../../core/adapter/conformance.ts'
import { closeHttpAgents } from '../../core/adapter/index.ts'
import { facturaeSamples } from '../../test/support/facturae.ts'
import facturae from './adapter.ts'
import { startFaceSimulator } from './simulator.ts'

t.teardown(() => closeHttpAgents())

await conformance(t, { adapter: facturae, simulator: async () => await startFaceSimulator(), invoicing: await facturaeSamples() })
