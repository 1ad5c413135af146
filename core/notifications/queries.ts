import { sql } from 'kysely'
import type { Mode } from '../adapter/context.ts'
import type { IdWindow } from '../db/id-window.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import type { MailStatus } from './machine.ts'

/** When it is tried next stands in its timer. */
const selectMails = (db: TenantDb) => db.selectFrom('mails').selectAll()
  .select(eb => eb.selectFrom('timers').select('due_at').whereRef('timers.tenant_id', '=', 'mails.tenant_id').where('timers.kind', '=', 'mail').whereRef('timers.id', '=', 'mails.id').as('due_at'))
  .where('tenant_id', '=', db.tenantId)
export type MailRow = Awaited<ReturnType<ReturnType<typeof selectMails>['executeTakeFirstOrThrow']>>

export async function findMail (db: TenantDb, id: string): Promise<MailRow | undefined> {
  return await selectMails(db).where('id', '=', id).executeTakeFirst()
}

export async function lockMail (db: TenantDb, id: string): Promise<MailRow | undefined> {
  return await selectMails(db).where('id', '=', id).forUpdate('mails').executeTakeFirst()
}

export async function listMails (db: TenantDb, filter: IdWindow & { mode: Mode, status?: string, subjectId?: string }): Promise<MailRow[]> {
  return await selectMails(db).where('mode', '=', filter.mode)
    .$if(filter.before !== undefined, q => q.where('id', '<', filter.before!))
    .$if(filter.from !== undefined, q => q.where('id', '>=', filter.from!))
    .$if(filter.status !== undefined, q => q.where('status', '=', filter.status!))
    .$if(filter.subjectId !== undefined, q => q.where('subject_id', '=', filter.subjectId!))
    .orderBy('id', 'desc').limit(filter.limit).execute()
}

export interface NewMailRow {
  id: string
  mode: Mode
  subject_type: string
  subject_id: string
  issuer_id: string | null
  automatic: boolean
  content_sealed: string
  documents: string[]
  of_notice: boolean
  created_at: Date
}

export async function insertMail (db: TenantDb, row: NewMailRow): Promise<void> {
  await db.insertInto('mails').values({ tenant_id: db.tenantId, ...row, status: 'queued', updated_at: row.created_at }).execute()
}

export interface MailChanges {
  status?: MailStatus
  uncertain?: boolean
  content_sealed?: string | null
  error_code?: string | null
  attempted_at?: Date
  ended_at?: Date | null
}

export async function updateMail (db: TenantDb, id: string, changes: MailChanges, now: Date, { attempt = false } = {}): Promise<void> {
  await db.updateTable('mails').set({ ...changes, ...(attempt && { attempts: sql`attempts + 1` }), updated_at: now }).where('tenant_id', '=', db.tenantId).where('id', '=', id).execute()
}
