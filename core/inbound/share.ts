import { sql } from 'kysely'
import type { Mode } from '../adapter/context.ts'
import { listStanding } from '../alerts/queries.ts'
import { raiseLasting, resolveAlert } from '../alerts/raise.ts'
import { loadRules } from '../alerts/settings.ts'
import { tellConnection } from '../connections/tell.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { claimTimer, clearTimer, setTimer, startTimer } from '../db/timers.ts'
import type { Hub } from '../hub.ts'
import { publicId, uuidAt } from '../ids.ts'
import type { HookTarget } from './targets.ts'

const shareTimer = 'refused_share'
const minuteMs = 60_000
const slotMs = 5 * minuteMs
/** What is looked at, and what it is compared with: the day before. */
const windowMs = 30 * minuteMs
const beforeMs = 24 * 60 * minuteMs
const keptMs = 8 * 24 * 60 * minuteMs
const leaseMs = minuteMs

export interface Counted { refused: number, taken: number }

/** Of all that came, what was refused. */
export const shareOf = ({ refused, taken }: Counted): number => refused + taken === 0 ? 0 : refused / (refused + taken)

/**
 * Whether more is refused than chance and the usual noise explain: enough of them to speak of a share at all, so many percent of what
 * came, and three times the share of the day before.
 */
export function isJump (now: Counted, before: Counted, { atLeast = 5, percent = 10 } = {}): boolean {
  const [all, allBefore] = [now.refused + now.taken, before.refused + before.taken]
  // In whole numbers: three times a tenth is no fraction that a computer has.
  return now.refused >= atLeast && 100 * now.refused >= percent * all && now.refused * allBefore >= 3 * before.refused * all
}

/** In the transaction that keeps a refused webhook: counts it, and has the connection's share looked at soon. */
export async function countRefused (db: TenantDb, { connectionId, mode, provider }: Pick<HookTarget, 'connectionId' | 'mode' | 'provider'>, now: Date): Promise<void> {
  await db.insertInto('inbound_refused_slots').values({ tenant_id: db.tenantId, connection_id: connectionId, slot: slotOf(now), mode, provider, refused: 1 })
    .onConflict(oc => oc.columns(['tenant_id', 'connection_id', 'slot']).doUpdateSet({ refused: sql`inbound_refused_slots.refused + 1` })).execute()
  await startTimer(db, shareTimer, connectionId, new Date(now.getTime() + minuteMs))
}

/** Looks at the last half hour of one connection for as long as something is refused, and tells when the share jumps: at most once in half an hour. */
export async function watchRefused (hub: Hub, tenantId: string, connectionId: string): Promise<void> {
  const now = hub.now()
  await inTenant(hub.db, tenantId, async db => {
    if (await claimTimer(db, shareTimer, connectionId, now, leaseMs) === undefined) return
    const from = slotOf(new Date(now.getTime() - windowMs))
    const connection = await db.selectFrom('connections').select(['provider', 'mode']).where('tenant_id', '=', db.tenantId).where('id', '=', connectionId).where('deleted_at', 'is', null).executeTakeFirst()
    const current = await count(db, connectionId, from, now)
    if (connection === undefined || current.refused === 0) {
      await db.deleteFrom('inbound_refused_slots').where('tenant_id', '=', db.tenantId).where('connection_id', '=', connectionId).where('slot', '<', new Date(now.getTime() - keptMs)).execute()
      return await clearTimer(db, shareTimer, connectionId)
    }
    const before = await count(db, connectionId, new Date(from.getTime() - beforeMs), from)
    const { webhooks_refused: rule } = await loadRules(db, connection.mode as Mode)
    const jumped = rule.enabled && isJump(current, before, { atLeast: rule.at_least, percent: rule.percent })
    if (jumped) {
      const subjectId = publicId('connection', connectionId)
      const mode = connection.mode as Mode
      const detail = { ...told(current, before), since: from.toISOString(), reason: await mostly(db, connectionId, from) }
      await raiseLasting(db, now, { kind: 'webhooks_refused', severity: shareOf(current) >= 0.5 ? 'critical' : 'warning', mode, subjectId, detail })
      await tellConnection(db, now, { id: connectionId, mode, provider: connection.provider }, 'connection.webhooks_refused', { webhooks: detail })
    }
    await setTimer(db, shareTimer, connectionId, new Date(now.getTime() + (jumped ? windowMs : slotMs)))
  })
}

async function count (db: TenantDb, connectionId: string, from: Date, to: Date): Promise<Counted> {
  const { refused } = await db.selectFrom('inbound_refused_slots').where('tenant_id', '=', db.tenantId).where('connection_id', '=', connectionId)
    .where('slot', '>=', from).where('slot', '<', to).select(sql<string>`coalesce(sum(refused), 0)`.as('refused')).executeTakeFirstOrThrow()
  const { taken } = await db.selectFrom('inbound_events').where('tenant_id', '=', db.tenantId).where('connection_id', '=', connectionId).where('id', '>=', uuidAt(from)).where('id', '<', uuidAt(to)).select(sql<string>`count(*)`.as('taken')).executeTakeFirstOrThrow()
  return { refused: Number(refused), taken: Number(taken) }
}

/** Why, of those that were kept. */
async function mostly (db: TenantDb, connectionId: string, from: Date): Promise<string | null> {
  const row = await db.selectFrom('inbound_refused').select('reason').where('tenant_id', '=', db.tenantId).where('connection_id', '=', connectionId).where('received_at', '>=', from)
    .groupBy('reason').orderBy(sql`count(*)`, 'desc').limit(1).executeTakeFirst()
  return row?.reason ?? null
}

/** Fewer connections than this may all be set up wrongly at once. */
const connectionsAtLeast = 3

/** The same for all connections of a provider together, for the people who run the hub: a provider that changes how it signs is seen at many tenants at once. */
export async function watchProviders (hub: Pick<Hub, 'db' | 'now'>): Promise<void> {
  const now = hub.now()
  const from = slotOf(new Date(now.getTime() - windowMs))
  const current = await byProvider(hub, from, now)
  const suspects = current.filter(seen => seen.connections >= connectionsAtLeast && isJump(seen, { refused: 0, taken: 0 }, { atLeast: 10 }))
  const { rows: [platform] } = await sql<{ id: string }>`select id from gate.platform_tenant()`.execute(hub.db)
  if (platform === undefined) return
  await inTenant(hub.db, platform.id, async db => {
    for (const { kind, subject_id: subject } of await listStanding(db, 1000)) {
      if (kind === 'provider_webhooks_refused' && !current.some(seen => `${seen.provider}:${seen.mode}` === subject)) await resolveAlert(db, now, kind, subject!)
    }
  })
  if (suspects.length === 0) return
  const before = await byProvider(hub, new Date(from.getTime() - beforeMs), from)
  for (const seen of suspects) {
    const usual = before.find(({ provider, mode }) => provider === seen.provider && mode === seen.mode) ?? { refused: 0, taken: 0 }
    if (!isJump(seen, usual, { atLeast: 10 })) continue
    await inTenant(hub.db, platform.id, async db => {
      await raiseLasting(db, now, { kind: 'provider_webhooks_refused', severity: 'critical', mode: seen.mode, subjectId: `${seen.provider}:${seen.mode}`, detail: { provider: seen.provider, connections: seen.connections, ...told(seen, usual), since: from.toISOString() } })
    })
  }
}

async function byProvider (hub: Pick<Hub, 'db'>, from: Date, to: Date): Promise<(Counted & { provider: string, mode: Mode, connections: number })[]> {
  const { rows } = await sql<{ provider: string, mode: Mode, connections: string, refused: string, taken: string }>`select * from gate.refused_by_provider(${from}, ${to})`.execute(hub.db)
  return rows.map(({ provider, mode, connections, refused, taken }) => ({ provider, mode, connections: Number(connections), refused: Number(refused), taken: Number(taken) }))
}

const told = (current: Counted, before: Counted): Record<string, number> => ({ refused: current.refused, taken: current.taken, share: rounded(shareOf(current)), share_before: rounded(shareOf(before)) })
const rounded = (share: number): number => Math.round(share * 1000) / 1000
const slotOf = (at: Date): Date => new Date(Math.floor(at.getTime() / slotMs) * slotMs)
