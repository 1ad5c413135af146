import { startFinkokSimulator } from '../adapters/finkok/simulator.ts'
import { createSatWorld } from '../core/demo/sat-world.ts'

const simulator = await startFinkokSimulator({ world: createSatWorld({ now: () => new Date(), processMs: 0 }) })
process.stdout.write(`READY ${JSON.stringify({ url: simulator.url, ...simulator.credentials('test') })}\n`)
process.on('SIGTERM', () => { process.exit(0) })
