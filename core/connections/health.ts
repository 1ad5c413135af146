import type { Kysely } from 'kysely'
import type { Mode } from '../adapter/context.ts'
import { placeOf } from '../alerts/latency.ts'
import { addCalls, type Calls, noCalls, slotOf } from '../alerts/measures.ts'
import { raiseAlert, resolveAlert } from '../alerts/raise.ts'
import { inTenant } from '../db/in-tenant.ts'
import type { Database } from '../db/schema.ts'
import { publicId } from '../ids.ts'
import { doubt } from './oauth/soon.ts'
import * as queries from './queries.ts'
import { tellConnection } from './tell.ts'

export interface CallEnd {
  outcome: 'succeeded' | 'refused' | 'unknown' | 'nowhere'
  errorCode: string | null
  providerCode: string | null
  finishedAt: Date
  /** Absent where nothing was called. */
  durationMs?: number
}

export interface HealthRecorder {
  /** Notes how a call ended. Never awaited by the call itself, and never in its way. */
  note: (connection: { tenantId: string, id: string }, end: CallEnd) => void
  /** Its next success is to be written, however lately one was: somebody has seen it fail. */
  expect: (connectionId: string) => void
  /** Resolves when all that was noted is written. */
  idle: () => Promise<void>
}

export interface HealthDeps {
  db: Kysely<Database>
  log: { error: (fields: object, message: string) => void }
  /** Failures in a row from which on the breaker is not closed. */
  breakerFailures: number
  /** Told when whether a connection is asked may be another now. */
  changed: (tenantId: string) => void
  /** Told that a call has ended, and what there was to write of it is written. */
  ended: (connectionId: string) => void
}

/** What was counted is written so long after the first of it; a process that dies takes so much along. */
const flushMs = 1000
const failuresInRow = 5
const quietMs = 30_000

/** The credentials themselves are refused: one such answer is enough. */
const isCredentialProblem = (code: string | null) => code === 'invalid_credentials' || code === 'permission_denied'

/**
 * Keeps each connection's health, and counts its calls, without writing a row per call: a success is written when it changes something or every
 * half minute. A refused payment is a healthy answer; only a provider that cannot be reached, or that refuses the
 * credentials, makes a connection `failing`.
 */
export function createHealthRecorder ({ db, log, breakerFailures, changed, ended }: HealthDeps): HealthRecorder {
  const seen = new Map<string, { failing: boolean, at: number }>()
  const writing = new Set<Promise<void>>()
  const counted = new Map<string, { tenantId: string, id: string, slot: Date, calls: Calls }>()
  let timer: NodeJS.Timeout | undefined

  const keep = (work: Promise<void>): void => {
    const done = work.catch((error: unknown) => { log.error({ err: error }, 'health was not written') }).finally(() => writing.delete(done))
    writing.add(done)
  }

  function count (connection: { tenantId: string, id: string }, { outcome, finishedAt, durationMs }: CallEnd): void {
    if (durationMs === undefined) return
    const slot = slotOf(finishedAt)
    const name = `${connection.id} ${slot.getTime()}`
    const { calls } = counted.get(name) ?? counted.set(name, { ...connection, slot, calls: noCalls() }).get(name)!
    calls[outcome]++
    calls.durations[placeOf(durationMs)]!++
    calls.longestMs = Math.max(calls.longestMs, durationMs)
    timer ??= setTimeout(flush, flushMs).unref()
  }

  function flush (): void {
    clearTimeout(timer)
    timer = undefined
    for (const { tenantId, id, slot, calls } of counted.values()) keep(inTenant(db, tenantId, async db => { await addCalls(db, id, slot, calls) }))
    counted.clear()
  }

  return {
    note (connection, end) {
      count({ tenantId: connection.tenantId, id: connection.id }, end)
      const bad = end.outcome === 'unknown' || end.outcome === 'nowhere' || isCredentialProblem(end.errorCode)
      const last = seen.get(connection.id)
      if (!bad && last !== undefined && !last.failing && end.finishedAt.getTime() - last.at < quietMs) return ended(connection.id)
      if (seen.size > 10_000) seen.clear()
      seen.set(connection.id, { failing: bad, at: end.finishedAt.getTime() })
      // Our own limit says nothing of the provider.
      if (end.outcome === 'nowhere' && end.errorCode === 'rate_limited') return ended(connection.id)
      keep(write(db, connection, end, bad, breakerFailures)
        .then(moved => { if (moved) changed(connection.tenantId) })
        .finally(() => { ended(connection.id) }))
    },
    expect: connectionId => { seen.delete(connectionId) },
    async idle () {
      flush()
      while (writing.size > 0) await Promise.all(writing)
    }
  }
}

/** True when the breaker is not as it was. */
async function write (db: Kysely<Database>, connection: { tenantId: string, id: string }, end: CallEnd, bad: boolean, breakerFailures: number): Promise<boolean> {
  const now = end.finishedAt
  return await inTenant(db, connection.tenantId, async db => {
    const row = await queries.lockConnection(db, connection.id)
    if (row === undefined) return false
    const failures = bad ? row.failures_in_row + 1 : 0
    const health = !row.enabled ? 'disabled' : !bad ? 'healthy' : isCredentialProblem(end.errorCode) || failures >= failuresInRow ? 'failing' : row.health
    await queries.updateConnection(db, row.id, {
      health,
      failures_in_row: failures,
      ...(bad
        ? { last_error_at: now, last_error: JSON.stringify({ code: end.errorCode, provider_code: end.providerCode, at: now.toISOString() }) }
        : { last_success_at: now })
    }, now)
    if (bad && row.oauth_account !== null && row.reconnect_since === null && isCredentialProblem(end.errorCode)) await doubt(db, row.id, now)
    const moved = Math.max(failures, row.failures_in_row) >= breakerFailures
    if (moved) await queries.notifyConnection(db, row.id)
    if (health === row.health) return moved
    const subjectId = publicId('connection', row.id)
    await tellConnection(db, now, row, `connection.${health as 'healthy' | 'failing' | 'disabled'}`, { health, error_code: end.errorCode })
    if (health === 'healthy') await resolveAlert(db, now, 'connection_failing', subjectId)
    if (health === 'failing') await raiseAlert(db, now, { kind: 'connection_failing', severity: 'critical', mode: row.mode as Mode, subjectId, detail: { error_code: end.errorCode, provider_code: end.providerCode } })
    return moved
  })
}
