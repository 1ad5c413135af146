import type { OAuthApp, OAuthFlow, OAuthGrant } from '../../adapter/oauth.ts'
import { isGrantOver } from '../../adapter/oauth.ts'
import { raiseAlert } from '../../alerts/raise.ts'
import { recordSystemChange } from '../../audit/record-system.ts'
import { inTenant, type TenantDb } from '../../db/in-tenant.ts'
import { claimTimer, clearTimer, retryTimer, setTimer } from '../../db/timers.ts'
import type { Hub } from '../../hub.ts'
import { publicId } from '../../ids.ts'
import { type CallResult, recordedCall } from '../../operations/call.ts'
import { loadSealed, type OpenConnection, type SealedConnection } from '../open.ts'
import * as connections from '../queries.ts'
import { tellConnection } from '../tell.ts'
import { insist, nextLook, openRefreshToken, Overtaken, renewalAt, sealGrant, writeGrant } from './keep.ts'
import * as queries from './queries.ts'
import { secretsOf } from './service.ts'
import { oauthTimer } from './soon.ts'

/** Longer than a call to any provider may take, so that nobody else asks meanwhile. */
const leaseMs = 180_000
/** Waits after an outage, and after a renewal whose answer was lost. */
const retryMs = [1, 5, 30, 120, 360].map(minutes => minutes * 60_000)
/** A provider that says once that a grant is over may be wrong. */
const overTwiceMs = 60_000

interface Grant {
  row: queries.GrantRow
  connection: SealedConnection
  tries: number
}

/**
 * Looks after one connection's grant: renews it ahead of time, and else proves that it still opens the account. One process at a time:
 * the timer is claimed, and the grant's row says before the provider is asked that a renewal is under way.
 *
 * A renewal that is cut off loses nothing that could be kept. The old tokens stay until the new ones are committed, in one commit with
 * them. When the answer is lost (a cut socket, a crash before the commit) the next look repeats the renewal with the token that we have:
 * either the provider never acted, and it works; or it says that the token is used, and then nobody has the new one. The connection goes
 * on with the credentials that it has, which are good for as long as a renewal is ahead of its time, and a person is asked to consent again.
 */
export async function watchGrant (hub: Hub, tenantId: string, connectionId: string): Promise<void> {
  const now = hub.now()
  const claimed = await inTenant(hub.db, tenantId, async db => {
    const timer = await claimTimer(db, oauthTimer, connectionId, now, leaseMs)
    if (timer === undefined) return undefined
    const connection = await loadSealed(db, connectionId)
    const row = await queries.lockGrant(db, connectionId)
    if (connection === undefined || row === undefined || connection.oauthAccount === null) {
      await clearTimer(db, oauthTimer, connectionId)
      return undefined
    }
    const renews = isRenewalDue(hub, connection, row, now)
    // The intent, before the call. What is in doubt since longer stays so.
    if (renews && row.refresh_begun_at === null) await queries.changeGrant(db, connectionId, { refresh_begun_at: now })
    return { row, connection, tries: timer.tries, renews }
  })
  if (claimed === undefined) return
  const { renews, ...grant } = claimed
  const adapter = hub.adapters.get(grant.connection.provider)
  const app = hub.oauthApps.of(grant.connection.provider, grant.connection.mode)
  // Without its adapter or the operator's application nothing can be said of it; it is looked at again.
  if (adapter?.oauth === undefined || app === undefined) return await later(hub, grant)
  const opened = await hub.open(grant.connection).catch((error: unknown) => {
    hub.log.error({ err: error }, 'a connection did not open')
    return undefined
  })
  if (opened === undefined) return await later(hub, grant)
  if (renews) await renew(hub, grant, opened, adapter.oauth, app)
  else await prove(hub, grant, opened, adapter.oauth)
}

/** Due by the clock, begun and not ended, or because the credentials no longer open anything and a new set may. */
function isRenewalDue (hub: Hub, { provider }: SealedConnection, row: queries.GrantRow, now: Date): boolean {
  if (row.refresh_sealed === null || hub.adapters.get(provider)?.oauth?.refresh === undefined) return false
  return row.refresh_begun_at !== null || row.over_in_row >= 2 || (row.expires_at !== null && renewalAt(hub, provider, row.expires_at) <= now)
}

async function renew (hub: Hub, grant: Grant, opened: OpenConnection, flow: OAuthFlow, app: OAuthApp): Promise<void> {
  const { row, connection } = grant
  const inDoubt = row.refresh_begun_at !== null
  const token = await openRefreshToken(hub, connection.tenantId, connection.id, row.refresh_sealed!)
  const result = await call(hub, { ...opened, secrets: [...secretsOf(opened.adapter, app), token] }, 'refresh_grant', async context => await flow.refresh!(context, app, token))
  if (!result.ok) {
    // Nothing left us, or it was refused for another reason than the grant's own: no doubt arises. Else it stays, and is asked again.
    return await again(hub, grant, { doubt: inDoubt || result.error.reached === 'unknown' })
  }
  if (isGrantOver(result.value)) return await over(hub, grant, inDoubt ? 'renewal_lost' : 'renewal_refused', result.value.over)
  const fresh = result.value
  if (fresh.account.id !== connection.oauthAccount || fresh.mode !== connection.mode) return await over(hub, grant, 'renewal_refused', 'another account')
  await insist(hub, async () => await keepRenewed(hub, grant, fresh))
}

/** Newer tokens that somebody else has written meanwhile (a person who consented again) stay. */
async function keepRenewed (hub: Hub, { row, connection }: Grant, fresh: OAuthGrant): Promise<void> {
  const { tenantId, id, provider } = connection
  const sealed = await sealGrant(hub, tenantId, id, fresh)
  await inTenant(hub.db, tenantId, async db => {
    const locked = await connections.lockConnection(db, id)
    const current = await queries.lockGrant(db, id)
    if (locked === undefined || current?.generation !== row.generation) return
    const now = hub.now()
    await writeGrant(db, hub, { id, provider }, sealed, fresh, { now })
    await recordSystemChange(db, now, oauthTimer, { action: 'connection.oauth_renewed', subjectType: 'connection', subjectId: publicId('connection', id), detail: { expires_at: fresh.expiresAt?.toISOString() ?? null } })
    if (locked.reconnect_since !== null) await tell(db, connection, 'reconnected', now)
  }).catch((error: unknown) => {
    if (!(error instanceof Overtaken)) throw error
  })
}

async function prove (hub: Hub, grant: Grant, opened: OpenConnection, flow: OAuthFlow): Promise<void> {
  const { row, connection } = grant
  const result = await call(hub, opened, 'prove_grant', async context => await flow.prove(context))
  if (!result.ok) return await again(hub, grant, { doubt: false })
  const dead = isGrantOver(result.value) ? result.value.over : result.value.account === connection.oauthAccount ? undefined : 'another account'
  const renewable = row.refresh_sealed !== null && flow.refresh !== undefined
  if (dead !== undefined && (row.over_in_row === 0 || (row.over_in_row === 1 && renewable))) {
    return await change(hub, grant, async (db, now) => {
      // Said once is asked again; said twice, a new set may still be had with the other token, and at once.
      await queries.changeGrant(db, connection.id, { over_in_row: row.over_in_row + 1 })
      await setTimer(db, oauthTimer, connection.id, row.over_in_row === 0 ? new Date(now.getTime() + overTwiceMs) : now)
    })
  }
  if (dead !== undefined) return await over(hub, grant, 'revoked', dead)
  await change(hub, grant, async (db, now, reason) => {
    await queries.changeGrant(db, connection.id, { over_in_row: 0, proved_at: now })
    // It was called dead, and lives: who gave it back to us gave all of it. A renewal that failed is another matter.
    if (reason === 'revoked') {
      await connections.updateConnection(db, connection.id, { reconnect_since: null, reconnect_reason: null }, now)
      await tell(db, connection, 'reconnected', now)
    }
    await setTimer(db, oauthTimer, connection.id, nextLook(hub, connection.provider, { expiresAt: row.expires_at, renewable: row.refresh_sealed !== null }, now))
  })
}

type Reason = 'renewal_refused' | 'renewal_lost' | 'revoked'

/** A person must consent again. Said once for each reason; a grant that is dead is critical, one that ends some day a warning. */
async function over (hub: Hub, grant: Grant, reason: Reason, word: string): Promise<void> {
  const { row, connection } = grant
  await change(hub, grant, async (db, now, before) => {
    // Its token will never do again. Whether the credentials still open the account the next proof says.
    const dead = reason === 'revoked'
    await queries.changeGrant(db, connection.id, dead ? { over_in_row: 0 } : { refresh_sealed: null, refresh_begun_at: null, over_in_row: Math.min(row.over_in_row, 1) })
    await connections.updateConnection(db, connection.id, { reconnect_since: now, reconnect_reason: reason, ...(dead && connection.enabled && { health: 'failing' }) }, now)
    const works = dead ? null : row.expires_at?.toISOString() ?? null
    if (before !== reason) {
      await raiseAlert(db, now, { kind: 'connection_reconnect', severity: dead ? 'critical' : 'warning', mode: connection.mode, subjectId: publicId('connection', connection.id), step: dead ? 'dead' : 'renewal', detail: { reason, provider_code: word.slice(0, 100), works_until: works } })
      await recordSystemChange(db, now, oauthTimer, { action: 'connection.reconnect_needed', subjectType: 'connection', subjectId: publicId('connection', connection.id), detail: { reason } })
      await tell(db, connection, 'reconnect', now, { reason, works_until: works })
    }
    // Dead: a proof a day tells when it is not so. Else whether the provider has ended the old credentials too is seen at once.
    await setTimer(db, oauthTimer, connection.id, dead ? nextLook(hub, connection.provider, { expiresAt: null, renewable: false }, now) : now)
  })
}

/** No verdict: it is asked again, sooner first. A renewal that may have been carried out stays in doubt. */
async function again (hub: Hub, grant: Grant, { doubt }: { doubt: boolean }): Promise<void> {
  await change(hub, grant, async (db, now) => {
    if (!doubt) await queries.changeGrant(db, grant.connection.id, { refresh_begun_at: null })
    await retryTimer(db, oauthTimer, grant.connection.id, new Date(now.getTime() + (retryMs[grant.tries - 1] ?? retryMs.at(-1)!)))
  })
}

async function later (hub: Hub, grant: Grant): Promise<void> {
  await again(hub, grant, { doubt: grant.row.refresh_begun_at !== null })
}

/** Only if the grant is still the one that was asked about. */
async function change (hub: Hub, { row, connection }: Grant, work: (db: TenantDb, now: Date, reason: string | null) => Promise<void>): Promise<void> {
  await insist(hub, async () => await inTenant(hub.db, connection.tenantId, async db => {
    const locked = await connections.lockConnection(db, connection.id)
    const current = await queries.lockGrant(db, connection.id)
    if (locked === undefined || current?.generation !== row.generation) return
    await work(db, hub.now(), locked.reconnect_reason)
  }))
}

async function tell (db: TenantDb, { id, mode, provider }: SealedConnection, what: 'reconnect' | 'reconnected', now: Date, detail: object = {}): Promise<void> {
  await tellConnection(db, now, { id, mode, provider }, `connection.${what}`, detail)
}

const call = async <T>(hub: Hub, connection: OpenConnection, kind: 'refresh_grant' | 'prove_grant', run: Parameters<typeof recordedCall<T>>[3]): Promise<CallResult<T>> =>
  await recordedCall(hub, async work => await inTenant(hub.db, connection.tenantId, work), { connection, kind, subjectId: connection.id, requestId: oauthTimer }, run)
