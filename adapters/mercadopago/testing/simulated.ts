import type { CreatePaymentInput } from '../../../core/adapter/index.ts'
import { answering as answeringAll, type ConnectionOptions, id, isRead, key, type Opened, openRecorded, untilTheEnd } from '../../../test/support/connection.ts'
import { manifest } from '../config.ts'
import { type MercadoPagoSimulator, type MercadoPagoSimulatorOptions, startMercadoPagoSimulator } from '../simulator.ts'

/** What the adapter's own tests share: a simulator, a connection to it, and something to ask. */

export { closesAgents, id, key, type Opened, refused, soon } from '../../../test/support/connection.ts'

export const simulated = (t: Parameters<typeof untilTheEnd>[0], options: MercadoPagoSimulatorOptions = {}) => untilTheEnd(t, startMercadoPagoSimulator({ seed: 7, ...options }))

export function open (simulator: MercadoPagoSimulator, { country, ...options }: ConnectionOptions & { country?: string } = {}): Opened {
  return openRecorded({ manifest }, simulator, { ...options, account: country === undefined ? undefined : { id: '1', country } })
}

/** As if Mercado Pago answered this to everything that is written. */
export const answering = (context: Opened, status: number, body: object, headers: Record<string, string> = {}) => answeringAll(context, status, body, headers, isRead)

/** What the newest write sent. */
export function sent ({ exchanges }: Opened): any {
  return JSON.parse(String(exchanges.findLast(exchange => !isRead(exchange))?.requestBody))
}

export const ana = { name: 'Ana Pérez Gil', email: 'ana@shop.example' }
export const card = (holder: string, brand = 'visa') => ({ type: 'card', token: `sim-token-${brand}-${holder}` })

export function order (more: Partial<CreatePaymentInput> = {}): CreatePaymentInput {
  return { idempotencyKey: key(), reference: id('pay'), attempt: 1, amount: { amount: 10_050, currency: 'MXN' }, method: card('APRO'), capture: 'automatic', customer: ana, ...more }
}
