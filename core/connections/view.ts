import type { LocalText, Mode, ProviderAccount } from '../adapter/context.ts'
import { isProviderProblem } from '../adapter/problems.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import { problemText } from '../adapter/problem-text.ts'
import type { ConnectionRow, StampReadingRow } from './queries.ts'
import type { Connection, Health, Setup, StampReading } from './schema.ts'

type Language = 'es' | 'en'
const at = (date: Date | null) => date?.toISOString() ?? null

export const hookTokenSubject = (connectionId: string): string => publicId('connection', connectionId)
export const hookTokenUse = 'hook_token'

/** Where the provider calls: at the tenant's own host name when it has one. The token in it is the secret of the address. */
export async function webhookUrl (hub: Pick<Hub, 'vault' | 'publicUrl'>, row: ConnectionRow): Promise<string> {
  const token = await hub.vault.openText(row.tenant_id, hookTokenSubject(row.id), hookTokenUse, row.hook_token_sealed)
  const base = row.host_name === null ? hub.publicUrl() : `https://${row.host_name}`
  return `${base}/hooks/${token}`
}

/** What a connection by OAuth says of itself before anything else is that it needs a person. */
export const healthOf = (row: Pick<ConnectionRow, 'enabled' | 'health' | 'reconnect_since'>): Health['health'] =>
  !row.enabled ? 'disabled' : row.reconnect_since !== null ? 'reconnect' : row.health as Health['health']

export const showReading = (row: StampReadingRow): StampReading => ({
  left: row.stamps_left,
  per_day: row.per_day === null ? null : Math.round(row.per_day * 10) / 10,
  days_left: row.days_left === null ? null : Math.floor(row.days_left),
  level: row.level as StampReading['level'],
  read_at: row.read_at.toISOString()
})

export async function showConnection (hub: Pick<Hub, 'vault' | 'publicUrl'>, row: ConnectionRow): Promise<Connection> {
  const url = await webhookUrl(hub, row)
  return {
    id: publicId('connection', row.id),
    object: 'connection',
    provider: row.provider,
    mode: row.mode as Mode,
    label: row.label,
    enabled: row.enabled,
    settings: row.settings as Connection['settings'],
    account: row.account as ProviderAccount | null,
    credentials: Object.fromEntries(row.credentials.map(({ name, fingerprint, hint, version, valid_from: from, valid_until: until }) =>
      [name, { fingerprint, hint, version, since: new Date(from).toISOString(), valid_until: until === null ? null : new Date(until).toISOString() }])),
    webhook_url: url,
    webhook: {
      registered: row.hook_reference !== null,
      // Its token is kept sealed only.
      url: row.hook_url?.replace(/:token$/, url.slice(url.lastIndexOf('/') + 1)) ?? null,
      registered_at: at(row.hook_registered_at),
      provider_reference: row.hook_reference,
      first_event_at: at(row.first_event_at),
      last_event_at: at(row.last_event_at)
    },
    auth: row.oauth_account === null ? 'keys' : 'oauth',
    reconnect: row.reconnect_since === null ? null : { since: row.reconnect_since.toISOString(), reason: row.reconnect_reason ?? 'unknown' },
    shadow_scheme: row.shadow_scheme,
    health: healthOf(row),
    tested_at: at(row.tested_at),
    stamps: row.stamps === null ? null : showReading({ ...row.stamps, read_at: new Date(row.stamps.read_at) }),
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString()
  }
}

export function showError (stored: unknown, language: Language): Health['last_error'] {
  if (stored === null) return null
  const { code, provider_code: providerCode, at } = stored as { code: string, provider_code: string | null, at: string }
  return { code, message: isProviderProblem(code) ? problemText[code][language] : code, provider_code: providerCode, at }
}

/** The wizard, as facts: each step says whether it is done and what is left, so that leaving and coming back loses nothing. */
export async function showSetup (hub: Pick<Hub, 'vault' | 'publicUrl' | 'adapters' | 'oauthApps'>, row: ConnectionRow, language: Language): Promise<Setup> {
  const adapter = hub.adapters.get(row.provider)
  const manifest = adapter?.manifest
  const text = (line: LocalText) => line[language]
  const say = (es: string, en: string) => language === 'es' ? es : en
  const hasHooks = manifest?.webhooks != null
  const byApi = adapter !== undefined && adapter.webhooks !== 'provider-has-none' && adapter.webhooks.register !== undefined
  const hasSecret = hasHooks && row.credentials.some(({ name }) => name === manifest.webhooks!.secret)
  // What was connected by consent is told to the operator's application.
  const ofApp = row.oauth_account !== null && adapter !== undefined
  const listening = ofApp ? hub.oauthApps.of(row.provider, row.mode as Mode)?.webhook_secret !== undefined : row.hook_reference !== null || hasSecret
  const tested = row.health === 'healthy' && row.tested_at !== null
  const steps: Setup['steps'] = [
    { id: 'credentials', status: 'done', title: say('Credenciales', 'Credentials'), detail: row.credentials.map(({ name, hint }) => `${name}: ${hint}`), at: row.created_at.toISOString() },
    {
      id: 'test',
      status: tested ? 'done' : row.health === 'failing' || (row.tested_at !== null && row.last_error !== null) ? 'failed' : 'todo',
      title: say('Prueba de la conexión', 'Connection test'),
      detail: tested ? ((row.test_evidence ?? []) as LocalText[]).map(text) : row.last_error === null ? [] : [showError(row.last_error, language)!.message],
      at: at(row.tested_at)
    }
  ]
  if (hasHooks) {
    steps.push({
      id: 'webhook',
      status: listening ? 'done' : byApi && !ofApp ? 'todo' : 'manual',
      title: say('Avisos del proveedor', 'Provider webhooks'),
      detail: listening ? [] : ofApp ? [say('El operador aún no configuró los avisos de su aplicación.', 'The operator has not configured the webhooks of its application yet.')] : [await webhookUrl(hub, row), ...manifest.webhooks!.manual_steps.map(text)],
      at: at(row.hook_registered_at)
    }, {
      id: 'event',
      status: row.first_event_at !== null ? 'done' : listening ? 'waiting' : 'todo',
      title: say('Primer aviso firmado', 'First signed event'),
      detail: row.first_event_at !== null || !listening ? [] : [say('Se espera el primer aviso verificado.', 'Waiting for the first verified event.')],
      at: at(row.first_event_at)
    })
  }
  return { done: steps.every(({ status }) => status === 'done'), steps }
}
