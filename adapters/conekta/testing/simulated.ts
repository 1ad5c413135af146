import type { CreatePaymentInput } from '../../../core/adapter/index.ts'
import { type ConnectionOptions, id, isRead, key, type Opened, openRecorded, untilTheEnd } from '../../../test/support/connection.ts'
import { manifest } from '../config.ts'
import { type ConektaSimulator, type ConektaSimulatorOptions, startConektaSimulator } from '../simulator.ts'

/** What the adapter's own tests share: a simulator, a connection to it, and something to ask. */

export { answering, closesAgents, id, key, type Opened, refused, soon } from '../../../test/support/connection.ts'

export const simulated = (t: Parameters<typeof untilTheEnd>[0], options: ConektaSimulatorOptions = {}) => untilTheEnd(t, startConektaSimulator({ seed: 7, ...options }))
export const open = (simulator: ConektaSimulator, options?: ConnectionOptions) => openRecorded({ manifest }, simulator, options)

/** What the newest write sent. */
export function sent ({ exchanges }: Opened): any {
  return JSON.parse(String(exchanges.findLast(exchange => !isRead(exchange))?.requestBody))
}

export const ana = { name: 'Ana Pérez', email: 'ana@shop.example', phone: '5522997233' }
export const card = (token: string) => ({ type: 'card', token })

export function order (more: Partial<CreatePaymentInput> = {}): CreatePaymentInput {
  return { idempotencyKey: key(), reference: id('pay'), attempt: 1, amount: { amount: 109_900, currency: 'MXN' }, method: card('tok_test_visa_4242'), capture: 'automatic', customer: ana, ...more }
}
