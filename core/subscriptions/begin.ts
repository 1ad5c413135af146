import type { Access } from '../access/principal.ts'
import type { Adapter } from '../adapter/define.ts'
import { loadSealed } from '../connections/open.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { setTimer } from '../db/timers.ts'
import { HubError } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { newUuid, publicId } from '../ids.ts'
import { insertOperation } from '../operations/call.ts'
import { isFinal, type CancelAt, type PendingKind, type SubscriptionStatus } from './machine.ts'
import { type Performed, perform } from './perform.ts'
import * as queries from './queries.ts'
import type { Change, SubscriptionRow } from './queries.ts'

/** What is asked of the provider, or undefined when it is so already. */
export type Decision = { kind: Exclude<PendingKind, 'create_subscription'>, change: Change } | undefined

export type Acting = Pick<Access, 'tenantId' | 'mode' | 'requestId'>

export const firstLook = (hub: Pick<Hub, 'config'>, now: Date): Date => new Date(now.getTime() + hub.config.resolverSchedule[0]!)

/**
 * Begins an operation on a subscription: under its lock, with the call's intent committed before the call. `record` writes
 * what else belongs to the intent.
 */
export async function begin (hub: Hub, acting: Acting, id: string, decide: (row: SubscriptionRow, adapter: Adapter) => Decision, record: (db: TenantDb, kind: PendingKind | undefined) => Promise<void>): Promise<Performed> {
  const now = hub.now()
  const intent = await inTenant(hub.db, acting.tenantId, async db => {
    const row = await queries.lockSubscription(db, id)
    if (row?.mode !== acting.mode) throw new HubError('not_found')
    if (row.pending_kind !== null) throw new HubError('operation_in_progress')
    const connection = await loadSealed(db, row.connection_id)
    const adapter = connection && hub.adapters.get(connection.provider)
    if (connection === undefined || adapter === undefined) throw new HubError('connection_not_usable')
    const decided = decide(row, adapter)
    await record(db, decided?.kind)
    if (decided === undefined) return { row, connection: undefined }
    const key = publicId('operation', newUuid(now))
    const { kind, change } = decided
    const operationId = await insertOperation(db, now, { connection: { id: connection.id, mode: connection.mode, adapter }, kind, subjectId: id, idempotencyKey: key, requestId: acting.requestId })
    const pending = await queries.markPending(db, id, { kind, change, operationId, key, since: now }, kind === 'resume_subscription' ? null : row.cancel_wanted as CancelAt | null)
    await setTimer(db, 'subscription', id, firstLook(hub, now))
    return { row: pending, connection }
  })
  return intent.connection === undefined ? { row: intent.row } : await perform(hub, intent.connection, intent.row, acting.requestId)
}

/** A cancel at the provider. One that is scheduled already, or over, is not asked for again. */
export function cancelDecision (at: CancelAt) {
  return (row: SubscriptionRow, adapter: Adapter): Decision => {
    if (adapter.payments?.cancelSubscription === undefined) throw new HubError('capability_not_supported')
    const status = row.known_status as SubscriptionStatus
    if (isFinal(status)) throw stateError(row, 'cancel')
    if (at === 'period_end' && row.cancel_at_period_end) return undefined
    return { kind: 'cancel_subscription', change: { at } }
  }
}

export function stateError (row: SubscriptionRow, action: string): HubError {
  return new HubError('invalid_state', { detail: { es: `La suscripción está en estado ${row.status}; no admite: ${action}.`, en: `The subscription is ${row.status}; it cannot ${action}.` } })
}
