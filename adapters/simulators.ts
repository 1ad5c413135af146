import type { SatWorld, Simulator, SriWorld } from '../core/adapter/index.ts'
import { startConektaSimulator } from './conekta/simulator.ts'
import { startEdicomSimulator } from './edicom/simulator.ts'
import { startFaceSimulator } from './facturae/simulator.ts'
import { startFacturamaSimulator } from './facturama/simulator.ts'
import { startFinkokSimulator } from './finkok/simulator.ts'
import { startGigstackSimulator } from './gigstack/simulator.ts'
import { startKushkiSimulator } from './kushki/simulator.ts'
import { startMercadoPagoSimulator } from './mercadopago/simulator.ts'
import { startPaypalSimulator } from './paypal/simulator.ts'
import { startPayuSimulator } from './payu/simulator.ts'
import { startSatStatusSimulator } from './sat_status/simulator.ts'
import { startSolucionFactibleSimulator } from './solucion_factible/simulator.ts'
import { startSriSimulator } from './sri/simulator.ts'
import { startStripeSimulator } from './stripe/simulator.ts'
import { startSwSimulator } from './sw/simulator.ts'
import { startVerifactuSimulator } from './verifactu/simulator.ts'
import { startWompiSimulator } from './wompi/simulator.ts'

export interface SimulatorOptions {
  port: number
  /** Where it keeps its books between two starts. */
  stateFile: string
  /** The tax authority that the PACs share. */
  world: SatWorld
  /** That of Ecuador. */
  sri: SriWorld
}

/** The twin of each provider, by adapter id: for tests and the demo mode, never for serving. */
export const simulators: Record<string, (options: SimulatorOptions) => Promise<Simulator>> = {
  stripe: startStripeSimulator,
  conekta: async ({ port, stateFile }) => await startConektaSimulator({ port, stateFile, localHooks: true }),
  mercadopago: async ({ port, stateFile }) => await startMercadoPagoSimulator({ port, stateFile }),
  paypal: async ({ port, stateFile }) => await startPaypalSimulator({ port, stateFile, localHooks: true }),
  payu: async ({ port, stateFile }) => await startPayuSimulator({ port, stateFile }),
  kushki: startKushkiSimulator,
  wompi: startWompiSimulator,
  facturama: startFacturamaSimulator,
  finkok: startFinkokSimulator,
  gigstack: startGigstackSimulator,
  sw: startSwSimulator,
  solucion_factible: startSolucionFactibleSimulator,
  edicom: startEdicomSimulator,
  sat_status: startSatStatusSimulator,
  facturae: startFaceSimulator,
  verifactu: async ({ port }) => await startVerifactuSimulator({ port }),
  sri: async ({ sri, port }) => await startSriSimulator({ world: sri, port })
}
