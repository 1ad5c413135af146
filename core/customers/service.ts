import type { Access } from '../access/principal.ts'
import { recordChange } from '../audit/record.ts'
import { idWindow, pageOf } from '../db/id-window.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { setTimer } from '../db/timers.ts'
import { HubError, invalidField } from '../errors.ts'
import { recordEvents } from '../events/record.ts'
import { storable } from '../db/storable.ts'
import type { Hub } from '../hub.ts'
import { type Idempotency, recordSubject } from '../idempotency/service.ts'
import { newUuid, parseId, publicId, uuidOf } from '../ids.ts'
import { applyMethodFact } from './apply-method.ts'
import { endSubscriptionsOfOwner } from '../notifications/push/queries.ts'
import * as queries from './queries.ts'
import type { CustomerRow } from './queries.ts'
import type { Customer, ListCustomers, NewCustomer, PatchCustomer } from './schema.ts'
import { showCustomer, showForgettable } from './view.ts'

/** A customer of ours. No provider knows of it until one needs it. */
export async function createCustomer (hub: Hub, access: Access, body: NewCustomer, idempotency: Idempotency | null): Promise<Customer> {
  if (idempotency?.subject !== undefined) return await getCustomer(hub, access, idempotency.subject)
  const now = hub.now()
  const id = newUuid(now)
  return showCustomer(await inTenant(hub.db, access.tenantId, async db => {
    const row = await queries.insertCustomer(db, id, access.mode, storable(body), now)
    await changed(hub, db, access, row, 'created')
    if (idempotency !== null) await recordSubject(db, idempotency, publicId('customer', id))
    return row
  }))
}

export async function getCustomer (hub: Pick<Hub, 'db'>, access: Access, publicCustomerId: string): Promise<Customer> {
  return showCustomer(await inTenant(hub.db, access.tenantId, async db => await findOrThrow(db, access, uuidOf('customer', publicCustomerId))))
}

export async function listCustomers (hub: Pick<Hub, 'db'>, access: Access, query: ListCustomers): Promise<{ data: Customer[], next_cursor: string | null }> {
  const window = idWindow('customer', query)
  const rows = await inTenant(hub.db, access.tenantId, async db => await queries.listCustomers(db, {
    ...window,
    mode: access.mode,
    ...(query.email !== undefined && { email: query.email }),
    ...(query.tax_id !== undefined && { taxId: query.tax_id }),
    ...(query.reference !== undefined && { reference: query.reference })
  }))
  return pageOf('customer', window, rows, showCustomer)
}

/** What is given replaces; every provider that has the customer is told. */
export async function patchCustomer (hub: Hub, access: Access, publicCustomerId: string, body: PatchCustomer): Promise<Customer> {
  const id = uuidOf('customer', publicCustomerId)
  const now = hub.now()
  const row = await inTenant(hub.db, access.tenantId, async db => {
    await lockOrThrow(db, access, id)
    const saved = await queries.updateCustomer(db, id, storable(body), now)
    await changed(hub, db, access, saved, 'updated', { fields: Object.keys(body) })
    await setTimer(db, 'customer', id, now)
    return saved
  })
  hub.wake('customer', [{ tenantId: access.tenantId, id }])
  return showCustomer(row)
}

/**
 * Forgets what is personal, here and at every provider that has the customer, and the methods saved there. Payments keep what
 * the law wants kept of them. Refused while a subscription may still take money: a provider would end it in silence.
 */
export async function deleteCustomer (hub: Hub, access: Access, publicCustomerId: string): Promise<void> {
  const id = uuidOf('customer', publicCustomerId)
  const now = hub.now()
  const methods = await inTenant(hub.db, access.tenantId, async db => {
    const before = await lockOrThrow(db, access, id)
    if (await queries.hasOpenSubscription(db, id)) {
      throw new HubError('conflict', { detail: { es: 'El cliente tiene una suscripción abierta: cancélela antes.', en: 'The customer has an open subscription: cancel it first.' } })
    }
    const methods = await queries.lockMethodsOf(db, id)
    for (const method of methods) await applyMethodFact(hub, db, method, { fact: { type: 'removed' } })
    await queries.forgetCustomer(db, id, now)
    await endSubscriptionsOfOwner(db, id, 'customer_deleted', now)
    await changed(hub, db, access, before, 'deleted')
    await setTimer(db, 'customer', id, now)
    return methods
  })
  hub.wake('payment_method', methods.map(method => ({ tenantId: access.tenantId, id: method.id })))
  hub.wake('customer', [{ tenantId: access.tenantId, id }])
}

/** Audit and event name the customer and no more: neither can be forgotten. */
async function changed (hub: Pick<Hub, 'now'>, db: TenantDb, access: Access, row: CustomerRow, what: 'created' | 'updated' | 'deleted', detail?: Record<string, unknown>): Promise<void> {
  const now = hub.now()
  await recordChange(db, access, now, { action: `customer.${what}`, subjectType: 'customer', subjectId: publicId('customer', row.id), ...(detail !== undefined && { detail }) })
  await recordEvents(db, now, [{ type: `customer.${what}`, mode: access.mode, subjectId: row.id, data: showForgettable(row) }])
}

/** A customer of the other mode is as absent as another tenant's, or a deleted one. */
export async function findOrThrow (db: TenantDb, access: Pick<Access, 'mode'>, id: string): Promise<CustomerRow> {
  const row = await queries.findAnyCustomer(db, id)
  if (row?.mode !== access.mode || row.deleted_at !== null) throw new HubError('not_found')
  return row
}

async function lockOrThrow (db: TenantDb, access: Pick<Access, 'mode'>, id: string): Promise<CustomerRow> {
  const row = await queries.lockCustomer(db, id)
  if (row?.mode !== access.mode) throw new HubError('not_found')
  return row
}

/** The customer that a body names. Throws a 400 that names `path`. */
export async function customerNamed (db: TenantDb, access: Pick<Access, 'mode'>, name: string, path = 'customer'): Promise<CustomerRow> {
  const id = parseId('customer', name)
  const row = id === undefined ? undefined : await queries.findAnyCustomer(db, id)
  if (row?.mode !== access.mode || row.deleted_at !== null) throw invalidField(path, 'no such customer')
  return row
}

/** Every name that a tenant's routing rules may call a customer by. */
export const namesOf = ({ id, email, reference }: CustomerRow): string[] => [publicId('customer', id), email, reference].filter(name => name !== null)
