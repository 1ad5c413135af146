import { type AdapterLog, closeHttpAgents, type ConnectionContext, type ConnectionMemory, type CreatePaymentInput, createHttpClient, type HttpExchange, type IdempotencyKey, type Mode, ProviderError } from '../../../core/adapter/index.ts'
import { manifest } from '../config.ts'
import { type PaypalSimulator, type PaypalSimulatorOptions, startPaypalSimulator } from '../simulator.ts'

/** What the adapter's own tests share: a simulator, a connection to it, and something to ask. */

type Teardown = { teardown: (end: () => unknown) => void }

const quiet: AdapterLog = { debug: () => {}, info: () => {}, warn: () => {} }

export async function simulated (t: Teardown, options: PaypalSimulatorOptions = {}): Promise<PaypalSimulator> {
  const simulator = await startPaypalSimulator({ seed: 7, ...options })
  t.teardown(() => simulator.close())
  return simulator
}

export function closesAgents (t: Teardown): void {
  t.teardown(() => { closeHttpAgents() })
}

export interface Opened extends ConnectionContext { exchanges: HttpExchange[] }

interface Options { mode?: Mode, credentials?: Record<string, string>, settings?: object, now?: () => Date, memory?: ConnectionMemory }

export function memory (): ConnectionMemory {
  const kept = new Map<string, string>()
  return { get: name => kept.get(name) || undefined, set: (name, value) => { kept.set(name, value) } }
}

export function open (simulator: PaypalSimulator, { mode = 'test', credentials = simulator.credentials(mode), settings = {}, now = () => new Date(), memory }: Options = {}): Opened {
  const exchanges: HttpExchange[] = []
  return {
    connectionId: 'con_1',
    mode,
    credentials,
    settings: { ...Object.fromEntries(Object.entries(manifest.settings.properties).map(([name, property]) => [name, property.default])), report_lag_minutes: 0, ...settings },
    account: undefined,
    origin: () => simulator.url,
    http: createHttpClient({ allowedOrigins: [simulator.url], defaultTimeoutMs: 2000, onExchange: exchange => exchanges.push(exchange) }),
    ...(memory !== undefined && { memory }),
    now,
    log: quiet,
    exchanges
  }
}

/** As if PayPal answered this to everything but the token. */
export function answering (context: Opened, status: number, body: object, headers: Record<string, string> = {}): Opened {
  return { ...context, http: async request => request.url.endsWith('/v1/oauth2/token') ? await context.http(request) : { status, headers, body: Buffer.from(JSON.stringify(body)) } }
}

/** What the newest write sent, tokens aside. */
export function sent ({ exchanges }: Opened): any {
  const last = exchanges.findLast(({ method, url }) => method !== 'GET' && !url.endsWith('/v1/oauth2/token'))
  return JSON.parse(String(last?.requestBody))
}

let serial = 0
export const key = () => `key-${++serial}` as IdempotencyKey
export const id = (prefix: string) => `${prefix}_${String(++serial).padStart(32, '0')}`
export const card = (name: string) => ({ type: 'card', token: `vault-${name}` })

export function order (more: Partial<CreatePaymentInput> = {}): CreatePaymentInput {
  return { idempotencyKey: key(), reference: id('pay'), attempt: 1, amount: { amount: 109_900, currency: 'MXN' }, method: card('visa'), capture: 'automatic', returnUrl: 'https://shop.example/back', ...more }
}

export async function refused (promise: Promise<unknown>): Promise<ProviderError> {
  const thrown: unknown = await promise.then(() => 'it was answered', error => error)
  if (thrown instanceof ProviderError) return thrown
  throw thrown instanceof Error ? thrown : new Error(String(thrown))
}

export const soon = () => ({ from: new Date(Date.now() - 5000), to: new Date(Date.now() + 5000) })
