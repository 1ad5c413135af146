import { sql } from 'kysely'
import type { Mode } from '../adapter/context.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { claimTimer, clearTimer, setTimer, startTimer } from '../db/timers.ts'
import type { Hub } from '../hub.ts'
import { endsByItself, withoutCause } from './causes.ts'
import { watchedConnections } from './measures.ts'
import { listStanding } from './queries.ts'
import { raiseLasting, resolveAlert, resolveById } from './raise.ts'
import { findingsOf, ruleKinds } from './rules.ts'
import { loadRules } from './settings.ts'

export const alertTimer = 'alerts'
const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
const leaseMs = 2 * minuteMs
const standingAtMost = 2000
const suspectsAtMost = 5000

/**
 * Has a look taken at every tenant where something happened lately, or where an alert stands, and sees how old the queues are. From
 * then on the tenant's own timer goes on by itself for as long as there is something to look at.
 */
export async function watchAlerts (hub: Pick<Hub, 'db' | 'now'>): Promise<void> {
  const now = hub.now()
  await watchQueues(hub, now)
  const { rows } = await sql<{ tenant_id: string }>`select * from gate.alert_suspects(${now}, ${suspectsAtMost})`.execute(hub.db)
  for (const { tenant_id: tenantId } of rows) await inTenant(hub.db, tenantId, async db => { await startTimer(db, alertTimer, tenantId, now) })
}

/** One look at one tenant: raises what the figures say, and ends what has no cause any more. */
export async function lookAtAlerts (hub: Pick<Hub, 'db' | 'now'>, tenantId: string, id: string): Promise<void> {
  const now = hub.now()
  await inTenant(hub.db, tenantId, async db => {
    if (await claimTimer(db, alertTimer, id, now, leaseMs) === undefined) return
    const rules = { test: await loadRules(db, 'test'), live: await loadRules(db, 'live') }
    const found = await findingsOf(db, now, mode => rules[mode])
    for (const alert of found) await raiseLasting(db, now, alert)
    const standing = await listStanding(db, standingAtMost)
    const says = new Set(found.map(({ kind, subjectId }) => `${kind} ${subjectId}`))
    const past = standing.filter(({ kind, subject_id: subject }) => (ruleKinds as readonly string[]).includes(kind) && !says.has(`${kind} ${subject}`)).map(row => row.id)
    await resolveById(db, now, [...past, ...await withoutCause(db, now, standing)])
    const at = await nextLook(db, now, standing.some(({ kind, created_at: at }) => (endsByItself(kind) || (ruleKinds as readonly string[]).includes(kind)) && now.getTime() - at.getTime() < dayMs), standing.length > 0)
    if (at === undefined) await clearTimer(db, alertTimer, id)
    else await setTimer(db, alertTimer, id, at)
  })
}

/** Every five minutes where calls are made, webhooks come or an alert is new; every hour where only a silence or an old alert could end. */
async function nextLook (db: TenantDb, now: Date, news: boolean, anything: boolean): Promise<Date | undefined> {
  const heard = Math.max(...(await watchedConnections(db)).map(({ last_event_at: at }) => at?.getTime() ?? 0), 0)
  const called = await db.selectFrom('connection_slots').select('slot').where('tenant_id', '=', db.tenantId).where('slot', '>=', new Date(now.getTime() - hourMs)).limit(1).executeTakeFirst()
  if (news || called !== undefined || now.getTime() - heard < hourMs) return new Date(now.getTime() + 5 * minuteMs)
  return anything || now.getTime() - heard < 31 * dayMs ? new Date(now.getTime() + hourMs) : undefined
}

/** Of the hub itself, told to the people who run it: a worker that is down, or too few of them. */
async function watchQueues (hub: Pick<Hub, 'db'>, now: Date): Promise<void> {
  const { rows: [platform] } = await sql<{ id: string }>`select id from gate.platform_tenant()`.execute(hub.db)
  if (platform === undefined) return
  const { rows } = await sql<{ kind: string, waiting: string, oldest_seconds: number }>`select * from gate.queue_health(${now})`.execute(hub.db)
  await inTenant(hub.db, platform.id, async db => {
    const mode: Mode = 'live'
    const { queue_old: rule } = await loadRules(db, mode)
    const old = rows.filter(({ oldest_seconds: seconds }) => rule.enabled && seconds >= rule.minutes * 60)
    for (const { kind, waiting, oldest_seconds: seconds } of old) {
      await raiseLasting(db, now, { kind: 'queue_old', severity: 'critical', mode, subjectId: kind, detail: { queue: kind, waiting: Number(waiting), oldest_seconds: Math.round(seconds), threshold_minutes: rule.minutes } })
    }
    const standing = (await listStanding(db, standingAtMost)).filter(({ kind, subject_id: queue }) => kind === 'queue_old' && !old.some(row => row.kind === queue))
    for (const { subject_id: queue } of standing) await resolveAlert(db, now, 'queue_old', queue!)
  })
}
