import t from 'tap'
import { conformance } from '../../core/adapter/conformance.ts'
import { closeHttpAgents } from '../../core/adapter/index.ts'
import { cfdiSamples } from '../../test/support/cfdi.ts'
import { createSatWorld } from '../../test/support/sat-world.ts'
import sw from './adapter.ts'
import { startSwSimulator } from './simulator.ts'

t.teardown(() => closeHttpAgents())

const samples = await cfdiSamples()

await conformance(t, { adapter: sw, simulator: async () => await startSwSimulator({ world: createSatWorld() }), invoicing: samples })
