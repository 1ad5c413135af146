import { sql } from 'kysely'
import type { Mode } from '../adapter/context.ts'
import type { IdWindow } from '../db/id-window.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import type { TaxCountry } from '../tax-ids.ts'
import type { Branch, Document, Issuer } from './schema.ts'

/** Everything but the logo's bytes, which only a document needs. */
const selectIssuers = (db: TenantDb) => db.selectFrom('issuers as i')
  .select(['i.id', 'i.tenant_id', 'i.legal_name', 'i.tax_id', 'i.trade_name', 'i.regime', 'i.postal_code', 'i.email', 'i.phone', 'i.website', 'i.logo_type', 'i.colour', 'i.ticket_footer', 'i.connection_id', 'i.created_at', 'i.updated_at'])
  .select([
    sql<Mode>`i.mode`.as('mode'), sql<TaxCountry>`i.country`.as('country'), sql<Issuer['address']>`i.address`.as('address'), sql<Branch[]>`i.branches`.as('branches'),
    sql<Partial<Record<Document, string>>>`i.default_series`.as('default_series'), sql<Issuer['mail']>`i.mail`.as('mail'), sql<Issuer['mx']>`i.mx`.as('mx'), sql<Issuer['ec']>`i.ec`.as('ec'), sql<Issuer['es']>`i.es`.as('es'),
    sql<number | null>`octet_length(i.logo)`.as('logo_bytes')
  ])
  .where('i.tenant_id', '=', db.tenantId).where('i.deleted_at', 'is', null)
export type IssuerRow = Awaited<ReturnType<ReturnType<typeof selectIssuers>['executeTakeFirstOrThrow']>>

export async function findIssuer (db: TenantDb, id: string): Promise<IssuerRow | undefined> {
  return await selectIssuers(db).where('i.id', '=', id).executeTakeFirst()
}

export async function lockIssuer (db: TenantDb, mode: Mode, id: string): Promise<IssuerRow | undefined> {
  return await selectIssuers(db).where('i.id', '=', id).where('i.mode', '=', mode).forUpdate().executeTakeFirst()
}

export async function listIssuers (db: TenantDb, filter: IdWindow & { mode: Mode, country?: TaxCountry, taxId?: string }): Promise<IssuerRow[]> {
  return await selectIssuers(db).where('i.mode', '=', filter.mode)
    .$if(filter.country !== undefined, q => q.where('i.country', '=', filter.country!))
    .$if(filter.taxId !== undefined, q => q.where('i.tax_id', '=', filter.taxId!))
    .$if(filter.before !== undefined, q => q.where('i.id', '<', filter.before!))
    .$if(filter.from !== undefined, q => q.where('i.id', '>=', filter.from!))
    .orderBy('i.id', 'desc').limit(filter.limit).execute()
}

/** Columns as they are written: objects and lists as JSON text. */
export interface IssuerColumns {
  legal_name: string
  trade_name: string | null
  regime: string | null
  postal_code: string | null
  address: string | null
  email: string | null
  phone: string | null
  website: string | null
  branches: string
  logo: Buffer | null
  logo_type: string | null
  colour: string | null
  ticket_footer: string | null
  default_series: string
  connection_id: string | null
  mail: string
  mx: string
  ec: string
  es: string
}

export async function insertIssuer (db: TenantDb, issuer: Partial<IssuerColumns> & { id: string, mode: Mode, country: TaxCountry, tax_id: string, legal_name: string }, now: Date): Promise<void> {
  await db.insertInto('issuers').values({ ...issuer, tenant_id: db.tenantId, created_at: now, updated_at: now }).execute()
}

export async function updateIssuer (db: TenantDb, id: string, changes: Partial<IssuerColumns> & { deleted_at?: Date }, now: Date): Promise<void> {
  await db.updateTable('issuers').set({ ...changes, updated_at: now }).where('tenant_id', '=', db.tenantId).where('id', '=', id).execute()
}

export async function logoOf (db: TenantDb, id: string): Promise<{ bytes: Buffer, type: string } | undefined> {
  const row = await db.selectFrom('issuers').select(['logo', 'logo_type']).where('tenant_id', '=', db.tenantId).where('id', '=', id).where('deleted_at', 'is', null).executeTakeFirst()
  return row?.logo == null || row.logo_type === null ? undefined : { bytes: row.logo, type: row.logo_type }
}

/** Which documents the series of an issuer number, by id. */
export async function seriesOf (db: TenantDb, issuerId: string): Promise<{ id: string, document: string, branch: string, till: string, active: boolean }[]> {
  return await db.selectFrom('series').select(['id', 'document', 'branch', 'till', 'active']).where('tenant_id', '=', db.tenantId).where('issuer_id', '=', issuerId).execute()
}

export async function deactivateSeries (db: TenantDb, issuerId: string, now: Date): Promise<void> {
  await db.updateTable('series').set({ active: false, updated_at: now }).where('tenant_id', '=', db.tenantId).where('issuer_id', '=', issuerId).where('active', '=', true).execute()
}

export async function hasConnection (db: TenantDb, mode: Mode, id: string): Promise<boolean> {
  return await db.selectFrom('connections').select('id').where('tenant_id', '=', db.tenantId).where('id', '=', id).where('mode', '=', mode).where('deleted_at', 'is', null).executeTakeFirst() !== undefined
}

/** Of a certificate `c`: valid, and its turn has come. Both ends of its validity belong to it (RFC 5280 §4.1.2.5). */
export const usableAt = (at: Date) => sql<boolean>`c.deleted_at is null and c.active_from <= ${at} and c.valid_from <= ${at} and c.valid_to >= ${at}`

/** What an issuer signs with at an instant: of the usable ones the one whose turn came last. */
export async function certificateInUse (db: TenantDb, issuerId: string, at: Date): Promise<{ id: string } | undefined> {
  return await db.selectFrom('certificates as c').select('c.id').where('c.tenant_id', '=', db.tenantId).where('c.issuer_id', '=', issuerId)
    .where(usableAt(at)).orderBy('c.active_from', 'desc').orderBy('c.id', 'desc').limit(1).executeTakeFirst()
}

/** How many certificates an issuer has that were not deleted. */
export async function countCertificates (db: TenantDb, issuerId: string): Promise<number> {
  const row = await db.selectFrom('certificates').select(eb => eb.fn.countAll<string>().as('count')).where('tenant_id', '=', db.tenantId).where('issuer_id', '=', issuerId).where('deleted_at', 'is', null).executeTakeFirstOrThrow()
  return Number(row.count)
}

/** Whether a document names it, a draft included. */
export async function hasInvoices (db: TenantDb, issuerId: string): Promise<boolean> {
  return await db.selectFrom('invoices').select('id').where('tenant_id', '=', db.tenantId).where('issuer_id', '=', issuerId).limit(1).executeTakeFirst() !== undefined
}

/** Certificates that came before their issuer become its own. */
export async function adoptCertificates (db: TenantDb, mode: Mode, issuerId: string, taxIds: readonly string[], country: TaxCountry): Promise<void> {
  await db.updateTable('certificates').set({ issuer_id: issuerId })
    .where('tenant_id', '=', db.tenantId).where('mode', '=', mode).where('issuer_id', 'is', null).where('deleted_at', 'is', null)
    .where('tax_country', '=', country).where('tax_id', 'in', [...taxIds]).execute()
}
