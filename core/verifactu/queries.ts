import { sql } from 'kysely'
import type { Mode } from '../adapter/context.ts'
import { delegates } from '../db/delegated.ts'
import type { IdWindow } from '../db/id-window.ts'
import type { TenantDb } from '../db/in-tenant.ts'

export type System = 'verifactu' | 'no_verifactu' | 'off'
export type RecordState = 'pending' | 'sending' | 'unknown' | 'accepted' | 'accepted_with_errors' | 'rejected' | 'unsigned' | 'kept'

const chains = (db: TenantDb) => db.selectFrom('verifactu_chains').selectAll()
  .select([sql<Mode>`mode`.as('mode'), sql<System>`system`.as('system'), sql<Exclude<System, 'verifactu'> | null>`next_system`.as('next_system'), sql<string | null>`to_char(last_day, 'YYYY-MM-DD')`.as('last_day')])
  .where('tenant_id', '=', db.tenantId)
export type ChainRow = Awaited<ReturnType<ReturnType<typeof chains>['executeTakeFirstOrThrow']>>

export async function findChain (db: TenantDb, id: string): Promise<ChainRow | undefined> {
  return await chains(db).where('id', '=', id).executeTakeFirst()
}

/** Locked until the transaction ends: whoever chains a record, or says what became of one, holds it. So records have one order. */
export async function lockChain (db: TenantDb, id: string): Promise<ChainRow | undefined> {
  return await chains(db).where('id', '=', id).forUpdate().executeTakeFirst()
}

export async function chainOf (db: TenantDb, mode: Mode, nif: string): Promise<ChainRow | undefined> {
  return await chains(db).where('mode', '=', mode).where('nif', '=', nif).executeTakeFirst()
}

export async function insertChain (db: TenantDb, chain: { id: string, mode: Mode, nif: string, issuerId: string }, now: Date): Promise<void> {
  await db.insertInto('verifactu_chains').values({ tenant_id: db.tenantId, id: chain.id, mode: chain.mode, nif: chain.nif, issuer_id: chain.issuerId, system: 'off', created_at: now, updated_at: now })
    .onConflict(oc => oc.columns(['tenant_id', 'mode', 'nif']).doNothing()).execute()
}

export interface ChainChanges {
  issuer_id?: string
  system?: System
  connection_id?: string | null
  last_day?: string | null
  next_system?: 'no_verifactu' | 'off' | null
  position?: number
  last_number?: string
  last_date?: string
  last_huella?: string
  last_at?: string
  event_position?: number
  event_type?: string
  event_huella?: string
  event_at?: string
  wait_seconds?: number
  next_send_at?: Date
  batch_size?: number
  outage_since?: Date | null
  summarized_at?: Date
}

export async function updateChain (db: TenantDb, id: string, changes: ChainChanges, now: Date): Promise<void> {
  await db.updateTable('verifactu_chains').set({ ...changes, updated_at: now }).where('tenant_id', '=', db.tenantId).where('id', '=', id).execute()
}

const records = (db: TenantDb) => db.selectFrom('verifactu_records').selectAll().select([sql<Mode>`mode`.as('mode'), sql<'alta' | 'anulacion'>`kind`.as('kind'), sql<RecordState>`status`.as('status')]).where('tenant_id', '=', db.tenantId)
export type RecordRow = Awaited<ReturnType<ReturnType<typeof records>['executeTakeFirstOrThrow']>>

export interface NewRecord {
  id: string
  chain_id: string
  position: number
  mode: Mode
  issuer_id: string
  invoice_id: string
  kind: 'alta' | 'anulacion'
  number: string
  date: string
  operation_date: string | null
  type: string | null
  tax: string | null
  total: string | null
  correction: string | null
  xml: string
  huella: string
  previous_huella: string
  generated_at: string
  system: 'verifactu' | 'no_verifactu'
  status: RecordState
}

export async function insertRecord (db: TenantDb, record: NewRecord, now: Date): Promise<void> {
  await db.insertInto('verifactu_records').values({ ...record, tenant_id: db.tenantId, created_at: now }).execute()
}

export async function findRecord (db: TenantDb, id: string): Promise<RecordRow | undefined> {
  return await records(db).where('id', '=', id).executeTakeFirst()
}

/** Of an invoice, in the order of the chain. */
export async function recordsOf (db: TenantDb, invoiceId: string): Promise<RecordRow[]> {
  return await records(db).where('invoice_id', '=', invoiceId).orderBy('position').execute()
}

/** The first of a chain in one of these states, in its order. */
export async function nextRecords (db: TenantDb, chainId: string, states: readonly RecordState[], limit: number): Promise<RecordRow[]> {
  return await records(db).where('chain_id', '=', chainId).where('status', 'in', [...states]).orderBy('position').limit(limit).execute()
}

export async function openStates (db: TenantDb, chainId: string): Promise<Set<RecordState>> {
  const rows = await db.selectFrom('verifactu_records').select('status').distinct().where('tenant_id', '=', db.tenantId).where('chain_id', '=', chainId).where('status', 'in', ['pending', 'sending', 'unknown', 'unsigned']).execute()
  return new Set(rows.map(({ status }) => status as RecordState))
}

export interface RecordChanges {
  status?: RecordState
  incident?: boolean
  error_code?: string | null
  error_message?: string | null
  receipt?: string | null
  operation_id?: string | null
  sent_at?: Date
  answered_at?: Date
}

export async function updateRecords (db: TenantDb, ids: readonly string[], changes: RecordChanges): Promise<void> {
  if (ids.length === 0) return
  await db.updateTable('verifactu_records').set(changes).where('tenant_id', '=', db.tenantId).where('id', 'in', [...ids]).execute()
}

export async function signRecord (db: TenantDb, id: string, signed: string): Promise<void> {
  await db.updateTable('verifactu_records').set({ status: 'kept', signed }).where('tenant_id', '=', db.tenantId).where('id', '=', id).where('status', '=', 'unsigned').execute()
}

/** Later records of the same invoices by their huellas: what the authority keeps is the last one. */
export async function huellasOf (db: TenantDb, chainId: string, number: string, date: string): Promise<{ position: number, huella: string }[]> {
  return await db.selectFrom('verifactu_records').select(['position', 'huella']).where('tenant_id', '=', db.tenantId).where('chain_id', '=', chainId).where('number', '=', number).where('date', '=', date).orderBy('position').execute()
}

/** The last registro de alta of an invoice by its number. */
export async function altaNamed (db: TenantDb, chainId: string, number: string): Promise<{ tax: string | null, total: string | null } | undefined> {
  return await db.selectFrom('verifactu_records').select(['tax', 'total']).where('tenant_id', '=', db.tenantId).where('chain_id', '=', chainId).where('number', '=', number).where('kind', '=', 'alta').orderBy('position', 'desc').limit(1).executeTakeFirst()
}

/** A part of the chain, from a position on: for looking at all of it without holding it. */
export async function recordsFrom (db: TenantDb, chainId: string, after: number, limit: number): Promise<RecordRow[]> {
  return await records(db).where('chain_id', '=', chainId).where('position', '>', after).orderBy('position').limit(limit).execute()
}

/** What was answered, and still holds a buyer that the tenant wants sealed. */
export async function toSeal (db: TenantDb, chain: Pick<ChainRow, 'id' | 'mode'>, limit: number): Promise<RecordRow[]> {
  return await records(db).where('chain_id', '=', chain.id).where('xml', 'is not', null).where('kind', '=', 'alta').where('status', 'in', ['accepted', 'accepted_with_errors', 'rejected', 'kept']).where(delegates(db, chain.mode)).orderBy('position').limit(limit).execute()
}

export async function sealRecord (db: TenantDb, id: string, xml: string, signed: string | null): Promise<void> {
  await db.updateTable('verifactu_records').set({ xml: null, xml_sealed: xml, ...(signed !== null && { signed: null, signed_sealed: signed }) }).where('tenant_id', '=', db.tenantId).where('id', '=', id).execute()
}

export async function listRecords (db: TenantDb, filter: IdWindow & { mode: Mode, chainId?: string, invoiceId?: string, status?: string }): Promise<RecordRow[]> {
  return await records(db).where('mode', '=', filter.mode)
    .$if(filter.chainId !== undefined, q => q.where('chain_id', '=', filter.chainId!))
    .$if(filter.invoiceId !== undefined, q => q.where('invoice_id', '=', filter.invoiceId!))
    .$if(filter.status !== undefined, q => q.where('status', '=', filter.status!))
    .$if(filter.before !== undefined, q => q.where('id', '<', filter.before!))
    .$if(filter.from !== undefined, q => q.where('id', '>=', filter.from!))
    .orderBy('id', 'desc').limit(filter.limit).execute()
}

export async function countStates (db: TenantDb, chainId: string): Promise<Partial<Record<RecordState, number>>> {
  const rows = await db.selectFrom('verifactu_records').select(['status', eb => eb.fn.countAll<string>().as('count')]).where('tenant_id', '=', db.tenantId).where('chain_id', '=', chainId).groupBy('status').execute()
  return Object.fromEntries(rows.map(({ status, count }) => [status, Number(count)]))
}

/** What was chained between two instants: the first, the last and the sums. */
export async function periodOf (db: TenantDb, chainId: string, from: Date, to: Date): Promise<{ altas: number, anulaciones: number, tax: string, total: string, first: number | null, last: number | null }> {
  return await db.selectFrom('verifactu_records').select([
    sql<number>`count(*) filter (where kind = 'alta')::int`.as('altas'), sql<number>`count(*) filter (where kind = 'anulacion')::int`.as('anulaciones'),
    sql<string>`to_char(coalesce(sum(tax::numeric), 0), 'FM999999999990.00')`.as('tax'), sql<string>`to_char(coalesce(sum(total::numeric), 0), 'FM999999999990.00')`.as('total'),
    sql<number | null>`min(position)`.as('first'), sql<number | null>`max(position)`.as('last')
  ]).where('tenant_id', '=', db.tenantId).where('chain_id', '=', chainId).where('created_at', '>=', from).where('created_at', '<', to).executeTakeFirstOrThrow()
}

export async function recordAt (db: TenantDb, chainId: string, position: number): Promise<RecordRow | undefined> {
  return await records(db).where('chain_id', '=', chainId).where('position', '=', position).executeTakeFirst()
}

// --- events ---------------------------------------------------------------------------------------------------------------

const events = (db: TenantDb) => db.selectFrom('verifactu_events').selectAll().select(sql<Mode>`mode`.as('mode')).where('tenant_id', '=', db.tenantId)
export type EventRow = Awaited<ReturnType<ReturnType<typeof events>['executeTakeFirstOrThrow']>>

export async function insertEvent (db: TenantDb, event: { id: string, chain_id: string, position: number, mode: Mode, type: string, xml: string, huella: string, generated_at: string }, now: Date): Promise<void> {
  await db.insertInto('verifactu_events').values({ ...event, tenant_id: db.tenantId, created_at: now }).execute()
}

export async function findEvent (db: TenantDb, id: string): Promise<EventRow | undefined> {
  return await events(db).where('id', '=', id).executeTakeFirst()
}

export async function unsignedEvents (db: TenantDb, chainId: string, limit: number): Promise<EventRow[]> {
  return await events(db).where('chain_id', '=', chainId).where('signed', 'is', null).orderBy('position').limit(limit).execute()
}

/** Signed once: whoever comes later leaves it as it is. */
export async function signEvent (db: TenantDb, id: string, signed: string): Promise<void> {
  await db.updateTable('verifactu_events').set({ signed }).where('tenant_id', '=', db.tenantId).where('id', '=', id).where('signed', 'is', null).execute()
}

export async function eventsFrom (db: TenantDb, chainId: string, after: number, limit: number): Promise<EventRow[]> {
  return await events(db).where('chain_id', '=', chainId).where('position', '>', after).orderBy('position').limit(limit).execute()
}

/** How many of each kind since an instant. */
export async function eventCounts (db: TenantDb, chainId: string, since: Date): Promise<{ type: string, count: number }[]> {
  return await db.selectFrom('verifactu_events').select(['type', sql<number>`count(*)::int`.as('count')]).where('tenant_id', '=', db.tenantId).where('chain_id', '=', chainId).where('created_at', '>=', since).groupBy('type').orderBy('type').execute()
}

export async function listEvents (db: TenantDb, filter: IdWindow & { mode: Mode, chainId?: string }): Promise<EventRow[]> {
  return await events(db).where('mode', '=', filter.mode)
    .$if(filter.chainId !== undefined, q => q.where('chain_id', '=', filter.chainId!))
    .$if(filter.before !== undefined, q => q.where('id', '<', filter.before!))
    .$if(filter.from !== undefined, q => q.where('id', '>=', filter.from!))
    .orderBy('id', 'desc').limit(filter.limit).execute()
}

// --- how it is sent -------------------------------------------------------------------------------------------------------

/** The tenant's oldest enabled connection of a provider, where the chain names none. */
export async function connectionTo (db: TenantDb, mode: Mode, provider: string): Promise<string | undefined> {
  const row = await db.selectFrom('connections').select('id').where('tenant_id', '=', db.tenantId).where('mode', '=', mode).where('provider', '=', provider)
    .where('enabled', '=', true).where('deleted_at', 'is', null).orderBy('id').limit(1).executeTakeFirst()
  return row?.id
}

export async function connectionIs (db: TenantDb, mode: Mode, id: string): Promise<{ provider: string } | undefined> {
  return await db.selectFrom('connections').select('provider').where('tenant_id', '=', db.tenantId).where('id', '=', id).where('mode', '=', mode).where('deleted_at', 'is', null).executeTakeFirst()
}

/** Whether an authority's words, which may name the buyer, are kept. */
export async function isDelegated (db: TenantDb, mode: Mode): Promise<boolean> {
  return (await db.selectNoFrom(delegates(db, mode).as('delegated')).executeTakeFirstOrThrow()).delegated
}
