import type { Mode } from '../adapter/context.ts'
import type { SavedMethodSnapshot } from '../adapter/customers.ts'
import { recordSystemChange } from '../audit/record-system.ts'
import type { TenantDb } from '../db/in-tenant.ts'
import { clearTimer, setTimer } from '../db/timers.ts'
import { recordEvents } from '../events/record.ts'
import type { Hub } from '../hub.ts'
import { newUuid, publicId } from '../ids.ts'
import { type MethodFact, type MethodOutcome, type MethodState, type MethodStatus, methodTransition } from './method-machine.ts'
import * as queries from './queries.ts'
import type { MethodRow } from './queries.ts'
import { methodSubject, nextActionUse, showMethod } from './view.ts'

export interface AppliedMethod { row: MethodRow, outcome: MethodOutcome }

/** A fact with what has to be done before the transaction: what is secret in it is sealed already. */
export interface PreparedMethodFact {
  fact: MethodFact
  sealed?: { provider: string | null, mac: Buffer | null, nextAction: string | null }
}

export const providerUse = 'provider_reference'

export const macOf = async (hub: Pick<Hub, 'vault'>, tenantId: string, providerReference: string): Promise<Buffer> => await hub.vault.mac(tenantId, 'payment_method', providerReference)

export async function prepareMethodFact (hub: Pick<Hub, 'vault'>, tenantId: string, id: string, fact: MethodFact): Promise<PreparedMethodFact> {
  if (!('snapshot' in fact)) return { fact }
  const { providerReference, nextAction } = fact.snapshot
  // A set-up may have let go of the card that it began with.
  const named = providerReference !== ''
  const [provider, mac, action] = await Promise.all([
    named ? hub.vault.seal(tenantId, methodSubject(id), providerUse, providerReference) : null,
    named ? macOf(hub, tenantId, providerReference) : null,
    nextAction === undefined ? null : hub.vault.seal(tenantId, methodSubject(id), nextActionUse, JSON.stringify(nextAction))
  ])
  return { fact, sealed: { provider, mac, nextAction: action } }
}

/** First look at a set-up that waits for the payer, and how long each look takes at most, ms. */
const waitingMs = 10 * 60_000

/** Applies one fact to a method whose row is locked by this transaction: state, default, event and timer change together or not at all. */
export async function applyMethodFact (hub: Pick<Hub, 'now'>, db: TenantDb, row: MethodRow, { fact: given, sealed }: PreparedMethodFact): Promise<AppliedMethod> {
  const now = hub.now()
  const mac = sealed?.mac ?? null
  const twin = 'snapshot' in given && given.snapshot.status === 'active' && row.status !== 'active' && mac !== null ? await queries.findTwin(db, row, mac) : undefined
  const fact: MethodFact = twin !== undefined && 'snapshot' in given ? { type: 'twin', snapshot: given.snapshot } : given
  const snapshot = 'snapshot' in fact ? fact.snapshot : undefined
  const outcome = methodTransition(queries.methodStateOf(row), fact)
  // The payer may have taken another card than the one that the set-up began with.
  const another = mac !== null && (row.provider_mac === null || (row.status === 'requires_action' && !mac.equals(row.provider_mac)))
  const learns = snapshot !== undefined && fact.type !== 'twin' && another && row.detached_at === null
  // The card networks told the provider of a new date, or number.
  const renewed = outcome.do === 'ignore' && snapshot?.status === 'active' && row.status === 'active' && !sameCard(row, snapshot)
  if (outcome.do !== 'apply' && !learns && !renewed) return { row, outcome }
  const next: MethodState = outcome.do === 'apply' ? outcome.next : queries.methodStateOf(row)
  const saved = await queries.updateMethod(db, row.id, {
    status: next.status,
    error: next.error,
    ...(!next.pending && row.pending_key !== null && { pending_key: null, pending_operation_id: null, pending_sealed: null, pending_since: null }),
    ...(learns && { provider_sealed: sealed!.provider, provider_mac: sealed!.mac }),
    ...(snapshot !== undefined && next.status !== 'removed' && { ...shownOf(snapshot), next_action_sealed: sealed!.nextAction, setup_reference: snapshot.setupReference ?? row.setup_reference }),
    ...(next.status === 'removed' && { brand: null, last4: null, exp_month: null, exp_year: null, next_action_sealed: null }),
    ...(next.status === 'removed' && row.removed_at === null && { removed_at: now }),
    ...((fact.type === 'gone' || nothingThere(next, row, fact)) && detached(now))
  }, now)
  const isDefault = await keepDefault(db, saved, now)
  await schedule(db, saved, now)
  const told = renewed ? 'updated' : outcome.do === 'apply' && outcome.statusChanged ? saved.status : undefined
  if (told !== undefined) await recordEvents(db, now, [{ type: `payment_method.${told as MethodStatus | 'updated'}`, mode: saved.mode as 'test', subjectId: saved.id, data: showMethod(saved, 'en', { isDefault }) }])
  return { row: saved, outcome }
}

/** The method that a payment kept at its provider, with what has to be done before the transaction. */
export interface KeptMethod {
  id: string
  type: string
  prepared: PreparedMethodFact & { sealed: { mac: Buffer } }
}

/** Whose it is, and which payment kept it (its public id). */
export interface KeptBy { customerId: string, connectionId: string, provider: string, mode: Mode, payment: string }

export async function prepareKeptMethod (hub: Pick<Hub, 'vault' | 'now'>, tenantId: string, snapshot: SavedMethodSnapshot): Promise<KeptMethod> {
  const id = newUuid(hub.now())
  const { fact, sealed } = await prepareMethodFact(hub, tenantId, id, { type: 'answer', snapshot })
  return { id, type: snapshot.type, prepared: { fact, sealed: { ...sealed!, mac: sealed!.mac! } } }
}

/**
 * A method that a payment kept becomes one of its customer's, once for what the provider calls it, however often and by whom it is told.
 * Gives its id; undefined when it is another customer's already. Of a customer who was deleted meanwhile it is taken away at the provider.
 */
export async function applyKeptMethod (hub: Pick<Hub, 'now'>, db: TenantDb, by: KeptBy, { id, type, prepared }: KeptMethod): Promise<string | undefined> {
  const twin = await queries.findTwin(db, { id, connection_id: by.connectionId }, prepared.sealed.mac)
  if (twin !== undefined) return twin.customer_id === by.customerId ? twin.id : undefined
  const now = hub.now()
  const inserted = await queries.insertMethod(db, { id, mode: by.mode, customer_id: by.customerId, connection_id: by.connectionId, provider: by.provider, type }, undefined, now)
  const { row } = await applyMethodFact(hub, db, inserted, prepared)
  await recordSystemChange(db, now, 'provider', { action: 'payment_method.saved', subjectType: 'payment_method', subjectId: publicId('payment_method', id), detail: { customer: publicId('customer', by.customerId), type, payment: by.payment } })
  // Whoever deletes the customer waits for this row from its insertion on, or was faster and finds no methods.
  if ((await queries.findAnyCustomer(db, by.customerId))?.deleted_at != null) await applyMethodFact(hub, db, row, { fact: { type: 'removed' } })
  return id
}

/** What is forgotten when the provider has forgotten it. */
export const detached = (now: Date) => ({ detached_at: now, provider_sealed: null, provider_mac: null, setup_reference: null, pending_sealed: null })

/** Removed, and the provider never had it. */
const nothingThere = (next: MethodState, row: MethodRow, fact: MethodFact): boolean =>
  next.status === 'removed' && !next.pending && !('snapshot' in fact) && row.provider_sealed === null

/** What a snapshot leaves out it does not tell: a webhook's need not have the card in it. */
const shownOf = ({ brand, last4, expMonth, expYear }: SavedMethodSnapshot) => ({
  ...(brand !== undefined && { brand }), ...(last4 !== undefined && { last4 }), ...(expMonth !== undefined && { exp_month: expMonth }), ...(expYear !== undefined && { exp_year: expYear })
})

const sameCard = (row: MethodRow, snapshot: SavedMethodSnapshot): boolean =>
  Object.entries(shownOf(snapshot)).every(([name, value]) => row[name as 'brand'] === value)

/** The first that can be used becomes the customer's default; one that no longer can is none. */
async function keepDefault (db: TenantDb, row: MethodRow, now: Date): Promise<boolean> {
  const customer = await queries.findAnyCustomer(db, row.customer_id)
  if (customer === undefined || customer.deleted_at !== null) return false
  const isDefault = customer.default_method_id === row.id
  if (row.status === 'active' && customer.default_method_id === null) {
    await queries.setDefaultMethod(db, customer.id, row.id, now)
    return true
  }
  if (isDefault && (row.status === 'removed' || row.status === 'failed')) {
    await queries.setDefaultMethod(db, customer.id, null, now)
    return false
  }
  return isDefault
}

/** When the job looks at it next. While a call is pending the timer of its intent stands. */
async function schedule (db: TenantDb, row: MethodRow, now: Date): Promise<void> {
  if (row.pending_key !== null) return
  if (row.status === 'removed' && row.detached_at === null) await setTimer(db, 'payment_method', row.id, now)
  else if (row.status === 'requires_action') await setTimer(db, 'payment_method', row.id, new Date(now.getTime() + waitingMs))
  else await clearTimer(db, 'payment_method', row.id)
}
