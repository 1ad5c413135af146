import type { Simulator } from '../core/adapter/index.ts'
import { startStripeSimulator } from './stripe/simulator.ts'

/** The twin of each provider, by adapter id: for tests and the demo mode, never for serving. */
export const simulators: Record<string, (options?: Parameters<typeof startStripeSimulator>[0]) => Promise<Simulator>> = {
  stripe: startStripeSimulator
}
