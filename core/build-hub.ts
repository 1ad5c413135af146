import type { Logger } from 'pino'
import type pg from 'pg'
import { createRateLimiter } from './adapter/rate-limiter.ts'
import type { AdapterRegistry } from './adapter/registry.ts'
import { createTransferBook } from './bank-accounts/transfer-book.ts'
import type { Config } from './config.ts'
import { createHealthRecorder } from './connections/health.ts'
import { readOAuthApps } from './connections/oauth/apps.ts'
import { createConnectionOpener } from './connections/open.ts'
import { readOperatorFiles } from './connections/operator-files.ts'
import { createUsableConnections } from './connections/usable.ts'
import { createPool, kyselyOf } from './db/pool.ts'
import { inTenant } from './db/in-tenant.ts'
import { createDocumentStore } from './documents/create-store.ts'
import type { Hub } from './hub.ts'
import { createPublishedKeys } from './inbound/published-keys.ts'
import { validateInvoice } from './invoices/service.ts'
import { mailSettings } from './notifications/settings.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import { settingsOf } from './sales/settings.ts'
import { databaseKeyStore } from './vault/database-store.ts'
import { parseMasterKeys } from './vault/master-keys.ts'
import { createVault } from './vault/vault.ts'

export interface HubOptions {
  config: Config
  /** The application's role, which owns nothing. */
  appUrl: string
  /** `id:base64,…`: the first seals, all open. */
  masterKeys: string
  adapters: AdapterRegistry
  log: Logger
  now?: () => Date
  publicUrl: () => string
  wake: Hub['wake']
  applicationName?: string
  /** One per process; a bare one when left out. */
  metrics?: Metrics
}

export interface BuiltHub {
  hub: Hub
  pool: pg.Pool
  close: () => Promise<void>
}

/** Puts together what every service is lent. It reads no environment and opens no port. */
export function buildHub ({ config, appUrl, masterKeys, adapters, log, now = () => new Date(), publicUrl, wake, applicationName = 'pasarela', metrics = createMetrics({ processMetrics: false }) }: HubOptions): BuiltHub {
  mailSettings(config) // throws when half of it is said
  const pool = createPool({ url: appUrl, max: config.databasePoolSize, applicationName, statementTimeoutMs: 30_000, onError: error => log.warn({ err: error }, 'a database connection broke') })
  const db = kyselyOf(pool)
  const vault = createVault({ keyring: parseMasterKeys(masterKeys), store: databaseKeyStore(db), now })
  const limiter = createRateLimiter()
  const health = createHealthRecorder({
    db, log, breakerFailures: config.breakerFailures, changed: tenantId => { usable.forget(tenantId) }, ended: connectionId => { usable.probeEnded(connectionId) }
  })
  const operatorSecrets = readOperatorFiles(config.operatorFiles)
  const oauthApps = readOAuthApps(operatorSecrets, adapters)
  const open = createConnectionOpener({
    vault, adapters, providerUrls: config.providerUrls, providerRates: config.providerRates, operatorSecrets, oauthApps, limiter, log, now,
    transferBook: connection => createTransferBook({ db, vault, now }, connection),
    notOpened: connection => { health.note(connection, { outcome: 'nowhere', errorCode: 'invalid_credentials', providerCode: null, finishedAt: now() }) }
  })
  const usable = createUsableConnections({ db, now, breaker: { failures: config.breakerFailures, openMs: config.breakerOpenMs }, troubled: connectionId => { health.expect(connectionId) } })
  const preflight: Hub['preflight'] = { validate: async (access, body) => await validateInvoice(hub, access, body), usual: async (tenantId, mode) => await inTenant(db, tenantId, async tenant => await settingsOf(tenant, mode)) }
  const publishedKeys = createPublishedKeys({ providerUrls: config.providerUrls, now })
  const hub: Hub = { db, vault, adapters, config, open, usable, oauthApps, health, metrics, limiter, publishedKeys, log, now, documents: createDocumentStore(config), preflight, publicUrl, wake }
  return {
    hub,
    pool,
    close: async () => {
      await health.idle()
      limiter.close()
      await pool.end()
    }
  }
}
