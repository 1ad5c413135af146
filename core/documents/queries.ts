import type { TenantDb } from '../db/in-tenant.ts'

export interface NewDocumentRow {
  id: string
  mode: string
  kind: string
  variant: string
  subject_type: string
  subject_id: string
  name: string
  content_type: string
  bytes: number
  sha256: Buffer
  encrypted: boolean
  created_at: Date
  retain_until: Date
}

export async function insertDocument (db: TenantDb, row: NewDocumentRow): Promise<void> {
  await db.insertInto('documents').values({ tenant_id: db.tenantId, ...row }).execute()
}

export async function findDocument (db: TenantDb, id: string) {
  return await db.selectFrom('documents').selectAll().where('tenant_id', '=', db.tenantId).where('id', '=', id).executeTakeFirst()
}
export type DocumentRow = NonNullable<Awaited<ReturnType<typeof findDocument>>>

/** Newest first. */
export async function documentsOf (db: TenantDb, subjectType: string, subjectId: string): Promise<DocumentRow[]> {
  return await db.selectFrom('documents').selectAll().where('tenant_id', '=', db.tenantId).where('subject_type', '=', subjectType).where('subject_id', '=', subjectId)
    .where('deleted_at', 'is', null).orderBy('id', 'desc').execute()
}

export async function markDeleted (db: TenantDb, id: string, now: Date): Promise<void> {
  await db.updateTable('documents').set({ deleted_at: now }).where('tenant_id', '=', db.tenantId).where('id', '=', id).execute()
}
