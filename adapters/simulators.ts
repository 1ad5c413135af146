import type { SatWorld, Simulator } from '../core/adapter/index.ts'
import { startFinkokSimulator } from './finkok/simulator.ts'
import { startSatStatusSimulator } from './sat_status/simulator.ts'
import { startStripeSimulator } from './stripe/simulator.ts'

export interface SimulatorOptions {
  port: number
  /** Where it keeps its books between two starts. */
  stateFile: string
  /** The tax authority that the PACs share. */
  world: SatWorld
}

/** The twin of each provider, by adapter id: for tests and the demo mode, never for serving. */
export const simulators: Record<string, (options: SimulatorOptions) => Promise<Simulator>> = {
  stripe: startStripeSimulator,
  finkok: startFinkokSimulator,
  sat_status: startSatStatusSimulator
}
