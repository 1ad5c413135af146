import type { Kysely } from 'kysely'
import type { Logger } from 'pino'
import type { RateLimiter } from './adapter/rate-limiter.ts'
import type { AdapterRegistry } from './adapter/registry.ts'
import type { Config } from './config.ts'
import type { HealthRecorder } from './connections/health.ts'
import type { OAuthApps } from './connections/oauth/apps.ts'
import type { ConnectionOpener } from './connections/open.ts'
import type { UsableConnections } from './connections/usable.ts'
import type { Database } from './db/schema.ts'
import type { DocumentStore } from './documents/store.ts'
import type { Preflight } from './fiscal-data/preflight.ts'
import type { PublishedKeys } from './inbound/published-keys.ts'
import type { JobKind } from './jobs/kinds.ts'
import type { Metrics } from './metrics.ts'
import type { Vault } from './vault/vault.ts'

/** What every service is lent. It is built once per process by `core/build-hub.ts`; tests build their own. */
export interface Hub {
  readonly db: Kysely<Database>
  readonly vault: Vault
  readonly adapters: AdapterRegistry
  readonly config: Config
  /** Decrypts a connection for one use. */
  readonly open: ConnectionOpener
  /** A tenant's usable connections, remembered for seconds. */
  readonly usable: UsableConnections
  /** The operator's applications at providers. */
  readonly oauthApps: OAuthApps
  readonly health: HealthRecorder
  readonly metrics: Metrics
  readonly limiter: RateLimiter
  /** Keys that providers publish and their webhooks name, remembered. */
  readonly publishedKeys: PublishedKeys
  readonly log: Logger
  readonly now: () => Date
  /** Where the bytes of fiscal documents lie. */
  readonly documents: DocumentStore
  /** The rules of invoices, for payments, which invoices know and which cannot know them. */
  readonly preflight: Preflight
  /** Without a trailing slash; known once the server listens. */
  readonly publicUrl: () => string
  /**
   * Puts work on the queue after its row is committed. It never throws and is never awaited for correctness: the row's
   * `next_run_at` is the truth, and the sweeper finds what was dropped.
   */
  readonly wake: (kind: JobKind, jobs: { tenantId: string, id: string }[]) => void
}
