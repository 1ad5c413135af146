/** The whole application, as core/start.ts puts it together, over real HTTP: on a database of its own, its provider's simulator beside it. */
import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import { bootstrap } from '../../core/access/first-run.ts'
import { grantableScopes, type Scope } from '../../core/access/principal.ts'
import type { Mode } from '../../core/adapter/context.ts'
import { loadAdapters } from '../../core/adapters.ts'
import { buildApp } from '../../core/app.ts'
import { buildHub } from '../../core/build-hub.ts'
import { loadConfig } from '../../core/config.ts'
import type { HubInstance } from '../../core/http.ts'
import type { Hub } from '../../core/hub.ts'
import { parseId } from '../../core/ids.ts'
import { createQueues, type Queues } from '../../core/jobs/queues.ts'
import { createLogger } from '../../core/log.ts'
import { runWorker } from '../../core/run-worker.ts'
import { startStripeSimulator, type StripeSimulator, type StripeSimulatorOptions } from '../../adapters/stripe/simulator.ts'
import { temporaryFolder } from './folder.ts'
import { type Teardown, testDatabase, type TestDatabase } from './database.ts'
import { eventually } from './eventually.ts'

export interface AppOptions {
  env?: Record<string, string>
  /** Given: another process of the same installation, on the same database and against the same provider. */
  beside?: Pick<TestApp, 'database' | 'simulator' | 'masterKeys' | 'platformKey'>
  masterKeys?: string
  simulator?: StripeSimulatorOptions
}

export interface TestApp {
  url: string
  app: HubInstance
  hub: Hub
  queues: Queues
  simulator: StripeSimulator
  database: TestDatabase
  masterKeys: string
  platformKey: string
  /** The platform's first administrator. */
  platformAdmin: { email: string, password: string }
  /** Every line that was logged, as it was written. */
  logged: () => string
  ask: (method: Method, path: string, asked?: Asked) => Promise<Answer>
  /** The body of the answer; throws when it is not 2xx. */
  must: (method: Method, path: string, asked?: Asked) => Promise<any>
  tenant: (options?: { name?: string, connect?: boolean }) => Promise<AppTenant>
  /** Resolves when every job is done and every webhook delivered: no row is due. */
  quiet: () => Promise<void>
  close: () => Promise<void>
}

export interface AppTenant {
  id: string
  uuid: string
  /** With every scope that a tenant's key may hold. */
  testKey: string
  /** Of its connection to the simulator, tested and with its webhook registered, when it was asked for. */
  connection: string
  client: Client
  /** A further key. */
  key: (options?: { mode?: Mode, scopes?: readonly Scope[] }) => Promise<string>
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface Asked {
  key?: string
  headers?: Record<string, string>
  /** An object is sent as JSON. */
  body?: object | string
  idempotencyKey?: string
}

export interface Answer {
  status: number
  headers: Headers
  text: string
  /** Parsed when it is JSON, else undefined. */
  body: any
}

export type Client = (method: Method, path: string, asked?: Omit<Asked, 'key'>) => Promise<Answer>

const quick = { SWEEP_INTERVAL_MS: '200', QUEUE_LOCK_MS: '2000', QUEUE_STALLED_MS: '1000', RATE_LIMIT_PER_MINUTE_KEY: '1000000', RATE_LIMIT_PER_MINUTE_ADDRESS: '1000000' }

export async function testApp (t: Teardown, { env = {}, beside, masterKeys = beside?.masterKeys ?? `test:${randomBytes(32).toString('base64')}`, simulator: simulatorOptions = {} }: AppOptions = {}): Promise<TestApp> {
  const database = beside?.database ?? await testDatabase(t)
  const simulator = beside?.simulator ?? await startStripeSimulator({ webhookRetryBaseMs: 20, asyncMs: 10, ...simulatorOptions })
  if (beside === undefined) t.teardown(async () => { await simulator.close() })
  const config = loadConfig({ PASARELA_PROVIDER_URL_STRIPE: simulator.url, PASARELA_PROVIDER_RATE_STRIPE: '10000', PASARELA_DEMO: 'false', LOG_LEVEL: 'debug', PASARELA_DATA_DIR: temporaryFolder(t), ...quick, ...env })
  const lines: string[] = []
  const log = createLogger({ level: config.logLevel, destination: { write: line => { lines.push(line) } } })
  let url = 'http://127.0.0.1:1'
  const late: { queues?: Queues } = {} // the hub wakes queues that are opened after it
  const built = buildHub({
    config,
    appUrl: database.appUrl,
    masterKeys,
    adapters: await loadAdapters({ packages: [], experimental: config.experimental }),
    log,
    publicUrl: () => config.publicUrl ?? url,
    wake: (kind, jobs) => { void late.queues?.enqueue(kind, jobs) },
    applicationName: 'pasarela test app'
  })
  const { hub } = built
  const queues = late.queues = await createQueues({ databaseQueueUrl: database.queueUrl, lockMs: config.queueLockMs, stalledMs: config.queueStalledMs, log })
  const worker = runWorker(hub, queues, { appUrl: database.appUrl })
  const app = await buildApp({ hub, appUrl: database.appUrl, queues })
  url = await app.listen({ port: 0, host: '127.0.0.1' })
  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => await (closing ??= (async () => {
    await app.close()
    await queues.close(5_000)
    await worker.stop()
    await built.close()
  })())
  t.teardown(close)

  const { made } = await bootstrap(hub)
  const platformKey = made?.key.key ?? beside!.platformKey

  const ask: TestApp['ask'] = async (method, path, asked) => await askAt(url, method, path, asked)
  const must: TestApp['must'] = async (method, path, asked) => {
    const answer = await ask(method, path, asked)
    if (answer.status >= 300) throw new Error(`${method} ${path} answered ${answer.status}: ${answer.text}`)
    return answer.body
  }
  let count = 0

  return {
    url,
    app,
    hub,
    queues,
    simulator,
    database,
    masterKeys,
    platformKey,
    platformAdmin: { email: made?.user.email ?? '', password: made?.user.password ?? '' },
    logged: () => lines.join(''),
    ask,
    must,
    close,
    quiet: async () => {
      await eventually('no work is due and no webhook on its way', async () => {
        await simulator.settled()
        const { rows: [due] } = await sql<{ waiting: string }>`select count(*) as waiting from gate.due_work(now() + interval '31 seconds', 1000) w
          where w.kind = 'inbound' or (w.kind, w.tenant_id, w.id) in (select kind, tenant_id, id from gate.due_work(now(), 1000))`.execute(hub.db)
        const counts = Object.values(await queues.counts())
        return Number(due?.waiting) === 0 && counts.every(({ waiting, active }) => waiting + active === 0)
      })
      await hub.health.idle()
    },
    tenant: async ({ name = `Tenant ${++count}`, connect = true } = {}) => {
      const { id } = await must('POST', '/v1/tenants', { key: platformKey, body: { name, country: 'MX' } })
      const key: AppTenant['key'] = async ({ mode = 'test', scopes = [...grantableScopes.tenant] } = {}) =>
        (await must('POST', '/v1/api_keys', { key: platformKey, headers: { 'pasarela-tenant': id }, body: { mode, scopes } })).key
      const testKey = await key()
      const client: Client = async (method, path, asked) => await ask(method, path, { ...asked, key: testKey })
      let connection = ''
      if (connect) {
        connection = (await must('POST', '/v1/connections', { key: testKey, body: { provider: 'stripe', mode: 'test', credentials: simulator.credentials('test') } })).id
        await must('POST', `/v1/connections/${connection}/test`, { key: testKey })
        await must('POST', `/v1/connections/${connection}/webhook`, { key: testKey })
      }
      return { id, uuid: parseId('tenant', id)!, testKey, connection, client, key }
    }
  }
}

/** One request, over the network. What cannot be reached rejects. */
export async function askAt (url: string, method: Method, path: string, { key, headers = {}, body, idempotencyKey }: Asked = {}): Promise<Answer> {
  const response = await fetch(url + path, {
    method,
    redirect: 'manual',
    headers: {
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
      ...(typeof body === 'object' && { 'content-type': 'application/json' }),
      ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
      ...headers
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) })
  })
  const text = response.headers.get('content-type')?.startsWith('text/event-stream') === true ? await beginningOf(response) : await response.text()
  const isJson = /json/.test(response.headers.get('content-type') ?? '')
  return { status: response.status, headers: response.headers, text, body: isJson && text !== '' ? JSON.parse(text) : undefined }
}

/** A stream of events does not end by itself: what it says first. */
async function beginningOf (response: Response): Promise<string> {
  const reader = response.body!.getReader()
  const { value } = await reader.read()
  await reader.cancel()
  return Buffer.from(value ?? []).toString('utf8')
}

export const card = (token: string): { type: 'card', token: string } => ({ type: 'card', token })

export const order = { amount: 19900, currency: 'MXN', method: card('pm_card_visa') }
