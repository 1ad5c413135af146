import type { ConnectionMemory, CreatePaymentInput } from '../../../core/adapter/index.ts'
import { answering as answeringAll, type ConnectionOptions, id, isRead, key, type Opened, openRecorded, untilTheEnd } from '../../../test/support/connection.ts'
import { manifest } from '../config.ts'
import { type PaypalSimulator, type PaypalSimulatorOptions, startPaypalSimulator } from '../simulator.ts'

/** What the adapter's own tests share: a simulator, a connection to it, and something to ask. */

export { closesAgents, id, key, type Opened, refused, soon } from '../../../test/support/connection.ts'

export const simulated = (t: Parameters<typeof untilTheEnd>[0], options: PaypalSimulatorOptions = {}) => untilTheEnd(t, startPaypalSimulator({ seed: 7, ...options }))

export function memory (): ConnectionMemory {
  const kept = new Map<string, string>()
  return { get: name => kept.get(name) || undefined, set: (name, value) => { kept.set(name, value) } }
}

export function open (simulator: PaypalSimulator, { settings, ...options }: ConnectionOptions = {}): Opened {
  return openRecorded({ manifest }, simulator, { ...options, settings: { report_lag_minutes: 0, ...settings } })
}

const asksToken = ({ url }: { url: string }) => url.endsWith('/v1/oauth2/token')

/** As if PayPal answered this to everything but the token. */
export const answering = (context: Opened, status: number, body: object, headers: Record<string, string> = {}) => answeringAll(context, status, body, headers, asksToken)

/** What the newest write sent, tokens aside. */
export function sent ({ exchanges }: Opened): any {
  return JSON.parse(String(exchanges.findLast(exchange => !isRead(exchange) && !asksToken(exchange))?.requestBody))
}

export const card = (name: string) => ({ type: 'card', token: `vault-${name}` })

export function order (more: Partial<CreatePaymentInput> = {}): CreatePaymentInput {
  return { idempotencyKey: key(), reference: id('pay'), attempt: 1, amount: { amount: 109_900, currency: 'MXN' }, method: card('visa'), capture: 'automatic', returnUrl: 'https://shop.example/back', ...more }
}
