import type { Access } from '../access/principal.ts'
import type { AcceptDisputeInput, DisputeStatus } from '../adapter/disputes.ts'
import { recordChange } from '../audit/record.ts'
import { loadSealed, type SealedConnection } from '../connections/open.ts'
import { idWindow, pageOf } from '../db/id-window.ts'
import { inTenant } from '../db/in-tenant.ts'
import { storable } from '../db/storable.ts'
import { setTimer } from '../db/timers.ts'
import { HubError, invalidField } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { type Idempotency, recordSubject } from '../idempotency/service.ts'
import { newUuid, publicId, uuidOf } from '../ids.ts'
import { insertOperation } from '../operations/call.ts'
import { firstLook, providerKey, throwProviderError } from '../payments/service.ts'
import { disputeTimer, lockBoth } from './apply.ts'
import { isFinal, wantsEvidence } from './machine.ts'
import { callOf, perform } from './perform.ts'
import { type DisputePlan, openEvidence, sealDisputePlan } from './plan.ts'
import * as queries from './queries.ts'
import type { DisputeRow } from './queries.ts'
import { settleDispute } from './resolver.ts'
import type { Dispute, Evidence, ListDisputes, NewEvidence } from './schema.ts'
import { showDispute } from './view.ts'

export async function listDisputes (hub: Hub, access: Access, query: ListDisputes): Promise<{ data: Dispute[], next_cursor: string | null }> {
  const window = idWindow('dispute', query)
  const [paymentId, connectionId] = [query.payment === undefined ? undefined : uuidOf('payment', query.payment), query.connection === undefined ? undefined : uuidOf('connection', query.connection)]
  const rows = await inTenant(hub.db, access.tenantId, async db => await queries.listDisputes(db, {
    ...window,
    mode: access.mode,
    ...(query.status !== undefined && { status: query.status }),
    ...(query.reason !== undefined && { reason: query.reason }),
    ...(paymentId !== undefined && { paymentId }),
    ...(connectionId !== undefined && { connectionId }),
    ...(query.due_before !== undefined && { dueBefore: new Date(query.due_before) })
  }))
  return pageOf('dispute', window, rows, row => showDispute(row, access.language))
}

export async function getDispute (hub: Hub, access: Access, publicDisputeId: string): Promise<Dispute> {
  return await show(hub, access, await read(hub, access, publicDisputeId))
}

/** Keeps a draft at the provider, or sends it to the bank once and for all. What was given before is sent along. */
export async function submitEvidence (hub: Hub, access: Access, publicDisputeId: string, given: NewEvidence, idempotency: Idempotency | null): Promise<Dispute> {
  const { submit, ...fields } = storable(given)
  return await act(hub, access, publicDisputeId, idempotency, async row => {
    if (!wantsEvidence(row.status as DisputeStatus) || row.evidence_submitted) throw stateError(row, 'takes no evidence')
    if (row.evidence_due_by !== null && row.evidence_due_by <= hub.now()) throw new HubError('evidence_too_late', { detail: { es: `El plazo terminó el ${row.evidence_due_by.toISOString()}.`, en: `The deadline was ${row.evidence_due_by.toISOString()}.` } })
    const evidence: Evidence = { ...await openEvidence(hub, row), ...fields }
    if (Object.keys(evidence).length === 0) throw invalidField('explanation', 'there is no evidence yet: say something in one of the fields')
    return { plan: input => ({ kind: 'submit_evidence', input: { ...input, submit }, evidence }), detail: { submit, fields: Object.keys(fields) } }
  })
}

/** Gives in: the money stays with the payer. It cannot be taken back. */
export async function acceptDispute (hub: Hub, access: Access, publicDisputeId: string, idempotency: Idempotency | null): Promise<Dispute> {
  return await act(hub, access, publicDisputeId, idempotency, async row => {
    if (isFinal(row.status as DisputeStatus) || row.status === 'warning_closed') throw stateError(row, 'is over')
    return { plan: input => ({ kind: 'accept_dispute', input }), detail: {} }
  })
}

interface Act {
  plan: (input: AcceptDisputeInput) => DisputePlan
  detail: Record<string, unknown>
}

const triesAtMost = 3

/** Intent, call, answer. `decide` throws when the dispute's state does not allow it; when that moved before the intent was written, it is asked anew. */
async function act (hub: Hub, access: Access, publicDisputeId: string, idempotency: Idempotency | null, decide: (row: DisputeRow) => Promise<Act>): Promise<Dispute> {
  for (let round = 0; round < triesAtMost; round++) {
    // Before anything new the call before must have an end.
    const seen = await settleDispute(hub, await read(hub, access, publicDisputeId), access.requestId)
    // A first run wrote its intent and died: what became of it is the answer.
    if (idempotency?.subject !== undefined) return await show(hub, access, seen)
    if (seen.pending_kind !== null) throw new HubError('outcome_unknown')
    const begun = await begin(hub, access, seen, await decide(seen), idempotency)
    if (begun === undefined) continue
    const { row, error } = await perform(hub, begun.connection, begun.work)
    if (error !== undefined) throwProviderError(error, row.provider)
    return await show(hub, access, row)
  }
  throw new HubError('conflict')
}

/** Writes the intent; undefined when the dispute is not as it was seen. */
async function begin (hub: Hub, access: Access, seen: DisputeRow, { plan: planWith, detail }: Act, idempotency: Idempotency | null): Promise<{ connection: SealedConnection, work: Parameters<typeof perform>[2] } | undefined> {
  const now = hub.now()
  const id = publicId('dispute', seen.id)
  const idempotencyKey = providerKey('operation', newUuid(now))
  const plan = planWith({ idempotencyKey, providerReference: seen.provider_reference, reference: id })
  // Sealing may need the database itself, so it is not done inside the transaction that holds the lock.
  const sealed = await sealDisputePlan(hub, access.tenantId, seen.id, plan)
  return await inTenant(hub.db, access.tenantId, async db => {
    const row = await lockBoth(db, seen)
    if (row.pending_kind !== null) throw new HubError('operation_in_progress')
    if (row.version !== seen.version) return undefined
    const connection = await loadSealed(db, row.connection_id)
    const adapter = connection && hub.adapters.get(connection.provider)
    if (connection === undefined || adapter === undefined) throw new HubError('connection_not_usable')
    const call = callOf(adapter, plan)
    const operationId = await insertOperation(db, now, { connection: { id: connection.id, mode: connection.mode, adapter }, kind: plan.kind, subjectId: row.id, idempotencyKey, requestId: access.requestId })
    await queries.updateDispute(db, row.id, { pending: { kind: plan.kind, operationId, sealed, since: now }, error: null }, now)
    await setTimer(db, disputeTimer, row.id, firstLook(hub, now))
    await recordChange(db, access, now, { action: plan.kind === 'accept_dispute' ? 'dispute.accepted' : 'dispute.evidence', subjectType: 'dispute', subjectId: id, detail })
    if (idempotency !== null) await recordSubject(db, idempotency, id)
    return { connection, work: { disputeId: row.id, operationId, plan, call } }
  })
}

async function read (hub: Hub, access: Access, publicDisputeId: string): Promise<DisputeRow> {
  const id = uuidOf('dispute', publicDisputeId)
  const row = await inTenant(hub.db, access.tenantId, async db => await queries.findDispute(db, id))
  // A dispute of the other mode is as absent as another tenant's.
  if (row?.mode !== access.mode) throw new HubError('not_found')
  return row
}

async function show (hub: Hub, access: Access, row: DisputeRow): Promise<Dispute> {
  return showDispute(row, access.language, await openEvidence(hub, row))
}

function stateError (row: DisputeRow, what: string): HubError {
  return new HubError('invalid_state', { detail: { es: `La disputa está en estado ${row.status}; ya no lo admite.`, en: `The dispute is ${row.status}${row.evidence_submitted ? ', its evidence was sent' : ''}; it ${what}.` } })
}
