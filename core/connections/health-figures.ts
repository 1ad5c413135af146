import { percentile } from '../alerts/latency.ts'
import { attemptsSince, callsSince, hooksBetween, noCalls, refusedSince, slotOf } from '../alerts/measures.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import type { Figures } from './schema.ts'

const minuteMs = 60_000
const rate = (part: number, whole: number): number | null => whole === 0 ? null : Math.round(10_000 * part / whole) / 10_000

/** How a connection did in the last `ms`, which begin with a whole five minutes: its calls, the payments and the webhooks. */
export async function figuresOf (db: TenantDb, connectionId: string, now: Date, ms: number): Promise<Figures> {
  const from = slotOf(new Date(now.getTime() - ms))
  const { durations, longestMs, ...calls } = (await callsSince(db, from, connectionId)).get(connectionId) ?? noCalls()
  const all = calls.succeeded + calls.refused + calls.unknown + calls.nowhere
  const { ended, failed } = (await attemptsSince(db, from, connectionId)).get(connectionId) ?? { ended: 0, failed: 0 }
  const { taken, unmatched } = await hooksBetween(db, connectionId, from, new Date(now.getTime() + minuteMs))
  const refused = await refusedSince(db, connectionId, from)
  return {
    from: from.toISOString(),
    calls: all,
    ...calls,
    success_rate: rate(calls.succeeded, all),
    answered_rate: rate(calls.succeeded + calls.refused, all),
    p50_ms: percentile(durations, longestMs, 0.5),
    p95_ms: percentile(durations, longestMs, 0.95),
    longest_ms: all === 0 ? null : longestMs,
    payments: { ended, failed, failure_rate: rate(failed, ended) },
    webhooks: { taken, refused, unmatched, refused_share: rate(refused, refused + taken) }
  }
}
