import { sql } from 'kysely'
import type { CollectField } from '../adapter/checkout.ts'
import type { Mode } from '../adapter/context.ts'
import type { TenantDb } from '../db/in-tenant.ts'

/** The only SQL about fiscal data. */
export type Subject = 'payment' | 'checkout_session' | 'payment_link' | 'subscription'

const selectFiscalData = (db: TenantDb) => db.selectFrom('fiscal_data')
  .select(['tenant_id', 'subject_id', 'source', 'person', 'sealed', 'erased_at', 'created_at'])
  .select([sql<Mode>`mode`.as('mode'), sql<Subject>`subject_type`.as('subject_type'), sql<CollectField[]>`collects`.as('collects')])
  .where('tenant_id', '=', db.tenantId)
export type FiscalDataRow = Awaited<ReturnType<ReturnType<typeof selectFiscalData>['executeTakeFirstOrThrow']>>

export interface NewFiscalData {
  subjectType: Subject
  subjectId: string
  mode: Mode
  source: 'given' | 'collected'
  person: string | null
  sealed: string
  collects: readonly CollectField[]
}

/** What is there already stays. */
export async function insertFiscalData (db: TenantDb, data: NewFiscalData, now: Date): Promise<void> {
  await db.insertInto('fiscal_data').values(columnsOf(db, data, now)).onConflict(oc => oc.columns(['tenant_id', 'subject_id']).doNothing()).execute()
}

/** In the place of what was there. */
export async function replaceFiscalData (db: TenantDb, data: NewFiscalData, now: Date): Promise<void> {
  const { person, sealed, source } = data
  await db.insertInto('fiscal_data').values(columnsOf(db, data, now))
    .onConflict(oc => oc.columns(['tenant_id', 'subject_id']).doUpdateSet({ person, sealed, source, erased_at: null, updated_at: now })).execute()
}

const columnsOf = (db: TenantDb, { subjectType, subjectId, mode, source, person, sealed, collects }: NewFiscalData, now: Date) => ({
  tenant_id: db.tenantId, subject_type: subjectType, subject_id: subjectId, mode, source, person, sealed, collects: [...collects], created_at: now, updated_at: now
})

export async function findFiscalData (db: TenantDb, subjectId: string): Promise<FiscalDataRow | undefined> {
  return await selectFiscalData(db).where('subject_id', '=', subjectId).executeTakeFirst()
}

export async function listOfPerson (db: TenantDb, mode: Mode, person: string, limit: number): Promise<FiscalDataRow[]> {
  return await selectFiscalData(db).where('mode', '=', mode).where('person', '=', person).orderBy('created_at', 'desc').limit(limit).execute()
}

export type Whose = { mode: Mode, person: string } | { subjects: readonly string[] }

/** How many. What is left says that there was something, and when it went. */
export async function eraseFiscalData (db: TenantDb, of: Whose, now: Date): Promise<number> {
  if ('subjects' in of && of.subjects.length === 0) return 0
  const { numUpdatedRows } = await db.updateTable('fiscal_data').set({ sealed: null, person: null, erased_at: now, updated_at: now })
    .where('tenant_id', '=', db.tenantId).where('erased_at', 'is', null)
    .where(eb => 'subjects' in of ? eb('subject_id', 'in', [...of.subjects]) : eb.and([eb('mode', '=', of.mode), eb('person', '=', of.person)]))
    .executeTakeFirst()
  return Number(numUpdatedRows)
}

/** A payment as far as its fiscal data concerns it. `origin_id`: the page or the subscription that it came of. */
export async function findPaymentOf (db: TenantDb, paymentId: string) {
  return await db.selectFrom('payments').select(['id', 'connection_id', 'provider_reference', 'origin_id', 'amount', 'amount_captured', 'currency', sql<Mode>`mode`.as('mode')])
    .where('tenant_id', '=', db.tenantId).where('id', '=', paymentId).executeTakeFirst()
}
export type PaymentOf = NonNullable<Awaited<ReturnType<typeof findPaymentOf>>>
