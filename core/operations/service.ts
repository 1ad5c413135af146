import type { Access } from '../access/principal.ts'
import type { Mode } from '../adapter/context.ts'
import type { OperationName } from '../adapter/manifest.ts'
import { idWindow, pageOf } from '../db/id-window.ts'
import { inTenant } from '../db/in-tenant.ts'
import { HubError, invalidField } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { type IdKind, parseAnyId, parseId, publicId, uuidOf } from '../ids.ts'
import type { KeptExchange } from './call.ts'
import * as queries from './queries.ts'
import type { OperationRow } from './queries.ts'
import type { ListOperations, Operation, OperationDetail } from './schema.ts'

/** Every call to a provider in the tenant and mode of the request, newest first. */
export async function listOperations (hub: Pick<Hub, 'db'>, access: Access, query: ListOperations): Promise<{ data: Operation[], next_cursor: string | null }> {
  const window = idWindow('operation', query)
  const connectionId = query.connection === undefined ? undefined : parseId('connection', query.connection)
  if (query.connection !== undefined && connectionId === undefined) throw invalidField('connection', 'is not the id of a connection')
  const subjectId = query.subject === undefined ? undefined : parseAnyId(query.subject)?.uuid
  if (query.subject !== undefined && subjectId === undefined) throw invalidField('subject', 'is not an id')
  const rows = await inTenant(hub.db, access.tenantId, async db => await queries.listOperations(db, access.mode, window, {
    ...(connectionId !== undefined && { connectionId }), ...(subjectId !== undefined && { subjectId }), ...(query.kind !== undefined && { kind: query.kind }), ...(query.outcome !== undefined && { outcome: query.outcome })
  }))
  return pageOf('operation', window, rows, showOperation)
}

/** One call, with what was said; secrets were cut before it was written down. */
export async function getOperation (hub: Pick<Hub, 'db'>, access: Access, publicOperationId: string): Promise<OperationDetail> {
  const row = await inTenant(hub.db, access.tenantId, async db => await queries.findOperation(db, access.mode, uuidOf('operation', publicOperationId)))
  if (row === undefined) throw new HubError('not_found')
  return { ...showOperation(row), exchanges: row.exchanges as KeptExchange[] }
}

/** The column says only which one; what it is follows from what was asked. */
const subjectKinds: Partial<Record<OperationName, IdKind>> = {
  create_payment: 'payment', get_payment: 'payment', find_payment: 'payment', confirm_payment: 'payment', complete_payment: 'payment', capture: 'payment', cancel: 'payment',
  refund: 'refund', get_refund: 'refund', find_refund: 'refund',
  issue: 'invoice', get_document: 'invoice', find_document: 'invoice', download: 'invoice', cancel_document: 'invoice', get_cancellation: 'invoice', look_up_document: 'invoice',
  account_status: 'connection', test: 'connection', list_transactions: 'connection', register_webhook: 'connection', unregister_webhook: 'connection', provoke_webhook: 'connection'
}

function showOperation (row: OperationRow): Operation {
  const subjectKind = subjectKinds[row.kind as OperationName]
  return {
    id: publicId('operation', row.id),
    object: 'operation',
    mode: row.mode as Mode,
    connection: publicId('connection', row.connection_id),
    provider: row.provider,
    kind: row.kind,
    subject: row.subject_id === null || subjectKind === undefined ? null : publicId(subjectKind, row.subject_id),
    outcome: row.outcome as Operation['outcome'],
    error_code: row.error_code,
    provider_code: row.provider_code,
    http_status: row.http_status,
    duration_ms: row.duration_ms,
    idempotency_key: row.idempotency_key,
    request_id: row.request_id,
    started_at: row.started_at.toISOString(),
    finished_at: row.finished_at?.toISOString() ?? null
  }
}
