import { type ConnectionContext, type PaymentsFamily, ProviderError, type ProviderTransaction } from '../../core/adapter/index.ts'
import type Stripe from 'stripe'
import { moneyOf } from './amounts.ts'
import { onePage } from './asking.ts'
import { call } from './http.ts'
import { metadataKeys, referenceOf } from './metadata.ts'
import { dateOf, expanded, idOf } from './wire-parts.ts'

/** Movements of the balance, in the currency in which the account settles, which may not be that of the payment. */
export const transactions = {
  listTransactions: async (context, range) => onePage(range,
    page => call(context, (stripe, as) => stripe.balanceTransactions.list({ expand: ['data.source'], ...page }, as)),
    async moves => {
      const payouts = await payoutsOf(context, moves)
      return moves.map(move => transactionOf(move, payouts.get(move.id)))
    })
} satisfies Partial<PaymentsFamily>

/** Source: https://docs.stripe.com/reports/reporting-categories and the type BalanceTransaction.Type of stripe 23.1.0, read 2026-11-21. */
const types: Record<string, ProviderTransaction['type']> = {
  charge: 'payment',
  payment: 'payment',
  refund: 'refund',
  payment_refund: 'refund',
  // The money of a refund that failed comes back.
  refund_failure: 'refund',
  payment_failure_refund: 'refund',
  payment_reversal: 'refund',
  stripe_fee: 'fee',
  stripe_fx_fee: 'fee',
  tax_fee: 'fee',
  application_fee: 'fee',
  application_fee_refund: 'fee',
  payout: 'payout',
  payout_cancel: 'payout',
  payout_failure: 'payout'
}

/** What is common to a charge, a refund and a dispute. */
interface Source { object: string, metadata?: Stripe.Metadata, payment_intent?: string | { id: string } | null }

export function transactionOf (move: Stripe.BalanceTransaction, payout: string | undefined): ProviderTransaction {
  const amountOf = (wire: number) => moneyOf(wire, move.currency)
  const source = expanded<object>(move.source) as Source | undefined
  const dispute = move.reporting_category === 'dispute' || move.reporting_category === 'dispute_reversal'
  const type = dispute ? 'dispute' : types[move.type] ?? 'other'
  return {
    providerReference: move.id,
    type,
    amount: amountOf(move.amount),
    fee: amountOf(move.fee).amount,
    net: amountOf(move.net).amount,
    reference: source?.object === 'refund' ? source.metadata?.[metadataKeys.refund] : referenceOf(source?.metadata),
    paymentProviderReference: idOf(source?.payment_intent),
    payout: type === 'payout' ? idOf(move.source) : payout,
    availableAt: dateOf(move.available_on),
    at: new Date(move.created * 1000)
  }
}

/** As much as is read to find payouts: a page of movements spans a few days of daily ones. */
const maxReads = 20

/**
 * Which payout holds which movement. Stripe tells a payout's movements but not a movement's payout, so the automatic payouts that
 * were made since are gone through, oldest first, until all that can be in one are found. A manual payout holds none in particular.
 * Source: https://docs.stripe.com/api/balance_transactions/list, read 2026-11-21.
 */
async function payoutsOf (context: ConnectionContext, moves: readonly Stripe.BalanceTransaction[]): Promise<Map<string, string>> {
  const open = new Set(moves.filter(({ status, type }) => status === 'available' && types[type] !== 'payout').map(({ id }) => id))
  const found = new Map<string, string>()
  if (open.size === 0) return found
  const since = Math.min(...moves.map(({ created }) => created))
  try {
    const list = await call(context, (stripe, as) => stripe.payouts.list({ created: { gte: since }, limit: 100 }, as))
    let reads = 1
    for (const payout of list.data.filter(({ automatic }) => automatic).reverse()) {
      let after: string | undefined
      do {
        if (open.size === 0 || ++reads > maxReads) return found
        const page: Stripe.ApiList<Stripe.BalanceTransaction> = await call(context, (stripe, as) =>
          stripe.balanceTransactions.list({ payout: payout.id, limit: 100, ...(after === undefined ? {} : { starting_after: after }) }, as))
        for (const { id } of page.data) if (open.delete(id)) found.set(id, payout.id)
        after = page.has_more ? page.data.at(-1)?.id : undefined
      } while (after !== undefined)
    }
  } catch (thrown) {
    // A restricted key may not read payouts: the movements are told without.
    if (!(thrown instanceof ProviderError) || thrown.reached !== 'answered') throw thrown
    context.log.warn({ err: thrown }, 'payouts could not be read')
  }
  return found
}
