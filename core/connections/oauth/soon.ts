import type { TenantDb } from '../../db/in-tenant.ts'
import { setTimer, timerAt } from '../../db/timers.ts'

export const oauthTimer = 'oauth'
const soonMs = 60_000

/** A proof so young answers the question. */
const freshMs = 5 * 60_000

/** The provider says that a grant is over: it is looked at now. */
export async function lookSoon (db: TenantDb, connectionId: string, now: Date): Promise<void> {
  const planned = await timerAt(db, oauthTimer, connectionId)
  if (planned === undefined || planned.getTime() > now.getTime() + soonMs) await setTimer(db, oauthTimer, connectionId, now)
}

/** A call was refused for its credentials. Many that are ask for one look in five minutes. */
export async function doubt (db: TenantDb, connectionId: string, now: Date): Promise<void> {
  const grant = await db.selectFrom('oauth_grants').select('proved_at').where('tenant_id', '=', db.tenantId).where('connection_id', '=', connectionId).executeTakeFirst()
  if (grant?.proved_at == null || grant.proved_at.getTime() < now.getTime() - freshMs) await lookSoon(db, connectionId, now)
}
