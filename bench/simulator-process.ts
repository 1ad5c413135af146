import { startStripeSimulator } from '../adapters/stripe/simulator.ts'

const simulator = await startStripeSimulator()
process.stdout.write(`READY ${JSON.stringify({ url: simulator.url })}\n`)
process.on('SIGTERM', () => { process.exit(0) })
