import { createHash } from 'node:crypto'
import type { AdapterLog, ConnectionContext, Mode } from '../context.ts'
import { createHttpClient, type HttpExchange } from '../http-client.ts'
import type { IdempotencyKey } from '../payments.ts'
import type { Simulator } from '../simulator.ts'
import type { Harness } from './harness.ts'

/** The whole conversation of the suite: the last promise is that nothing of it leaks. */
export interface Transcript {
  exchanges: { exchange: HttpExchange, credentials: Record<string, string> }[]
  /** Written by the adapter, as they were. */
  logLines: { line: string, credentials: Record<string, string> }[]
  /** What providers handed out in answers and nobody may keep: client secrets, webhook secrets. */
  secrets: Set<string>
}

export interface Opened extends ConnectionContext {
  /** Of this context alone. */
  readonly exchanges: HttpExchange[]
}

export interface Session {
  simulator: Simulator
  /** The mode in which the suite acts: test, unless the provider has only live. */
  mode: Mode
  now: () => Date
  open: (options?: { mode?: Mode, credentials?: Record<string, string> }) => Opened
  /** Ids as the hub makes them: a prefix and 32 hexadecimal digits. */
  id: (prefix: string) => string
  key: () => IdempotencyKey
}

let sessions = 0

export async function openSession (harness: Harness, transcript: Transcript): Promise<Session> {
  const { manifest } = harness.adapter
  const simulator = await harness.simulator()
  const now = harness.now ?? (() => new Date())
  const mode: Mode = manifest.modes.includes('test') ? 'test' : 'live'
  const session = ++sessions
  let serial = 0
  const id = (prefix: string) => `${prefix}_${createHash('sha256').update(`${process.pid} ${session} ${++serial}`).digest('hex').slice(0, 32)}`
  return {
    simulator,
    mode,
    now,
    id,
    key: () => id('key') as IdempotencyKey,
    open ({ mode: asked = mode, credentials: given = simulator.credentials(asked) } = {}) {
      const credentials = Object.freeze({ ...given })
      const exchanges: HttpExchange[] = []
      const log = (fields: object, message: string) => { transcript.logLines.push({ line: `${message} ${JSON.stringify(fields)}`, credentials }) }
      return Object.freeze({
        connectionId: id('con'),
        mode: asked,
        credentials,
        settings: Object.freeze({ ...defaultsOf(harness), ...harness.settings }),
        account: undefined,
        origin: () => simulator.url,
        http: createHttpClient({
          allowedOrigins: [simulator.url],
          defaultTimeoutMs: harness.timeoutMs ?? 10_000,
          userAgent: 'pasarela-conformance',
          now,
          onExchange (exchange) {
            exchanges.push(exchange)
            transcript.exchanges.push({ exchange, credentials })
          }
        }),
        now,
        log: { debug: log, info: log, warn: log } satisfies AdapterLog,
        exchanges
      })
    }
  }
}

function defaultsOf ({ adapter }: Harness): Record<string, unknown> {
  return Object.fromEntries(Object.entries(adapter.manifest.settings.properties).map(([name, property]) => [name, property.default]))
}
