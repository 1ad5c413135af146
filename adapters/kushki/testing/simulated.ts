import type { CreatePaymentInput } from '../../../core/adapter/index.ts'
import { answering as answeringAll, type ConnectionOptions, id, isRead, key, type Opened, openRecorded, untilTheEnd } from '../../../test/support/connection.ts'
import { manifest } from '../config.ts'
import { type KushkiSimulator, type KushkiSimulatorOptions, startKushkiSimulator } from '../simulator.ts'

/** What the adapter's own tests share: a simulator, a connection to it, and something to ask. */

export { closesAgents, id, key, type Opened, refused, soon } from '../../../test/support/connection.ts'

export const simulated = (t: Parameters<typeof untilTheEnd>[0], options: KushkiSimulatorOptions = {}) => untilTheEnd(t, startKushkiSimulator({ seed: 7, ...options }))

export const open = (simulator: KushkiSimulator, options: ConnectionOptions = {}): Opened => openRecorded({ manifest }, simulator, options)

/** As if Kushki answered this to everything that is written. */
export const answering = (context: Opened, status: number, body: object, headers: Record<string, string> = {}) => answeringAll(context, status, body, headers, isRead)

/** What the newest write sent. */
export function sent ({ exchanges }: Opened): any {
  return JSON.parse(String(exchanges.findLast(exchange => !isRead(exchange))?.requestBody))
}

export const ana = { name: 'Ana Pérez', email: 'ana@shop.example', phone: '+525522997233', tax_id: 'PEPA800101AB1' }
export const card = (name = 'approved') => ({ type: 'card', token: `sim_${name}` })

export function order (more: Partial<CreatePaymentInput> = {}): CreatePaymentInput {
  return { idempotencyKey: key(), reference: id('pay'), attempt: 1, amount: { amount: 19_990, currency: 'MXN' }, method: card(), capture: 'automatic', customer: ana, returnUrl: 'https://shop.example/back', ...more }
}
