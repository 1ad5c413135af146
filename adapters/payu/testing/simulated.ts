import type { CreatePaymentInput, HttpExchange } from '../../../core/adapter/index.ts'
import { answering as answeringAll, type ConnectionOptions, id, key, type Opened, openRecorded, untilTheEnd } from '../../../test/support/connection.ts'
import { manifest } from '../config.ts'
import { type PayuSimulator, type PayuSimulatorOptions, startPayuSimulator } from '../simulator.ts'

/** What the adapter's own tests share: a simulator, a connection to it, and something to ask. */

export { closesAgents, id, key, type Opened, refused, soon } from '../../../test/support/connection.ts'

export const simulated = (t: Parameters<typeof untilTheEnd>[0], options: PayuSimulatorOptions = {}) => untilTheEnd(t, startPayuSimulator({ seed: 7, ...options }))
export const open = (simulator: PayuSimulator, options?: ConnectionOptions) => openRecorded({ manifest }, simulator, options)

/** As if PayU answered this to everything. */
export const answering = (context: Opened, body: object, status = 200) => answeringAll(context, status, body)

export const commandOf = ({ requestBody }: HttpExchange): any => JSON.parse(String(requestBody))

/** The newest transaction that was sent. */
export function sent ({ exchanges }: Opened): any {
  return exchanges.map(commandOf).findLast(({ command }) => command === 'SUBMIT_TRANSACTION')?.transaction
}

export const ana = { name: 'Ana Pérez', email: 'ana@shop.example', phone: '573001234567', tax_id: '123456789' }
export const card = (outcome = 'APPROVED') => ({ type: 'card', token: `sim-VISA-${outcome}`, details: { payment_method: 'VISA' } })

export function order (more: Partial<CreatePaymentInput> = {}): CreatePaymentInput {
  return { idempotencyKey: key(), reference: id('pay'), attempt: 1, amount: { amount: 109_900, currency: 'MXN' }, method: card(), capture: 'automatic', customer: ana, returnUrl: 'https://shop.example/back', ...more }
}
