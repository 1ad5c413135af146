import { createHash, randomBytes } from 'node:crypto'
import type { Access } from '../access/principal.ts'
import type { LocalText, Mode } from '../adapter/context.ts'
import type { Adapter } from '../adapter/define.ts'
import { resolveAlert } from '../alerts/raise.ts'
import { recordChange } from '../audit/record.ts'
import { idWindow, pageOf } from '../db/id-window.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { clearTimer, setTimer, startTimer } from '../db/timers.ts'
import { HubError, invalidField } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { type Idempotency, recordSubject } from '../idempotency/service.ts'
import { newUuid, publicId, uuidOf } from '../ids.ts'
import type { JobKind } from '../jobs/kinds.ts'
import { recordedCall } from '../operations/call.ts'
import { assertPublicUrl } from '../urls.ts'
import { maskSecret } from '../vault/mask-secret.ts'
import { checkCredentials, checkSettings } from './check-credentials.ts'
import { countGranted } from './oauth/queries.ts'
import { oauthTimer } from './oauth/soon.ts'
import { figuresOf } from './health-figures.ts'
import { credentialSubject, loadSealed, type OpenConnection } from './open.ts'
import * as queries from './queries.ts'
import type { ConnectionRow } from './queries.ts'
import type { Connection, Health, ListConnections, NewConnection, PatchConnection, ReplaceCredentials, Setup, TestResult } from './schema.ts'
import { stampsTimer } from './stamps.ts'
import { tellConnection } from './tell.ts'
import { healthOf, hookTokenSubject, hookTokenUse, showConnection, showError, showSetup, webhookUrl } from './view.ts'

/** Keeps a tenant's account at a provider. Nothing is asked of the provider yet: `test` does that. */
export async function createConnection (hub: Hub, access: Access, body: NewConnection, idempotency: Idempotency | null): Promise<Connection> {
  if (idempotency?.subject !== undefined) return await getConnection(hub, access, idempotency.subject)
  const mode = assertMode(access, body.mode)
  const adapter = requireAdapter(hub, body.provider)
  if (!adapter.manifest.modes.includes(mode)) throw invalidField('mode', `${adapter.manifest.name} has no ${mode} mode`)
  checkCredentials(adapter, mode, body.credentials)
  checkSettings(adapter, body.settings ?? {})
  const now = hub.now()
  const id = newUuid(now)
  const token = randomBytes(32).toString('base64url')
  const [hookTokenSealed, credentials] = await Promise.all([
    hub.vault.seal(access.tenantId, hookTokenSubject(id), hookTokenUse, token),
    sealCredentials(hub, access.tenantId, id, body.credentials, 1)
  ])
  const row = await inTenant(hub.db, access.tenantId, async db => {
    await queries.insertConnection(db, { id, provider: body.provider, mode, label: body.label ?? adapter.manifest.name, settings: body.settings ?? {}, hookTokenHash: hookTokenHash(token), hookTokenSealed, now })
    for (const credential of credentials) await queries.replaceCredential(db, id, credential, now, now)
    await recordChange(db, access, now, { action: 'connection.created', subjectType: 'connection', subjectId: publicId('connection', id), detail: { provider: body.provider, mode, credentials: credentials.map(({ name, fingerprint }) => ({ name, fingerprint })) } })
    await tellConnection(db, now, { id, mode, provider: body.provider }, 'connection.created')
    if (idempotency !== null) await recordSubject(db, idempotency, publicId('connection', id))
    return (await queries.findConnection(db, id))!
  })
  return await showConnection(hub, row)
}

export async function getConnection (hub: Hub, access: Access, publicConnectionId: string): Promise<Connection> {
  return await showConnection(hub, await inTenant(hub.db, access.tenantId, async db => await findOrThrow(db, access, uuidOf('connection', publicConnectionId))))
}

export async function listConnections (hub: Hub, access: Access, query: ListConnections): Promise<{ data: Connection[], next_cursor: string | null }> {
  const window = idWindow('connection', query)
  const rows = await inTenant(hub.db, access.tenantId, async db => await queries.listConnections(db, {
    ...window, mode: access.mode, ...(query.provider !== undefined && { provider: query.provider }), ...(query.health !== undefined && { health: query.health })
  }))
  const page = pageOf('connection', window, rows, async row => await showConnection(hub, row))
  return { ...page, data: await Promise.all(page.data) }
}

export async function patchConnection (hub: Hub, access: Access, publicConnectionId: string, body: PatchConnection): Promise<Connection> {
  const id = uuidOf('connection', publicConnectionId)
  const now = hub.now()
  const row = await inTenant(hub.db, access.tenantId, async db => {
    const before = await findOrThrow(db, access, id)
    if (body.settings !== undefined) checkSettings(requireAdapter(hub, before.provider), body.settings)
    if (typeof body.shadow_scheme === 'string') assertShadow(requireAdapter(hub, before.provider), body.shadow_scheme)
    const health = body.enabled === undefined || body.enabled === before.enabled ? undefined : body.enabled ? 'untested' : 'disabled'
    await queries.updateConnection(db, id, {
      ...(body.label !== undefined && { label: body.label }),
      ...(body.enabled !== undefined && { enabled: body.enabled }),
      ...(body.settings !== undefined && { settings: JSON.stringify({ ...before.settings as object, ...body.settings }) }),
      ...(body.shadow_scheme !== undefined && { shadow_scheme: body.shadow_scheme }),
      ...(health !== undefined && { health })
    }, now, { opensAnew: body.settings !== undefined })
    await recordChange(db, access, now, { action: 'connection.changed', subjectType: 'connection', subjectId: publicConnectionId, detail: body })
    const changed = Object.keys(body).filter(name => name !== 'enabled')
    if (health !== undefined) await tellConnection(db, now, before, body.enabled === true ? 'connection.enabled' : 'connection.disabled', { health })
    if (changed.length > 0) await tellConnection(db, now, before, 'connection.updated', { changed })
    await queries.notifyConnection(db, id)
    return await findOrThrow(db, access, id)
  })
  return await showConnection(hub, row)
}

/** Its secrets are destroyed and its webhook taken down; its payments and their history stay. */
export async function deleteConnection (hub: Hub, access: Access, publicConnectionId: string): Promise<void> {
  const id = uuidOf('connection', publicConnectionId)
  // What does not open any more can still be left, and replaced.
  const { row, opened } = await findAndOpen(hub, access, id, { orNot: true })
  if (row.hook_reference !== null && opened !== undefined && opened.adapter.webhooks !== 'provider-has-none' && opened.adapter.webhooks.unregister !== undefined) {
    const { unregister } = opened.adapter.webhooks
    // The provider may be gone, or the credentials revoked there already: the tenant can still leave.
    await recordedCall(hub, async work => await inTenant(hub.db, access.tenantId, work), { connection: opened, kind: 'unregister_webhook', subjectId: id, requestId: access.requestId },
      async context => await unregister(context, row.hook_reference!))
  }
  if (opened !== undefined) await giveBack(hub, access, row, opened)
  await inTenant(hub.db, access.tenantId, async db => {
    const now = hub.now()
    await clearTimer(db, oauthTimer, id)
    await queries.updateConnection(db, id, { enabled: false, health: 'disabled', deleted_at: now }, now, { opensAnew: true })
    await queries.deleteCredentials(db, id)
    await recordChange(db, access, now, { action: 'connection.deleted', subjectType: 'connection', subjectId: publicConnectionId })
    await tellConnection(db, now, row, 'connection.deleted')
    await queries.notifyConnection(db, id)
  })
}

/** An account that nobody else has connected through the operator's application is given back, where the provider takes it. */
async function giveBack (hub: Hub, access: Access, row: ConnectionRow, opened: OpenConnection): Promise<void> {
  const revoke = opened.adapter.oauth?.revoke
  const app = hub.oauthApps.of(row.provider, opened.mode)
  const account = row.oauth_account
  if (account === null || revoke === undefined || app === undefined) return
  // The consent is to the application and not to this tenant: another connection of the account would end with it.
  if (await inTenant(hub.db, access.tenantId, async db => await countGranted(db, row.provider, opened.mode, account)) > 1) return
  await recordedCall(hub, async work => await inTenant(hub.db, access.tenantId, work), { connection: { ...opened, secrets: Object.values(app) }, kind: 'revoke_grant', subjectId: row.id, requestId: access.requestId },
    async context => await revoke(context, app, account))
}

/** New secrets. A webhook secret before them stays valid for the overlap, everything else ends at once. */
export async function replaceCredentials (hub: Hub, access: Access, publicConnectionId: string, body: ReplaceCredentials): Promise<Connection> {
  const id = uuidOf('connection', publicConnectionId)
  if (Object.keys(body.credentials).length === 0) throw invalidField('credentials', 'names nothing to replace')
  const { row, opened } = await findAndOpen(hub, access, id, { orNot: true })
  if (row.oauth_account !== null) throw new HubError('invalid_state', { detail: byConsent })
  const adapter = hub.adapters.get(row.provider)
  if (adapter === undefined) throw new HubError('provider_unknown')
  checkCredentials(adapter, row.mode as Mode, { ...opened?.credentials, ...body.credentials })
  await storeCredentials(hub, access, row, adapter, body.credentials, body.overlap_seconds ?? 24 * 3600)
  return await getConnection(hub, access, publicConnectionId)
}

async function storeCredentials (hub: Hub, access: Access, row: ConnectionRow, adapter: Adapter, fresh: Record<string, string>, overlapSeconds: number): Promise<void> {
  const now = hub.now()
  const version = 1 + await inTenant(hub.db, access.tenantId, async db => await queries.lastCredentialVersion(db, row.id))
  const credentials = await sealCredentials(hub, access.tenantId, row.id, fresh, version)
  const webhookSecret = adapter.manifest.webhooks?.secret
  await inTenant(hub.db, access.tenantId, async db => {
    await queries.lockConnection(db, row.id)
    for (const credential of credentials) {
      await queries.replaceCredential(db, row.id, credential, now, credential.name === webhookSecret ? new Date(now.getTime() + overlapSeconds * 1000) : now)
    }
    const keysChanged = credentials.some(({ name }) => name !== webhookSecret)
    await queries.updateConnection(db, row.id, keysChanged ? { health: 'untested', failures_in_row: 0, last_error: null } : {}, now, { opensAnew: true })
    await recordChange(db, access, now, { action: 'connection.credentials_replaced', subjectType: 'connection', subjectId: publicId('connection', row.id), detail: { credentials: credentials.map(({ name, fingerprint, version }) => ({ name, fingerprint, version })) } })
    await tellConnection(db, now, row, 'connection.updated', { changed: ['credentials'] })
    await queries.notifyConnection(db, row.id)
  })
}

/** Proves the credentials at the provider and keeps the result as the connection's health. In live mode it only reads. */
export async function testConnection (hub: Hub, access: Access, publicConnectionId: string): Promise<TestResult> {
  const id = uuidOf('connection', publicConnectionId)
  const { opened } = await findAndOpen(hub, access, id)
  if (opened === undefined) throw new HubError('provider_unknown')
  const result = await recordedCall(hub, async work => await inTenant(hub.db, access.tenantId, work), { connection: opened, kind: 'test', subjectId: id, requestId: access.requestId },
    async context => await opened.adapter.test(context))
  await hub.health.idle()
  const wrongMode = result.ok && result.value.mode !== opened.mode
  const ok = result.ok && !wrongMode
  const now = hub.now()
  const evidence: LocalText[] = ok ? result.value.evidence : []
  const error = ok ? null : { code: wrongMode ? 'invalid_credentials' : result.report.errorCode ?? 'unknown', provider_code: result.report.providerCode, at: now.toISOString() }
  const health = ok ? 'healthy' : 'failing'
  await inTenant(hub.db, access.tenantId, async db => {
    const before = await queries.lockConnection(db, id)
    if (before === undefined) throw new HubError('not_found')
    await queries.updateConnection(db, id, {
      health: before.enabled ? health : 'disabled',
      tested_at: now,
      test_evidence: JSON.stringify(evidence),
      ...(ok ? { account: JSON.stringify(result.value.account), last_success_at: now, last_error: null, failures_in_row: 0 } : { last_error_at: now, last_error: JSON.stringify(error) })
    }, now, { opensAnew: true })
    if (ok) await startBooks(db, id, now)
    if (ok && opened.adapter.invoicing?.status !== undefined) await setTimer(db, stampsTimer, id, now)
    await recordChange(db, access, now, { action: 'connection.tested', subjectType: 'connection', subjectId: publicConnectionId, detail: { ok, ...(error !== null && { error_code: error.code }) } })
    if (ok) await resolveAlert(db, now, 'connection_failing', publicConnectionId)
    if (before.health !== health) await tellConnection(db, now, before, `connection.${health}`, { health, error_code: error?.code ?? null })
  })
  return {
    ok,
    health,
    mode: opened.mode,
    account: ok ? result.value.account : null,
    evidence: evidence.map(line => line[access.language]),
    error: showError(error, access.language),
    operation: publicId('operation', result.operationId)
  }
}

/**
 * Registers our URL at the provider by its API, keeps the secret that it will sign with, and in test mode has it send a real
 * signed event. Repeating it replaces the registration; the secret before stays valid for a day.
 */
export async function registerWebhook (hub: Hub, access: Access, publicConnectionId: string): Promise<Connection> {
  const id = uuidOf('connection', publicConnectionId)
  const { row, opened } = await findAndOpen(hub, access, id)
  if (opened === undefined || opened.adapter.webhooks === 'provider-has-none') throw new HubError('capability_not_supported')
  // An endpoint that the application registers hears of everybody's accounts.
  if (row.oauth_account !== null) throw new HubError('capability_not_supported', { detail: heardByApp })
  const { webhooks, manifest } = opened.adapter
  if (webhooks.register === undefined || manifest.webhooks === null) {
    throw new HubError('capability_not_supported', { detail: { es: manifest.webhooks?.manual_steps.map(step => step.es).join(' ') ?? '', en: manifest.webhooks?.manual_steps.map(step => step.en).join(' ') ?? '' } })
  }
  const url = await webhookUrl(hub, row)
  assertPublicUrl(opened.mode, url, 'PASARELA_PUBLIC_URL')
  const call = async <T> (kind: 'register_webhook' | 'unregister_webhook' | 'provoke_webhook', connection: OpenConnection, run: Parameters<typeof recordedCall<T>>[3]) =>
    await recordedCall(hub, async work => await inTenant(hub.db, access.tenantId, work), { connection, kind, subjectId: id, requestId: access.requestId }, run)
  const { register, unregister, provoke } = webhooks
  const registered = await call('register_webhook', opened, async context => await register(context, { url, events: manifest.webhooks!.events }))
  if (!registered.ok) {
    const { error } = registered
    throw new HubError(error.reached === 'nowhere' ? 'provider_unavailable' : error.reached === 'unknown' ? 'provider_outcome_unknown' : 'provider_refused',
      { provider: { id: manifest.id, code: error.providerCode, message: error.providerMessage }, cause: error })
  }
  const { providerReference, secret } = registered.value
  if (secret !== undefined) await storeCredentials(hub, access, row, opened.adapter, { [manifest.webhooks.secret]: secret }, 24 * 3600)
  await inTenant(hub.db, access.tenantId, async db => {
    const now = hub.now()
    await queries.updateConnection(db, id, { hook_reference: providerReference, hook_url: url.replace(/[^/]+$/, ':token'), hook_registered_at: now }, now)
    await startBooks(db, id, now)
    await recordChange(db, access, now, { action: 'connection.webhook_registered', subjectType: 'connection', subjectId: publicConnectionId, detail: { provider_reference: providerReference } })
    await tellConnection(db, now, row, 'connection.updated', { changed: ['webhook'] })
  })
  if (row.hook_reference !== null && row.hook_reference !== providerReference && unregister !== undefined) {
    await call('unregister_webhook', opened, async context => await unregister(context, row.hook_reference!))
  }
  // An event that cannot be provoked is no failure of the registration: the wizard goes on waiting for a real one.
  if (provoke !== undefined && opened.mode === 'test') await call('provoke_webhook', opened, async context => await provoke(context, providerReference))
  return await getConnection(hub, access, publicConnectionId)
}

export async function connectionHealth (hub: Hub, access: Access, publicConnectionId: string): Promise<Health> {
  const id = uuidOf('connection', publicConnectionId)
  await hub.health.idle()
  return await inTenant(hub.db, access.tenantId, async db => {
    const row = await findOrThrow(db, access, id)
    const now = hub.now()
    const { refused, last } = await queries.countRefused(db, id)
    const breaker = hub.usable.breaker({ failuresInRow: row.failures_in_row, lastErrorAt: row.last_error_at })
    const counted = row.shadow_scheme === null ? undefined : await queries.findShadow(db, id, row.shadow_scheme)
    const at = (date: Date | null) => date?.toISOString() ?? null
    return {
      health: healthOf(row),
      tested_at: at(row.tested_at),
      last_success_at: at(row.last_success_at),
      last_error: showError(row.last_error, access.language),
      failures_in_row: row.failures_in_row,
      breaker: { state: breaker.state, opens_after: hub.config.breakerFailures, probe_at: at(breaker.probeAt) },
      last_hour: await figuresOf(db, id, now, hourMs),
      last_day: await figuresOf(db, id, now, 24 * hourMs),
      webhook: { registered: row.hook_reference !== null, first_event_at: at(row.first_event_at), last_event_at: at(row.last_event_at), refused, last_refused_at: at(last), shadow: row.shadow_scheme === null ? null : { scheme: row.shadow_scheme, agreed: counted?.agreed ?? 0, differed: counted?.differed ?? 0, since: at(counted?.since ?? null) } }
    }
  })
}

export async function connectionSetup (hub: Hub, access: Access, publicConnectionId: string): Promise<Setup> {
  const row = await inTenant(hub.db, access.tenantId, async db => await findOrThrow(db, access, uuidOf('connection', publicConnectionId)))
  return await showSetup(hub, row, access.language)
}

const hourMs = 3600_000

const byConsent = { es: 'Esta conexión se hizo con su permiso en el proveedor: para renovarla, conéctela otra vez.', en: 'This connection was made by consent at the provider: to renew it, connect it again.' }
const heardByApp = { es: 'Los avisos de esta conexión llegan a la aplicación del operador, para todas sus cuentas.', en: 'The webhooks of this connection go to the operator’s application, for all its accounts.' }

// --- shared -----------------------------------------------------------------------------------------------------------

/** From the day on which a connection is proven its provider's books are read, and compared with what we heard. */
export async function startBooks (db: TenantDb, id: string, now: Date): Promise<void> {
  const tomorrow = new Date(now.getTime() + 24 * 3600_000)
  for (const kind of ['balance_transactions', 'completeness_audit'] as const satisfies JobKind[]) await startTimer(db, kind, id, tomorrow)
}

export const hookTokenHash = (token: string): Buffer => createHash('sha256').update(token).digest()

export async function sealCredentials (hub: Hub, tenantId: string, connectionId: string, credentials: Record<string, string>, version: number): Promise<queries.NewCredential[]> {
  return await Promise.all(Object.entries(credentials).map(async ([name, value]) => ({
    id: newUuid(hub.now()),
    name,
    version,
    sealed: await hub.vault.seal(tenantId, credentialSubject(connectionId), name, value, version),
    fingerprint: await hub.vault.fingerprint(tenantId, value),
    hint: maskSecret(value)
  })))
}

/** A key's mode is what it may touch; a person says the mode in the body. */
export function assertMode (access: Access, mode: Mode): Mode {
  if (access.principal.type === 'api_key' && access.mode !== mode) throw invalidField('mode', `this key is for ${access.mode}`)
  return mode
}

export function requireAdapter (hub: Pick<Hub, 'adapters'>, provider: string): Adapter {
  const adapter = hub.adapters.get(provider)
  if (adapter === undefined && hub.adapters.isWithheld(provider)) throw invalidField('provider', `${provider} is experimental: the operator offers it with PASARELA_EXPERIMENTAL=1`, 'provider_unknown')
  if (adapter === undefined) throw invalidField('provider', `there is no adapter ${provider}; see GET /v1/providers`, 'provider_unknown')
  return adapter
}

function assertShadow ({ manifest, webhooks }: Adapter, scheme: string): void {
  const offered = webhooks === 'provider-has-none' ? [] : Object.keys(webhooks.shadows ?? {})
  if (!offered.includes(scheme)) throw invalidField('shadow_scheme', offered.length === 0 ? `${manifest.name} has no other verifier` : `must be one of ${offered.join(', ')}`)
}

export async function findOrThrow (db: TenantDb, access: Access, id: string): Promise<ConnectionRow> {
  const row = await queries.findConnection(db, id)
  if (row?.mode !== access.mode) throw new HubError('not_found')
  return row
}

async function findAndOpen (hub: Hub, access: Access, id: string, { orNot } = { orNot: false }): Promise<{ row: ConnectionRow, opened: OpenConnection | undefined }> {
  const { row, sealed } = await inTenant(hub.db, access.tenantId, async db => ({ row: await findOrThrow(db, access, id), sealed: (await loadSealed(db, id))! }))
  if (hub.adapters.get(row.provider) === undefined) return { row, opened: undefined }
  try {
    return { row, opened: await hub.open(sealed) }
  } catch (error) {
    if (!orNot || !(error instanceof HubError)) throw error
    return { row, opened: undefined }
  }
}
