import { sql } from 'kysely'
import type { Mode } from '../../adapter/context.ts'
import type { IdWindow } from '../../db/id-window.ts'
import type { TenantDb } from '../../db/in-tenant.ts'
import type { NoticeStatus } from './machine.ts'

/**
 * One that goes by mail is the mail of the same id: what became of it stands there and nowhere else. When it is tried next stands in
 * its timer.
 */
const selectNotices = (db: TenantDb) => db.selectFrom('notices as n').leftJoin('mails as m', join => join.onRef('m.tenant_id', '=', 'n.tenant_id').onRef('m.id', '=', 'n.id').on('n.channel', '=', 'mail'))
  .select(['n.tenant_id', 'n.id', 'n.mode', 'n.kind', 'n.channel', 'n.audience', 'n.subject_type', 'n.subject_id', 'n.occasion', 'n.provider_reference', 'n.created_at', 'n.status as own_status', 'n.content_sealed as own_content', 'm.content_sealed as mail_content'])
  .select([
    sql<NoticeStatus>`coalesce(m.status, n.status)`.as('status'), sql<boolean>`coalesce(m.uncertain, n.uncertain)`.as('uncertain'), sql<number>`coalesce(m.attempts, n.attempts)`.as('attempts'),
    sql<string | null>`case when m.id is null then n.error_code else m.error_code end`.as('error_code'), sql<Date | null>`case when m.id is null then n.ended_at else m.ended_at end`.as('ended_at'),
    sql<Date | null>`(select t.due_at from timers t where t.tenant_id = n.tenant_id and t.kind = case when n.channel = 'mail' then 'mail' else 'notice' end and t.id = n.id)`.as('due_at')
  ])
  .where('n.tenant_id', '=', db.tenantId)
export type NoticeRow = Awaited<ReturnType<ReturnType<typeof selectNotices>['executeTakeFirstOrThrow']>>

export async function findNotice (db: TenantDb, id: string): Promise<NoticeRow | undefined> {
  return await selectNotices(db).where('n.id', '=', id).executeTakeFirst()
}

export async function lockNotice (db: TenantDb, id: string): Promise<NoticeRow | undefined> {
  return await selectNotices(db).where('n.id', '=', id).forUpdate('n').executeTakeFirst()
}

export interface NoticeFilter extends IdWindow { mode: Mode, status?: string, kind?: string, channel?: string, subjectId?: string }

export async function listNotices (db: TenantDb, filter: NoticeFilter): Promise<NoticeRow[]> {
  return await selectNotices(db).where('n.mode', '=', filter.mode)
    .$if(filter.before !== undefined, q => q.where('n.id', '<', filter.before!))
    .$if(filter.from !== undefined, q => q.where('n.id', '>=', filter.from!))
    .$if(filter.status !== undefined, q => q.where(sql<boolean>`coalesce(m.status, n.status) = ${filter.status!}`))
    .$if(filter.kind !== undefined, q => q.where('n.kind', '=', filter.kind!))
    .$if(filter.channel !== undefined, q => q.where('n.channel', '=', filter.channel!))
    .$if(filter.subjectId !== undefined, q => q.where('n.subject_id', '=', filter.subjectId!))
    .orderBy('n.id', 'desc').limit(filter.limit).execute()
}

export interface NewNoticeRow {
  id: string
  mode: Mode
  kind: string
  channel: string
  audience: string
  subject_type: string
  subject_id: string
  occasion: string
  addressee_mac: Buffer
  content_sealed: string | null
  created_at: Date
}

/** False when it has been told already. Waits for another who is telling it at this moment. */
export async function insertNotice (db: TenantDb, row: NewNoticeRow): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await db.insertInto('notices').values({ tenant_id: db.tenantId, ...row, status: 'queued', updated_at: row.created_at })
    .onConflict(oc => oc.columns(['tenant_id', 'kind', 'subject_id', 'addressee_mac', 'channel', 'occasion']).doNothing()).executeTakeFirst()
  return (numInsertedOrUpdatedRows ?? 0n) > 0n
}

/** The one that was told before. */
export async function findTold (db: TenantDb, { kind, channel, subject_id: subjectId, occasion, addressee_mac: mac }: Pick<NewNoticeRow, 'kind' | 'channel' | 'subject_id' | 'occasion' | 'addressee_mac'>): Promise<string | undefined> {
  const row = await db.selectFrom('notices').select('id').where('tenant_id', '=', db.tenantId).where('kind', '=', kind).where('subject_id', '=', subjectId)
    .where('addressee_mac', '=', mac).where('channel', '=', channel).where('occasion', '=', occasion).executeTakeFirst()
  return row?.id
}

export interface NoticeChanges {
  status?: NoticeStatus
  uncertain?: boolean
  content_sealed?: string | null
  provider_reference?: string | null
  error_code?: string | null
  attempted_at?: Date
  ended_at?: Date | null
}

export async function updateNotice (db: TenantDb, id: string, changes: NoticeChanges, now: Date, { attempt = false } = {}): Promise<void> {
  await db.updateTable('notices').set({ ...changes, ...(attempt && { attempts: sql`attempts + 1` }), updated_at: now }).where('tenant_id', '=', db.tenantId).where('id', '=', id).execute()
}

/** Who of the tenant's people reads what is meant for its administrators, when it names no address. */
export async function administrators (db: TenantDb): Promise<{ id: string, email: string }[]> {
  return await db.selectFrom('users').select(['id', 'email']).where('tenant_id', '=', db.tenantId).where('role', '=', 'tenant_admin').where('status', '=', 'active').orderBy('id').limit(20).execute()
}

/** Whose name stands as the sender where there is no issuer. */
export async function tenantName (db: TenantDb): Promise<string | undefined> {
  return (await db.selectFrom('tenants').select('name').where('id', '=', db.tenantId).executeTakeFirst())?.name
}
