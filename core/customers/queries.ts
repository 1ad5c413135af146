import { sql } from 'kysely'
import type { Mode } from '../adapter/context.ts'
import type { PaymentProblem } from '../adapter/payments.ts'
import type { IdWindow } from '../db/id-window.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import type { MethodState, MethodStatus } from './method-machine.ts'
import { publicId } from '../ids.ts'

/** The only SQL about customers, what stands for them at providers, and their saved methods. */
const selectCustomers = (db: TenantDb) => db.selectFrom('customers').selectAll().where('tenant_id', '=', db.tenantId)
export type CustomerRow = Awaited<ReturnType<ReturnType<typeof selectCustomers>['executeTakeFirstOrThrow']>>

export interface CustomerFields {
  name?: string | null
  email?: string | null
  phone?: string | null
  tax_id?: string | null
  address?: object | null
  reference?: string | null
  metadata?: Record<string, string>
}

const columnsOf = ({ address, metadata, ...plain }: CustomerFields) => ({
  ...plain,
  ...(address !== undefined && { address: address && JSON.stringify(address) }),
  ...(metadata !== undefined && { metadata: JSON.stringify(metadata) })
})

export async function insertCustomer (db: TenantDb, id: string, mode: Mode, fields: CustomerFields, now: Date): Promise<CustomerRow> {
  return await db.insertInto('customers').values({ tenant_id: db.tenantId, id, mode, ...columnsOf(fields), created_at: now, updated_at: now }).returningAll().executeTakeFirstOrThrow()
}

/** Also one that was deleted: what is left of it. */
export async function findAnyCustomer (db: TenantDb, id: string): Promise<CustomerRow | undefined> {
  return await selectCustomers(db).where('id', '=', id).executeTakeFirst()
}

/** The oldest that has this tax id. */
export async function findByTaxId (db: TenantDb, mode: Mode, taxId: string): Promise<CustomerRow | undefined> {
  return await selectCustomers(db).where('mode', '=', mode).where('tax_id', '=', taxId).where('deleted_at', 'is', null).orderBy('id').limit(1).executeTakeFirst()
}

export async function lockCustomer (db: TenantDb, id: string): Promise<CustomerRow | undefined> {
  return await selectCustomers(db).where('id', '=', id).where('deleted_at', 'is', null).forUpdate().executeTakeFirst()
}

/** Until the transaction ends the customer is not deleted. */
export async function holdCustomer (db: TenantDb, id: string): Promise<CustomerRow | undefined> {
  return await selectCustomers(db).where('id', '=', id).where('deleted_at', 'is', null).forShare().executeTakeFirst()
}

export async function updateCustomer (db: TenantDb, id: string, fields: CustomerFields, now: Date): Promise<CustomerRow> {
  return await db.updateTable('customers').set({ ...columnsOf(fields), version: sql`version + 1`, updated_at: now })
    .where('tenant_id', '=', db.tenantId).where('id', '=', id).returningAll().executeTakeFirstOrThrow()
}

export async function setDefaultMethod (db: TenantDb, id: string, methodId: string | null, now: Date): Promise<void> {
  await db.updateTable('customers').set({ default_method_id: methodId, updated_at: now }).where('tenant_id', '=', db.tenantId).where('id', '=', id).execute()
}

/** Empties the row; what refers to it still finds that it was there. */
export async function forgetCustomer (db: TenantDb, id: string, now: Date): Promise<void> {
  await db.updateTable('customers').set({
    name: null, email: null, phone: null, tax_id: null, address: null, reference: null, metadata: '{}', default_method_id: null, version: sql`version + 1`, updated_at: now, deleted_at: now
  }).where('tenant_id', '=', db.tenantId).where('id', '=', id).execute()
}

/** A subscription that may still take money. */
export async function hasOpenSubscription (db: TenantDb, customerId: string): Promise<boolean> {
  const row = await db.selectFrom('subscriptions').select('id').where('tenant_id', '=', db.tenantId).where('customer_id', '=', customerId)
    .where('status', 'not in', ['canceled', 'expired']).limit(1).executeTakeFirst()
  return row !== undefined
}

export interface CustomerFilter extends IdWindow { mode: Mode, email?: string, taxId?: string, reference?: string }

export async function listCustomers (db: TenantDb, filter: CustomerFilter): Promise<CustomerRow[]> {
  return await selectCustomers(db).where('mode', '=', filter.mode).where('deleted_at', 'is', null)
    .$if(filter.before !== undefined, q => q.where('id', '<', filter.before!))
    .$if(filter.from !== undefined, q => q.where('id', '>=', filter.from!))
    .$if(filter.email !== undefined, q => q.where(sql<boolean>`lower(email) = lower(${filter.email!})`))
    .$if(filter.taxId !== undefined, q => q.where('tax_id', '=', filter.taxId!))
    .$if(filter.reference !== undefined, q => q.where('reference', '=', filter.reference!))
    .orderBy('id', 'desc').limit(filter.limit).execute()
}

// --- counterparts -----------------------------------------------------------------------------------------------------

const selectCounterparts = (db: TenantDb) => db.selectFrom('counterparts').selectAll().where('tenant_id', '=', db.tenantId)
export type CounterpartRow = Awaited<ReturnType<ReturnType<typeof selectCounterparts>['executeTakeFirstOrThrow']>>
export type CounterpartKind = 'customer' | 'plan'

/** The row of this object at this connection, locked; made when there is none. */
export async function lockCounterpart (db: TenantDb, fresh: { id: string, keyId: string, kind: CounterpartKind, ownerId: string, connectionId: string, now: Date }): Promise<CounterpartRow> {
  const { kind, ownerId, connectionId, now } = fresh
  await db.insertInto('counterparts')
    .values({ tenant_id: db.tenantId, id: fresh.id, kind, owner_id: ownerId, connection_id: connectionId, key_id: fresh.keyId, created_at: now, updated_at: now })
    .onConflict(oc => oc.columns(['tenant_id', 'kind', 'owner_id', 'connection_id']).doNothing()).execute()
  return await selectCounterparts(db).where('kind', '=', kind).where('owner_id', '=', ownerId).where('connection_id', '=', connectionId).forUpdate().executeTakeFirstOrThrow()
}

export async function findCounterpart (db: TenantDb, kind: CounterpartKind, ownerId: string, connectionId: string): Promise<CounterpartRow | undefined> {
  return await selectCounterparts(db).where('kind', '=', kind).where('owner_id', '=', ownerId).where('connection_id', '=', connectionId).executeTakeFirst()
}

/** At every provider that has it, or may have it. */
export async function listCounterparts (db: TenantDb, kind: CounterpartKind, ownerId: string): Promise<CounterpartRow[]> {
  return await selectCounterparts(db).where('kind', '=', kind).where('owner_id', '=', ownerId).where('removed_at', 'is', null)
    .where(where => where.or([where('provider_reference', 'is not', null), where('asked_at', 'is not', null)])).orderBy('id').execute()
}

export interface CounterpartChanges {
  provider_reference?: string | null
  key_id?: string
  asked_at?: Date | null
  sent_at?: Date
  busy_until?: Date | null
  told_version?: number | null
  removed_at?: Date
}

export async function updateCounterpart (db: TenantDb, id: string, changes: CounterpartChanges, now: Date): Promise<void> {
  await db.updateTable('counterparts').set({ ...changes, updated_at: now }).where('tenant_id', '=', db.tenantId).where('id', '=', id).execute()
}

// --- payment methods --------------------------------------------------------------------------------------------------

const selectMethods = (db: TenantDb) => db.selectFrom('payment_methods').selectAll().where('tenant_id', '=', db.tenantId)
export type MethodRow = Awaited<ReturnType<ReturnType<typeof selectMethods>['executeTakeFirstOrThrow']>>

type NewMethod = Pick<MethodRow, 'id' | 'mode' | 'customer_id' | 'connection_id' | 'provider' | 'type'>
type PendingSave = Pick<MethodRow, 'pending_key' | 'pending_operation_id' | 'pending_sealed'>

/** `pending`: the call that saves it; without one it is saved already. */
export async function insertMethod (db: TenantDb, row: NewMethod, pending: PendingSave | undefined, now: Date): Promise<MethodRow> {
  return await db.insertInto('payment_methods').values({ tenant_id: db.tenantId, ...row, status: 'unknown', ...pending, ...(pending !== undefined && { pending_since: now }), created_at: now, updated_at: now }).returningAll().executeTakeFirstOrThrow()
}

export async function findMethod (db: TenantDb, id: string): Promise<MethodRow | undefined> {
  return await selectMethods(db).where('id', '=', id).executeTakeFirst()
}

export async function lockMethod (db: TenantDb, id: string): Promise<MethodRow | undefined> {
  return await selectMethods(db).where('id', '=', id).forUpdate().executeTakeFirst()
}

/** What a provider's event names: the method, or its set-up. One that is in use goes before one that was removed. */
export async function matchMethod (db: TenantDb, connectionId: string, { mac, setupReference }: { mac?: Buffer, setupReference?: string }): Promise<MethodRow | undefined> {
  return await selectMethods(db).where('connection_id', '=', connectionId)
    .where(where => where.or([...(mac === undefined ? [] : [where('provider_mac', '=', mac)]), ...(setupReference === undefined ? [] : [where('setup_reference', '=', setupReference)])]))
    .orderBy('removed_at', order => order.desc().nullsFirst()).orderBy('id', 'desc').limit(1).executeTakeFirst()
}

/** Another one in use that is the very same at the provider. Until the transaction ends, nobody else looks for it, and so nobody makes a second one. */
export async function findTwin (db: TenantDb, row: Pick<MethodRow, 'id' | 'connection_id'>, mac: Buffer): Promise<MethodRow | undefined> {
  await sql`select pg_advisory_xact_lock(hashtext('pasarela payment method'), hashtext(${`${db.tenantId} ${row.connection_id} ${mac.toString('hex')}`}))`.execute(db)
  return await selectMethods(db).where('connection_id', '=', row.connection_id).where('provider_mac', '=', mac).where('status', '=', 'active').where('id', '!=', row.id).limit(1).executeTakeFirst()
}

export async function listMethods (db: TenantDb, customerId: string, window: IdWindow, status?: MethodStatus): Promise<MethodRow[]> {
  return await selectMethods(db).where('customer_id', '=', customerId).where('status', '!=', 'removed')
    .$if(status !== undefined, q => q.where('status', '=', status!))
    .$if(window.before !== undefined, q => q.where('id', '<', window.before!))
    .$if(window.from !== undefined, q => q.where('id', '>=', window.from!))
    .orderBy('id', 'desc').limit(window.limit).execute()
}

/** Locks them in one order, so that two who do it do not lock each other out. */
export async function lockMethodsOf (db: TenantDb, customerId: string): Promise<MethodRow[]> {
  return await selectMethods(db).where('customer_id', '=', customerId).where('status', '!=', 'removed').orderBy('id').forUpdate().execute()
}

export interface MethodChanges extends Partial<Pick<MethodRow, 'status' | 'brand' | 'last4' | 'exp_month' | 'exp_year' | 'provider_sealed' | 'provider_mac' | 'setup_reference' | 'next_action_sealed' | 'pending_key' | 'pending_operation_id' | 'pending_sealed' | 'pending_since' | 'removed_at' | 'detached_at'>> {
  error?: PaymentProblem | null
}

export async function updateMethod (db: TenantDb, id: string, { error, ...changes }: MethodChanges, now: Date): Promise<MethodRow> {
  return await db.updateTable('payment_methods').set({ ...changes, ...(error !== undefined && { error: error && JSON.stringify(error) }), updated_at: now })
    .where('tenant_id', '=', db.tenantId).where('id', '=', id).returningAll().executeTakeFirstOrThrow()
}

/** The machine's view of a row. */
export function methodStateOf (row: MethodRow): MethodState {
  return { reference: publicId('payment_method', row.id), status: row.status as MethodStatus, pending: row.pending_key !== null, error: row.error as PaymentProblem | null }
}
