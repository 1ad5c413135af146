import { sql } from 'kysely'
import type { Mode } from '../adapter/context.ts'
import type { IdWindow } from '../db/id-window.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import { certificateInUse, usableAt } from '../issuers/queries.ts'
import type { Report } from './preflight.ts'
import type { CertificateStatus } from './schema.ts'

/** What an issuer signs with at an instant; undefined when it has nothing valid then. */
export const certificateFor = certificateInUse

const statusAt = (now: Date) => sql<CertificateStatus>`case
  when c.deleted_at is not null then 'deleted'
  when c.valid_to < ${now} then 'expired'
  when c.active_from > ${now} or c.valid_from > ${now} then 'scheduled'
  when exists (select from certificates o where o.tenant_id = c.tenant_id and o.issuer_id = c.issuer_id and o.deleted_at is null
    and o.active_from <= ${now} and o.valid_from <= ${now} and o.valid_to >= ${now} and (o.active_from, o.id) > (c.active_from, c.id)) then 'replaced'
  else 'active' end`

const selectCertificates = (db: TenantDb, now: Date) => db.selectFrom('certificates as c').selectAll('c')
  .select([statusAt(now).as('status'), sql<Mode>`c.mode`.as('mode'), sql<'csd' | 'p12'>`c.kind`.as('kind'), sql<Report>`c.report`.as('report')])
  .where('c.tenant_id', '=', db.tenantId)
export type CertificateRow = Awaited<ReturnType<ReturnType<typeof selectCertificates>['executeTakeFirstOrThrow']>>

export async function findCertificate (db: TenantDb, now: Date, id: string): Promise<CertificateRow | undefined> {
  return await selectCertificates(db, now).where('c.id', '=', id).executeTakeFirst()
}

export async function lockCertificate (db: TenantDb, now: Date, id: string): Promise<CertificateRow | undefined> {
  return await selectCertificates(db, now).where('c.id', '=', id).forUpdate('c').executeTakeFirst()
}

/** Deleted ones only when they are asked for. */
export async function listCertificates (db: TenantDb, now: Date, filter: IdWindow & { mode: Mode, issuerId?: string, status?: CertificateStatus }): Promise<CertificateRow[]> {
  return await selectCertificates(db, now).where('c.mode', '=', filter.mode)
    .$if(filter.issuerId !== undefined, q => q.where('c.issuer_id', '=', filter.issuerId!))
    .$if(filter.status === undefined, q => q.where('c.deleted_at', 'is', null))
    .$if(filter.status !== undefined, q => q.where(statusAt(now), '=', filter.status!))
    .$if(filter.before !== undefined, q => q.where('c.id', '<', filter.before!))
    .$if(filter.from !== undefined, q => q.where('c.id', '>=', filter.from!))
    .orderBy('c.id', 'desc').limit(filter.limit).execute()
}

export interface NewCertificateRow {
  id: string
  mode: Mode
  issuer_id: string | null
  kind: 'csd' | 'p12'
  label: string
  holder_name: string | null
  tax_id: string | null
  tax_country: string | null
  number: string | null
  serial: string
  fingerprint: string
  key_bits: number
  valid_from: Date
  valid_to: Date
  certificate: Buffer
  chain: Buffer[]
  report: Report
  active_from: Date
}

export async function insertCertificate (db: TenantDb, row: NewCertificateRow, sealed: { key: string, file: string }, now: Date): Promise<void> {
  await db.insertInto('certificates').values({ ...row, report: JSON.stringify(row.report), tenant_id: db.tenantId, created_at: now, updated_at: now }).execute()
  await db.insertInto('certificate_keys').values({ tenant_id: db.tenantId, certificate_id: row.id, key_sealed: sealed.key, file_sealed: sealed.file }).execute()
}

export interface CertificateChanges {
  label?: string
  issuer_id?: string
  chain?: Buffer[]
  report?: string
  active_from?: Date
  switched_at?: Date | null
  warned_days?: number
  deleted_at?: Date
}

export async function updateCertificate (db: TenantDb, id: string, changes: CertificateChanges, now: Date): Promise<void> {
  await db.updateTable('certificates').set({ ...changes, updated_at: now }).where('tenant_id', '=', db.tenantId).where('id', '=', id).execute()
}

/** An authority refused what it signed. */
export async function markRefused (db: TenantDb, id: string, because: string, now: Date): Promise<void> {
  await db.updateTable('certificates').set({ refused_at: now, refused_because: because, updated_at: now }).where('tenant_id', '=', db.tenantId).where('id', '=', id).execute()
}

/** What it signed went through, or a person wants it to be tried again. Tells whether it had been refused. */
export async function markTrusted (db: TenantDb, id: string, now: Date): Promise<boolean> {
  const { numUpdatedRows } = await db.updateTable('certificates').set({ refused_at: null, refused_because: null, updated_at: now })
    .where('tenant_id', '=', db.tenantId).where('id', '=', id).where('refused_at', 'is not', null).executeTakeFirst()
  return numUpdatedRows > 0n
}

/** Undefined when it was deleted. */
export async function findStanding (db: TenantDb, id: string): Promise<'trusted' | 'refused' | undefined> {
  const row = await db.selectFrom('certificates').select('refused_at').where('tenant_id', '=', db.tenantId).where('id', '=', id).where('deleted_at', 'is', null).executeTakeFirst()
  return row && (row.refused_at === null ? 'trusted' : 'refused')
}

/** The private key is gone for good. */
export async function destroyKey (db: TenantDb, id: string): Promise<void> {
  await db.deleteFrom('certificate_keys').where('tenant_id', '=', db.tenantId).where('certificate_id', '=', id).execute()
}

/** With its sealed key; undefined when it is not there, or was deleted. */
export async function findKey (db: TenantDb, id: string) {
  return await db.selectFrom('certificates as c').innerJoin('certificate_keys as k', join => join.onRef('k.tenant_id', '=', 'c.tenant_id').onRef('k.certificate_id', '=', 'c.id'))
    .select(['c.id', 'c.mode', 'c.kind', 'c.issuer_id', 'c.tax_id', 'c.number', 'c.valid_from', 'c.valid_to', 'c.certificate', 'c.chain', 'k.key_sealed', 'k.file_sealed'])
    .where('c.tenant_id', '=', db.tenantId).where('c.id', '=', id).where('c.deleted_at', 'is', null).executeTakeFirst()
}
export type KeyRow = NonNullable<Awaited<ReturnType<typeof findKey>>>

export async function insertUse (db: TenantDb, use: { id: string, certificateId: string, purpose: string, subjectId: string }, now: Date): Promise<void> {
  await db.insertInto('certificate_uses').values({ tenant_id: db.tenantId, id: use.id, certificate_id: use.certificateId, purpose: use.purpose, subject_id: use.subjectId, created_at: now }).execute()
}

export async function listUses (db: TenantDb, certificateId: string, window: IdWindow) {
  return await db.selectFrom('certificate_uses').select(['id', 'purpose', 'subject_id', 'created_at']).where('tenant_id', '=', db.tenantId).where('certificate_id', '=', certificateId)
    .$if(window.before !== undefined, q => q.where('id', '<', window.before!))
    .$if(window.from !== undefined, q => q.where('id', '>=', window.from!))
    .orderBy('id', 'desc').limit(window.limit).execute()
}

/** The one that an issuer has in use now, as far as another takes over from it. */
export async function inUse (db: TenantDb, issuerId: string, now: Date): Promise<{ id: string, valid_to: Date, refused_at: Date | null } | undefined> {
  return await db.selectFrom('certificates as c').select(['c.id', 'c.valid_to', 'c.refused_at']).where('c.tenant_id', '=', db.tenantId).where('c.issuer_id', '=', issuerId)
    .where(usableAt(now)).orderBy('c.active_from', 'desc').orderBy('c.id', 'desc').limit(1).executeTakeFirst()
}

export async function insertConsent (db: TenantDb, consent: { id: string, certificateId: string, connectionId: string, textVersion: string, givenBy: string }, now: Date): Promise<void> {
  await db.insertInto('certificate_consents').values({
    tenant_id: db.tenantId, id: consent.id, certificate_id: consent.certificateId, connection_id: consent.connectionId, text_version: consent.textVersion, given_by: consent.givenBy, given_at: now
  }).execute()
}

export async function listConsents (db: TenantDb, certificateId: string) {
  return await db.selectFrom('certificate_consents').select(['connection_id', 'text_version', 'given_by', 'given_at', 'withdrawn_at'])
    .where('tenant_id', '=', db.tenantId).where('certificate_id', '=', certificateId).orderBy('id', 'desc').limit(200).execute()
}
export type ConsentRow = Awaited<ReturnType<typeof listConsents>>[number]

export async function findConsent (db: TenantDb, certificateId: string, connectionId: string): Promise<ConsentRow | undefined> {
  return await db.selectFrom('certificate_consents').select(['connection_id', 'text_version', 'given_by', 'given_at', 'withdrawn_at'])
    .where('tenant_id', '=', db.tenantId).where('certificate_id', '=', certificateId).where('connection_id', '=', connectionId).where('withdrawn_at', 'is', null).executeTakeFirst()
}

/** Tells whether there was one. */
export async function withdrawConsents (db: TenantDb, certificateId: string, now: Date, connectionId?: string): Promise<boolean> {
  const { numUpdatedRows } = await db.updateTable('certificate_consents').set({ withdrawn_at: now })
    .where('tenant_id', '=', db.tenantId).where('certificate_id', '=', certificateId).where('withdrawn_at', 'is', null)
    .$if(connectionId !== undefined, q => q.where('connection_id', '=', connectionId!)).executeTakeFirst()
  return numUpdatedRows > 0n
}

export async function findConnection (db: TenantDb, mode: Mode, id: string): Promise<{ id: string, provider: string } | undefined> {
  return await db.selectFrom('connections').select(['id', 'provider']).where('tenant_id', '=', db.tenantId).where('id', '=', id).where('mode', '=', mode).where('deleted_at', 'is', null).executeTakeFirst()
}
