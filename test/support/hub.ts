import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import { pino } from 'pino'
import type { Access } from '../../core/access/principal.ts'
import { scopes } from '../../core/access/principal.ts'
import type { Mode } from '../../core/adapter/context.ts'
import { loadAdapters } from '../../core/adapters.ts'
import { buildHub } from '../../core/build-hub.ts'
import { loadConfig } from '../../core/config.ts'
import { createConnection } from '../../core/connections/service.ts'
import { inTenant } from '../../core/db/in-tenant.ts'
import type { Hub } from '../../core/hub.ts'
import { newUuid, publicId } from '../../core/ids.ts'
import { jobHandlers } from '../../core/job-handlers.ts'
import { startStripeSimulator, type StripeSimulator, type StripeSimulatorOptions } from '../../adapters/stripe/simulator.ts'
import { temporaryFolder } from './folder.ts'
import { type Teardown, testDatabase, type TestDatabase } from './database.ts'

export interface TestHub {
  hub: Hub
  simulator: StripeSimulator
  database: TestDatabase
  masterKeys: string
  /** Moves the clock of the hub and the simulator alike. */
  advance: (ms: number) => void
  /** Does it in one moment: meanwhile the clock stands still, but for `advance`. */
  still: <T>(work: () => Promise<T>) => Promise<T>
  /**
   * Does all work that is due by the hub's clock, until none is, webhooks first: a job that meets one gives way and comes back later.
   * Returns how much there was.
   */
  work: () => Promise<number>
  tenant: () => Promise<TestTenant>
  /** Every line that was logged. */
  logged: () => string
}

export interface TestTenant {
  tenantId: string
  access: Access
  connect: (mode?: Mode) => Promise<string>
}

/** A hub on a database of its own, with the Stripe simulator behind it. No HTTP, no queue: `work` does what the worker would. */
export async function testHub (t: Teardown, { env = {}, simulator: options = {} }: { env?: Record<string, string>, simulator?: StripeSimulatorOptions } = {}): Promise<TestHub> {
  const database = await testDatabase(t)
  let offset = 0
  let standing: number | undefined
  const now = () => new Date((standing ?? Date.now()) + offset)
  const simulator = await startStripeSimulator({ webhookRetryBaseMs: 20, asyncMs: 10, now, ...options })
  t.teardown(async () => { await simulator.close() })
  const config = loadConfig({ PASARELA_PROVIDER_URL_STRIPE: simulator.url, PASARELA_PROVIDER_RATE_STRIPE: '10000', PASARELA_PUBLIC_URL: 'http://127.0.0.1:1', PASARELA_DEMO: 'false', PASARELA_DATA_DIR: temporaryFolder(t), ...env })
  const lines: string[] = []
  const log = pino({ level: 'debug' }, { write: line => { lines.push(line) } })
  const masterKeys = `test:${randomBytes(32).toString('base64')}`
  const built = buildHub({
    config,
    appUrl: database.appUrl,
    masterKeys,
    adapters: await loadAdapters({ packages: [], experimental: config.experimental }),
    log,
    now,
    publicUrl: () => config.publicUrl!,
    wake: () => {}
  })
  const { hub } = built
  t.teardown(built.close)

  return {
    hub,
    simulator,
    database,
    masterKeys,
    advance: ms => { offset += ms },
    still: async work => {
      standing = Date.now()
      try {
        return await work()
      } finally {
        standing = undefined
      }
    },
    logged: () => lines.join(''),
    tenant: async () => await testTenant(hub),
    work: async () => {
      let done = 0
      for (let round = 0; round < 50; round++) {
        const { rows } = await sql<{ kind: string, tenant_id: string, id: string }>`select * from gate.due_work(${hub.now()}, 500)`.execute(hub.db)
        if (rows.length === 0) return done
        const webhooks = rows.filter(({ kind }) => kind === 'inbound')
        await Promise.all((webhooks.length > 0 ? webhooks : rows).map(async ({ kind, tenant_id: tenantId, id }) => {
          const handler = jobHandlers[kind as keyof typeof jobHandlers]
          if (handler === undefined) throw new Error(`no handler for ${kind}`)
          await handler.run(hub, tenantId, id)
          done++
        }))
      }
      throw new Error('work never ends')
    }
  }
}

export async function testTenant (hub: Hub, country = 'MX'): Promise<TestTenant> {
  const tenantId = newUuid(hub.now())
  await inTenant(hub.db, tenantId, async db => await db.insertInto('tenants').values({ id: tenantId, name: 'Test', country }).execute())
  const access: Access = {
    principal: { type: 'api_key', id: publicId('api_key', newUuid(hub.now())), homeTenantId: tenantId, keyKind: 'tenant', scopes: new Set(scopes) },
    tenantId, mode: 'test', requestId: 'req_test', address: '127.0.0.1', language: 'en'
  }
  return {
    tenantId,
    access,
    connect: async (mode = 'test') => {
      const suffix = randomBytes(12).toString('hex')
      const connection = await createConnection(hub, { ...access, mode }, { provider: 'stripe', mode, credentials: { secret_key: `sk_${mode}_${suffix}`, publishable_key: `pk_${mode}_${suffix}` } }, null)
      return connection.id
    }
  }
}
