import type { Kysely } from 'kysely'
import type { Mode } from '../adapter/context.ts'
import type { Database } from '../db/schema.ts'
import { publicId } from '../ids.ts'
import { hashSecret, looksLikeKey } from './keys.ts'
import { isScope, type Principal, scopesOfRole, type Scope } from './principal.ts'
import { findApiKey, findSession } from './queries.ts'
import { looksLikeSessionToken } from './sessions.ts'

export type Credential = { type: 'api_key' | 'session', token: string } | { type: 'unreadable' }

/** What a request shows. A bearer counts even when there is a cookie as well, and even when it is no good. */
export function credentialOf (authorization: string | undefined, cookie: string | undefined): Credential | undefined {
  if (authorization !== undefined) {
    const token = /^bearer +(\S+)$/i.exec(authorization)?.[1]
    return token !== undefined && looksLikeKey(token) ? { type: 'api_key', token } : { type: 'unreadable' }
  }
  if (cookie === undefined) return undefined
  return looksLikeSessionToken(cookie) ? { type: 'session', token: cookie } : { type: 'unreadable' }
}

/** Who asks, and what was looked up on the way about where they may act. */
export interface Identity {
  principal: Principal
  /** The row's id, for `last_used_at`. */
  credentialId: string
  homeStatus: 'active' | 'suspended'
  /** The key's; of people undefined, they say it themselves. */
  mode: Mode | undefined
  /** The tenant that the request names, when it exists. */
  named: { id: string, status: 'active' | 'suspended', served: boolean } | undefined
  /** Used within the last minute: not to be noted again. */
  seenLately: boolean
}

/**
 * Who a credential belongs to, in one round trip. Undefined when it is wrong, revoked, expired, or its user is disabled:
 * nobody is told which.
 */
export async function identify (db: Kysely<Database>, now: Date, credential: Credential, namedTenantId: string | undefined): Promise<Identity | undefined> {
  switch (credential.type) {
    case 'unreadable': return undefined
    case 'api_key': return await identifyKey(db, now, credential.token, namedTenantId)
    case 'session': return await identifySession(db, now, credential.token, namedTenantId)
  }
}

async function identifyKey (db: Kysely<Database>, now: Date, token: string, namedTenantId: string | undefined): Promise<Identity | undefined> {
  const row = await findApiKey(db, hashSecret(token), now, namedTenantId ?? null)
  if (row === undefined) return undefined
  return {
    principal: {
      type: 'api_key',
      id: publicId('api_key', row.id),
      homeTenantId: row.tenant_id,
      keyKind: row.kind,
      keyMode: row.mode,
      ...(row.partner_id !== null && { partnerId: row.partner_id }),
      scopes: new Set(row.scopes.filter(isScope))
    },
    credentialId: row.id,
    homeStatus: row.tenant_status as 'active',
    mode: row.mode,
    named: namedOf(row),
    seenLately: row.seen_lately
  }
}

async function identifySession (db: Kysely<Database>, now: Date, token: string, namedTenantId: string | undefined): Promise<Identity | undefined> {
  const row = await findSession(db, hashSecret(token), now, namedTenantId ?? null)
  if (row === undefined) return undefined
  return {
    principal: {
      type: 'user',
      id: publicId('user', row.user_id),
      homeTenantId: row.tenant_id,
      role: row.role,
      email: row.email,
      sessionId: publicId('session', row.id),
      ...(row.support_id !== null && { supportAccessId: publicId('support_access', row.support_id) }),
      scopes: row.support_kind === 'look' ? readsOf(scopesOfRole[row.role]) : scopesOfRole[row.role]
    },
    credentialId: row.id,
    homeStatus: row.tenant_status as 'active',
    mode: undefined,
    named: namedOf(row),
    seenLately: row.seen_lately
  }
}

/** Whoever entered to look changes nothing. */
const readsOf = (held: ReadonlySet<Scope>): ReadonlySet<Scope> => new Set([...held].filter(scope => scope.endsWith(':read') || scope === 'support:write'))

function namedOf (row: { named_id: string | null, named_status: string | null, served: boolean }): Identity['named'] {
  return row.named_id === null ? undefined : { id: row.named_id, status: row.named_status as 'active', served: row.served }
}
