/** Our books, read as the superuser: every row that the reckoning compares. */
import { type Kysely, sql } from 'kysely'
import type { Database } from '../../../core/db/schema.ts'
import { publicId } from '../../../core/ids.ts'
import type { OurBooks } from './compare.ts'

/** What may be told of a subject once in its life. */
const onceOnly = ['payment.succeeded', 'payment.canceled', 'payment.expired', 'refund.succeeded', 'subscription.created', 'subscription.canceled', 'checkout_session.complete', 'dispute.opened']

export async function readOurBooks (db: Kysely<Database>): Promise<OurBooks> {
  const reasonOf = (review: unknown): string | null => (review as { reason?: string } | null)?.reason ?? null
  const storyOf = (metadata: unknown): string | null => (metadata as { story?: string }).story ?? null
  const [payments, attempts, refunds, subscriptions, cycles, pages, methods, disputes, inbound, alerts, told] = await Promise.all([
    db.selectFrom('payments').select(['id', 'status', 'amount', 'currency', 'amount_capturable', 'amount_captured', 'amount_refunded', 'provider_reference', 'pending_kind', 'review', 'cancel_wanted_at', 'metadata', 'disputed']).execute(),
    db.selectFrom('payment_attempts').select(['payment_id', 'provider_reference']).execute(),
    db.selectFrom('refunds').select(['id', 'payment_id', 'status', 'amount', 'provider_reference']).execute(),
    db.selectFrom('subscriptions').select(['id', 'status', 'provider_reference', 'pending_kind', 'review', 'cancel_wanted', 'cancel_at_period_end']).execute(),
    db.selectFrom('subscription_cycles').select(['id', 'subscription_id', 'status', 'amount', 'provider_reference', 'payment_id', 'payment_owed']).execute(),
    db.selectFrom('checkout_pages').select(['id', 'kind', 'status', 'provider_reference', 'pending_kind']).execute(),
    db.selectFrom('payment_methods').select(['id', 'status', 'pending_key']).execute(),
    db.selectFrom('disputes').select(['id', 'payment_id', 'status', 'amount', 'provider_reference', 'pending_kind']).execute(),
    db.selectFrom('inbound_events').select(['id', 'dedupe_key', 'event_type', 'status', 'reason']).execute(),
    db.selectFrom('alerts').select(['kind', 'subject_id']).execute(),
    db.selectFrom('events').select(['type', 'subject_id', sql<number>`count(*)::int`.as('times')]).where('type', 'in', onceOnly).groupBy(['type', 'subject_id']).execute()
  ])
  return {
    payments: payments.map(row => ({
      id: publicId('payment', row.id), status: row.status, amount: row.amount, currency: row.currency, capturable: row.amount_capturable, captured: row.amount_captured, refunded: row.amount_refunded,
      reference: row.provider_reference, pending: row.pending_kind, review: reasonOf(row.review), cancelWanted: row.cancel_wanted_at !== null, story: storyOf(row.metadata), disputed: row.disputed
    })),
    attempts: attempts.map(row => ({ payment: publicId('payment', row.payment_id), reference: row.provider_reference })),
    refunds: refunds.map(row => ({ id: publicId('refund', row.id), payment: publicId('payment', row.payment_id), status: row.status, amount: row.amount, reference: row.provider_reference })),
    subscriptions: subscriptions.map(row => ({
      id: publicId('subscription', row.id), status: row.status, reference: row.provider_reference, pending: row.pending_kind, review: reasonOf(row.review), cancelWanted: row.cancel_wanted !== null, cancelAtPeriodEnd: row.cancel_at_period_end
    })),
    cycles: cycles.map(row => ({
      id: publicId('cycle', row.id), subscription: publicId('subscription', row.subscription_id), status: row.status, amount: row.amount, reference: row.provider_reference,
      payment: row.payment_id === null ? null : publicId('payment', row.payment_id), paymentOwed: row.payment_owed
    })),
    pages: pages.map(row => ({ id: publicId(row.kind as 'checkout_session', row.id), status: row.status, reference: row.provider_reference, pending: row.pending_kind })),
    methods: methods.map(row => ({ id: publicId('payment_method', row.id), status: row.status, pending: row.pending_key !== null })),
    disputes: disputes.map(row => ({ id: publicId('dispute', row.id), payment: publicId('payment', row.payment_id), status: row.status, amount: row.amount, reference: row.provider_reference, pending: row.pending_kind })),
    inbound: inbound.map(row => ({ id: publicId('inbound', row.id), event: row.dedupe_key, type: row.event_type, status: row.status, reason: row.reason })),
    alerts: alerts.map(({ kind, subject_id: subject }) => ({ kind, subject })),
    told: told.map(({ type, subject_id: subject, times }) => ({ type, subject, times }))
  }
}
