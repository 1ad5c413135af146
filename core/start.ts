import { mkdirSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import type { Logger } from 'pino'
import { sql } from 'kysely'
import type { Simulator } from './adapter/simulator.ts'
import { loadAdapters, startSimulators } from './adapters.ts'
import { buildApp, buildWorkerApp } from './app.ts'
import { buildConsole } from './build-console.ts'
import { type BuiltHub, buildHub } from './build-hub.ts'
import type { Config } from './config.ts'
import { startEmbedded } from './db/embedded.ts'
import { migrate } from './db/migrate.ts'
import { createMetrics } from './metrics.ts'
import { createQueues } from './jobs/queues.ts'
import { type Shutdown, shutdownOrder } from './jobs/shutdown.ts'
import { runWorker } from './run-worker.ts'
import { registerGauges } from './start-gauges.ts'
import { startTelemetry } from './telemetry/start.ts'
import { localMasterKeys } from './vault/local-keys.ts'

export interface Started {
  url: string | undefined
  built: BuiltHub
  /** In demo mode: the providers' twins, by adapter. */
  simulators: Readonly<Record<string, Simulator>>
}

/**
 * Starts what this process is for: the bundled database where none is given, migrations, the API, the worker, and in demo
 * mode the providers' simulators. Every part is closed, in order, by `shutdown`.
 */
export async function start ({ config, roles, log, shutdown }: { config: Config, roles: readonly ('api' | 'worker')[], log: Logger, shutdown: Shutdown }): Promise<Started> {
  mkdirSync(config.dataDir, { recursive: true })
  const telemetry = await startTelemetry({ config, role: roles.join('+') })
  // Last of all: what ends before it is still told.
  if (telemetry !== undefined) shutdown.add('telemetry', async boundMs => { await telemetry.shutdown(boundMs / 2) }, shutdownOrder.database)
  const [urls] = await Promise.all([database(config, log, shutdown), roles.includes('api') && config.console ? buildConsole({ log }) : undefined])
  const simulators = config.demo ? await demoSimulators(config) : {}
  for (const [id, simulator] of Object.entries(simulators)) shutdown.add(`simulator ${id}`, async () => await simulator.close(), shutdownOrder.pools)
  let url: string | undefined
  const withSimulators: Config = {
    ...config,
    providerUrls: { ...Object.fromEntries(Object.entries(simulators).map(([id, { url }]) => [id, url])), ...config.providerUrls },
    operatorFiles: { ...applicationsAt(simulators, config, () => url ?? ''), ...config.operatorFiles },
    // A simulator here has no limits worth obeying.
    providerRates: { ...Object.fromEntries(Object.keys(simulators).map(id => [id, 10_000])), ...config.providerRates }
  }
  if (config.masterKeys === undefined) log.info({ file: path.join(config.dataDir, 'master-keys') }, 'PASARELA_MASTER_KEYS is not set: using the key of the data folder')

  let wake: Parameters<typeof buildHub>[0]['wake'] = () => {}
  const built = buildHub({
    config: withSimulators,
    appUrl: urls.appUrl,
    masterKeys: config.masterKeys ?? localMasterKeys(config.dataDir),
    adapters: await loadAdapters({ packages: config.adapters ?? [], experimental: config.experimental }),
    log,
    publicUrl: () => config.publicUrl ?? url ?? `http://${config.host}:${config.port}`,
    wake: (kind, jobs) => { wake(kind, jobs) },
    applicationName: `pasarela ${roles.join('+')}`,
    metrics: createMetrics()
  })
  const { hub } = built
  shutdown.add('database pool', built.close, shutdownOrder.pools)

  const queues = await createQueues({ databaseQueueUrl: urls.queueUrl, queueUrl: config.queueUrl, lockMs: config.queueLockMs, stalledMs: config.queueStalledMs, log })
  wake = (kind, jobs) => { void queues.enqueue(kind, jobs) }
  shutdown.add('queues', async boundMs => await queues.close(boundMs), shutdownOrder.workers)

  if (roles.includes('worker')) {
    const worker = runWorker(hub, queues, { appUrl: urls.appUrl, ownerUrl: urls.ownerUrl })
    shutdown.add('worker', worker.stop, shutdownOrder.sweeper)
  }
  registerGauges({ hub, pool: built.pool, queues })
  const checks = { database: async () => { await sql`select 1`.execute(hub.db) }, queue: async () => await queues.ready() }
  if (!roles.includes('api') && config.workerPort !== undefined) {
    const app = await buildWorkerApp({ hub, checks })
    shutdown.add('worker port', async () => { await app.close() }, shutdownOrder.http)
    await app.listen({ port: config.workerPort, host: config.host })
    log.info({ port: (app.server.address() as AddressInfo).port }, 'the worker answers /metrics, /health and /ready')
  }
  if (roles.includes('api')) {
    const app = await buildApp({ hub, appUrl: urls.appUrl, queues, checks })
    shutdown.add('api', async boundMs => {
      // Requests under way are answered; a caller that keeps its connection busy is cut before the time is up.
      const cut = setTimeout(() => { app.server.closeAllConnections() }, boundMs / 2)
      await app.close()
      clearTimeout(cut)
    }, shutdownOrder.http)
    await app.listen({ port: config.port, host: config.host })
    const { port } = app.server.address() as AddressInfo
    url = config.publicUrl ?? `http://${config.host.includes(':') ? `[${config.host}]` : config.host === '0.0.0.0' ? '127.0.0.1' : config.host}:${port}`
  }
  return { url, built, simulators }
}

/** The demo's operator has an application at each simulator that knows consent, so that the button works there too: files as a true operator's. */
function applicationsAt (simulators: Readonly<Record<string, Simulator>>, { dataDir, operatorFiles }: Config, hub: () => string): Record<string, string> {
  return Object.fromEntries(Object.entries(simulators).flatMap(([id, { operator }]) => {
    if (operator === undefined || operatorFiles[id] !== undefined) return []
    const file = path.join(dataDir, 'simulators', `${id}-application.json`)
    const app = operator('test', { redirect: () => `${hub()}/v1/oauth/${id}/callback`, hook: () => `${hub()}/hooks/apps/${id}/test` })
    writeFileSync(file, `${JSON.stringify({ test: app }, null, 2)}\n`, { mode: 0o600 })
    return [[id, file]]
  }))
}

/** The roles' URLs: given, or made by migrating the database that is given, or of the bundled one. */
async function database (config: Config, log: Logger, shutdown: Shutdown): Promise<{ ownerUrl: string | undefined, appUrl: string, queueUrl: string }> {
  const { databaseUrl, databaseAppUrl: appUrl, databaseQueueUrl: queueUrl } = config
  if (databaseUrl === undefined && appUrl !== undefined && queueUrl !== undefined) return { ownerUrl: undefined, appUrl, queueUrl }
  let ownerUrl = databaseUrl
  if (ownerUrl === undefined) {
    if (appUrl !== undefined || queueUrl !== undefined) throw new Error('DATABASE_APP_URL and DATABASE_QUEUE_URL go together, or DATABASE_URL makes the one that is missing')
    const embedded = await startEmbedded({ dataDir: config.dataDir, log: line => { log.info(line) } })
    shutdown.add('bundled PostgreSQL', embedded.stop, shutdownOrder.database)
    ownerUrl = embedded.url
  }
  const migrated = await migrate({ ownerUrl, ...(appUrl !== undefined && { appUrl }), ...(queueUrl !== undefined && { queueUrl }), secretsFile: path.join(config.dataDir, 'database-roles.json'), log: line => { log.info(line) } })
  if (migrated.applied.length > 0) log.info({ applied: migrated.applied }, 'migrated')
  return { ...migrated, ownerUrl }
}

/** With their books, and the tax authority's, in the data folder: a second start finds them again. */
async function demoSimulators (config: Config): Promise<Awaited<ReturnType<typeof startSimulators>>> {
  const stateDir = path.join(config.dataDir, 'simulators')
  mkdirSync(stateDir, { recursive: true })
  const [{ createSatWorld }, { createSriWorld }] = await Promise.all([import('./demo/sat-world.ts'), import('./demo/sri-world.ts')])
  return await startSimulators({
    except: Object.keys(config.providerUrls),
    ports: config.simulatorPorts,
    stateDir,
    world: createSatWorld({ stateFile: path.join(stateDir, 'sat.json'), processMs: 2000 }),
    sri: createSriWorld({ stateFile: path.join(stateDir, 'sri.json'), processMs: 2000 })
  })
}
