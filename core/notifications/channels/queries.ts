import { sql } from 'kysely'
import type { Mode } from '../../adapter/context.ts'
import type { IdWindow } from '../../db/id-window.ts'
import type { TenantDb } from '../../db/in-tenant.ts'
import type { ChannelType } from '../catalogue.ts'

const selectChannels = (db: TenantDb) => db.selectFrom('notification_channels').selectAll().where('tenant_id', '=', db.tenantId).where('deleted_at', 'is', null)
export type ChannelRow = Awaited<ReturnType<ReturnType<typeof selectChannels>['executeTakeFirstOrThrow']>>

export async function findChannel (db: TenantDb, id: string): Promise<ChannelRow | undefined> {
  return await selectChannels(db).where('id', '=', id).executeTakeFirst()
}

export async function lockChannel (db: TenantDb, id: string): Promise<ChannelRow | undefined> {
  return await selectChannels(db).where('id', '=', id).forUpdate().executeTakeFirst()
}

/** Those that are used: of each type one at most. */
export async function channelsInUse (db: TenantDb, mode: Mode): Promise<ChannelRow[]> {
  return await selectChannels(db).where('mode', '=', mode).where('enabled', '=', true).execute()
}

export async function channelInUse (db: TenantDb, mode: Mode, type: ChannelType): Promise<ChannelRow | undefined> {
  return await selectChannels(db).where('mode', '=', mode).where('type', '=', type).where('enabled', '=', true).executeTakeFirst()
}

export async function listChannels (db: TenantDb, filter: IdWindow & { mode: Mode }): Promise<ChannelRow[]> {
  return await selectChannels(db).where('mode', '=', filter.mode)
    .$if(filter.before !== undefined, q => q.where('id', '<', filter.before!))
    .$if(filter.from !== undefined, q => q.where('id', '>=', filter.from!))
    .orderBy('id', 'desc').limit(filter.limit).execute()
}

export interface ChannelChanges {
  label?: string
  enabled?: boolean
  settings?: object
  hints?: object
  secrets_sealed?: string | null
  health?: 'untested' | 'healthy' | 'failing'
  last_error?: string | null
  tested_at?: Date
  deleted_at?: Date
}

const columnsOf = ({ settings, hints, ...plain }: ChannelChanges) => ({ ...plain, ...(settings !== undefined && { settings: JSON.stringify(settings) }), ...(hints !== undefined && { hints: JSON.stringify(hints) }) })

export async function insertChannel (db: TenantDb, row: ChannelChanges & { id: string, mode: Mode, type: ChannelType, label: string }, now: Date): Promise<void> {
  const { id, mode, type, label, ...changes } = row
  await db.insertInto('notification_channels').values({ tenant_id: db.tenantId, id, mode, type, label, ...columnsOf(changes), created_at: now, updated_at: now }).execute()
}

export async function updateChannel (db: TenantDb, id: string, changes: ChannelChanges, now: Date): Promise<void> {
  await db.updateTable('notification_channels').set({ ...columnsOf(changes), updated_at: now }).where('tenant_id', '=', db.tenantId).where('id', '=', id).execute()
}

/** What a send learned of its credentials. Answers whether that is news. */
export async function noteHealth (db: TenantDb, id: string, health: 'healthy' | 'failing', lastError: string | null, now: Date): Promise<boolean> {
  const { numUpdatedRows } = await db.updateTable('notification_channels').set({ health, last_error: lastError, updated_at: now })
    .where('tenant_id', '=', db.tenantId).where('id', '=', id).where(sql<boolean>`(health, last_error) is distinct from (${health}, ${lastError})`).executeTakeFirst()
  return numUpdatedRows > 0n
}
