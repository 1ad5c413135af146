import { sql } from 'kysely'
import type { Mode } from '../adapter/context.ts'
import type { PaymentProblem } from '../adapter/payments.ts'
import type { IdWindow } from '../db/id-window.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import { publicId } from '../ids.ts'
import type { PageState, PageStatus } from './machine.ts'

/** The only SQL about pages. Sessions and links are one table: the same life, and two ways to show it. */
const selectPages = (db: TenantDb) => db.selectFrom('checkout_pages').selectAll().where('tenant_id', '=', db.tenantId)
export type PageRow = Awaited<ReturnType<ReturnType<typeof selectPages>['executeTakeFirstOrThrow']>>
export type PageKind = 'checkout_session' | 'payment_link'

type NullAtFirst = 'provider_status' | 'url' | 'payer' | 'payment_id' | 'provider_reference' | 'error' | 'checked_at'
/** `url`: of a page of our own, which is there before anybody is asked. */
export type NewPage = Omit<PageRow, 'tenant_id' | 'version' | NullAtFirst> & { url?: string }

export async function insertPage (db: TenantDb, page: NewPage): Promise<PageRow> {
  const json = (value: unknown) => value === null || value === undefined ? null : JSON.stringify(value)
  return await db.insertInto('checkout_pages').values({
    ...page, tenant_id: db.tenantId, lines: json(page.lines), methods: json(page.methods), metadata: JSON.stringify(page.metadata), customer: json(page.customer)
  }).returningAll().executeTakeFirstOrThrow()
}

export async function findPage (db: TenantDb, id: string): Promise<PageRow | undefined> {
  return await selectPages(db).where('id', '=', id).executeTakeFirst()
}

export async function lockPage (db: TenantDb, id: string): Promise<PageRow | undefined> {
  return await selectPages(db).where('id', '=', id).forUpdate().executeTakeFirst()
}

export async function findByProviderReference (db: TenantDb, connectionId: string, providerReference: string): Promise<PageRow | undefined> {
  return await selectPages(db).where('connection_id', '=', connectionId).where('provider_reference', '=', providerReference).executeTakeFirst()
}

export interface PageFilter extends IdWindow { kind: PageKind, mode: Mode, status?: string, reference?: string, connectionId?: string }

export async function listPages (db: TenantDb, filter: PageFilter): Promise<PageRow[]> {
  return await selectPages(db).where('kind', '=', filter.kind).where('mode', '=', filter.mode)
    .$if(filter.before !== undefined, q => q.where('id', '<', filter.before!))
    .$if(filter.from !== undefined, q => q.where('id', '>=', filter.from!))
    .$if(filter.status !== undefined, q => q.where('status', '=', filter.status!))
    .$if(filter.reference !== undefined, q => q.where('reference', '=', filter.reference!))
    .$if(filter.connectionId !== undefined, q => q.where('connection_id', '=', filter.connectionId!))
    .orderBy('id', 'desc').limit(filter.limit).execute()
}

export interface PageChanges extends Partial<Pick<PageRow, 'provider_status' | 'url' | 'expires_at' | 'payment_id' | 'checked_at' | 'pending_operation_id' | 'pending_sealed' | 'pending_since'>> {
  payer?: object
  /** What the machine decided. */
  state?: PageState
  pending?: 'expire'
}

export async function updatePage (db: TenantDb, id: string, { state, payer, pending, ...changes }: PageChanges, now: Date): Promise<PageRow> {
  return await db.updateTable('checkout_pages').set({
    ...changes,
    ...(payer !== undefined && { payer: JSON.stringify(payer) }),
    ...(pending !== undefined && { pending_kind: pending }),
    ...(state !== undefined && {
      status: state.status,
      provider_reference: state.providerReference,
      error: state.error && JSON.stringify(state.error),
      pending_kind: state.pending,
      ...(state.pending === null && { pending_operation_id: null, pending_sealed: null, pending_since: null }),
      version: sql`version + 1`
    }),
    updated_at: now
  }).where('tenant_id', '=', db.tenantId).where('id', '=', id).returningAll().executeTakeFirstOrThrow()
}

/** It was asked about, and there was no news. */
export async function markChecked (db: TenantDb, id: string, now: Date): Promise<void> {
  await db.updateTable('checkout_pages').set({ checked_at: now }).where('tenant_id', '=', db.tenantId).where('id', '=', id).execute()
}

/** Under which key a call was sent. */
export async function keyOfOperation (db: TenantDb, operationId: string): Promise<string | undefined> {
  const row = await db.selectFrom('operations').select('idempotency_key').where('tenant_id', '=', db.tenantId).where('id', '=', operationId).executeTakeFirst()
  return row?.idempotency_key ?? undefined
}

/** The machine's view of a row. */
export function pageStateOf (row: PageRow): PageState {
  return {
    reference: publicId(row.kind as PageKind, row.id),
    mode: row.mode as Mode,
    amount: row.amount,
    currency: row.currency,
    status: row.status as PageStatus,
    providerReference: row.provider_reference,
    error: row.error as PaymentProblem | null,
    pending: row.pending_kind as PageState['pending']
  }
}
