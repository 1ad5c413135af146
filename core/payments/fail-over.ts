import type { ProviderProblem } from '../adapter/problems.ts'
import { loadSealed, type SealedConnection } from '../connections/open.ts'
import { inTenant } from '../db/in-tenant.ts'
import { setTimer } from '../db/timers.ts'
import { recordEvents } from '../events/record.ts'
import type { Hub } from '../hub.ts'
import { newUuid, publicId } from '../ids.ts'
import { type CallReport, finishOperation, insertOperation } from '../operations/call.ts'
import type { Candidate, Route } from '../routing-rules/choose.ts'
import { decide, type PreparedFact } from './apply.ts'
import { leftAttemptKind, leftAttemptLookMs } from './left-attempts.ts'
import type { Performance } from './perform.ts'
import { callOf, type Plan, sealPlan } from './plan.ts'
import * as queries from './queries.ts'
import { showPayment } from './view.ts'

type CreatePlan = Extract<Plan, { kind: 'create_payment' }>

/** What may be tried when a new payment's call certainly took nothing. */
export interface Otherwise {
  next: readonly Candidate[]
  /** Refusals after which the tenant wants the next one tried. */
  on: readonly ProviderProblem[]
  plan: CreatePlan
  requestId: string
}

/**
 * The further connections of a payment's route that it makes sense to try. A token means nothing to another provider, and the
 * same account twice would be told the same.
 */
export function otherwiseOf (route: Route, plan: CreatePlan, requestId: string): Otherwise | undefined {
  const { first, next, failoverOn: on } = route
  const withToken = plan.input.method?.token !== undefined
  const further = next.filter(({ connection }) => !isSameAccount(connection, first.connection) && (!withToken || connection.provider === first.connection.provider))
  return further.length === 0 ? undefined : { next: further, on, plan, requestId }
}

function isSameAccount (one: SealedConnection, other: SealedConnection): boolean {
  return one.provider === other.provider && one.account !== null && one.account.id === other.account?.id
}

/**
 * Ends the attempt that failed and writes the intent of the next one, on the next connection, in one transaction; undefined, and
 * nothing written, unless it is proven that nothing was charged: the call never got there, or the provider refused it with one of
 * the tenant's classes. An outcome that nobody knows never leads here.
 */
export async function failOver (hub: Hub, work: Performance & { otherwise: Otherwise }, failed: PreparedFact, report: CallReport): Promise<Performance | undefined> {
  const { row, otherwise } = work
  if (!isProvenUncharged(failed, otherwise.on)) return undefined
  const { outcome, settlement, alerts } = decide(hub, row, failed)
  // What a person has to judge, or what is not the end of this attempt, is no failure to fail over from.
  if (outcome.do !== 'apply' || outcome.pull === true || outcome.review !== undefined || alerts.length > 0 || outcome.next.pending !== null) return undefined
  if (outcome.next.status !== 'requires_payment_method' && outcome.next.status !== 'failed') return undefined
  const attempt = settlement?.attempt
  if (attempt === null || attempt === undefined) return undefined

  const { tenant_id: tenantId, id: paymentId } = row
  const now = hub.now()
  const attemptId = newUuid(now)
  const number = row.attempts + 1
  const idempotencyKey = publicId('attempt', attemptId) as CreatePlan['input']['idempotencyKey']
  const plan: CreatePlan = { kind: 'create_payment', input: { ...otherwise.plan.input, idempotencyKey, attempt: number } }
  // Sealing may need the database itself, so it is not done inside the transaction that holds the lock.
  const sealed = await sealPlan(hub, tenantId, paymentId, plan)
  return await inTenant(hub.db, tenantId, async db => {
    const locked = await queries.lockPayment(db, paymentId)
    // News came in meanwhile, or it was canceled: then the failure is told as it is.
    if (locked?.version !== row.version || locked.pending_operation_id !== work.operationId || locked.cancel_wanted_at !== null || locked.review !== null) return undefined
    for (const [index, { adapter, connection: { id: connectionId } }] of otherwise.next.entries()) {
      const connection = await loadSealed(db, connectionId)
      if (connection?.enabled !== true) continue
      await finishOperation(db, work.operationId, report)
      const left = await queries.endAttempt(db, paymentId, attempt)
      // What was declined may still stand open there: it is closed later, out of the payer's way.
      if (attempt.provider_reference !== null) await setTimer(db, leftAttemptKind, left.id, new Date(now.getTime() + leftAttemptLookMs))
      const operationId = await insertOperation(db, now, { connection: { id: connection.id, mode: connection.mode, adapter }, kind: 'create_payment', subjectId: paymentId, idempotencyKey, requestId: otherwise.requestId })
      await queries.insertAttempt(db, { id: attemptId, paymentId, number, connectionId, idempotencyKey, method: row.method as object | null, now })
      const next = await queries.reroute(db, paymentId, connection, { kind: 'create_payment', operationId, idempotencyKey, sealed, since: now, nextRunAt: new Date(now.getTime() + hub.config.resolverSchedule[0]!) }, number)
      await recordEvents(db, now, [{
        type: 'payment.failed_over',
        mode: connection.mode,
        subjectId: paymentId,
        data: { ...showPayment(next, 'en'), failover: { from: publicId('connection', row.connection_id), to: publicId('connection', connectionId), attempt: number, error_code: attempt.error?.code ?? null } }
      }])
      return { connection, kind: 'create_payment' as const, operationId, row: next, call: callOf(adapter, plan), otherwise: { ...otherwise, next: otherwise.next.slice(index + 1), plan } }
    }
    return undefined
  })
}

function isProvenUncharged ({ fact }: PreparedFact, on: readonly ProviderProblem[]): boolean {
  switch (fact.type) {
    case 'nowhere': return true
    case 'refused': return on.includes(fact.problem.code)
    case 'answer': {
      const { error, amountCaptured, amountCapturable } = fact.snapshot
      return error !== undefined && on.includes(error.code) && amountCaptured === 0 && amountCapturable === 0
    }
    default: return false
  }
}
