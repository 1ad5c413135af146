import type { IdempotencyKey, PaymentsFamily } from '../adapter/payments.ts'
import { ProviderError } from '../adapter/problems.ts'
import { raiseAlert } from '../alerts/raise.ts'
import { loadSealed, type OpenConnection, type SealedConnection } from '../connections/open.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { claimTimer, clearTimer, retryTimer } from '../db/timers.ts'
import { HubError } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { newUuid, publicId } from '../ids.ts'
import { type CallResult, recordedCall } from '../operations/call.ts'
import { refusal } from '../operations/problem.ts'
import { counterpartAt, type Made } from './counterpart.ts'
import * as queries from './queries.ts'
import type { CounterpartRow, CustomerRow } from './queries.ts'

/**
 * The provider's own id of our customer at this connection, made when it is first needed; undefined where the provider keeps
 * no customers. For payments, checkout and subscriptions, before they write their intent. Throws 422 `provider_refused`, 502
 * `provider_unavailable`, and 409 while nobody knows: then nothing else was begun, and the same request may come again.
 */
export async function customerAt (hub: Hub, connection: SealedConnection, customerId: string, requestId: string): Promise<string | undefined> {
  const opened = await hub.open(connection)
  if (opened.adapter.payments?.createCustomer === undefined) return undefined
  const made = await makeCustomer(hub, opened, customerId, requestId)
  if (!made.ok) throw refusal(made.error, opened.adapter.manifest.id)
  return made.reference
}

/** The same for who has an intent already and wants to know how far it got. */
export async function makeCustomer (hub: Hub, opened: OpenConnection, customerId: string, requestId: string): Promise<Made> {
  const family = opened.adapter.payments as PaymentsFamily
  const made = counterpartAt(hub, opened, {
    kind: 'customer',
    ownerId: customerId,
    operation: 'create_customer',
    prepare: async db => {
      // Held: whoever deletes the customer now finds that it was asked for, and has it deleted there too.
      const customer = await queries.holdCustomer(db, customerId)
      if (customer === undefined) throw new HubError('not_found')
      return {
        version: customer.version,
        create: async (context, idempotencyKey) => await family.createCustomer!(context, { idempotencyKey, reference: publicId('customer', customerId), ...fieldsOf(customer) })
      }
    },
    finder: 'find_customer',
    find: family.findCustomer && (async (context, lookup) => {
      const email = (await inTenant(hub.db, opened.tenantId, async db => await queries.findAnyCustomer(db, customerId)))?.email
      return await family.findCustomer!(context, { ...lookup, ...(email != null && { email }) })
    }),
    requestId
  })
  return await made.catch((error: unknown): Made => {
    if (!(error instanceof HubError)) throw error
    return { ok: false, error: new ProviderError({ code: 'not_found', reached: 'nowhere', cause: error }) }
  })
}

const fieldsOf = ({ name, email, phone, tax_id: taxId }: CustomerRow) => ({
  ...(name !== null && { name }), ...(email !== null && { email }), ...(phone !== null && { phone }), ...(taxId !== null && { taxId })
})

/** Tells every provider that has the customer what changed, or to forget it too. At the end of the schedule a person is told. */
export async function keepCustomer (hub: Hub, tenantId: string, id: string): Promise<void> {
  const work = async <T> (run: (db: TenantDb) => Promise<T>) => await inTenant(hub.db, tenantId, run)
  const now = hub.now()
  const leasedUntil = new Date(now.getTime() + hub.config.jobLeaseMs)
  const found = await work(async db => {
    const claimed = await claimTimer(db, 'customer', id, now, hub.config.jobLeaseMs)
    return claimed && { tries: claimed.tries, customer: await queries.findAnyCustomer(db, id), counterparts: await queries.listCounterparts(db, 'customer', id) }
  })
  if (found?.customer === undefined) return
  const { customer, tries } = found
  let open = 0
  for (const counterpart of found.counterparts) if (!await keepAt(hub, customer, counterpart)) open++
  await work(async db => {
    const delayMs = hub.config.resolverSchedule[tries - 1]
    if (open > 0 && delayMs !== undefined) return await retryTimer(db, 'customer', id, new Date(hub.now().getTime() + delayMs), leasedUntil)
    // Whoever changed the customer meanwhile has set it anew.
    await clearTimer(db, 'customer', id, leasedUntil)
    if (open === 0) return
    if (customer.deleted_at !== null) await raiseAlert(db, hub.now(), { kind: 'customer_not_forgotten', severity: 'critical', mode: customer.mode as 'test', subjectId: publicId('customer', id) })
  })
}

/** Whether there is nothing left to do at this provider. */
async function keepAt (hub: Hub, customer: CustomerRow, counterpart: CounterpartRow): Promise<boolean> {
  const { tenant_id: tenantId, id } = customer
  const work = async <T> (run: (db: TenantDb) => Promise<T>) => await inTenant(hub.db, tenantId, run)
  const deleted = customer.deleted_at !== null
  const change = async (changes: queries.CounterpartChanges) => await work(async db => await queries.updateCounterpart(db, counterpart.id, changes, hub.now()))
  const done = async (): Promise<true> => {
    await change(deleted ? { removed_at: hub.now(), provider_reference: null, asked_at: null } : { told_version: customer.version })
    return true
  }
  if (!deleted && counterpart.told_version === customer.version) return true
  // It is being made, maybe of what the customer was before.
  if (!deleted && counterpart.provider_reference === null) return false
  const connection = await work(async db => await loadSealed(db, counterpart.connection_id))
  // The tenant took its account away: what it keeps there is its own to delete.
  if (connection === undefined) return await done()
  const opened = await hub.open(connection).catch(() => undefined)
  const family = opened?.adapter.payments
  if (opened === undefined || family === undefined) return false
  const call = async <T> (kind: 'delete_customer' | 'update_customer' | 'find_customer', key: string | undefined, run: Parameters<typeof recordedCall<T>>[3]): Promise<CallResult<T>> =>
    await recordedCall(hub, work, { connection: opened, kind, subjectId: id, requestId: 'customer', ...(key !== undefined && { idempotencyKey: key }) }, run)
  let reference = counterpart.provider_reference
  if (reference === null) {
    if (family.findCustomer === undefined) return false
    const looked = await call('find_customer', undefined, async context => await family.findCustomer!(context, { reference: publicId('customer', id), from: counterpart.asked_at!, to: hub.now(), ...(customer.email !== null && { email: customer.email }) }))
    const settled = hub.now().getTime() - (counterpart.sent_at ?? counterpart.asked_at!).getTime() >= opened.adapter.manifest.settles_within_ms
    if (!looked.ok) return false
    if (looked.value === undefined) return settled ? await done() : false
    reference = looked.value.providerReference
  }
  const idempotencyKey = publicId('operation', newUuid(hub.now())) as IdempotencyKey
  const method = deleted ? family.deleteCustomer : family.updateCustomer
  if (method === undefined) return await done()
  const customerProviderReference = reference
  const result = deleted
    ? await call<unknown>('delete_customer', idempotencyKey, async context => await family.deleteCustomer!(context, { idempotencyKey, customerProviderReference }))
    : await call<unknown>('update_customer', idempotencyKey, async context => await family.updateCustomer!(context, { idempotencyKey, customerProviderReference, ...fieldsOf(customer) }))
  if (result.ok) return await done()
  if (result.error.reached !== 'answered') return false
  if (result.error.code !== 'not_found') return deleted ? false : await done()
  // Deleted at the provider by hand. When it is needed there again it is made anew.
  if (!deleted) await change({ provider_reference: null, key_id: newUuid(hub.now()) })
  return deleted ? await done() : true
}
