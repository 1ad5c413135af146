import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { Access } from '../../access/principal.ts'
import type { ConnectionContext, Mode } from '../../adapter/context.ts'
import type { Adapter } from '../../adapter/define.ts'
import type { OAuthApp, OAuthFlow, OAuthGrant } from '../../adapter/oauth.ts'
import { recordChange } from '../../audit/record.ts'
import { inTenant, type TenantDb } from '../../db/in-tenant.ts'
import { HubError, invalidField } from '../../errors.ts'
import type { Hub } from '../../hub.ts'
import { newUuid, publicId, uuidOf } from '../../ids.ts'
import { recordedCall } from '../../operations/call.ts'
import { assertPublicUrl } from '../../urls.ts'
import type { OpenConnection } from '../open.ts'
import * as connections from '../queries.ts'
import { assertMode, findOrThrow, hookTokenHash, requireAdapter, startBooks, testConnection } from '../service.ts'
import { tellConnection } from '../tell.ts'
import { hookTokenSubject, hookTokenUse } from '../view.ts'
import { insist, Overtaken, sealGrant, writeGrant } from './keep.ts'
import type { Outcome } from './page.ts'
import * as queries from './queries.ts'
import type { BeginOAuth, OAuthBegun } from './schema.ts'
import { challengeOf, looksLikeBrowserSecret, makeBrowserSecret, makeState, makeVerifier, readState, sha256 } from './state.ts'

/** A person needs minutes; the provider's code lives for ten (Mercado Pago) or five (Stripe). */
export const stateMs = 15 * 60_000
/** What was begun is kept as long as somebody may ask why it came to nothing. */
const keptMs = 30 * 24 * 3600_000
const verifierUse = 'oauth_verifier'
const stateSubject = (id: string): string => `oauth_state_${id}`

/** Where providers send people back to; what the operator writes into the application's settings. */
export const callbackUrl = (hub: Pick<Hub, 'publicUrl'>, provider: string): string => `${hub.publicUrl()}/v1/oauth/${provider}/callback`

/** Begins: gives the address where the owner of the account goes. Nothing is asked of the provider, and nothing is connected yet. */
export async function beginOAuth (hub: Hub, access: Access, body: BeginOAuth): Promise<OAuthBegun> {
  const mode = assertMode(access, body.mode)
  const adapter = requireAdapter(hub, body.provider)
  const renews = body.connection === undefined ? undefined : await ownGranted(hub, { ...access, mode }, body.connection, body.provider)
  if (adapter.oauth === undefined) throw new HubError('capability_not_supported', { detail: { es: `${adapter.manifest.name} solo se conecta con claves.`, en: `${adapter.manifest.name} is connected with keys only.` } })
  if (hub.oauthApps.of(body.provider, mode) === undefined) throw new HubError('capability_not_supported', { detail: { es: `El operador de este servidor no tiene una aplicación de ${adapter.manifest.name} en este modo: conecte con claves.`, en: `The operator of this server has no ${adapter.manifest.name} application in this mode: connect with keys.` } })
  if (body.return_url !== undefined) assertPublicUrl(mode, body.return_url, 'return_url')
  const now = hub.now()
  const id = newUuid(now)
  const { state, hash } = makeState(access.tenantId)
  const verifierSealed = await hub.vault.seal(access.tenantId, stateSubject(id), verifierUse, makeVerifier())
  const expiresAt = new Date(now.getTime() + stateMs)
  await inTenant(hub.db, access.tenantId, async db => {
    await queries.forgetStates(db, new Date(now.getTime() - keptMs))
    await queries.insertState(db, {
      id,
      stateHash: hash,
      provider: body.provider,
      mode,
      connectionId: renews ?? newUuid(now),
      renews: renews !== undefined,
      label: body.label ?? null,
      returnUrl: body.return_url ?? null,
      language: access.language,
      startedByType: access.principal.type,
      startedBy: access.principal.id,
      verifierSealed,
      createdAt: now,
      expiresAt
    })
    await recordChange(db, access, now, { action: 'connection.oauth_begun', subjectType: 'connection', subjectId: renews === undefined ? body.provider : publicId('connection', renews), detail: { provider: body.provider, mode } })
  })
  return { object: 'oauth_begun', url: `${hub.publicUrl()}/v1/oauth/${body.provider}/start?state=${state}`, expires_at: expiresAt.toISOString() }
}

async function ownGranted (hub: Hub, access: Access, publicConnectionId: string, provider: string): Promise<string> {
  const row = await inTenant(hub.db, access.tenantId, async db => await findOrThrow(db, access, uuidOf('connection', publicConnectionId)))
  if (row.provider !== provider) throw invalidField('connection', `is one of ${row.provider}`)
  if (row.oauth_account === null) throw new HubError('invalid_state', { detail: { es: 'Esta conexión tiene claves: sustitúyalas, o conecte la cuenta como una conexión nueva.', en: 'This connection has keys: replace them, or connect the account as a new connection.' } })
  return row.id
}

/** Who holds the browser, as far as a request shows it. */
export interface Visitor {
  /** Of the person who is logged in here, if one is. */
  principalId: string | undefined
  /** The cookie that only our own page sets. */
  browser: string | undefined
  requestId: string
  address: string
}

export type Started =
  | { outcome: Extract<Outcome, 'unknown_state' | 'used' | 'expired' | 'other_browser' | 'not_offered'>, language?: 'es' | 'en' }
  | { outcome: 'go', authorizeUrl: string, tenant: string, provider: string, language: 'es' | 'en', browser: string, ask: boolean }

/**
 * Where the link leads first: to us. Whoever gets a link from somebody else reads here whose books their account would be connected
 * to, before the provider asks; and the browser that goes on is the only one that may come back. Who began it themselves is sent on at once.
 */
export async function startOAuth (hub: Hub, provider: string, state: string, visitor: Visitor): Promise<Started> {
  const read = readState(state)
  if (read === undefined) return { outcome: 'unknown_state' }
  const browser = looksLikeBrowserSecret(visitor.browser) ? visitor.browser : makeBrowserSecret()
  const now = hub.now()
  const found = await inTenant(hub.db, read.tenantId, async db => {
    const row = await queries.lockState(db, read.hash)
    const refused = whyNot(row, provider, now, browser)
    if (refused !== undefined) return { refused, row }
    if (row!.browser_hash === null) await queries.changeState(db, row!.id, { browser_hash: sha256(browser) })
    return { row: row! }
  })
  if ('refused' in found) return { outcome: found.refused!, ...(found.row !== undefined && found.refused !== 'unknown_state' && { language: languageOf(found.row) }) }
  const { row } = found
  const mode = row.mode as Mode
  const offered = offer(hub, provider, mode)
  if (offered === undefined) return { outcome: 'not_offered', language: languageOf(row) }
  const verifier = await hub.vault.openText(read.tenantId, stateSubject(row.id), verifierUse, row.verifier_sealed)
  return {
    outcome: 'go',
    authorizeUrl: offered.flow.authorizeUrl({ mode, origin: originOf(hub, offered.adapter, mode), app: offered.app, state, redirectUri: callbackUrl(hub, provider), codeChallenge: challengeOf(verifier) }),
    tenant: row.tenant_name,
    provider: offered.adapter.manifest.name,
    language: languageOf(row),
    browser,
    ask: row.started_by_type !== 'user' || visitor.principalId !== row.started_by
  }
}

type Refused = Extract<Outcome, 'unknown_state' | 'used' | 'expired' | 'other_browser'>

/** `strict`: the browser must have been on our page before. */
function whyNot (row: queries.StateRow | undefined, provider: string, now: Date, browser: string | undefined, { strict } = { strict: false }): Refused | undefined {
  if (row === undefined || row.provider !== provider) return 'unknown_state'
  if (row.used_at !== null) return 'used'
  if (row.expires_at <= now) return 'expired'
  if (row.browser_hash === null) return strict ? 'other_browser' : undefined
  return looksLikeBrowserSecret(browser) && timingSafeEqual(sha256(browser), row.browser_hash) ? undefined : 'other_browser'
}

export interface CameBack {
  state?: string
  code?: string
  error?: string
}

export interface Ended {
  outcome: Outcome
  language?: 'es' | 'en'
  returnUrl?: string
  /** Public id. */
  connection?: string
  account?: string
  provider?: string
}

/**
 * The person is back. The state is used up before anything is asked, so that of two that come with it one at most goes on; whatever
 * does not end in `connected` has changed nothing but that.
 */
export async function finishOAuth (hub: Hub, provider: string, { state = '', code, error }: CameBack, visitor: Visitor): Promise<Ended> {
  const read = readState(state)
  if (read === undefined) return { outcome: 'unknown_state' }
  const now = hub.now()
  const claimed = await inTenant(hub.db, read.tenantId, async db => {
    const row = await queries.lockState(db, read.hash)
    const refused = whyNot(row, provider, now, visitor.browser, { strict: true })
    if (refused !== undefined) return { refused, row }
    const ends = error !== undefined ? error === 'access_denied' ? 'denied' as const : 'refused' as const : code === undefined ? 'no_code' as const : undefined
    await queries.changeState(db, row!.id, { used_at: now, outcome: ends ?? 'exchanging' })
    if (ends === 'denied') await recordChange(db, accessOf(row!, visitor), now, { action: 'connection.oauth_denied', subjectType: 'connection', subjectId: row!.renews ? publicId('connection', row!.connection_id) : provider, detail: { provider } })
    return { row: row!, ends }
  })
  // A state that is not good says nothing of where to go: nobody is sent anywhere by it.
  if ('refused' in claimed) return { outcome: claimed.refused!, ...(claimed.row !== undefined && claimed.refused !== 'unknown_state' && { language: languageOf(claimed.row) }) }
  const { row, ends } = claimed
  const told = { language: languageOf(row), provider: hub.adapters.get(provider)?.manifest.name ?? provider, ...(row.return_url !== null && { returnUrl: row.return_url }) }
  if (ends !== undefined) return { outcome: ends, ...told }
  const made = await connect(hub, row, code!, visitor)
  await inTenant(hub.db, row.tenant_id, async db => { await queries.changeState(db, row.id, { outcome: made.outcome }) })
  return { ...told, ...made }
}

async function connect (hub: Hub, row: queries.StateRow, code: string, visitor: Visitor): Promise<{ outcome: Outcome, connection?: string, account?: string }> {
  const mode = row.mode as Mode
  const offered = offer(hub, row.provider, mode)
  if (offered === undefined) return { outcome: 'not_offered' }
  const { adapter, app, flow } = offered
  const codeVerifier = await hub.vault.openText(row.tenant_id, stateSubject(row.id), verifierUse, row.verifier_sealed)
  const opened = await bare(hub, row, { secrets: [...secretsOf(adapter, app), code, codeVerifier] })
  const result = await recordedCall(hub, async work => await inTenant(hub.db, row.tenant_id, work), { connection: opened, kind: 'exchange_code', subjectId: row.connection_id, requestId: visitor.requestId },
    async context => await flow.exchange(context, app, { code, redirectUri: callbackUrl(hub, row.provider), codeVerifier }))
  if (!result.ok) return { outcome: result.error.reached === 'answered' ? 'refused' : 'unreachable' }
  const grant = result.value
  if (grant.mode !== mode) return { outcome: 'other_mode' }
  const kept = await insist(hub, async () => await keep(hub, row, adapter, grant, visitor))
  if (kept.outcome !== 'connected') return kept
  // What was granted is kept; whether it works is the connection's health, as for one with keys.
  await testConnection(hub, accessOf(row, visitor), kept.connection!).catch((error: unknown) => { hub.log.warn({ err: error }, 'a new connection was not tested') })
  return kept
}

/** The connection of this account, made or renewed, with its tokens. */
async function keep (hub: Hub, row: queries.StateRow, adapter: Adapter, grant: OAuthGrant, visitor: Visitor): Promise<{ outcome: Outcome, connection?: string, account?: string }> {
  const { tenant_id: tenantId, provider } = row
  const mode = row.mode as Mode
  for (let round = 0; ; round++) {
    const known = await inTenant(hub.db, tenantId, async db => await queries.findByAccount(db, provider, mode, grant.account.id))
    const id = row.renews ? row.connection_id : known ?? row.connection_id
    const [sealed, hook] = await Promise.all([sealGrant(hub, tenantId, id, grant), known === undefined && !row.renews ? newHook(hub, tenantId, id) : undefined])
    try {
      return await inTenant(hub.db, tenantId, async db => await write(db, hub, { row, adapter, grant, id, sealed, hook, access: accessOf(row, visitor) }))
    } catch (error) {
      // Another one connected the same account at the same moment: then theirs is the connection, and this renews it.
      if (round < 3 && (error instanceof Overtaken || (error as { code?: string }).code === '23505')) continue
      throw error
    }
  }
}

interface Writing {
  row: queries.StateRow
  adapter: Adapter
  grant: OAuthGrant
  id: string
  sealed: Awaited<ReturnType<typeof sealGrant>>
  hook: Awaited<ReturnType<typeof newHook>> | undefined
  access: Access
}

async function write (db: TenantDb, hub: Hub, { row, adapter, grant, id, sealed, hook, access }: Writing): Promise<{ outcome: Outcome, connection?: string, account?: string }> {
  const now = hub.now()
  const mode = row.mode as Mode
  const connection = publicId('connection', id)
  const account = grant.account.name ?? grant.account.id
  const before = await connections.lockConnection(db, id)
  if (row.renews && before === undefined) return { outcome: 'gone' }
  if (before !== undefined && before.oauth_account !== grant.account.id) return { outcome: 'other_account' }
  if (before === undefined) {
    if (hook === undefined) throw new Overtaken('the connection was deleted meanwhile')
    await connections.insertConnection(db, { id, provider: row.provider, mode, label: row.label ?? adapter.manifest.name, settings: {}, ...hook, oauthAccount: grant.account.id, now })
  }
  await writeGrant(db, hub, { id, provider: row.provider }, sealed, grant, { grantedBy: row.started_by, now })
  if (before === undefined) await startBooks(db, id, now)
  const what = before === undefined ? 'created' : 'reconnected'
  await recordChange(db, access, now, { action: `connection.${what}`, subjectType: 'connection', subjectId: connection, detail: { provider: row.provider, mode, by: 'oauth', account: grant.account.id, credentials: sealed.credentials.map(({ name, fingerprint }) => ({ name, fingerprint })) } })
  await tellConnection(db, now, { id, mode, provider: row.provider }, `connection.${what}`)
  return { outcome: 'connected', connection, account }
}

async function newHook (hub: Hub, tenantId: string, id: string): Promise<{ hookTokenHash: Buffer, hookTokenSealed: string }> {
  const token = randomBytes(32).toString('base64url')
  return { hookTokenHash: hookTokenHash(token), hookTokenSealed: await hub.vault.seal(tenantId, hookTokenSubject(id), hookTokenUse, token) }
}

// --- shared -----------------------------------------------------------------------------------------------------------

function offer (hub: Pick<Hub, 'adapters' | 'oauthApps'>, provider: string, mode: Mode): { adapter: Adapter, flow: OAuthFlow, app: OAuthApp } | undefined {
  const adapter = hub.adapters.get(provider)
  const app = hub.oauthApps.of(provider, mode)
  return adapter?.oauth === undefined || app === undefined ? undefined : { adapter, flow: adapter.oauth, app }
}

/** What of the operator's application nobody may read in a transcript. */
export function secretsOf ({ manifest }: Adapter, app: OAuthApp): string[] {
  return Object.entries(app).flatMap(([name, value]) => manifest.oauth?.app.properties[name]?.secret === true ? [value] : [])
}

/** Open, without anything in it: what a code is exchanged with, before there is a connection. */
async function bare (hub: Hub, row: queries.StateRow, { secrets }: { secrets: string[] }): Promise<OpenConnection> {
  const opened = await hub.open({ id: row.connection_id, tenantId: row.tenant_id, provider: row.provider, mode: row.mode as Mode, enabled: true, version: 0, settings: {}, account: null, oauthAccount: null, sealed: [] })
  return { ...opened, secrets }
}

function originOf (hub: Pick<Hub, 'config'>, { manifest }: Adapter, mode: Mode): ConnectionContext['origin'] {
  const origins: Readonly<Record<string, string>> = manifest.base_urls[mode]
  return (name = 'api') => hub.config.providerUrls[manifest.id] ?? origins[name] ?? ''
}

/** Who began it, here and now. It may do nothing but what this file does in its name. */
function accessOf (row: queries.StateRow, visitor: Visitor): Access {
  return {
    principal: { type: row.started_by_type === 'user' ? 'user' : 'api_key', id: row.started_by, homeTenantId: row.tenant_id, scopes: new Set() },
    tenantId: row.tenant_id,
    mode: row.mode as Mode,
    requestId: visitor.requestId,
    address: visitor.address,
    language: languageOf(row)
  }
}

const languageOf = (row: queries.StateRow): 'es' | 'en' => row.language === 'en' ? 'en' : 'es'
