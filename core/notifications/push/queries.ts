import type { Mode } from '../../adapter/context.ts'
import type { IdWindow } from '../../db/id-window.ts'
import type { TenantDb } from '../../db/in-tenant.ts'

const selectSubscriptions = (db: TenantDb) => db.selectFrom('push_subscriptions').selectAll().where('tenant_id', '=', db.tenantId).where('ended_at', 'is', null)
export type SubscriptionRow = Awaited<ReturnType<ReturnType<typeof selectSubscriptions>['executeTakeFirstOrThrow']>>
export type OwnerType = 'customer' | 'user'

/** Also one that has ended. */
export async function findAnySubscription (db: TenantDb, id: string): Promise<SubscriptionRow | undefined> {
  return await db.selectFrom('push_subscriptions').selectAll().where('tenant_id', '=', db.tenantId).where('id', '=', id).executeTakeFirst()
}

/** Where somebody is reached, oldest first. */
export async function subscriptionsOf (db: TenantDb, channelId: string, ownerId: string): Promise<SubscriptionRow[]> {
  return await selectSubscriptions(db).where('channel_id', '=', channelId).where('owner_id', '=', ownerId).orderBy('id').limit(20).execute()
}

export async function listSubscriptions (db: TenantDb, filter: IdWindow & { mode: Mode, ownerId?: string }): Promise<SubscriptionRow[]> {
  return await selectSubscriptions(db).where('mode', '=', filter.mode)
    .$if(filter.ownerId !== undefined, q => q.where('owner_id', '=', filter.ownerId!))
    .$if(filter.before !== undefined, q => q.where('id', '<', filter.before!))
    .$if(filter.from !== undefined, q => q.where('id', '>=', filter.from!))
    .orderBy('id', 'desc').limit(filter.limit).execute()
}

export type NewSubscriptionRow = Pick<SubscriptionRow, 'id' | 'mode' | 'channel_id' | 'owner_type' | 'owner_id' | 'endpoint_mac' | 'service' | 'sealed' | 'created_at'>

/** The row of this browser: the one that is there already, for whoever it is now, or a new one. */
export async function putSubscription (db: TenantDb, row: NewSubscriptionRow): Promise<SubscriptionRow> {
  const known = await selectSubscriptions(db).where('channel_id', '=', row.channel_id).where('endpoint_mac', '=', row.endpoint_mac).forUpdate().executeTakeFirst()
  // Another person at the same browser: whoever was there before is no longer reached there.
  if (known !== undefined && known.owner_id === row.owner_id) return known
  if (known !== undefined) await endSubscription(db, known.id, 'taken_over', row.created_at)
  const [made] = await db.insertInto('push_subscriptions').values({ tenant_id: db.tenantId, ...row })
    .onConflict(oc => oc.columns(['tenant_id', 'channel_id', 'endpoint_mac']).where('ended_at', 'is', null).doNothing()).returningAll().execute()
  return made ?? await selectSubscriptions(db).where('channel_id', '=', row.channel_id).where('endpoint_mac', '=', row.endpoint_mac).executeTakeFirstOrThrow()
}

/** Its address is destroyed. */
export async function endSubscription (db: TenantDb, id: string, why: string, now: Date): Promise<void> {
  await db.updateTable('push_subscriptions').set({ ended_at: now, ended_why: why, sealed: null }).where('tenant_id', '=', db.tenantId).where('id', '=', id).where('ended_at', 'is', null).execute()
}

export async function endSubscriptionsOf (db: TenantDb, channelId: string, why: string, now: Date): Promise<void> {
  await db.updateTable('push_subscriptions').set({ ended_at: now, ended_why: why, sealed: null }).where('tenant_id', '=', db.tenantId).where('channel_id', '=', channelId).where('ended_at', 'is', null).execute()
}

/** Nobody is reached there any more. */
export async function endSubscriptionsOfOwner (db: TenantDb, ownerId: string, why: string, now: Date): Promise<void> {
  await db.updateTable('push_subscriptions').set({ ended_at: now, ended_why: why, sealed: null }).where('tenant_id', '=', db.tenantId).where('owner_id', '=', ownerId).where('ended_at', 'is', null).execute()
}

/** Of this mode and not deleted. */
export async function customerExists (db: TenantDb, mode: Mode, id: string): Promise<boolean> {
  return await db.selectFrom('customers').select('id').where('tenant_id', '=', db.tenantId).where('id', '=', id).where('mode', '=', mode).where('deleted_at', 'is', null).executeTakeFirst() !== undefined
}
