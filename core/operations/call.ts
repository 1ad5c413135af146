import { sql } from 'kysely'
import type { ConnectionContext } from '../adapter/context.ts'
import type { HttpExchange } from '../adapter/http-client.ts'
import type { OperationName } from '../adapter/manifest.ts'
import { asProviderError, isProviderError, ProviderError } from '../adapter/problems.ts'
import type { OpenConnection } from '../connections/open.ts'
import { delegates } from '../db/delegated.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import { storable } from '../db/storable.ts'
import type { Hub } from '../hub.ts'
import { newUuid, publicId } from '../ids.ts'
import { failSpan, inSpan, isTracing, pastSpan, SpanKind } from '../telemetry/spans.ts'
import { currentWork, noteWork, workAttributes } from '../telemetry/work.ts'

/** One call to a provider, as it is kept: when, what, how long, how it ended, and what was said, scrubbed. */
export interface CallReport {
  outcome: 'succeeded' | 'refused' | 'unknown' | 'nowhere'
  errorCode: string | null
  providerCode: string | null
  httpStatus: number | null
  durationMs: number
  exchanges: KeptExchange[]
  /** What was said holds a buyer's fiscal data. */
  fiscal?: true
  finishedAt: Date
}

export interface KeptExchange {
  method: string
  url: string
  status?: number
  duration_ms: number
  request?: string
  response?: string
  error?: string
}

/** The stored credentials do not open, so there was nothing to call with. */
export function neverCalled (hub: Pick<Hub, 'now'>): CallReport {
  return { outcome: 'nowhere', errorCode: 'invalid_credentials', providerCode: null, httpStatus: null, durationMs: 0, exchanges: [], finishedAt: hub.now() }
}

export type CallResult<T> = { ok: true, value: T, report: CallReport } | { ok: false, error: ProviderError, report: CallReport }

export interface NewOperation {
  connection: Pick<OpenConnection, 'id' | 'mode' | 'adapter'>
  kind: OperationName
  subjectId?: string
  idempotencyKey?: string
  requestId?: string
}

/** Writes the intent, in the transaction that commits before the provider is asked. */
export async function insertOperation (db: TenantDb, now: Date, operation: NewOperation): Promise<string> {
  const id = newUuid(now)
  noteWork({ operation: publicId('operation', id), connection: publicId('connection', operation.connection.id) })
  await db.insertInto('operations').values({
    tenant_id: db.tenantId,
    id,
    mode: operation.connection.mode,
    connection_id: operation.connection.id,
    provider: operation.connection.adapter.manifest.id,
    kind: operation.kind,
    subject_id: operation.subjectId ?? null,
    idempotency_key: operation.idempotencyKey ?? null,
    request_id: operation.requestId ?? null,
    started_at: now
  }).execute()
  return id
}

/** When a call about this was last sent, or was about to be. */
export async function lastSent (db: TenantDb, subjectId: string, kind: OperationName): Promise<Date | undefined> {
  const row = await db.selectFrom('operations').select('started_at')
    .where('tenant_id', '=', db.tenantId).where('subject_id', '=', subjectId).where('kind', '=', kind).orderBy('id', 'desc').limit(1).executeTakeFirst()
  return row?.started_at
}

/** When the last call about this ended. One whose end nobody saw (the process died) may have gone on for `timeoutMs`. */
export async function lastEnded (db: TenantDb, subjectId: string, kind: OperationName, timeoutMs: number): Promise<Date | undefined> {
  const row = await db.selectFrom('operations').select(['started_at', 'finished_at'])
    .where('tenant_id', '=', db.tenantId).where('subject_id', '=', subjectId).where('kind', '=', kind).orderBy('id', 'desc').limit(1).executeTakeFirst()
  return row && (row.finished_at ?? new Date(row.started_at.getTime() + timeoutMs))
}

/**
 * The trace in which the first call about this was begun, which is where it began itself; a later call may be a job's own.
 * Null where nothing is traced, and then nothing is asked.
 */
export async function traceOf (db: TenantDb, subjectId: string): Promise<string | null> {
  if (!isTracing()) return null
  const row = await db.selectFrom('operations').select('trace').where('tenant_id', '=', db.tenantId).where('subject_id', '=', subjectId).orderBy('id').limit(1).executeTakeFirst()
  return row?.trace ?? null
}

/** Where a call of this kind about it was sent, or was about to be. */
export async function connectionsTried (db: TenantDb, subjectId: string, kind: OperationName): Promise<string[]> {
  const rows = await db.selectFrom('operations').select('connection_id').distinct()
    .where('tenant_id', '=', db.tenantId).where('subject_id', '=', subjectId).where('kind', '=', kind).execute()
  return rows.map(row => row.connection_id)
}

export async function finishOperation (db: TenantDb, id: string, report: CallReport): Promise<void> {
  const whole = JSON.stringify(report.exchanges)
  // Where buyers' data is delegated nothing of what was said is kept: only that it was, and what came of it.
  const bare = JSON.stringify(report.exchanges.map(({ request, response, ...rest }) => rest))
  const exchanges = report.fiscal === undefined || whole === bare ? whole : sql<string>`case when ${delegates(db, sql<string>`operations.mode`)} then ${bare}::jsonb else ${whole}::jsonb end`
  await db.updateTable('operations').set({ ...reportColumns(report), exchanges }).where('tenant_id', '=', db.tenantId).where('id', '=', id).execute()
}

const ofBuyers: ReadonlySet<OperationName> = new Set(['issue', 'get_document', 'find_document', 'validate_document', 'cancel_document', 'get_cancellation', 'download', 'credit_note', 'payment_receipt', 'self_invoice', 'register_sale', 'global_invoice', 'check_customer', 'look_up_document', 'get_checkout_of', 'submit_records', 'find_records'])

/** A report as the table has it. */
export const reportColumns = (report: CallReport) => ({
  outcome: report.outcome,
  error_code: report.errorCode,
  provider_code: report.providerCode,
  http_status: report.httpStatus,
  duration_ms: report.durationMs,
  exchanges: report.exchanges,
  finished_at: report.finishedAt
})

const outcomeOf = { nowhere: 'nowhere', unknown: 'unknown', answered: 'refused' } as const

/**
 * Calls the adapter and never throws: whatever leaves it that is not a ProviderError (a bug of ours, a body that could not
 * be read) may have struck after the request left, so it counts as `unknown`.
 */
export async function callProvider<T> (hub: CallHub, connection: OpenConnection, kind: OperationName, call: (context: ConnectionContext) => Promise<T>): Promise<CallResult<T>> {
  if (!isTracing()) return await called(hub, connection, kind, call)
  const provider = connection.adapter.manifest.id
  const attributes = { 'pasarela.provider': provider, 'pasarela.call': kind, 'pasarela.mode': connection.mode, ...workAttributes({ ...currentWork(), connection: publicId('connection', connection.id) }) }
  return await inSpan(`${provider} ${kind}`, { attributes }, async span => {
    const result = await called(hub, connection, kind, call)
    span.setAttribute('pasarela.outcome', result.report.outcome)
    if (!result.ok) failSpan(span, result.error.code)
    return result
  })
}

type CallHub = Pick<Hub, 'now' | 'log' | 'health' | 'metrics'>

async function called<T> (hub: CallHub, connection: OpenConnection, kind: OperationName, call: (context: ConnectionContext) => Promise<T>): Promise<CallResult<T>> {
  const exchanges: HttpExchange[] = []
  const startedAt = performance.now()
  const context = connection.context(kind, exchange => {
    exchanges.push(exchange)
    traceExchange(exchange)
  })
  const report = (fields: Partial<CallReport>): CallReport => ({
    outcome: 'succeeded',
    errorCode: null,
    providerCode: null,
    httpStatus: exchanges.at(-1)?.status ?? null,
    durationMs: Math.round(performance.now() - startedAt),
    exchanges: exchanges.map(exchange => keep(connection, exchange)),
    finishedAt: hub.now(),
    ...(ofBuyers.has(kind) && { fiscal: true as const }),
    ...fields
  })
  try {
    const value = storable(await call(context))
    const done = report({})
    told(hub, connection, kind, done)
    return { ok: true, value, report: done }
  } catch (thrown) {
    const error = readable(asProviderError(thrown), text => scrub(connection, text))
    if (!isProviderError(thrown)) hub.log.error({ err: thrown, kind, provider: connection.adapter.manifest.id }, 'an adapter threw something of its own')
    const done = report({ outcome: outcomeOf[error.reached], errorCode: error.code, providerCode: error.providerCode ?? null, ...(error.httpStatus !== undefined && { httpStatus: error.httpStatus }) })
    told(hub, connection, kind, done)
    return { ok: false, error, report: done }
  }
}

/**
 * One exchange, as the semantic conventions for HTTP clients have it, without path and query: these hold a provider's
 * tokens and a buyer's tax id. The operation's row has them, scrubbed. No `traceparent` is sent: who we trace is no
 * business of a provider's.
 */
function traceExchange ({ method, url, status, durationMs, error }: HttpExchange): void {
  if (!isTracing()) return
  const { hostname, port, protocol } = new URL(url)
  pastSpan(method, {
    kind: SpanKind.CLIENT,
    attributes: { 'http.request.method': method, 'server.address': hostname, 'server.port': Number(port) || (protocol === 'https:' ? 443 : 80), ...(status !== undefined && { 'http.response.status_code': status }) }
  }, durationMs, error?.code ?? (status !== undefined && status >= 400 ? String(status) : undefined))
}

/** The provider's own words, as they can be kept: some repeat what they were sent. */
function readable (error: ProviderError, scrub: (text: string) => string): ProviderError {
  const { providerCode, providerMessage } = error
  const [code, message] = [storable(providerCode), storable(providerMessage === undefined ? undefined : scrub(providerMessage))]
  return code === providerCode && message === providerMessage ? error : new ProviderError({ ...error, providerCode: code, providerMessage: message, cause: error })
}

function told (hub: Pick<Hub, 'health' | 'metrics'>, connection: OpenConnection, operation: OperationName, report: CallReport): void {
  const provider = connection.adapter.manifest.id
  hub.metrics.operations.inc({ provider, operation, outcome: report.outcome })
  hub.metrics.operationSeconds.observe({ provider, operation }, report.durationMs / 1000)
  if (!aboutGrants.has(operation)) hub.health.note(connection, report)
}

/** What they say of a connection is the service's to judge: a refused code is nobody's failure. */
const aboutGrants: ReadonlySet<OperationName> = new Set(['exchange_code', 'refresh_grant', 'prove_grant', 'revoke_grant'])

const keptBytes = 16 * 1024

function keep (connection: OpenConnection, exchange: HttpExchange): KeptExchange {
  const clean = (text: string) => scrub(connection, text)
  return {
    method: exchange.method,
    url: clean(exchange.url),
    duration_ms: Math.round(exchange.durationMs),
    ...(exchange.status !== undefined && { status: exchange.status }),
    ...(exchange.requestBody !== undefined && { request: cut(clean(textOf(exchange.requestBody))) }),
    ...(exchange.responseBody !== undefined && { response: cut(clean(textOf(exchange.responseBody))) }),
    ...(exchange.error !== undefined && { error: `${exchange.error.code} (${exchange.error.reached})` })
  }
}

/** A cut in the middle of a character would leave half of it, which PostgreSQL's jsonb refuses, and with it the whole answer. */
const cut = (text: string): string => text.slice(0, keptBytes).toWellFormed()

const textOf = (body: string | Uint8Array): string => typeof body === 'string' ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8')

/** The adapter's own scrubbing, and behind it the hub's: no credential of the connection is ever kept, whatever the adapter forgot. */
function scrub (connection: OpenConnection, text: string): string {
  let clean: string
  try {
    clean = connection.adapter.scrub(text, connection.credentials)
  } catch {
    // What an adapter cannot clean is not kept; and it must not undo a call that was made.
    return '[not kept: it could not be scrubbed]'
  }
  for (const [name, value] of Object.entries(connection.credentials)) {
    if (connection.adapter.manifest.credentials.properties[name]?.secret === true && value.length >= 6) clean = clean.replaceAll(value, `[${name}]`)
  }
  for (const secret of connection.secrets ?? []) for (const form of new Set([secret, encodeURIComponent(secret)])) clean = clean.replaceAll(form, '[secret]')
  // The address that providers call is a secret too. And PostgreSQL's jsonb refuses NUL.
  return clean.replace(/((?:\/|%2F)hooks(?:\/|%2F))[\w-]{20,}/gi, '$1[token]').replaceAll('\0', '')
}

/** A call that belongs to no payment (a connection test, a webhook's registration): intent, call, report. */
export async function recordedCall<T> (
  hub: Hub, inTenant: <R>(work: (db: TenantDb) => Promise<R>) => Promise<R>, operation: NewOperation & { connection: OpenConnection }, call: (context: ConnectionContext) => Promise<T>
): Promise<CallResult<T> & { operationId: string }> {
  const operationId = await inTenant(async db => await insertOperation(db, hub.now(), operation))
  const result = await callProvider(hub, operation.connection, operation.kind, call)
  await inTenant(async db => await finishOperation(db, operationId, result.report))
  return { ...result, operationId }
}
