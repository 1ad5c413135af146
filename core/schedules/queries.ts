import { type Kysely, sql } from 'kysely'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import type { Database } from '../db/schema.ts'
import type { JobRef } from '../jobs/kinds.ts'
import type { Counts } from './run.ts'

/** Whose the schedules are: the platform's tenant. Undefined until the first start has made it. */
export async function findHome (db: Kysely<Database>): Promise<string | undefined> {
  const { rows: [platform] } = await sql<{ id: string }>`select id from gate.platform_tenant()`.execute(db)
  return platform?.id
}

/** What is new is due at once; what is planned later than its rhythm says now, by then. */
export async function planSchedules (db: TenantDb, tasks: readonly { name: string, everyMs: number }[], now: Date): Promise<void> {
  await db.insertInto('schedules').values(tasks.map(({ name }) => ({ tenant_id: db.tenantId, name, due_at: now }))).onConflict(oc => oc.doNothing()).execute()
  for (const { name, everyMs } of tasks) {
    const latest = new Date(now.getTime() + everyMs)
    await db.updateTable('schedules').set({ due_at: latest }).where('tenant_id', '=', db.tenantId).where('name', '=', name).where('due_at', '>', latest).execute()
  }
}

/** Names of what is due and that nobody seems to be at. */
export async function dueSchedules (db: TenantDb, now: Date, startedBefore: Date): Promise<string[]> {
  const rows = await db.selectFrom('schedules').select('name').where('tenant_id', '=', db.tenantId).where('due_at', '<=', now)
    .where(eb => eb.or([eb('outcome', 'is distinct from', 'running'), eb('started_at', '<', startedBefore)])).execute()
  return rows.map(({ name }) => name)
}

export async function listSchedules (db: TenantDb) {
  return await db.selectFrom('schedules').selectAll().where('tenant_id', '=', db.tenantId).orderBy('name').execute()
}
export type ScheduleRow = Awaited<ReturnType<typeof listSchedules>>[number]

const lateMs = 3600_000

/** Each with whether a person should look: for metrics. None before the first start. */
export async function troubledSchedules (db: Kysely<Database>, now: Date): Promise<{ name: string, troubled: boolean }[]> {
  const home = await findHome(db)
  const rows = home === undefined ? [] : await inTenant(db, home, listSchedules)
  return rows.map(({ name, outcome, due_at: dueAt }) => ({ name, troubled: outcome === 'failed' || (outcome !== 'running' && now.getTime() - dueAt.getTime() > lateMs) }))
}

/** Undefined when it is not due, unless `force` asks for it all the same. */
export async function beginRun (db: TenantDb, name: string, now: Date, force: boolean): Promise<{ counts: Counts } | undefined> {
  if (force) await db.insertInto('schedules').values({ tenant_id: db.tenantId, name, due_at: now }).onConflict(oc => oc.doNothing()).execute()
  const row = await db.updateTable('schedules').set({ started_at: now, finished_at: null, outcome: 'running', error: null })
    .where('tenant_id', '=', db.tenantId).where('name', '=', name).$if(!force, q => q.where('due_at', '<=', now)).returning('counts').executeTakeFirst()
  return row && { counts: row.counts as Counts }
}

export async function endRun (db: TenantDb, name: string, end: { outcome: 'succeeded' | 'failed' | 'stopped', counts?: Counts, error?: string, finishedAt: Date, dueAt: Date }): Promise<void> {
  await db.updateTable('schedules').set({
    outcome: end.outcome, error: end.error ?? null, finished_at: end.finishedAt, due_at: end.dueAt, ...(end.counts !== undefined && { counts: JSON.stringify(end.counts) })
  }).where('tenant_id', '=', db.tenantId).where('name', '=', name).execute()
}

export interface Work extends JobRef { kind: string }

/** Rows of those kinds that want to be looked at after `from` and not after `to`, the first ones: of one tenant, or of all. */
export async function waitingWork (db: Kysely<Database>, { kinds, tenantId, from, to, limit }: { kinds: readonly string[], tenantId: string | undefined, from: Date, to: Date, limit: number }): Promise<Work[]> {
  const { rows } = await sql<{ kind: string, tenant_id: string, id: string }>`
    select kind, tenant_id, id from gate.waiting_work(${[...kinds]}::text[], ${tenantId ?? null}, ${from}, ${to}, ${limit})`.execute(db)
  return rows.map(({ kind, tenant_id: tenantId, id }) => ({ kind, tenantId, id }))
}

export async function workByKind (db: Kysely<Database>, now: Date): Promise<{ kind: string, planned: number, due: number, nextAt: Date | null }[]> {
  const { rows } = await sql<{ kind: string, planned: number, due: number, next_at: Date | null }>`select * from gate.work_by_kind(${now})`.execute(db)
  return rows.map(({ kind, planned, due, next_at: nextAt }) => ({ kind, planned, due, nextAt }))
}

/** In the row itself, where the row says when; else in its timer. */
const inTheRow = { inbound: 'inbound_events', payment: 'payments', refund: 'refunds' } as const

/**
 * Makes rows of one tenant due now that were planned for later than `after`. What is planned sooner may be somebody's lease on a row
 * that is being worked on: it is left alone. Tells how many.
 */
export async function bringForward (db: Kysely<Database>, tenantId: string, kind: string, ids: readonly string[], { now, after }: { now: Date, after: Date }): Promise<number> {
  return await inTenant(db, tenantId, async db => {
    const table = inTheRow[kind as keyof typeof inTheRow] as 'payments' | undefined
    const { numUpdatedRows } = table === undefined
      ? await db.updateTable('timers').set({ due_at: now }).where('tenant_id', '=', tenantId).where('kind', '=', kind).where('id', 'in', [...ids]).where('due_at', '>', after).executeTakeFirst()
      : await db.updateTable(table).set({ next_run_at: now }).where('tenant_id', '=', tenantId).where('id', 'in', [...ids]).where('next_run_at', '>', after).executeTakeFirst()
    return Number(numUpdatedRows)
  })
}
