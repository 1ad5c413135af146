import type { PaymentSnapshot } from '../adapter/payments.ts'
import { isProviderError } from '../adapter/problems.ts'
import { adoptFromPage } from '../checkout/look.ts'
import type { SealedConnection } from '../connections/open.ts'
import { inTenant } from '../db/in-tenant.ts'
import type { Hub } from '../hub.ts'
import { parseAnyId, publicId } from '../ids.ts'
import { recordedCall } from '../operations/call.ts'
import type { Review } from '../payments/machine.ts'
import { wakeLeftAttempt } from '../payments/left-attempts.ts'
import { pullPayment } from '../payments/pull.ts'
import { findPayment, type PaymentRow } from '../payments/queries.ts'
import { resolveRefund } from '../payments/refunds.ts'
import { adoptCyclePayments } from '../subscriptions/payments.ts'
import { pullSubscription } from '../subscriptions/pull.ts'
import { findSubscription } from '../subscriptions/queries.ts'
import * as queries from './queries.ts'
import type { CompletenessAudit } from './schema.ts'

type Missed = CompletenessAudit['missed_payments'][number]

/** What one page of a provider's list was found to be. */
export interface Compared {
  checked: number
  missed: Missed[]
  foreign: CompletenessAudit['foreign_payments']
  unheard: number
}

export interface CompareOptions {
  /** Webhooks are expected at all. */
  listens: boolean
  /** Those since this id count. */
  heardFrom: string
}

/** A payment so young may be heard of yet. */
const youngMs = 5 * 60_000

/**
 * Compares a page of the provider's list with what we hold, and pulls what differs: then only what a pull changes was missed, for
 * the list may be older than we are. Payments that did not come through here are named and left alone.
 */
export async function compareListed (hub: Hub, connection: SealedConnection, listed: readonly PaymentSnapshot[], { listens, heardFrom }: CompareOptions): Promise<Compared> {
  const { tenantId } = connection
  const found = await matched(hub, connection, listed)
  const heard = listens ? await inTenant(hub.db, tenantId, async db => await queries.heardOf(db, connection.id, [...found.values()], heardFrom)) : new Set<string>()
  const result: Compared = { checked: 0, missed: [], foreign: [], unheard: 0 }
  for (const snapshot of listed) {
    const paymentId = found.get(snapshot.providerReference)
    const compared = paymentId === undefined ? await adopted(hub, connection, snapshot) : await comparePayment(hub, connection, paymentId, snapshot)
    if (compared === 'foreign') {
      result.foreign.push({ provider_reference: snapshot.providerReference, provider_status: snapshot.providerStatus, amount: snapshot.amount.amount, currency: snapshot.amount.currency, reference: snapshot.reference ?? null, created_at: snapshot.createdAt?.toISOString() ?? null })
      continue
    }
    result.checked++
    if (compared !== undefined) result.missed.push(compared)
    else if (listens && !heard.has(paymentId!) && hub.now().getTime() - (snapshot.createdAt?.getTime() ?? 0) > youngMs) result.unheard++
  }
  return result
}

/** Ours by the provider's id of the payment or of an attempt; or by our id, where the answer that told the provider's was lost. */
async function matched (hub: Pick<Hub, 'db'>, connection: SealedConnection, listed: readonly PaymentSnapshot[]): Promise<Map<string, string>> {
  const named = new Map(listed.flatMap(({ providerReference, reference }) => {
    const id = reference === undefined ? undefined : parseAnyId(reference)
    return id?.kind === 'payment' ? [[providerReference, id.uuid] as const] : []
  }))
  return await inTenant(hub.db, connection.tenantId, async db => {
    const known = await queries.paymentsByProviderReference(db, connection.id, listed.map(({ providerReference }) => providerReference))
    const here = await queries.paymentsAt(db, connection.id, [...named.values()])
    for (const [reference, id] of named) if (!known.has(reference) && here.has(id)) known.set(reference, id)
    return known
  })
}

/** Undefined when we hold what the provider says. */
async function comparePayment (hub: Hub, connection: SealedConnection, paymentId: string, snapshot: PaymentSnapshot): Promise<Missed | undefined> {
  const find = async () => (await inTenant(hub.db, connection.tenantId, async db => await findPayment(db, paymentId)))!
  const before = await find()
  if (before.connection_id !== connection.id) {
    // It went on with another connection; what it left here is looked after there.
    if (snapshot.status === 'succeeded' || snapshot.status === 'authorized') await wakeLeftAttempt(hub, connection, snapshot.providerReference)
    return undefined
  }
  // An earlier object of the same payment says nothing of the one that counts, unless there is money on it.
  const isCurrent = before.provider_reference === null || before.provider_reference === snapshot.providerReference
  if ((!isCurrent && snapshot.status !== 'succeeded' && snapshot.status !== 'authorized') || holds(before, snapshot)) return undefined
  const missed = (after: PaymentRow, repaired: boolean, why: string | null): Missed => ({
    payment: publicId('payment', paymentId), provider_reference: snapshot.providerReference, was: before.status, provider_status: snapshot.providerStatus, status: after.status, repaired, why
  })
  try {
    await pullPayment(hub, connection, paymentId, { requestId: 'audit', providerReference: snapshot.providerReference })
    for (const id of await inTenant(hub.db, connection.tenantId, async db => await queries.openRefunds(db, paymentId))) await resolveRefund(hub, connection.tenantId, id)
  } catch (error) {
    if (!isProviderError(error)) throw error
    return missed(await find(), false, `${error.code} (${error.reached})`)
  }
  const after = await find()
  const gone = (snapshot.amountRefunded ?? 0) > after.amount_refunded
  // Nothing that we did not know: it was settled meanwhile, or a person has judged it before.
  if (!gone && shape(after) === shape(before)) return undefined
  if (gone) return missed(after, false, 'it was given back at the provider, and no refund here says so')
  return after.review === null ? missed(after, true, null) : missed(after, false, `a person has to judge: ${(after.review as unknown as Review).reason}`)
}

/** Whether we hold what the provider's list says. */
function holds (row: PaymentRow, snapshot: PaymentSnapshot): boolean {
  const review = row.review as unknown as Review | null
  if (review !== null) return review.provider_reference === snapshot.providerReference && review.status === snapshot.status && review.amount_captured === snapshot.amountCaptured
  return row.provider_reference === snapshot.providerReference && row.known_status === snapshot.status && row.pending_kind === null &&
    row.amount_captured === snapshot.amountCaptured && row.amount_capturable === (snapshot.status === 'authorized' ? snapshot.amountCapturable : 0) &&
    (snapshot.amountRefunded ?? row.amount_refunded) <= row.amount_refunded && (row.disputed || snapshot.disputed !== true)
}

const shape = ({ status, known_status: known, amount_captured: captured, amount_capturable: capturable, amount_refunded: refunded, disputed, review, provider_reference: reference }: PaymentRow): string =>
  JSON.stringify([status, known, captured, capturable, refunded, disputed, review, reference])

/** A payment that came of a page or a subscription of ours, and that nobody told us of, becomes ours; any other is foreign. */
async function adopted (hub: Hub, connection: SealedConnection, listed: PaymentSnapshot): Promise<Missed | 'foreign' | undefined> {
  try {
    const snapshot = await withReference(hub, connection, listed)
    const named = snapshot.reference === undefined ? undefined : parseAnyId(snapshot.reference)
    if (named === undefined || !await adopt(hub, connection, named, snapshot)) return 'foreign'
  } catch (error) {
    if (!isProviderError(error)) throw error
    return { payment: null, provider_reference: listed.providerReference, was: null, provider_status: listed.providerStatus, status: null, repaired: false, why: `${error.code} (${error.reached})` }
  }
  const row = await inTenant(hub.db, connection.tenantId, async db => {
    const id = (await queries.paymentsByProviderReference(db, connection.id, [listed.providerReference])).get(listed.providerReference)
    return id === undefined ? undefined : await findPayment(db, id)
  })
  return {
    payment: row === undefined ? null : publicId('payment', row.id), provider_reference: listed.providerReference, was: null, provider_status: listed.providerStatus, status: row?.status ?? null,
    repaired: row !== undefined && row.review === null, why: row === undefined ? 'it is named as ours, and could not be taken over' : null
  }
}

async function adopt (hub: Hub, connection: SealedConnection, { kind, uuid }: NonNullable<ReturnType<typeof parseAnyId>>, snapshot: PaymentSnapshot): Promise<boolean> {
  if (kind === 'checkout_session' || kind === 'payment_link') return await adoptFromPage(hub, connection, uuid, snapshot) !== undefined
  if (kind !== 'subscription') return false
  const subscription = await inTenant(hub.db, connection.tenantId, async db => await findSubscription(db, uuid))
  if (subscription?.connection_id !== connection.id) return false
  await pullSubscription(hub, connection, uuid, 'audit', { cycles: true })
  await adoptCyclePayments(hub, connection, uuid, 'audit')
  return true
}

/** Some providers say only when asked whose a customer's payment is. */
async function withReference (hub: Hub, connection: SealedConnection, listed: PaymentSnapshot): Promise<PaymentSnapshot> {
  if (listed.reference !== undefined || listed.customerProviderReference === undefined) return listed
  const opened = await hub.open(connection)
  const result = await recordedCall<PaymentSnapshot>(hub, async work => await inTenant(hub.db, connection.tenantId, work), { connection: opened, kind: 'get_payment', subjectId: connection.id, requestId: 'audit' },
    async context => await opened.adapter.payments!.getPayment(context, listed.providerReference))
  if (!result.ok) throw result.error
  return result.value
}
