import { type AdapterLog, closeHttpAgents, type ConnectionContext, type CreatePaymentInput, createHttpClient, type HttpExchange, type IdempotencyKey, type Mode, ProviderError } from '../../../core/adapter/index.ts'
import { manifest } from '../config.ts'
import { startWompiSimulator, type WompiSimulator, type WompiSimulatorOptions } from '../simulator.ts'

/** What the adapter's own tests share: a simulator, a connection to it, and something to ask. */

type Teardown = { teardown: (end: () => unknown) => void }

const quiet: AdapterLog = { debug: () => {}, info: () => {}, warn: () => {} }

export async function simulated (t: Teardown, options: WompiSimulatorOptions = {}): Promise<WompiSimulator> {
  const simulator = await startWompiSimulator({ seed: 7, ...options })
  t.teardown(() => simulator.close())
  return simulator
}

export function closesAgents (t: Teardown): void {
  t.teardown(() => { closeHttpAgents() })
}

export interface Opened extends ConnectionContext { exchanges: HttpExchange[] }

interface Options { mode?: Mode, credentials?: Record<string, string>, settings?: object, now?: () => Date }

export function open (simulator: WompiSimulator, { mode = 'test', credentials = simulator.credentials(mode), settings = {}, now = () => new Date() }: Options = {}): Opened {
  const exchanges: HttpExchange[] = []
  return {
    connectionId: 'con_1',
    mode,
    credentials,
    settings: { ...Object.fromEntries(Object.entries(manifest.settings.properties).map(([name, property]) => [name, property.default])), poll_ms: 0, ...settings },
    account: undefined,
    origin: () => simulator.url,
    http: createHttpClient({ allowedOrigins: [simulator.url], defaultTimeoutMs: 2000, onExchange: exchange => exchanges.push(exchange) }),
    now,
    log: quiet,
    exchanges
  }
}

/** As if Wompi answered this to everything that is written. */
export function answering (context: Opened, status: number, body: object, headers: Record<string, string> = {}): Opened {
  return { ...context, http: async request => request.method === 'GET' ? await context.http(request) : { status, headers, body: Buffer.from(JSON.stringify(body)) } }
}

/** What the newest write sent. */
export function sent ({ exchanges }: Opened): any {
  return JSON.parse(String(exchanges.findLast(({ method }) => method !== 'GET')?.requestBody))
}

let serial = 0
export const key = () => `key-${++serial}` as IdempotencyKey
export const id = (prefix: string) => `${prefix}_${String(++serial).padStart(32, '0')}`

export const ana = { name: 'Ana Pérez', email: 'ana@shop.example', phone: '3991111111', tax_id: '1099888777' }
export const card = (name: string) => ({ type: 'card', token: `tok_test_sim_${name}` })

export function order (more: Partial<CreatePaymentInput> = {}): CreatePaymentInput {
  return { idempotencyKey: key(), reference: id('pay'), attempt: 1, amount: { amount: 4_990_000, currency: 'COP' }, method: card('approved'), capture: 'automatic', customer: ana, returnUrl: 'https://shop.example/back', ...more }
}

export async function refused (promise: Promise<unknown>): Promise<ProviderError> {
  const thrown: unknown = await promise.then(() => 'it was answered', error => error)
  if (thrown instanceof ProviderError) return thrown
  throw thrown instanceof Error ? thrown : new Error(String(thrown))
}

export const soon = () => ({ from: new Date(Date.now() - 5000), to: new Date(Date.now() + 5000) })
