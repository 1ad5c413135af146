import type { Access } from '../access/principal.ts'
import type { Mode } from '../adapter/context.ts'
import { isCurrency } from '../adapter/money.ts'
import type { Interval } from '../adapter/subscriptions.ts'
import { recordChange } from '../audit/record.ts'
import type { OpenConnection } from '../connections/open.ts'
import { counterpartAt, type Made } from '../customers/counterpart.ts'
import { idWindow, pageOf } from '../db/id-window.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { storable } from '../db/storable.ts'
import { HubError, invalidField } from '../errors.ts'
import { recordEvents } from '../events/record.ts'
import type { Hub } from '../hub.ts'
import { type Idempotency, recordSubject } from '../idempotency/service.ts'
import { newUuid, parseId, publicId, uuidOf } from '../ids.ts'
import * as queries from './queries.ts'
import type { PlanRow } from './queries.ts'
import type { ListPlans, NewPlan, Plan } from './schema.ts'

/** Three years: longer is nothing that a provider bills. Source: https://docs.stripe.com/api/prices/create#create_price-recurring-interval_count, read 2026-11-21. */
const atMost: Record<Interval, number> = { day: 365, week: 156, month: 36, year: 3 }

/** What is paid, and how often. No provider knows of it until somebody subscribes there. */
export async function createPlan (hub: Hub, access: Access, given: NewPlan, idempotency: Idempotency | null): Promise<Plan> {
  if (idempotency?.subject !== undefined) return await getPlan(hub, access, idempotency.subject)
  const body = storable(given)
  if (!isCurrency(body.currency)) throw invalidField('currency', 'is not an ISO 4217 currency')
  const count = body.interval_count ?? 1
  if (count > atMost[body.interval]) throw invalidField('interval_count', `is at most ${atMost[body.interval]} of ${body.interval}`)
  const now = hub.now()
  const id = newUuid(now)
  return showPlan(await inTenant(hub.db, access.tenantId, async db => {
    const row = await queries.insertPlan(db, {
      id,
      mode: access.mode,
      name: body.name,
      amount: body.amount,
      currency: body.currency,
      interval: body.interval,
      interval_count: count,
      trial_days: body.trial_days ?? null,
      reference: body.reference ?? null,
      metadata: body.metadata ?? {},
      created_at: now
    })
    await changed(hub, db, access, row, 'created')
    if (idempotency !== null) await recordSubject(db, idempotency, publicId('plan', id))
    return row
  }))
}

export async function getPlan (hub: Pick<Hub, 'db'>, access: Access, publicPlanId: string): Promise<Plan> {
  return showPlan(await inTenant(hub.db, access.tenantId, async db => await findOrThrow(db, access, uuidOf('plan', publicPlanId))))
}

export async function listPlans (hub: Pick<Hub, 'db'>, access: Access, query: ListPlans): Promise<{ data: Plan[], next_cursor: string | null }> {
  const window = idWindow('plan', query)
  const rows = await inTenant(hub.db, access.tenantId, async db => await queries.listPlans(db, {
    ...window, mode: access.mode, ...(query.status !== undefined && { status: query.status }), ...(query.reference !== undefined && { reference: query.reference })
  }))
  return pageOf('plan', window, rows, showPlan)
}

/** Nobody subscribes to it any more; who did, goes on. Repeating it changes nothing. */
export async function archivePlan (hub: Hub, access: Access, publicPlanId: string): Promise<Plan> {
  return showPlan(await inTenant(hub.db, access.tenantId, async db => {
    const before = await findOrThrow(db, access, uuidOf('plan', publicPlanId))
    if (before.archived_at !== null) return before
    const row = await queries.archivePlan(db, before.id, hub.now())
    await changed(hub, db, access, row, 'archived')
    return row
  }))
}

async function changed (hub: Pick<Hub, 'now'>, db: TenantDb, access: Access, row: PlanRow, what: 'created' | 'archived'): Promise<void> {
  const now = hub.now()
  await recordChange(db, access, now, { action: `plan.${what}`, subjectType: 'plan', subjectId: publicId('plan', row.id), ...(what === 'created' && { detail: { amount: row.amount, currency: row.currency, interval: row.interval } }) })
  await recordEvents(db, now, [{ type: `plan.${what}`, mode: access.mode, subjectId: row.id, data: showPlan(row) }])
}

/** What stands for the plan at this connection's provider, made when it is first needed. */
export async function makePlan (hub: Hub, opened: OpenConnection, plan: PlanRow, requestId: string): Promise<Made> {
  const family = opened.adapter.payments!
  return await counterpartAt(hub, opened, {
    kind: 'plan',
    ownerId: plan.id,
    operation: 'create_plan',
    prepare: async () => ({
      create: async (context, idempotencyKey) => await family.createPlan!(context, {
        idempotencyKey,
        reference: publicId('plan', plan.id),
        name: plan.name,
        amount: { amount: plan.amount, currency: plan.currency },
        interval: plan.interval as Interval,
        intervalCount: plan.interval_count
      })
    }),
    finder: 'find_plan',
    find: family.findPlan,
    requestId
  })
}

async function findOrThrow (db: TenantDb, access: Pick<Access, 'mode'>, id: string): Promise<PlanRow> {
  const row = await queries.findPlan(db, id)
  if (row?.mode !== access.mode) throw new HubError('not_found')
  return row
}

/** The plan that a body names, for a new subscription or a change. Throws a 400 that names `plan`. */
export async function planNamed (db: TenantDb, access: Pick<Access, 'mode'>, name: string): Promise<PlanRow> {
  const id = parseId('plan', name)
  const row = id === undefined ? undefined : await queries.findPlan(db, id)
  if (row?.mode !== access.mode) throw invalidField('plan', 'no such plan')
  if (row.archived_at !== null) throw invalidField('plan', 'is archived')
  return row
}

export function showPlan (row: PlanRow): Plan {
  return {
    id: publicId('plan', row.id),
    object: 'plan',
    mode: row.mode as Mode,
    status: row.archived_at === null ? 'active' : 'archived',
    name: row.name,
    amount: row.amount,
    currency: row.currency,
    interval: row.interval as Interval,
    interval_count: row.interval_count,
    trial_days: row.trial_days,
    reference: row.reference,
    metadata: row.metadata as Record<string, string>,
    created_at: row.created_at.toISOString(),
    archived_at: row.archived_at?.toISOString() ?? null
  }
}
