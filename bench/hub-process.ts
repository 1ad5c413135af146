import { randomBytes } from 'node:crypto'
import { loadAdapters } from '../core/adapters.ts'
import { bootstrap } from '../core/access/first-run.ts'
import { buildApp } from '../core/app.ts'
import { buildHub } from '../core/build-hub.ts'
import { loadConfig } from '../core/config.ts'
import { inTenant } from '../core/db/in-tenant.ts'
import { migrate } from '../core/db/migrate.ts'
import { createLogger } from '../core/log.ts'
import { createQueues } from '../core/jobs/queues.ts'
import { runWorker } from '../core/run-worker.ts'
import type { Collector } from '../core/inbound/collector.ts'

/**
 * A hub as it serves, in a process of its own. `BENCH_STORE=single` swaps the group commit for one tenant transaction per
 * webhook and nothing else: the baseline. `BENCH_WORKER=1` runs the worker too.
 */
const { BENCH_OWNER_URL: ownerUrl, BENCH_STORE: store, BENCH_WORKER: withWorker, ...env } = process.env
const own = ['BENCH_', 'npm_']
const config = loadConfig(Object.fromEntries(Object.entries(env).filter(([name]) => !own.some(prefix => name.startsWith(prefix)))))
const folder = process.env.PASARELA_DATA_DIR!
const { appUrl, queueUrl } = await migrate({ ownerUrl: ownerUrl!, secretsFile: `${folder}/roles.json` })
const log = createLogger({ level: config.logLevel })
const masterKeys = `bench:${randomBytes(32).toString('base64')}`
let port = 0
let wake: Parameters<typeof buildHub>[0]['wake'] = () => {}
const built = buildHub({
  config, appUrl, masterKeys, adapters: await loadAdapters({ packages: [], experimental: false }), log,
  publicUrl: () => `http://127.0.0.1:${port}`, wake: (kind, jobs) => { wake(kind, jobs) }
})
const { hub } = built
const single: Collector = {
  store: async row => await inTenant(hub.db, row.tenantId, async db => {
    const seen = await db.insertInto('inbound_seen').values({ tenant_id: row.tenantId, connection_id: row.connectionId, dedupe_key: row.dedupeKey, event_id: row.id })
      .onConflict(oc => oc.doNothing()).returning('event_id').executeTakeFirst()
    if (seen !== undefined) {
      await db.insertInto('inbound_events').values({
        tenant_id: row.tenantId, id: row.id, connection_id: row.connectionId, mode: row.mode, provider: row.provider, verdict: row.verdict, event_type: row.eventType, dedupe_key: row.dedupeKey,
        body_sealed: row.bodySealed, headers: row.headers, url: row.url, received_at: hub.now(), next_run_at: hub.now()
      }).execute()
    }
    return { fresh: seen !== undefined, eventId: row.id }
  }),
  idle: async () => {}
}
if (withWorker === '1') {
  const queues = await createQueues({ databaseQueueUrl: queueUrl, lockMs: config.queueLockMs, stalledMs: config.queueStalledMs, log })
  wake = (kind, jobs) => { void queues.enqueue(kind, jobs) }
  runWorker(hub, queues, { appUrl })
}
const app = await buildApp({ hub, appUrl, ...(store === 'single' && { collector: single }) })
await app.listen({ port: 0, host: '127.0.0.1' })
port = (app.server.address() as { port: number }).port
const { made } = await bootstrap(hub)
process.stdout.write(`READY ${JSON.stringify({ port: String(port), platform_key: made?.key.key ?? '', app_url: appUrl, master_keys: masterKeys })}\n`)
process.on('SIGTERM', () => { process.exit(0) })
