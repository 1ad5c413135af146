import type { CreatePaymentInput } from '../../../core/adapter/index.ts'
import { type ConnectionOptions, id, isRead, key, type Opened, openRecorded, untilTheEnd } from '../../../test/support/connection.ts'
import { manifest } from '../config.ts'
import { startStripeSimulator, type StripeSimulator } from '../simulator.ts'

/** What the adapter's own tests share: a simulator, a connection to it, and something to ask. */

export { closesAgents, id, key, type Opened, refused, soon } from '../../../test/support/connection.ts'

export const simulated = (t: Parameters<typeof untilTheEnd>[0], options: Parameters<typeof startStripeSimulator>[0] = {}) => untilTheEnd(t, startStripeSimulator({ seed: 7, ...options }))

export function open (simulator: StripeSimulator, { credentials, ...options }: ConnectionOptions = {}): Opened {
  return openRecorded({ manifest }, simulator, { ...options, credentials: { ...simulator.credentials(options.mode ?? 'test'), ...credentials } })
}

/** What the newest write sent, as Stripe reads it. */
export function sent ({ exchanges }: Opened): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(String(exchanges.findLast(exchange => !isRead(exchange))?.requestBody)))
}

export function order (more: Partial<CreatePaymentInput> = {}): CreatePaymentInput {
  return { idempotencyKey: key(), reference: id('pay'), attempt: 1, amount: { amount: 109_900, currency: 'MXN' }, capture: 'automatic', ...more }
}

export const card = (token: string) => ({ type: 'card', token })
export const returnUrl = 'https://shop.example/return'
