import type { Access } from '../access/principal.ts'
import type { Mode } from '../adapter/context.ts'
import { isCurrency } from '../adapter/money.ts'
import { recordChange } from '../audit/record.ts'
import { holdCustomer } from '../customers/queries.ts'
import { idWindow, pageOf } from '../db/id-window.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { storable } from '../db/storable.ts'
import { HubError, invalidField } from '../errors.ts'
import { recordEvents } from '../events/record.ts'
import type { Hub } from '../hub.ts'
import { type Idempotency, recordSubject } from '../idempotency/service.ts'
import { newUuid, parseId, publicId, uuidOf } from '../ids.ts'
import { randomPart } from '../random.ts'
import * as queries from './queries.ts'
import type { StoreCreditRow } from './queries.ts'
import type { ListStoreCredits, NewStoreCredit, RedeemStoreCredit, StoreCredit } from './schema.ts'

const dayMs = 86_400_000
const goodForDays = 365

type House = Pick<Hub, 'db' | 'now'>

/** Letters and digits that nobody takes for one another: 60 bits, which nobody guesses through a rate limit. */
const alphabet = '23456789ABCDEFGHJKMNPQRSTUVWXYZ'
function newCode (): string {
  const letters: string[] = []
  // Rejected above the last whole round, so that each letter is as likely.
  while (letters.length < 12) for (const byte of randomPart(16)) if (byte < 248 && letters.length < 12) letters.push(alphabet[byte % 31]!)
  return [0, 4, 8].map(at => letters.slice(at, at + 4).join('')).join('-')
}

export async function createStoreCredit (hub: House, access: Access, given: NewStoreCredit, idempotency: Idempotency | null): Promise<StoreCredit> {
  if (idempotency?.subject !== undefined) return await getStoreCredit(hub, access, idempotency.subject)
  const body = storable(given)
  const now = hub.now()
  if (!isCurrency(body.currency)) throw invalidField('currency', 'is not an ISO 4217 currency')
  const expiresAt = body.expires_at === undefined ? new Date(now.getTime() + goodForDays * dayMs) : new Date(body.expires_at)
  if (!(expiresAt > now)) throw invalidField('expires_at', 'is not a moment to come')
  return await inTenant(hub.db, access.tenantId, async db => {
    const customerId = body.customer === undefined ? null : parseId('customer', body.customer) ?? null
    if (body.customer !== undefined && (customerId === null || (await holdCustomer(db, customerId))?.mode !== access.mode)) throw invalidField('customer', 'is no customer of yours')
    const row = await issue(db, access, { amount: body.amount, currency: body.currency, customerId, saleId: null, reason: body.reason ?? null, metadata: body.metadata ?? {}, expiresAt }, now)
    if (idempotency !== null) await recordSubject(db, idempotency, publicId('store_credit', row.id))
    return await show(db, row)
  })
}

interface Issuing { amount: number, currency: string, customerId: string | null, saleId: string | null, reason: string | null, metadata?: Record<string, string>, expiresAt?: Date }

/** In the transaction of whatever it is given for. */
export async function issue (db: TenantDb, access: Access, { amount, currency, customerId, saleId, reason, metadata = {}, expiresAt }: Issuing, now: Date): Promise<StoreCreditRow> {
  const row = await queries.insertCredit(db, { id: newUuid(now), mode: access.mode, code: newCode(), currency, amount, customer_id: customerId, sale_id: saleId, reason, metadata, expires_at: expiresAt ?? new Date(now.getTime() + goodForDays * dayMs), created_at: now })
  await queries.insertCreditEvent(db, { store_credit_id: row.id, type: 'issued', amount, balance: amount, sale_id: saleId }, now)
  await tell(db, access, row, 'issued', amount, now)
  return row
}

export async function redeemStoreCredit (hub: House, access: Access, publicCreditId: string, given: RedeemStoreCredit, idempotency: Idempotency | null): Promise<StoreCredit> {
  const id = uuidOf('store_credit', publicCreditId)
  if (idempotency?.subject !== undefined) return await getStoreCredit(hub, access, publicCreditId)
  const body = storable(given)
  const now = hub.now()
  return await inTenant(hub.db, access.tenantId, async db => {
    const row = await queries.lockCredit(db, id)
    if (row?.mode !== access.mode) throw new HubError('not_found')
    const saleId = body.sale === undefined ? null : parseId('sale', body.sale)
    if (saleId === undefined) throw invalidField('sale', 'is not an id')
    const after = await take(db, access, row, { amount: body.amount ?? row.balance, path: 'amount', saleId, reference: body.reference ?? null }, now)
    if (idempotency !== null) await recordSubject(db, idempotency, publicCreditId)
    return await show(db, after)
  })
}

/** By its code, in the transaction of the sale that it pays. Throws 400 that names the tender. */
export async function redeemFor (db: TenantDb, access: Access, { code, amount, currency, saleId, path }: { code: string, amount: number, currency: string, saleId: string, path: string }, now: Date): Promise<void> {
  const row = await queries.lockByCode(db, access.mode, code.trim().toUpperCase())
  if (row === undefined) throw invalidField(path, 'is no store credit of yours')
  if (row.currency !== currency) throw invalidField(path, `is in ${row.currency}`)
  await take(db, access, row, { amount, path, saleId, reference: null }, now)
}

async function take (db: TenantDb, access: Access, row: StoreCreditRow, { amount, path, saleId, reference }: { amount: number, path: string, saleId: string | null, reference: string | null }, now: Date): Promise<StoreCreditRow> {
  if (statusAt(row, now) !== 'active') throw new HubError('invalid_state', { detail: { es: `El vale está ${statusAt(row, now)}.`, en: `The store credit is ${statusAt(row, now)}.` }, errors: [{ path, message: `is ${statusAt(row, now)}` }] })
  if (amount > row.balance) throw invalidField(path, `at most ${row.balance} is left`, 'amount_invalid')
  const balance = row.balance - amount
  const after = await queries.updateCredit(db, row.id, { balance, ...(balance === 0 && { status: 'redeemed' }) }, now)
  await queries.insertCreditEvent(db, { store_credit_id: row.id, type: 'redeemed', amount, balance, sale_id: saleId, reference }, now)
  await tell(db, access, after, 'redeemed', amount, now)
  return after
}

async function tell (db: TenantDb, access: Access, row: StoreCreditRow, what: 'issued' | 'redeemed', amount: number, now: Date): Promise<void> {
  const id = publicId('store_credit', row.id)
  // Its code is money: it stands in no event and no log.
  const { code, ...data } = shown(row, now)
  await recordEvents(db, now, [{ type: `store_credit.${what}`, mode: row.mode as Mode, subjectId: row.id, data }])
  await recordChange(db, access, now, { action: `store_credit.${what}`, subjectType: 'store_credit', subjectId: id, detail: { amount, balance: row.balance, currency: row.currency } })
}

export async function getStoreCredit (hub: House, access: Access, publicCreditId: string): Promise<StoreCredit> {
  return await inTenant(hub.db, access.tenantId, async db => {
    const row = await queries.findCredit(db, uuidOf('store_credit', publicCreditId))
    if (row?.mode !== access.mode) throw new HubError('not_found')
    return await show(db, row, hub.now())
  })
}

export async function listStoreCredits (hub: House, access: Access, query: ListStoreCredits): Promise<{ data: StoreCredit[], next_cursor: string | null }> {
  const window = idWindow('store_credit', query)
  const saleId = query.sale === undefined ? undefined : parseId('sale', query.sale)
  if (query.sale !== undefined && saleId === undefined) return { data: [], next_cursor: null }
  const rows = await inTenant(hub.db, access.tenantId, async db => await queries.listCredits(db, {
    ...window, mode: access.mode, ...(query.status !== undefined && { status: query.status }), ...(query.code !== undefined && { code: query.code.trim().toUpperCase() }), ...(saleId !== undefined && { saleId })
  }))
  return pageOf('store_credit', window, rows, row => shown(row, hub.now()))
}

/** Its day may be over without anybody having written that down. */
const statusAt = ({ status, expires_at: expiresAt }: StoreCreditRow, now: Date): StoreCredit['status'] => status === 'active' && expiresAt <= now ? 'expired' : status as StoreCredit['status']

async function show (db: TenantDb, row: StoreCreditRow, now: Date = row.updated_at): Promise<StoreCredit> {
  const events = await queries.eventsOf(db, row.id)
  return {
    ...shown(row, now),
    events: events.map(event => ({ type: event.type as 'issued', amount: Number(event.amount), balance: Number(event.balance), sale: event.sale_id === null ? null : publicId('sale', event.sale_id), reference: event.reference, created_at: event.created_at.toISOString() }))
  }
}

function shown (row: StoreCreditRow, now: Date): StoreCredit {
  return {
    id: publicId('store_credit', row.id),
    object: 'store_credit',
    mode: row.mode as Mode,
    status: statusAt(row, now),
    code: row.code,
    currency: row.currency,
    amount: row.amount,
    balance: row.balance,
    customer: row.customer_id === null ? null : publicId('customer', row.customer_id),
    sale: row.sale_id === null ? null : publicId('sale', row.sale_id),
    reason: row.reason,
    metadata: row.metadata as Record<string, string>,
    expires_at: row.expires_at.toISOString(),
    created_at: row.created_at.toISOString()
  }
}
