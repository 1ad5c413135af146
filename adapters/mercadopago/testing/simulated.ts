import { type AdapterLog, closeHttpAgents, type ConnectionContext, type CreatePaymentInput, createHttpClient, type HttpExchange, type IdempotencyKey, type Mode, ProviderError } from '../../../core/adapter/index.ts'
import { manifest } from '../config.ts'
import { type MercadoPagoSimulator, type MercadoPagoSimulatorOptions, startMercadoPagoSimulator } from '../simulator.ts'

/** What the adapter's own tests share: a simulator, a connection to it, and something to ask. */

type Teardown = { teardown: (end: () => unknown) => void }

const quiet: AdapterLog = { debug: () => {}, info: () => {}, warn: () => {} }

export async function simulated (t: Teardown, options: MercadoPagoSimulatorOptions = {}): Promise<MercadoPagoSimulator> {
  const simulator = await startMercadoPagoSimulator({ seed: 7, ...options })
  t.teardown(() => simulator.close())
  return simulator
}

export function closesAgents (t: Teardown): void {
  t.teardown(() => { closeHttpAgents() })
}

export interface Opened extends ConnectionContext { exchanges: HttpExchange[] }

interface Options { mode?: Mode, credentials?: Record<string, string>, settings?: object, country?: string, now?: () => Date }

export function open (simulator: MercadoPagoSimulator, { mode = 'test', credentials = simulator.credentials(mode), settings = {}, country, now = () => new Date() }: Options = {}): Opened {
  const exchanges: HttpExchange[] = []
  return {
    connectionId: 'con_1',
    mode,
    credentials,
    settings: { ...Object.fromEntries(Object.entries(manifest.settings.properties).map(([name, property]) => [name, property.default])), ...settings },
    account: country === undefined ? undefined : { id: '1', country },
    origin: () => simulator.url,
    http: createHttpClient({ allowedOrigins: [simulator.url], defaultTimeoutMs: 2000, onExchange: exchange => exchanges.push(exchange) }),
    now,
    log: quiet,
    exchanges
  }
}

/** As if Mercado Pago answered this to everything that is written. */
export function answering (context: Opened, status: number, body: object, headers: Record<string, string> = {}): Opened {
  return { ...context, http: async request => request.method === 'GET' ? await context.http(request) : { status, headers, body: Buffer.from(JSON.stringify(body)) } }
}

/** What the newest write sent. */
export function sent ({ exchanges }: Opened): any {
  const last = exchanges.findLast(({ method }) => method !== 'GET')
  return JSON.parse(String(last?.requestBody))
}

let serial = 0
export const key = () => `att_${String(++serial).padStart(32, '0')}` as IdempotencyKey
export const id = (prefix: string) => `${prefix}_${String(++serial).padStart(32, '0')}`

export const ana = { name: 'Ana Pérez Gil', email: 'ana@shop.example' }
export const card = (holder: string, brand = 'visa') => ({ type: 'card', token: `sim-token-${brand}-${holder}` })

export function order (more: Partial<CreatePaymentInput> = {}): CreatePaymentInput {
  return { idempotencyKey: key(), reference: id('pay'), attempt: 1, amount: { amount: 10_050, currency: 'MXN' }, method: card('APRO'), capture: 'automatic', customer: ana, ...more }
}

export async function refused (promise: Promise<unknown>): Promise<ProviderError> {
  const thrown: unknown = await promise.then(() => 'it was answered', error => error)
  if (thrown instanceof ProviderError) return thrown
  throw thrown instanceof Error ? thrown : new Error(String(thrown))
}

export const soon = () => ({ from: new Date(Date.now() - 5000), to: new Date(Date.now() + 5000) })
