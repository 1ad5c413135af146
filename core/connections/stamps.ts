import type { Access } from '../access/principal.ts'
import type { Mode } from '../adapter/context.ts'
import { raiseAlert, resolveAlert } from '../alerts/raise.ts'
import { loadRules } from '../alerts/settings.ts'
import { idWindow, pageOf } from '../db/id-window.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { claimTimer, clearTimer, retryTimer, setTimer, timerAt } from '../db/timers.ts'
import { HubError } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { newUuid, publicId, uuidOf } from '../ids.ts'
import { recordedCall } from '../operations/call.ts'
import { forecast, forecastWindowMs, type Level, levelOf, levels } from './forecast.ts'
import { loadSealed } from './open.ts'
import * as queries from './queries.ts'
import type { ListStamps, StampReading } from './schema.ts'
import { tellConnection } from './tell.ts'
import { showReading } from './view.ts'

export const stampsTimer = 'stamps'
const leaseMs = 120_000
const retryMs = [10, 60, 240].map(minutes => minutes * 60_000)
/** A history of a year and a bit: the same month of the year before is in it. */
const keptMs = 400 * 24 * 3600_000

/** Brings the next reading forward. Many invoices at once ask for one reading, and for no write each. */
export async function readStampsSoon (hub: Pick<Hub, 'config'>, db: TenantDb, connectionId: string, now: Date): Promise<void> {
  const at = new Date(now.getTime() + hub.config.stampsReadAfter)
  const planned = await timerAt(db, stampsTimer, connectionId)
  if (planned === undefined || planned > at) await setTimer(db, stampsTimer, connectionId, at)
}

/**
 * Asks a PAC how many stamps are left, keeps the answer, and tells once when it gets worse: low, critical, empty. It asks
 * again after a while, also when the PAC did not answer.
 */
export async function readStampsJob (hub: Hub, tenantId: string, connectionId: string): Promise<void> {
  const now = hub.now()
  const claimed = await inTenant(hub.db, tenantId, async db => {
    const timer = await claimTimer(db, stampsTimer, connectionId, now, leaseMs)
    return timer && { tries: timer.tries, connection: await loadSealed(db, connectionId) }
  })
  if (claimed === undefined) return
  const { connection, tries } = claimed
  const status = connection && hub.adapters.get(connection.provider)?.invoicing?.status
  // A connection that was deleted, or whose PAC tells nothing: no timer is left. One that was switched off is asked when it is on again.
  if (connection === undefined || status === undefined) return await inTenant(hub.db, tenantId, async db => { await clearTimer(db, stampsTimer, connectionId) })
  const next = async (ms: number) => await inTenant(hub.db, tenantId, async db => { await setTimer(db, stampsTimer, connectionId, new Date(hub.now().getTime() + ms)) })
  if (!connection.enabled) return await next(hub.config.stampsReadEvery)
  const opened = await hub.open(connection).catch((error: unknown) => {
    hub.log.error({ err: error }, 'a connection did not open')
    return undefined
  })
  if (opened === undefined) return await next(hub.config.stampsReadEvery)
  const result = await recordedCall(hub, async work => await inTenant(hub.db, tenantId, work), { connection: opened, kind: 'account_status', subjectId: connectionId, requestId: stampsTimer }, async context => await status(context))
  if (!result.ok) {
    const delayMs = retryMs[tries - 1]
    if (delayMs === undefined) return await next(hub.config.stampsReadEvery)
    return await inTenant(hub.db, tenantId, async db => { await retryTimer(db, stampsTimer, connectionId, new Date(hub.now().getTime() + delayMs)) })
  }
  const { stampsLeft } = result.value
  if (stampsLeft !== undefined) await inTenant(hub.db, tenantId, async db => { await keep(hub, db, { id: connectionId, mode: connection.mode, provider: connection.provider }, stampsLeft, hub.now()) })
  await next(hub.config.stampsReadEvery)
}

async function keep (hub: Pick<Hub, 'config'>, db: TenantDb, connection: { id: string, mode: Mode, provider: string }, left: number, now: Date): Promise<void> {
  const before = await queries.stampReadings(db, connection.id, new Date(now.getTime() - forecastWindowMs))
  const told = forecast([...before.map(({ stamps_left: left, read_at: at }) => ({ left, at })), { left, at: now }])
  const { stamps_low: rule } = await loadRules(db, connection.mode)
  const level = levelOf(left, told, { low: rule.left ?? hub.config.stampsLow, lowDays: rule.days ?? hub.config.stampsLowDays })
  await queries.insertStampReading(db, { id: newUuid(now), mode: connection.mode, connection_id: connection.id, stamps_left: left, per_day: told.perDay, days_left: told.daysLeft, level, read_at: now })
  await queries.forgetStampReadings(db, connection.id, new Date(now.getTime() - keptMs))
  if (level === 'ok') await resolveAlert(db, now, 'stamps_low', publicId('connection', connection.id))
  if (!rule.enabled) return
  if (levels.indexOf(level) <= levels.indexOf((before.at(-1)?.level ?? 'ok') as Level)) return
  const detail = { stamps_left: left, per_day: told.perDay === null ? null : Math.round(told.perDay * 10) / 10, days_left: told.daysLeft === null ? null : Math.floor(told.daysLeft), level }
  await raiseAlert(db, now, { kind: 'stamps_low', severity: level === 'low' ? 'warning' : 'critical', mode: connection.mode, subjectId: publicId('connection', connection.id), step: level, detail })
  await tellConnection(db, now, connection, 'connection.stamps_low', { stamps: detail })
}

/** What was read, newest first. */
export async function listStamps (hub: Hub, access: Access, publicConnectionId: string, query: ListStamps): Promise<{ data: StampReading[], next_cursor: string | null }> {
  const id = uuidOf('connection', publicConnectionId)
  const window = idWindow('stamp_reading', query)
  const rows = await inTenant(hub.db, access.tenantId, async db => {
    if ((await queries.findConnection(db, id))?.mode !== access.mode) throw new HubError('not_found')
    return await queries.listStampReadings(db, id, window)
  })
  return pageOf('stamp_reading', window, rows, showReading)
}
