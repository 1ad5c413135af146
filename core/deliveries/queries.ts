import { type Kysely, sql } from 'kysely'
import type { Mode } from '../adapter/context.ts'
import type { IdWindow } from '../db/id-window.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import type { Database } from '../db/schema.ts'
import { uuidAt } from '../ids.ts'
import type { DeliveryStatus, EndpointTally } from './machine.ts'
import type { KeyHint } from './secrets.ts'

/** Whose endpoints are meant: a tenant's own, or a partner's, which live in the platform's tenant. */
export interface Owner { partnerId: string | null, mode: Mode }

// --- endpoints ---------------------------------------------------------------------------------------------------------

const selectEndpoints = (db: TenantDb, { partnerId, mode }: Owner) => db.selectFrom('webhook_endpoints').selectAll().where('tenant_id', '=', db.tenantId)
  .where('partner_id', 'is not distinct from', partnerId).where('mode', '=', mode).where('deleted_at', 'is', null)
export type EndpointRow = Awaited<ReturnType<ReturnType<typeof selectEndpoints>['executeTakeFirstOrThrow']>>

export async function findEndpoint (db: TenantDb, owner: Owner, id: string): Promise<EndpointRow | undefined> {
  return await selectEndpoints(db, owner).where('id', '=', id).executeTakeFirst()
}

export async function lockEndpoint (db: TenantDb, owner: Owner, id: string): Promise<EndpointRow | undefined> {
  return await selectEndpoints(db, owner).where('id', '=', id).forUpdate().executeTakeFirst()
}

export async function listEndpoints (db: TenantDb, owner: Owner, window: IdWindow): Promise<EndpointRow[]> {
  return await selectEndpoints(db, owner)
    .$if(window.before !== undefined, q => q.where('id', '<', window.before!))
    .$if(window.from !== undefined, q => q.where('id', '>=', window.from!))
    .orderBy('id', 'desc').limit(window.limit).execute()
}

/** Those that are not deleted. Whoever makes one at the same time waits. */
export async function countEndpoints (db: TenantDb, owner: Owner): Promise<number> {
  await sql`select pg_advisory_xact_lock(hashtext('webhook endpoints'), hashtext(${`${db.tenantId} ${owner.partnerId}`}))`.execute(db)
  return (await selectEndpoints(db, owner).execute()).length
}

export interface NewEndpointRow {
  id: string
  url: string
  label: string | null
  event_types: string[]
  filters: object[]
  ordered: boolean
  enabled: boolean
  secrets_sealed: string
  hints: KeyHint[]
}

export async function insertEndpoint (db: TenantDb, { partnerId, mode }: Owner, row: NewEndpointRow, now: Date): Promise<void> {
  await db.insertInto('webhook_endpoints').values({
    ...row,
    tenant_id: db.tenantId,
    partner_id: partnerId,
    mode,
    filters: JSON.stringify(row.filters),
    hints: JSON.stringify(row.hints),
    disabled_reason: row.enabled ? null : 'by_person',
    disabled_at: row.enabled ? null : now,
    created_at: now,
    updated_at: now
  }).execute()
}

export interface EndpointChanges {
  url?: string
  label?: string | null
  event_types?: string[]
  filters?: object[]
  ordered?: boolean
  secrets_sealed?: string | null
  hints?: readonly KeyHint[]
  deleted_at?: Date
}

/** Whoever sends finds a new version, and reads it anew. */
export async function updateEndpoint (db: TenantDb, id: string, { filters, hints, ...changes }: EndpointChanges, now: Date): Promise<void> {
  await db.updateTable('webhook_endpoints').set({
    ...changes,
    ...(filters !== undefined && { filters: JSON.stringify(filters) }),
    ...(hints !== undefined && { hints: JSON.stringify(hints) }),
    version: sql`version + 1`,
    updated_at: now
  }).where('tenant_id', '=', db.tenantId).where('id', '=', id).execute()
}

/** False when it was disabled already. */
export async function disable (db: TenantDb, id: string, reason: 'by_person' | 'gone' | 'failing', now: Date): Promise<boolean> {
  const { numUpdatedRows } = await db.updateTable('webhook_endpoints').set({ enabled: false, disabled_reason: reason, disabled_at: now, paused_until: null, version: sql`version + 1`, updated_at: now })
    .where('tenant_id', '=', db.tenantId).where('id', '=', id).where('enabled', '=', true).executeTakeFirst()
  return numUpdatedRows > 0n
}

/** With a clean slate: what went wrong before counts no more. */
export async function enable (db: TenantDb, id: string, now: Date): Promise<void> {
  await db.updateTable('webhook_endpoints').set({
    enabled: true, disabled_reason: null, disabled_at: null, paused_until: null, trips: 0, consecutive_failures: 0, failing_since: null, concurrency: 8, version: sql`version + 1`, updated_at: now
  }).where('tenant_id', '=', db.tenantId).where('id', '=', id).where('enabled', '=', false).execute()
}

/** Lets one delivery try at once, whatever pause there is. */
export async function endPause (db: TenantDb, id: string, now: Date): Promise<void> {
  await db.updateTable('webhook_endpoints').set({ paused_until: now }).where('tenant_id', '=', db.tenantId).where('id', '=', id).where('paused_until', '>', now).execute()
}

/** What waits for an endpoint that takes nothing any more. How many they were. */
export async function failPending (db: TenantDb, endpointId: string, now: Date): Promise<number> {
  const { numUpdatedRows } = await db.updateTable('deliveries').set({ status: 'failed', next_attempt_at: null, leased_until: null, last_error: 'endpoint_disabled', ended_at: now })
    .where('tenant_id', '=', db.tenantId).where('endpoint_id', '=', endpointId).where('next_attempt_at', 'is not', null).executeTakeFirst()
  return Number(numUpdatedRows)
}

export interface HealthRow {
  hours: { hour: Date, succeeded: number, failed: number, duration_ms: number }[]
  pending: number
  oldest_pending_at: Date | null
  p50_ms: number | null
  p95_ms: number | null
}

/** Counts since `from`, and the percentiles of the newest attempts. */
export async function endpointHealth (db: TenantDb, id: string, from: Date): Promise<HealthRow> {
  const hours = await db.selectFrom('webhook_endpoint_hours').select(['hour', 'succeeded', 'failed', 'duration_ms']).where('tenant_id', '=', db.tenantId).where('endpoint_id', '=', id).where('hour', '>=', from).orderBy('hour').execute()
  const { rows: [figures] } = await sql<Omit<HealthRow, 'hours'>>`
    select p.pending, p.oldest_pending_at, q.p50_ms, q.p95_ms from
      (select count(*) as pending, min(created_at) as oldest_pending_at from deliveries where tenant_id = ${db.tenantId} and endpoint_id = ${id} and next_attempt_at is not null) p,
      (select percentile_disc(0.5) within group (order by last_duration_ms) as p50_ms, percentile_disc(0.95) within group (order by last_duration_ms) as p95_ms from
        (select last_duration_ms from deliveries where tenant_id = ${db.tenantId} and endpoint_id = ${id} and last_duration_ms is not null order by id desc limit 500) newest) q`.execute(db)
  return { hours, ...figures! }
}

// --- deliveries --------------------------------------------------------------------------------------------------------

const selectDeliveries = (db: TenantDb, { partnerId, mode }: Owner) => db.selectFrom('deliveries').selectAll().where('tenant_id', '=', db.tenantId)
  .where('partner_id', 'is not distinct from', partnerId).where('mode', '=', mode)
export type DeliveryRow = Awaited<ReturnType<ReturnType<typeof selectDeliveries>['executeTakeFirstOrThrow']>>

export interface DeliveryFilter { endpointId?: string, eventId?: string, status?: DeliveryStatus, type?: string }

const narrow = (filter: DeliveryFilter & Partial<IdWindow>) => sql<boolean>`${sql.join([
  sql`true`,
  ...filter.endpointId === undefined ? [] : [sql`endpoint_id = ${filter.endpointId}`],
  // A delivery's id begins with its event's millisecond.
  ...filter.eventId === undefined ? [] : [sql`event_id = ${filter.eventId} and id >= ${uuidAt(momentOf(filter.eventId))} and id < ${uuidAt(new Date(momentOf(filter.eventId).getTime() + 1))}`],
  ...filter.status === undefined ? [] : [sql`status = ${filter.status}`],
  ...filter.type === undefined ? [] : [filter.type.endsWith('*') ? sql`starts_with(event_type, ${filter.type.slice(0, -1)})` : sql`event_type = ${filter.type}`],
  ...filter.before === undefined ? [] : [sql`id < ${filter.before}`],
  ...filter.from === undefined ? [] : [sql`id >= ${filter.from}`]
], sql` and `)}`

/** Of a UUIDv7. */
const momentOf = (uuid: string): Date => new Date(Number.parseInt(uuid.replaceAll('-', '').slice(0, 12), 16))

export async function findDelivery (db: TenantDb, owner: Owner, id: string): Promise<DeliveryRow | undefined> {
  return await selectDeliveries(db, owner).where('id', '=', id).executeTakeFirst()
}

export async function listDeliveries (db: TenantDb, owner: Owner, filter: DeliveryFilter & IdWindow): Promise<DeliveryRow[]> {
  return await selectDeliveries(db, owner).where(narrow(filter)).orderBy('id', 'desc').limit(filter.limit).execute()
}

/** A test of an endpoint: no event, and nobody else gets it. */
export async function insertTest (db: TenantDb, owner: Owner, test: { id: string, endpointId: string, eventId: string, type: string, payload: string }, now: Date): Promise<void> {
  await db.insertInto('deliveries').values({
    tenant_id: db.tenantId, id: test.id, endpoint_id: test.endpointId, partner_id: owner.partnerId, mode: owner.mode, event_tenant_id: db.tenantId, event_id: test.eventId, event_type: test.type,
    subject_id: test.endpointId, payload: test.payload, next_attempt_at: now, created_at: now
  }).execute()
}

const again = (now: Date) => ({ status: 'pending', step: 0, next_attempt_at: now, leased_until: null, ended_at: null }) as const

/** From the start of the schedule, at once. One that is being sent at this moment is left to end. */
export async function requeue (db: TenantDb, id: string, now: Date): Promise<void> {
  await db.updateTable('deliveries').set(again(now)).where('tenant_id', '=', db.tenantId).where('id', '=', id)
    .where(where => where.or([where('leased_until', 'is', null), where('leased_until', '<=', now)])).execute()
}

const enabled = sql<boolean>`exists (select 1 from webhook_endpoints w where w.tenant_id = deliveries.tenant_id and w.id = deliveries.endpoint_id and w.enabled)`

export async function countMatching (db: TenantDb, owner: Owner, filter: DeliveryFilter & Partial<IdWindow>): Promise<number> {
  const { count } = await db.selectFrom('deliveries').select(({ fn }) => fn.countAll<number>().as('count')).where('tenant_id', '=', db.tenantId)
    .where('partner_id', 'is not distinct from', owner.partnerId).where('mode', '=', owner.mode).where('next_attempt_at', 'is', null).where(enabled).where(narrow(filter)).executeTakeFirstOrThrow()
  return count
}

/** Of those that have ended, at endpoints that take something, newest first. Their ids. */
export async function requeueMatching (db: TenantDb, owner: Owner, filter: DeliveryFilter & Partial<IdWindow>, now: Date, limit: number): Promise<string[]> {
  const found = db.selectFrom('deliveries').select('id').where('tenant_id', '=', db.tenantId).where('partner_id', 'is not distinct from', owner.partnerId).where('mode', '=', owner.mode)
    .where('next_attempt_at', 'is', null).where(enabled).where(narrow(filter)).orderBy('id', 'desc').limit(limit)
  const rows = await db.updateTable('deliveries').set(again(now)).where('tenant_id', '=', db.tenantId).where('id', 'in', found).returning('id').execute()
  return rows.map(({ id }) => id).sort().reverse()
}

/** Events that the endpoint wants and never had, of every tenant whose events it gets. */
export async function recoverMissing (db: TenantDb, endpointId: string, since: Date, now: Date, limit: number): Promise<number> {
  const { rows: [row] } = await sql<{ count: number }>`select gate.recover_deliveries(${endpointId}, ${uuidAt(since)}, ${now}, ${limit}) as count`.execute(db)
  return row!.count
}

/** Wakes a worker that sleeps, after the commit. */
export async function ring (db: TenantDb): Promise<void> {
  await sql`select pg_notify('deliveries_due', '')`.execute(db)
}

/** What an endpoint was or would be sent as `data`: the event's, of whichever tenant it is. Undefined when it is kept no longer. */
export async function findData (db: TenantDb, tenantEventId: string): Promise<unknown> {
  return (await db.selectFrom('events').select('data').where('tenant_id', '=', db.tenantId).where('id', '=', tenantEventId).executeTakeFirst())?.data
}

// --- across tenants: the batches of a worker ---------------------------------------------------------------------------

export interface Claimed {
  tenant_id: string
  id: string
  endpoint_id: string
  endpoint_version: number
  /** The one that tries whether an endpoint is well again. */
  probe: boolean
  /** False: the event's tenant no longer lets the partner act for it. */
  served: boolean
  event_id: string
  event_tenant_id: string
  event_type: string
  mode: string
  event_at: Date
  /** JSON; null when the event is kept no longer. */
  data: string | null
  step: number
}

export async function claimDeliveries (db: Kysely<Database>, { now, leaseMs, limit, busy }: { now: Date, leaseMs: number, limit: number, busy: ReadonlyMap<string, number> }): Promise<Claimed[]> {
  const { rows } = await sql<Claimed>`select * from gate.claim_deliveries(${now}, ${leaseMs}, ${limit}, ${[...busy.keys()]}::uuid[], ${[...busy.values()]}::integer[])`.execute(db)
  return rows
}

export async function deliveryEndpoints (db: Kysely<Database>, ids: readonly string[]): Promise<{ tenant_id: string, id: string, version: number, url: string, secrets_sealed: string }[]> {
  const { rows } = await sql<{ tenant_id: string, id: string, version: number, url: string, secrets_sealed: string }>`select * from gate.delivery_endpoints(${ids}::uuid[])`.execute(db)
  return rows
}

/** What became of one delivery. `status` null: it is given back as it was. */
export interface Settled {
  tenant_id: string
  id: string
  status: DeliveryStatus | null
  next_attempt_at: Date | null
  /** For the log. */
  attempt: object | null
  http_status: number | null
  error: string | null
  duration_ms: number | null
  at: Date | null
}

export interface SettledEndpoint {
  tenant_id: string
  id: string
  mode: string
  failures_before: number
  consecutive_failures: number
  failing_since: Date | null
  /** This batch opened the breaker, or opened it again. */
  tripped: boolean
}

export interface Batch {
  now: Date
  results: readonly Settled[]
  endpoints: readonly EndpointTally[]
  /** In a row, before nothing is sent for `pauseMs`, which doubles with each trial that fails. */
  failures: number
  pauseMs: number
  /** Requests under way to one endpoint at most, in one process. */
  concurrency: number
}

const pauseAtMostMs = 15 * 60_000

export async function settleDeliveries (db: Kysely<Database>, { now, results, endpoints, failures, pauseMs, concurrency }: Batch): Promise<SettledEndpoint[]> {
  const { rows } = await sql<SettledEndpoint>`
    select * from gate.settle_deliveries(${now}, ${JSON.stringify(results)}::jsonb, ${JSON.stringify(endpoints)}::jsonb, ${failures}, ${pauseMs}, ${pauseAtMostMs}, ${concurrency})`.execute(db)
  return rows
}

/** What is due at this moment and not yet sent. */
export async function deliveriesHealth (db: Kysely<Database>, now: Date): Promise<{ waiting: number, oldest_seconds: number }> {
  const { rows: [row] } = await sql<{ waiting: number, oldest_seconds: number }>`select * from gate.deliveries_health(${now})`.execute(db)
  return row!
}

/** The trace that wrote each event, where one did. */
export async function eventTraces (db: Kysely<Database>, claimed: readonly Claimed[]): Promise<Map<string, string>> {
  const { rows } = await sql<{ id: string, trace: string | null }>`
    select id, trace from gate.traces_of(${claimed.map(() => 'event')}::text[], ${claimed.map(row => row.event_tenant_id)}::uuid[], ${claimed.map(row => row.event_id)}::uuid[], null)`.execute(db)
  return new Map(rows.flatMap(({ id, trace }) => trace === null ? [] : [[id, trace]]))
}
