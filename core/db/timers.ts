import { sql } from 'kysely'
import { traceparent } from '../telemetry/spans.ts'
import type { TenantDb } from './in-tenant.ts'

/**
 * Says when a row wants to be looked at next, in the transaction that changes the row. The sweeper turns what is due into a
 * job of the same kind (`core/jobs/kinds.ts`); whoever wants it sooner also calls `hub.wake` after the commit.
 */
export async function setTimer (db: TenantDb, kind: string, id: string, at: Date): Promise<void> {
  await db.insertInto('timers').values({ tenant_id: db.tenantId, kind, id, due_at: at, trace: traceUntil(at) })
    .onConflict(oc => oc.columns(['tenant_id', 'kind', 'id']).doUpdateSet({ due_at: at, tries: 0, trace: sql`excluded.trace` })).execute()
}

/** Sets it, or brings it forward: who wants a look sooner is never put off by who wants one later. */
export async function advanceTimer (db: TenantDb, kind: string, id: string, at: Date): Promise<void> {
  await db.insertInto('timers').values({ tenant_id: db.tenantId, kind, id, due_at: at, trace: traceUntil(at) })
    .onConflict(oc => oc.columns(['tenant_id', 'kind', 'id']).doUpdateSet({ due_at: sql`least(timers.due_at, excluded.due_at)`, tries: 0, trace: sql`excluded.trace` })).execute()
}

/** When it is due; undefined when it is not set. */
export async function timerAt (db: TenantDb, kind: string, id: string): Promise<Date | undefined> {
  return (await db.selectFrom('timers').select('due_at').where('tenant_id', '=', db.tenantId).where('kind', '=', kind).where('id', '=', id).executeTakeFirst())?.due_at
}

/** For what begins once and then sets itself: a timer that runs already is left as it is. */
export async function startTimer (db: TenantDb, kind: string, id: string, at: Date): Promise<void> {
  await db.insertInto('timers').values({ tenant_id: db.tenantId, kind, id, due_at: at, trace: traceUntil(at) }).onConflict(oc => oc.columns(['tenant_id', 'kind', 'id']).doNothing()).execute()
}

/** `leasedUntil`: only if nobody has set it anew since it was claimed. */
export async function clearTimer (db: TenantDb, kind: string, id: string, leasedUntil?: Date): Promise<void> {
  await db.deleteFrom('timers').where('tenant_id', '=', db.tenantId).where('kind', '=', kind).where('id', '=', id)
    .$if(leasedUntil !== undefined, q => q.where('due_at', '=', leasedUntil!)).execute()
}

/**
 * For the job: true when it is due and nobody else has it, with how often it was claimed since it was set. Until `leaseMs` have passed others keep away;
 * after a crash it comes back then. The job ends by `setTimer`, `retryTimer` or `clearTimer`.
 */
export async function claimTimer (db: TenantDb, kind: string, id: string, now: Date, leaseMs: number): Promise<{ tries: number } | undefined> {
  return await db.updateTable('timers').set({ due_at: new Date(now.getTime() + leaseMs), tries: sql`tries + 1` })
    .where('tenant_id', '=', db.tenantId).where('kind', '=', kind).where('id', '=', id)
    // Clocks of several machines differ a little; a lease is far longer than that.
    .where('due_at', '<=', new Date(now.getTime() + 1000)).returning('tries').executeTakeFirst()
}

/** Looks again at `at`, and goes on counting the tries. `leasedUntil`: only if nobody has set it anew since it was claimed. */
export async function retryTimer (db: TenantDb, kind: string, id: string, at: Date, leasedUntil?: Date): Promise<void> {
  await db.updateTable('timers').set({ due_at: at, trace: traceUntil(at) }).where('tenant_id', '=', db.tenantId).where('kind', '=', kind).where('id', '=', id)
    .$if(leasedUntil !== undefined, q => q.where('due_at', '=', leasedUntil!)).execute()
}

const soonMs = 15 * 60_000

/** What follows soon belongs to the trace that asked for it. A look of tomorrow is a story of its own, or a watch of years would be one trace. */
function traceUntil (at: Date): string | null {
  return at.getTime() - Date.now() < soonMs ? traceparent() : null
}
