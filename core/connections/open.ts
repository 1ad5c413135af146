import { sql } from 'kysely'
import type { AdapterLog, ConnectionContext, ConnectionMemory, Mode, ProviderAccount } from '../adapter/context.ts'
import type { Adapter } from '../adapter/define.ts'
import { createHttpClient, type HttpExchange } from '../adapter/http-client.ts'
import type { OperationName } from '../adapter/manifest.ts'
import type { RateLimiter } from '../adapter/rate-limiter.ts'
import type { AdapterRegistry } from '../adapter/registry.ts'
import type { TransferBook } from '../adapter/transfer-book.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import { HubError } from '../errors.ts'
import { publicId } from '../ids.ts'
import { createKeyCache } from '../vault/key-cache.ts'
import { VaultError } from '../vault/vault-error.ts'
import type { Vault } from '../vault/vault.ts'
import type { Seen } from './breaker.ts'
import type { OAuthApps } from './oauth/apps.ts'

/** A connection's row with its credentials still sealed: what one transaction reads before a provider is called. */
export interface SealedConnection {
  id: string
  tenantId: string
  provider: string
  mode: Mode
  enabled: boolean
  version: number
  settings: Record<string, unknown>
  account: ProviderAccount | null
  /** Whose account a person connected by OAuth; null where the connection has keys. */
  oauthAccount: string | null
  sealed: { name: string, version: number, sealed: string }[]
}

/** Decrypted for use. It lives in memory for minutes at most and goes to nobody but the adapter. */
export interface OpenConnection {
  id: string
  tenantId: string
  mode: Mode
  adapter: Adapter
  credentials: Readonly<Record<string, string>>
  /** What else no transcript of a call may keep. */
  secrets?: readonly string[]
  /** A context for one call; what goes over the wire is told to `onExchange`, secrets included. */
  context: (operation: OperationName, onExchange: (exchange: HttpExchange) => void) => ConnectionContext
}

const columns = sql<SealedConnection['sealed']>`coalesce((
  select jsonb_agg(jsonb_build_object('name', k.name, 'version', k.version, 'sealed', k.sealed) order by k.version)
  from credentials k
  where k.tenant_id = c.tenant_id and k.connection_id = c.id and k.valid_until is null), '[]'::jsonb)`

/** The connection with its newest credentials; undefined when it is not there, or not this tenant's. */
export async function loadSealed (db: TenantDb, id: string): Promise<SealedConnection | undefined> {
  const row = await selectSealed(db).where('c.id', '=', id).executeTakeFirst()
  return row && toSealed(row)
}

/** One to choose from, with what tells whether it is well. */
export interface KnownConnection extends SealedConnection, Seen {
  label: string
}

/** Every connection of a mode, oldest first, the disabled ones too. */
export async function loadConnections (db: TenantDb, mode: Mode): Promise<KnownConnection[]> {
  const rows = await selectSealed(db).select(['c.label', 'c.failures_in_row', 'c.last_error_at']).where('c.mode', '=', mode).orderBy('c.id').limit(500).execute()
  return rows.map(row => ({ ...toSealed(row), label: row.label, failuresInRow: row.failures_in_row, lastErrorAt: row.last_error_at }))
}

function selectSealed (db: TenantDb) {
  return db.selectFrom('connections as c')
    .select(['c.id', 'c.tenant_id', 'c.provider', 'c.mode', 'c.enabled', 'c.version', 'c.settings', 'c.account', 'c.oauth_account', columns.as('sealed')])
    .where('c.tenant_id', '=', db.tenantId).where('c.deleted_at', 'is', null)
}

function toSealed (row: Awaited<ReturnType<ReturnType<typeof selectSealed>['executeTakeFirstOrThrow']>>): SealedConnection {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    provider: row.provider,
    mode: row.mode as Mode,
    enabled: row.enabled,
    version: row.version,
    settings: row.settings as Record<string, unknown>,
    account: row.account as ProviderAccount | null,
    oauthAccount: row.oauth_account,
    sealed: row.sealed
  }
}

/** The subject that credentials of a connection are sealed to. */
export const credentialSubject = (connectionId: string): string => publicId('connection', connectionId)

const notOpen = { es: 'Las credenciales guardadas de esta conexión no se pueden abrir: sustitúyalas.', en: 'The stored credentials of this connection cannot be opened: replace them.' }
const noApp = { es: 'Esta conexión se hizo con la aplicación del operador, que ya no está configurada.', en: 'This connection was made with the operator’s application, which is no longer configured.' }
const maxWaitForTurnMs = 10_000

export interface OpenerDeps {
  vault: Pick<Vault, 'openText'>
  adapters: AdapterRegistry
  /** The operator's origin and requests per second for an adapter, by its id. */
  providerUrls: Readonly<Record<string, string>>
  providerRates: Readonly<Record<string, number>>
  /** The operator's own secret for an adapter, by its id. */
  operatorSecrets: Readonly<Record<string, string>>
  oauthApps: OAuthApps
  limiter: RateLimiter
  /** What is lent to adapters of the tenant's own bank. */
  transferBook: (connection: Pick<SealedConnection, 'id' | 'tenantId' | 'mode'>) => TransferBook
  log: { child: (fields: object) => AdapterLog }
  now: () => Date
  /** Told of a connection whose stored credentials do not open. */
  notOpened: (connection: Pick<SealedConnection, 'id' | 'tenantId'>) => void
}

/** Opens connections and remembers the decrypted credentials of each version for a few minutes. One per process. */
export function createConnectionOpener (deps: OpenerDeps) {
  const memories = createMemories(deps.now)
  const opened = createKeyCache<Readonly<Record<string, string>>>({ maxEntries: 1000, ttlMs: 5 * 60_000, now: deps.now })

  return async function open (connection: SealedConnection): Promise<OpenConnection> {
    const adapter = deps.adapters.get(connection.provider)
    if (adapter === undefined) throw new HubError('provider_unknown', { internal: { provider: connection.provider } })
    const credentials = await opened.get(`${connection.tenantId}:${connection.id}:${connection.version}`, async () => {
      const entries = await Promise.all(connection.sealed.map(async ({ name, version, sealed }) =>
        [name, await deps.vault.openText(connection.tenantId, credentialSubject(connection.id), name, sealed, version)] as const))
      return Object.freeze({ ...Object.fromEntries(entries), ...operatedBy(deps.oauthApps, adapter, connection) })
    }).catch((error: unknown) => {
      if (!(error instanceof VaultError)) throw error
      deps.notOpened(connection)
      throw new HubError('connection_not_usable', { detail: notOpen, cause: error })
    })
    const { manifest } = adapter
    const override = deps.providerUrls[manifest.id]
    const origins: Readonly<Record<string, string>> = manifest.base_urls[connection.mode]
    const origin = (name = 'api'): string => {
      const declared = origins[name]
      if (declared === undefined) throw new Error(`${manifest.id} declares no origin ${name}`)
      return override ?? declared
    }
    const perSecond = deps.providerRates[manifest.id] ?? manifest.rate_limits[connection.mode]
    const limiterKey = connection.id
    return {
      id: connection.id,
      tenantId: connection.tenantId,
      mode: connection.mode,
      adapter,
      credentials,
      context: (operation, onExchange) => ({
        connectionId: publicId('connection', connection.id),
        mode: connection.mode,
        credentials,
        ...(deps.operatorSecrets[manifest.id] !== undefined && { operator: deps.operatorSecrets[manifest.id] }),
        settings: withDefaults(adapter, connection.settings),
        account: connection.account ?? undefined,
        ...(connection.oauthAccount !== null && { grant: { account: connection.oauthAccount } }),
        origin,
        ...(manifest.own_bank === true && { book: deps.transferBook(connection) }),
        memory: memories(`${connection.tenantId}:${connection.id}:${connection.version}`),
        http: createHttpClient({
          allowedOrigins: override === undefined ? Object.values(origins) : [override],
          defaultTimeoutMs: manifest.timeouts_ms[operation] ?? manifest.timeouts_ms.default,
          limiter: { take: async () => await deps.limiter.take(limiterKey, perSecond, maxWaitForTurnMs) },
          onExchange: exchange => {
            const waitMs = exchange.error?.retryAfterMs ?? retryAfter(exchange)
            if (waitMs !== undefined) deps.limiter.pause(limiterKey, Math.min(waitMs, 60_000))
            onExchange(exchange)
          },
          userAgent: 'Pasarela/0.1',
          now: deps.now
        }),
        now: deps.now,
        log: deps.log.child({ provider: manifest.id, connection: publicId('connection', connection.id) })
      })
    }
  }
}

/** What a connection by OAuth takes from the operator's application. A connection with keys takes nothing. */
function operatedBy (apps: OAuthApps, { manifest, oauth }: Adapter, { oauthAccount, mode }: SealedConnection): Readonly<Record<string, string>> {
  if (oauthAccount === null || oauth?.operated === undefined) return {}
  const app = apps.of(manifest.id, mode)
  if (app === undefined) throw new HubError('connection_not_usable', { detail: noApp })
  return oauth.operated(app)
}

/** What adapters keep of a connection's version: bounded, and gone with its time. */
function createMemories (now: () => Date): (owner: string) => ConnectionMemory {
  const kept = new Map<string, { value: string, until: number }>()
  return owner => ({
    get (name) {
      const found = kept.get(`${owner} ${name}`)
      return found !== undefined && found.until > now().getTime() ? found.value : undefined
    },
    set (name, value, ttlMs) {
      if (kept.size >= 5000) kept.clear()
      if (value === '') kept.delete(`${owner} ${name}`)
      else kept.set(`${owner} ${name}`, { value, until: now().getTime() + ttlMs })
    }
  })
}
export type ConnectionOpener = ReturnType<typeof createConnectionOpener>

function retryAfter (exchange: HttpExchange): number | undefined {
  if (exchange.status !== 429 && exchange.status !== 503) return undefined
  const seconds = Number(exchange.responseHeaders?.['retry-after'])
  return Number.isFinite(seconds) ? seconds * 1000 : undefined
}

/** The connection's settings with the manifest's defaults behind them. */
export function withDefaults (adapter: Adapter, settings: Record<string, unknown>): Record<string, unknown> {
  const defaults = Object.entries(adapter.manifest.settings.properties).map(([name, property]) => [name, property.default])
  return { ...Object.fromEntries(defaults), ...settings }
}
