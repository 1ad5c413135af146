import type { ConnectionContext } from '../adapter/context.ts'
import type { Adapter } from '../adapter/define.ts'
import type { DisputeSnapshot } from '../adapter/disputes.ts'
import type { ProviderError } from '../adapter/problems.ts'
import type { SealedConnection } from '../connections/open.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { setTimer } from '../db/timers.ts'
import type { Hub } from '../hub.ts'
import { type CallResult, callProvider, finishOperation, neverCalled } from '../operations/call.ts'
import { problemOf } from '../operations/problem.ts'
import { requireMethod, requirePayments } from '../payments/plan.ts'
import { applyDispute, disputeTimer, lockBoth } from './apply.ts'
import { type DisputePlan, evidenceInput, sealEvidence } from './plan.ts'
import * as queries from './queries.ts'
import type { DisputeRow } from './queries.ts'

/** The adapter's method for a plan. Throws when it has none. */
export function callOf (adapter: Adapter, plan: DisputePlan): (context: ConnectionContext) => Promise<DisputeSnapshot> {
  const family = requirePayments(adapter)
  if (plan.kind === 'accept_dispute') {
    const accept = requireMethod(family.acceptDispute)
    return async context => await accept(context, plan.input)
  }
  const submit = requireMethod(family.submitEvidence)
  const input = { ...plan.input, evidence: evidenceInput(plan.evidence) }
  return async context => await submit(context, input)
}

interface Performance {
  disputeId: string
  operationId: string
  plan: DisputePlan
  call: (context: ConnectionContext) => Promise<DisputeSnapshot>
}

/** Calls the provider for an intent that is committed, and applies what came of it. It never repeats. */
export async function perform (hub: Hub, connection: SealedConnection, work: Performance): Promise<{ row: DisputeRow, error?: ProviderError }> {
  const { tenantId } = connection
  const opened = await hub.open(connection).catch((error: unknown) => {
    hub.log.error({ err: error }, 'a connection did not open')
    return undefined
  })
  const result = opened === undefined ? undefined : await callProvider(hub, opened, work.plan.kind, work.call)
  const evidenceSealed = await sealedEvidenceOf(hub, tenantId, work.disputeId, work.plan)
  const row = await inTenant(hub.db, tenantId, async db => {
    await finishOperation(db, work.operationId, result?.report ?? neverCalled(hub))
    const seen = (await queries.findDispute(db, work.disputeId))!
    const locked = await lockBoth(db, seen)
    if (locked.pending_operation_id !== work.operationId) return locked
    return await endCall(hub, db, locked, work.plan, result, evidenceSealed)
  })
  return { row, ...(result !== undefined && !result.ok && { error: result.error }) }
}

/** Before the transaction: sealing may need the database itself. */
export async function sealedEvidenceOf (hub: Pick<Hub, 'vault'>, tenantId: string, disputeId: string, plan: DisputePlan): Promise<string | undefined> {
  return plan.kind === 'submit_evidence' ? await sealEvidence(hub, tenantId, disputeId, plan.evidence) : undefined
}

/** What a call's answer, or its refusal, does to the dispute that waits for it. */
export async function endCall (hub: Pick<Hub, 'now'>, db: TenantDb, row: DisputeRow, plan: DisputePlan, result: CallResult<DisputeSnapshot> | undefined, evidenceSealed: string | undefined): Promise<DisputeRow> {
  if (result?.ok === true) {
    const fact = plan.kind === 'accept_dispute' ? { type: 'accepted' as const, snapshot: result.value } : { type: 'pulled' as const, snapshot: result.value, current: true }
    return await applyDispute(hub, db, row, fact, { pending: null, ...(evidenceSealed !== undefined && { evidenceSealed }) })
  }
  if (result?.error.reached === 'unknown') return row
  // It certainly was not done: the dispute is as it was, and may be looked at soon.
  await setTimer(db, disputeTimer, row.id, hub.now())
  return await queries.updateDispute(db, row.id, { pending: null, error: result === undefined ? { code: 'invalid_credentials', message: 'the stored credentials do not open' } : problemOf(result.error) }, hub.now())
}
