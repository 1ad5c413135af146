import type { SavedMethodSnapshot } from '../adapter/customers.ts'
import type { IdempotencyKey, PaymentsFamily } from '../adapter/payments.ts'
import { isProviderError } from '../adapter/problems.ts'
import { loadSealed, type OpenConnection, type SealedConnection } from '../connections/open.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { claimTimer, clearTimer, retryTimer } from '../db/timers.ts'
import type { Hub } from '../hub.ts'
import { newUuid, publicId } from '../ids.ts'
import { insertOperation, lastSent, recordedCall } from '../operations/call.ts'
import { detached } from './apply-method.ts'
import { applyLocked, openProviderReference, openRequest, sendSave } from './methods.ts'
import * as queries from './queries.ts'
import type { MethodRow } from './queries.ts'

/** A set-up that waits for the payer is asked about now and then, in case its webhook never comes, ms. */
const pollMs = [10, 60, 6 * 60, 24 * 60].map(minutes => minutes * 60_000)
const pollsAtMost = 14

/** The job: finds out what became of a save, asks about a set-up that waits, and takes away at the provider what was removed here. */
export async function resolveMethod (hub: Hub, tenantId: string, id: string): Promise<void> {
  const work = async <T> (run: (db: TenantDb) => Promise<T>) => await inTenant(hub.db, tenantId, run)
  const now = hub.now()
  const leasedUntil = new Date(now.getTime() + hub.config.jobLeaseMs)
  const found = await work(async db => {
    const claimed = await claimTimer(db, 'payment_method', id, now, hub.config.jobLeaseMs)
    const row = claimed && await queries.findMethod(db, id)
    return row && { tries: claimed!.tries, row, connection: await loadSealed(db, row.connection_id) }
  })
  if (found === undefined) return
  const { row, connection, tries } = found
  const opened = connection && await hub.open(connection).catch(() => undefined)
  const done = connection === undefined ? await withoutConnection(hub, row) : opened === undefined ? false : await step(hub, connection, opened, row).catch(notNow)
  if (done) return
  const delayMs = row.status === 'requires_action' && row.pending_key === null ? (tries > pollsAtMost ? undefined : pollMs[Math.min(tries, pollMs.length - 1)]) : hub.config.resolverSchedule[tries]
  await work(async db => {
    if (delayMs !== undefined) await retryTimer(db, 'payment_method', id, new Date(hub.now().getTime() + delayMs), leasedUntil)
    else await clearTimer(db, 'payment_method', id, leasedUntil)
  })
  // Nobody can be asked any more, and no money hangs on it: the payer types the card again.
  if (delayMs === undefined && row.pending_key !== null) await applyLocked(hub, tenantId, id, { type: 'refused', problem: { code: 'timeout_unknown' } })
}

/** The provider could not be asked: later again. */
function notNow (error: unknown): false {
  if (!isProviderError(error)) throw error
  return false
}

/** The tenant took its account away: there is nobody to ask, and what is kept there is its own to delete. */
async function withoutConnection (hub: Hub, row: MethodRow): Promise<boolean> {
  if (row.status === 'removed') await forgetDetached(hub, row)
  else await applyLocked(hub, row.tenant_id, row.id, { type: 'refused', problem: { code: 'invalid_credentials', message: 'the connection was deleted' } })
  await inTenant(hub.db, row.tenant_id, async db => await clearTimer(db, 'payment_method', row.id))
  return true
}

/** Whether it needs no further look of this job: what it applied has set its own timer. */
async function step (hub: Hub, connection: SealedConnection, opened: OpenConnection, row: MethodRow): Promise<boolean> {
  if (row.pending_key !== null) return await repeatSave(hub, connection, opened, row)
  if (row.status === 'removed') return row.detached_at !== null || await detach(hub, opened, row)
  if (row.status === 'requires_action') return await pullMethod(hub, opened, row) !== undefined && (await reread(hub, row)).status !== 'requires_action'
  await inTenant(hub.db, row.tenant_id, async db => await clearTimer(db, 'payment_method', row.id))
  return true
}

/**
 * No provider is asked for a method by our reference: the same request is sent again under its own key where that is safe.
 * Otherwise it counts as not saved. At worst the provider keeps a method that nobody uses.
 */
async function repeatSave (hub: Hub, connection: SealedConnection, opened: OpenConnection, row: MethodRow): Promise<boolean> {
  const { manifest } = opened.adapter
  const safety = manifest.retry_safety.save_method ?? 'never'
  const ageMs = hub.now().getTime() - row.pending_since!.getTime()
  const work = async <T> (run: (db: TenantDb) => Promise<T>) => await inTenant(hub.db, row.tenant_id, run)
  const wanted = ageMs < hub.config.paymentWantedFor || row.status === 'removed'
  const repeatable = safety === 'natural-key' || (safety === 'idempotency-key' && ageMs < manifest.idempotency_window_ms)
  if (!wanted || !repeatable || row.pending_sealed === null) {
    if (ageMs < manifest.settles_within_ms) return false
    await applyLocked(hub, row.tenant_id, row.id, { type: 'refused', problem: { code: 'timeout_unknown' } })
    return true
  }
  const operationId = await work(async db => {
    const locked = await queries.lockMethod(db, row.id)
    // An answer came meanwhile, or the call of another is on its way.
    if (locked?.pending_key !== row.pending_key || locked.updated_at.getTime() !== row.updated_at.getTime()) return undefined
    const sentAt = await lastSent(db, row.id, 'save_method')
    if (sentAt !== undefined && hub.now().getTime() - sentAt.getTime() < hub.config.resolverSchedule[0]!) return undefined
    return await insertOperation(db, hub.now(), { connection: opened, kind: 'save_method', subjectId: row.id, idempotencyKey: row.pending_key!, requestId: 'resolver' })
  })
  if (operationId === undefined) return false
  const after = await sendSave(hub, connection, row, await openRequest(hub, row), operationId, 'resolver')
  return after.row.pending_key === null
}

/** Whether the provider no longer has it. */
async function detach (hub: Hub, opened: OpenConnection, row: MethodRow): Promise<boolean> {
  const family = opened.adapter.payments
  const customer = await inTenant(hub.db, row.tenant_id, async db => await queries.findCounterpart(db, 'customer', row.customer_id, row.connection_id))
  if (family?.removeMethod === undefined || row.provider_sealed === null || customer?.provider_reference == null) return await forgetDetached(hub, row)
  const providerReference = await openProviderReference(hub, row)
  const idempotencyKey = publicId('operation', newUuid(hub.now())) as IdempotencyKey
  const customerProviderReference = customer.provider_reference
  const result = await recordedCall(hub, async work => await inTenant(hub.db, row.tenant_id, work), { connection: opened, kind: 'remove_method', subjectId: row.id, idempotencyKey, requestId: 'payment_method' },
    async context => await family.removeMethod!(context, { idempotencyKey, customerProviderReference, providerReference }))
  if (!result.ok && !(result.error.reached === 'answered' && (result.error.code === 'not_found' || result.error.code === 'invalid_state'))) return false
  return await forgetDetached(hub, row)
}

async function forgetDetached (hub: Hub, row: MethodRow): Promise<true> {
  await inTenant(hub.db, row.tenant_id, async db => {
    await queries.updateMethod(db, row.id, detached(hub.now()), hub.now())
    await clearTimer(db, 'payment_method', row.id)
  })
  return true
}

const reread = async (hub: Hub, row: MethodRow): Promise<MethodRow> => (await inTenant(hub.db, row.tenant_id, async db => await queries.findMethod(db, row.id)))!

/**
 * Asks the provider what a method is now, and applies the answer. Undefined when the provider has no way to tell. Throws what
 * the provider's call threw.
 */
export async function pullMethod (hub: Hub, opened: OpenConnection, row: MethodRow): Promise<MethodRow | undefined> {
  const family = opened.adapter.payments as PaymentsFamily
  const ask = async <T> (kind: 'get_setup' | 'list_methods', call: Parameters<typeof recordedCall<T>>[3]): Promise<T> => {
    const result = await recordedCall(hub, async work => await inTenant(hub.db, row.tenant_id, work), { connection: opened, kind, subjectId: row.id, requestId: 'payment_method' }, call)
    if (!result.ok) throw result.error
    return result.value
  }
  if (row.status !== 'active') {
    if (row.setup_reference === null || family.getSetup === undefined) return undefined
    const snapshot = await ask<SavedMethodSnapshot>('get_setup', async context => await family.getSetup!(context, row.setup_reference!))
    return (await applyLocked(hub, row.tenant_id, row.id, { type: 'pulled', snapshot })).row
  }
  const customer = await inTenant(hub.db, row.tenant_id, async db => await queries.findCounterpart(db, 'customer', row.customer_id, row.connection_id))
  if (family.listMethods === undefined || customer?.provider_reference == null || row.provider_sealed === null) return undefined
  const customerProviderReference = customer.provider_reference
  const methods = await ask<SavedMethodSnapshot[]>('list_methods', async context => await family.listMethods!(context, { customerProviderReference }))
  const mine = await openProviderReference(hub, row)
  if (methods.some(({ providerReference }) => providerReference === mine)) return row
  return (await applyLocked(hub, row.tenant_id, row.id, { type: 'gone' })).row
}
