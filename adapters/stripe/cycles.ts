import { type ConnectionContext, type CycleSnapshot, type PaymentsFamily } from '../../core/adapter/index.ts'
import type Stripe from 'stripe'
import { moneyOf } from './amounts.ts'
import { call } from './http.ts'
import { metadataKeys } from './metadata.ts'
import { dateOf, expanded, idOf, neverHeardOf } from './wire-parts.ts'

/** The invoices of a subscription: one for each billing period. */
export const cycles = {
  listCycles: async (context, subscription) => {
    const page = await call(context, (stripe, as) => stripe.invoices.list({ subscription, limit: 100, expand: ['data.payments'] }, as))
    return page.data.map(cycleOf).filter(cycle => cycle !== undefined)
  }
} satisfies Partial<PaymentsFamily>

/**
 * Since 2025-03-31.basil neither an invoice names its payment intent nor a payment intent its invoice: the invoice payments between
 * them do. So a payment's subscription, by our id, is found here; the other way round it is `CycleSnapshot.paymentProviderReference`.
 * Source: https://docs.stripe.com/changelog/basil/2025-03-31/add-support-for-multiple-partial-payments-on-invoices, read 2026-11-21.
 */
export async function subscriptionOfPayment (context: ConnectionContext, paymentIntent: string): Promise<string | undefined> {
  const payment = { type: 'payment_intent' as const, payment_intent: paymentIntent }
  const page = await call(context, (stripe, as) => stripe.invoicePayments.list({ payment, limit: 1, expand: ['data.invoice'] }, as))
  const invoice = expanded<Stripe.Invoice | Stripe.DeletedInvoice>(page.data[0]?.invoice)
  return invoice === undefined || invoice.deleted ? undefined : subscriptionReferenceOf(invoice)
}

/** Our id of the subscription: its metadata as they were when the invoice was made. */
export function subscriptionReferenceOf (invoice: Stripe.Invoice): string | undefined {
  return invoice.parent?.subscription_details?.metadata?.[metadataKeys.subscription]
}

const statuses = new Set<string | null>(['draft', 'open', 'paid', 'uncollectible', 'void'] satisfies CycleSnapshot['status'][])

/** An invoice in our words; undefined for one of no subscription. In webhooks it never names its payment. */
export function cycleOf (invoice: Stripe.Invoice): CycleSnapshot | undefined {
  const subscription = idOf(invoice.parent?.subscription_details?.subscription)
  if (subscription === undefined) return undefined
  if (!statuses.has(invoice.status)) throw neverHeardOf(invoice.status)
  const period = periodOf(invoice)
  return {
    providerReference: invoice.id,
    subscriptionProviderReference: subscription,
    status: invoice.status as CycleSnapshot['status'],
    amount: moneyOf(invoice.amount_due, invoice.currency),
    periodStart: dateOf(period.start),
    periodEnd: dateOf(period.end),
    paymentProviderReference: paymentOf(invoice),
    attempts: invoice.attempt_count ?? 0,
    nextAttemptAt: dateOf(invoice.next_payment_attempt)
  }
}

/** What is billed ahead: the invoice's own period is the one before it, of what is counted in arrears. */
function periodOf ({ lines, period_start: start, period_end: end }: Stripe.Invoice): { start: number, end: number } {
  const billed = lines?.data.find(({ parent }) => parent?.type === 'subscription_item_details' && parent.subscription_item_details?.proration === false)
  return billed?.period ?? { start, end }
}

function paymentOf ({ payments }: Stripe.Invoice): string | undefined {
  const all = payments?.data.filter(({ payment }) => payment.payment_intent !== undefined) ?? []
  const one = all.find(({ status }) => status === 'paid') ?? all.find(({ is_default: usual }) => usual) ?? all[0]
  return idOf(one?.payment.payment_intent)
}
