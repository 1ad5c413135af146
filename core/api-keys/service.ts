import { assertHolds, isAtPlatform } from '../access/limits.ts'
import { makeKey } from '../access/keys.ts'
import { type Access, defaultScopes, grantableScopes, type KeyKind, type Scope } from '../access/principal.ts'
import { insertApiKey } from '../access/queries.ts'
import type { Mode } from '../adapter/context.ts'
import { recordChange } from '../audit/record.ts'
import { idWindow, pageOf } from '../db/id-window.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { HubError, invalidField } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { type Idempotency, recordSubject } from '../idempotency/service.ts'
import { newUuid, parseId, publicId, uuidOf } from '../ids.ts'
import * as queries from './queries.ts'
import type { ApiKeyRow } from './queries.ts'
import type { ApiKey, ListApiKeys, MadeApiKey, NewApiKey } from './schema.ts'

type House = Pick<Hub, 'db' | 'now'>

/** A key of the tenant that the request acts in; staff of the platform at home make one of the platform. */
export async function createApiKey (hub: House, access: Access, body: NewApiKey, idempotency: Idempotency | null): Promise<MadeApiKey> {
  return await issueApiKey(hub, access, { kind: isAtPlatform(access) ? 'platform' : 'tenant', partnerId: null }, body, idempotency)
}

/** Makes the key that `owner` says, in the tenant of the request, and gives it away this once. */
export async function issueApiKey (hub: House, access: Access, owner: { kind: KeyKind, partnerId: string | null }, body: NewApiKey, idempotency: Idempotency | null): Promise<MadeApiKey> {
  const now = hub.now()
  const scopes = scopesFor(access, owner.kind, body.scopes)
  if (access.principal.keyMode === 'test' && body.mode === 'live') throw testCannotLive()
  const expiresAt = body.expires_at === undefined ? null : new Date(body.expires_at)
  if (expiresAt !== null && !(expiresAt > now)) throw invalidField('expires_at', 'must be in the future')
  const { key, hash, hint } = makeKey(body.mode)
  const id = newUuid(now)
  const row = await inTenant(hub.db, access.tenantId, async db => {
    if (idempotency?.subject !== undefined) await replaceUnseen(db, access, now, idempotency.subject)
    await insertApiKey(db, { id, ...owner, mode: body.mode, label: body.label ?? 'API key', hint, hash, scopes, expiresAt, now })
    await recordChange(db, access, now, {
      action: 'api_key.created', subjectType: 'api_key', subjectId: publicId('api_key', id), detail: {
        kind: owner.kind, mode: body.mode, label: body.label ?? 'API key', hint, scopes, expires_at: expiresAt?.toISOString() ?? null,
        ...(owner.partnerId !== null && { partner: publicId('partner', owner.partnerId) })
      }
    })
    if (idempotency !== null) await recordSubject(db, idempotency, publicId('api_key', id))
    return (await queries.findApiKey(db, id))!
  })
  return { ...showApiKey(row, now), key }
}

export async function listApiKeys (hub: House, access: Access, query: ListApiKeys): Promise<{ data: ApiKey[], next_cursor: string | null }> {
  const now = hub.now()
  const window = idWindow('api_key', query)
  // A test key sees nothing of live mode, not even what there is.
  const mode = access.principal.keyMode === 'test' ? 'test' : query.mode
  if (query.mode !== undefined && mode !== query.mode) return { data: [], next_cursor: null }
  const rows = await inTenant(hub.db, access.tenantId, async db =>
    await queries.listApiKeys(db, window, { now, ...(mode !== undefined && { mode }), ...(query.status !== undefined && { status: query.status }) }))
  return pageOf('api_key', window, rows, row => showApiKey(row, now))
}

/** From the next request on the key is no good. Repeating it changes nothing. */
export async function revokeApiKey (hub: House, access: Access, publicKeyId: string): Promise<ApiKey> {
  const id = uuidOf('api_key', publicKeyId)
  const now = hub.now()
  const row = await inTenant(hub.db, access.tenantId, async db => {
    const before = await queries.lockApiKey(db, id)
    if (before === undefined || (access.principal.keyMode === 'test' && before.mode !== 'test')) throw new HubError('not_found')
    return await revoke(db, access, now, before) ?? before
  })
  return showApiKey(row, now)
}

async function revoke (db: TenantDb, access: Access, now: Date, key: ApiKeyRow): Promise<ApiKeyRow | undefined> {
  const row = await queries.revokeApiKey(db, key.id, now)
  if (row !== undefined) await recordChange(db, access, now, { action: 'api_key.revoked', subjectType: 'api_key', subjectId: publicId('api_key', key.id), detail: { hint: key.hint, mode: key.mode } })
  return row
}

/** A run before this one made a key and died before it could show it: nobody has it, so it ends here. */
async function replaceUnseen (db: TenantDb, access: Access, now: Date, subject: string): Promise<void> {
  const id = parseId('api_key', subject)
  const unseen = id === undefined ? undefined : await queries.lockApiKey(db, id)
  if (unseen !== undefined) await revoke(db, access, now, unseen)
}

function scopesFor (access: Access, kind: KeyKind, wanted: readonly Scope[] | undefined): readonly Scope[] {
  if (wanted !== undefined) {
    const strange = wanted.filter(scope => !grantableScopes[kind].has(scope))
    if (strange.length > 0) throw new HubError('forbidden', { detail: { es: `Una clave de este tipo no puede tener: ${strange.join(', ')}.`, en: `A key of this kind cannot hold: ${strange.join(', ')}.` } })
    assertHolds(access, wanted)
    return wanted
  }
  const held = defaultScopes[kind].filter(scope => access.principal.scopes.has(scope))
  if (held.length === 0) assertHolds(access, defaultScopes[kind])
  return held
}

function testCannotLive (): HubError {
  return new HubError('forbidden', { detail: { es: 'Una clave de prueba no puede crear una clave real.', en: 'A test key cannot make a live key.' } })
}

function showApiKey (row: ApiKeyRow, now: Date): ApiKey {
  return {
    id: publicId('api_key', row.id),
    object: 'api_key',
    kind: row.kind as KeyKind,
    partner: row.partner_id === null ? null : publicId('partner', row.partner_id),
    mode: row.mode as Mode,
    status: row.revoked_at !== null ? 'revoked' : row.expires_at !== null && row.expires_at <= now ? 'expired' : 'active',
    label: row.label,
    hint: row.hint,
    scopes: row.scopes,
    created_at: row.created_at.toISOString(),
    expires_at: row.expires_at?.toISOString() ?? null,
    last_used_at: row.last_used_at?.toISOString() ?? null,
    revoked_at: row.revoked_at?.toISOString() ?? null
  }
}
