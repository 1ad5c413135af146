import type { IdempotencyKey } from '../adapter/payments.ts'
import type { ProviderError } from '../adapter/problems.ts'
import { loadSealed, type SealedConnection } from '../connections/open.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { setTimer } from '../db/timers.ts'
import { HubError } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { newUuid, publicId } from '../ids.ts'
import { callProvider, finishOperation, insertOperation, neverCalled } from '../operations/call.ts'
import { problemOf } from '../operations/problem.ts'
import { firstLook, providerKey } from '../payments/service.ts'
import { applyPage, pageTimer, type ToldFact } from './apply.ts'
import { pageCalls, type ToldPage } from './calls.ts'
import * as queries from './queries.ts'
import type { PageKind, PageRow } from './queries.ts'

interface PageCall {
  pageId: string
  operationId: string
  operation: Parameters<typeof callProvider>[2]
  call: (context: Parameters<Parameters<typeof callProvider<ToldPage>>[3]>[0]) => Promise<ToldPage>
  requestId: string
}

/** Calls the provider for an intent that is committed, and applies what came of it. It never repeats. */
export async function performCall (hub: Hub, connection: SealedConnection, work: PageCall): Promise<{ row: PageRow, error?: ProviderError }> {
  const { tenantId } = connection
  const opened = await hub.open(connection).catch((error: unknown) => {
    hub.log.error({ err: error }, 'a connection did not open')
    return undefined
  })
  const result = opened === undefined ? undefined : await callProvider(hub, opened, work.operation, work.call)
  const row = await inTenant(hub.db, tenantId, async db => {
    await finishOperation(db, work.operationId, result?.report ?? neverCalled(hub))
    const locked = (await queries.lockPage(db, work.pageId))!
    // Somebody else (a webhook, the resolver) has told this operation's end already: then this answer settles nothing new.
    const mine = locked.pending_operation_id === work.operationId
    const fact = result === undefined ? credentialsDoNotOpen : result.ok ? { type: mine ? 'answer' as const : 'told' as const, snapshot: result.value } : factOfError(result.error)
    return fact === undefined || (!mine && !('snapshot' in fact)) ? locked : await applyPage(hub, db, locked, fact)
  })
  return { row, ...(result !== undefined && !result.ok && { error: result.error }) }
}

const credentialsDoNotOpen: ToldFact = { type: 'refused', problem: { code: 'invalid_credentials', message: 'the stored credentials do not open' } }

/** Undefined while nobody knows. */
export function factOfError (error: ProviderError): ToldFact | undefined {
  return error.reached === 'unknown' ? undefined : { type: 'refused', problem: problemOf(error) }
}

/** Writes the intent to end a page. Throws when its state does not allow it. */
export async function beginExpire (hub: Hub, tenantId: string, pageId: string, requestId: string, also: (db: TenantDb, row: PageRow) => Promise<unknown>): Promise<{ connection: SealedConnection, work: PageCall }> {
  const now = hub.now()
  return await inTenant(hub.db, tenantId, async db => {
    const row = (await queries.lockPage(db, pageId))!
    if (row.pending_kind !== null) throw new HubError(row.status === 'unknown' ? 'outcome_unknown' : 'operation_in_progress')
    if (row.status !== 'open' || row.provider_reference === null) throw stateError(row)
    const connection = await loadSealed(db, row.connection_id)
    const adapter = connection && hub.adapters.get(connection.provider)
    if (connection === undefined || adapter === undefined) throw new HubError('connection_not_usable')
    const { expire, names } = pageCalls(adapter, row.kind as PageKind)
    if (expire === undefined) throw new HubError('capability_not_supported')
    const idempotencyKey = providerKey('operation', newUuid(now))
    const operationId = await insertOperation(db, now, { connection: { id: connection.id, mode: connection.mode, adapter }, kind: names.expire, subjectId: pageId, idempotencyKey, requestId })
    await queries.updatePage(db, pageId, { pending: 'expire', pending_operation_id: operationId, pending_since: now }, now)
    await setTimer(db, pageTimer, pageId, firstLook(hub, now))
    await also(db, row)
    return { connection, work: { pageId, operationId, operation: names.expire, call: expire(expireInput(row, row.provider_reference, idempotencyKey)), requestId } }
  })
}

export const expireInput = (row: PageRow, providerReference: string, idempotencyKey: IdempotencyKey) => ({ idempotencyKey, providerReference, reference: publicId(row.kind as PageKind, row.id) })

function stateError (row: PageRow): HubError {
  return new HubError('invalid_state', { detail: { es: `Está en estado ${row.status}; ya no se puede terminar.`, en: `It is ${row.status}; it cannot be ended any more.` } })
}
