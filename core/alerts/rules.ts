import type { Mode } from '../adapter/context.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import { publicId } from '../ids.ts'
import { percentile } from './latency.ts'
import * as measures from './measures.ts'
import type { NewAlert } from './raise.ts'
import type { Rules } from './settings.ts'

const minuteMs = 60_000
const hourMs = 3600_000
const dayMs = 24 * hourMs

/** Kinds that a look at the figures raises, and ends when it no longer finds them. */
export const ruleKinds = ['payments_failing', 'provider_slow', 'stamping_failing', 'webhooks_silent', 'webhooks_unmatched'] as const

/**
 * What the figures of the tenant say now. The first four are the rules of HuntRED's guide ("Alertas Recomendadas"): more than 5 % of
 * the transactions fail, a provider takes longer than 30 s, stamping errors one after another, no webhook for 24 h.
 */
export async function findingsOf (db: TenantDb, now: Date, rulesOf: (mode: Mode) => Rules): Promise<NewAlert[]> {
  const connections = (await measures.watchedConnections(db)).filter(({ enabled }) => enabled)
  const windows = new Map<string, Promise<unknown>>()
  // Connections of one mode share their window: it is asked once.
  const once = async <T> (name: string, ask: () => Promise<T>): Promise<T> => {
    if (!windows.has(name)) windows.set(name, ask())
    return await (windows.get(name) as Promise<T>)
  }
  const found: NewAlert[] = []
  for (const connection of connections) {
    const mode = connection.mode as Mode
    const rules = rulesOf(mode)
    const about = { mode, subjectId: publicId('connection', connection.id) }
    const since = (minutes: number) => new Date(now.getTime() - minutes * minuteMs)
    const attempts = rules.payments_failing.enabled ? await once(`attempts ${mode}`, async () => await measures.attemptsSince(db, since(rules.payments_failing.minutes))) : undefined
    const calls = rules.provider_slow.enabled ? await once(`calls ${mode}`, async () => await measures.callsSince(db, since(rules.provider_slow.minutes))) : undefined
    found.push(
      ...failing(about, rules, attempts?.get(connection.id)),
      ...slow(about, rules, calls?.get(connection.id)),
      ...await stamping(db, now, about, rules, connection),
      ...await silent(db, now, about, rules, connection),
      ...await unmatched(db, now, about, rules, connection)
    )
  }
  return found
}

type About = Pick<NewAlert, 'mode' | 'subjectId'>

function failing (about: About, { payments_failing: rule }: Rules, attempts: measures.Attempts | undefined): NewAlert[] {
  if (attempts === undefined || attempts.ended < rule.at_least || 100 * attempts.failed <= rule.percent * attempts.ended) return []
  const share = attempts.failed / attempts.ended
  return [{ kind: 'payments_failing', severity: share >= 0.5 ? 'critical' : 'warning', ...about, detail: { ...attempts, percent: Math.round(share * 1000) / 10, threshold_percent: rule.percent, minutes: rule.minutes } }]
}

function slow (about: About, { provider_slow: rule }: Rules, calls: measures.Calls | undefined): NewAlert[] {
  if (calls === undefined) return []
  const count = calls.durations.reduce((sum, each) => sum + each, 0)
  const p95 = percentile(calls.durations, calls.longestMs, 0.95)
  if (p95 === null || count < rule.at_least || p95 <= rule.seconds * 1000) return []
  return [{ kind: 'provider_slow', severity: 'warning', ...about, detail: { p50_ms: percentile(calls.durations, calls.longestMs, 0.5), p95_ms: p95, longest_ms: calls.longestMs, calls: count, threshold_seconds: rule.seconds, minutes: rule.minutes } }]
}

async function stamping (db: TenantDb, now: Date, about: About, { stamping_failing: rule }: Rules, { id }: measures.WatchedConnection): Promise<NewAlert[]> {
  if (!rule.enabled) return []
  const last = await measures.lastIssued(db, id, new Date(now.getTime() - dayMs), rule.in_row)
  if (last.length < rule.in_row || last.some(({ outcome }) => outcome === 'succeeded')) return []
  return [{ kind: 'stamping_failing', severity: 'critical', ...about, detail: { in_row: last.length, error_code: last[0]!.error_code, provider_code: last[0]!.provider_code } }]
}

async function silent (db: TenantDb, now: Date, about: About, { webhooks_silent: rule }: Rules, { id, last_event_at: last }: measures.WatchedConnection): Promise<NewAlert[]> {
  if (!rule.enabled || last === null || now.getTime() - last.getTime() < rule.hours * hourMs) return []
  // A connection that nobody uses any more was told once; a month later it is not silent but gone.
  if (now.getTime() - last.getTime() > Math.max(31, rule.hours / 24 + 7) * dayMs) return []
  const { taken } = await measures.hooksBetween(db, id, new Date(last.getTime() - 7 * dayMs), new Date(last.getTime() + minuteMs), rule.at_least)
  if (taken < rule.at_least) return []
  // A shop that is closed hears nothing; one that took money meanwhile should have.
  const asked = await measures.askedSince(db, id, new Date(last.getTime() + hourMs))
  return [{ kind: 'webhooks_silent', severity: asked ? 'critical' : 'warning', ...about, detail: { last_webhook_at: last.toISOString(), hours: Math.floor((now.getTime() - last.getTime()) / hourMs), threshold_hours: rule.hours, payments_meanwhile: asked } }]
}

async function unmatched (db: TenantDb, now: Date, about: About, { webhooks_unmatched: rule }: Rules, { id, last_event_at: last }: measures.WatchedConnection): Promise<NewAlert[]> {
  const from = new Date(now.getTime() - rule.minutes * minuteMs)
  if (!rule.enabled || last === null || last < from) return []
  const hooks = await measures.hooksBetween(db, id, from, new Date(now.getTime() + minuteMs))
  if (hooks.unmatched < rule.at_least || 100 * hooks.unmatched <= rule.percent * hooks.taken) return []
  return [{ kind: 'webhooks_unmatched', severity: 'warning', ...about, detail: { ...hooks, percent: Math.round(1000 * hooks.unmatched / hooks.taken) / 10, threshold_percent: rule.percent, minutes: rule.minutes } }]
}
