/** An open connection for tests of adapters, as the hub would hand it over. */
import type { Test } from 'tap'
import { type Adapter, closeHttpAgents, type ConnectionContext, createHttpClient, type HttpExchange, type HttpRequest, type IdempotencyKey, ProviderError, type ProviderProblem, providerProblems } from '../../core/adapter/index.ts'
import { issuerRfc, sealedCancellation } from './cfdi.ts'

export interface ConnectionOptions extends Partial<Pick<ConnectionContext, 'credentials' | 'settings' | 'mode' | 'now' | 'account' | 'memory'>> {
  onExchange?: (exchange: HttpExchange) => void
  timeoutMs?: number
}

/** With the manifest's defaults for every setting that is not given. */
export function openConnection ({ manifest }: Pick<Adapter, 'manifest'>, simulator: { url: string, credentials: (mode: 'test' | 'live') => Record<string, string> }, { settings, mode = 'test', credentials = simulator.credentials(mode), now = () => new Date(), account, memory, onExchange, timeoutMs = 5000 }: ConnectionOptions = {}): ConnectionContext {
  return {
    connectionId: 'con_x',
    mode,
    credentials,
    settings: { ...Object.fromEntries(Object.entries(manifest.settings.properties).map(([name, property]) => [name, property.default])), ...settings },
    account,
    origin: () => simulator.url,
    http: createHttpClient({ allowedOrigins: [simulator.url], defaultTimeoutMs: timeoutMs, ...(onExchange !== undefined && { onExchange }) }),
    ...(memory !== undefined && { memory }),
    now,
    log: { debug () {}, info () {}, warn () {} }
  }
}

/** What a test may end when it ends. */
type Teardown = { teardown: (end: () => unknown) => void }

export interface Opened extends ConnectionContext { exchanges: HttpExchange[] }

/** An open connection that keeps what it sent and what came back. */
export function openRecorded (adapter: Pick<Adapter, 'manifest'>, simulator: Parameters<typeof openConnection>[1], options: Omit<ConnectionOptions, 'onExchange'> = {}): Opened {
  const exchanges: HttpExchange[] = []
  return { ...openConnection(adapter, simulator, { timeoutMs: 2000, ...options, onExchange: exchange => exchanges.push(exchange) }), exchanges }
}

/** As if the provider answered this to everything but what `passes`. */
export function answering (context: Opened, status: number, body: object, headers: Record<string, string> = {}, passes = (_request: HttpRequest) => false): Opened {
  return { ...context, http: async request => passes(request) ? await context.http(request) : { status, headers, body: Buffer.from(JSON.stringify(body)) } }
}

export const isRead = ({ method }: { method: string }): boolean => method === 'GET'

/** The simulator of `starting`, closed when the test ends. */
export async function untilTheEnd<T extends { close: () => Promise<void> }> (t: Teardown, starting: Promise<T>): Promise<T> {
  const simulator = await starting
  t.teardown(() => simulator.close())
  return simulator
}

export function closesAgents (t: Teardown): void {
  t.teardown(() => { closeHttpAgents() })
}

let serial = 0
export const key = () => `att_${String(++serial).padStart(32, '0')}` as IdempotencyKey
export const id = (prefix: string) => `${prefix}_${String(++serial).padStart(32, '0')}`
export const soon = () => ({ from: new Date(Date.now() - 5000), to: new Date(Date.now() + 5000) })

/** What the provider refused it with. */
export async function refused (promise: Promise<unknown>): Promise<ProviderError> {
  const thrown: unknown = await promise.then(() => 'it was answered', error => error)
  if (thrown instanceof ProviderError) return thrown
  throw thrown instanceof Error ? thrown : new Error(String(thrown))
}

interface Problems<S extends { clearFaults: () => void }> {
  /** How the simulator is brought to each, and what the adapter makes of it. */
  problems: Readonly<Record<ProviderProblem, (context: Opened, simulator: S) => Promise<{ code: string } | undefined>>>
  /** Those that do not happen at this provider. */
  never: readonly ProviderProblem[]
  simulated: (t: Test) => Promise<S>
  open: (simulator: S) => Opened
  also?: (code: string, told: { code: string } | undefined) => void
}

/** Every row of the unified taxonomy is there, and each is what the adapter says of it. */
export async function everyProblem<S extends { clearFaults: () => void }> (t: Test, { problems, never, simulated, open, also = () => {} }: Problems<S>): Promise<void> {
  t.same(Object.keys(problems).sort(), Object.keys(providerProblems).sort())
  const simulator = await simulated(t)
  for (const [code, produce] of Object.entries(problems)) {
    simulator.clearFaults()
    const told = await produce(open(simulator), simulator)
    if ((never as readonly string[]).includes(code)) t.equal(told, undefined, `${code} does not happen here`)
    else t.equal(told?.code, code, code)
    also(code, told)
  }
}

/** A sealed document as the hub would send it, and how it would look for it. */
export function issueInput (sealed: Uint8Array, number: string) {
  const shared = { reference: `inv_${number}`, naturalKey: { issuerTaxId: issuerRfc, series: 'A', number }, sealed }
  return { input: { ...shared, idempotencyKey: `key_${number}` as IdempotencyKey }, lookup: { ...shared, from: new Date(), to: new Date() } }
}

/** What the hub would ask to cancel a document of `sealedInvoice`. */
export async function cancelInput (fiscalId: string, motive = '02') {
  return { idempotencyKey: `cancel_${fiscalId}` as IdempotencyKey, reference: 'inv_1', providerReference: fiscalId, fiscalId, issuerTaxId: issuerRfc, customerTaxId: 'IVD920810GU2', total: '116.00', motive, sealed: await sealedCancellation(fiscalId, motive) }
}
