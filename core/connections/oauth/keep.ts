import { setTimeout as wait } from 'node:timers/promises'
import type { OAuthGrant } from '../../adapter/oauth.ts'
import { inTenant, type TenantDb } from '../../db/in-tenant.ts'
import { setTimer } from '../../db/timers.ts'
import { HubError } from '../../errors.ts'
import type { Hub } from '../../hub.ts'
import { credentialSubject } from '../open.ts'
import * as connections from '../queries.ts'
import { sealCredentials } from '../service.ts'
import * as queries from './queries.ts'
import { oauthTimer } from './soon.ts'

/** How often a grant is proved: a dead one is found before the tenant's payers find it. */
export const proveEveryMs = 24 * 3600_000

const refreshUse = 'oauth_refresh_token'

/** Somebody else wrote newer credentials meanwhile. */
export class Overtaken extends Error {}

export interface SealedGrant {
  version: number
  credentials: connections.NewCredential[]
  refreshSealed: string | null
}

/** Outside of any transaction: sealing takes its own questions to the database. */
export async function sealGrant (hub: Hub, tenantId: string, connectionId: string, { credentials, refreshToken }: OAuthGrant): Promise<SealedGrant> {
  const version = 1 + await inTenant(hub.db, tenantId, async db => await connections.lastCredentialVersion(db, connectionId))
  const [sealed, refreshSealed] = await Promise.all([
    sealCredentials(hub, tenantId, connectionId, { ...credentials }, version),
    refreshToken === undefined ? null : hub.vault.seal(tenantId, credentialSubject(connectionId), refreshUse, refreshToken)
  ])
  return { version, credentials: sealed, refreshSealed }
}

export async function openRefreshToken (hub: Pick<Hub, 'vault'>, tenantId: string, connectionId: string, sealed: string): Promise<string> {
  return await hub.vault.openText(tenantId, credentialSubject(connectionId), refreshUse, sealed)
}

/**
 * Writes a set of tokens under the connection's lock, which the caller holds: old and new change in one commit, so that there is never
 * none. Throws Overtaken when they were sealed for a version that somebody else has written.
 */
export async function writeGrant (db: TenantDb, hub: Pick<Hub, 'adapters'>, connection: { id: string, provider: string }, sealed: SealedGrant, { expiresAt }: OAuthGrant, { grantedBy, now }: { grantedBy?: string, now: Date }): Promise<void> {
  if (await connections.lastCredentialVersion(db, connection.id) + 1 !== sealed.version) throw new Overtaken('newer credentials were written')
  for (const credential of sealed.credentials) await connections.replaceCredential(db, connection.id, credential, now, now)
  await queries.putGrant(db, connection.id, { refreshSealed: sealed.refreshSealed, expiresAt: expiresAt ?? null, now, ...(grantedBy !== undefined && { grantedBy }) })
  await connections.updateConnection(db, connection.id, { reconnect_since: null, reconnect_reason: null, failures_in_row: 0 }, now, { opensAnew: true })
  await setTimer(db, oauthTimer, connection.id, nextLook(hub, connection.provider, { expiresAt: expiresAt ?? null, renewable: sealed.refreshSealed !== null }, now))
  await connections.notifyConnection(db, connection.id)
}

/** When a grant wants to be looked at: for its renewal, or for the next proof. */
export function nextLook (hub: Pick<Hub, 'adapters'>, provider: string, { expiresAt, renewable }: { expiresAt: Date | null, renewable: boolean }, now: Date): Date {
  const proof = now.getTime() + proveEveryMs
  const renewal = expiresAt === null || !renewable ? Infinity : renewalAt(hub, provider, expiresAt).getTime()
  return new Date(Math.max(now.getTime(), Math.min(proof, renewal)))
}

/** So long before their end that a person has time when the renewal fails. */
export function renewalAt (hub: Pick<Hub, 'adapters'>, provider: string, expiresAt: Date): Date {
  return new Date(expiresAt.getTime() - (hub.adapters.get(provider)?.manifest.oauth?.refresh_ahead_ms ?? 0))
}

const waitsMs = [0, 200, 1000, 3000, 10_000, 20_000]

/**
 * The provider's answer is good once, and now nobody but this process has it: a database that hiccups must not lose it. Tries for half a
 * minute. What the hub itself refuses is not tried again.
 */
export async function insist<T> (hub: Pick<Hub, 'log'>, write: () => Promise<T>): Promise<T> {
  for (const [index, ms] of waitsMs.entries()) {
    if (ms > 0) await wait(ms)
    try {
      return await write()
    } catch (error) {
      if (error instanceof HubError || index === waitsMs.length - 1) throw error
      hub.log.warn({ err: error }, 'what a provider granted is not written yet')
    }
  }
  throw new Error('unreachable')
}
