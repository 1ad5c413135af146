import { missing } from './errors.ts'
import type { BalanceTransaction } from './objects.ts'
import { created, expand, object, paging, text } from './params.ts'
import { route } from './routing.ts'
import { page } from './shelf.ts'
import type { Call } from './world.ts'

/** Fees of a Mexican account: 3.6 % and 3.00. Source: https://stripe.com/mx/pricing, read 2026-11. Other countries: the same figures, for want of better. */
const fee = (amount: number) => Math.round(amount * 0.036) + 300
const availableAfterSeconds = 4 * 86_400

export const balanceRoutes = [
  route('GET', '/v1/balance', object({ expand }), ({ world, books }) => {
    const pending = new Map<string, number>()
    const available = new Map<string, number>()
    for (const each of books.balanceTransactions.items) {
      const side = each.available_on <= world.now() ? available : pending
      side.set(each.currency, (side.get(each.currency) ?? 0) + each.net)
    }
    const home = homeCurrency(world.country)
    const rows = (side: Map<string, number>) => (side.size === 0 ? [[home, 0] as const] : [...side])
      .map(([currency, amount]) => ({ amount, currency, source_types: { card: amount } }))
    return { object: 'balance', available: rows(available), livemode: books.livemode, pending: rows(pending) }
  }),
  route('GET', '/v1/balance_transactions', object({ ...paging, created, currency: text(), payout: text(), source: text(), type: text() }), (call, params) =>
    page(call.books.balanceTransactions, params, '/v1/balance_transactions', 'balance transaction', each => view(call, each), each =>
      (params.source === undefined || each.source === params.source) && (params.type === undefined || each.type === params.type) &&
      (params.currency === undefined || each.currency === params.currency) && params.payout === undefined)),
  route('GET', '/v1/balance_transactions/:id', object({ expand }), (call, _, { id }) => {
    const found = call.books.balanceTransactions.get(id!)
    if (found === undefined) throw missing('balance transaction', id!, 'id')
    return view(call, found)
  })
]

export function homeCurrency (country: string): string {
  return ({ MX: 'mxn', US: 'usd', EC: 'usd', CO: 'cop', BR: 'brl', CL: 'clp', PE: 'pen', AR: 'ars', GB: 'gbp', CA: 'cad' } as Record<string, string>)[country] ?? 'eur'
}

export function book ({ world, books }: Call, type: BalanceTransaction['type'], source: string, amount: number, currency: string, description: string | null): string {
  const cost = type === 'charge' ? fee(amount) : 0
  const now = world.now()
  return books.balanceTransactions.add({
    id: world.id('txn_3'),
    object: 'balance_transaction',
    amount,
    available_on: now + availableAfterSeconds,
    created: now,
    currency,
    description,
    exchange_rate: null,
    fee: cost,
    fee_details: cost === 0 ? [] : [{ amount: cost, application: null, currency, description: 'Stripe processing fees', type: 'stripe_fee' }],
    net: amount - cost,
    reporting_category: type,
    source,
    status: 'pending',
    type
  }).id
}

function view ({ world }: Call, each: BalanceTransaction): BalanceTransaction {
  return { ...each, status: each.available_on <= world.now() ? 'available' : 'pending' }
}
