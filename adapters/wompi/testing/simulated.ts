import type { CreatePaymentInput } from '../../../core/adapter/index.ts'
import { answering as answeringAll, type ConnectionOptions, id, isRead, key, type Opened, openRecorded, untilTheEnd } from '../../../test/support/connection.ts'
import { manifest } from '../config.ts'
import { startWompiSimulator, type WompiSimulator, type WompiSimulatorOptions } from '../simulator.ts'

/** What the adapter's own tests share: a simulator, a connection to it, and something to ask. */

export { closesAgents, id, key, type Opened, refused, soon } from '../../../test/support/connection.ts'

export const simulated = (t: Parameters<typeof untilTheEnd>[0], options: WompiSimulatorOptions = {}) => untilTheEnd(t, startWompiSimulator({ seed: 7, ...options }))

export function open (simulator: WompiSimulator, { settings, ...options }: ConnectionOptions = {}): Opened {
  return openRecorded({ manifest }, simulator, { ...options, settings: { poll_ms: 0, ...settings } })
}

/** As if Wompi answered this to everything that is written. */
export const answering = (context: Opened, status: number, body: object, headers: Record<string, string> = {}) => answeringAll(context, status, body, headers, isRead)

/** What the newest write sent. */
export function sent ({ exchanges }: Opened): any {
  return JSON.parse(String(exchanges.findLast(exchange => !isRead(exchange))?.requestBody))
}

export const ana = { name: 'Ana Pérez', email: 'ana@shop.example', phone: '3991111111', tax_id: '1099888777' }
export const card = (name: string) => ({ type: 'card', token: `tok_test_sim_${name}` })

export function order (more: Partial<CreatePaymentInput> = {}): CreatePaymentInput {
  return { idempotencyKey: key(), reference: id('pay'), attempt: 1, amount: { amount: 4_990_000, currency: 'COP' }, method: card('approved'), capture: 'automatic', customer: ana, returnUrl: 'https://shop.example/back', ...more }
}
