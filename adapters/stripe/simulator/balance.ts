import { homeCurrency, type FeeDetail } from './fees.ts'
import type { BalanceTransaction } from './objects.ts'
import { created, expand, object, paging, text } from './params.ts'
import { route } from './routing.ts'
import { page, wanted } from './shelf.ts'
import { countryOf, type Call } from './world.ts'

const availableAfterSeconds = 4 * 86_400

export const balanceRoutes = [
  route('GET', '/v1/balance', object({ expand }), call => {
    const { world, books } = call
    const pending = new Map<string, number>()
    const available = new Map<string, number>()
    for (const each of books.balanceTransactions.items) {
      const side = each.available_on <= world.now() ? available : pending
      side.set(each.currency, (side.get(each.currency) ?? 0) + each.net)
    }
    const home = homeCurrency(countryOf(call))
    const rows = (side: Map<string, number>) => (side.size === 0 ? [[home, 0] as const] : [...side])
      .map(([currency, amount]) => ({ amount, currency, source_types: { card: amount } }))
    return { object: 'balance', available: rows(available), livemode: books.livemode, pending: rows(pending) }
  }),
  route('GET', '/v1/balance_transactions', object({ ...paging, created, currency: text(), payout: text(), source: text(), type: text() }), (call, params) => {
    const { books } = call
    if (params.payout !== undefined) wanted(books.payouts, params.payout, 'payout', 'payout')
    return page(books.balanceTransactions, params, '/v1/balance_transactions', 'balance transaction', each => seen(call, each), each =>
      (params.source === undefined || each.source === params.source) && (params.type === undefined || each.type === params.type) &&
      (params.currency === undefined || each.currency === params.currency) && (params.payout === undefined || books.paidOut.get(each.id) === params.payout))
  }),
  route('GET', '/v1/balance_transactions/:id', object({ expand }), (call, _, { id }) => seen(call, wanted(call.books.balanceTransactions, id!, 'balance transaction')))
]

/** How a type of line is called in Stripe's reports. Source: https://docs.stripe.com/reports/reporting-categories, read 2026-11. */
const categories: Record<BalanceTransaction['type'], string> = {
  adjustment: 'dispute', charge: 'charge', payment: 'charge', payment_refund: 'refund', payout: 'payout', refund: 'refund', refund_failure: 'refund_failure'
}

interface Entry {
  type: BalanceTransaction['type']
  source: string
  amount: number
  currency: string
  description: string | null
  fees?: FeeDetail[]
  category?: string
}

/** Enters a line. The money is settled in the currency that was charged: the account has a bank account for each. */
export function book (call: Call, { type, source, amount, currency, description, fees = [], category }: Entry): string {
  const { world, books } = call
  const fee = fees.reduce((sum, each) => sum + each.amount, 0)
  const now = world.now()
  return books.balanceTransactions.add({
    id: world.id('txn_3'),
    object: 'balance_transaction',
    amount,
    available_on: type === 'payout' ? now : now + availableAfterSeconds,
    balance_type: 'payments',
    created: now,
    currency,
    description,
    exchange_rate: null,
    fee,
    fee_details: fees,
    net: amount - fee,
    reporting_category: category ?? categories[type],
    source,
    status: 'pending',
    type
  }).id
}

export function seen ({ world }: Call, each: BalanceTransaction): BalanceTransaction {
  return { ...each, status: each.available_on <= world.now() ? 'available' : 'pending' }
}
