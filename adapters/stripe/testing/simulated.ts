import { type AdapterLog, closeHttpAgents, type ConnectionContext, type CreatePaymentInput, createHttpClient, type HttpExchange, type IdempotencyKey, type Mode, ProviderError } from '../../../core/adapter/index.ts'
import { startStripeSimulator, type StripeSimulator } from '../simulator.ts'

/** What the adapter's own tests share: a simulator, a connection to it, and something to ask. */

type Teardown = { teardown: (end: () => unknown) => void }

const quiet: AdapterLog = { debug: () => {}, info: () => {}, warn: () => {} }

export async function simulated (t: Teardown, options: Parameters<typeof startStripeSimulator>[0] = {}): Promise<StripeSimulator> {
  const simulator = await startStripeSimulator({ seed: 7, ...options })
  t.teardown(() => simulator.close())
  return simulator
}

export function closesAgents (t: Teardown): void {
  t.teardown(() => { closeHttpAgents() })
}

export interface Opened extends ConnectionContext { exchanges: HttpExchange[] }

interface Options { mode?: Mode, credentials?: Record<string, string>, settings?: object, timeoutMs?: number, now?: () => Date }

export function open (simulator: StripeSimulator, { mode = 'test', credentials = {}, settings = {}, timeoutMs = 2000, now = () => new Date() }: Options = {}): Opened {
  const exchanges: HttpExchange[] = []
  return {
    connectionId: 'con_1',
    mode,
    credentials: { ...simulator.credentials(mode), ...credentials },
    settings: { cop_minimum: 200_000, webhook_tolerance_seconds: 300, connected_account: '', ...settings },
    account: undefined,
    origin: () => simulator.url,
    http: createHttpClient({ allowedOrigins: [simulator.url], defaultTimeoutMs: timeoutMs, onExchange: exchange => exchanges.push(exchange) }),
    now,
    log: quiet,
    exchanges
  }
}

/** What the newest write sent, as Stripe reads it. */
export function sent ({ exchanges }: Opened): Record<string, string> {
  const last = exchanges.findLast(({ method }) => method === 'POST')
  return Object.fromEntries(new URLSearchParams(String(last?.requestBody)))
}

let serial = 0
export const key = () => `key-${++serial}` as IdempotencyKey
export const id = (prefix: string) => `${prefix}_${String(++serial).padStart(32, '0')}`

export function order (more: Partial<CreatePaymentInput> = {}): CreatePaymentInput {
  return { idempotencyKey: key(), reference: id('pay'), attempt: 1, amount: { amount: 109_900, currency: 'MXN' }, capture: 'automatic', ...more }
}

export const card = (token: string) => ({ type: 'card', token })
export const returnUrl = 'https://shop.example/return'

export async function refused (promise: Promise<unknown>): Promise<ProviderError> {
  const thrown: unknown = await promise.then(() => 'it was answered', error => error)
  if (thrown instanceof ProviderError) return thrown
  throw thrown instanceof Error ? thrown : new Error(String(thrown))
}

export const soon = () => ({ from: new Date(Date.now() - 5000), to: new Date(Date.now() + 5000) })
