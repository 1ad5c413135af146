import { type AdapterLog, closeHttpAgents, type ConnectionContext, type CreatePaymentInput, createHttpClient, type HttpExchange, type IdempotencyKey, type Mode, ProviderError } from '../../../core/adapter/index.ts'
import { manifest } from '../config.ts'
import { type PayuSimulator, type PayuSimulatorOptions, startPayuSimulator } from '../simulator.ts'

/** What the adapter's own tests share: a simulator, a connection to it, and something to ask. */

type Teardown = { teardown: (end: () => unknown) => void }

const quiet: AdapterLog = { debug: () => {}, info: () => {}, warn: () => {} }

export async function simulated (t: Teardown, options: PayuSimulatorOptions = {}): Promise<PayuSimulator> {
  const simulator = await startPayuSimulator({ seed: 7, ...options })
  t.teardown(() => simulator.close())
  return simulator
}

export function closesAgents (t: Teardown): void {
  t.teardown(() => { closeHttpAgents() })
}

export interface Opened extends ConnectionContext { exchanges: HttpExchange[] }

interface Options { mode?: Mode, credentials?: Record<string, string>, settings?: object }

export function open (simulator: PayuSimulator, { mode = 'test', credentials = simulator.credentials(mode), settings = {} }: Options = {}): Opened {
  const exchanges: HttpExchange[] = []
  return {
    connectionId: 'con_1',
    mode,
    credentials,
    settings: { ...Object.fromEntries(Object.entries(manifest.settings.properties).map(([name, property]) => [name, property.default])), ...settings },
    account: undefined,
    origin: () => simulator.url,
    http: createHttpClient({ allowedOrigins: [simulator.url], defaultTimeoutMs: 2000, onExchange: exchange => exchanges.push(exchange) }),
    now: () => new Date(),
    log: quiet,
    exchanges
  }
}

/** As if PayU answered this to everything. */
export function answering (context: Opened, body: object, status = 200): Opened {
  return { ...context, http: async () => ({ status, headers: {}, body: Buffer.from(JSON.stringify(body)) }) }
}

export const commandOf = ({ requestBody }: HttpExchange): any => JSON.parse(String(requestBody))

/** The newest transaction that was sent. */
export function sent ({ exchanges }: Opened): any {
  return exchanges.map(commandOf).findLast(({ command }) => command === 'SUBMIT_TRANSACTION')?.transaction
}

let serial = 0
export const key = () => `key-${++serial}` as IdempotencyKey
export const id = (prefix: string) => `${prefix}_${String(++serial).padStart(32, '0')}`

export const ana = { name: 'Ana Pérez', email: 'ana@shop.example', phone: '573001234567', tax_id: '123456789' }
export const card = (outcome = 'APPROVED') => ({ type: 'card', token: `sim-VISA-${outcome}`, details: { payment_method: 'VISA' } })

export function order (more: Partial<CreatePaymentInput> = {}): CreatePaymentInput {
  return { idempotencyKey: key(), reference: id('pay'), attempt: 1, amount: { amount: 109_900, currency: 'MXN' }, method: card(), capture: 'automatic', customer: ana, returnUrl: 'https://shop.example/back', ...more }
}

export async function refused (promise: Promise<unknown>): Promise<ProviderError> {
  const thrown: unknown = await promise.then(() => 'it was answered', error => error)
  if (thrown instanceof ProviderError) return thrown
  throw thrown instanceof Error ? thrown : new Error(String(thrown))
}

export const soon = () => ({ from: new Date(Date.now() - 5000), to: new Date(Date.now() + 5000) })
